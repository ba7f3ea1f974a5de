//! What processes report: it is counted, measured and checked, and triggers may wait for it.

use super::World;
use crate::check::{Seen, ask};
use crate::facts::Facts;
use crate::identity::{NodeId, Slot};
use crate::kernel::Folded;
use crate::process::{JournalId, Observe, Process, Protocol};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// A process reports something.
    pub(super) fn observe(
        &mut self,
        slot: Slot,
        node: NodeId,
        journal: JournalId,
        observation: &P::Observation,
    ) {
        let now = self.kernel.now;
        let content = observation.content();
        self.kernel.fold(Folded::Observe, slot, content);
        self.trace_observation(slot, observation, content);
        let place = &self.kernel.ground.places[slot.index()];
        let seen = Seen {
            slot,
            node,
            incarnation: place.incarnation,
            honest: place.honest,
            journal,
            mark: place.mark(journal),
            observation,
        };
        let summary = observation.summary();
        let was = place.status.role;
        self.kernel.take_status(slot, &summary);
        let kind = observation.kind();
        self.kernel.count_observation(kind, slot);
        if self.kernel.gauges.watch_observations() {
            self.kernel.measure_observation(slot, was, (kind, summary));
        }
        let ground = &self.kernel.ground;
        let hearers = &self.hearers[usize::from(kind)];
        ask((&mut self.checks, hearers), (now, &mut self.kernel.findings), |check, findings| {
            check.observe(ground, &seen, findings);
        });
        self.kernel.found_something();
        if self.followed[usize::from(kind)] {
            self.liveness.observe(&seen);
            let ground = &mut self.kernel.ground;
            if ground.electorates != self.liveness.electorates() {
                ground.electorates = self.liveness.electorates().to_vec();
            }
        }
        self.progress_by(&seen);
        if let Some(awaited) = self.kernel.awaiting_observation(kind)
            && let Some(struck) = self.kernel.observation_triggers(slot, journal, awaited)
        {
            self.strike(struck);
        }
    }
}
