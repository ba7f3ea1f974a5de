//! Limits over a whole campaign: the values of all runs put together, and the runs that were worst.
//!
//! An exploration has one set of them, and a sweep one for each point. Runs may be put together in any order and in parts:
//! the same runs come to the same.

use serde::{Deserialize, Serialize};
use sim_core::limit::{Limit, LimitReading, Over, Sample};

/// How many of the worst runs are named.
const WORST: usize = 5;

/// The limits of a campaign, in the order of the scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignLimits(Vec<Pool>);

/// The values of one limit in all runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    limit: Limit,
    sample: Sample,
    /// Runs that had a value.
    judged: u64,
    /// The runs with the smallest and the largest values, by value and then by seed.
    smallest: Vec<LimitedRun>,
    largest: Vec<LimitedRun>,
}

/// A run, and its own value of what is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitedRun {
    /// The seed.
    pub seed: u64,
    /// The value: the quantile of this run, where the limit is on one.
    pub value: u64,
    /// Whether what is waited for never came: the value is what had passed by the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// What a campaign came to under one of its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignLimit<'a> {
    /// The limit.
    pub limit: &'a Limit,
    /// How many runs had a value.
    pub judged: u64,
    /// The value that is held against the bounds.
    pub value: Option<u64>,
    /// Whether it was kept; absent if no run had a value.
    pub met: Option<bool>,
    /// The worst runs, worst first.
    pub worst: &'a [LimitedRun],
}

impl CampaignLimits {
    /// Takes in how a run stands to the limits of its scenario.
    pub fn add(&mut self, seed: u64, readings: &[LimitReading]) {
        let readings = readings.iter().filter(|reading| reading.limit.over == Over::Campaign);
        for (place, reading) in readings.enumerate() {
            if self.0.len() <= place {
                self.0.push(Pool::new(&reading.limit));
            }
            self.0[place].add(seed, reading);
        }
    }

    /// Takes in other runs under the same limits.
    pub fn absorb(&mut self, other: &Self) {
        for (place, pool) in other.0.iter().enumerate() {
            match self.0.get_mut(place) {
                Some(own) => own.absorb(pool),
                None => self.0.push(pool.clone()),
            }
        }
    }

    /// What became of each limit.
    pub fn results(&self) -> impl Iterator<Item = CampaignLimit<'_>> {
        self.0.iter().map(Pool::result)
    }

    /// How many were missed.
    pub fn missed(&self) -> u64 {
        self.results().filter(|result| result.met == Some(false)).count() as u64
    }

    /// Whether these are the counts of at most so many runs: what was read from a file may say anything.
    pub(crate) fn fits(&self, runs: u64) -> bool {
        let plausible = |pool: &Pool| {
            pool.judged <= runs
                && pool.sample.count() >= pool.judged
                && [&pool.smallest, &pool.largest].iter().all(|list| list.len() <= WORST)
        };
        self.0.iter().all(plausible)
    }
}

impl Pool {
    fn new(limit: &Limit) -> Self {
        let (smallest, largest) = (Vec::new(), Vec::new());
        Self { limit: limit.clone(), sample: limit.sample(), judged: 0, smallest, largest }
    }

    fn add(&mut self, seed: u64, reading: &LimitReading) {
        let Some(value) = reading.value else { return };
        self.judged += 1;
        self.sample.absorb(&reading.sample);
        let run = LimitedRun { seed, value, open: reading.open };
        self.rank(&[run], &[run]);
    }

    fn absorb(&mut self, other: &Self) {
        self.judged += other.judged;
        self.sample.absorb(&other.sample);
        self.rank(&other.smallest, &other.largest);
    }

    fn rank(&mut self, small: &[LimitedRun], large: &[LimitedRun]) {
        self.smallest.extend_from_slice(small);
        self.smallest.sort_by_key(|run| (run.value, run.seed));
        self.smallest.truncate(WORST);
        self.largest.extend_from_slice(large);
        self.largest.sort_by_key(|run| (u64::MAX - run.value, run.seed));
        self.largest.truncate(WORST);
    }

    fn result(&self) -> CampaignLimit<'_> {
        let Limit { quantile, at_least, at_most, .. } = self.limit;
        let value = self.sample.value(quantile, at_most.is_some());
        let low = at_least.zip(value).is_some_and(|(least, value)| value < least.number());
        let worst = if at_most.is_none() || low { &self.smallest } else { &self.largest };
        CampaignLimit {
            limit: &self.limit,
            judged: self.judged,
            value,
            met: self.sample.met(quantile),
            worst,
        }
    }
}

impl CampaignLimit<'_> {
    /// What it came to, in a sentence.
    pub fn words(&self) -> String {
        let (what, bounds) = (self.limit.what(), self.limit.bounds());
        match self.value {
            Some(value) => {
                let runs =
                    if self.judged == 1 { "1 run".to_owned() } else { format!("{} runs", self.judged) };
                format!("{what} is {} over {runs}, the scenario wants {bounds}", self.limit.told(value))
            }
            None => format!("{what}: no run had a value, the scenario wants {bounds}"),
        }
    }

    /// The worst runs, in words: `seed 7: 2.40 s`.
    pub fn worst_runs(&self) -> Vec<String> {
        let words = |run: &LimitedRun| {
            let open = if run.open { " and still open" } else { "" };
            format!("seed {}: {}{open}", run.seed, self.limit.told(run.value))
        };
        self.worst.iter().map(words).collect()
    }

    /// `missed`, `met` or `not judged`.
    pub const fn state(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "not judged",
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::limit::LimitReading;

    use super::*;

    fn limit() -> Limit {
        let json = r#"{"metric":"down","quantile":"90%","at_most":"10s","over":"campaign"}"#;
        serde_json::from_str(json).unwrap()
    }

    fn reading(seconds: u64) -> LimitReading {
        let limit = limit();
        let mut sample = limit.sample();
        if seconds > 0 {
            sample.add(seconds * 1_000_000_000, 1);
        }
        LimitReading::new(&limit, sample, false)
    }

    #[test]
    fn nine_in_ten_runs_must_keep_to_it_and_the_worst_are_named() {
        let of = |values: &[u64]| {
            let mut limits = CampaignLimits::default();
            (0..).zip(values).for_each(|(seed, value)| limits.add(seed, &[reading(*value)]));
            limits
        };
        let kept = of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 60]);
        assert_eq!((kept.missed(), kept.results().next().unwrap().met), (0, Some(true)));
        let missed = of(&[1, 2, 3, 4, 5, 6, 7, 8, 11, 60, 0]);
        let result = missed.results().next().unwrap();
        assert_eq!((missed.missed(), result.judged, result.state()), (1, 10, "missed"));
        assert_eq!(result.worst.iter().map(|run| run.seed).collect::<Vec<_>>(), [9, 8, 7, 6, 5]);
        assert_eq!(result.worst_runs()[0], "seed 9: 1 min");
        assert!(result.words().contains("p90 of down is 11"), "{}", result.words());
        let none = of(&[0, 0]);
        assert_eq!((none.missed(), none.results().next().unwrap().state()), (0, "not judged"));
    }

    #[test]
    fn parts_come_to_the_whole_in_any_order() {
        let values: Vec<u64> = (0..40).map(|i| i * 7 % 23).collect();
        let part = |range: std::ops::Range<usize>| {
            let mut limits = CampaignLimits::default();
            range.for_each(|seed| limits.add(seed as u64, &[reading(values[seed])]));
            limits
        };
        let whole = part(0..40);
        let (mut one, mut two) = (part(0..13), part(13..40));
        one.absorb(&part(13..40));
        two.absorb(&part(0..13));
        assert_eq!((&one, &two), (&whole, &whole));
        assert!(whole.fits(40) && !whole.fits(3));
    }
}
