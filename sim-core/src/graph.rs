//! Graphs of members: the topologies that a scenario can name, built, checked, and kept as sorted lists of neighbors.
//!
//! They serve the network, where members that are not linked speak through those that are, and overlays, where a
//! protocol draws whom it contacts from its neighbors. `docs/design/0066-graphs-and-overlays.md` tells the two apart.
//!
//! ```
//! use sim_core::graph::{Graph, Topology};
//!
//! let grid = Graph::build(&Topology::Grid { columns: 3 }, 9, 0)?.expect("a grid is no full mesh");
//! assert_eq!(grid.neighbors(4), [1, 3, 5, 7]);
//! # Ok::<(), sim_core::graph::TopologyError>(())
//! ```

mod random;
mod shapes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::identity::{NodeId, NodeName};
use crate::ratio::Ratio;

use random::{connected, random_regular, scale_free, small_world};
use shapes::{edges, grid, hierarchical_mesh, line, ring, star, tree};

/// The most ends of links: a gigabyte while they are drawn.
const MOST_LINKS: u64 = 40_000_000;

/// Who is linked to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Topology {
    /// Everybody with everybody.
    FullMesh,
    /// Everybody with `hub`.
    Star {
        /// The center.
        hub: NodeName,
    },
    /// A row: each member with the one before it and the one after it.
    Line,
    /// A cycle.
    Ring,
    /// A rectangle, row by row; the last row may be short.
    Grid {
        /// Members in a row.
        columns: u32,
    },
    /// A tree in heap order.
    Tree {
        /// Children per member.
        fan_out: u32,
    },
    /// Groups of consecutive members, each a full mesh; the first members of all groups form a full mesh, too.
    HierarchicalMesh {
        /// Members in a group; the last group may be smaller.
        group: u32,
    },
    /// Random, every member with (about) `degree` links, connected.
    RandomRegular {
        /// Links per member.
        degree: u32,
    },
    /// A ring lattice of `degree` with each link rewired with probability `rewire` (Watts and Strogatz 1998).
    SmallWorld {
        /// Links per member before rewiring; even.
        degree: u32,
        /// Probability of rewiring.
        rewire: Ratio,
    },
    /// Members come one by one and link to `links` earlier ones, each with a probability in proportion to the links that
    /// it has (Barabási and Albert 1999).
    ScaleFree {
        /// Links that a newcomer makes.
        links: u32,
    },
    /// Exactly these unordered links between members.
    Edges(Vec<(NodeName, NodeName)>),
}

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
    /// A grid without columns.
    #[error("use the topology: the columns of a grid must be 1 or more")]
    Columns,
    /// Groups without members.
    #[error("use the topology: a group of a hierarchical mesh must have 1 or more members")]
    Group,
    /// Newcomers that link to nobody.
    #[error("use the topology: the links of a newcomer must be 1 or more")]
    NoLinks,
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
        Topology::ScaleFree { links } => enough(*links).and_then(|()| few(*links, members)),
        fixed => Graph::build(fixed, members, 0).map(drop),
    }
}

/// An undirected graph without loops: the neighbors of each member, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Where the neighbors of each member start in `ends`, and the end.
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Graph {
    /// The graph of a topology, connected; `None` for a full mesh, which needs none. `seed` decides what is random.
    ///
    /// # Errors
    /// If the topology does not fit so many members, or leaves one of them out.
    pub fn build(topology: &Topology, members: u32, seed: u64) -> Result<Option<Self>, TopologyError> {
        let graph = match topology {
            Topology::FullMesh => return Ok(None),
            Topology::Star { hub } => Self::of(members, star(*hub, members)?),
            Topology::Line => Self::of(members, line(members)),
            Topology::Ring => Self::of(members, ring(members)),
            Topology::Grid { columns } => Self::of(members, grid(*columns, members)?),
            Topology::Tree { fan_out } => Self::of(members, tree(*fan_out, members)?),
            Topology::HierarchicalMesh { group } => Self::of(members, hierarchical_mesh(*group, members)?),
            Topology::RandomRegular { degree } => {
                possible(*degree, members)?;
                connected(members, seed, |rng| random_regular(members, *degree, rng))
            }
            Topology::SmallWorld { degree, rewire } => {
                possible(*degree, members)?;
                even(*degree)?;
                connected(members, seed, |rng| small_world(members, *degree, *rewire, rng))
            }
            Topology::ScaleFree { links } => {
                enough(*links)?;
                few(*links, members)?;
                connected(members, seed, |rng| scale_free(members, *links, rng))
            }
            Topology::Edges(links) => Self::of(members, edges(links, members)?),
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
        Self { starts, ends: both.into_iter().map(|(_, to)| to).collect() }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.starts.len() - 1
    }

    /// The neighbors of a member, ascending.
    ///
    /// # Panics
    /// If there is no such member.
    #[inline]
    pub fn neighbors(&self, member: usize) -> &[u32] {
        &self.ends[self.starts[member] as usize..self.starts[member + 1] as usize]
    }

    /// The first member that the first one does not reach.
    fn unreachable(&self) -> Option<NodeId> {
        let mut reached = vec![false; self.members()];
        let mut stack = vec![0];
        *reached.first_mut()? = true;
        while let Some(at) = stack.pop() {
            for &neighbor in self.neighbors(at) {
                if !std::mem::replace(&mut reached[neighbor as usize], true) {
                    stack.push(neighbor as usize);
                }
            }
        }
        reached.iter().position(|reached| !reached).map(|member| NodeId(member as u32))
    }
}

fn possible(degree: u32, members: u32) -> Result<(), TopologyError> {
    if degree == 0 || degree >= members {
        return Err(TopologyError::Degree { degree, members });
    }
    bounded(u64::from(degree) * u64::from(members))
}

fn even(degree: u32) -> Result<(), TopologyError> {
    if degree % 2 == 1 { Err(TopologyError::OddDegree { degree }) } else { Ok(()) }
}

fn enough(links: u32) -> Result<(), TopologyError> {
    if links == 0 { Err(TopologyError::NoLinks) } else { Ok(()) }
}

fn few(per_member: u32, members: u32) -> Result<(), TopologyError> {
    bounded(2 * u64::from(per_member.min(members)) * u64::from(members))
}

fn bounded(links: u64) -> Result<(), TopologyError> {
    if links > MOST_LINKS { Err(TopologyError::Links { links }) } else { Ok(()) }
}
