//! Effects out: what a step asked for is carried out in order, folded into the digest, and gated where it asked so.

use super::World;
use super::storage::Gated;
use crate::facts::Facts;
use crate::identity::{NodeId, Slot};
use crate::kernel::{Dropped, Folded};
use crate::network::{Flight, Packet, Sent};
use crate::process::{Effect, Factory, Message, Protocol, TimerId};
use crate::time::Duration;
use crate::trace::What;
use crate::world::event::{Envelope, Event, Payload};

impl<P: Protocol, F: Factory<P>> World<P, F> {
    /// Carries out the effects of a step. Stops where the slot crashes in the middle, as a trigger may make it.
    pub(super) fn carry_out(&mut self, slot: Slot, incarnation: u32) {
        let mut effects = std::mem::take(&mut self.effects);
        self.storage.open_step();
        self.carrying_out = true;
        for effect in effects.list.drain(..) {
            let hot = &self.kernel.hot[slot.index()];
            if !hot.up || hot.incarnation != incarnation {
                break;
            }
            let node = hot.node;
            match effect {
                Effect::Send { to, message } => {
                    let recipients = &effects.recipients[to.start as usize..to.end as usize];
                    self.send(slot, recipients, message);
                }
                Effect::SetTimer { id, after, timer } => self.set_timer(slot, id, after, timer),
                Effect::CancelTimer(id) => {
                    self.kernel.fold(Folded::CancelTimer, slot, u64::from(id.0));
                    self.trace(slot, What::CancelTimer { id });
                    self.timers.cancel(slot, id);
                }
                Effect::Append { journal, record } => self.append(slot, journal, record),
                Effect::Rewrite { journal, records } => self.rewrite(slot, journal, records),
                Effect::Sync { journal, id } => self.sync(slot, journal, id),
                Effect::Hold(id) => self.hold(slot, id),
                Effect::Return { id, response } => {
                    if self.storage.gate_open() {
                        self.gate(slot, Gated::Return { id, response });
                    } else {
                        self.respond(slot, id, &response);
                    }
                }
                Effect::CloseLink(peer) => self.close_link(slot, peer),
                Effect::Observe(observation) => {
                    let journal = self.storage.last_journal();
                    if self.storage.gate_open() {
                        self.gate(slot, Gated::Observe { journal, observation });
                    } else {
                        self.observe(slot, node, journal, &observation);
                    }
                }
                Effect::Work(cost) => {
                    self.kernel.fold(Folded::Work, slot, cost.as_nanos());
                    self.trace(slot, What::Work { time: cost });
                    self.kernel.servers.turn_on();
                    self.kernel.servers.of(slot).work += cost;
                }
            }
        }
        effects.clear();
        self.effects = effects;
        self.carrying_out = false;
        let hot = &self.kernel.hot[slot.index()];
        let survived = hot.up && hot.incarnation == incarnation;
        self.close_step(slot, survived);
    }

    #[inline]
    fn send(&mut self, slot: Slot, recipients: &[NodeId], message: P::Message) {
        if self.kernel.watches.messages {
            self.about_to_send(slot, &message);
            if !self.kernel.hot[slot.index()].up {
                return;
            }
        }
        let payload = self.payload(message);
        if self.storage.gate_open() {
            for to in recipients {
                self.payloads[payload].users += 1;
                self.gate(slot, Gated::Send { to: *to, payload });
            }
        } else {
            for to in recipients {
                self.post(slot, *to, payload);
            }
        }
        self.release(payload);
    }

    /// Creates a payload with one user: the caller, who must release it.
    #[inline]
    pub(super) fn payload(&mut self, message: P::Message) -> u32 {
        let (size, content, kind) = (message.wire_size(), message.content(), message.kind());
        self.payloads.insert(Payload { message, users: 1, size, content, kind })
    }

    /// One user fewer.
    #[inline]
    pub(super) fn release(&mut self, payload: u32) {
        let users = &mut self.payloads[payload].users;
        *users -= 1;
        if *users == 0 {
            self.payloads.remove(payload);
        }
    }

    /// Hands a message to the network, for every slot that its recipient has.
    #[inline]
    pub(super) fn post(&mut self, from: Slot, to: NodeId, payload: u32) {
        let content = self.payloads[payload].content;
        self.kernel.fold(Folded::Send, from, content ^ u64::from(to.0).rotate_left(32));
        self.tell_checks_of(from, to, payload);
        if self.kernel.ground.plain() {
            if to.index() < self.kernel.hot.len() {
                self.transmit(from, Slot(to.0), to, payload);
            } else {
                self.nobody(payload);
            }
            return;
        }
        let mut count = 0;
        while let Some(slot) = self.kernel.ground.nth_slot_of(to, count) {
            self.transmit(from, slot, to, payload);
            count += 1;
        }
        if count == 0 {
            self.nobody(payload);
        }
    }

    #[cold]
    fn nobody(&mut self, payload: u32) {
        self.kernel.messages.sent += 1;
        self.kernel.sends.by_kind[usize::from(self.payloads[payload].kind)] += 1;
        self.kernel.drop_message(Dropped::Nobody);
    }

    #[inline]
    fn tell_checks_of(&mut self, from: Slot, to: NodeId, payload: u32) {
        if self.message_checks.is_empty() {
            return;
        }
        let message = &self.payloads[payload].message;
        let node = self.kernel.hot[from.index()].node;
        self.kernel.findings.set_now(self.kernel.now);
        for index in &self.message_checks {
            self.checks[*index].sent(&self.kernel.ground, node, to, message, &mut self.kernel.findings);
        }
        self.found_something();
    }

    #[inline]
    fn transmit(&mut self, from: Slot, to: Slot, name: NodeId, index: u32) {
        if self.gauges.watch_sends() {
            self.measure_send(from, self.payloads[index].kind);
        }
        let payload = &self.payloads[index];
        let (lane, priority) = (payload.message.lane(), payload.message.priority());
        let kernel = &mut self.kernel;
        kernel.messages.sent += 1;
        kernel.messages.bytes += u64::from(payload.size);
        kernel.sends.by_kind[usize::from(payload.kind)] += 1;
        let ordinal = kernel.sends.ordinal(to);
        let packet = Packet { now: kernel.now, from, to, size: payload.size, lane, priority, ordinal };
        let envelope = Envelope {
            from: kernel.hot[from.index()].node,
            from_slot: from,
            to,
            payload: index,
            id: kernel.messages.sent,
            session: 0,
            sent: kernel.now,
            lane,
            priority,
            damaged: false,
        };
        let sent = kernel.network.send(&packet);
        self.trace_sent(&envelope, name);
        let kernel = &mut self.kernel;
        match sent {
            Sent::One(flight) => {
                self.payloads[index].users += 1;
                self.launch(envelope, flight, ordinal);
            }
            Sent::Two(first, second) => {
                self.payloads[index].users += 2;
                kernel.messages.duplicated += 1;
                self.launch(envelope, first, ordinal);
                self.launch(envelope, second, ordinal ^ 0x8000_0000);
            }
            Sent::Lost(why) => {
                kernel.drop_message(Dropped::Network(why));
                self.trace_lost(&envelope, Dropped::Network(why));
            }
        }
    }

    #[inline]
    fn launch(&mut self, mut envelope: Envelope, flight: Flight, ordinal: u32) {
        envelope.session = flight.session;
        envelope.damaged = flight.damaged;
        let what = (u64::from(envelope.from_slot.0) << 32 | u64::from(envelope.to.0))
            ^ u64::from(ordinal).rotate_left(48);
        let key = self.kernel.envelopes.insert(envelope);
        self.kernel.queue(flight.at, what, Event::Deliver(key));
    }

    #[inline]
    fn set_timer(&mut self, slot: Slot, id: TimerId, after: Duration, timer: P::Timer) {
        self.trace(slot, What::SetTimer { id, after, timer: &timer });
        let kernel = &mut self.kernel;
        let content = timer.content() ^ after.as_nanos() ^ u64::from(id.0).rotate_left(48);
        kernel.fold(Folded::SetTimer, slot, content);
        let local = kernel.clocks.read(slot, kernel.now).saturating_add(after);
        let due = kernel.clocks.reaches(slot, local, kernel.now);
        if let Some(index) = self.timers.set(slot, id, local, due, timer) {
            kernel.queue(due, timer_name(slot, id), Event::Timer(index));
        }
    }

    fn close_link(&mut self, slot: Slot, peer: NodeId) {
        self.kernel.fold(Folded::CloseLink, slot, u64::from(peer.0));
        self.trace(slot, What::CloseLink { peer });
        let peers: Vec<Slot> = self.kernel.ground.slots_of(peer).collect();
        for peer in peers {
            self.kernel.network.close(self.kernel.now, slot, peer, &mut self.kernel.notices);
        }
        self.kernel.queue_notices();
    }
}

/// What a timer is called in a tie.
#[inline]
pub(super) fn timer_name(slot: Slot, id: TimerId) -> u64 {
    (u64::from(slot.0) << 32 | u64::from(id.0)) ^ 0x3377_0000_0000_0000
}
