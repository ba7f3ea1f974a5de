//! Who is linked to whom, validated before anything runs, and the ways to the coordinator.

use std::collections::VecDeque;

use petgraph::algo::{connected_components, is_cyclic_undirected};
use petgraph::graph::{NodeIndex, UnGraph};
use serde_json::{Value, json};
use sim_core::graph;
use sim_core::identity::NodeId;
use sim_core::random::{Keyed, Purpose, below};
use sim_core::ratio::Ratio;
use sim_core::registry::parameters::Parameter;
use sim_core::tree;

use crate::parameters::Parameters;

sim_core::choices! {
    /// Who is linked to whom.
    pub enum Topology {
        /// Everybody to everybody.
        Mesh = "mesh",
        /// Everybody to the first.
        Star = "star",
        /// A tree of fan-out `degree` below the first, or the one that `links` lists.
        Tree = "tree",
        /// Each to the next one.
        Ring = "ring",
        /// Each to about `degree` others, drawn from the seed; always connected.
        Random = "random",
        /// Each to `degree` others, drawn from the seed; to all of them, if there are no more.
        Regular = "regular",
        /// Each to the `degree` nearest ones on a ring, of which one link in ten leads to anybody instead (Watts and Strogatz 1998); to all
        /// others, if there are no more.
        SmallWorld = "small-world",
        /// Groups of `degree` agents, each a mesh; the first agents of all groups are a mesh, too.
        HierarchicalMesh = "hierarchical-mesh",
        /// As `links` lists.
        Listed = "listed",
    }
}

/// Links between agents, as pairs counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links(pub Vec<(u32, u32)>);

impl Parameter for Links {
    fn schema() -> Value {
        json!({ "type": ["array", "string"] })
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value == "none" {
            return Ok(Self::default());
        }
        let pairs: Vec<(u32, u32)> = tree::read(value).map_err(|misfit| misfit.message)?;
        let from_zero = |(a, b): (u32, u32)| Some((a.checked_sub(1)?, b.checked_sub(1)?));
        let links: Option<Vec<(u32, u32)>> = pairs.into_iter().map(from_zero).collect();
        links.map(Self).ok_or_else(|| "agents are counted from 1".to_owned())
    }

    fn write(&self) -> Value {
        if self.0.is_empty() {
            return "none".into();
        }
        self.0.iter().map(|(a, b)| json!([a + 1, b + 1])).collect()
    }
}

/// The ways between the coordinator and everybody else.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The next agent on the way to the coordinator.
    up: Vec<u32>,
    /// Whether everybody speaks with everybody without others.
    direct: bool,
}

impl Ways {
    /// The ways of these parameters among so many agents.
    ///
    /// # Errors
    /// If the topology is not connected, no tree where one is asked for, or an agent has too many links; which agents.
    pub fn of(parameters: &Parameters, agents: u32, seed: u64) -> Result<Self, String> {
        if parameters.topology == Topology::Mesh {
            let most = agents.saturating_sub(1);
            return if most > parameters.most_links {
                Err(too_many(0, most, parameters.most_links))
            } else {
                Ok(Self { up: vec![0; agents as usize], direct: true })
            };
        }
        let links = links(parameters, agents, seed)?;
        if let Some((a, b)) = links.iter().find(|(a, b)| *a >= agents || *b >= agents || a == b) {
            let [a, b] = [*a, *b].map(NodeId);
            return Err(format!("there is no link between {a} and {b} among {agents} agents"));
        }
        let graph = UnGraph::<(), (), u32>::from_edges(&links);
        validate(parameters, agents, &graph)?;
        Ok(Self { up: ways_up(agents, &links), direct: false })
    }

    /// The next agent on the way from one to another, of whom one is the coordinator.
    pub fn next(&self, from: NodeId, to: NodeId) -> NodeId {
        if self.direct || from == to {
            return to;
        }
        if to.0 == 0 {
            return NodeId(self.up[from.index()]);
        }
        let mut hop = to.0;
        while self.up[hop as usize] != from.0 && hop != 0 {
            hop = self.up[hop as usize];
        }
        // Whoever is not below speaks to the coordinator first.
        if hop == 0 { NodeId(self.up[from.index()]) } else { NodeId(hop) }
    }

    /// Whether everybody speaks with everybody without others.
    pub const fn is_direct(&self) -> bool {
        self.direct
    }

    /// Who forwards between an agent and the coordinator.
    pub fn between(&self, agent: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let first = if self.direct { 0 } else { self.up[agent.index()] };
        std::iter::successors(Some(first), |hop| Some(self.up[*hop as usize]))
            .take_while(|hop| *hop != 0)
            .map(NodeId)
    }
}

/// The links of a topology that the engine knows as well.
fn links_of(topology: &graph::Topology, agents: u32, seed: u64) -> Result<Vec<(u32, u32)>, String> {
    // Another graph than that of a network of the same name.
    let seed = Keyed::new(seed, Purpose::Identity).labeled(0x6c69_6e6b).words(0, 0)[0];
    let built = graph::Graph::build(topology, agents, seed).map_err(|why| {
        let why = why.to_string();
        why.strip_prefix("use the topology: ").unwrap_or(&why).to_owned()
    })?;
    let all = built.iter().flat_map(|built| {
        let of = |agent: u32| built.neighbors(agent as usize).iter().map(move |other| (agent, *other));
        (0..agents).flat_map(of)
    });
    Ok(all.filter(|(a, b)| a < b).collect())
}

fn links(parameters: &Parameters, agents: u32, seed: u64) -> Result<Vec<(u32, u32)>, String> {
    let degree = parameters.degree;
    Ok(match parameters.topology {
        Topology::Regular | Topology::SmallWorld if agents <= degree => {
            (0..agents).flat_map(|agent| (0..agent).map(move |other| (other, agent))).collect()
        }
        Topology::Regular => return links_of(&graph::Topology::RandomRegular { degree }, agents, seed),
        Topology::SmallWorld => {
            let rewire = Ratio::new(1, 10);
            return links_of(&graph::Topology::SmallWorld { degree, rewire }, agents, seed);
        }
        Topology::HierarchicalMesh => {
            return links_of(&graph::Topology::HierarchicalMesh { group: degree }, agents, seed);
        }
        Topology::Mesh => Vec::new(),
        Topology::Star => (1..agents).map(|agent| (0, agent)).collect(),
        Topology::Tree if !parameters.links.0.is_empty() => parameters.links.0.clone(),
        Topology::Tree => (1..agents).map(|agent| ((agent - 1) / degree, agent)).collect(),
        Topology::Ring => {
            (1..agents).map(|agent| (agent - 1, agent)).chain((agents > 2).then(|| (agents - 1, 0))).collect()
        }
        Topology::Random => {
            let keyed = Keyed::new(seed, Purpose::Identity).labeled(0x6c69_6e6b);
            let mut links: Vec<(u32, u32)> = Vec::new();
            for agent in 1..agents {
                // The first link of each goes to an earlier one, so that all are connected.
                let wanted = (degree / 2).max(1).min(agent);
                let first = below(keyed.word(agent.into(), 0), agent.into()) as u32;
                links.extend((0..wanted).map(|nth| ((first + nth) % agent, agent)));
            }
            links
        }
        Topology::Listed => parameters.links.0.clone(),
    })
}

fn validate(parameters: &Parameters, agents: u32, graph: &UnGraph<(), (), u32>) -> Result<(), String> {
    for agent in 0..graph.node_count() as u32 {
        let has = graph.edges(NodeIndex::new(agent as usize)).count() as u32;
        if has > parameters.most_links {
            return Err(too_many(agent, has, parameters.most_links));
        }
    }
    let orphans: Vec<String> =
        (graph.node_count() as u32..agents).map(|agent| NodeId(agent).to_string()).collect();
    if connected_components(graph) > 1 || (!orphans.is_empty() && agents > 1) {
        return Err(format!("no links lead from n1 to {}", unreached(agents, graph)));
    }
    if parameters.topology == Topology::Tree && is_cyclic_undirected(graph) {
        return Err("the links of a tree form a circle".to_owned());
    }
    Ok(())
}

fn too_many(agent: u32, has: u32, most: u32) -> String {
    format!("{} has {has} links, more than most_links = {most}", NodeId(agent))
}

/// The agents that no way leads to, by name, the first few.
fn unreached(agents: u32, graph: &UnGraph<(), (), u32>) -> String {
    let links: Vec<(u32, u32)> = graph
        .edge_indices()
        .filter_map(|edge| graph.edge_endpoints(edge))
        .map(|(a, b)| (a.index() as u32, b.index() as u32))
        .collect();
    let up = ways_up(agents, &links);
    let far: Vec<String> = (1..agents)
        .filter(|agent| up[*agent as usize] == u32::MAX)
        .map(|agent| NodeId(agent).to_string())
        .collect();
    let more = if far.len() > 8 { format!(" and {} more", far.len() - 8) } else { String::new() };
    format!("{}{more}", far[..far.len().min(8)].join(", "))
}

/// The next agent on a shortest way to the first, by breadth; nobody for whom there is none.
fn ways_up(agents: u32, links: &[(u32, u32)]) -> Vec<u32> {
    let mut neighbors = vec![Vec::new(); agents as usize];
    for (a, b) in links {
        neighbors[*a as usize].push(*b);
        neighbors[*b as usize].push(*a);
    }
    let mut up = vec![u32::MAX; agents as usize];
    let mut queue = VecDeque::from([0]);
    if let Some(first) = up.first_mut() {
        *first = 0;
    }
    while let Some(agent) = queue.pop_front() {
        for next in &neighbors[agent as usize] {
            if up[*next as usize] == u32::MAX {
                up[*next as usize] = agent;
                queue.push_back(*next);
            }
        }
    }
    up
}

#[cfg(test)]
mod tests {
    use sim_core::registry::parameters::ParameterSet;

    use super::*;

    fn ways(topology: Topology, links: &[(u32, u32)], agents: u32) -> Result<Ways, String> {
        let links = Links(links.to_vec());
        Ways::of(
            &Parameters { topology, links, degree: 2, most_links: 4, ..Parameters::default() },
            agents,
            1,
        )
    }

    #[test]
    fn a_tree_leads_up_and_down() {
        let tree = ways(Topology::Tree, &[], 7).unwrap();
        assert_eq!(tree.next(NodeId(5), NodeId(0)), NodeId(2));
        assert_eq!(tree.next(NodeId(0), NodeId(5)), NodeId(2));
        assert_eq!(tree.next(NodeId(2), NodeId(5)), NodeId(5));
        assert_eq!(tree.between(NodeId(5)).collect::<Vec<_>>(), [NodeId(2)]);
        assert_eq!(tree.between(NodeId(1)).count(), 0);
    }

    #[test]
    fn bad_topologies_are_refused_with_the_agents() {
        let refused = |topology, links: &[(u32, u32)], agents| ways(topology, links, agents).unwrap_err();
        assert_eq!(refused(Topology::Listed, &[(0, 1), (2, 3)], 5), "no links lead from n1 to n3, n4, n5");
        assert_eq!(
            refused(Topology::Tree, &[(0, 1), (1, 2), (2, 0)], 3),
            "the links of a tree form a circle"
        );
        assert_eq!(refused(Topology::Star, &[], 6), "n1 has 5 links, more than most_links = 4");
        assert_eq!(
            refused(Topology::Listed, &[(0, 9)], 3),
            "there is no link between n1 and n10 among 3 agents"
        );
        assert!(ways(Topology::Ring, &[], 30).is_ok());
    }

    #[test]
    fn shapes_of_the_engine_are_shapes_of_agents() {
        let of = |topology, agents| ways(topology, &[], agents);
        // Groups of two: n1 and n2, n3 and n4, n5 and n6.
        let mesh = of(Topology::HierarchicalMesh, 6).unwrap();
        assert_eq!(mesh.between(NodeId(5)).collect::<Vec<_>>(), [NodeId(4)]);
        assert_eq!(mesh.between(NodeId(4)).count(), 0);
        assert!(of(Topology::Regular, 9).is_ok() && of(Topology::SmallWorld, 9).is_ok());
        let few = of(Topology::Regular, 2).unwrap();
        assert_eq!(few.next(NodeId(1), NodeId(0)), NodeId(0));
    }

    #[test]
    fn every_drawn_topology_is_connected() {
        let mut rng = sim_core::random::stream(1, sim_core::random::StreamName::Configuration);
        let mut drawn = sim_core::ordered::OrderedSet::new();
        for seed in 0..1_000 {
            let parameters = Parameters::default().drawn(&mut rng);
            drawn.insert(format!("{:?}", parameters.topology));
            let agents = 1 + seed as u32 % 40;
            let ways = Ways::of(&parameters, agents, seed).unwrap();
            let far = (1..agents).map(NodeId).filter(|agent| ways.between(*agent).count() >= agents as usize);
            assert_eq!(far.count(), 0, "{parameters:?}");
        }
        assert_eq!(drawn.len(), 8, "{drawn:?}");
    }
}
