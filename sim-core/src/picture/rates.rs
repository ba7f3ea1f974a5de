//! Message rates over time, from counts that are read now and then.
//!
//! How long a run will last is not known, so it starts with fine steps; when there are too many, every other one goes
//! and steps are twice as long.

use super::{Series, every_other};
use crate::time::{Duration, Time};

/// How many samples are kept.
const KEPT: usize = 400;
const FIRST_STEP: Duration = Duration::from_millis(1);

/// Counts since the beginning, and how many are under way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) dropped: u64,
    pub(crate) in_flight: u64,
}

pub(super) struct Rates {
    next: Time,
    step: Duration,
    samples: Vec<(Time, Counts)>,
}

impl Rates {
    pub(super) fn new(on: bool) -> Self {
        Self { next: if on { Time::ZERO } else { Time::MAX }, step: FIRST_STEP, samples: Vec::new() }
    }

    /// When the next sample is due; never if there are none.
    #[inline]
    pub(super) fn next(&self) -> Time {
        self.next
    }

    pub(super) fn sample(&mut self, now: Time, counts: Counts) {
        self.samples.push((now, counts));
        if self.samples.len() >= KEPT {
            every_other(&mut self.samples);
            self.step = self.step + self.step;
        }
        self.next = now + self.step;
    }

    pub(super) fn finish(self) -> Vec<Series> {
        if self.samples.len() < 2 {
            return Vec::new();
        }
        let rate = |name: &str, count: fn(&Counts) -> u64| {
            let point = |pair: &[(Time, Counts)]| {
                let seconds = pair[1].0.since(pair[0].0).as_nanos() as f64 / 1e9;
                let gained = count(&pair[1].1) - count(&pair[0].1);
                (pair[0].0.as_nanos(), gained as f64 / seconds)
            };
            let points = self.samples.windows(2).map(point).collect();
            Series { name: name.to_owned(), unit: "1/s".to_owned(), slot: None, points, omitted: 0 }
        };
        let under_way = self.samples.iter().map(|(at, counts)| (at.as_nanos(), counts.in_flight as f64));
        vec![
            rate("messages sent", |counts| counts.sent),
            rate("messages delivered", |counts| counts.delivered),
            rate("messages dropped", |counts| counts.dropped),
            Series {
                name: "messages in flight".to_owned(),
                unit: String::new(),
                slot: None,
                points: under_way.collect(),
                omitted: 0,
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_stay_few_and_right_however_long_the_run() {
        let mut rates = Rates::new(true);
        for millis in 0..100_000 {
            let now = Time::ZERO + Duration::from_millis(millis);
            if now >= rates.next() {
                rates.sample(now, Counts { sent: millis * 3, in_flight: 7, ..Counts::default() });
            }
        }
        let series = rates.finish();
        assert!(series[0].points.len() < KEPT && series[0].points.len() > KEPT / 4);
        assert!(series[0].points.iter().all(|(_, rate)| (rate - 3_000.0).abs() < 1e-6), "{:?}", series[0]);
        assert!(series[3].points.iter().all(|(_, count)| *count == 7.0));
        assert!(series[0].points.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
