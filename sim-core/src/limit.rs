//! `[[limit]]`: what a run or a campaign must keep to, as a service level would say it: a metric, a quantile, a bound.
//!
//! Limits only look on: a run with limits is the run without them, bit for bit. Whether a limit is met is decided by
//! counting values beyond its bounds ([`Sample`]), so that it is exact for one run and for a thousand put together; the
//! quantile itself is kept to four digits, for people.

mod level;
mod sample;

use serde::{Deserialize, Serialize};

pub use level::Level;
pub use sample::Sample;

use crate::check::fingerprint;
use crate::ratio::Ratio;
use crate::time::Duration;

/// A bound on a metric, a measure or a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The metric, measure or counter.
    pub metric: String,
    /// Which of several values is held against the bounds; every value if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<Ratio>,
    /// The least that it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Level>,
    /// The most that it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Level>,
    /// Whether each run must keep to it, or all runs of a campaign together.
    #[serde(default)]
    pub over: Over,
    /// Only operations that were asked for at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Duration>,
    /// Only operations that were asked for before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// What a limit is a limit of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Each run by itself: a run that misses it has the verdict `service`.
    #[default]
    Run,
    /// All values of all runs together.
    Campaign,
}

/// How a run stands to one of the limits of its scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitReading {
    /// The limit.
    pub limit: Limit,
    /// The value that is held against the bounds; absent if there was nothing to judge.
    pub value: Option<u64>,
    /// Whether the value is what had passed by the end, since what is waited for never came: it is too small.
    #[serde(default)]
    pub open: bool,
    /// Whether the run by itself keeps to it; absent if there was nothing to judge.
    pub met: Option<bool>,
    /// The run's values, where a campaign puts them together with those of other runs.
    #[serde(default, skip_serializing_if = "Sample::is_empty")]
    pub sample: Sample,
}

impl Limit {
    /// The name of the check that a missed limit is reported under.
    pub fn check(&self) -> String {
        format!("limit/{}", self.metric)
    }

    /// The same limit, missed under another seed, has the same fingerprint.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.check(), &format!("{} {}", self.what(), self.bounds()))
    }

    /// The bounds as numbers, as values are counted.
    pub fn numbers(&self) -> (Option<u64>, Option<u64>) {
        (self.at_least.map(Level::number), self.at_most.map(Level::number))
    }

    /// An empty sample that counts against the bounds.
    pub fn sample(&self) -> Sample {
        Sample::new(self.numbers())
    }

    /// What is limited, in words: `p99 of operation_latency_ns since 30s`.
    pub fn what(&self) -> String {
        let quantile = self.quantile.map(|share| format!("{} of ", percentile(share))).unwrap_or_default();
        let since = self.since.map(|since| format!(" since {since}")).unwrap_or_default();
        let until = self.until.map(|until| format!(" until {until}")).unwrap_or_default();
        format!("{quantile}{}{since}{until}", self.metric)
    }

    /// The bounds, in words: `at most 250 ms`.
    pub fn bounds(&self) -> String {
        let word = |word: &str, level: Option<Level>| level.map(|level| format!("{word} {}", level.told()));
        let both = [word("at least", self.at_least), word("at most", self.at_most)];
        both.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    /// A value of it, in words.
    pub fn told(&self, value: u64) -> String {
        match self.at_least.or(self.at_most) {
            Some(Level::Time(_)) => Duration::from_nanos(value).told(),
            Some(Level::Share(_)) => level::percent(value),
            _ => value.to_string(),
        }
    }
}

impl LimitReading {
    /// How the run stands to a limit whose values are these. `open` as in [`LimitReading::open`]: of the one value only a
    /// least is known.
    pub fn new(limit: &Limit, sample: Sample, open: bool) -> Self {
        let value = sample.value(limit.quantile, limit.at_most.is_some());
        let met = if open { sample.met_open() } else { sample.met(limit.quantile) };
        let value = value.filter(|_| met.is_some());
        let kept = limit.over == Over::Campaign && met.is_some();
        let sample = if kept { sample } else { Sample::default() };
        Self { limit: limit.clone(), value, open: open && met.is_some(), met, sample }
    }

    /// What a run that misses it is told.
    pub fn message(&self) -> String {
        let limit = &self.limit;
        let value = self.value.map(|value| limit.told(value)).unwrap_or_default();
        let is = if self.open { format!("already {value} at the end, and open") } else { value };
        format!("{} is {is}, the scenario wants {}", limit.what(), limit.bounds())
    }
}

/// `p99`, `p99.9`.
fn percentile(share: Ratio) -> String {
    let text = format!("{:.4}", share.as_f64() * 100.0);
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(toml: &str) -> Limit {
        serde_json::from_str(toml).unwrap()
    }

    #[test]
    fn a_limit_says_what_it_wants() {
        let json = r#"{"metric":"operation_latency_ns","quantile":"99.9%","at_most":"250ms","over":"run","since":"30s"}"#;
        let read = limit(json);
        assert_eq!(read.what(), "p99.9 of operation_latency_ns since 30s");
        assert_eq!(read.bounds(), "at most 250 ms");
        assert_eq!(read.check(), "limit/operation_latency_ns");
        assert_eq!(read.told(1_500_000), "1.50 ms");
        assert_eq!(limit(&serde_json::to_string(&read).unwrap()), read);
        let share = limit(r#"{"metric":"operations.succeeded","at_least":"99.9%"}"#);
        assert_eq!((share.bounds().as_str(), share.told(998_500).as_str()), ("at least 99.9 %", "99.85 %"));
        assert_ne!(share.fingerprint(), read.fingerprint());
    }

    #[test]
    fn what_never_came_misses_a_bound_that_it_has_passed_and_says_nothing_before() {
        let limit = limit(r#"{"metric":"downtime_ns","at_most":"10s"}"#);
        let after = |seconds: u64, open: bool| {
            let mut sample = limit.sample();
            sample.add(seconds * 1_000_000_000, 1);
            LimitReading::new(&limit, sample, open)
        };
        assert_eq!((after(10, false).met, after(11, false).met), (Some(true), Some(false)));
        let open = after(11, true);
        assert_eq!((open.met, open.open), (Some(false), true));
        assert!(open.message().contains("already 11 s at the end"), "{}", open.message());
        let early = after(9, true);
        assert_eq!((early.met, early.value), (None, None));
        assert_eq!(LimitReading::new(&limit, limit.sample(), false).met, None);
    }
}
