//! The bound of a limit: a number, a duration, or a share.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ratio::Ratio;
use crate::time::Duration;

/// A bound, in the unit in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A number of things.
    Count(u64),
    /// A duration, written `"250ms"`.
    Time(Duration),
    /// A share, written `"99.9%"` or `"1/2"`: of the operations that were asked for, or of the members.
    Share(Ratio),
}

/// Shares are counted in parts per million.
const MILLION: u64 = 1_000_000;

impl Level {
    /// As values are counted: times in nanoseconds, shares in parts per million.
    pub fn number(self) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Time(time) => time.as_nanos(),
            // To the nearest, as shares that were measured are.
            Self::Share(share) => share.of(2 * MILLION).div_ceil(2),
        }
    }

    /// A share that was measured, as values are counted, to the nearest.
    pub(crate) const fn share(part: u64, whole: u64) -> Option<u64> {
        if whole == 0 {
            return None;
        }
        Some(((part as u128 * 2 * MILLION as u128 / whole as u128) as u64).div_ceil(2))
    }

    /// For people.
    pub fn told(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Time(time) => time.told(),
            Self::Share(_) => percent(self.number()),
        }
    }
}

/// Parts per million as a percentage: `99.95 %`.
pub(super) fn percent(parts: u64) -> String {
    let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Time(_) | Self::Share(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl serde::de::Visitor<'_> for Reader {
            type Value = Level;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0 up, a duration as \"250ms\", or a share as \"99.9%\"")
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Level, E> {
                Ok(Level::Count(count))
            }

            fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<Level, E> {
                let wrong = |_| E::invalid_value(serde::de::Unexpected::Signed(count), &self);
                u64::try_from(count).map(Level::Count).map_err(wrong)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Level, E> {
                let level = if text.contains(['%', '/']) {
                    text.parse().ok().map(Level::Share)
                } else {
                    text.parse().ok().map(Level::Time)
                };
                level.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_numbers_durations_or_shares() {
        let read = |json: &str| serde_json::from_str::<Level>(json).ok();
        for (json, level, number) in [
            ("7", Level::Count(7), 7),
            ("\"250ms\"", Level::Time(Duration::from_millis(250)), 250_000_000),
            ("\"99.9%\"", Level::Share(Ratio::new(999, 1_000)), 999_000),
            ("\"2/3\"", Level::Share(Ratio::new(2, 3)), 666_667),
        ] {
            assert_eq!(read(json), Some(level));
            assert_eq!(read(&serde_json::to_string(&level).unwrap()), Some(level));
            assert_eq!(level.number(), number);
        }
        for wrong in ["-1", "0.5", "\"7\"", "\"101%\"", "\"fast\"", "true", "null", "[]"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_share_that_is_just_reached_is_reached() {
        for (part, whole) in [(2, 3), (1, 3), (999, 1_000), (1, 7), (5, 5), (0, 9)] {
            let bound = Level::Share(Ratio::new(part, whole)).number();
            assert_eq!(Level::share(part.into(), whole.into()), Some(bound), "{part}/{whole}");
        }
        assert_eq!(Level::share(0, 0), None);
    }
}
