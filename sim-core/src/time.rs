//! Virtual time: integer nanoseconds, so that no run depends on how a machine rounds.
//!
//! [`Time`] is a moment since the start of a run, [`Duration`] a distance between two moments. Only the world
//! moves time; a process sees its own slot's clock, which may be wrong. Sums and products stop at the longest length and
//! at the last moment, which never comes: no number of a file makes them overflow.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A moment of virtual time, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(u64);

/// A distance between two moments, in nanoseconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Time {
    /// The start of a run.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens in a run.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The distance from an earlier moment; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved later, stopping at [`Time::MAX`].
    pub const fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    /// Seconds since the start, for people and plots only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(u64::MAX);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// True for a duration of no length.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The length in seconds, for people and plots only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The length in milliseconds, for people and plots only.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In the units that a person would use, rounded: `430 ms`, `52.4 s`, `4 min 25 s`, `3 days 4 h`.
    pub fn told(self) -> String {
        let ns = self.0;
        // Three digits: whole ones, and a tenth or a hundredth where the whole ones are few.
        let digits = |unit: u64, name: &str| {
            let (whole, rest) = (ns / unit, ns % unit);
            match whole {
                0..10 if rest > 0 => format!("{whole}.{:02} {name}", rest / (unit / 100)),
                10..100 if rest > 0 => format!("{whole}.{} {name}", rest / (unit / 10)),
                _ => format!("{whole} {name}"),
            }
        };
        let pair = |large: (u64, &str), small: (u64, &str)| {
            let (whole, rest) = (ns / large.0, ns % large.0 / small.0);
            if rest == 0 {
                format!("{whole} {}", large.1)
            } else {
                format!("{whole} {} {rest} {}", large.1, small.1)
            }
        };
        const SECOND: u64 = 1_000_000_000;
        const MINUTE: u64 = 60 * SECOND;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        match ns {
            0 => "0 s".to_owned(),
            1..1_000 => format!("{ns} ns"),
            1_000..1_000_000 => digits(1_000, "us"),
            1_000_000..SECOND => digits(1_000_000, "ms"),
            SECOND..MINUTE => digits(SECOND, "s"),
            MINUTE..HOUR => pair((MINUTE, "min"), (SECOND, "s")),
            HOUR..DAY => pair((HOUR, "h"), (MINUTE, "min")),
            _ => pair((DAY, "days"), (HOUR, "h")),
        }
    }

    /// The sum, stopping at [`Duration::MAX`].
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The product, stopping at [`Duration::MAX`].
    pub const fn saturating_mul(self, by: u64) -> Self {
        Self(self.0.saturating_mul(by))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        self.saturating_add(by)
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, by: Duration) {
        *self = self.saturating_add(by);
    }
}

impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0 - by.0)
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<u64> for Duration {
    type Output = Self;
    fn mul(self, by: u64) -> Self {
        self.saturating_mul(by)
    }
}

impl Div<u64> for Duration {
    type Output = Self;
    fn div(self, by: u64) -> Self {
        Self(self.0 / by)
    }
}

impl fmt::Display for Time {
    /// Seconds with three decimals, as in a story: `0.412 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000_000, self.0 / 1_000_000 % 1_000)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Duration(self.0))
    }
}

/// The units a written duration may have, largest first.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for Duration {
    /// The exact value in the largest unit that needs no fraction: `1500ms`, `2s`, `0s`. Parses back to itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let (unit, scale) =
            UNITS.into_iter().skip(2).find(|(_, scale)| self.0.is_multiple_of(*scale)).unwrap_or(("ns", 1));
        write!(f, "{}{unit}", self.0 / scale)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    /// The text has no number in front, or more than one point.
    #[error("read a duration: expected a number and a unit, as in \"150ms\"")]
    Number,
    /// The unit is missing or not one of ns, us, ms, s, min, h.
    #[error("read a duration: the unit must be one of ns, us, ms, s, min, h")]
    Unit,
    /// The value does not fit in 64 bits of nanoseconds (about 584 years), or has a part below a nanosecond.
    #[error("read a duration: too long, or finer than a nanosecond")]
    Range,
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    /// Reads `150ms`, `1.5s`, `20 us`, `2min`: exact decimal arithmetic, no floats.
    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim());
        let unit = if unit == "µs" { "us" } else { unit };
        if number.is_empty() {
            return Err(ParseDurationError::Number);
        }
        let scale = UNITS.iter().find(|(name, _)| *name == unit).ok_or(ParseDurationError::Unit)?.1;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') {
            return Err(ParseDurationError::Number);
        }
        let whole: u64 = whole.parse().map_err(|_| ParseDurationError::Range)?;
        let mut nanos = u128::from(whole) * u128::from(scale);
        if !fraction.is_empty() {
            let fraction = fraction.trim_end_matches('0');
            let digits: u128 = if fraction.is_empty() {
                0
            } else {
                fraction.parse::<u64>().map_err(|_| ParseDurationError::Range)?.into()
            };
            let places = u32::try_from(fraction.len()).map_err(|_| ParseDurationError::Range)?;
            let divisor = 10_u128.checked_pow(places).ok_or(ParseDurationError::Range)?;
            let scaled = digits * u128::from(scale);
            if !scaled.is_multiple_of(divisor) {
                return Err(ParseDurationError::Range);
            }
            nanos += scaled / divisor;
        }
        u64::try_from(nanos).map(Self).map_err(|_| ParseDurationError::Range)
    }
}

crate::serde_as_text!(Duration);

/// Beyond the longest, it is the longest.
impl From<core::time::Duration> for Duration {
    fn from(duration: core::time::Duration) -> Self {
        Self::from_nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Duration> for core::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_nanos(duration.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_length_as_that_of_the_standard_library() {
        let theirs = core::time::Duration::from_millis(1_500);
        assert_eq!(Duration::from(theirs), Duration::from_millis(1_500));
        assert_eq!(core::time::Duration::from(Duration::from_millis(1_500)), theirs);
        assert_eq!(Duration::from(core::time::Duration::MAX).as_nanos(), u64::MAX);
    }

    #[test]
    fn durations_read_as_they_are_written() {
        for (text, nanos) in
            [("0s", 0), ("150ms", 150_000_000), ("2s", 2_000_000_000), ("7ns", 7), ("3us", 3_000)]
        {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.as_nanos(), nanos);
            assert_eq!(duration.to_string(), text);
        }
        assert_eq!("1.5s".parse(), Ok(Duration::from_millis(1_500)));
        assert_eq!("2min".parse(), Ok(Duration::from_secs(120)));
        assert_eq!("0.000000001 s".parse(), Ok(Duration::from_nanos(1)));
    }

    #[test]
    fn a_length_is_told_in_the_units_that_a_person_would_use() {
        for (length, told) in [
            (Duration::ZERO, "0 s"),
            (Duration::from_nanos(999), "999 ns"),
            (Duration::from_nanos(1_500), "1.50 us"),
            (Duration::from_micros(12_345), "12.3 ms"),
            (Duration::from_millis(430), "430 ms"),
            (Duration::from_millis(9_999), "9.99 s"),
            (Duration::from_millis(52_410), "52.4 s"),
            (Duration::from_millis(264_614), "4 min 24 s"),
            (Duration::from_secs(7_200), "2 h"),
            (Duration::from_secs(3_600 * 76), "3 days 4 h"),
        ] {
            assert_eq!(length.told(), told);
        }
        assert_eq!(Duration::MAX.told(), "213503 days 23 h");
    }

    #[test]
    fn bad_durations_say_what_is_wrong() {
        for (text, error) in [
            ("", ParseDurationError::Number),
            ("ms", ParseDurationError::Number),
            ("-1s", ParseDurationError::Number),
            ("1.2.3s", ParseDurationError::Number),
            (".5s", ParseDurationError::Number),
            ("5", ParseDurationError::Unit),
            ("5 parsecs", ParseDurationError::Unit),
            ("0.1ns", ParseDurationError::Range),
            ("99999999999h", ParseDurationError::Range),
            ("99999999999999999999s", ParseDurationError::Range),
        ] {
            assert_eq!(text.parse::<Duration>(), Err(error), "{text:?}");
        }
    }
}
