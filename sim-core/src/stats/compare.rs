//! Tests whether two samples differ by more than chance.

use super::special::{chi_square_survival, kolmogorov_survival};
use super::summary::{sorted, sum};
use crate::math;

/// What a test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestResult {
    /// The statistic of the test: D, chi-square or U.
    pub statistic: f64,
    /// The probability of a statistic as extreme as this if nothing but chance is at work.
    pub p_value: f64,
}

/// Whether a sample follows a continuous distribution, given by its share below a value (Kolmogorov, Smirnov).
/// `None` of nothing.
///
/// The probability is the limit law with the correction of Stephens (1970), good to a percent from 5 values on.
pub fn ks_one_sample(values: &[f64], cdf: impl Fn(f64) -> f64) -> Option<TestResult> {
    let n = values.len() as f64;
    let mut statistic = 0.0_f64;
    for (i, value) in sorted(values).into_iter().enumerate() {
        let share = cdf(value);
        statistic = statistic.max(share - i as f64 / n).max((i + 1) as f64 / n - share);
    }
    (!values.is_empty()).then(|| TestResult { statistic, p_value: ks_p_value(statistic, n) })
}

/// Whether two samples come from one continuous distribution (Smirnov). `None` if one is empty.
pub fn ks_two_sample(left: &[f64], right: &[f64]) -> Option<TestResult> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    let (left, right) = (sorted(left), sorted(right));
    let (n, m) = (left.len() as f64, right.len() as f64);
    let (mut i, mut j, mut statistic) = (0, 0, 0.0_f64);
    while i < left.len() && j < right.len() {
        let value = left[i].min(right[j]);
        // Equal values step together: the distance counts only between values.
        while i < left.len() && left[i] <= value {
            i += 1;
        }
        while j < right.len() && right[j] <= value {
            j += 1;
        }
        statistic = statistic.max((i as f64 / n - j as f64 / m).abs());
    }
    Some(TestResult { statistic, p_value: ks_p_value(statistic, n * m / (n + m)) })
}

fn ks_p_value(statistic: f64, n: f64) -> f64 {
    let root = math::sqrt(n);
    kolmogorov_survival((root + 0.12 + 0.11 / root) * statistic)
}

/// Whether counts follow expected ones (Pearson), with `fitted` parameters estimated from the same counts.
/// `None` if no degree of freedom is left.
///
/// The limit law wants expected counts of about five or more: merge small classes first.
///
/// # Panics
/// If there are not as many expected counts as observed ones, or one is not above zero.
pub fn chi_square(observed: &[u64], expected: &[f64], fitted: usize) -> Option<TestResult> {
    assert_eq!(observed.len(), expected.len(), "each count has its expectation");
    assert!(expected.iter().all(|count| *count > 0.0), "what is never expected cannot be tested");
    let degrees_of_freedom = observed.len().checked_sub(fitted + 1).filter(|degrees| *degrees > 0)?;
    let part = |(observed, expected): (&u64, &f64)| {
        let difference = *observed as f64 - expected;
        difference * difference / expected
    };
    let statistic = sum(observed.iter().zip(expected).map(part));
    Some(TestResult { statistic, p_value: chi_square_survival(statistic, degrees_of_freedom as f64) })
}

/// Whether one sample tends to be larger than another (Mann and Whitney, 1947), two-sided. The statistic is U of
/// `left`: the number of pairs in which it is larger, ties counting half. `None` if one is empty.
///
/// The normal approximation with corrections for ties and continuity, good from about 8 values a side on. Where all
/// values are equal the probability is 1.
pub fn mann_whitney(left: &[f64], right: &[f64]) -> Option<TestResult> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    let (n, m) = (left.len() as f64, right.len() as f64);
    let (rank_sum, ties) = rank_sum(left, right);
    let statistic = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let distance = ((statistic - n * m / 2.0).abs() - 0.5).max(0.0);
    let p_value = if variance > 0.0 { 2.0 * math::normal_cdf(-distance / math::sqrt(variance)) } else { 1.0 };
    Some(TestResult { statistic, p_value })
}

/// The sum of the ranks of `left` among all, equal values sharing the mean of theirs; and the sum of t^3 - t over
/// groups of t equal values.
fn rank_sum(left: &[f64], right: &[f64]) -> (f64, f64) {
    let mut all: Vec<(f64, bool)> = left.iter().map(|value| (*value, true)).collect();
    all.extend(right.iter().map(|value| (*value, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut before, mut ranks, mut ties) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let count = group.len() as f64;
        let rank = before + (count + 1.0) / 2.0;
        ranks += rank * group.iter().filter(|(_, of_left)| *of_left).count() as f64;
        ties += count * count * count - count;
        before += count;
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::{TestResult, chi_square, ks_one_sample, ks_two_sample, mann_whitney};
    use crate::random::{Keyed, Purpose};

    fn uniforms(sample: u64, count: u64) -> Vec<f64> {
        let keyed = Keyed::new(2, Purpose::Bootstrap);
        (0..count).map(|i| (keyed.word(sample, i) >> 11) as f64 / (1_u64 << 53) as f64).collect()
    }

    fn raised_to(values: &[f64], power: i32) -> Vec<f64> {
        values.iter().map(|value| (0..power).map(|_| value).product()).collect()
    }

    /// Under the null hypothesis p is uniform: 5 % of the tests fall below 0.05, and not a quarter of them below 0.2.
    fn assert_uniform(p_values: &[f64]) {
        for share in [0.05, 0.2, 0.5, 0.8] {
            let below = p_values.iter().filter(|p| **p < share).count() as f64;
            let expected = share * p_values.len() as f64;
            let deviation = (expected * (1.0 - share)).sqrt();
            assert!((below - expected).abs() < 3.5 * deviation, "{below} below {share}, expected {expected}");
        }
    }

    fn p_values(test: impl Fn(u64) -> Option<TestResult>) -> Vec<f64> {
        (0..1_000).map(|sample| test(sample).unwrap().p_value).collect()
    }

    #[test]
    fn what_is_the_same_is_rejected_as_often_as_promised() {
        assert_uniform(&p_values(|sample| ks_one_sample(&uniforms(sample, 50), |x| x)));
        assert_uniform(&p_values(|sample| {
            ks_two_sample(&uniforms(sample, 300), &uniforms(sample + 5_000, 401))
        }));
        assert_uniform(&p_values(|sample| {
            mann_whitney(&uniforms(sample, 40), &uniforms(sample + 5_000, 30))
        }));
        assert_uniform(&p_values(|sample| {
            let mut counts = [0; 10];
            for value in uniforms(sample, 500) {
                counts[(value * 10.0) as usize] += 1;
            }
            chi_square(&counts, &[50.0; 10], 0)
        }));
    }

    #[test]
    fn what_differs_is_found() {
        let (left, right) = (uniforms(0, 300), raised_to(&uniforms(1, 300), 2));
        assert!(ks_one_sample(&right, |x| x).unwrap().p_value < 1e-6);
        assert!(ks_two_sample(&left, &right).unwrap().p_value < 1e-6);
        assert!(mann_whitney(&left, &right).unwrap().p_value < 1e-6);
        assert!(chi_square(&[90, 110, 160], &[120.0; 3], 0).unwrap().p_value < 1e-4);
    }

    #[test]
    fn statistics_by_hand() {
        let ks = ks_one_sample(&[0.3, 0.1, 0.9], |x| x).unwrap();
        assert!((ks.statistic - (2.0 / 3.0 - 0.3)).abs() < 1e-15);
        assert_eq!(ks_two_sample(&[1.0, 2.0, 2.0], &[2.0, 3.0]).unwrap().statistic, 0.5);
        // A die: 4 + 0 + 1 + 1 + 0 + 4 over 10.
        let die = chi_square(&[8, 10, 11, 9, 10, 12], &[10.0; 6], 0).unwrap();
        assert!((die.statistic - 1.0).abs() < 1e-12);
        assert!((die.p_value - 0.962_565_773_247_2).abs() < 1e-9, "{}", die.p_value);
        assert_eq!(chi_square(&[3, 4], &[3.5, 3.5], 1), None);
    }

    /// U against the pairs counted one by one, and its probability against the formula worked by hand.
    #[test]
    fn u_counts_the_pairs() {
        let (left, right) = ([1.0, 4.0, 4.0, 7.0, 9.0, 9.5], [2.0, 3.0, 4.0, 4.0, 5.0, 6.0, 8.0]);
        let pair = |a: f64, b: f64| {
            if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            }
        };
        let pairs: f64 = left.iter().flat_map(|a| right.iter().map(|b| pair(*a, *b))).sum();
        let found = mann_whitney(&left, &right).unwrap();
        assert_eq!(found.statistic, pairs);
        let mirrored = mann_whitney(&right, &left).unwrap();
        assert_eq!((mirrored.statistic, mirrored.p_value), (42.0 - pairs, found.p_value));
        // 13 values, ties of four: variance 6 * 7 / 12 * (14 - 60 / 156), distance |U - 21| - 0.5.
        let z = ((pairs - 21.0).abs() - 0.5) / (3.5_f64 * (14.0 - 60.0 / 156.0)).sqrt();
        assert!((found.p_value - 2.0 * crate::math::normal_cdf(-z)).abs() < 1e-12);
        assert_eq!(mann_whitney(&[1.0, 1.0], &[1.0]).unwrap().p_value, 1.0);
        assert_eq!(mann_whitney(&[], &[1.0]), None);
    }
}
