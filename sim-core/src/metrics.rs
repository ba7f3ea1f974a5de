//! Quantities of a run: named histograms and counters behind small ids.
//!
//! Names are looked up once, at the start of a run; recording is an index and an increment, and allocates nothing
//! but at the first of a name.

mod cumulative;

pub use cumulative::Cumulative;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::ordered::OrderedMap;

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

/// Values below 2^11 are told apart exactly, and of larger ones the first eleven bits: more than [`DIGITS`] digits.
const SUB_BUCKET_BITS: u32 = 11;

/// The histograms and counters of one run.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    histograms: Vec<Named>,
    counters: Vec<(String, u64)>,
}

#[derive(Clone, Debug)]
struct Named {
    name: String,
    values: Values,
    sum: u128,
    max: u64,
}

/// What was recorded. A short run would spend more on the room of a histogram, and on looking through it, than on all of its
/// beginning.
#[derive(Clone, Debug)]
enum Values {
    /// Up to [`FEW`], as they were recorded.
    Few(Vec<u64>),
    /// More than that.
    Many(Histogram<u32>),
}

/// So many values are kept as they are.
const FEW: usize = 1_024;

impl Values {
    fn record(&mut self, value: u64) {
        match self {
            Self::Few(few) if few.len() < FEW => few.push(value),
            Self::Few(few) => {
                let mut histogram = empty();
                few.drain(..).chain([value]).for_each(|value| histogram.saturating_record(value));
                *self = Self::Many(histogram);
            }
            Self::Many(histogram) => histogram.saturating_record(value),
        }
    }

    /// The upper ends of their buckets, in order.
    fn sorted_ends(few: &[u64]) -> Vec<u64> {
        let mut ends: Vec<u64> = few.iter().map(|value| bucket_end(*value)).collect();
        ends.sort_unstable();
        ends
    }

    /// The upper end of each bucket with a value, in order, and how many are in it.
    fn buckets(&self) -> Vec<(u64, u64)> {
        match self {
            Self::Few(few) => {
                let ends = Self::sorted_ends(few);
                ends.chunk_by(u64::eq).map(|same| (same[0], same.len() as u64)).collect()
            }
            Self::Many(histogram) => {
                let recorded = histogram.iter_recorded();
                recorded.map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect()
            }
        }
    }

    /// How many values there are, and the upper ends of the buckets in which these quantiles lie.
    fn quantiles<const N: usize>(&self, wanted: [f64; N]) -> (u64, [u64; N]) {
        match self {
            Self::Few(few) => {
                let (ends, count) = (Self::sorted_ends(few), few.len() as u64);
                let place = |quantile: f64| ((quantile * count as f64).ceil() as usize).saturating_sub(1);
                (count, wanted.map(|quantile| ends.get(place(quantile)).copied().unwrap_or(0)))
            }
            Self::Many(histogram) => {
                (histogram.len(), wanted.map(|quantile| histogram.value_at_quantile(quantile)))
            }
        }
    }
}

/// The largest value that a histogram does not tell from this one: [`DIGITS`] digits fit into eleven bits.
fn bucket_end(value: u64) -> u64 {
    let value = if value < 2 * LARGEST { value } else { LARGEST };
    let unit = 1_u64 << (u64::BITS - value.leading_zeros()).saturating_sub(SUB_BUCKET_BITS);
    value | (unit - 1)
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
        named.values.record(value);
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
        let used = self.histograms.iter().filter(|named| !named.is_empty());
        used.map(|named| (named.name.clone(), named.summary())).collect()
    }

    /// Every value that was recorded under a name, to three digits, and how often; nothing if none was. The largest is exact.
    pub fn values(&self, name: &str) -> Vec<(u64, u64)> {
        let Some(named) = self.histograms.iter().find(|named| named.name == name) else { return Vec::new() };
        let mut values = named.values.buckets();
        values.iter_mut().for_each(|(end, _)| *end = (*end).min(named.max));
        if let Some(last) = values.last_mut() {
            last.0 = named.max;
        }
        values
    }

    /// How the values of each histogram with at least two of them are distributed.
    pub(crate) fn distributions(&self) -> impl Iterator<Item = Cumulative> + '_ {
        let all = self.histograms.iter().map(|named| (&named.name, self.values(&named.name)));
        let several = all.filter(|(_, values)| values.iter().map(|(_, times)| times).sum::<u64>() > 1);
        several.map(|(name, values)| Cumulative::of(name, &values))
    }

    /// Every counter, those at zero included.
    pub fn counts(&self) -> OrderedMap<String, u64> {
        self.counters.iter().cloned().collect()
    }
}

impl Named {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), values: Values::Few(Vec::new()), sum: 0, max: 0 }
    }

    fn is_empty(&self) -> bool {
        matches!(&self.values, Values::Few(few) if few.is_empty())
    }

    fn summary(&self) -> MetricSummary {
        // A bucket is known by its upper end, which may lie above everything recorded.
        let (count, [p50, p90, p99]) = self.values.quantiles([0.5, 0.9, 0.99]);
        MetricSummary {
            count,
            mean: if count == 0 { 0.0 } else { self.sum as f64 / count as f64 },
            p50: p50.min(self.max),
            p90: p90.min(self.max),
            p99: p99.min(self.max),
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

    /// Few values are told as a histogram tells them, and so is the first one that is too many.
    #[test]
    fn few_values_are_told_as_many_are() {
        let mut word = 7_u64;
        for count in (1..=FEW + 2).step_by(5).chain([FEW, FEW + 1]) {
            let (mut metrics, mut histogram) = (Metrics::new(), empty());
            let id = metrics.histogram("x");
            for _ in 0..count {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let value = word >> (word % 61);
                metrics.record(id, value);
                histogram.saturating_record(value);
            }
            let summary = metrics.summary()["x"];
            let told = |q: f64| histogram.value_at_quantile(q).min(summary.max);
            assert_eq!((summary.p50, summary.p90, summary.p99), (told(0.5), told(0.9), told(0.99)));
            assert_eq!(summary.count, count as u64);
            let recorded = histogram.iter_recorded();
            let ends: Vec<(u64, u64)> =
                recorded.map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect();
            assert_eq!(metrics.histograms[0].values.buckets(), ends, "{count}");
            assert_eq!(metrics.values("x").last().map(|(last, _)| *last), Some(summary.max));
        }
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
