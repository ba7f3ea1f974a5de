//! Each law against its formula: samples must follow it, and must be told apart from the same law with one parameter
//! 5 % off, so that the test is known to see.

use super::{Distribution, DistributionError, Empirical, LONGEST, Shape};
use crate::math;
use crate::random::{Draw, Keyed, Purpose};
use crate::ratio::Ratio;
use crate::stats::{chi_square, ks_one_sample, mean};
use crate::time::Duration;

const SAMPLES: u64 = 200_000;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Samples in nanoseconds, each drawn as the world draws: a keyed word, and more of the same counter if needed.
fn samples(distribution: &Distribution) -> Vec<f64> {
    let sampler = distribution.compile();
    let keyed = Keyed::new(20, Purpose::Fate);
    let sample = |i| sampler.sample(keyed.word(i, 3), &mut Draw::after(keyed, i, 3));
    (0..SAMPLES).map(|i| sample(i).as_nanos() as f64).collect()
}

/// Whether the samples of a law follow a cumulative distribution of milliseconds.
fn p_value(distribution: &Distribution, cdf: impl Fn(f64) -> f64) -> f64 {
    ks_one_sample(&samples(distribution), |nanos| cdf(nanos / 1e6).clamp(0.0, 1.0)).unwrap().p_value
}

/// Fits the law given by `cdf(parameters, milliseconds)`, and no law with a parameter 5 % larger or smaller.
fn assert_follows<const N: usize>(
    distribution: &Distribution,
    parameters: [f64; N],
    cdf: impl Fn([f64; N], f64) -> f64,
) {
    let fit = p_value(distribution, |x| cdf(parameters, x));
    assert!(fit > 0.01, "{distribution:?} does not follow its law: p = {fit}");
    for index in 0..N {
        for factor in [0.95, 1.05] {
            let mut wrong = parameters;
            wrong[index] *= factor;
            let fit = p_value(distribution, |x| cdf(wrong, x));
            assert!(fit < 1e-4, "{distribution:?} also fits {wrong:?}: p = {fit}");
        }
    }
}

fn assert_mean(distribution: &Distribution, expected_ms: f64) {
    let found = mean(&samples(distribution)).unwrap() / 1e6;
    assert!(
        (found / expected_ms - 1.0).abs() < 0.02,
        "{distribution:?}: mean {found}, expected {expected_ms}"
    );
}

#[test]
fn uniform_follows_its_law() {
    let law = Distribution::Uniform { min: ms(5), max: ms(15) };
    assert_follows(&law, [5.0, 15.0], |[min, max], x| (x - min) / (max - min));
    assert_mean(&law, 10.0);
}

#[test]
fn uniform_reaches_each_nanosecond_of_its_range_alike() {
    let (min, max) = (Duration::from_nanos(10), Duration::from_nanos(15));
    let mut counts = [0; 6];
    for sample in samples(&Distribution::Uniform { min, max }) {
        counts[sample as usize - 10] += 1;
    }
    assert!(chi_square(&counts, &[SAMPLES as f64 / 6.0; 6], 0).unwrap().p_value > 0.01, "{counts:?}");
}

#[test]
fn exponential_follows_its_law() {
    let law = Distribution::Exponential { mean: ms(5) };
    assert_follows(&law, [5.0], |[mean], x| 1.0 - math::exp(-x / mean));
    assert_mean(&law, 5.0);
}

#[test]
fn normal_follows_its_law() {
    let law = Distribution::Normal { mean: ms(10), std_dev: ms(2) };
    assert_follows(&law, [10.0, 2.0], |[mean, std_dev], x| math::normal_cdf((x - mean) / std_dev));
    assert_mean(&law, 10.0);
}

#[test]
fn normal_is_cut_at_zero_and_not_piled_up_there() {
    let law = Distribution::Normal { mean: ms(2), std_dev: ms(4) };
    assert_follows(&law, [2.0, 4.0], |[mean, std_dev], x| {
        let below_zero = math::normal_cdf(-mean / std_dev);
        (math::normal_cdf((x - mean) / std_dev) - below_zero) / (1.0 - below_zero)
    });
}

#[test]
fn log_normal_follows_its_law() {
    let law = Distribution::LogNormal { median: ms(8), p99: ms(60) };
    assert_follows(&law, [8.0, 60.0], |[median, p99], x| {
        let sigma = math::ln(p99 / median) / 2.326_347_874_040_841;
        math::normal_cdf(math::ln(x / median) / sigma)
    });
    let sigma = math::ln(60.0 / 8.0) / 2.326_347_874_040_841;
    assert_mean(&law, 8.0 * math::exp(sigma * sigma / 2.0));
}

#[test]
fn pareto_follows_its_law() {
    let law = Distribution::Pareto { scale: ms(5), shape: Shape::new(5, 2), cap: None };
    assert_follows(&law, [5.0, 2.5], |[scale, shape], x| 1.0 - math::pow(scale / x, shape));
    assert_mean(&law, 5.0 * 2.5 / 1.5);
}

/// A cap so low that it cuts a third of the tail off: what is left keeps its shape.
#[test]
fn a_capped_pareto_is_the_same_law_below_the_cap() {
    let law = Distribution::Pareto { scale: ms(5), shape: Shape::new(3, 2), cap: Some(ms(10)) };
    assert_follows(&law, [5.0, 1.5, 10.0], |[scale, shape, cap], x| {
        (1.0 - math::pow(scale / x, shape)) / (1.0 - math::pow(scale / cap, shape))
    });
    assert!(samples(&law).iter().all(|nanos| (5e6..=10e6).contains(nanos)));
}

#[test]
fn quantiles_follow_their_table() {
    let points = vec![(Ratio::ZERO, ms(1)), (Ratio::new(1, 2), ms(8)), (Ratio::ONE, ms(90))];
    let law = Distribution::Empirical(Empirical::Quantiles(points));
    assert_follows(&law, [8.0, 90.0], |[median, max], x| {
        if x < median { (x - 1.0) / (median - 1.0) / 2.0 } else { 0.5 + (x - median) / (max - median) / 2.0 }
    });
    assert_mean(&law, (4.5 + 49.0) / 2.0);
}

#[test]
fn values_follow_their_weights() {
    let law = Distribution::Empirical(Empirical::Values(vec![(ms(9), 1), (ms(2), 5), (ms(4), 2)]));
    let samples = samples(&law);
    let count = |millis: f64| samples.iter().filter(|nanos| **nanos == millis * 1e6).count() as u64;
    let observed = [count(9.0), count(2.0), count(4.0)];
    let expected = [1.0, 5.0, 2.0].map(|weight| weight / 8.0 * SAMPLES as f64);
    assert_eq!(observed.iter().sum::<u64>(), SAMPLES);
    assert!(chi_square(&observed, &expected, 0).unwrap().p_value > 0.01, "{observed:?}");
}

/// What is fixed, uniform or measured takes one word, so that nothing else of a draw depends on the law in force.
#[test]
fn integer_laws_take_one_word() {
    let values = Empirical::Values(vec![(ms(1), 1), (ms(2), 1)]);
    let quantiles = Empirical::Quantiles(vec![(Ratio::ZERO, ms(1)), (Ratio::ONE, ms(2))]);
    for law in [
        Distribution::Fixed(ms(3)),
        Distribution::Uniform { min: ms(1), max: ms(2) },
        Distribution::Empirical(values),
        Distribution::Empirical(quantiles),
    ] {
        let sampler = law.compile();
        let keyed = Keyed::new(1, Purpose::Fate);
        let mut more = Draw::new(keyed, 1, 1);
        for i in 0..1_000 {
            sampler.sample(keyed.word(i, 0), &mut more);
        }
        assert_eq!(more.next_u64(), keyed.word(1, 1));
    }
}

#[test]
fn no_sample_is_longer_than_the_longest() {
    let laws = [
        Distribution::Pareto { scale: Duration::from_secs(3_600), shape: Shape::new(1, 10), cap: None },
        Distribution::Exponential { mean: LONGEST },
        Distribution::LogNormal { median: Duration::from_nanos(1), p99: LONGEST },
        Distribution::Normal { mean: LONGEST, std_dev: LONGEST },
        Distribution::Uniform { min: Duration::ZERO, max: LONGEST },
    ];
    let longest = LONGEST.as_nanos() as f64;
    for law in laws {
        assert_eq!(law.validate(), Ok(()));
        assert!(samples(&law).iter().all(|nanos| *nanos <= longest), "{law:?}");
    }
}

#[test]
fn laws_without_spread_are_fixed() {
    for law in [
        Distribution::Uniform { min: ms(5), max: ms(5) },
        Distribution::Normal { mean: ms(5), std_dev: Duration::ZERO },
        Distribution::LogNormal { median: ms(5), p99: ms(5) },
    ] {
        assert!(samples(&law).iter().all(|nanos| (nanos - 5e6).abs() <= 1.0), "{law:?}");
    }
}

/// Bits of samples, folded: a recorded run draws its delays from these functions.
#[test]
fn samples_are_golden() {
    let fold = |law: &Distribution| {
        let samples = samples(law);
        samples.iter().fold(0, |hash, sample| crate::random::mix64(hash ^ sample.to_bits()))
    };
    for (law, golden) in [
        (Distribution::Uniform { min: ms(1), max: ms(10) }, 0x987B_325A_5D0C_B620),
        (Distribution::Exponential { mean: ms(5) }, 0x2E9D_BAF2_5918_242D),
        (Distribution::Normal { mean: ms(10), std_dev: ms(2) }, 0x23C7_1793_EB93_45A9),
        (Distribution::LogNormal { median: ms(8), p99: ms(60) }, 0x22A3_C608_0492_A75B),
        (
            Distribution::Pareto { scale: ms(5), shape: Shape::new(3, 2), cap: Some(ms(50)) },
            0x6722_E27A_4B32_8685,
        ),
    ] {
        assert_eq!(fold(&law), golden, "{law:?}: {:#018x}", fold(&law));
    }
}

#[test]
fn absurd_parameters_are_refused() {
    let (zero, long) = (Duration::ZERO, Duration::from_secs(400 * 24 * 3_600));
    let pareto = |scale, shape, cap| Distribution::Pareto { scale, shape, cap };
    let quantiles = |points: &[(u32, u64)]| {
        let point = |(percent, millis): &(u32, u64)| (Ratio::new(*percent, 100), ms(*millis));
        Distribution::Empirical(Empirical::Quantiles(points.iter().map(point).collect()))
    };
    for (law, error) in [
        (Distribution::Fixed(long), DistributionError::TooLong { name: "the duration", value: long }),
        (
            Distribution::Uniform { min: ms(2), max: ms(1) },
            DistributionError::Order { low_name: "min", low: ms(2), high_name: "max", high: ms(1) },
        ),
        (Distribution::Exponential { mean: zero }, DistributionError::Zero { name: "mean" }),
        (
            Distribution::Normal { mean: ms(1), std_dev: long },
            DistributionError::TooLong { name: "std_dev", value: long },
        ),
        (
            Distribution::LogNormal { median: ms(9), p99: ms(8) },
            DistributionError::Order { low_name: "median", low: ms(9), high_name: "p99", high: ms(8) },
        ),
        (pareto(zero, Shape::new(1, 1), None), DistributionError::Zero { name: "scale" }),
        (pareto(ms(1), Shape::new(1, 11), None), DistributionError::Shape { shape: Shape::new(1, 11) }),
        (pareto(ms(1), Shape::new(1, 1), Some(ms(1))), DistributionError::Cap { scale: ms(1), cap: ms(1) }),
        (quantiles(&[]), DistributionError::Entries { entries: 0 }),
        (quantiles(&[(0, 1)]), DistributionError::Ends),
        (quantiles(&[(1, 1), (100, 2)]), DistributionError::Ends),
        (quantiles(&[(0, 1), (50, 2), (40, 3), (100, 4)]), DistributionError::Rise { index: 2 }),
        (quantiles(&[(0, 1), (50, 9), (100, 4)]), DistributionError::Rise { index: 2 }),
        (
            Distribution::Empirical(Empirical::Values(vec![(ms(1), 1), (ms(2), 0)])),
            DistributionError::Weight { index: 1 },
        ),
    ] {
        assert_eq!(law.validate(), Err(error), "{law:?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
#[should_panic(expected = "failed to use a distribution: mean must be above zero")]
fn a_refused_law_is_not_compiled() {
    let _sampler = Distribution::Exponential { mean: Duration::ZERO }.compile();
}

#[test]
fn samples_stay_within_the_bounds() {
    let ms = Duration::from_millis;
    let capped = Distribution::Pareto { scale: ms(5), shape: "1.5".parse().unwrap(), cap: Some(ms(90)) };
    let table = Distribution::Empirical(Empirical::Values(vec![(ms(7), 1), (ms(2), 3)]));
    for (distribution, bounds) in [
        (Distribution::Fixed(ms(3)), (ms(3), Some(ms(3)))),
        (Distribution::Uniform { min: ms(1), max: ms(9) }, (ms(1), Some(ms(9)))),
        (capped, (ms(5), Some(ms(90)))),
        (table, (ms(2), Some(ms(7)))),
        (Distribution::Exponential { mean: ms(4) }, (ms(0), None)),
    ] {
        assert_eq!(distribution.bounds(), bounds);
    }
}
