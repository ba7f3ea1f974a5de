//! Lines through points.

use super::interval::{Interval, upper_share};
use super::special::student_t_quantile;
use super::summary::sum;
use crate::math;

/// A line `intercept + slope * x` through points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// What y gains for each x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Where the slope lies with the confidence asked for.
    pub slope_interval: Interval,
    /// The share of the variance of y that the line explains; 1 where y does not vary.
    pub r_squared: f64,
}

impl Line {
    /// y on the line.
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

/// The line of least squares through points `(x, y)`. `None` of fewer than three points, or if all x are equal.
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub fn least_squares(points: &[(f64, f64)], confidence: f64) -> Option<Line> {
    let upper = upper_share(confidence);
    if points.len() < 3 {
        return None;
    }
    let n = points.len() as f64;
    let x_mean = sum(points.iter().map(|(x, _)| *x)) / n;
    let y_mean = sum(points.iter().map(|(_, y)| *y)) / n;
    let sum_of =
        |term: &dyn Fn(f64, f64) -> f64| sum(points.iter().map(|(x, y)| term(x - x_mean, y - y_mean)));
    let (xx, xy, yy) = (sum_of(&|x, _| x * x), sum_of(&|x, y| x * y), sum_of(&|_, y| y * y));
    if xx == 0.0 {
        return None;
    }
    let slope = xy / xx;
    let residual = sum_of(&|x, y| (y - slope * x) * (y - slope * x));
    let half = student_t_quantile(upper, n - 2.0) * math::sqrt(residual / (n - 2.0) / xx);
    Some(Line {
        slope,
        intercept: y_mean - slope * x_mean,
        slope_interval: Interval { low: slope - half, high: slope + half },
        r_squared: if yy == 0.0 { 1.0 } else { 1.0 - residual / yy },
    })
}

/// The line through the decimal logarithms of points: its slope is the exponent of a power law. `None` like
/// [`least_squares`], and if a coordinate is not above zero.
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub fn log_log(points: &[(f64, f64)], confidence: f64) -> Option<Line> {
    if points.iter().any(|(x, y)| !(*x > 0.0 && *y > 0.0)) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (math::log10(*x), math::log10(*y))).collect();
    least_squares(&logs, confidence)
}

#[cfg(test)]
mod tests {
    use super::{least_squares, log_log};
    use crate::math;
    use crate::random::{Keyed, Purpose};

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// By hand: x mean 3, xx = 10, y mean 4, xy = 6, residual 2.4, so the slope is 0.6 +- 3.182446 * sqrt(0.08).
    #[test]
    fn a_line_by_hand() {
        let points = [(1.0, 2.0), (2.0, 4.0), (3.0, 5.0), (4.0, 4.0), (5.0, 5.0)];
        let line = least_squares(&points, 0.95).unwrap();
        near(line.slope, 0.6);
        near(line.intercept, 2.2);
        near(line.r_squared, 0.6);
        near(line.slope_interval.width() / 2.0, 3.182_446_305_284_264 * 0.08_f64.sqrt());
        near(line.at(10.0), 8.2);
        assert_eq!(least_squares(&points[..2], 0.95), None);
        assert_eq!(least_squares(&[(1.0, 2.0); 4], 0.95), None);
    }

    #[test]
    fn a_power_law_shows_its_exponent() {
        let points: Vec<(f64, f64)> = (1..9).map(|n| (f64::from(n), 7.0 * f64::from(n * n))).collect();
        let line = log_log(&points, 0.95).unwrap();
        near(line.slope, 2.0);
        near(line.intercept, math::log10(7.0));
        assert_eq!(log_log(&[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)], 0.95), None);
    }

    /// Of many noisy lines, the promised share of slope intervals holds the true slope.
    #[test]
    fn slope_intervals_cover_the_truth() {
        let keyed = Keyed::new(4, Purpose::Bootstrap);
        let noise = |word: u64| math::normal_quantile(((word >> 12) as f64 + 0.5) / (1_u64 << 52) as f64);
        let covered = (0..1_000_u64).filter(|sample| {
            let point = |i: u64| (i as f64, 1.5 * i as f64 + noise(keyed.word(*sample, i)));
            let points: Vec<(f64, f64)> = (0..8).map(point).collect();
            least_squares(&points, 0.9).unwrap().slope_interval.contains(1.5)
        });
        let covered = covered.count();
        assert!((870..=930).contains(&covered), "{covered} of 1000");
    }
}
