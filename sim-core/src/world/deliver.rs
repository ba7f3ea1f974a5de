//! What arrives at a slot: messages, timers, link notices; and the server that a slot is.

use super::World;
use super::effects::timer_name;
use super::step::Stimulus;
use crate::identity::Slot;
use crate::kernel::{Dropped, Service};
use crate::process::{Factory, Protocol};
use crate::server::Offer;
use crate::time::Duration;
use crate::timers::Popped;
use crate::world::event::{Envelope, Event};

impl<P: Protocol, F: Factory<P>> World<P, F> {
    /// An envelope arrives at its slot.
    #[inline]
    pub(super) fn arrive(&mut self, key: u32) {
        let envelope = self.kernel.envelopes[key];
        if let Some(why) = self.refused(&envelope) {
            self.kernel.envelopes.remove(key);
            self.discard(&envelope, why);
            return;
        }
        if self.kernel.servers.on() {
            self.queue_up(key, &envelope);
        } else {
            self.kernel.envelopes.remove(key);
            self.deliver(&envelope);
        }
    }

    #[inline]
    fn refused(&self, envelope: &Envelope) -> Option<Dropped> {
        let kernel = &self.kernel;
        if !kernel.network.admits(envelope.from_slot, envelope.to, envelope.session) {
            return Some(Dropped::CutUnderway);
        }
        if !kernel.hot[envelope.to.index()].up {
            return Some(Dropped::ReceiverDown);
        }
        envelope.damaged.then_some(Dropped::Checksum)
    }

    #[cold]
    pub(super) fn discard(&mut self, envelope: &Envelope, why: Dropped) {
        self.trace_lost(envelope, why);
        self.kernel.drop_message(why);
        self.release(envelope.payload);
    }

    #[inline]
    fn deliver(&mut self, envelope: &Envelope) {
        self.kernel.messages.delivered += 1;
        self.trace_arrival(envelope);
        self.step(envelope.to, Stimulus::Message { from: envelope.from, payload: envelope.payload });
        self.release(envelope.payload);
    }

    fn queue_up(&mut self, key: u32, envelope: &Envelope) {
        let offer = self.kernel.servers.offer(envelope.to, key, envelope.lane, envelope.priority);
        if let Offer::Shed(shed) = offer {
            let shed = self.kernel.envelopes.remove(shed);
            self.discard(&shed, Dropped::Shed);
        }
        self.serve(envelope.to);
    }

    /// Serves what waits at a slot, until it is busy or nothing waits.
    pub(super) fn serve(&mut self, slot: Slot) {
        while self.kernel.hot[slot.index()].up && !self.kernel.servers.occupied(slot) {
            if let Some(key) = self.kernel.servers.of(slot).serving.take() {
                let envelope = self.kernel.envelopes.remove(key);
                self.deliver(&envelope);
                continue;
            }
            if let Some(event) = self.kernel.servers.of(slot).deferred.pop_front() {
                self.deferred(Event::decode(event));
                continue;
            }
            let Some(key) = self.kernel.servers.of(slot).next() else { return };
            let envelope = self.kernel.envelopes[key];
            let cost = self.kernel.servers.message_cost(slot, self.payloads[envelope.payload].size);
            if cost.is_zero() {
                self.kernel.envelopes.remove(key);
                self.deliver(&envelope);
            } else {
                let server = self.kernel.servers.of(slot);
                server.serving = Some(key);
                server.coordinating += cost.as_nanos();
                self.occupy(slot, cost);
            }
        }
    }

    fn occupy(&mut self, slot: Slot, cost: Duration) {
        self.kernel.servers.of(slot).busy = true;
        let at = self.kernel.now + cost;
        let incarnation = self.kernel.hot[slot.index()].incarnation;
        let key = self.kernel.services.insert(Service { slot, incarnation });
        self.kernel.queue(at, u64::from(slot.0) ^ 0x5577_0000_0000_0000, Event::Served(key));
    }

    /// A slot has done what it was busy with. If it is paused, the message that it served waits until it is resumed.
    pub(super) fn served(&mut self, key: u32) {
        let Service { slot, incarnation } = self.kernel.services.remove(key);
        if self.kernel.hot[slot.index()].incarnation == incarnation {
            self.kernel.servers.of(slot).busy = false;
            self.serve(slot);
        }
    }

    /// After a step: the time that its signatures and its work take.
    pub(super) fn book(&mut self, slot: Slot, signatures: u32) {
        let signing = self.kernel.servers.signature_cost(slot, signatures);
        let server = self.kernel.servers.of(slot);
        let work = std::mem::take(&mut server.work);
        server.coordinating += signing.as_nanos();
        server.working += work.as_nanos();
        let total = signing + work;
        if !total.is_zero() && !server.busy && self.kernel.hot[slot.index()].up {
            self.occupy(slot, total);
        }
    }

    /// Whether an event of this slot waits because the slot is busy or paused.
    #[inline]
    pub(super) fn postponed(&mut self, slot: Slot, event: Event) -> bool {
        if !self.kernel.servers.occupied(slot) {
            return false;
        }
        self.kernel.servers.of(slot).deferred.push_back(event.encode());
        true
    }

    fn deferred(&mut self, event: Event) {
        match event {
            Event::Timer(index) => self.fire(index),
            other => self.handle(other),
        }
    }

    /// A timer's queue entry came up.
    #[inline]
    pub(super) fn timer_came_up(&mut self, index: u32) {
        match self.timers.popped(index, self.kernel.now) {
            Popped::Fires { slot, .. } => {
                if !self.postponed(slot, Event::Timer(index)) {
                    self.fire(index);
                }
            }
            Popped::Again { due, slot, id } => {
                self.kernel.queue(due, timer_name(slot, id), Event::Timer(index));
            }
            Popped::Stale => {}
        }
    }

    #[inline]
    fn fire(&mut self, index: u32) {
        let (slot, id) = self.timers.owner(index);
        if let Some(timer) = self.timers.take(index, self.kernel.now) {
            self.step(slot, Stimulus::Timer { id, timer });
        }
        self.timers.settle(index);
    }

    /// A notice about a session reaches its slot.
    pub(super) fn notice_arrived(&mut self, key: u32) {
        let notice = self.kernel.pending_notices[key];
        if self.kernel.hot[notice.slot.index()].up && self.postponed(notice.slot, Event::Notice(key)) {
            return;
        }
        self.kernel.pending_notices.remove(key);
        if self.kernel.hot[notice.slot.index()].up && self.kernel.network.concerns(&notice) {
            let peer = self.kernel.hot[notice.peer.index()].node;
            self.step(notice.slot, Stimulus::Link { peer, state: notice.state });
        }
    }
}
