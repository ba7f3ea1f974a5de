//! Two phases: safety under faults, then a core is healed and progress is demanded.

use super::World;
use crate::check::{Lifecycle, Seen};
use crate::identity::Slot;
use crate::kernel::Kernel;
use crate::kernel::event::Control;
use crate::outcome::{Ended, Progress, Stall};
use crate::process::{Process, Protocol};
use crate::subject::{Liveness, ProgressSeen};
use crate::time::Time;

/// Where a run is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Faults fire.
    Faults,
    /// A core is healed.
    Healed { core: Vec<Slot>, since: Time, owed: Result<(), Stall>, made: Option<Time> },
}

/// How often progress is probed in the second phase.
const PROBES: u64 = 16;

impl Phase {
    /// Whether the workload has come to its end.
    pub(super) fn over(&self) -> bool {
        matches!(self, Self::Healed { .. })
    }
}

/// A core that the protocol accepts as owed progress, among a few drawn; the last one if it accepts none.
fn choose_core<P: Protocol>(kernel: &Kernel, liveness: &dyn Liveness<P>) -> (Vec<Slot>, Result<(), Stall>) {
    const ATTEMPTS: u32 = 4;
    let mut attempt = 0;
    loop {
        let core = kernel.driver.choose_core(&kernel.ground, attempt);
        let owed = liveness.owed(&kernel.ground, &core);
        attempt += 1;
        if owed.is_ok() || attempt == ATTEMPTS {
            return (core, owed);
        }
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// What the world does itself, queued at the start.
    pub(super) fn queue_controls(&mut self) {
        let end = Time::ZERO + self.setup.duration;
        let control = if self.setup.progress_within.is_some() { Control::Heal } else { Control::End };
        self.kernel.queue_control(end, control, false);
        self.queue_faults();
        if let Some(at) = self.clients.workload.as_ref().and_then(crate::workload::Workload::first_arrival) {
            self.watch.arrival_queued = Some(at);
            self.kernel.queue_control(at, Control::Arrival, false);
        }
    }

    /// The first phase is over: a random core that the protocol accepts is healed, and nothing new fires.
    pub(super) fn heal(&mut self) {
        let Some(within) = self.setup.progress_within else { return };
        let kernel = &mut self.kernel;
        kernel.painter.mark(crate::trace::WORLD, kernel.now, "heal");
        let (core, owed) = choose_core(kernel, self.liveness.as_ref());
        let mut actions = std::mem::take(&mut kernel.actions);
        let ways = kernel.network.with_ways_between(&core);
        kernel.driver.heal(&kernel.ground, &core, &ways, &mut actions);
        kernel.watches = crate::kernel::Watches::default();
        self.perform(actions);
        self.renew_sessions(&core);
        self.mark_impaired(&core);
        for slot in &core {
            self.tell_lifecycle(*slot, Lifecycle::Healed);
        }
        let made = match self.liveness.seen_by() {
            ProgressSeen::Observations if self.liveness.reached(&self.kernel.ground, &core, None) => {
                Some(self.kernel.now)
            }
            _ => None,
        };
        let since = self.kernel.now;
        self.phase = Phase::Healed { core, since, owed, made };
        self.kernel.queue_control(since + within, Control::End, false);
        self.kernel.queue_control(since, Control::Probe, false);
        self.end_if_made();
    }

    /// Links inside the core, and between it and clients, are healed: what waits on them for a late retransmission
    /// does not wait any longer.
    fn renew_sessions(&mut self, core: &[Slot]) {
        let (kernel, members) = (&mut self.kernel, self.setup.members);
        let patience = self.setup.network.retransmit_after;
        let client = |slot: Slot| slot.0 >= members && slot.0 < members + self.setup.clients;
        let inside = |slot: Slot| client(slot) || core.contains(&slot);
        kernel.network.renew(kernel.now, patience, inside, &mut kernel.notices);
        kernel.queue_notices();
    }

    /// Nothing outside the core is healed: what is broken there stays so.
    fn mark_impaired(&mut self, core: &[Slot]) {
        let (kernel, patience) = (&mut self.kernel, self.setup.network.retransmit_after);
        let clients = (self.setup.members..self.setup.members + self.setup.clients).map(Slot);
        let healed: Vec<Slot> = core.iter().copied().chain(clients).collect();
        let impaired = kernel.driver.impaired(&healed, kernel.ground.places.len());
        let places = (0..).map(Slot).zip(&mut kernel.ground.places);
        for ((slot, place), impaired) in places.zip(impaired) {
            let outside = healed.binary_search(&slot).is_err();
            let held_up = || kernel.network.holds_up(kernel.now, patience, slot, &healed);
            place.impaired = outside && (impaired || held_up());
        }
    }

    /// Another try to see progress.
    pub(super) fn probe(&mut self) {
        let Phase::Healed { made: None, .. } = self.phase else { return };
        if self.liveness.seen_by() == ProgressSeen::Operations {
            self.probe_operation();
            let within = self.setup.progress_within.unwrap_or_default();
            let next = self.kernel.now + (within / PROBES).max(crate::time::Duration::from_nanos(1));
            self.kernel.queue_control(next, Control::Probe, false);
        }
    }

    pub(super) fn operation_succeeded(&mut self, invoked: Time) {
        let now = self.kernel.now;
        if self.liveness.seen_by() != ProgressSeen::Operations {
            return;
        }
        if let Phase::Healed { since, made: made @ None, .. } = &mut self.phase
            && invoked >= *since
        {
            *made = Some(now);
            self.end_if_made();
        }
    }

    #[inline]
    pub(super) fn progress_by(&mut self, seen: &Seen<'_, P>) {
        if let Phase::Healed { core, made: made @ None, .. } = &mut self.phase
            && self.liveness.seen_by() == ProgressSeen::Observations
            && self.liveness.reached(&self.kernel.ground, core, Some(seen))
        {
            *made = Some(self.kernel.now);
            self.end_if_made();
        }
    }

    fn end_if_made(&mut self) {
        if matches!(self.phase, Phase::Healed { made: Some(_), .. }) {
            self.ended = Some(Ended::Horizon);
        }
    }

    /// Whether progress would be seen by operations, and there was nobody to do one.
    fn nobody_was_asked(&self) -> bool {
        self.liveness.seen_by() == ProgressSeen::Operations && self.clients.probes == 0
    }

    /// Whether the healed core was one that the protocol accepts as owed progress: a run may make it all the same.
    pub(super) fn owes_progress(&self) -> bool {
        matches!(&self.phase, Phase::Healed { owed: Ok(()), .. })
    }

    /// What became of progress, at the end.
    pub(super) fn progress(&self, ended: Ended) -> Progress {
        match &self.phase {
            Phase::Faults if self.setup.progress_within.is_none() => {
                let why = if self.setup.progress_unbounded {
                    "there is no second phase: the network loses too much for any bound on progress"
                } else {
                    "there is no second phase: none was asked for"
                };
                Progress::NotOwed { why: why.to_owned() }
            }
            Phase::Faults => Progress::NotOwed { why: "the run ended in its first phase".to_owned() },
            Phase::Healed { since, made: Some(made), .. } => {
                Progress::Made { after_ns: made.since(*since).as_nanos() }
            }
            Phase::Healed { .. } if self.nobody_was_asked() => {
                Progress::NotOwed { why: "no client is there to ask for anything".to_owned() }
            }
            Phase::Healed { owed: Err(reason), .. } => Progress::Stalled { reason: *reason },
            Phase::Healed { core, .. } => match self.liveness.explain(&self.kernel.ground, core) {
                Some(reason) => Progress::Stalled { reason },
                None if ended == Ended::Horizon => Progress::Missed,
                None => Progress::NotOwed { why: "the run ended before progress was due".to_owned() },
            },
        }
    }
}
