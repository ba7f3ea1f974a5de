//! Rates as people write them: `100/s`.

use std::fmt;
use std::str::FromStr;

use crate::time::Duration;

/// So many per length of time. Equal rates are the same value, however they were written.
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
    /// So many times as much.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self::new(self.count.saturating_mul(times), self.per)
    }

    /// Lengths of time that people count by, the first that fits is shown.
    const UNITS: [(&str, Duration); 3] =
        [("s", Duration::from_secs(1)), ("min", Duration::from_secs(60)), ("h", Duration::from_secs(3_600))];

    /// 100 per second.
    pub const DEFAULT: Self = Self::per_second(100);

    /// The longest mean gap that a run can have: a century.
    const LONGEST_GAP: Duration = Duration::from_secs(3_155_760_000);

    /// `count` per second.
    pub const fn per_second(count: u64) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// `count` per length of time.
    pub const fn new(count: u64, per: Duration) -> Self {
        let (mut divisor, mut rest) = (per.as_nanos(), count);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        // No length of time at all is no rate; nobody can run it.
        let divisor = if divisor == 0 { 1 } else { divisor };
        Self { count: count / divisor, per: Duration::from_nanos(per.as_nanos() / divisor) }
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

    /// Whether a run can have this rate: something comes of it.
    pub(super) fn sane(self) -> bool {
        self.mean_gap() <= Self::LONGEST_GAP
    }

    /// How many there are in a nanosecond.
    pub(super) fn per_nanosecond(self) -> f64 {
        self.count as f64 / self.per.as_nanos().max(1) as f64
    }

    /// How many there are in a second, rounded up.
    pub(super) fn in_a_second(self) -> u128 {
        let second = u128::from(Duration::from_secs(1).as_nanos());
        (u128::from(self.count) * second).div_ceil(u128::from(self.per.as_nanos().max(1)))
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
        if per.is_zero() { Err(ParseRateError) } else { Ok(Self::new(count, per)) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_a = |length: Duration| {
            let whole = length.as_nanos().is_multiple_of(self.per.as_nanos().max(1));
            whole.then(|| self.count.checked_mul(length.as_nanos() / self.per.as_nanos().max(1))).flatten()
        };
        match Self::UNITS.iter().find_map(|(unit, length)| Some((unit, in_a(*length)?))) {
            Some((unit, count)) => write!(f, "{count}/{unit}"),
            None => write!(f, "{}/{}", self.count, self.per),
        }
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
        for text in ["100/s", "7000/s", "30/min", "5/h", "0/s", "1/7s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for (written, shown) in
            [("3/10ms", "300/s"), ("7/ms", "7000/s"), ("1/2s", "30/min"), ("60/h", "1/min")]
        {
            assert_eq!(written.parse::<Rate>().unwrap().to_string(), shown);
            assert_eq!(written.parse::<Rate>(), shown.parse());
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
        assert!(!Rate::per_second(0).sane());
        assert_eq!((rate.in_a_second(), Rate::new(5, Duration::from_secs(2)).in_a_second()), (3, 3));
        assert!(Rate::per_second(1).sane());
    }
}
