//! The few transcendental functions that a run may use, from a pure-Rust libm.
//!
//! The platform's own `ln` and `exp` differ in the last bit between machines and even between versions of one C
//! library; one bit is enough to make a replay diverge. These are ordinary float arithmetic and give the same bits
//! everywhere; the golden test below holds them to it. Square roots are exact by IEEE 754, and so are the platform's.

/// The natural logarithm.
#[inline]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `ln(1 + x)`, precise for small `x`.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// The exponential function.
#[inline]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The exponential function in half the time, for samples of delays: within 4e-16 of [`exp`], relative, for `x`
/// from -700 to 700, and cut to these ends beyond them.
///
/// Split into a power of two and a rest of at most `ln(2) / 2`, whose Taylor polynomial up to the 13th power is summed
/// in independent parts. Float arithmetic alone, so as bit-stable as the others.
#[inline]
pub fn exp_quick(x: f64) -> f64 {
    /// Adding it rounds to an integer, which then stands in the lowest bits: 1.5 * 2^52.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln(2) in two parts, the first with zeros at its end so that its product with the power is exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-700.0, 700.0);
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let rest = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    let two_terms = |n: usize| INVERSE_FACTORIALS[n] + INVERSE_FACTORIALS[n + 1] * rest;
    let square = rest * rest;
    let fourth = square * square;
    let from_2 = two_terms(2) + square * two_terms(4);
    let from_6 = two_terms(6) + square * two_terms(8);
    let from_10 = two_terms(10) + square * two_terms(12);
    let sum = 1.0 + (rest + square * (from_2 + fourth * (from_6 + fourth * from_10)));
    sum * f64::from_bits(rounded.to_bits().wrapping_add(1_023) << 52)
}

/// `1 / n!` for n from 0 to 13.
const INVERSE_FACTORIALS: [f64; 14] = {
    let mut values = [1.0; 14];
    let (mut n, mut factorial) = (1, 1.0);
    while n < 14 {
        factorial *= n as f64;
        values[n] = 1.0 / factorial;
        n += 1;
    }
    values
};

/// `exp(x) - 1`, precise for small `x`.
#[inline]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// The decimal logarithm.
#[inline]
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// The binary logarithm.
#[inline]
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// `base` to the power `exponent`.
#[inline]
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The square root.
#[inline]
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// The error function.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// The complementary error function, `1 - erf(x)` without the loss of digits.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// The logarithm of the gamma function, for `x > 0`.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The share of a standard normal distribution below `z`.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// The `z` below which a standard normal distribution has the share `p`; infinite at 0 and 1, NaN outside.
///
/// A rational start (Abramowitz and Stegun 26.2.23, error below 4.5e-4) and Halley steps on [`normal_cdf`], worked
/// in the lower tail so that small shares keep their digits: accurate to about 1e-15 relative.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p == 0.5 {
        return 0.0;
    }
    let t = sqrt(-2.0 * ln(p));
    let start = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let mut z = -start;
    for _ in 0..3 {
        let density = exp(-0.5 * z * z) / sqrt(2.0 * std::f64::consts::PI);
        let step = (normal_cdf(z) - p) / density;
        z -= step / (1.0 + 0.5 * z * step);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::{erf, exp, exp_quick, ln, ln_gamma, log2, log10, normal_cdf, normal_quantile, pow, sqrt};

    /// Bits, not closeness: a run recorded on one machine replays on another only if these hold everywhere.
    #[test]
    fn the_bits_are_golden() {
        let golden = [
            ("ln 3", ln(3.0), 0x3FF1_93EA_7AAD_030A),
            ("ln 1e-300", ln(1e-300), 0xC085_9634_47F8_7FB5),
            ("exp 1", exp(1.0), 0x4005_BF0A_8B14_576A),
            ("exp -17.25", exp(-17.25), 0x3E61_4F49_DBC5_078C),
            ("quick exp -17.25", exp_quick(-17.25), 0x3E61_4F49_DBC5_078C),
            ("log10 2", log10(2.0), 0x3FD3_4413_509F_79FF),
            ("log2 10", log2(10.0), 0x400A_934F_0979_A371),
            ("pow 1.1 -7.3", pow(1.1, -7.3), 0x3FDF_EA96_A6F6_AF20),
            ("sqrt 2", sqrt(2.0), 0x3FF6_A09E_667F_3BCD),
            ("erf 0.7", erf(0.7), 0x3FE5_B08C_2117_1646),
            ("ln gamma 4.5", ln_gamma(4.5), 0x4003_A140_A3A6_23CB),
            ("quantile 0.99", normal_quantile(0.99), 0x4002_9C5C_4630_FF0E),
        ];
        for (name, value, bits) in golden {
            assert_eq!(value.to_bits(), bits, "{name} = {value}, bits {:#018x}", value.to_bits());
        }
    }

    #[test]
    fn values_are_those_of_the_tables() {
        for (value, expected) in [
            (ln(10.0), std::f64::consts::LN_10),
            (exp(1.0), std::f64::consts::E),
            (log10(2.0), std::f64::consts::LOG10_2),
            (log2(10.0), std::f64::consts::LOG2_10),
            (normal_cdf(1.0), 0.841_344_746_068_542_9),
            (normal_quantile(0.975), 1.959_963_984_540_054),
            (normal_quantile(0.99), 2.326_347_874_040_841),
            (normal_quantile(1e-10), -6.361_340_902_404_056),
            (ln_gamma(5.0), ln(24.0)),
        ] {
            assert!((value - expected).abs() <= 4e-15 * expected.abs(), "{value} is not {expected}");
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert!(normal_quantile(1.5).is_nan());
    }

    #[test]
    fn the_quick_exponential_keeps_its_promise() {
        for i in -70_000..=70_000 {
            let x = f64::from(i) * 0.01;
            let (quick, exact) = (exp_quick(x), exp(x));
            assert!((quick - exact).abs() <= 4e-16 * exact, "{x}: {quick} is not {exact}");
        }
        assert_eq!(exp_quick(0.0), 1.0);
        assert_eq!(exp_quick(1e9), exp_quick(700.0));
        assert_eq!(exp_quick(f64::NEG_INFINITY), exp_quick(-700.0));
    }

    #[test]
    fn the_quantile_undoes_the_share() {
        for i in 1..1_000 {
            let p = f64::from(i) / 1_000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-15);
        }
    }
}
