//! Who runs, or ran, where.

use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

/// The places of all members that there ever were: what somebody said before its disk was lost may still arrive.
#[derive(Clone, Debug, Default)]
pub(super) struct Actors {
    /// Whoever took the place of somebody else.
    newcomers: OrderedMap<NodeId, Slot>,
}

impl Actors {
    /// Something happened to a slot.
    pub(super) fn lifecycle(&mut self, ground: &Ground, slot: Slot) {
        let node = ground.place(slot).node;
        if node.0 != slot.0 {
            self.newcomers.insert(node, slot);
        }
    }

    /// Where somebody runs or ran.
    pub(super) fn slot_of(&self, ground: &Ground, node: NodeId) -> Option<Slot> {
        let first = || (node.index() < ground.places.len()).then_some(Slot(node.0));
        self.newcomers.get(&node).copied().or_else(first)
    }
}
