//! What is true of the typed part of a run between two events.

use super::World;
use crate::process::{Process, Protocol};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// After every event of a debug build.
    pub(super) fn between_events(&self) {
        assert!(!self.carrying_out, "all effects of a step are carried out before the next event");
        self.kernel.quick_invariants();
        if self.kernel.events.is_power_of_two() {
            self.invariants();
        }
    }

    /// Everything: takes time for all that there is.
    pub(super) fn invariants(&self) {
        self.kernel.invariants();
        self.storage.invariants(&self.kernel.ground);
        let users: u64 = self.payloads.iter().map(|(_, payload)| u64::from(payload.users)).sum();
        let under_way = self.kernel.envelopes.len() as u64 + self.storage.gated_sends();
        assert_eq!(users, under_way, "a payload is kept for what is under way or waits for a sync");
    }
}
