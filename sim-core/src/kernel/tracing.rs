//! Tracing of everything that names no type of a protocol. Without a tracer each of these functions is one branch.

use super::{Dropped, Kernel};
use crate::fault::{Action, words};
use crate::identity::Slot;
use crate::network::Lost;
use crate::trace::{LossReason, ShowFacts, TraceEvent, WORLD, What};

impl Kernel {
    /// Records something, if there is a tracer. Callers that must prepare anything ask [`Kernel::traced`] first.
    #[inline]
    pub(crate) fn trace(&mut self, slot: Slot, what: What<&dyn ShowFacts, &str>) {
        if self.tracer.is_some() {
            self.record(slot, self.events, what);
        }
    }

    /// Records something as part of the step with this number.
    #[cold]
    #[inline(never)]
    pub(crate) fn record(&mut self, slot: Slot, sequence: u64, what: What<&dyn ShowFacts, &str>) {
        if let Some(tracer) = &mut self.tracer {
            tracer.record(&TraceEvent { at: self.now, slot, sequence, what });
        }
    }

    #[inline]
    pub(crate) fn traced(&self) -> bool {
        self.tracer.is_some()
    }

    /// A message was lost at this slot: where it was sent, or where it should have arrived.
    #[inline]
    pub(crate) fn trace_lost(&mut self, slot: Slot, id: u64, why: Dropped) {
        self.trace(slot, What::Lost { id, reason: reason(why) });
    }

    pub(crate) fn trace_detour(&mut self, taken: crate::process::Taken) {
        if self.traced() {
            let text = words::detour_at(taken.point, taken.slot, &self.ground);
            self.trace(taken.slot, What::Fault { text: &text });
        }
    }

    pub(crate) fn trace_fault(&mut self, action: &Action) {
        if self.traced() {
            let text = words::action(action, &self.ground);
            self.trace(action.slot().unwrap_or(WORLD), What::Fault { text: &text });
        }
    }
}

const fn reason(why: Dropped) -> LossReason {
    match why {
        Dropped::Network(Lost::Loss) => LossReason::Chance,
        Dropped::Network(Lost::Cut | Lost::Round) | Dropped::CutUnderway => LossReason::Cut,
        Dropped::Network(Lost::NoSession) => LossReason::SessionEnded,
        Dropped::Network(Lost::NoRoute) | Dropped::Nobody => LossReason::Unreachable,
        Dropped::Network(Lost::QueueFull) | Dropped::Shed => LossReason::Overflow,
        Dropped::ReceiverDown => LossReason::Down,
        Dropped::Checksum => LossReason::Corrupt,
    }
}
