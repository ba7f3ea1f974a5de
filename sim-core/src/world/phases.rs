//! Two phases: safety under faults, then a core is healed and progress is demanded, by the rule of
//! [`crate::progress`].

mod excuse;
mod heal;

use super::World;
use crate::check::Seen;
use crate::identity::Slot;
use crate::kernel::event::Control;
use crate::outcome::{Ended, Progress, Stall};
use crate::process::{Process, Protocol};
use crate::progress::{Count, Ruling};
use crate::subject::Reach;
use crate::time::{Duration, Time};

use excuse::Stage;

/// Where a run is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Faults fire.
    Faults,
    /// A core is healed.
    Healed(Box<Healed>),
}

/// What is demanded of a healed core, and what became of it so far.
#[derive(Debug)]
pub(super) struct Healed {
    core: Vec<Slot>,
    since: Time,
    owed: Result<(), Stall>,
    count: Count,
    window: Duration,
    /// When the open window began.
    begun: Time,
    stage: Stage,
    /// Whether the protocol has reached what it owes by itself.
    reached: bool,
    /// Where each client stands, if clients are asked.
    clients: Vec<Asked>,
    end: Option<End>,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// To be asked, or to be asked again.
    Free,
    /// It has an operation of the second phase under way.
    Waits,
    /// One of those operations succeeded.
    Answered,
}

/// How the second phase ended.
#[derive(Clone, Debug)]
enum End {
    Made { late: Option<String> },
    Stalled { reason: Stall, detail: String },
    Missed { detail: String },
}

impl Phase {
    /// Whether the workload has come to its end.
    pub(super) fn over(&self) -> bool {
        matches!(self, Self::Healed(_))
    }

    fn open(&mut self) -> Option<&mut Healed> {
        match self {
            Self::Healed(healed) if healed.end.is_none() => Some(healed),
            _ => None,
        }
    }
}

impl Healed {
    fn is_made(&self) -> bool {
        self.reached && self.clients.iter().all(|client| *client == Asked::Answered)
    }

    /// How many windows and attempts it took, in words.
    fn figures(&self) -> String {
        let attempts = self.count.attempts();
        let owed = self.count.owed().unwrap_or_default();
        format!("{attempts} attempts passed, each long enough by the environment; {owed} are owed")
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// What the world does itself, queued at the start.
    pub(super) fn queue_controls(&mut self) {
        let end = Time::ZERO + self.setup.duration;
        let control = if self.setup.progress_timeout.is_some() { Control::Heal } else { Control::End };
        self.kernel.queue_control(end, control, false);
        self.queue_faults();
        if let Some(at) = self.clients.workload.as_ref().and_then(crate::workload::Workload::first_arrival) {
            self.watch.arrival_queued = Some(at);
            self.kernel.queue_control(at, Control::Arrival, false);
        }
    }

    /// A window ends, and the next one begins.
    pub(super) fn probe(&mut self) {
        let now = self.kernel.now;
        let Some(healed) = self.phase.open() else { return };
        let first = now == healed.since;
        if !first {
            let timely = self.kernel.ledger.close(healed.begun);
            match healed.count.close(timely) {
                Ruling::Wait if self.is_stuck() => return self.stalled(true, true),
                Ruling::Wait if self.waits_too_long() => return self.stalled(false, false),
                Ruling::Wait => {}
                Ruling::Overdue => return self.stalled(true, false),
                Ruling::GivenUp => return self.stalled(false, false),
            }
        }
        self.open_window();
    }

    fn open_window(&mut self) {
        let now = self.kernel.now;
        let Some(healed) = self.phase.open() else { return };
        healed.begun = now;
        let next = now.saturating_add(healed.window);
        self.ask_clients();
        self.kernel.queue_control(next, Control::Probe, false);
    }

    /// Nothing is under way, no timer is set, and no client is to be asked again: nothing will ever happen.
    fn is_stuck(&mut self) -> bool {
        let Some(healed) = self.phase.open() else { return false };
        let asks = healed.clients.contains(&Asked::Free);
        healed.owed.is_ok() && !asks && self.kernel.agenda.is_empty()
    }

    /// What is late already lasts longer than anybody waits.
    fn waits_too_long(&mut self) -> bool {
        let late_until = self.kernel.ledger.late_until();
        let Some(healed) = self.phase.open() else { return false };
        let longest = healed.window.saturating_mul(healed.count.longest());
        healed.owed.is_ok() && late_until > self.kernel.now.saturating_add(longest)
    }

    /// Asks each client for an operation that has none under way, and whose last one did not succeed.
    fn ask_clients(&mut self) {
        let clients = match self.phase.open() {
            Some(healed) => healed.clients.len(),
            None => return,
        };
        for client in 0..clients {
            let Some(healed) = self.phase.open() else { return };
            if healed.clients[client] == Asked::Free {
                healed.clients[client] = Asked::Waits;
                if !self.probe_operation(client as u32)
                    && let Some(healed) = self.phase.open()
                {
                    healed.clients[client] = Asked::Free;
                }
            }
        }
    }

    /// An operation of a client ended.
    pub(super) fn operation_ended(&mut self, client: u32, invoked: Time, succeeded: bool) {
        let Some(healed) = self.phase.open() else { return };
        if invoked < healed.since {
            return healed.count.restart();
        }
        let Some(asked) = healed.clients.get_mut(client as usize) else { return };
        if *asked == Asked::Answered {
            return;
        }
        *asked = if succeeded { Asked::Answered } else { Asked::Free };
        if succeeded {
            self.came(true);
        }
    }

    #[inline]
    pub(super) fn progress_by(&mut self, seen: &Seen<'_, P>) {
        let Some(healed) = self.phase.open().filter(|healed| !healed.reached) else { return };
        match self.liveness.reached(&self.kernel.ground, &healed.core, Some(seen)) {
            Reach::Nothing => {}
            Reach::More => self.came(false),
            Reach::All => {
                healed.reached = true;
                self.came(true);
            }
        }
    }

    /// Something came that was owed; perhaps it was the last (`may_end`).
    fn came(&mut self, may_end: bool) {
        let Some(healed) = self.phase.open() else { return };
        if may_end && healed.is_made() {
            return self.made();
        }
        healed.count.restart();
    }

    fn made(&mut self) {
        let Some(healed) = self.phase.open() else { return };
        let late = healed.count.is_late().then(|| healed.figures());
        let proof = healed.stage.proof();
        let end = match proof {
            Some((reason, detail)) => End::Stalled { reason, detail },
            None => End::Made { late },
        };
        self.end_phase(end);
    }

    fn end_phase(&mut self, end: End) {
        if let Some(healed) = self.phase.open() {
            healed.end = Some(end);
            self.ended = Some(Ended::Horizon);
        }
    }

    /// Whether the healed core was one that the protocol accepts as owed progress: a run may make it all the same.
    pub(super) fn owes_progress(&self) -> bool {
        matches!(&self.phase, Phase::Healed(healed) if healed.owed.is_ok())
    }

    /// What became of progress, at the end.
    pub(super) fn progress(&self) -> Progress {
        let why = |why: &str| Progress::NotOwed { why: why.to_owned() };
        match &self.phase {
            Phase::Faults if self.setup.progress_timeout.is_none() => {
                why("there is no second phase: none was asked for")
            }
            Phase::Faults => why("the run ended in its first phase"),
            Phase::Healed(_) if self.nobody_was_asked() => why("no client is there to ask for anything"),
            Phase::Healed(healed) => match healed.end.clone() {
                Some(End::Made { late }) => {
                    let after_ns = self.kernel.now.since(healed.since).as_nanos();
                    Progress::Made { after_ns, late }
                }
                Some(End::Stalled { reason, detail }) => Progress::Stalled { reason, detail },
                Some(End::Missed { detail }) => Progress::Missed { detail },
                None => why("the run ended before progress was due"),
            },
        }
    }

    /// Whether progress would be seen by operations, and there was nobody to do one.
    fn nobody_was_asked(&self) -> bool {
        self.liveness.asks_clients() && self.clients.probes == 0
    }

    /// Whether what is owed is overdue, so that whatever is missing accuses.
    pub(super) fn is_overdue(&self) -> bool {
        matches!(&self.phase, Phase::Healed(healed) if matches!(healed.end, Some(End::Missed { .. })))
    }
}
