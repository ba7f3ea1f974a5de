//! Version vectors: which events of each actor are known (Parker et al. 1983).

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::Merge;

/// One event: the n-th of an actor, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Whose event.
    pub actor: NodeId,
    /// Which one.
    pub count: u64,
}

/// The first so many events of each actor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionVector(OrderedMap<NodeId, u64>);

impl VersionVector {
    /// How many events of an actor are known.
    pub fn get(&self, actor: NodeId) -> u64 {
        self.0.get(&actor).copied().unwrap_or(0)
    }

    /// Whether an event is known.
    pub fn has(&self, dot: Dot) -> bool {
        dot.count <= self.get(dot.actor)
    }

    /// Actors, and how many events of each are known.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, u64)> + '_ {
        self.0.iter().map(|(actor, count)| (*actor, *count))
    }

    /// A new event of an actor, known from now on.
    pub fn next(&mut self, actor: NodeId) -> Dot {
        let count = self.get(actor) + 1;
        self.0.insert(actor, count);
        Dot { actor, count }
    }
}

impl Merge for VersionVector {
    fn merge(&mut self, other: &Self) {
        for (actor, count) in &other.0 {
            let own = self.0.entry(*actor).or_default();
            *own = (*own).max(*count);
        }
    }
}
