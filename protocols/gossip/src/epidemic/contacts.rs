//! Whom agents contact: anybody, the neighbors in an overlay graph, or members by their distance. All agents share it.

use sim_core::digest::hash_words;
use sim_core::graph::{Graph, Topology};
use sim_core::identity::NodeId;
use sim_core::math;
use sim_core::random::ProcessRng;

use super::parameters::Parameters;

/// The most that are contacted at once.
const MOST: usize = 16;
/// Sets the seed of an overlay apart from that of the network's topology.
pub(super) const OVERLAY: u64 = 0x006f_7665_726c_6179;
/// The weight of one member at distance 1.
const UNIT: f64 = (1_u64 << 32) as f64;

/// Whom agents of a cluster contact.
#[derive(Clone, Debug)]
pub struct Contacts {
    /// The members of genesis.
    members: u32,
    graph: Option<Graph>,
    distances: Option<Distances>,
}

/// Those who were drawn, at most 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    nodes: [NodeId; MOST],
    count: u8,
}

impl Contacts {
    /// Of agents with these parameters, in a run of this seed.
    ///
    /// # Panics
    /// If the overlay does not fit so many members.
    pub fn new(parameters: &Parameters, members: u32, seed: u64) -> Self {
        let distances = Distances::new(&parameters.overlay, parameters.spatial_tenths, members);
        let graph = match distances {
            Some(_) => None,
            None => Graph::build(&parameters.overlay, members, hash_words(&[seed, OVERLAY]))
                .unwrap_or_else(|error| panic!("failed to {error}")),
        };
        Self { members, graph, distances }
    }

    /// Draws up to `count` different others for an agent to contact.
    #[inline]
    pub fn draw(&self, me: NodeId, count: u8, rng: &mut ProcessRng<'_>) -> Drawn {
        let mut drawn = Drawn { nodes: [me; MOST], count: 0 };
        let NodeId(own) = me;
        if own < self.members {
            if let Some(graph) = &self.graph {
                let neighbors = graph.neighbors(own as usize);
                drawn.sample(neighbors.len() as u64, count, rng, |index| neighbors[index as usize]);
                return drawn;
            }
            if let Some(distances) = &self.distances {
                if self.members > 1 {
                    (0..count).for_each(|_| drawn.add(distances.draw(own, self.members, rng)));
                }
                return drawn;
            }
        }
        let others = self.members - u32::from(own < self.members);
        drawn.sample(others.into(), count, rng, |index| index as u32 + u32::from(index as u32 >= own));
        drawn
    }

    /// The least probability that in one cycle one of two sides contacts the other, wherever the border between two sides of
    /// these members lies: one that contacts as `pushes`, the other as `pulls`. Zero if no contact crosses some border.
    pub(super) fn least_crossing(&self, nodes: &[NodeId], fan_out: u8, pushes: bool, pulls: bool) -> f64 {
        if let Some(distances) = &self.distances {
            // Some border lies between two that follow each other.
            let steps = nodes.windows(2).map(|pair| distances.chance(pair[0].0, pair[1].0));
            return steps.fold(1.0, f64::min);
        }
        let Some(graph) = &self.graph else {
            return nodes.len() as f64 / f64::from(self.members.max(1)) / 2.0;
        };
        if !in_one_piece(graph, nodes) {
            return 0.0;
        }
        let chance = |node: u32| (f64::from(fan_out) / graph.neighbors(node as usize).len() as f64).min(1.0);
        let mut least = 1.0_f64;
        for NodeId(from) in nodes.iter().copied() {
            let inside = |to: &&u32| nodes.binary_search(&NodeId(**to)).is_ok();
            for to in graph.neighbors(from as usize).iter().filter(inside) {
                let push = if pushes { chance(from) } else { 0.0 };
                let pull = if pulls { chance(*to) } else { 0.0 };
                least = least.min(push.max(pull));
            }
        }
        least
    }
}

/// Whether a graph holds together when only these members, ascending, are left of it.
fn in_one_piece(graph: &Graph, nodes: &[NodeId]) -> bool {
    let mut reached = vec![false; nodes.len()];
    let mut stack: Vec<usize> = if nodes.is_empty() { Vec::new() } else { vec![0] };
    reached.iter_mut().take(1).for_each(|first| *first = true);
    while let Some(at) = stack.pop() {
        for neighbor in graph.neighbors(nodes[at].index()) {
            if let Ok(index) = nodes.binary_search(&NodeId(*neighbor))
                && !std::mem::replace(&mut reached[index], true)
            {
                stack.push(index);
            }
        }
    }
    reached.into_iter().all(|reached| reached)
}

impl Drawn {
    /// Nobody.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Those who were drawn.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes[..usize::from(self.count)]
    }

    fn add(&mut self, node: u32) {
        let node = NodeId(node);
        if !self.nodes().contains(&node) {
            self.nodes[usize::from(self.count)] = node;
            self.count += 1;
        }
    }

    /// Draws different ones of a population, all equally likely (Floyd's algorithm).
    #[inline]
    fn sample(&mut self, population: u64, count: u8, rng: &mut ProcessRng<'_>, name: impl Fn(u64) -> u32) {
        for last in population.saturating_sub(count.into())..population {
            let drawn = name(rng.below(last + 1));
            let before = self.count;
            self.add(drawn);
            if self.count == before {
                self.add(name(last));
            }
        }
    }
}

/// Contacts by distance: any member, with a probability in proportion to d^-a (Demers et al. 1987, section 3).
#[derive(Clone, Debug)]
pub struct Distances {
    shape: Shape,
    /// For each distance from 1 up, the weight of all places at most so far away.
    cumulative: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Line,
    Ring,
    Grid { columns: u32 },
}

impl Distances {
    /// Whether members have a distance on a topology.
    pub const fn measures(overlay: &Topology) -> bool {
        matches!(overlay, Topology::Line | Topology::Ring | Topology::Grid { .. })
    }

    fn new(overlay: &Topology, tenths: u32, members: u32) -> Option<Self> {
        let (shape, farthest) = match *overlay {
            _ if tenths == 0 => return None,
            Topology::Line => (Shape::Line, members.saturating_sub(1)),
            Topology::Ring => (Shape::Ring, members / 2),
            Topology::Grid { columns } => {
                (Shape::Grid { columns }, columns.min(members) + members.div_ceil(columns.max(1)))
            }
            _ => return None,
        };
        let mut sum = 0;
        let weigh = |distance: u32| {
            let places = match shape {
                Shape::Ring if distance * 2 == members => 1.0,
                Shape::Line | Shape::Ring => 2.0,
                Shape::Grid { .. } => 4.0 * f64::from(distance),
            };
            let each = math::pow(f64::from(distance), -f64::from(tenths) / 10.0);
            sum += ((UNIT * places * each) as u64).max(1);
            sum
        };
        Some(Self { shape, cumulative: (1..=farthest.max(1)).map(weigh).collect() })
    }

    /// Draws a place at some distance until there is a member.
    fn draw(&self, me: u32, members: u32, rng: &mut ProcessRng<'_>) -> u32 {
        let all = self.cumulative.last().copied().unwrap_or(1);
        loop {
            let drawn = rng.below(all);
            let distance = 1 + self.cumulative.partition_point(|sum| *sum <= drawn) as i64;
            let me = i64::from(me);
            let place = match self.shape {
                Shape::Line | Shape::Ring => {
                    let place = if rng.below(2) == 0 { me + distance } else { me - distance };
                    match self.shape {
                        Shape::Ring => place.rem_euclid(members.into()),
                        _ => place,
                    }
                }
                Shape::Grid { columns } => {
                    let columns = i64::from(columns);
                    let (down, across) = around(distance, rng.below(4 * distance as u64) as i64);
                    let (row, column) = (me / columns + down, me % columns + across);
                    if (0..columns).contains(&column) { row * columns + column } else { -1 }
                }
            };
            if let Ok(place) = u32::try_from(place)
                && place < members
                && i64::from(place) != me
            {
                return place;
            }
        }
    }

    /// The least probability that a draw of one is the other: as if no place were empty.
    fn chance(&self, one: u32, other: u32) -> f64 {
        let distance = match self.shape {
            Shape::Line | Shape::Ring => one.abs_diff(other),
            Shape::Grid { columns } => {
                (one / columns).abs_diff(other / columns) + (one % columns).abs_diff(other % columns)
            }
        };
        let at = (distance as usize).clamp(1, self.cumulative.len());
        let before = if at == 1 { 0 } else { self.cumulative[at - 2] };
        let places = match self.shape {
            Shape::Line | Shape::Ring => 2.0,
            Shape::Grid { .. } => 4.0 * at as f64,
        };
        let all = self.cumulative.last().copied().unwrap_or(1);
        (self.cumulative[at - 1] - before) as f64 / places / all as f64
    }
}

/// The steps down and across to one of the `4 * distance` places that are so far away, walking around.
const fn around(distance: i64, index: i64) -> (i64, i64) {
    let (side, step) = (index / distance, index % distance);
    match side {
        0 => (step, distance - step),
        1 => (distance - step, -step),
        2 => (-step, step - distance),
        _ => (step - distance, step),
    }
}

#[cfg(test)]
mod tests;
