//! A sample in bounded memory: counts of values, whatever their number and order.

use super::interval::{Interval, median_ranks, quantile_ranks, student};
use super::summary::sum;
use crate::math;

/// How many values are told apart. A sample with no more different values than this is kept exactly.
const MOST: usize = 1 << 14;

/// How many values wait to be sorted in. The more there are, the less often all buckets are moved.
const WAITING: usize = 1 << 13;

/// A sample as counts of values.
///
/// A value is its bits, as an integer in the order of values. While at most 16,384 of them differ, each has a count of its
/// own and everything is exact. Beyond that the last bits of all are dropped, as few as possible: values that agree in the
/// others share a count, and a quantile is the middle of such a bucket, as near as 16,384 buckets over the whole range of the
/// sample allow. The mean is exact all the same.
///
/// What it holds is a function of the values alone: tallies of parts, absorbed in any order, are the tally of the whole.
///
/// Values must be finite.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Prefixes of values in rising order, each with how many values have it.
    buckets: Vec<(u64, u64)>,
    /// How many bits of each value are dropped.
    dropped: u32,
    /// Values not sorted in yet, whole, each with how often it came in a row: many columns hardly ever change.
    waiting: Vec<(u64, u64)>,
    count: u64,
    /// The sum of significands for each exponent, exponents in rising order. It is exact up to 2^74 values.
    sums: Vec<(u64, i128)>,
    /// The smallest and the largest value, as integers.
    ends: Option<(u64, u64)>,
}

/// Two tallies are equal if they hold the same sample, whatever still waits in them.
impl PartialEq for Tally {
    fn eq(&self, other: &Self) -> bool {
        let (mut one, mut two) = (self.clone(), other.clone());
        one.settle();
        two.settle();
        (one.buckets, one.dropped, one.count, one.sums, one.ends)
            == (two.buckets, two.dropped, two.count, two.sums, two.ends)
    }
}

impl Tally {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        // Zero has two forms, of which only one is counted.
        let value = value + 0.0;
        let place = place_of(value);
        self.count += 1;
        self.add_sum(value.to_bits() >> 52 & 0x7FF, significand(value));
        self.widen(place, place);
        self.wait(place, 1);
    }

    fn wait(&mut self, place: u64, times: u64) {
        match self.waiting.last_mut() {
            Some((last, known)) if *last == place => *known += times,
            _ => self.waiting.push((place, times)),
        }
        if self.waiting.len() >= WAITING {
            self.settle();
        }
    }

    /// Takes in another sample.
    pub fn absorb(&mut self, other: &Self) {
        self.count += other.count;
        for (exponent, sum) in &other.sums {
            self.add_sum(*exponent, *sum);
        }
        if let Some((low, high)) = other.ends {
            self.widen(low, high);
        }
        for (place, times) in &other.waiting {
            self.wait(*place, *times);
        }
        if other.buckets.is_empty() {
            return;
        }
        self.settle();
        let dropped = self.dropped.max(other.dropped);
        let mut buckets = other.buckets.clone();
        coarsen(&mut self.buckets, dropped - self.dropped);
        coarsen(&mut buckets, dropped - other.dropped);
        self.dropped = dropped;
        self.merge(&buckets);
    }

    /// How many values there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether each value is kept as it is.
    pub fn is_exact(&self) -> bool {
        let mut settled = self.clone();
        settled.settle();
        settled.dropped == 0
    }

    /// The sample, ready to be asked.
    pub fn summary(mut self) -> Summary {
        self.settle();
        let mut seen = 0;
        let steps = self.buckets.iter().map(|(prefix, count)| {
            seen += count;
            (self.middle(*prefix), seen)
        });
        let steps = steps.collect();
        let parts = self.sums.iter().flat_map(|(exponent, sum)| scaled(*exponent, *sum));
        Summary { steps, count: self.count, sum: sum(parts) }
    }

    fn add_sum(&mut self, exponent: u64, by: i128) {
        match self.sums.binary_search_by_key(&exponent, |(known, _)| *known) {
            Ok(place) => self.sums[place].1 += by,
            Err(place) => self.sums.insert(place, (exponent, by)),
        }
    }

    fn widen(&mut self, low: u64, high: u64) {
        let (least, most) = self.ends.unwrap_or((low, high));
        self.ends = Some((least.min(low), most.max(high)));
    }

    /// Sorts in what waits.
    fn settle(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_unstable_by_key(|(place, _)| *place);
        coarsen(&mut waiting, self.dropped);
        self.merge(&waiting);
        waiting.clear();
        self.waiting = waiting;
    }

    /// Takes in counts of prefixes of the same length, in rising order.
    fn merge(&mut self, others: &[(u64, u64)]) {
        let buckets = &mut self.buckets;
        let (mut ours, mut theirs) = (buckets.len(), others.len());
        buckets.resize(ours + theirs, (0, 0));
        // From the largest down, so that everything finds its place without a second list.
        for place in (0..buckets.len()).rev() {
            let Some(other) = theirs.checked_sub(1).map(|last| others[last]) else { break };
            match ours.checked_sub(1).map(|last| buckets[last]).filter(|own| own.0 > other.0) {
                Some(own) => (buckets[place], ours) = (own, ours - 1),
                None => (buckets[place], theirs) = (other, theirs - 1),
            }
        }
        coarsen(buckets, 0);
        if buckets.len() > MOST {
            let bits = bits_too_many(buckets);
            coarsen(buckets, bits);
            self.dropped += bits;
        }
    }

    /// The middle of a bucket, as far as the sample reaches into it.
    fn middle(&self, prefix: u64) -> f64 {
        let low = prefix << self.dropped;
        let high = low | ((1 << self.dropped) - 1);
        let (least, most) = self.ends.unwrap_or((low, high));
        let (low, high) = (value_at(low.max(least)), value_at(high.min(most)));
        if low == high { low } else { low + (high - low) / 2.0 }
    }
}

/// Drops further bits of prefixes in rising order, and counts those together that are equal then.
fn coarsen(buckets: &mut Vec<(u64, u64)>, bits: u32) {
    if bits > 0 {
        buckets.iter_mut().for_each(|(prefix, _)| *prefix >>= bits);
    }
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
}

/// How many bits must be dropped, at least, until no more than [`MOST`] prefixes differ. Neighbors are equal once the highest bit in which
/// they differ is gone.
fn bits_too_many(buckets: &[(u64, u64)]) -> u32 {
    let mut differing = [0_usize; u64::BITS as usize];
    for pair in buckets.windows(2) {
        differing[(pair[0].0 ^ pair[1].0).ilog2() as usize] += 1;
    }
    let (mut bits, mut left) = (0, buckets.len());
    while left > MOST {
        left -= differing[bits];
        bits += 1;
    }
    bits as u32
}

const SIGN: u64 = 1 << 63;

/// A value as an integer: the larger the value, the larger the integer.
fn place_of(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn value_at(place: u64) -> f64 {
    f64::from_bits(if place & SIGN == 0 { !place } else { place & !SIGN })
}

/// The value as an integer in units of its exponent.
fn significand(value: f64) -> i128 {
    let bits = value.to_bits();
    let fraction = i128::from(bits & ((1 << 52) - 1));
    let whole = if bits >> 52 & 0x7FF == 0 { fraction } else { fraction | 1 << 52 };
    if bits & SIGN == 0 { whole } else { -whole }
}

/// A sum of significands in the units of an exponent, in two parts without a loss.
fn scaled(exponent: u64, sum: i128) -> [f64; 2] {
    // Subnormal numbers have the unit of the smallest normal ones. A unit is the number of its exponent over 2^52.
    let unit = f64::from_bits(exponent.max(1) << 52) / (1_u64 << 52) as f64;
    let high = sum as f64;
    [high * unit, (sum - high as i128) as f64 * unit]
}

/// A sample that can be asked.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Values in rising order, each with how many values there are up to it.
    steps: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

impl Summary {
    /// How many values there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The arithmetic mean; `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// How many values are at most zero.
    pub fn up_to_zero(&self) -> u64 {
        self.before(self.steps.partition_point(|(value, _)| *value <= 0.0))
    }

    /// How many values are below zero.
    pub fn below_zero(&self) -> u64 {
        self.before(self.steps.partition_point(|(value, _)| *value < 0.0))
    }

    /// How many values the first steps have.
    fn before(&self, step: usize) -> u64 {
        step.checked_sub(1).map_or(0, |last| self.steps[last].1)
    }

    /// As [`super::std_dev`].
    pub fn deviation(&self) -> Option<f64> {
        let center = self.mean().filter(|_| self.count > 1)?;
        let mut before = 0;
        let squares = self.steps.iter().map(|(value, seen)| {
            let many = seen - std::mem::replace(&mut before, *seen);
            (value - center) * (value - center) * many as f64
        });
        Some(math::sqrt(sum(squares) / (self.count - 1) as f64))
    }

    /// As [`super::mean_interval`].
    ///
    /// # Panics
    /// If the confidence is not strictly between 0 and 1.
    pub fn mean_interval(&self, confidence: f64) -> Option<Interval> {
        Some(student(self.mean()?, self.deviation()?, self.count as f64, confidence))
    }

    /// As [`super::quantile`].
    ///
    /// # Panics
    /// If `share` is not between 0 and 1.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        assert!((0.0..=1.0).contains(&share), "a share lies between 0 and 1");
        let place = share * self.count.checked_sub(1)? as f64;
        let below = place as u64;
        let low = self.at(below)?;
        let high = self.at(below + 1).unwrap_or(low);
        if low == high { Some(low) } else { Some(low + (high - low) * (place - below as f64)) }
    }

    /// The values in rising order, if there are at most `parts` + 1; else the quantiles that cut the sample into so many parts,
    /// with both ends.
    pub fn spread(&self, parts: u64) -> Vec<f64> {
        if self.count <= parts + 1 {
            return (0..self.count).filter_map(|place| self.at(place)).collect();
        }
        (0..=parts).filter_map(|part| self.quantile(part as f64 / parts as f64)).collect()
    }

    /// As [`super::median_interval`].
    ///
    /// # Panics
    /// If the confidence is not strictly between 0 and 1.
    pub fn median_interval(&self, confidence: f64) -> Option<Interval> {
        let (low, high) = median_ranks(self.count, confidence)?;
        Some(Interval { low: self.at(low)?, high: self.at(high)? })
    }

    /// As [`super::quantile_interval`].
    ///
    /// # Panics
    /// If the confidence is not strictly between 0 and 1.
    pub fn quantile_interval(&self, share: f64, confidence: f64) -> Option<Interval> {
        let (low, high) = quantile_ranks(self.count, share, confidence)?;
        Some(Interval { low: self.at(low)?, high: self.at(high)? })
    }

    /// The value at a place, counted from 0 in rising order.
    fn at(&self, place: u64) -> Option<f64> {
        let step = self.steps.partition_point(|(_, seen)| *seen <= place);
        self.steps.get(step).map(|(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Keyed, Purpose};
    use crate::stats::{mean, mean_interval, median_interval, quantile, quantile_interval, sorted};

    #[test]
    fn a_spread_is_all_values_or_as_many_quantiles() {
        let few = tally(&[3.0, 1.0, 1.0]).summary();
        assert_eq!(few.spread(2), [1.0, 1.0, 3.0]);
        let many: Vec<f64> = (0..=400).map(f64::from).collect();
        assert_eq!(tally(&many).summary().spread(4), [0.0, 100.0, 200.0, 300.0, 400.0]);
        assert!(tally(&[]).summary().spread(4).is_empty());
    }

    fn tally(values: &[f64]) -> Tally {
        let mut tally = Tally::default();
        values.iter().for_each(|value| tally.add(*value));
        tally
    }

    /// Values over about nine decades.
    fn drawn(label: u64, count: u64) -> Vec<f64> {
        let keyed = Keyed::new(label, Purpose::Bootstrap);
        let unit = |word: u64| (word >> 11) as f64 / (1_u64 << 53) as f64;
        (0..count).map(|i| math::exp(unit(keyed.word(i, 0)) * 20.0 - 5.0)).collect()
    }

    #[test]
    fn a_small_sample_has_the_figures_of_its_values() {
        for count in [1, 2, 3, 10, 100, 9_000] {
            let mut values = drawn(1, count);
            values.iter_mut().step_by(3).for_each(|value| *value = -value.round());
            let (whole, exact) = (tally(&values).summary(), sorted(&values));
            assert!(tally(&values).is_exact());
            for share in [0.0, 0.5, 0.9, 0.99, 1.0] {
                assert_eq!(whole.quantile(share), quantile(&exact, share));
                assert_eq!(whole.quantile_interval(share, 0.95), quantile_interval(&exact, share, 0.95));
            }
            assert_eq!(whole.median_interval(0.95), median_interval(&exact, 0.95));
            let close = |one: f64, two: f64| (one - two).abs() <= 1e-12 * two.abs();
            assert!(close(whole.mean().unwrap(), mean(&exact).unwrap()));
            let both = whole.mean_interval(0.95).zip(mean_interval(&exact, 0.95));
            assert_eq!(both.is_some(), count > 1);
            assert!(both.is_none_or(|(one, two)| close(one.low, two.low) && close(one.high, two.high)));
            let count = |holds: fn(&f64) -> bool| values.iter().filter(|value| holds(value)).count() as u64;
            assert_eq!((whole.below_zero(), whole.up_to_zero()), (count(|v| *v < 0.0), count(|v| *v <= 0.0)));
        }
        let nothing = Tally::default().summary();
        assert_eq!((nothing.mean(), nothing.quantile(0.5), nothing.count()), (None, None, 0));
        assert!(nothing.median_interval(0.95).is_none());
    }

    #[test]
    fn a_large_sample_takes_no_more_room_and_stays_close() {
        let values = drawn(2, 300_000);
        let large = tally(&values);
        assert!(!large.is_exact() && large.buckets.len() <= MOST && large.buckets.len() > MOST / 3);
        let (whole, exact) = (large.summary(), sorted(&values));
        // 29 octaves and 16,384 buckets: at least 256 for each, and a middle is at most half of one away.
        let close = |one: f64, two: f64| (one - two).abs() <= two.abs() / 500.0;
        for share in [0.001, 0.5, 0.9, 0.99] {
            assert!(close(whole.quantile(share).unwrap(), quantile(&exact, share).unwrap()), "{share}");
        }
        assert_eq!(whole.quantile(0.0).map(|low| close(low, exact[0])), Some(true));
        let (one, two) = (whole.mean().unwrap(), mean(&exact).unwrap());
        assert!((one - two).abs() <= 1e-14 * two, "{one} is not {two}");
        let (one, two) = (whole.mean_interval(0.95).unwrap(), mean_interval(&exact, 0.95).unwrap());
        assert!((one.width() / two.width() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn parts_come_to_the_whole_in_any_order() {
        let values = drawn(3, 60_000);
        let whole = tally(&values);
        let parts: Vec<Tally> = values.chunks(7_001).map(tally).collect();
        let (mut forward, mut backward) = (Tally::default(), Tally::default());
        parts.iter().for_each(|part| forward.absorb(part));
        parts.iter().rev().for_each(|part| backward.absorb(part));
        let mut scattered = Tally::default();
        values.iter().step_by(2).for_each(|value| scattered.add(*value));
        scattered.absorb(&tally(&values.iter().skip(1).step_by(2).copied().collect::<Vec<_>>()));
        assert!(!whole.is_exact());
        assert_eq!(forward, whole);
        assert_eq!(backward, whole);
        assert_eq!(scattered, whole);
        assert_ne!(parts[0], whole);
    }

    /// Bits are dropped one after the other until few enough prefixes differ; how many is known at once.
    #[test]
    fn no_more_bits_are_dropped_than_must_be() {
        for step in [1, 3, 64, 1 << 20] {
            let values: Vec<(u64, u64)> =
                (0..MOST as u64 * 2 + step).map(|i| (i * i * step + 1, 1)).collect();
            let bits = bits_too_many(&values);
            for (dropped, few) in [(bits, true), (bits - 1, false)] {
                let mut coarser = values.clone();
                coarsen(&mut coarser, dropped);
                assert_eq!(coarser.len() <= MOST, few, "{dropped} of {step}");
                assert_eq!(coarser.iter().map(|(_, count)| count).sum::<u64>(), values.len() as u64);
            }
        }
        assert_eq!(bits_too_many(&[(1, 1), (2, 1)]), 0);
    }

    #[test]
    fn a_sum_is_exact_whatever_the_order() {
        let values = [1e16, 1.0, -1e16, 1.0, 1e-3, -0.0];
        let whole = tally(&values).summary();
        assert_eq!(whole.mean(), Some(2.001 / 6.0));
        assert_eq!(tally(&[-0.0, 0.0]).waiting, [(place_of(0.0), 2)]);
        assert_eq!(tally(&[-0.0]), tally(&[0.0]));
    }
}
