//! The end of a run: its checks have the last word.

use super::World;
use crate::check::{CheckReport, Seat, Standing, ask_all};
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
        ask_all(&mut self.checks, (self.kernel.now, &mut self.kernel.findings), |check, findings| {
            check.finish(ground, findings);
        });
        let findings = &self.kernel.findings;
        let seats = self.checks.iter().flat_map(|judge| &judge.seats).enumerate();
        let done = |(turn, seat): (usize, &Seat)| CheckReport {
            on: seat.standing == Standing::On,
            exercised: findings.exercised_at(turn),
            ..report(seat)
        };
        let mut checks: Vec<CheckReport> =
            seats.filter(|(_, seat)| seat.standing != Standing::Off).map(done).collect();
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

/// What a check did that was off.
pub(super) fn report(seat: &Seat) -> CheckReport {
    CheckReport { name: seat.named.name.to_owned(), on: false, needs: seat.needs, exercised: 0 }
}
