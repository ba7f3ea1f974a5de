//! What arrives at a slot: messages, timers, link notices; and the server that a slot is.

use super::World;
use super::step::Stimulus;
use crate::identity::Slot;
use crate::kernel::event::{Envelope, Event};
use crate::kernel::{Dropped, Notice, tie};
use crate::process::{Process, Protocol};
use crate::server::{Offer, Turn};
use crate::timers::Popped;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// An envelope arrives at its slot.
    #[inline]
    pub(super) fn arrive(&mut self, key: u32) {
        if let Some(why) = self.kernel.refused(&self.kernel.envelopes[key]) {
            let envelope = self.kernel.envelopes.remove(key);
            self.discard(&envelope, why);
        } else if self.kernel.servers.on() {
            self.queue_up(key);
        } else {
            let envelope = self.kernel.envelopes.remove(key);
            self.deliver(&envelope);
        }
    }

    #[cold]
    pub(super) fn discard(&mut self, envelope: &Envelope, why: Dropped) {
        self.kernel.trace_lost(envelope.to, envelope.id, why);
        self.kernel.drop_message(why);
        self.release(envelope.payload);
    }

    #[inline]
    fn deliver(&mut self, envelope: &Envelope) {
        if self.kernel.ledger.on && !self.kernel.is_heard(envelope) {
            return self.discard(envelope, Dropped::ReceiverDown);
        }
        self.kernel.messages.delivered += 1;
        self.trace_arrival(envelope);
        self.step_on_message(envelope.to, envelope.from, envelope.payload);
        self.release(envelope.payload);
    }

    /// A message meets a slot that takes time: it is served at once if nothing is before it.
    #[inline]
    fn queue_up(&mut self, key: u32) {
        let &Envelope { to, payload, lane, priority, .. } = &self.kernel.envelopes[key];
        if self.kernel.servers.idle(to) {
            return self.begin_service(to, key, payload);
        }
        let offer = self.kernel.servers.offer(to, key, lane, priority);
        if let Offer::Shed(shed) = offer {
            let shed = self.kernel.shed(shed);
            self.discard(&shed, Dropped::Shed);
        }
        self.serve(to);
    }

    /// Serves what waits at a slot, until it is busy or nothing waits.
    pub(super) fn serve(&mut self, slot: Slot) {
        while self.kernel.hot[slot.index()].up {
            match self.kernel.servers.of(slot).turn() {
                Turn::Nothing => return,
                Turn::Served(key) => {
                    let envelope = self.kernel.envelopes.remove(key);
                    self.deliver(&envelope);
                }
                Turn::Deferred(event) => self.deferred(Event::decode(event)),
                Turn::Next(key) => self.begin_service(slot, key, self.kernel.envelopes[key].payload),
                Turn::Told(key) => self.notice_arrived(key),
            }
        }
    }

    /// Takes a message up: it is delivered when its time is over, or now if it takes none.
    #[inline]
    fn begin_service(&mut self, slot: Slot, key: u32, payload: u32) {
        let &Envelope { from_slot, sent, .. } = &self.kernel.envelopes[key];
        let cost = self.kernel.servers.message_cost(slot, self.payloads[payload].size, from_slot, sent);
        if cost.is_zero() {
            let envelope = self.kernel.envelopes.remove(key);
            self.deliver(&envelope);
        } else {
            self.kernel.serve_message(slot, key, cost);
        }
    }

    /// A slot has done what it was busy with. If it is paused, the message that it served waits until it is resumed.
    pub(super) fn served(&mut self, slot: Slot) {
        let now = self.kernel.now;
        if self.kernel.servers.of(slot).finished(now) {
            self.serve(slot);
        }
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
                if !self.kernel.postponed(slot, Event::Timer(index)) {
                    self.fire(index);
                }
            }
            Popped::Again { due, slot, id } => {
                self.kernel.queue(due, tie::timer(slot, id), Event::Timer(index));
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

    /// A notice about a session reaches its slot. If the slot is busy or paused, it waits behind what it comes after.
    pub(super) fn notice_arrived(&mut self, key: u32) {
        if let Some(Notice { link: notice, peer }) = self.kernel.notice_told(key) {
            self.step(notice.slot, Stimulus::Link { peer, state: notice.state });
        }
    }
}
