//! The end of a run: its checks have the last word.

use super::World;
use crate::check::{CheckReport, Judge};
use crate::outcome::{Ended, Outcome, Table};
use crate::process::{Process, Protocol};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Ends the run and tells what it came to.
    pub(super) fn conclude(mut self, ended: Ended) -> Outcome {
        if cfg!(debug_assertions) {
            self.invariants();
        }
        self.kernel.ground.overdue = self.kernel.is_overdue();
        let ground = &self.kernel.ground;
        for judge in &mut self.checks {
            judge.ask(self.kernel.now, &mut self.kernel.findings, |check, findings| {
                check.finish(ground, findings);
            });
        }
        let mut checks: Vec<CheckReport> = self.checks.iter().map(report).collect();
        checks.iter_mut().zip(&self.checks).for_each(|(report, judge)| report.on = judge.is_on());
        checks.append(&mut self.checks_off);
        let shown = self.checks.iter().filter(|judge| judge.is_on() && self.kernel.painter.on());
        let tables: Vec<Table> = shown.filter_map(|judge| judge.check.table(&self.kernel.ground)).collect();
        let expected = self.expected.filter(|_| self.kernel.painter.on());
        self.kernel.marks = self.effects.marks;
        let mut outcome = self.kernel.conclude(self.title, ended, checks);
        outcome.picture.tables.extend(tables);
        outcome.picture.expected = expected.map(|expected| expected.under(&outcome.faults));
        outcome
    }
}

/// What a check did; it was off if nobody says otherwise.
pub(super) fn report<P: Protocol>(judge: &Judge<P>) -> CheckReport {
    let name = judge.named.name.to_owned();
    CheckReport { name, on: false, needs: judge.check.needs(), exercised: judge.exercised() }
}
