//! No two live leases of one task, in true time.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use crate::ledger::Ledger;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Looks at who else has a task when somebody begins with it.
///
/// A lease is live until the agent says that it dropped the task, crashes, or its time is over in truth. The ledger has
/// noted this beginning already.
#[derive(Debug)]
pub struct LiveLeases {
    ledger: Ledger,
    /// Whether the strategy gives that; else it is counted.
    exclusive: bool,
    twice: u64,
}

impl LiveLeases {
    /// Reads this ledger.
    pub const fn new(ledger: Ledger, exclusive: bool) -> Self {
        Self { ledger, exclusive, twice: 0 }
    }
}

impl Check<Coordination> for LiveLeases {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let Observation::Started { task, .. } = *seen.observation else { return };
        findings.exercised();
        let ledger = self.ledger.read();
        let other = ledger.holders(task).find(|(slot, run)| *slot != seen.slot && run.until > ground.now);
        self.twice += u64::from(other.is_some());
        if let Some((slot, run)) = other.filter(|_| self.exclusive) {
            let other = ground.place(slot).node;
            let name = ledger.board.graph().name(task);
            let left = run.until.since(ground.now).told();
            let still = if run.until == sim_core::time::Time::MAX {
                String::new()
            } else {
                format!(" for {left} more")
            };
            let message = format!("{} begins {name}, which {other} still has{still}", seen.node);
            findings.safety("", &[seen.node, other], message);
        }
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        findings.record("tasks_begun_while_held", self.twice);
    }
}
