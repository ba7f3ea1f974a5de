//! Two phases: safety under faults, then a core is healed and progress is demanded, by the rule of
//! [`crate::progress`].

mod excuse;
mod heal;

use super::Kernel;
use crate::identity::Slot;
use crate::kernel::event::Control;
use crate::operation::Operation;
use crate::outcome::{Ended, Progress, Stall};
use crate::progress::{Count, Ruling};
use crate::time::{Duration, Time};

pub(crate) use excuse::Stage;
pub(crate) use heal::Demand;

/// Where a run is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Faults fire.
    Faults,
    /// A core is healed.
    Healed(Box<Healed>),
}

/// What is demanded of a healed core, and what became of it so far.
#[derive(Debug)]
pub(crate) struct Healed {
    pub(crate) core: Vec<Slot>,
    since: Time,
    pub(crate) owed: Result<(), Stall>,
    count: Count,
    window: Duration,
    /// When the open window began.
    begun: Time,
    pub(crate) stage: Stage,
    /// Whether something was there that excuses that progress is late.
    pub(crate) explained: bool,
    /// Whether the protocol has reached what it owes by itself.
    pub(crate) reached: bool,
    /// Whether progress is seen by operations.
    asks: bool,
    /// What each client is asked, one after the other.
    questions: Vec<Operation>,
    /// Where each client stands, if clients are asked.
    clients: Vec<AskedClient>,
    /// When progress was seen everywhere: each client had an answer.
    recovered: Option<Time>,
    end: Option<PhaseEnd>,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, Default)]
struct AskedClient {
    /// How many questions it has answered.
    answered: usize,
    /// Whether it has an operation of the second phase under way.
    waits: bool,
}

/// What follows when a window ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Another window.
    Next,
    /// Nothing: the phase is over.
    Over,
    /// There was no progress: it is overdue (`overdue`), or nothing can move any more (`stuck`), or there is no use in
    /// waiting.
    Stalled { overdue: bool, stuck: bool },
}

/// How the second phase ended.
#[derive(Clone, Debug)]
enum PhaseEnd {
    Made { late: Option<String> },
    Stalled { reason: Stall, detail: String },
    Missed { detail: String },
}

impl Phase {
    /// Whether the workload has come to its end.
    pub(crate) fn over(&self) -> bool {
        matches!(self, Self::Healed(_))
    }

    /// What is demanded, as long as that is undecided.
    pub(crate) fn open(&mut self) -> Option<&mut Healed> {
        match self {
            Self::Healed(healed) if healed.end.is_none() => Some(healed),
            _ => None,
        }
    }
}

impl Healed {
    /// Whether progress that comes now is late, and nothing was there that excuses it.
    pub(crate) fn unexplained(&self) -> bool {
        self.count.is_late() && !self.explained
    }

    fn is_made(&self) -> bool {
        self.reached && self.clients.iter().all(|client| self.has_answered(client))
    }

    /// Whether there is progress everywhere; some clients may have more questions.
    fn is_recovered(&self) -> bool {
        self.reached && self.clients.iter().all(|client| client.answered > 0)
    }

    /// Whether a client has answered everything.
    fn has_answered(&self, client: &AskedClient) -> bool {
        client.answered >= self.questions.len()
    }

    /// Whether a client is to be asked, or to be asked again.
    fn is_free(&self, client: &AskedClient) -> bool {
        !client.waits && !self.has_answered(client)
    }

    /// How many windows and attempts it took, in words.
    fn figures(&self, now: Time) -> String {
        let attempts = self.count.attempts();
        let owed = self.count.owed().unwrap_or_default();
        let took = now.since(self.since).told();
        format!("{attempts} attempts passed in {took}, each long enough by the environment; {owed} are owed")
    }
}

impl Kernel {
    /// What the world does itself, queued at the start.
    pub(crate) fn queue_controls(&mut self) {
        let end = Time::ZERO + self.setup.duration;
        let control = if self.setup.progress_timeout.is_some() { Control::Heal } else { Control::End };
        self.queue_control(end, control, false);
        self.queue_faults();
        if let Some(redraw) = self.redraw {
            self.queue_control(redraw.at, Control::Redraw, true);
        }
        if let Some(at) = self.clients.workload.as_ref().and_then(crate::workload::Workload::first_arrival) {
            self.watch.arrival_queued = Some(at);
            self.queue_control(at, Control::Arrival, false);
        }
    }

    /// A window ends: what follows.
    pub(crate) fn close_window(&mut self) -> Closed {
        let now = self.now;
        let Some(healed) = self.phase.open() else { return Closed::Over };
        if now == healed.since {
            return Closed::Next;
        }
        let timely = self.ledger.close(healed.begun);
        match healed.count.close(timely) {
            Ruling::Wait if self.is_stuck() => Closed::Stalled { overdue: true, stuck: true },
            Ruling::Wait if self.waits_too_long() => Closed::Stalled { overdue: false, stuck: false },
            Ruling::Wait => Closed::Next,
            Ruling::Overdue => Closed::Stalled { overdue: true, stuck: false },
            Ruling::GivenUp => Closed::Stalled { overdue: false, stuck: false },
        }
    }

    /// The next window begins: until when it lasts.
    pub(crate) fn open_window(&mut self) -> Option<Time> {
        let now = self.now;
        let healed = self.phase.open()?;
        healed.begun = now;
        Some(now.saturating_add(healed.window))
    }

    /// Nothing is under way, no timer is set, and no client is to be asked again: nothing will ever happen.
    fn is_stuck(&mut self) -> bool {
        let Some(healed) = self.phase.open() else { return false };
        let asks = healed.clients.iter().any(|client| healed.is_free(client));
        healed.owed.is_ok() && !asks && self.agenda.is_empty()
    }

    /// What is late already lasts longer than anybody waits.
    fn waits_too_long(&mut self) -> bool {
        let late_until = self.ledger.late_until();
        let Some(healed) = self.phase.open() else { return false };
        let longest = healed.window.saturating_mul(healed.count.longest());
        healed.owed.is_ok() && late_until > self.now.saturating_add(longest)
    }

    /// The next client, from this one on, that is to be asked, and for what. It counts as asked.
    pub(crate) fn next_to_ask(&mut self, from: u32) -> Option<(u32, Operation)> {
        let healed = self.phase.open()?;
        let free = healed.clients.iter().skip(from as usize).position(|client| healed.is_free(client))?;
        let client = from as usize + free;
        let question = healed.questions[healed.clients[client].answered];
        healed.clients[client].waits = true;
        Some((u32::try_from(client).ok()?, question))
    }

    /// A client could not be asked.
    pub(crate) fn not_asked(&mut self, client: u32) {
        if let Some(healed) = self.phase.open() {
            healed.clients[client as usize].waits = false;
        }
    }

    /// An operation of a client ended.
    pub(crate) fn operation_ended(&mut self, client: u32, invoked: Time, succeeded: bool) {
        let now = self.now;
        let Some(healed) = self.phase.open() else { return };
        if invoked < healed.since {
            return healed.count.restart();
        }
        let questions = healed.questions.len();
        let Some(asked) = healed.clients.get_mut(client as usize).filter(|asked| asked.waits) else { return };
        asked.waits = false;
        if succeeded {
            asked.answered += 1;
            let more = asked.answered < questions;
            self.came(true);
            // Who failed is asked again in the next window only, so that nobody is asked without end at one instant.
            if more && self.phase.open().is_some() {
                self.queue_control(now, Control::Ask, false);
            }
        }
    }

    /// Something came that was owed; perhaps it was the last (`may_end`).
    pub(crate) fn came(&mut self, may_end: bool) {
        let now = self.now;
        let Some(healed) = self.phase.open() else { return };
        if healed.recovered.is_none() && healed.is_recovered() {
            healed.recovered = Some(now);
        }
        if may_end && healed.is_made() {
            return self.made();
        }
        healed.count.restart();
    }

    fn made(&mut self) {
        let now = self.now;
        let Some(healed) = self.phase.open() else { return };
        let late = healed.unexplained().then(|| healed.figures(now));
        let proof = healed.stage.proof();
        let end = match proof {
            Some((reason, detail)) => PhaseEnd::Stalled { reason, detail },
            None => PhaseEnd::Made { late },
        };
        self.end_phase(end);
    }

    fn end_phase(&mut self, end: PhaseEnd) {
        if let Some(healed) = self.phase.open() {
            healed.end = Some(end);
            self.ended = Some(Ended::Horizon);
        }
    }

    /// Whether the healed core was one that the protocol accepts as owed progress: a run may make it all the same.
    pub(crate) fn owes_progress(&self) -> bool {
        matches!(&self.phase, Phase::Healed(healed) if healed.owed.is_ok())
    }

    /// What became of progress, at the end.
    pub(crate) fn progress(&self) -> Progress {
        let why = |why: &str| Progress::NotOwed { why: why.to_owned() };
        match &self.phase {
            Phase::Faults if self.setup.progress_timeout.is_none() => {
                why("the scenario has no recovery phase")
            }
            Phase::Faults => why("the run ended in its first phase"),
            // Progress would be seen by operations, and there was nobody to do one.
            Phase::Healed(healed) if healed.asks && self.clients.probes == 0 => {
                why("no client is there to ask for anything")
            }
            Phase::Healed(healed) => match healed.end.clone() {
                Some(PhaseEnd::Made { late }) => {
                    let after_ns = healed.recovered.unwrap_or(self.now).since(healed.since).as_nanos();
                    Progress::Made { after_ns, late }
                }
                Some(PhaseEnd::Stalled { reason, detail }) => Progress::Stalled { reason, detail },
                Some(PhaseEnd::Missed { detail }) => Progress::Missed { detail },
                None => why("the run ended before progress was due"),
            },
        }
    }

    /// The slots of the core that was healed, if one was.
    pub(crate) fn healed_core(&self) -> Vec<u32> {
        match &self.phase {
            Phase::Healed(healed) => healed.core.iter().map(|slot| slot.0).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether what is owed is overdue, so that whatever is missing accuses.
    pub(crate) fn is_overdue(&self) -> bool {
        matches!(&self.phase, Phase::Healed(healed) if matches!(healed.end, Some(PhaseEnd::Missed { .. })))
    }
}
