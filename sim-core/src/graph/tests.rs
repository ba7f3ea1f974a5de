use proptest::prelude::*;

use super::{Graph, Topology, TopologyError, fit_topology};
use crate::identity::{NodeId, NodeName};
use crate::ratio::Ratio;

fn edges(pairs: &[(u32, u32)]) -> Topology {
    Topology::Edges(pairs.iter().map(|(a, b)| (NodeName(*a), NodeName(*b))).collect())
}

fn graph(topology: &Topology, members: u32) -> Graph {
    Graph::build(topology, members, 7).unwrap().unwrap()
}

fn degrees(graph: &Graph) -> Vec<usize> {
    (0..graph.members()).map(|m| graph.neighbors(m).len()).collect()
}

#[test]
fn the_plain_shapes() {
    assert_eq!(Graph::build(&Topology::FullMesh, 9, 0), Ok(None));
    assert_eq!(degrees(&graph(&Topology::Star { hub: NodeName(2) }, 5)), [1, 1, 4, 1, 1]);
    assert_eq!(degrees(&graph(&Topology::Ring, 5)), [2; 5]);
    assert_eq!(degrees(&graph(&Topology::Ring, 2)), [1; 2]);
    assert_eq!(degrees(&graph(&Topology::Ring, 1)), [0]);
    assert_eq!(degrees(&graph(&Topology::Tree { fan_out: 2 }, 6)), [2, 3, 2, 1, 1, 1]);
    assert_eq!(graph(&edges(&[(0, 1), (1, 0), (2, 1)]), 3).neighbors(1), [0, 2]);
}

#[test]
fn lines_grids_and_groups() {
    assert_eq!(degrees(&graph(&Topology::Line, 4)), [1, 2, 2, 1]);
    assert_eq!(degrees(&graph(&Topology::Line, 1)), [0]);
    // Two rows of three, and one member below the first column.
    let grid = graph(&Topology::Grid { columns: 3 }, 7);
    assert_eq!(degrees(&grid), [2, 3, 2, 3, 3, 2, 1]);
    assert_eq!(grid.neighbors(4), [1, 3, 5]);
    assert_eq!(degrees(&graph(&Topology::Grid { columns: 9 }, 3)), [1, 2, 1], "a short grid is a line");
    let groups = graph(&Topology::HierarchicalMesh { group: 3 }, 8);
    assert_eq!(groups.neighbors(3), [0, 4, 5, 6]);
    assert_eq!(degrees(&groups), [4, 2, 2, 4, 2, 2, 3, 1]);
}

#[test]
fn a_scale_free_graph_has_hubs() {
    let topology = Topology::ScaleFree { links: 2 };
    let build = |members| Graph::build(&topology, members, 3).unwrap().unwrap();
    let degrees = degrees(&build(2_000));
    assert_eq!(degrees.iter().sum::<usize>(), 2 * (3 + 2 * 1_997));
    assert!(degrees.iter().all(|degree| *degree >= 2));
    // A random graph of this mean degree has nobody with 25 links; preferential attachment gives hubs.
    assert!(degrees.iter().filter(|degree| **degree >= 25).count() >= 5, "{:?}", degrees.iter().max());
    assert_eq!(build(2).neighbors(0), [1], "two members are the core alone");
}

#[test]
fn a_topology_fits_or_not_without_being_drawn() {
    for (topology, members, fits) in [
        (Topology::ScaleFree { links: 3 }, 2, true),
        (Topology::ScaleFree { links: 0 }, 9, false),
        (Topology::ScaleFree { links: 4_000 }, 10_000_000, false),
        (Topology::Grid { columns: 0 }, 9, false),
        (Topology::HierarchicalMesh { group: 0 }, 9, false),
        (Topology::HierarchicalMesh { group: 1_000_000 }, 1_000_000, false),
        (Topology::RandomRegular { degree: 1 }, 9, false),
    ] {
        assert_eq!(fit_topology(&topology, members).is_ok(), fits, "{topology:?} {members}");
    }
}

#[test]
fn a_random_regular_graph_depends_on_the_seed_alone() {
    let topology = Topology::RandomRegular { degree: 4 };
    let build = |seed| Graph::build(&topology, 50, seed).unwrap().unwrap();
    assert_eq!(build(1), build(1));
    assert_ne!(build(1), build(2));
    assert_ne!(build(1), graph(&Topology::SmallWorld { degree: 4, rewire: Ratio::ZERO }, 50));
}

#[test]
fn a_small_world_moves_as_many_links_as_it_should() {
    let lattice = graph(&Topology::SmallWorld { degree: 6, rewire: Ratio::ZERO }, 400);
    assert_eq!(lattice.neighbors(10), [7, 8, 9, 11, 12, 13]);
    let world = graph(&Topology::SmallWorld { degree: 6, rewire: Ratio::new(1, 10) }, 400);
    assert_eq!(degrees(&world).iter().sum::<usize>(), 2_400);
    let kept = (0..400).flat_map(|m| world.neighbors(m).iter().map(move |n| (m, n)));
    let kept = kept.filter(|(m, n)| lattice.neighbors(*m).contains(n)).count();
    assert!((2_070..2_250).contains(&kept), "{kept} of 2400");
    graph(&Topology::SmallWorld { degree: 4, rewire: Ratio::ONE }, 5);
}

#[test]
fn what_is_not_a_topology_is_named() {
    let error = |topology: &Topology, members| Graph::build(topology, members, 0).unwrap_err();
    let unknown = error(&edges(&[(0, 1), (1, 7)]), 3);
    assert_eq!(unknown, TopologyError::Unknown { member: NodeId(7), members: 3 });
    assert_eq!(unknown.to_string(), "use the topology: n8 does not exist, there are 3 members");
    assert_eq!(
        error(&Topology::Star { hub: NodeName(3) }, 3),
        TopologyError::Unknown { member: NodeId(3), members: 3 }
    );
    assert_eq!(error(&edges(&[(1, 1)]), 3), TopologyError::Itself { member: NodeId(1) });
    let pieces = error(&edges(&[(0, 1), (2, 3)]), 4);
    assert_eq!(pieces.to_string(), "use the topology: n3 cannot be reached from n1");
    assert_eq!(error(&Topology::Tree { fan_out: 0 }, 3), TopologyError::FanOut);
    let degree = Topology::RandomRegular { degree: 3 };
    assert_eq!(error(&degree, 3), TopologyError::Degree { degree: 3, members: 3 });
    let odd = Topology::SmallWorld { degree: 3, rewire: Ratio::ZERO };
    assert_eq!(error(&odd, 9), TopologyError::OddDegree { degree: 3 });
    let matching = Topology::RandomRegular { degree: 1 };
    assert!(matches!(error(&matching, 4), TopologyError::Unreachable { .. }));
}

proptest! {
    #[test]
    fn random_regular_graphs_are_regular_and_connected(members in 3_u32..60, degree in 2_u32..12, seed: u64) {
        prop_assume!(degree < members);
        let graph = Graph::build(&Topology::RandomRegular { degree }, members, seed).unwrap().unwrap();
        let short = degrees(&graph).iter().filter(|d| **d != degree as usize).count();
        prop_assert_eq!(short, (members * degree % 2) as usize);
        prop_assert_eq!(degrees(&graph).iter().sum::<usize>(), (members * degree / 2 * 2) as usize);
    }
}
