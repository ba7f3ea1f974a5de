//! What processes report: it is counted, measured and checked, and triggers may wait for it.

use super::World;
use super::new::interested;
use crate::check::{Judge, Seen, ask};
use crate::facts::Facts;
use crate::identity::{NodeId, Slot};
use crate::kernel::{Folded, Kernel};
use crate::process::{JournalId, Observe, Process, Protocol, Summary};

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
        let kind = observation.kind();
        let audience = &self.audiences[usize::from(kind)];
        if audience.readers || self.kernel.gauges.watch_observations() {
            sum_up(&mut self.kernel, slot, observation);
        } else {
            debug_assert_eq!(
                observation.summary(),
                Summary::default(),
                "{} is named opaque",
                observation.kind_name()
            );
        }
        self.kernel.count_observation(kind, slot);
        let ground = &self.kernel.ground;
        ask((&mut self.checks, &audience.checks), (now, &mut self.kernel.findings), |check, findings| {
            check.observe(ground, &seen, findings);
        });
        self.kernel.found_something();
        if audience.liveness {
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

/// A neutral reader makes of it what can be made.
#[inline(never)]
fn sum_up(kernel: &mut Kernel, slot: Slot, observation: &impl Observe) {
    let summary = observation.summary();
    let was = kernel.ground.place(slot).status.role;
    kernel.take_status(slot, &summary);
    if kernel.gauges.watch_observations() {
        kernel.measure_observation(slot, was, (observation.kind(), summary));
    }
}

/// Who is told of observations of a kind.
#[derive(Debug)]
pub(super) struct Audience {
    /// The checks that hear of it.
    checks: Vec<usize>,
    /// Whether what knows the progress owed hears of it from the start.
    liveness: bool,
    /// Whether neutral readers make something of it.
    readers: bool,
}

impl Audience {
    /// Who is told, for each kind: the checks, and liveness of what it `follows`.
    pub(super) fn of_kinds<P: Protocol>(checks: &[Judge<P>], follows: &[&str]) -> Vec<Self> {
        let hearers = interested(checks, P::Observation::KINDS, |check| check.hears());
        let kinds = P::Observation::KINDS.iter().zip(hearers);
        let audience = |(kind, checks): (&&str, Vec<usize>)| Self {
            checks,
            liveness: follows.contains(kind),
            readers: !P::Observation::OPAQUE.contains(kind),
        };
        kinds.map(audience).collect()
    }
}
