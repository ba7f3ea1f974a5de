//! Distributions of durations: what a scenario says, checked, and compiled into something quick to draw from.
//!
//! A bare duration is a fixed one (`latency = "10ms"`); everything else is a table with one key:
//! ```toml
//! latency = { uniform = { min = "1ms", max = "10ms" } }
//! latency = { normal = { mean = "10ms", std_dev = "2ms" } }
//! latency = { exponential = { mean = "5ms" } }
//! latency = { log_normal = { median = "8ms", p99 = "60ms" } }
//! latency = { pareto = { scale = "5ms", shape = "1.5", cap = "2s" } }
//! latency = { empirical = { quantiles = [["0%", "1ms"], ["50%", "8ms"], ["100%", "90ms"]] } }
//! latency = { empirical = { values = [["1ms", 3], ["10ms", 1]] } }
//! ```
//! [`Distribution::validate`] refuses what makes no sense, [`Distribution::compile`] works out the parameters once,
//! and [`Sampler::sample`] turns one uniformly drawn word into a duration. Fixed, uniform and weighted values are
//! integer arithmetic; the others use floats within the rules of [`crate::math`].

mod empirical;
mod format;
mod region;
mod sampler;
mod shape;
#[cfg(test)]
mod tests;
mod ziggurat;

use serde::{Deserialize, Serialize};

pub use empirical::Empirical;
pub use region::{Placement, RegionError, RegionMatrix, RegionSampler};
pub use sampler::Sampler;
pub use shape::{ParseShapeError, Shape};

use crate::math;
use crate::time::Duration;

/// The longest duration that a distribution may speak of, and that a sample is cut to: 365 days.
pub const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// How durations are spread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Always the same.
    Fixed(Duration),
    /// Every nanosecond from `min` to `max`, both included, is equally likely.
    Uniform {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// The bell curve, without its part below zero: a negative draw is drawn again. Where that part matters, the
    /// mean of the samples is above `mean`.
    Normal {
        /// The center of the bell.
        mean: Duration,
        /// Its standard deviation.
        std_dev: Duration,
    },
    /// The time to the next of events that come at a constant rate.
    Exponential {
        /// The mean, which is also the standard deviation.
        mean: Duration,
    },
    /// A bell curve of the logarithm: the usual shape of delays, with a tail on the right.
    LogNormal {
        /// Half of the samples are shorter.
        median: Duration,
        /// 99 % of the samples are shorter.
        p99: Duration,
    },
    /// A tail that falls as a power: the share above `x` is `(scale / x)^shape`.
    Pareto {
        /// The shortest.
        scale: Duration,
        /// How fast the tail falls. Up to 1 the mean is infinite, up to 2 the variance is.
        shape: Shape,
        /// Samples follow the same law given that they are below this; without it the tail ends at [`LONGEST`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<Duration>,
    },
    /// What was measured somewhere.
    Empirical(Empirical),
}

/// Why a distribution cannot be drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DistributionError {
    /// A parameter is above [`LONGEST`].
    #[error("use a distribution: {name} is {value}, above the longest duration of 365 days")]
    TooLong {
        /// The parameter.
        name: &'static str,
        /// What it was set to.
        value: Duration,
    },
    /// A parameter that must be above zero is zero.
    #[error("use a distribution: {name} must be above zero")]
    Zero {
        /// The parameter.
        name: &'static str,
    },
    /// Two parameters are the wrong way around.
    #[error("use a distribution: {low_name} ({low}) must not be above {high_name} ({high})")]
    Order {
        /// The parameter that should be the smaller.
        low_name: &'static str,
        /// What it was set to.
        low: Duration,
        /// The parameter that should be the larger.
        high_name: &'static str,
        /// What it was set to.
        high: Duration,
    },
    /// The tail of a Pareto distribution falls too slowly or too fast to be meant.
    #[error("use a distribution: the shape {shape} must lie between 0.1 and 100")]
    Shape {
        /// What it was set to.
        shape: Shape,
    },
    /// A cap that leaves nothing above the scale.
    #[error("use a distribution: cap ({cap}) must be above scale ({scale})")]
    Cap {
        /// The shortest duration.
        scale: Duration,
        /// What the cap was set to.
        cap: Duration,
    },
    /// A table without entries, or with more than [`Empirical::MOST_ENTRIES`].
    #[error("use a distribution: a table must have 1 to 65536 entries, this one has {entries}")]
    Entries {
        /// How many it has.
        entries: usize,
    },
    /// A value that is never taken.
    #[error("use a distribution: entry {index} has the weight zero; leave it out")]
    Weight {
        /// Its place in the table, from 0.
        index: usize,
    },
    /// The table does not begin at 0 % or does not end at 100 %.
    #[error("use a distribution: quantiles must begin at \"0%\" and end at \"100%\"")]
    Ends,
    /// Shares must rise and durations must not fall.
    #[error(
        "use a distribution: quantiles must rise, but entry {index} does not rise above the one before it"
    )]
    Rise {
        /// Its place in the table, from 0.
        index: usize,
    },
}

impl Distribution {
    /// Checks that the parameters make sense.
    ///
    /// # Errors
    /// The first thing that is wrong; the sampler of a refused distribution cannot be made.
    pub fn validate(&self) -> Result<(), DistributionError> {
        match self {
            Self::Fixed(duration) => not_too_long("the duration", *duration),
            Self::Uniform { min, max } => in_order(("min", *min), ("max", *max)),
            Self::Normal { mean, std_dev } => {
                not_too_long("mean", *mean)?;
                not_too_long("std_dev", *std_dev)
            }
            Self::Exponential { mean } => not_zero("mean", *mean),
            Self::LogNormal { median, p99 } => {
                not_zero("median", *median)?;
                in_order(("median", *median), ("p99", *p99))
            }
            Self::Pareto { scale, shape, cap } => {
                not_zero("scale", *scale)?;
                if !(0.1..=100.0).contains(&shape.as_f64()) {
                    return Err(DistributionError::Shape { shape: *shape });
                }
                let cap = cap.unwrap_or(LONGEST);
                not_too_long("cap", cap)?;
                if cap <= *scale { Err(DistributionError::Cap { scale: *scale, cap }) } else { Ok(()) }
            }
            Self::Empirical(table) => table.validate(),
        }
    }

    /// A sample that is nothing special: the mean or the median, whichever is written down.
    pub fn usual(&self) -> Duration {
        match self {
            Self::Fixed(value) => *value,
            Self::Uniform { min, max } => (*min).saturating_add(*max) / 2,
            Self::Exponential { mean } | Self::Normal { mean, .. } => *mean,
            Self::LogNormal { median, .. } => *median,
            Self::Pareto { scale, shape, cap } => {
                let median = scale.as_nanos() as f64 * math::pow(2.0, 1.0 / shape.as_f64());
                Duration::from_nanos(median as u64).min(cap.unwrap_or(LONGEST))
            }
            Self::Empirical(table) => table.median(),
        }
    }

    /// The shortest and the longest sample; no longest one where there is no bound but [`LONGEST`].
    pub fn bounds(&self) -> (Duration, Option<Duration>) {
        match self {
            Self::Fixed(value) => (*value, Some(*value)),
            Self::Uniform { min, max } => (*min, Some(*max)),
            Self::Normal { .. } | Self::Exponential { .. } | Self::LogNormal { .. } => (Duration::ZERO, None),
            Self::Pareto { scale, cap, .. } => (*scale, *cap),
            Self::Empirical(table) => table.bounds(),
        }
    }

    /// Works out what a draw needs.
    ///
    /// # Panics
    /// If [`Distribution::validate`] refuses it: a scenario is validated before anything is built from it.
    pub fn compile(&self) -> Sampler {
        if let Err(error) = self.validate() {
            panic!("failed to {error}");
        }
        Sampler::new(self)
    }
}

impl Default for Distribution {
    /// No delay at all.
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

impl From<Duration> for Distribution {
    /// Always the same.
    fn from(value: Duration) -> Self {
        Self::Fixed(value)
    }
}

fn not_too_long(name: &'static str, value: Duration) -> Result<(), DistributionError> {
    if value > LONGEST { Err(DistributionError::TooLong { name, value }) } else { Ok(()) }
}

fn not_zero(name: &'static str, value: Duration) -> Result<(), DistributionError> {
    if value.is_zero() { Err(DistributionError::Zero { name }) } else { not_too_long(name, value) }
}

fn in_order(low: (&'static str, Duration), high: (&'static str, Duration)) -> Result<(), DistributionError> {
    not_too_long(high.0, high.1)?;
    if low.1 > high.1 {
        return Err(DistributionError::Order {
            low_name: low.0,
            low: low.1,
            high_name: high.0,
            high: high.1,
        });
    }
    Ok(())
}
