//! What a trace hears of a run. Without a tracer each of these is one branch.

use super::World;
use super::step::Stimulus;
use crate::fault::{Action, words};
use crate::identity::{NodeId, Slot};
use crate::kernel::Dropped;
use crate::kernel::event::{Envelope, Parcel};
use crate::network::Lost;
use crate::process::{Process, Protocol};
use crate::trace::{Known, LossReason, ShowFacts, TraceEvent, WORLD, What};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Records something, if there is a tracer. Callers that must prepare anything ask [`World::traced`] first.
    #[inline]
    pub(super) fn trace(&mut self, slot: Slot, what: What<&dyn ShowFacts, &str>) {
        if let Some(tracer) = &mut self.tracer {
            let event = TraceEvent { at: self.kernel.now, slot, sequence: self.kernel.events, what };
            tracer.record(&event);
        }
    }

    #[inline]
    pub(super) fn traced(&self) -> bool {
        self.tracer.is_some()
    }

    #[inline]
    pub(super) fn trace_input(&mut self, slot: Slot, stimulus: &Stimulus<P>) {
        if !self.traced() {
            return;
        }
        if let Some(lookout) = &self.lookout {
            lookout.stepping(self.kernel.events, self.kernel.now, slot);
        }
        match stimulus {
            Stimulus::Start => self.trace(slot, What::Start),
            // Recorded where the envelope is known.
            Stimulus::Message { .. } => {}
            Stimulus::Timer { id, timer } => self.trace(slot, What::Fire { id: *id, timer }),
            Stimulus::Request { id, request } => self.trace(slot, What::Request { id: *id, request }),
            Stimulus::Link { peer, state } => self.trace(slot, What::Link { peer: *peer, state: *state }),
            Stimulus::Synced { id, result } => self.trace(slot, What::Synced { id: *id, result: *result }),
        }
    }

    pub(super) fn trace_sent(&mut self, parcel: &Parcel, id: u64, to: NodeId) {
        if let Some(tracer) = &mut self.tracer {
            let facts = &self.payloads[parcel.payload].message;
            let message: &dyn ShowFacts = &Known { facts, hash: parcel.content };
            let what = What::Send { id, to, message };
            let sequence = self.kernel.events;
            tracer.record(&TraceEvent { at: self.kernel.now, slot: parcel.from, sequence, what });
        }
    }

    #[inline]
    pub(super) fn trace_arrival(&mut self, envelope: &Envelope) {
        if let Some(tracer) = &mut self.tracer {
            let payload = &self.payloads[envelope.payload];
            let message: &dyn ShowFacts = &Known { facts: &payload.message, hash: payload.content };
            let what =
                What::Deliver { id: envelope.id, from: envelope.from, sent_at: envelope.sent, message };
            // The step that this begins has the next number.
            let sequence = self.kernel.events + 1;
            tracer.record(&TraceEvent { at: self.kernel.now, slot: envelope.to, sequence, what });
        }
    }

    /// A message was lost at this slot: where it was sent, or where it should have arrived.
    #[inline]
    pub(super) fn trace_lost(&mut self, slot: Slot, id: u64, why: Dropped) {
        self.trace(slot, What::Lost { id, reason: reason(why) });
    }

    #[inline]
    pub(super) fn trace_observation(&mut self, slot: Slot, facts: &P::Observation, hash: u64) {
        self.trace(slot, What::Observe { observation: &Known { facts, hash } });
    }

    #[inline]
    pub(super) fn trace_fault(&mut self, action: &Action) {
        if self.traced() {
            let text = words::action(action, &self.kernel.ground);
            self.trace(action.slot().unwrap_or(WORLD), What::Fault { text: &text });
        }
    }
}

const fn reason(why: Dropped) -> LossReason {
    match why {
        Dropped::Network(Lost::Loss) => LossReason::Chance,
        Dropped::Network(Lost::Cut) | Dropped::CutUnderway => LossReason::Cut,
        Dropped::Network(Lost::NoSession) => LossReason::SessionEnded,
        Dropped::Network(Lost::NoRoute) | Dropped::Nobody => LossReason::Unreachable,
        Dropped::Network(Lost::QueueFull) | Dropped::Shed => LossReason::Overflow,
        Dropped::ReceiverDown => LossReason::Down,
        Dropped::Checksum => LossReason::Corrupt,
    }
}
