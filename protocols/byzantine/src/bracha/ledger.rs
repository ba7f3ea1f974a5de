//! What honest members said and delivered, and when.
//!
//! The check of totality writes it; the judge of progress reads it once, at the heal. They are boxed apart by the world, so
//! that they share it by a counted reference: the only one in this protocol.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::time::Time;

use super::vocabulary::Broadcast;
use crate::signers::Signers;

/// What became of one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// When its sender said it, if the sender was honest then.
    pub said_at: Option<Time>,
    /// When an honest member first delivered it.
    pub delivered_at: Option<Time>,
    /// The honest members that delivered it, in any incarnation.
    pub delivered_by: Signers,
}

/// Every broadcast that an honest member said or delivered.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Rc<RefCell<OrderedMap<Broadcast, Progress>>>);

impl Ledger {
    /// What it holds now.
    pub fn read(&self) -> Ref<'_, OrderedMap<Broadcast, Progress>> {
        self.0.borrow()
    }

    pub(super) fn said(&self, broadcast: Broadcast, at: Time) {
        self.0.borrow_mut().entry(broadcast).or_default().said_at.get_or_insert(at);
    }

    pub(super) fn delivered(&self, broadcast: Broadcast, by: NodeId, at: Time) {
        let mut broadcasts = self.0.borrow_mut();
        let progress = broadcasts.entry(broadcast).or_default();
        progress.delivered_at.get_or_insert(at);
        progress.delivered_by.insert(by);
    }
}
