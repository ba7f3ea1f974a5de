//! Compiled distributions: one uniformly drawn word in, a duration out.

use rand_core::Rng;

use super::empirical::{Bin, Empirical, Knot, bins, choose, interpolate, knots};
use super::ziggurat::{EXPONENTIAL, NORMAL, Ziggurat};
use super::{Distribution, LONGEST};
use crate::math;
use crate::random::below;
use crate::time::Duration;

/// A distribution with its parameters worked out. Made by [`Distribution::compile`].
#[derive(Clone, Debug)]
pub struct Sampler(Law);

/// Times are nanoseconds, in floats where the law is one of real numbers.
#[derive(Clone, Debug)]
enum Law {
    Fixed(Duration),
    Uniform { min: u64, count: u64 },
    Normal { mean: f64, std_dev: f64, tables: &'static Ziggurat },
    Exponential { mean: f64, tables: &'static Ziggurat },
    LogNormal { mu: f64, sigma: f64, tables: &'static Ziggurat },
    Pareto { scale: f64, per_shape: f64, log_cap: f64, tables: &'static Ziggurat },
    Quantiles(Box<[Knot]>),
    Values(Box<[Bin]>),
}

impl Sampler {
    /// The sampler of a valid distribution.
    pub(super) fn new(distribution: &Distribution) -> Self {
        Self(match distribution {
            Distribution::Fixed(duration) => Law::Fixed(*duration),
            Distribution::Uniform { min, max } => {
                Law::Uniform { min: min.as_nanos(), count: max.as_nanos() - min.as_nanos() + 1 }
            }
            Distribution::Normal { mean, std_dev } => {
                Law::Normal { mean: nanos(*mean), std_dev: nanos(*std_dev), tables: &NORMAL }
            }
            Distribution::Exponential { mean } => {
                Law::Exponential { mean: nanos(*mean), tables: &EXPONENTIAL }
            }
            Distribution::LogNormal { median, p99 } => log_normal(nanos(*median), nanos(*p99)),
            Distribution::Pareto { scale, shape, cap } => {
                let cap = cap.unwrap_or(LONGEST);
                pareto(nanos(*scale), shape.as_f64(), nanos(cap))
            }
            Distribution::Empirical(Empirical::Quantiles(points)) => Law::Quantiles(knots(points)),
            Distribution::Empirical(Empirical::Values(values)) => Law::Values(bins(values)),
        })
    }

    /// A sample from one uniformly drawn word.
    ///
    /// Fixed, uniform and empirical distributions use that word alone. The others take further ones from `more`,
    /// in about one draw of a hundred.
    #[inline(always)]
    pub fn sample<R: Rng + ?Sized>(&self, word: u64, more: &mut R) -> Duration {
        match &self.0 {
            Law::Uniform { min, count } => Duration::from_nanos(min + below(word, *count)),
            _ => self.sample_other(word, more),
        }
    }

    fn sample_other<R: Rng + ?Sized>(&self, word: u64, more: &mut R) -> Duration {
        match &self.0 {
            Law::Fixed(duration) => *duration,
            Law::Uniform { min, count } => Duration::from_nanos(min + below(word, *count)),
            Law::Exponential { mean, tables } => duration(mean * tables.exponential(word, more)),
            Law::Normal { mean, std_dev, tables } => {
                let mut sample = mean + std_dev * tables.normal(word, more);
                while sample < 0.0 {
                    sample = mean + std_dev * tables.normal(more.next_u64(), more);
                }
                duration(sample)
            }
            Law::LogNormal { mu, sigma, tables } => {
                duration(math::exp_quick(mu + sigma * tables.normal(word, more)))
            }
            Law::Pareto { scale, per_shape, log_cap, tables } => {
                let tail = per_shape * tables.exponential(word, more);
                duration(scale * math::exp_quick(wrap(tail, *log_cap)))
            }
            Law::Quantiles(knots) => interpolate(knots, word),
            Law::Values(bins) => choose(bins, word),
        }
    }

    /// A sample whose every word comes from `rng`, the first one too.
    #[inline]
    pub fn sample_from<R: Rng + ?Sized>(&self, rng: &mut R) -> Duration {
        let word = rng.next_u64();
        self.sample(word, rng)
    }
}

/// `mu` and `sigma` are mean and standard deviation of the logarithm.
fn log_normal(median: f64, p99: f64) -> Law {
    let sigma = math::ln(p99 / median) / math::normal_quantile(0.99);
    Law::LogNormal { mu: math::ln(median), sigma, tables: &NORMAL }
}

/// The logarithm of a Pareto sample over its scale is exponential with the mean `1 / shape`.
fn pareto(scale: f64, shape: f64, cap: f64) -> Law {
    Law::Pareto { scale, per_shape: 1.0 / shape, log_cap: math::ln(cap / scale), tables: &EXPONENTIAL }
}

/// `x` modulo `limit`. Since an exponential has no memory, what is left of one modulo a limit is distributed as one
/// that is known to be below the limit: a cap costs neither a second draw nor a logarithm.
#[inline]
fn wrap(x: f64, limit: f64) -> f64 {
    if x < limit { x } else { (x - limit * ((x / limit) as u64) as f64).clamp(0.0, limit) }
}

fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// The nearest duration to a non-negative number of nanoseconds, cut to [`LONGEST`].
#[inline]
fn duration(nanos: f64) -> Duration {
    const CEILING: f64 = LONGEST.as_nanos() as f64;
    // Through i64, which a processor converts in one instruction.
    Duration::from_nanos(((nanos + 0.5).min(CEILING) as i64).cast_unsigned())
}
