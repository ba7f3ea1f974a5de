//! What excuses a stall, and the proof of it: a reason counts only if the run makes progress once it is taken away.
//!
//! Progress that is overdue accuses, unless somebody outside the healed core may stand in its way: a broken leader that
//! keeps its followers, or a server that a knob which is off lets disturb the others; or unless what was left from before
//! the heal still comes in. Then the run goes on without that, and the count begins again: first with the knobs on, then
//! with nobody outside and nothing old under way. If progress comes, the reason was true. If it is overdue again, it was
//! no excuse.

use super::{Phase, PhaseEnd};
use crate::identity::Slot;
use crate::kernel::Kernel;
use crate::outcome::Stall;
use crate::progress::{Culprit, Worst};
use crate::time::Time;

/// What was taken away so far.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// Nothing: the run is as it is.
    Plain,
    /// Knobs that forfeit progress are on since.
    Mended { knobs: &'static str },
    /// The core is alone since, with nothing from before the heal; something that came late before, in words.
    Alone { backlog: Option<String> },
}

impl Stage {
    /// Which reason is true if progress comes now.
    pub(super) fn proof(&self) -> Option<(Stall, String)> {
        match self {
            Self::Plain => None,
            Self::Mended { knobs } => {
                Some((Stall::Knob, format!("{knobs}; with that changed, the run makes progress")))
            }
            Self::Alone { backlog: Some(backlog) } => {
                Some((Stall::Backlog, format!("{backlog}; without it, the run makes progress")))
            }
            Self::Alone { backlog: None } => Some((
                Stall::Outsider,
                "a member outside the healed core; without it, the run makes progress".to_owned(),
            )),
        }
    }
}

impl Kernel {
    /// What came from before the heal until now.
    pub(crate) fn backlog(&self) -> Option<Worst> {
        const RECENT: u64 = 8;
        let Phase::Healed(healed) = &self.phase else { return None };
        let recent = healed.window.saturating_mul(RECENT);
        let since = Time::ZERO + self.now.since(Time::ZERO + recent);
        self.ledger.backlog(since)
    }

    /// There was no progress and nothing that excuses it: accuses, or says what was not timely.
    pub(crate) fn conclude_stall(&mut self, overdue: bool, stuck: bool) {
        let now = self.now;
        let Some(healed) = self.phase.open() else { return };
        if stuck {
            let detail = "nothing is under way and no timer is set: nothing will ever happen".to_owned();
            return self.end_phase(PhaseEnd::Missed { detail });
        }
        if overdue {
            let detail = healed.figures(now);
            return self.end_phase(PhaseEnd::Missed { detail });
        }
        let (late, all) = healed.count.late_of_all();
        let worst = self.ledger.worst.map(|worst| self.words(&worst));
        let worst = worst.map_or_else(String::new, |worst| format!(": {worst}"));
        self.excused(Stall::Untimely, format!("{late} of {all} windows were not timely{worst}"));
    }

    /// There was no progress, for this reason.
    pub(crate) fn excused(&mut self, reason: Stall, detail: String) {
        self.end_phase(PhaseEnd::Stalled { reason, detail });
    }

    /// Everybody outside the core is gone from now on, and so is what was under way from before the heal: who goes.
    pub(crate) fn leave_alone(&mut self) -> Vec<Slot> {
        self.ledger.leave_alone();
        (0..self.setup.members)
            .chain(self.setup.members + self.setup.clients..self.hot.len() as u32)
            .map(Slot)
            .filter(|slot| !self.ledger.is_inside(*slot))
            .collect()
    }

    /// What came late from before the heal, in words.
    pub(crate) fn backlog_in_words(&self) -> Option<String> {
        self.backlog().map(|worst| self.words(&worst))
    }

    /// Something was taken away: the count begins again.
    pub(crate) fn go_on(&mut self, stage: Stage) {
        self.painter.mark(crate::trace::WORLD, self.now, "excuse taken away");
        if let Some(healed) = self.phase.open() {
            healed.count.restart();
            healed.stage = stage;
        }
    }

    /// What was slow, for people.
    fn words(&self, worst: &Worst) -> String {
        let name = |slot: Slot| self.ground.slot_name(slot);
        let Worst { culprit, took, share } = *worst;
        let (took, share) = (took.told(), share.told());
        match culprit {
            Culprit::Way(from, to) => {
                format!("the link from {} to {} took {took}, its share is {share}", name(from), name(to))
            }
            Culprit::Line(from, to) => format!(
                "the line of {} took {took} for one message to {}, its share is {share}",
                name(from),
                name(to)
            ),
            Culprit::Room(from, _) => format!("the queue of {} has too little room", name(from)),
            Culprit::Inbox(slot) => format!("the inbox of {} has too little room", name(slot)),
            Culprit::Server(slot) => {
                format!("{} was busy for {took} with one message, its share is {share}", name(slot))
            }
            Culprit::Disk(slot) => {
                format!("the disk of {} took {took} for a sync, its share is {share}", name(slot))
            }
            Culprit::Writing(slot) => {
                format!("the disk of {} was busy for {took} with syncs from before the heal", name(slot))
            }
            Culprit::Serving(slot) => {
                format!("{} was busy for {took} with what it took up before the heal", name(slot))
            }
            Culprit::Backlog(from, to) => format!(
                "the queue from {} to {} still delivers what was sent before the heal, up to {took} old",
                name(from),
                name(to)
            ),
            Culprit::Clock(slot) => {
                format!("the clock of {} was set back and holds up a timer for {took}", name(slot))
            }
            Culprit::Timer(slot) => {
                format!("a timer of {} fired {took} late, its share is {share}", name(slot))
            }
        }
    }
}
