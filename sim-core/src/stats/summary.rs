//! Summaries of a sample.

use crate::math;

/// The arithmetic mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum(values.iter().copied()) / values.len() as f64)
}

/// The unbiased variance (divided by n - 1); `None` of fewer than two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let center = mean(values)?;
    Some(sum(values.iter().map(|value| (value - center) * (value - center))) / (values.len() - 1) as f64)
}

/// The square root of the [`variance`].
pub fn std_dev(values: &[f64]) -> Option<f64> {
    variance(values).map(math::sqrt)
}

/// The values in rising order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// The quantile at `share` (0 to 1) of values in rising order, by linear interpolation between the two nearest:
/// type 7 of Hyndman and Fan (The American Statistician 50(4), 1996), the default of R and NumPy. `None` of nothing.
///
/// # Panics
/// If `share` is not between 0 and 1.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    assert!((0.0..=1.0).contains(&share), "a share lies between 0 and 1");
    let place = share * sorted.len().checked_sub(1)? as f64;
    let below = place as usize;
    let low = *sorted.get(below)?;
    // At the upper end there is no next value, and nothing to interpolate.
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    if low == high { Some(low) } else { Some(low + (high - low) * (place - below as f64)) }
}

/// The middle of values in any order, or the mean of the two middle ones. `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

/// A sum that loses no digits to its size (Neumaier, 1974).
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    // With an infinity in the sum, what was lost is NaN and says nothing.
    if sum.is_finite() { sum + lost } else { sum }
}

#[cfg(test)]
mod tests {
    use super::{mean, median, quantile, sorted, std_dev, sum, variance};

    #[test]
    fn small_samples_by_hand() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&values), Some(5.0));
        assert_eq!(variance(&values), Some(32.0 / 7.0));
        assert_eq!(std_dev(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
        assert_eq!(median(&values), Some(4.5));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!((mean(&[]), median(&[]), variance(&[1.0])), (None, None, None));
    }

    /// R: `quantile(c(1, 2, 4, 8, 16), c(0, .1, .25, .9, 1), type = 7)`.
    #[test]
    fn quantiles_are_of_type_seven() {
        let values = sorted(&[16.0, 1.0, 8.0, 2.0, 4.0]);
        for (share, expected) in [(0.0, 1.0), (0.1, 1.4), (0.25, 2.0), (0.9, 12.8), (1.0, 16.0)] {
            let found = quantile(&values, share).unwrap();
            assert!((found - expected).abs() < 1e-12, "{share}: {found} is not {expected}");
        }
        assert_eq!(quantile(&[7.0], 0.3), Some(7.0));
    }

    #[test]
    fn a_sum_keeps_its_small_parts() {
        assert_eq!(sum([1e100, 1.0, -1e100].into_iter()), 1.0);
        assert_eq!(sum([f64::INFINITY, 1.0].into_iter()), f64::INFINITY);
    }
}
