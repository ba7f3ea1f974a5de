//! What arrives, as far as it is no matter of a protocol, and slots that take their time: what they are busy with, and
//! for how long.

use super::{Dropped, Folded, Kernel, tie};
use crate::identity::Slot;
use crate::kernel::event::{Envelope, Event};
use crate::time::Duration;
use crate::trace::What;

impl Kernel {
    /// Why an envelope that arrives is not taken in, if it is not.
    #[inline]
    pub(crate) fn refused(&self, envelope: &Envelope) -> Option<Dropped> {
        if !self.network.admits(envelope.from_slot, envelope.to, envelope.session, envelope.sent) {
            return Some(Dropped::CutUnderway);
        }
        if !self.hot[envelope.to.index()].up {
            return Some(Dropped::ReceiverDown);
        }
        envelope.damaged.then_some(Dropped::Checksum)
    }

    /// In the second phase: notes what is left from before, and says whether the receiver hears it at all.
    #[cold]
    pub(crate) fn is_heard(&mut self, envelope: &Envelope) -> bool {
        let &Envelope { from_slot, to, lane, sent, .. } = envelope;
        if self.ledger.drops(from_slot, to, lane, sent) {
            return false;
        }
        self.ledger.delivered((from_slot, to), sent, self.now);
        true
    }

    /// An inbox had no room for this envelope.
    #[cold]
    pub(crate) fn shed(&mut self, envelope: u32) -> Envelope {
        let shed = self.envelopes.remove(envelope);
        if self.ledger.on {
            let room = self.setup.service.inbox.unwrap_or(u32::MAX);
            self.ledger.shed((shed.from_slot, shed.to), self.now, room);
        }
        shed
    }

    /// Whether an event of this slot waits because the slot is busy or paused.
    #[inline]
    pub(crate) fn postponed(&mut self, slot: Slot, event: Event) -> bool {
        if !self.servers.occupied(slot) {
            return false;
        }
        self.servers.of(slot).defer(event.encode());
        true
    }

    /// A slot takes a message up, which takes it some time.
    pub(crate) fn serve_message(&mut self, slot: Slot, envelope: u32, cost: Duration) {
        let until = self.now + cost;
        if self.ledger.on {
            self.ledger.serve(slot, cost, self.now);
        }
        self.servers.of(slot).serve(envelope, cost, until);
        self.queue(until, tie::served(slot), Event::Served(slot));
    }

    /// A step does work that takes its slot some time.
    #[inline(never)]
    pub(crate) fn work(&mut self, slot: Slot, cost: Duration) {
        self.fold(Folded::Work, slot, cost.as_nanos());
        self.trace(slot, What::Work { time: cost });
        self.servers.turn_on();
        self.servers.of(slot).work += cost;
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
        server.coordinating = server.coordinating.saturating_add(signing.as_nanos());
        server.working = server.working.saturating_add(work.as_nanos());
        if !server.busy && self.hot[slot.index()].up {
            let until = self.now + total;
            server.occupy(until);
            self.queue(until, tie::served(slot), Event::Served(slot));
        }
    }
}
