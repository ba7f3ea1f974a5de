//! Effects out: what a step asked for is carried out in order, folded into the digest, and gated where it asked so.

use std::ops::Range;

use super::World;
use super::storage::Gated;
use crate::check::ask;
use crate::facts::Facts;
use crate::fault::Awaited;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::{Event, Parcel, Payload, round_of};
use crate::kernel::{Dropped, Folded, tie};
use crate::network::{Lost, Sent};
use crate::process::{Effect, Message, Process, Protocol, TimerId};
use crate::time::Duration;
use crate::trace::What;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Carries out the effects of a step. Stops where the slot crashes in the middle, as a trigger may make it.
    ///
    /// All but the sends are functions of their own: in one body, the addresses that each kind of effect needs are worked
    /// out for every step, and crowd what a send needs out of the registers.
    #[inline(never)]
    pub(super) fn carry_out(&mut self, slot: Slot, node: NodeId, incarnation: u32) {
        self.storage.open_step();
        self.carrying_out = true;
        let truth = self.kernel.refreshed;
        // Taken for the while: no step begins meanwhile. Each effect is looked at where it lies, and what it owns is moved from there
        // to its place, once: what is copied on the way is read again before it is written, and the processor waits.
        let mut list = std::mem::take(&mut self.effects.list);
        for effect in &mut list {
            if self.kernel.refreshed != truth && !self.survives(slot, incarnation) {
                break;
            }
            match *effect {
                Effect::Send { ref to, ref message } => {
                    let to = to.clone();
                    match self.kernel.awaiting_message(message.kind()) {
                        None => {
                            let parcel = self.parcel(slot, node, message);
                            let parcel = self.pack_up(parcel, || said(effect));
                            self.send(slot, &parcel, to);
                        }
                        Some(awaited) => self.send_watched(slot, node, (to, said(effect)), awaited),
                    }
                }
                Effect::Observe(ref observation) if !self.storage.gate_open() => {
                    self.observe(slot, node, self.storage.last_journal(), observation);
                }
                Effect::Append { journal, ref record } => {
                    self.before_append(slot, journal, record);
                    self.append(slot, journal, || written(effect));
                }
                Effect::Sync { journal, id } => self.sync(slot, journal, id),
                Effect::Hold(id) => self.hold(slot, id),
                Effect::HoldUntilDurable(journal) => self.hold_until_durable(slot, journal),
                Effect::CancelTimer(id) => self.cancel_timer(slot, id),
                Effect::CloseLink(peer) => self.kernel.close_link(slot, peer),
                Effect::Work(cost) => self.kernel.work(slot, cost),
                Effect::Abort { restart_after } => self.abort(slot, restart_after),
                Effect::SetTimer { .. } => {
                    if let Effect::SetTimer { id, after, timer } = effect.take() {
                        self.set_timer(slot, id, after, timer);
                    }
                }
                Effect::Rewrite { .. } | Effect::Return { .. } | Effect::Observe(_) => {
                    self.use_up(slot, effect.take());
                }
            }
        }
        list.clear();
        std::mem::swap(&mut self.effects.list, &mut list);
        // What stood there meanwhile owns nothing.
        std::mem::forget(list);
        self.effects.recipients.clear();
        self.carrying_out = false;
        if self.storage.gate_open() {
            let survived = self.survives(slot, incarnation);
            self.close_step(slot, survived);
        }
    }

    /// Carries out what is seldom asked for.
    #[inline(never)]
    fn use_up(&mut self, slot: Slot, effect: Effect<P>) {
        match effect {
            Effect::Rewrite { journal, records } => self.rewrite(slot, journal, records),
            Effect::Return { id, response } if self.storage.gate_open() => {
                self.gate(slot, || Gated::Return { id, response });
            }
            Effect::Return { id, response } => self.respond(slot, id, &response),
            Effect::Observe(observation) => {
                let journal = self.storage.last_journal();
                self.gate(slot, || Gated::Observe { journal, observation });
            }
            _ => {}
        }
    }

    /// Whether the incarnation that took the step is still there.
    fn survives(&self, slot: Slot, incarnation: u32) -> bool {
        let hot = &self.kernel.hot[slot.index()];
        hot.up && hot.incarnation == incarnation
    }

    #[inline(always)]
    fn send(&mut self, slot: Slot, parcel: &Parcel, recipients: Range<u32>) {
        if self.storage.gate_open() {
            for index in recipients {
                self.payloads[parcel.payload].users += 1;
                let to = self.effects.recipients[index as usize];
                self.gate(slot, || Gated::Send { to, payload: parcel.payload });
            }
            self.release(parcel.payload);
        } else {
            let mut copies = 0;
            for index in recipients {
                let to = self.effects.recipients[index as usize];
                copies += self.post(parcel, to);
            }
            self.hand_over(parcel.payload, copies);
        }
    }

    /// [`World::send`] where faults wait for messages: one for each recipient, the next before it is sent.
    #[cold]
    fn send_watched(
        &mut self,
        slot: Slot,
        sender: NodeId,
        (recipients, message): (Range<u32>, P::Message),
        awaited: Awaited,
    ) {
        let parcel = self.pack(slot, sender, message);
        let mut copies = 0;
        for index in recipients {
            if let Some(struck) = self.kernel.send_triggers(slot, awaited) {
                self.strike(struck);
                if !self.kernel.hot[slot.index()].up {
                    break;
                }
            }
            let to = self.effects.recipients[index as usize];
            if self.storage.gate_open() {
                self.payloads[parcel.payload].users += 1;
                self.gate(slot, || Gated::Send { to, payload: parcel.payload });
            } else {
                copies += self.post(&parcel, to);
            }
        }
        self.hand_over(parcel.payload, copies);
    }

    /// Creates a payload with one user: the caller, who must release it or hand it over.
    pub(super) fn pack(&mut self, from: Slot, sender: NodeId, message: P::Message) -> Parcel {
        let parcel = self.parcel(from, sender, &message);
        self.pack_up(parcel, || message)
    }

    /// What is written on a message, which has no payload yet.
    #[inline]
    fn parcel(&mut self, from: Slot, sender: NodeId, message: &P::Message) -> Parcel {
        let (size, content, kind) = (message.wire_size(), message.content(), message.kind());
        let (lane, priority) = (self.kernel.lane(message.lane()), message.priority());
        Parcel { from, sender, payload: 0, size, content, kind, lane, priority, round: round_of(message) }
    }

    /// [`World::pack`] with a message that moves from where it lies to its place, once.
    #[inline(always)]
    fn pack_up(&mut self, parcel: Parcel, message: impl FnOnce() -> P::Message) -> Parcel {
        let Parcel { size, content, kind, lane, priority, round, .. } = parcel;
        let payload = self.payloads.insert_with(|| Payload {
            message: message(),
            users: 1,
            size,
            content,
            kind,
            lane,
            priority,
            round,
        });
        Parcel { payload, ..parcel }
    }

    /// One user fewer.
    #[inline]
    pub(super) fn release(&mut self, payload: u32) {
        let users = &mut self.payloads[payload].users;
        *users -= 1;
        if *users == 0 {
            self.payloads.discard(payload);
        }
    }

    /// One user fewer, and as many more as copies are under way.
    #[inline]
    pub(super) fn hand_over(&mut self, payload: u32, copies: u32) {
        let users = &mut self.payloads[payload].users;
        *users = *users + copies - 1;
        if *users == 0 {
            self.payloads.discard(payload);
        }
    }

    /// Hands a message to the network, for every slot that its recipient has; how many copies are under way then.
    #[inline(always)]
    pub(super) fn post(&mut self, parcel: &Parcel, to: NodeId) -> u32 {
        self.kernel.fold(Folded::Send, parcel.from, parcel.content ^ u64::from(to.0).rotate_left(32));
        if !self.readers[usize::from(parcel.kind)].is_empty() {
            self.tell_checks_of(parcel, to);
        }
        if self.kernel.gauges.watch_sends() {
            self.kernel.measure_send(parcel.from, parcel.kind);
        }
        if self.kernel.ground.plain() {
            if to.index() < self.kernel.hot.len() {
                return self.transmit(parcel, Slot(to.0), to);
            }
            return self.kernel.send_to_nobody(parcel);
        }
        let (mut places, mut copies) = (0, 0);
        while let Some(slot) = self.kernel.ground.nth_slot_of(to, places) {
            copies += self.transmit(parcel, slot, to);
            places += 1;
        }
        if places == 0 { self.kernel.send_to_nobody(parcel) } else { copies }
    }

    /// Some checks read messages of this kind.
    #[inline]
    fn tell_checks_of(&mut self, parcel: &Parcel, to: NodeId) {
        let message = &self.payloads[parcel.payload].message;
        let ground = &self.kernel.ground;
        let readers = &self.readers[usize::from(parcel.kind)];
        let findings = (self.kernel.now, &mut self.kernel.findings);
        ask((&mut self.checks, readers), findings, |check, findings| {
            check.sent(ground, parcel.sender, to, message, findings);
        });
        self.kernel.found_something();
    }

    #[inline(always)]
    fn transmit(&mut self, parcel: &Parcel, to: Slot, name: NodeId) -> u32 {
        let copies = match self.kernel.setup.network.coalition_delay {
            None => self.kernel.transmit(parcel, to),
            Some(granted) => self.transmit_late(parcel, to, granted),
        };
        if self.kernel.traced() {
            self.trace_sent(parcel, self.kernel.messages.sent, name);
            if let Err(why) = copies {
                let id = self.kernel.messages.sent;
                self.kernel.trace_lost(parcel.from, id, Dropped::Network(why));
            }
        }
        copies.unwrap_or(0)
    }

    /// [`Kernel::transmit`](crate::kernel::Kernel::transmit) of a message that the coalition may hold back.
    #[cold]
    fn transmit_late(&mut self, parcel: &Parcel, to: Slot, granted: Duration) -> Result<u32, Lost> {
        let packet = self.kernel.packet(parcel, to);
        if self.kernel.is_parted(parcel, to) {
            return self.kernel.launch(parcel, &packet, Sent::Lost(Lost::Round));
        }
        let late = self.held_back(&packet, parcel.payload, granted);
        let sent = self.kernel.network.send_late(&packet, late);
        self.kernel.launch(parcel, &packet, sent)
    }

    #[inline(never)]
    fn set_timer(&mut self, slot: Slot, id: TimerId, after: Duration, timer: P::Timer) {
        if self.kernel.traced() {
            self.kernel.trace(slot, What::SetTimer { id, after, timer: &timer });
        }
        let kernel = &mut self.kernel;
        let content = timer.content() ^ after.as_nanos() ^ u64::from(id.0).rotate_left(48);
        kernel.fold(Folded::SetTimer, slot, content);
        let mut local = kernel.clocks.timers(slot, kernel.now).saturating_add(after);
        let late = kernel.timer_lateness(slot, id);
        if !late.is_zero() {
            local = local.saturating_add(late);
        }
        let due = kernel.clocks.reaches(slot, local, kernel.now);
        if kernel.ledger.on && !late.is_zero() {
            kernel.ledger.timer(slot, late, due);
        }
        if let Some(index) = self.timers.set(slot, id, local, due, timer) {
            kernel.queue(due, tie::timer(slot, id), Event::Timer(index));
        }
    }

    #[inline(never)]
    fn cancel_timer(&mut self, slot: Slot, id: TimerId) {
        self.kernel.fold(Folded::CancelTimer, slot, u64::from(id.0));
        self.kernel.trace(slot, What::CancelTimer { id });
        self.timers.cancel(slot, id);
    }
}

/// The record of an append.
#[inline(always)]
fn written<P: Protocol>(effect: &mut Effect<P>) -> P::Record {
    match effect.take() {
        Effect::Append { record, .. } => record,
        _ => unreachable!("it was looked at before"),
    }
}

/// The message of a send.
#[inline(always)]
fn said<P: Protocol>(effect: &mut Effect<P>) -> P::Message {
    match effect.take() {
        Effect::Send { message, .. } => message,
        _ => unreachable!("it was looked at before"),
    }
}
