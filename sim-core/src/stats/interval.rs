//! Confidence intervals.

use super::special::student_t_quantile;
use super::summary::{mean, quantile, sorted, std_dev};
use crate::math;
use crate::random::{Keyed, below};

/// A confidence interval, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies inside.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether the two have a value in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// The distance between the ends.
    pub fn width(self) -> f64 {
        self.high - self.low
    }
}

/// The share of a distribution below the upper end of a central interval: 0.975 for a confidence of 0.95.
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub(super) fn upper_share(confidence: f64) -> f64 {
    assert!(confidence > 0.0 && confidence < 1.0, "a confidence lies between 0 and 1");
    0.5 + confidence / 2.0
}

/// The interval of a proportion (Wilson, JASA 22, 1927): sound for few trials and at 0 and 1, where the textbook's
/// normal interval is empty. With no trial at all it is everything from 0 to 1.
///
/// # Panics
/// If there are more successes than trials, or the confidence is not strictly between 0 and 1.
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Interval {
    assert!(successes <= trials, "at most every trial succeeds");
    let z = math::normal_quantile(upper_share(confidence));
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = trials as f64;
    let share = successes as f64 / n;
    let scale = 1.0 + z * z / n;
    let center = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * math::sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n));
    // Exact at the ends, where rounding would leave a hair.
    Interval {
        low: if successes == 0 { 0.0 } else { center - half },
        high: if successes == trials { 1.0 } else { center + half },
    }
}

/// The interval of a mean, from Student's t distribution; `None` of fewer than two values.
///
/// It supposes that the mean is about normal. For long tails and few values see [`bootstrap`].
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub fn mean_interval(values: &[f64], confidence: f64) -> Option<Interval> {
    Some(student(mean(values)?, std_dev(values)?, values.len() as f64, confidence))
}

/// The interval of a mean of `n` values, of which there are at least two.
pub(super) fn student(mean: f64, deviation: f64, n: f64, confidence: f64) -> Interval {
    let half = student_quantile(confidence, n) * deviation / math::sqrt(n);
    Interval { low: mean - half, high: mean + half }
}

/// How many standard errors the mean of `n` values may be away.
pub(super) fn student_quantile(confidence: f64, n: f64) -> f64 {
    student_t_quantile(upper_share(confidence), n - 1.0)
}

/// The interval of a median from the ranks around it, whatever the distribution: the number of values below the
/// true median is binomial, here by its normal approximation with the correction for continuity. `None` of nothing.
///
/// With fewer than six values and a confidence of 0.95 even the extremes are not enough, and they are what comes out.
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub fn median_interval(values: &[f64], confidence: f64) -> Option<Interval> {
    let sorted = sorted(values);
    at_ranks(&sorted, median_ranks(sorted.len() as u64, confidence)?)
}

/// The places of the interval of a median among `count` values in rising order, counted from 0.
pub(super) fn median_ranks(count: u64, confidence: f64) -> Option<(u64, u64)> {
    let z = math::normal_quantile(upper_share(confidence));
    let n = count as f64;
    // The rank of the lower end counts from 1; the upper end has the same rank from above.
    let rank = (n + 1.0 - z * math::sqrt(n)) / 2.0;
    let low = (rank.max(1.0) as u64).checked_sub(1)?;
    Some((low, count.checked_sub(1 + low)?))
}

fn at_ranks(sorted: &[f64], (low, high): (u64, u64)) -> Option<Interval> {
    let at = |place: u64| sorted.get(usize::try_from(place).ok()?).copied();
    Some(Interval { low: at(low)?, high: at(high)? })
}

/// The interval of a quantile from the ranks around it, whatever the distribution, of values that are
/// [sorted](super::sorted): the number of values below the true quantile is binomial, here by its normal approximation with
/// the correction for continuity. `None` if there are too few values to bound it on both sides, as of the 99th percentile of
/// 100 values.
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub fn quantile_interval(sorted: &[f64], share: f64, confidence: f64) -> Option<Interval> {
    at_ranks(sorted, quantile_ranks(sorted.len() as u64, share, confidence)?)
}

/// The places of the interval of a quantile among `count` values in rising order, counted from 0.
pub(super) fn quantile_ranks(count: u64, share: f64, confidence: f64) -> Option<(u64, u64)> {
    let z = math::normal_quantile(upper_share(confidence));
    let n = count as f64;
    let (center, half) = (n * share + 0.5, z * math::sqrt(n * share * (1.0 - share)));
    // Ranks count from 1.
    let (low, high) = ((center - half).floor(), (center + half).ceil());
    (low >= 1.0 && high <= n).then(|| (low as u64 - 1, high as u64 - 1))
}

/// The ratio of the means of two columns over the same seeds, second over first, and its interval by the percentile
/// bootstrap over pairs. `None` of fewer than two pairs, and if a resampled mean of the first is zero.
///
/// # Panics
/// If the columns differ in length, there is no resample, or the confidence is not strictly between 0 and 1.
pub fn paired_ratio(
    first: &[f64],
    second: &[f64],
    confidence: f64,
    resamples: u32,
    keyed: Keyed,
) -> Option<(f64, Interval)> {
    assert_eq!(first.len(), second.len(), "columns over the same seeds have the same length");
    if first.len() < 2 {
        return None;
    }
    let places: Vec<f64> = (0..first.len()).map(|place| place as f64).collect();
    let ratio = |places: &[f64]| {
        let total = |column: &[f64]| places.iter().map(|place| column[*place as usize]).sum::<f64>();
        let below = total(first);
        (below != 0.0).then(|| total(second) / below)
    };
    Some((ratio(&places)?, bootstrap(&places, confidence, resamples, keyed, ratio)?))
}

/// The interval of any statistic by the percentile bootstrap (Efron, 1979): the statistic of `resamples` samples
/// drawn with replacement. Deterministic: each draw is a function of `keyed`, the resample and the place.
/// `None` of nothing, and where the statistic is `None`.
///
/// # Panics
/// If there is no resample, or the confidence is not strictly between 0 and 1.
pub fn bootstrap(
    values: &[f64],
    confidence: f64,
    resamples: u32,
    keyed: Keyed,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<Interval> {
    assert!(resamples > 0, "a bootstrap needs a resample");
    let upper = upper_share(confidence);
    if values.is_empty() {
        return None;
    }
    let mut sample = vec![0.0; values.len()];
    let mut found = Vec::with_capacity(resamples as usize);
    for resample in 0..resamples {
        for (place, slot) in sample.iter_mut().enumerate() {
            let word = keyed.word(u64::from(resample), place as u64);
            *slot = values[below(word, values.len() as u64) as usize];
        }
        found.push(statistic(&sample)?);
    }
    let found = sorted(&found);
    Some(Interval { low: quantile(&found, 1.0 - upper)?, high: quantile(&found, upper)? })
}

#[cfg(test)]
mod tests {
    use super::{
        Interval, bootstrap, mean_interval, median_interval, paired_ratio, quantile_interval, wilson,
    };
    use crate::math;
    use crate::random::{Keyed, Purpose};
    use crate::stats::{mean, median, sorted};

    fn close(found: Interval, low: f64, high: f64) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(found.low, low) && near(found.high, high), "{found:?} is not {low} to {high}");
    }

    #[test]
    fn wilson_has_its_known_values() {
        close(wilson(81, 263, 0.95), 0.255288519878, 0.366209576983);
        close(wilson(15, 148, 0.95), 0.0623863995307, 0.160487241723);
        close(wilson(0, 20, 0.95), 0.0, 0.161125158053);
        close(wilson(1, 29, 0.95), 0.00611321429276, 0.171755218793);
        close(wilson(95, 100, 0.99), 0.860849697098, 0.983151683957);
        assert_eq!(wilson(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
        assert_eq!((wilson(0, 9, 0.95).low, wilson(9, 9, 0.95).high), (0.0, 1.0));
    }

    #[test]
    fn a_mean_has_the_interval_of_the_textbook() {
        // Mean 3, deviation sqrt(2.5), t(0.975, 4) = 2.776445...
        let half = 2.776_445_105_197_793_4 * (2.5_f64 / 5.0).sqrt();
        close(mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap(), 3.0 - half, 3.0 + half);
        assert_eq!(mean_interval(&[1.0], 0.95), None);
    }

    /// Ten values: the 95 % interval of the median runs from the second to the ninth (binomial coverage 97.9 %).
    #[test]
    fn a_median_lies_between_ranks() {
        let values: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        close(median_interval(&values, 0.95).unwrap(), 2.0, 9.0);
        close(median_interval(&[4.0], 0.95).unwrap(), 4.0, 4.0);
        assert_eq!(median_interval(&[], 0.95), None);
    }

    /// Of 100 values the 90th percentile lies between the ranks 84 and 97 (binomial coverage 95.6 %).
    #[test]
    fn a_quantile_lies_between_ranks() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        close(quantile_interval(&values, 0.9, 0.95).unwrap(), 84.0, 97.0);
        let median = median_interval(&values, 0.95).unwrap();
        close(quantile_interval(&values, 0.5, 0.95).unwrap(), median.low, median.high);
        assert_eq!(quantile_interval(&values, 0.99, 0.95), None);
        assert_eq!(quantile_interval(&[], 0.5, 0.95), None);
        let keyed = Keyed::new(3, Purpose::Bootstrap);
        let truth = -math::ln(0.1);
        let covered = (0..400).filter(|sample| {
            let values = sorted(&exponentials(keyed, *sample, 200));
            quantile_interval(&values, 0.9, 0.9).unwrap().contains(truth)
        });
        let covered = covered.count();
        assert!((345..=390).contains(&covered), "{covered} of 400");
    }

    /// Pairs that share most of their variation have a narrow ratio, and it covers the truth.
    #[test]
    fn a_ratio_of_pairs_covers_the_truth() {
        let keyed = Keyed::new(5, Purpose::Bootstrap);
        let mut covered = 0;
        for sample in 0..200 {
            let first: Vec<f64> = exponentials(keyed, sample, 50).iter().map(|value| value + 1.0).collect();
            let noise = exponentials(keyed.labeled(1), sample, 50);
            let second: Vec<f64> = first.iter().zip(noise).map(|(a, b)| 2.0 * a + b / 10.0 - 0.1).collect();
            let (ratio, interval) = paired_ratio(&first, &second, 0.9, 200, keyed.labeled(2)).unwrap();
            assert!((ratio - 2.0).abs() < 0.05 && interval.width() < 0.06);
            covered += u32::from(interval.contains(2.0));
        }
        assert!((160..=195).contains(&covered), "{covered} of 200");
        assert_eq!(paired_ratio(&[1.0], &[2.0], 0.9, 10, keyed), None);
        assert_eq!(paired_ratio(&[0.0, 0.0], &[2.0, 1.0], 0.9, 10, keyed), None);
    }

    fn exponentials(keyed: Keyed, sample: u64, count: u64) -> Vec<f64> {
        let unit = |word: u64| (word >> 11) as f64 / (1_u64 << 53) as f64;
        (0..count).map(|i| -math::ln(1.0 - unit(keyed.word(sample, i)))).collect()
    }

    /// The promise itself: of many samples from a known law, the promised share of intervals holds the truth.
    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let keyed = Keyed::new(1, Purpose::Bootstrap);
        let mut covered = [0; 4];
        for sample in 0..400 {
            let values = exponentials(keyed, sample, 60);
            let resampling = keyed.labeled(sample);
            let half = math::ln(2.0);
            let intervals = [
                (mean_interval(&values, 0.9), 1.0),
                (median_interval(&values, 0.9), half),
                (bootstrap(&values, 0.9, 200, resampling, mean), 1.0),
                (bootstrap(&values, 0.9, 200, resampling, median), half),
            ];
            for (count, (interval, truth)) in covered.iter_mut().zip(intervals) {
                *count += u32::from(interval.unwrap().contains(truth));
            }
        }
        // Two and a half standard errors are 15; skew costs the mean a little, discrete ranks give the median more.
        assert!(covered.iter().all(|count| (335..=385).contains(count)), "{covered:?} of 400");
    }

    #[test]
    fn a_bootstrap_repeats_itself() {
        let keyed = Keyed::new(9, Purpose::Bootstrap);
        let values = exponentials(keyed, 0, 30);
        let first = bootstrap(&values, 0.95, 500, keyed, mean);
        assert_eq!(first, bootstrap(&values, 0.95, 500, keyed, mean));
        assert_ne!(first, bootstrap(&values, 0.95, 500, keyed.labeled(1), mean));
        let (by_resampling, by_formula) = (first.unwrap(), mean_interval(&values, 0.95).unwrap());
        assert!((by_resampling.width() / by_formula.width() - 1.0).abs() < 0.2);
        assert!(by_resampling.overlaps(by_formula));
        assert_eq!(bootstrap(&[], 0.95, 10, keyed, mean), None);
    }
}
