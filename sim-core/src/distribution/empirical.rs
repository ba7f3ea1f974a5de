//! Measured durations: a table of quantiles, or weighted values.

use serde::{Deserialize, Serialize};

use super::{DistributionError, not_too_long};
use crate::ratio::Ratio;
use crate::time::Duration;

/// A measured distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Empirical {
    /// Shares from 0 to 1, rising, each with the duration that this share of samples does not exceed; straight
    /// lines between them. A share that stands twice is a jump: no sample lies between its two durations.
    Quantiles(Vec<(Ratio, Duration)>),
    /// Durations, each with its weight.
    Values(Vec<(Duration, u32)>),
}

impl Empirical {
    /// The most entries that a table may have.
    pub const MOST_ENTRIES: usize = 65_536;

    /// At least half of the samples are not above it; zero for a table without entries.
    pub(super) fn median(&self) -> Duration {
        match self {
            Self::Quantiles(points) => {
                points.iter().find(|(share, _)| share.as_f64() >= 0.5).or(points.last()).map(|(_, at)| *at)
            }
            Self::Values(values) => {
                let mut sorted = values.clone();
                sorted.sort_unstable();
                let total: u64 = sorted.iter().map(|(_, weight)| u64::from(*weight)).sum();
                let mut sum = 0;
                let past_half = |(_, weight): &&(Duration, u32)| {
                    sum += u64::from(*weight);
                    2 * sum >= total
                };
                sorted.iter().find(past_half).map(|(value, _)| *value)
            }
        }
        .unwrap_or_default()
    }

    /// The shortest and the longest duration of the table.
    pub(super) fn bounds(&self) -> (Duration, Option<Duration>) {
        let durations: Vec<Duration> = match self {
            Self::Quantiles(points) => points.iter().map(|(_, at)| *at).collect(),
            Self::Values(values) => values.iter().map(|(value, _)| *value).collect(),
        };
        (durations.iter().copied().min().unwrap_or_default(), durations.into_iter().max())
    }

    pub(super) fn validate(&self) -> Result<(), DistributionError> {
        let entries = match self {
            Self::Quantiles(points) => points.len(),
            Self::Values(values) => values.len(),
        };
        if !(1..=Self::MOST_ENTRIES).contains(&entries) {
            return Err(DistributionError::Entries { entries });
        }
        match self {
            Self::Quantiles(points) => validate_quantiles(points),
            Self::Values(values) => validate_values(values),
        }
    }
}

fn validate_quantiles(points: &[(Ratio, Duration)]) -> Result<(), DistributionError> {
    let whole = points.first().is_some_and(|(share, _)| share.is_zero())
        && points.last().is_some_and(|(share, _)| share.threshold() == u64::MAX);
    if !whole {
        return Err(DistributionError::Ends);
    }
    for (index, pair) in points.windows(2).enumerate() {
        let [(share, duration), (next_share, next_duration)] = [pair[0], pair[1]];
        if share.threshold() > next_share.threshold() || duration > next_duration {
            return Err(DistributionError::Rise { index: index + 1 });
        }
    }
    points.iter().try_for_each(|(_, duration)| not_too_long("a quantile", *duration))
}

fn validate_values(values: &[(Duration, u32)]) -> Result<(), DistributionError> {
    for (index, (duration, weight)) in values.iter().enumerate() {
        not_too_long("a value", *duration)?;
        if *weight == 0 {
            return Err(DistributionError::Weight { index });
        }
    }
    Ok(())
}

/// A point of a compiled table of quantiles: words from `word` on give `nanos` and `slope` more for each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knot {
    word: u64,
    nanos: u64,
    slope: f64,
}

/// The segments between the points; the last point only ends the one before it.
pub(super) fn knots(points: &[(Ratio, Duration)]) -> Box<[Knot]> {
    let segment = |pair: &[(Ratio, Duration)]| {
        let [(share, duration), (next_share, next_duration)] = [pair[0], pair[1]];
        let (word, nanos) = (share.threshold(), duration.as_nanos());
        let rise = next_duration.as_nanos() - nanos;
        Knot { word, nanos, slope: rise as f64 / (next_share.threshold() - word) as f64 }
    };
    let wide = |pair: &&[(Ratio, Duration)]| pair[0].0.threshold() < pair[1].0.threshold();
    points.windows(2).filter(wide).map(segment).collect()
}

/// The duration at the share `word / 2^64`.
#[inline]
pub(super) fn interpolate(knots: &[Knot], word: u64) -> Duration {
    let after = knots.partition_point(|knot| knot.word <= word);
    let knot = knots[after.saturating_sub(1)];
    Duration::from_nanos(knot.nanos + ((word - knot.word) as f64 * knot.slope) as u64)
}

/// A value of a compiled table: words below `end` that are not below the one before it give `nanos`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bin {
    end: u64,
    nanos: u64,
}

/// The values with the words that choose them, in the order of the table.
pub(super) fn bins(values: &[(Duration, u32)]) -> Box<[Bin]> {
    let total: u64 = values.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut sum = 0_u64;
    let bin = |(duration, weight): &(Duration, u32)| {
        sum += u64::from(*weight);
        let end = (u128::from(sum) << 64) / u128::from(total);
        Bin { end: u64::try_from(end).unwrap_or(u64::MAX), nanos: duration.as_nanos() }
    };
    values.iter().map(bin).collect()
}

/// The value that a word chooses.
#[inline]
pub(super) fn choose(bins: &[Bin], word: u64) -> Duration {
    let index = bins.partition_point(|bin| bin.end <= word);
    // The last bin ends at 2^64, which is one more than its `end` can say.
    Duration::from_nanos(bins[index.min(bins.len() - 1)].nanos)
}

#[cfg(test)]
mod tests {
    use super::{bins, choose, interpolate, knots};
    use crate::ratio::Ratio;
    use crate::time::Duration;

    const fn ns(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    #[test]
    fn quantiles_are_met_at_their_points_and_between() {
        let table = knots(&[(Ratio::ZERO, ns(100)), (Ratio::new(1, 4), ns(200)), (Ratio::ONE, ns(1_000))]);
        let quarter = 1_u64 << 62;
        assert_eq!(interpolate(&table, 0), ns(100));
        assert_eq!(interpolate(&table, quarter / 2), ns(150));
        assert_eq!(interpolate(&table, quarter), ns(200));
        assert_eq!(interpolate(&table, quarter / 2 * 5), ns(600));
        assert_eq!(interpolate(&table, u64::MAX), ns(1_000));
    }

    #[test]
    fn values_take_their_share_of_the_words() {
        let table = bins(&[(ns(7), 1), (ns(3), 2), (ns(9), 1)]);
        let quarter = 1_u64 << 62;
        for (word, nanos) in
            [(0, 7), (quarter - 1, 7), (quarter, 3), (quarter * 3 - 1, 3), (quarter * 3, 9), (u64::MAX, 9)]
        {
            assert_eq!(choose(&table, word), ns(nanos), "{word}");
        }
    }
}
