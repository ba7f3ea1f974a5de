//! Graphs of members: built from a [`Topology`], checked, and kept as sorted lists of neighbors.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::hash::FixedSet;
use crate::identity::{NodeId, NodeName};
use crate::network::Topology;
use crate::random::{StreamName, below, stream};
use crate::ratio::Ratio;

/// Random graphs that come out in pieces are drawn again this often.
const MOST_TRIES: u32 = 100;
/// The most ends of links: a gigabyte while they are drawn.
const MOST_LINKS: u64 = 40_000_000;
/// Switches per link, so that a random regular graph forgets the lattice it starts from.
const SWITCHES: usize = 10;

/// Why a topology is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// A link, or the hub of a star, names a member that does not exist.
    #[error("use the topology: {member} does not exist, there are {members} members")]
    Unknown {
        /// Who is named.
        member: NodeId,
        /// How many members there are.
        members: u32,
    },
    /// A link from a member to itself.
    #[error("use the topology: {member} is linked to itself")]
    Itself {
        /// The member.
        member: NodeId,
    },
    /// A tree without children.
    #[error("use the topology: the fan-out of a tree must be 1 or more")]
    FanOut,
    /// More links per member than there are others, or none.
    #[error("use the topology: {members} members cannot have {degree} links each")]
    Degree {
        /// Links per member.
        degree: u32,
        /// How many members there are.
        members: u32,
    },
    /// A small world on a lattice with as many neighbors to the left as to the right.
    #[error("use the topology: the degree of a small world must be even, this one is {degree}")]
    OddDegree {
        /// Links per member.
        degree: u32,
    },
    /// More links than fit in the memory of a usual machine.
    #[error("use the topology: {links} ends of links are more than {MOST_LINKS}")]
    Links {
        /// How many ends there would be.
        links: u64,
    },
    /// Somebody cannot be reached.
    #[error("use the topology: {member} cannot be reached from n1")]
    Unreachable {
        /// The first who cannot.
        member: NodeId,
    },
}

/// Whether a topology fits so many members, without drawing what is random in it.
///
/// # Errors
/// Why it does not.
pub fn fit_topology(topology: &Topology, members: u32) -> Result<(), TopologyError> {
    match topology {
        // Pairs are not connected with one another.
        Topology::RandomRegular { degree: 1 } if members > 2 => {
            Err(TopologyError::Degree { degree: 1, members })
        }
        Topology::RandomRegular { degree } => possible(*degree, members),
        Topology::SmallWorld { degree, .. } => possible(*degree, members).and_then(|()| even(*degree)),
        fixed => Graph::build(fixed, members, 0).map(drop),
    }
}

/// An undirected graph without loops: the neighbors of each member, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Graph {
    /// Where the neighbors of each member start, and the end.
    starts: Vec<u32>,
    neighbors: Vec<u32>,
}

impl Graph {
    /// The graph of a topology, connected; `None` for a full mesh, which needs none. `seed` decides what is random.
    pub(super) fn build(topology: &Topology, members: u32, seed: u64) -> Result<Option<Self>, TopologyError> {
        let graph = match topology {
            Topology::FullMesh => return Ok(None),
            Topology::Star { hub } => {
                let NodeName(hub) = *hub;
                exists(hub, members)?;
                Self::of(members, (0..members).filter(|m| *m != hub).map(|m| (m, hub)).collect())
            }
            Topology::Ring => Self::of(members, ring(members)),
            Topology::Tree { fan_out: 0 } => return Err(TopologyError::FanOut),
            Topology::Tree { fan_out } => {
                Self::of(members, (1..members).map(|m| (m, (m - 1) / fan_out)).collect())
            }
            Topology::RandomRegular { degree } => {
                possible(*degree, members)?;
                connected(members, seed, |rng| random_regular(members, *degree, rng))
            }
            Topology::SmallWorld { degree, rewire } => {
                possible(*degree, members)?;
                even(*degree)?;
                connected(members, seed, |rng| small_world(members, *degree, *rewire, rng))
            }
            Topology::Edges(links) => {
                let links: Vec<_> = links.iter().map(|(a, b)| (a.0, b.0)).collect();
                links.iter().try_for_each(|link| valid(*link, members))?;
                Self::of(members, links)
            }
        };
        match graph.unreachable() {
            Some(member) => Err(TopologyError::Unreachable { member }),
            None => Ok(Some(graph)),
        }
    }

    fn of(members: u32, links: Vec<(u32, u32)>) -> Self {
        let mut both: Vec<_> = links.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).collect();
        both.sort_unstable();
        both.dedup();
        let starts = (0..=members).map(|m| both.partition_point(|(from, _)| *from < m) as u32).collect();
        Self { starts, neighbors: both.into_iter().map(|(_, to)| to).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The neighbors of a member, ascending.
    pub(super) fn links(&self, member: usize) -> &[u32] {
        &self.neighbors[self.starts[member] as usize..self.starts[member + 1] as usize]
    }

    /// The first member that the first one does not reach.
    fn unreachable(&self) -> Option<NodeId> {
        let mut reached = vec![false; self.len()];
        let mut stack = vec![0];
        *reached.first_mut()? = true;
        while let Some(at) = stack.pop() {
            for &neighbor in self.links(at) {
                if !std::mem::replace(&mut reached[neighbor as usize], true) {
                    stack.push(neighbor as usize);
                }
            }
        }
        reached.iter().position(|reached| !reached).map(|member| NodeId(member as u32))
    }
}

fn exists(member: u32, members: u32) -> Result<(), TopologyError> {
    if member < members { Ok(()) } else { Err(TopologyError::Unknown { member: NodeId(member), members }) }
}

fn valid((a, b): (u32, u32), members: u32) -> Result<(), TopologyError> {
    exists(a, members)?;
    exists(b, members)?;
    if a == b { Err(TopologyError::Itself { member: NodeId(a) }) } else { Ok(()) }
}

fn possible(degree: u32, members: u32) -> Result<(), TopologyError> {
    if degree == 0 || degree >= members {
        return Err(TopologyError::Degree { degree, members });
    }
    let links = u64::from(degree) * u64::from(members);
    if links > MOST_LINKS { Err(TopologyError::Links { links }) } else { Ok(()) }
}

fn even(degree: u32) -> Result<(), TopologyError> {
    if degree % 2 == 1 { Err(TopologyError::OddDegree { degree }) } else { Ok(()) }
}

/// Draws graphs until one is connected; the last one if none is.
fn connected(members: u32, seed: u64, draw: impl Fn(&mut ChaCha8Rng) -> Vec<(u32, u32)>) -> Graph {
    let mut rng = stream(seed, StreamName::Initial);
    let mut graph = Graph::of(members, draw(&mut rng));
    for _ in 1..MOST_TRIES {
        if graph.unreachable().is_none() {
            break;
        }
        graph = Graph::of(members, draw(&mut rng));
    }
    graph
}

fn ring(members: u32) -> Vec<(u32, u32)> {
    let last = members.saturating_sub(1);
    let mut links: Vec<_> = (0..last).map(|m| (m, m + 1)).collect();
    if members > 2 {
        links.push((last, 0));
    }
    links
}

/// Each member with `reach` neighbors on either side of a circle, each link once.
fn lattice(members: u32, reach: u32) -> impl Iterator<Item = (u32, u32)> {
    (1..=reach).flat_map(move |offset| (0..members).map(move |m| (m, (m + offset) % members)))
}

/// A lattice of the degree, shuffled, then switched: two links (a, b), (c, d) become (a, d), (c, b) where both are
/// new. Degrees stay, and the graph tends to a uniformly drawn one. Two links per member would fall into circles and
/// stay one shuffled ring.
fn random_regular(members: u32, degree: u32, rng: &mut ChaCha8Rng) -> Vec<(u32, u32)> {
    let mut names: Vec<u32> = (0..members).collect();
    for last in (1..names.len()).rev() {
        names.swap(last, pick(rng, last + 1));
    }
    let mut links: Vec<_> = lattice(members, degree / 2).collect();
    if degree % 2 == 1 {
        // With an odd number of members, one of them goes without.
        links.extend((0..members / 2).map(|m| (m, m + members / 2)));
    }
    for (a, b) in &mut links {
        (*a, *b) = (names[*a as usize], names[*b as usize]);
    }
    if degree > 2 {
        switch(&mut links, rng);
    }
    links
}

fn switch(links: &mut [(u32, u32)], rng: &mut ChaCha8Rng) {
    let mut known: FixedSet<(u32, u32)> = FixedSet::default();
    known.extend(links.iter().map(|(a, b)| ordered(*a, *b)));
    for _ in 0..SWITCHES * links.len() {
        let (i, j) = (pick(rng, links.len()), pick(rng, links.len()));
        let ((a, b), (mut c, mut d)) = (links[i], links[j]);
        if rng.next_u64() & 1 == 1 {
            (c, d) = (d, c);
        }
        let fresh = [ordered(a, d), ordered(c, b)];
        if a == d || c == b || fresh[0] == fresh[1] || fresh.iter().any(|link| known.contains(link)) {
            continue;
        }
        known.remove(&ordered(a, b));
        known.remove(&ordered(c, d));
        known.extend(fresh);
        (links[i], links[j]) = ((a, d), (c, b));
    }
}

/// D. Watts and S. Strogatz, "Collective dynamics of 'small-world' networks", Nature 393 (1998): with the probability
/// `rewire`, each link of the lattice keeps its first end and gets a new second one.
fn small_world(members: u32, degree: u32, rewire: Ratio, rng: &mut ChaCha8Rng) -> Vec<(u32, u32)> {
    let mut links: Vec<_> = lattice(members, degree / 2).collect();
    let mut known: FixedSet<(u32, u32)> = FixedSet::default();
    let mut degrees = vec![degree; members as usize];
    known.extend(links.iter().map(|(a, b)| ordered(*a, *b)));
    for (a, b) in &mut links {
        // Somebody who is linked to everybody has nobody new.
        if !rewire.happens(rng.next_u64()) || degrees[*a as usize] == members - 1 {
            continue;
        }
        let new = loop {
            let new = pick(rng, members as usize) as u32;
            if new != *a && !known.contains(&ordered(*a, new)) {
                break new;
            }
        };
        known.remove(&ordered(*a, *b));
        known.insert(ordered(*a, new));
        degrees[*b as usize] -= 1;
        degrees[new as usize] += 1;
        *b = new;
    }
    links
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

fn pick(rng: &mut ChaCha8Rng, n: usize) -> usize {
    below(rng.next_u64(), n as u64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Graph, TopologyError};
    use crate::identity::{NodeId, NodeName};
    use crate::network::Topology;
    use crate::ratio::Ratio;

    fn edges(pairs: &[(u32, u32)]) -> Topology {
        Topology::Edges(pairs.iter().map(|(a, b)| (NodeName(*a), NodeName(*b))).collect())
    }

    fn graph(topology: &Topology, members: u32) -> Graph {
        Graph::build(topology, members, 7).unwrap().unwrap()
    }

    fn degrees(graph: &Graph) -> Vec<usize> {
        (0..graph.len()).map(|m| graph.links(m).len()).collect()
    }

    #[test]
    fn the_plain_shapes() {
        assert_eq!(Graph::build(&Topology::FullMesh, 9, 0), Ok(None));
        assert_eq!(degrees(&graph(&Topology::Star { hub: NodeName(2) }, 5)), [1, 1, 4, 1, 1]);
        assert_eq!(degrees(&graph(&Topology::Ring, 5)), [2; 5]);
        assert_eq!(degrees(&graph(&Topology::Ring, 2)), [1; 2]);
        assert_eq!(degrees(&graph(&Topology::Ring, 1)), [0]);
        assert_eq!(degrees(&graph(&Topology::Tree { fan_out: 2 }, 6)), [2, 3, 2, 1, 1, 1]);
        assert_eq!(graph(&edges(&[(0, 1), (1, 0), (2, 1)]), 3).links(1), [0, 2]);
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
        assert_eq!(lattice.links(10), [7, 8, 9, 11, 12, 13]);
        let world = graph(&Topology::SmallWorld { degree: 6, rewire: Ratio::new(1, 10) }, 400);
        assert_eq!(degrees(&world).iter().sum::<usize>(), 2_400);
        let kept = (0..400).flat_map(|m| world.links(m).iter().map(move |n| (m, n)));
        let kept = kept.filter(|(m, n)| lattice.links(*m).contains(n)).count();
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
}
