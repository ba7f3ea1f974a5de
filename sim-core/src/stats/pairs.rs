//! Two columns over the same seeds.

use super::interval::{Interval, paired_ratio, student_quantile};
use super::special::student_t_cdf;
use super::tally::Tally;
use crate::math;
use crate::random::Keyed;

/// With more pairs than this, the interval of a ratio comes from its variance, and pairs are not kept.
const KEPT: usize = 1 << 16;
/// How often pairs are drawn anew for the interval of a ratio.
const RESAMPLES: u32 = 2_000;
/// With more draws than this in all, fewer resamples are as good.
const DRAWS: u64 = 20_000_000;

/// How a second column differs from a first one over the same seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// The mean of second minus first.
    pub mean: f64,
    /// Where that mean lies with the confidence asked for.
    pub interval: Interval,
    /// The two-sided probability of such a mean if the columns do not differ (Student's paired test).
    pub p_value: f64,
    /// In how many pairs the second is larger.
    pub larger: u64,
    /// In how many pairs the second is smaller.
    pub smaller: u64,
}

/// Compares two columns pair by pair, which removes what the seeds have in common. `None` of fewer than two pairs.
///
/// # Panics
/// If the columns differ in length, or the confidence is not strictly between 0 and 1.
pub fn paired(first: &[f64], second: &[f64], confidence: f64) -> Option<Paired> {
    assert_eq!(first.len(), second.len(), "columns over the same seeds have the same length");
    let mut pairs = Pairs::default();
    first.iter().zip(second).for_each(|(first, second)| pairs.add(*first, *second));
    pairs.difference(confidence)
}

/// Pairs of values, one after the other, in bounded memory.
///
/// Values must be finite.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    differences: Tally,
    /// Both columns, as long as they are not too long.
    kept: (Vec<f64>, Vec<f64>),
    moments: Moments,
}

/// Means, and sums of products of what is left over them (Welford, Technometrics 4(3), 1962).
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    first: f64,
    second: f64,
    squares: f64,
    products: f64,
    second_squares: f64,
}

impl Moments {
    fn add(&mut self, first: f64, second: f64) {
        self.count += 1.0;
        let (from_first, from_second) = (first - self.first, second - self.second);
        self.first += from_first / self.count;
        self.second += from_second / self.count;
        self.squares += from_first * (first - self.first);
        self.products += from_first * (second - self.second);
        self.second_squares += from_second * (second - self.second);
    }

    /// The ratio of means and its interval by the delta method: the variance of second minus ratio times first, in units of
    /// the first. `None` if the mean of the first may be zero.
    fn ratio(&self, confidence: f64) -> Option<(f64, Interval)> {
        let z = student_quantile(confidence, self.count);
        let error = |squares: f64| math::sqrt(squares.max(0.0) / (self.count - 1.0) / self.count);
        if self.first.abs() <= z * error(self.squares) {
            return None;
        }
        let ratio = self.second / self.first;
        let left = self.second_squares - 2.0 * ratio * self.products + ratio * ratio * self.squares;
        let half = z * error(left) / self.first.abs();
        Some((ratio, Interval { low: ratio - half, high: ratio + half }))
    }
}

impl Pairs {
    /// Adds the values of both columns under one seed.
    pub fn add(&mut self, first: f64, second: f64) {
        self.differences.add(second - first);
        self.moments.add(first, second);
        let kept = self.kept.0.len() as u64;
        if kept + 1 == self.count() && kept < KEPT as u64 {
            self.kept.0.push(first);
            self.kept.1.push(second);
        } else {
            self.kept = (Vec::new(), Vec::new());
        }
    }

    /// How many pairs there are.
    pub const fn count(&self) -> u64 {
        self.differences.count()
    }

    /// How the second column differs. `None` of fewer than two pairs.
    ///
    /// # Panics
    /// If the confidence is not strictly between 0 and 1.
    pub fn difference(&self, confidence: f64) -> Option<Paired> {
        let differences = self.differences.clone().summary();
        let (center, interval) = (differences.mean()?, differences.mean_interval(confidence)?);
        let n = differences.count() as f64;
        let deviation = differences.deviation()?;
        let p_value = if deviation > 0.0 {
            2.0 * student_t_cdf(-center.abs() * math::sqrt(n) / deviation, n - 1.0)
        } else if center == 0.0 {
            1.0
        } else {
            0.0
        };
        let larger = differences.count() - differences.up_to_zero();
        let smaller = differences.below_zero();
        Some(Paired { mean: center, interval, p_value, larger, smaller })
    }

    /// The mean of the second over that of the first, with the interval of [`paired_ratio`]; of more than 65,536 pairs by the
    /// delta method, which is as good there and keeps no pairs. `None` of fewer than two pairs, or if the mean of the first may
    /// be zero.
    ///
    /// # Panics
    /// If the confidence is not strictly between 0 and 1.
    pub fn ratio(&self, confidence: f64, keyed: Keyed) -> Option<(f64, Interval)> {
        let (first, second) = &self.kept;
        if self.count() > KEPT as u64 {
            return self.moments.ratio(confidence);
        }
        let resamples = (DRAWS / self.count().max(1)).clamp(200, RESAMPLES.into()) as u32;
        paired_ratio(first, second, confidence, resamples, keyed)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Pairs, paired};
    use crate::random::{Keyed, Purpose};

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// Student's own table: ten patients' additional sleep under two drugs (Biometrika 6, 1908); R's `sleep`.
    #[test]
    fn pairs_show_what_columns_hide() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let found = paired(&first, &second, 0.95).unwrap();
        near(found.mean, 1.58);
        assert!((found.p_value - 0.002_833).abs() < 1e-6, "{}", found.p_value);
        assert!((found.interval.low - 0.700_114_2).abs() < 1e-6, "{:?}", found.interval);
        assert!((found.interval.high - 2.459_885_8).abs() < 1e-6, "{:?}", found.interval);
        assert_eq!((found.larger, found.smaller), (9, 0));
        assert_eq!(paired(&[1.0, 2.0], &[1.0, 2.0], 0.95).unwrap().p_value, 1.0);
        assert_eq!(paired(&[1.0], &[2.0], 0.95), None);
    }

    fn pairs(count: u64) -> Pairs {
        let keyed = Keyed::new(8, Purpose::Bootstrap);
        let unit = |word: u64| (word >> 11) as f64 / (1_u64 << 53) as f64;
        let mut pairs = Pairs::default();
        for i in 0..count {
            let first = 10.0 + unit(keyed.word(i, 0));
            pairs.add(first, 3.0 * first + unit(keyed.word(i, 1)) - 0.5);
        }
        pairs
    }

    /// Where pairs are not kept any more, the interval of the ratio is that of the bootstrap.
    #[test]
    fn many_pairs_have_the_ratio_of_few_and_take_no_room() {
        let (few, many) = (pairs(KEPT as u64), pairs(KEPT as u64 + 1));
        assert!(many.kept.0.is_empty() && few.kept.0.len() == KEPT);
        let keyed = Keyed::new(1, Purpose::Bootstrap);
        let ((one, drawn), (two, computed)) =
            (few.ratio(0.95, keyed).unwrap(), many.ratio(0.95, keyed).unwrap());
        assert!((one - two).abs() < 1e-6 && computed.contains(3.0));
        assert!((drawn.width() / computed.width() - 1.0).abs() < 0.15, "{drawn:?} {computed:?}");
        let difference = many.difference(0.95).unwrap();
        assert_eq!((difference.larger, difference.smaller), (KEPT as u64 + 1, 0));
        let mut around_zero = Pairs::default();
        (0..=KEPT).for_each(|i| around_zero.add(if i % 2 == 0 { 1.0 } else { -1.0 }, 1.0));
        assert_eq!(around_zero.ratio(0.95, keyed), None);
    }
}
