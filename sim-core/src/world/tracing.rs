//! Tracing of inputs, messages and observations. Without a tracer each of these functions is one branch.

use super::World;
use super::step::Stimulus;
use crate::identity::{NodeId, Slot};
use crate::kernel::Kernel;
use crate::kernel::event::{Envelope, Parcel};
use crate::process::{Process, Protocol};
use crate::trace::{Known, ShowFacts, What};

/// Records what a step is taken on.
#[inline]
pub(super) fn trace_input<P: Protocol>(kernel: &mut Kernel, slot: Slot, stimulus: &Stimulus<P>) {
    if kernel.traced() {
        record_input(kernel, slot, stimulus);
    }
}

#[cold]
fn record_input<P: Protocol>(kernel: &mut Kernel, slot: Slot, stimulus: &Stimulus<P>) {
    if let Some(lookout) = &kernel.lookout {
        lookout.stepping(kernel.events, kernel.now, slot);
    }
    match stimulus {
        Stimulus::Start => kernel.trace(slot, What::Start),
        // Recorded where the envelope is known.
        Stimulus::Message { .. } => {}
        Stimulus::Timer { id, timer } => kernel.trace(slot, What::Fire { id: *id, timer }),
        Stimulus::Request { id, request } => kernel.trace(slot, What::Request { id: *id, request }),
        Stimulus::Link { peer, state } => kernel.trace(slot, What::Link { peer: *peer, state: *state }),
        Stimulus::Synced { id, result } => kernel.trace(slot, What::Synced { id: *id, result: *result }),
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    pub(super) fn trace_sent(&mut self, parcel: &Parcel, id: u64, to: NodeId) {
        let facts = &self.payloads[parcel.payload].message;
        let message: &dyn ShowFacts = &Known { facts, hash: parcel.content };
        self.kernel.trace(parcel.from, What::Send { id, to, message });
    }

    #[inline]
    pub(super) fn trace_arrival(&mut self, envelope: &Envelope) {
        if self.kernel.traced() {
            let &Envelope { id, from, to, sent: sent_at, .. } = envelope;
            let payload = &self.payloads[envelope.payload];
            let message: &dyn ShowFacts = &Known { facts: &payload.message, hash: payload.content };
            // The step that this begins has the next number.
            let sequence = self.kernel.events + 1;
            self.kernel.record(to, sequence, What::Deliver { id, from, sent_at, message });
        }
    }

    #[inline]
    pub(super) fn trace_observation(&mut self, slot: Slot, facts: &P::Observation, hash: u64) {
        if self.kernel.traced() {
            self.record_observation(slot, facts, hash);
        }
    }

    #[cold]
    fn record_observation(&mut self, slot: Slot, facts: &P::Observation, hash: u64) {
        self.kernel.trace(slot, What::Observe { observation: &Known { facts, hash } });
    }
}
