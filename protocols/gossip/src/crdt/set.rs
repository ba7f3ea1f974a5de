//! A set from which only additions that were seen are removed (OR-set), without tombstones (Bieniusa et al., "An optimized
//! conflict-free replicated set", 2012).

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};

use super::Merge;
use super::vector::{Dot, VersionVector};

/// Each addition is an event. An element is in the set while one of its additions is. An event that is known, and not among the
/// additions, was removed. Of an addition and a concurrent removal, the addition wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrSet {
    additions: OrderedMap<u64, OrderedSet<Dot>>,
    known: VersionVector,
}

impl OrSet {
    /// An actor adds an element; the actor acts at one replica only.
    pub fn add(&mut self, actor: NodeId, element: u64) {
        let dot = self.known.next(actor);
        self.additions.insert(element, OrderedSet::from([dot]));
    }

    /// Removes the additions of an element that are known here.
    pub fn remove(&mut self, element: u64) {
        self.additions.remove(&element);
    }

    /// Whether an element is in the set.
    pub fn contains(&self, element: u64) -> bool {
        self.additions.contains_key(&element)
    }

    /// The events that are known here: additions, also those that were removed since.
    pub const fn known(&self) -> &VersionVector {
        &self.known
    }

    /// All elements, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.additions.keys().copied()
    }
}

impl Merge for OrSet {
    fn merge(&mut self, other: &Self) {
        let nothing = OrderedSet::new();
        let elements: OrderedSet<u64> = self.iter().chain(other.iter()).collect();
        for element in elements {
            let own = self.additions.get(&element).unwrap_or(&nothing);
            let theirs = other.additions.get(&element).unwrap_or(&nothing);
            // What one side has and the other one does not know is new; what it knows was removed there.
            let kept = own.iter().filter(|dot| theirs.contains(dot) || !other.known.has(**dot));
            let new = theirs.iter().filter(|dot| !self.known.has(**dot));
            let additions: OrderedSet<Dot> = kept.chain(new).copied().collect();
            if additions.is_empty() {
                self.additions.remove(&element);
            } else {
                self.additions.insert(element, additions);
            }
        }
        self.known.merge(&other.known);
    }
}
