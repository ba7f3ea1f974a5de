//! Quantiles of the distributions that tests and intervals need.

use crate::math;

/// Relative precision at which series and fractions stop.
const PRECISION: f64 = 1e-15;
/// More steps than any series or fraction here takes for sensible arguments.
const MOST_STEPS: u32 = 100_000;
/// Stands for a zero denominator in Lentz's method.
const TINY: f64 = 1e-300;

/// The probability that a chi-square variable exceeds `x`.
pub fn chi_square_survival(x: f64, degrees_of_freedom: f64) -> f64 {
    if x <= 0.0 { 1.0 } else { gamma_survival(degrees_of_freedom / 2.0, x / 2.0) }
}

/// The upper regularized incomplete gamma function Q(a, x): a series for its complement below `a + 1`, a continued
/// fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31).
fn gamma_survival(a: f64, x: f64) -> f64 {
    let front = math::exp(a * math::ln(x) - x - math::ln_gamma(a));
    if x < a + 1.0 { 1.0 - front * gamma_series(a, x) } else { front * gamma_fraction(a, x) }
}

fn gamma_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
    for _ in 0..MOST_STEPS {
        n += 1.0;
        term *= x / n;
        sum += term;
        if term < sum * PRECISION {
            break;
        }
    }
    sum
}

fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut lentz = Lentz::new(1.0 / if b == 0.0 { TINY } else { b }, 1.0 / TINY);
    for step in 1..MOST_STEPS {
        let i = f64::from(step);
        b += 2.0;
        if lentz.converges(-i * (i - a), b) {
            break;
        }
    }
    lentz.value
}

/// A continued fraction evaluated from the front (Lentz 1976, as modified by Thompson and Barnett 1986).
struct Lentz {
    value: f64,
    c: f64,
    d: f64,
}

impl Lentz {
    const fn new(value: f64, c: f64) -> Self {
        Self { value, c, d: value }
    }

    /// Takes the partial numerator and denominator of the next level; whether the value stands still.
    fn converges(&mut self, numerator: f64, denominator: f64) -> bool {
        let or_tiny = |x: f64| if x.abs() < TINY { TINY } else { x };
        self.d = 1.0 / or_tiny(denominator + numerator * self.d);
        self.c = or_tiny(denominator + numerator / self.c);
        let factor = self.c * self.d;
        self.value *= factor;
        (factor - 1.0).abs() < PRECISION
    }
}

/// The regularized incomplete beta function (Abramowitz and Stegun 26.5.8), on the side where it converges quickly.
fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(b, a, 1.0 - x);
    }
    let log_front =
        math::ln_gamma(a + b) - math::ln_gamma(a) - math::ln_gamma(b) + a * math::ln(x) + b * math::ln_1p(-x);
    math::exp(log_front) / a * beta_fraction(a, b, x)
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let first = 1.0 - (a + b) * x / (a + 1.0);
    let mut lentz = Lentz::new(1.0 / if first.abs() < TINY { TINY } else { first }, 1.0);
    for step in 1..MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let _ = lentz.converges(even, 1.0);
        if lentz.converges(odd, 1.0) {
            break;
        }
    }
    lentz.value
}

/// The probability that a Student t variable is below `t`.
pub fn student_t_cdf(t: f64, degrees_of_freedom: f64) -> f64 {
    let tail =
        0.5 * beta_cdf(degrees_of_freedom / 2.0, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t));
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The `t` below which a Student t variable lies with probability `p`; infinite at 0 and 1.
///
/// # Panics
/// If `p` is not between 0 and 1, or there is no degree of freedom.
pub fn student_t_quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "a probability lies between 0 and 1");
    assert!(degrees_of_freedom > 0.0, "a Student t variable has a degree of freedom");
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        return -student_t_quantile(1.0 - p, degrees_of_freedom);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let mut low = -1.0;
    while student_t_cdf(low, degrees_of_freedom) > p {
        low *= 2.0;
    }
    let (mut high, mut t) = (0.0, 0.5 * low);
    // Newton's steps, of which the first ones may lead out of the bracket; then it is halved instead. A handful is enough.
    for _ in 0..200 {
        let above = student_t_cdf(t, degrees_of_freedom) - p;
        if above < 0.0 {
            low = t;
        } else {
            high = t;
        }
        let newton = t - above / student_t_density(t, degrees_of_freedom);
        let inside = low < newton && newton < high;
        let next = if inside { newton } else { 0.5 * (low + high) };
        if (next - t).abs() <= f64::EPSILON * t.abs() {
            return next;
        }
        t = next;
    }
    t
}

/// The density of a Student t variable at `t`.
fn student_t_density(t: f64, degrees_of_freedom: f64) -> f64 {
    let (half, more) = (degrees_of_freedom / 2.0, (degrees_of_freedom + 1.0) / 2.0);
    let scale = math::ln_gamma(more) - math::ln_gamma(half) - more * math::ln_1p(t * t / degrees_of_freedom);
    math::exp(scale) / math::sqrt(degrees_of_freedom * std::f64::consts::PI)
}

/// The probability that a Kolmogorov variable exceeds `x`: the limit of sqrt(n) times the largest distance between
/// an empirical and the true distribution. One of two series, whichever converges in a few terms.
pub fn kolmogorov_survival(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x <= 0.0 {
        return 1.0;
    }
    let terms = (1..=20).map(f64::from);
    if x < 1.18 {
        let sum: f64 =
            terms.map(|j| math::exp(-(2.0 * j - 1.0) * (2.0 * j - 1.0) * PI * PI / (8.0 * x * x))).sum();
        return 1.0 - math::sqrt(2.0 * PI) / x * sum;
    }
    let mut sign = -1.0;
    let sum: f64 = terms
        .map(|j| {
            sign = -sign;
            sign * math::exp(-2.0 * j * j * x * x)
        })
        .sum();
    2.0 * sum
}

#[cfg(test)]
mod tests {
    use super::{chi_square_survival, kolmogorov_survival, student_t_cdf, student_t_quantile};

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-11 * expected.abs(), "{found} is not {expected}");
    }

    /// Computed to 30 digits with an independent arbitrary-precision library.
    #[test]
    fn values_are_those_of_an_independent_library() {
        close(chi_square_survival(3.841, 1.0), 0.050_013_683_763_956_71);
        close(chi_square_survival(18.307, 10.0), 0.050_000_589_091_398_1);
        close(chi_square_survival(2.5, 7.0), 0.927_097_065_013_473_8);
        close(chi_square_survival(1000.0, 900.0), 0.010_994_608_942_135_848);
        close(chi_square_survival(40.0, 3.0), 1.0655090334255861e-8);
        close(chi_square_survival(0.5, 1.0), 0.479_500_122_186_953_5);
        close(student_t_cdf(2.0, 5.0), 0.949_030_260_585_070_8);
        close(student_t_cdf(-3.5, 2.0), 0.036_413_675_027_234_665);
        close(student_t_cdf(0.3, 1.0), 0.592_773_579_077_742_3);
        close(student_t_cdf(-1.96, 1000.0), 0.025_136_592_477_874_357);
        close(student_t_quantile(0.975, 4.0), 2.776_445_105_197_794_3);
        close(student_t_quantile(0.975, 1.0), 12.706_204_736_174_705);
        close(student_t_quantile(0.995, 29.0), 2.756_385_903_670_605_3);
        close(student_t_quantile(0.05, 1_000.0), -1.646_378_817_285_464_8);
        close(kolmogorov_survival(0.5), 0.963_945_243_664_875_1);
        close(kolmogorov_survival(1.0), 0.269_999_671_677_354_5);
        close(kolmogorov_survival(1.36), 0.049_485_876_755_377_91);
        close(kolmogorov_survival(2.0), 0.000_670_925_255_779_695_3);
    }

    #[test]
    fn quantiles_are_where_the_distribution_says() {
        for degrees in [0.5, 1.0, 2.0, 3.0, 7.0, 19.0, 99.0, 1e5] {
            for p in [1e-12, 1e-4, 0.005, 0.025, 0.1, 0.3, 0.499, 0.7, 0.975, 0.9999] {
                let t = student_t_quantile(p, degrees);
                let found = student_t_cdf(t, degrees);
                let tail = f64::min(p, 1.0 - p);
                assert!((found - p).abs() <= 1e-8 * tail, "{degrees} {p}: {t} has {found}");
            }
        }
    }

    #[test]
    fn the_ends_are_met() {
        assert_eq!(chi_square_survival(0.0, 3.0), 1.0);
        assert_eq!(kolmogorov_survival(0.0), 1.0);
        assert_eq!(kolmogorov_survival(0.05), 1.0);
        assert_eq!(kolmogorov_survival(40.0), 0.0);
        assert_eq!(student_t_quantile(0.5, 3.0), 0.0);
        assert_eq!(student_t_quantile(1.0, 3.0), f64::INFINITY);
        // Both Kolmogorov series agree where one takes over from the other.
        assert!((kolmogorov_survival(1.18) - kolmogorov_survival(1.18 - 1e-13)).abs() < 1e-11);
    }
}
