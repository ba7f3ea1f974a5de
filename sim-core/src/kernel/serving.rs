//! Slots that take their time: what they are busy with, and for how long.

use super::Kernel;
use crate::identity::Slot;
use crate::kernel::event::Event;
use crate::time::Duration;

impl Kernel {
    /// A slot takes a message up, which takes it some time.
    pub(crate) fn serve_message(&mut self, slot: Slot, envelope: u32, cost: Duration) {
        let until = self.now + cost;
        if self.ledger.on {
            self.ledger.serve(slot, cost, self.now);
        }
        self.servers.of(slot).serve(envelope, cost, until);
        self.queue(until, name(slot), Event::Served(slot));
    }

    /// After a step: books the time that its signatures and its work take.
    #[inline]
    pub(crate) fn book(&mut self, slot: Slot, signatures: u32) {
        let server = self.servers.of(slot);
        if signatures > 0 || !server.work.is_zero() {
            self.book_time(slot, signatures);
        }
    }

    fn book_time(&mut self, slot: Slot, signatures: u32) {
        let signing = self.servers.signature_cost(slot, signatures);
        let server = self.servers.of(slot);
        let work = std::mem::take(&mut server.work);
        let total = signing + work;
        if total.is_zero() {
            return;
        }
        if self.ledger.on {
            self.ledger.serve(slot, signing, self.now);
        }
        server.coordinating += signing.as_nanos();
        server.working += work.as_nanos();
        if !server.busy && self.hot[slot.index()].up {
            let until = self.now + total;
            server.occupy(until);
            self.queue(until, name(slot), Event::Served(slot));
        }
    }
}

/// What the end of a service is called in a tie.
#[inline]
fn name(slot: Slot) -> u64 {
    u64::from(slot.0) ^ 0x5577_0000_0000_0000
}
