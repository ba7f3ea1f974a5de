//! Quantities of a run: named histograms and counters behind small ids.
//!
//! Names are looked up once, at the start of a run; recording is an index and an increment, and allocates nothing
//! but at the first of a name.

use crate::ordered::OrderedMap;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// How long operations of clients took that got a result, in nanoseconds.
pub const OPERATION_LATENCY: &str = "operation_latency_ns";

/// How long operations waited for a client that was free, in nanoseconds.
pub const OPERATION_WAIT: &str = "operation_wait_ns";

/// Every histogram that a run may have.
pub const NAMES: [&str; 2] = [OPERATION_LATENCY, OPERATION_WAIT];

/// Names a histogram of one [`Metrics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(u32);

/// Names a counter of one [`Metrics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterId(u32);

/// The largest value that is told apart, about 2.4 hours in nanoseconds; larger ones count as this in quantiles. The
/// mean and the maximum are exact all the same.
const LARGEST: u64 = 1 << 43;

/// Significant decimal digits of a quantile.
const DIGITS: u8 = 3;

/// The histograms and counters of one run.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    histograms: Vec<Named>,
    counters: Vec<(String, u64)>,
}

#[derive(Clone, Debug)]
struct Named {
    name: String,
    /// Made when something is recorded: a short run spends more on the room of one than on all else of its beginning.
    histogram: Option<Histogram<u32>>,
    sum: u128,
    max: u64,
}

impl Metrics {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The histogram of a name, made if it is new.
    pub fn histogram(&mut self, name: &str) -> MetricId {
        let place = self.histograms.iter().position(|named| named.name == name).unwrap_or_else(|| {
            self.histograms.push(Named::new(name));
            self.histograms.len() - 1
        });
        MetricId(id(place))
    }

    /// The counter of a name, made if it is new.
    pub fn counter(&mut self, name: &str) -> CounterId {
        let place = self.counters.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.counters.push((name.to_owned(), 0));
            self.counters.len() - 1
        });
        CounterId(id(place))
    }

    /// Records a value, usually in nanoseconds.
    ///
    /// # Panics
    /// If the id belongs to another [`Metrics`] with more histograms.
    #[inline]
    pub fn record(&mut self, id: MetricId, value: u64) {
        let named = &mut self.histograms[id.0 as usize];
        named.histogram.get_or_insert_with(empty).saturating_record(value);
        named.sum += u128::from(value);
        named.max = named.max.max(value);
    }

    /// Adds to a counter.
    ///
    /// # Panics
    /// If the id belongs to another [`Metrics`] with more counters.
    #[inline]
    pub fn add(&mut self, id: CounterId, by: u64) {
        self.counters[id.0 as usize].1 += by;
    }

    /// A counter's value.
    ///
    /// # Panics
    /// If the id belongs to another [`Metrics`] with more counters.
    #[inline]
    pub fn count(&self, id: CounterId) -> u64 {
        self.counters[id.0 as usize].1
    }

    /// Every histogram in which something was recorded.
    pub fn summary(&self) -> OrderedMap<String, MetricSummary> {
        let summary = |named: &Named| Some((named.name.clone(), named.summary(named.histogram.as_ref()?)));
        self.histograms.iter().filter_map(summary).collect()
    }

    /// Every value that was recorded under a name, to three digits, and how often; nothing if none was. The largest is exact.
    pub fn values(&self, name: &str) -> Vec<(u64, u64)> {
        let named = self.histograms.iter().find(|named| named.name == name);
        let found = named.and_then(|named| Some((named.histogram.as_ref()?, named.max)));
        let Some((histogram, max)) = found else { return Vec::new() };
        let recorded = histogram.iter_recorded();
        let mut values: Vec<(u64, u64)> = recorded
            .map(|step| (step.value_iterated_to().min(max), step.count_since_last_iteration()))
            .collect();
        if let Some(last) = values.last_mut() {
            last.0 = max;
        }
        values
    }

    /// Every counter, those at zero included.
    pub fn counts(&self) -> OrderedMap<String, u64> {
        self.counters.iter().cloned().collect()
    }
}

impl Named {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), histogram: None, sum: 0, max: 0 }
    }

    fn summary(&self, histogram: &Histogram<u32>) -> MetricSummary {
        let count = histogram.len();
        // The histogram answers with the upper end of a bucket, which may lie above everything recorded.
        let quantile = |q: f64| histogram.value_at_quantile(q).min(self.max);
        MetricSummary {
            count,
            mean: if count == 0 { 0.0 } else { self.sum as f64 / count as f64 },
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: self.max,
        }
    }
}

fn empty() -> Histogram<u32> {
    Histogram::new_with_bounds(1, LARGEST, DIGITS).expect("the bounds are constants that fit each other")
}

fn id(place: usize) -> u32 {
    u32::try_from(place).expect("a run has fewer than 2^32 metrics")
}

/// A distribution of values, summarized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Half are at most this.
    pub p50: u64,
    /// Nine in ten are at most this.
    pub p90: u64,
    /// 99 in a hundred are at most this.
    pub p99: u64,
    /// None is above this.
    pub max: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_close_to_the_sorted_values() {
        let mut metrics = Metrics::new();
        let id = metrics.histogram("latency");
        assert_eq!(metrics.histogram("latency"), id);
        let mut values: Vec<u64> = (0..10_000_u64).map(|i| (i * 7_919) % 10_007 * 1_000 + 1).collect();
        values.iter().for_each(|value| metrics.record(id, *value));
        values.sort_unstable();
        let summary = metrics.summary()["latency"];
        let close = |found: u64, exact: u64| found.abs_diff(exact) * 1_000 <= exact;
        assert!(close(summary.p50, values[4_999]) && close(summary.p90, values[8_999]), "{summary:?}");
        assert!(close(summary.p99, values[9_899]));
        assert_eq!((summary.count, summary.max), (10_000, values[9_999]));
        let mean = values.iter().sum::<u64>() as f64 / 10_000.0;
        assert!((summary.mean - mean).abs() < 1e-6);
    }

    #[test]
    fn quantiles_never_exceed_the_maximum_and_nothing_is_too_large() {
        let mut metrics = Metrics::new();
        let id = metrics.histogram("x");
        metrics.record(id, 0);
        metrics.record(id, 1_000_001);
        let summary = metrics.summary()["x"];
        assert_eq!((summary.p50, summary.p99, summary.max), (0, 1_000_001, 1_000_001));
        metrics.record(id, u64::MAX);
        assert_eq!(metrics.summary()["x"].max, u64::MAX);
    }

    #[test]
    fn counters_are_found_by_name() {
        let mut metrics = Metrics::new();
        let (one, two) = (metrics.counter("one"), metrics.counter("two"));
        metrics.add(one, 3);
        metrics.add(metrics.counters.len().checked_sub(1).map(|_| two).unwrap(), 1);
        assert_eq!(metrics.counter("one"), one);
        assert_eq!(metrics.count(one), 3);
        assert_eq!(metrics.counts().into_iter().collect::<Vec<_>>(), [("one".into(), 3), ("two".into(), 1)]);
        assert!(metrics.summary().is_empty());
    }
}
