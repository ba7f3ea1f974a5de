//! The activity table of a campaign, without which "nothing found" proves nothing.

use serde::{Deserialize, Serialize};
use sim_core::check::Verdict;
use sim_core::judgment::Judgment;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Outcome, Progress};

use super::finding::is_finding;
use crate::scenario::{Expectation, verdict_name};

/// How often something happened, and in how many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// Runs in which it happened at least once.
    pub runs: u64,
    /// How often it happened in all runs.
    pub total: u64,
}

impl Counter {
    fn add(&mut self, times: u64) {
        self.runs += u64::from(times > 0);
        self.total = self.total.saturating_add(times);
    }

    const fn absorb(&mut self, other: Self) {
        self.runs = self.runs.saturating_add(other.runs);
        self.total = self.total.saturating_add(other.total);
    }
}

/// The activity of all runs together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// How many runs there were.
    pub runs: u64,
    /// Runs whose verdict says something.
    pub conclusive: u64,
    /// Runs whose verdict says something else than the scenario expects, and accuses nobody.
    pub unexpected: u64,
    /// Runs in which progress was owed in the second phase, and judged.
    pub owed_liveness: u64,
    /// Runs by verdict.
    pub verdicts: OrderedMap<String, u64>,
    /// Why runs were inconclusive.
    pub reasons: OrderedMap<String, u64>,
    /// Faults that fired, by family.
    pub families: OrderedMap<String, Counter>,
    /// Faults that fired, by kind.
    pub faults: OrderedMap<String, Counter>,
    /// Faults that the budget or their target refused.
    pub refused: Counter,
    /// How often each check had something to judge.
    pub checks: OrderedMap<String, Counter>,
    /// Everything that the runs counted: operations, elections, commits.
    pub counters: OrderedMap<String, Counter>,
}

impl Activity {
    /// Takes in one run.
    pub fn add(&mut self, outcome: &Outcome, expect: &Expectation) {
        self.runs += 1;
        let judgment = expect.judge(outcome);
        self.conclusive += u64::from(judgment != Judgment::Inconclusive);
        self.unexpected += u64::from(judgment == Judgment::Finding && !is_finding(outcome.verdict));
        self.owed_liveness +=
            u64::from(matches!(outcome.progress, Progress::Made { .. } | Progress::Missed { .. }));
        *self.verdicts.entry(verdict_name(outcome.verdict).to_owned()).or_default() += 1;
        if outcome.verdict == Verdict::Inconclusive {
            for reason in &outcome.reasons {
                // What differs from run to run stands in parentheses.
                let kind = reason.split_once(" (").map_or(reason.as_str(), |(kind, _)| kind);
                *self.reasons.entry(kind.to_owned()).or_default() += 1;
            }
        }
        self.add_faults(outcome);
        for check in outcome.checks.iter().filter(|check| check.on) {
            self.checks.entry(check.name.clone()).or_default().add(check.exercised);
        }
        for (name, times) in &outcome.activity {
            self.counters.entry(name.clone()).or_default().add(*times);
        }
    }

    /// Takes in the activity of other runs.
    pub(super) fn absorb(&mut self, other: &Self) {
        let Self { runs, conclusive, unexpected, owed_liveness, verdicts, reasons, .. } = self;
        for (sum, count) in [
            (runs, other.runs),
            (conclusive, other.conclusive),
            (unexpected, other.unexpected),
            (owed_liveness, other.owed_liveness),
        ] {
            *sum = sum.saturating_add(count);
        }
        for (sums, others) in [(verdicts, &other.verdicts), (reasons, &other.reasons)] {
            for (name, count) in others {
                let sum = sums.entry(name.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        self.refused.absorb(other.refused);
        let Self { families, faults, checks, counters, .. } = self;
        for (sums, others) in [
            (families, &other.families),
            (faults, &other.faults),
            (checks, &other.checks),
            (counters, &other.counters),
        ] {
            for (name, counter) in others {
                sums.entry(name.clone()).or_default().absorb(*counter);
            }
        }
    }

    fn add_faults(&mut self, outcome: &Outcome) {
        let mut families: OrderedMap<&'static str, u64> = OrderedMap::new();
        let mut kinds: OrderedMap<&'static str, u64> = OrderedMap::new();
        let mut refused = 0;
        for executed in &outcome.faults {
            if executed.refused.is_some() {
                refused += 1;
            } else {
                *families.entry(executed.family.name()).or_default() += 1;
                *kinds.entry(executed.kind.name()).or_default() += 1;
            }
        }
        self.refused.add(refused);
        families
            .into_iter()
            .for_each(|(name, times)| self.families.entry(name.to_owned()).or_default().add(times));
        kinds
            .into_iter()
            .for_each(|(name, times)| self.faults.entry(name.to_owned()).or_default().add(times));
    }

    /// Whether these counts can be those of so many runs: what was read from a file may say anything.
    pub(super) fn fits(&self) -> bool {
        let runs = self.runs;
        let counted = [self.conclusive, self.owed_liveness].into_iter().all(|count| count <= runs);
        let verdicts = self.verdicts.values().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        let inconclusive = self.verdicts.get(verdict_name(Verdict::Inconclusive)).copied().unwrap_or(0);
        let counters = [&self.families, &self.faults, &self.checks, &self.counters];
        counted
            && self.unexpected <= self.conclusive
            && verdicts == Some(runs)
            && self.conclusive.checked_add(inconclusive) == Some(runs)
            && self.reasons.values().all(|count| *count <= runs)
            && counters
                .into_iter()
                .flat_map(OrderedMap::values)
                .chain([&self.refused])
                .all(|counter| counter.runs <= runs)
    }

    /// The share of runs whose verdict says something, between 0 and 1; 1 if there were no runs.
    pub fn conclusive_share(&self) -> f64 {
        share(self.conclusive, self.runs)
    }

    /// The share of runs in which progress was owed and judged.
    pub fn owed_liveness_share(&self) -> f64 {
        share(self.owed_liveness, self.runs)
    }
}

/// A share for people; 1 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
