//! Rates as people write them: `100/s`.

use std::fmt;
use std::str::FromStr;

use crate::time::Duration;

/// So many per length of time, kept as written.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u64,
    per: Duration,
}

/// Why a text is not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read a rate: expected a count and a time, as in \"100/s\" or \"3/10min\"")]
pub struct ParseRateError;

impl Rate {
    /// 100 per second.
    pub const DEFAULT: Self = Self::per_second(100);

    /// The shortest and longest mean gap that a run can have, in nanoseconds: one nanosecond and a century.
    const GAPS: std::ops::RangeInclusive<u64> = 1..=3_155_760_000_000_000_000;

    /// `count` per second.
    pub const fn per_second(count: u64) -> Self {
        Self { count, per: Duration::from_secs(1) }
    }

    /// `count` per length of time.
    pub const fn new(count: u64, per: Duration) -> Self {
        Self { count, per }
    }

    /// How long after the first the `i`-th arrival comes at even spacing: exact, rounded down once; the longest
    /// duration if it does not fit or the rate is zero.
    pub fn offset(self, i: u64) -> Duration {
        let nanos = (u128::from(i) * u128::from(self.per.as_nanos())).checked_div(u128::from(self.count));
        let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok());
        nanos.map_or(Duration::MAX, Duration::from_nanos)
    }

    /// The mean gap between arrivals, rounded down.
    pub fn mean_gap(self) -> Duration {
        self.offset(1)
    }

    /// Whether a run can have this rate.
    pub(super) fn sane(self) -> bool {
        Self::GAPS.contains(&self.mean_gap().as_nanos())
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (count, per) = text.split_once('/').ok_or(ParseRateError)?;
        let count = count.trim();
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseRateError);
        }
        let count = count.parse().map_err(|_| ParseRateError)?;
        let per = per.trim();
        let bare = per.starts_with(|c: char| !c.is_ascii_digit());
        let per = if bare { format!("1{per}").parse() } else { per.parse() };
        let per: Duration = per.map_err(|_| ParseRateError)?;
        if per.is_zero() { Err(ParseRateError) } else { Ok(Self { count, per }) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = self.per.to_string();
        let unit = per.strip_prefix('1').filter(|unit| unit.starts_with(|c: char| !c.is_ascii_digit()));
        write!(f, "{}/{}", self.count, unit.unwrap_or(&per))
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

crate::serde_as_text!(Rate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_as_they_are_written() {
        for text in ["100/s", "3/10ms", "7/ms", "1/2s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("60 / min".parse::<Rate>().unwrap().mean_gap(), Duration::from_secs(1));
        for text in ["", "100", "100/", "/s", "-1/s", "+1/s", "1/parsec", "1/0s", "1.5/s"] {
            assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text:?}");
        }
    }

    #[test]
    fn even_spacing_does_not_drift() {
        let rate = Rate::per_second(3);
        assert_eq!(rate.offset(3_000_000), Duration::from_secs(1_000_000));
        assert_eq!(rate.offset(1).as_nanos(), 333_333_333);
        assert!(!Rate::per_second(0).sane() && !Rate::per_second(2_000_000_000).sane());
        assert!(Rate::per_second(1).sane());
    }
}
