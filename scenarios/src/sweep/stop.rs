//! Points that stop early: at fixed counts of runs, where the interval of one column is narrow enough.
//!
//! The rule looks at counts that the file states and nowhere else, so it depends on neither threads nor rounds. It looks
//! at the width of the interval alone, never at what the interval says (Chow and Robbins, Annals of Mathematical Statistics
//! 36(2), 1965): a rule that stopped at a result would find the result that it looks for.

use serde::{Deserialize, Serialize};
use sim_core::ratio::Ratio;
use sim_core::stats::{Interval, Summary, Tally, wilson};

use super::columns::{BROKEN, number};
use super::line::View;
use super::tabulate::CONFIDENCE;

/// When a point has runs enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRule {
    /// The column whose mean is estimated.
    pub column: String,
    /// Enough is half an interval of at most this, in the column's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// Or half an interval of at most this share of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<Ratio>,
    /// After how many runs of a point one looks, in rising order. The seeds of the sweep are the most that there can be.
    pub looks: Vec<u64>,
}

impl StopRule {
    /// How many runs there are at the first look after `runs`, if there is one before `most`.
    pub(super) fn next_look(&self, runs: u64, most: u64) -> Option<u64> {
        self.looks.iter().copied().find(|look| *look > runs).filter(|look| *look < most)
    }

    /// The rule in a sentence.
    pub(super) fn words(&self) -> String {
        let Self { column, looks, .. } = self;
        let absolute = self.half_width.map(|most| format!("{most}"));
        let share = self.relative.map(|share| format!("{share} of the mean"));
        let most: Vec<String> = absolute.into_iter().chain(share).collect();
        let looks: Vec<String> = looks.iter().map(u64::to_string).collect();
        format!(
            "a point stops where half the interval of the mean {column} is at most {}; looked at after {} runs",
            most.join(" or "),
            looks.join(", ")
        )
    }

    /// Whether one looks after so many runs.
    fn looks_at(&self, runs: u64) -> bool {
        self.looks.binary_search(&runs).is_ok()
    }

    /// Whether the sample is enough.
    fn is_met(&self, sample: &Summary) -> bool {
        let Some((mean, interval)) = sample.mean().zip(mean_interval(&self.column, sample)) else {
            return false;
        };
        let half = interval.width() / 2.0;
        let absolute = self.half_width.is_some_and(|most| half <= most);
        absolute || self.relative.is_some_and(|share| half <= share.as_f64() * mean.abs())
    }
}

/// Where the mean of a column lies; nothing of a single run.
pub(super) fn mean_interval(name: &str, sample: &Summary) -> Option<Interval> {
    // A share of runs is no quantity: its interval never leaves 0 to 1, and is not empty where all runs agree.
    if name == BROKEN {
        let count = sample.count();
        Some(wilson(count - sample.up_to_zero(), count, CONFIDENCE))
    } else {
        sample.mean_interval(CONFIDENCE)
    }
}

/// The runs of one point under a rule, in the order of seeds.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    runs: u64,
    seen: Tally,
    enough: bool,
}

impl Watched {
    /// Takes in the next run.
    pub(super) fn take(&mut self, rule: &StopRule, value: Option<f64>) {
        self.runs += 1;
        if let Some(value) = value {
            self.seen.add(value);
        }
        self.enough = rule.looks_at(self.runs) && rule.is_met(&self.seen.clone().summary());
    }

    /// How many there are.
    pub(super) const fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether the point stops here.
    pub(super) const fn is_enough(&self) -> bool {
        self.enough
    }
}

/// What a rule looks at in a run.
pub(super) fn watched(rule: &StopRule, row: &View<'_>) -> Option<f64> {
    number(row, &rule.column)
}
