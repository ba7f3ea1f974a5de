//! Probabilities and rates of change as ratios of integers, so that a run never rounds.

use std::fmt;
use std::str::FromStr;

/// A probability `numerator / denominator`, between 0 and 1, in the smallest numbers: what is equal
/// is the same value, however it was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u32,
    denominator: u32,
}

impl Ratio {
    /// Never.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// Always.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator`.
    ///
    /// # Panics
    /// If the denominator is zero or smaller than the numerator.
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        assert!(denominator > 0 && numerator <= denominator, "a probability lies between 0 and 1");
        let (mut divisor, mut rest) = (denominator, numerator);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Self { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    /// True for a probability of zero.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The value as a float, for people and plots only.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// The number of 64-bit words below which a uniformly drawn word counts as "it happens".
    /// `happens(word)` is exact to 2^-64.
    pub const fn threshold(self) -> u64 {
        if self.numerator == self.denominator {
            return u64::MAX;
        }
        (((self.numerator as u128) << 64) / self.denominator as u128) as u64
    }

    /// Whether the event happens, given a uniformly drawn 64-bit word.
    pub const fn happens(self, word: u64) -> bool {
        self.numerator == self.denominator || word < self.threshold()
    }

    /// Whether a part is at least this share of a whole, exactly; nothing is any share of nothing.
    pub const fn reached_by(self, part: u64, whole: u64) -> bool {
        part as u128 * self.denominator as u128 >= whole as u128 * self.numerator as u128
    }

    /// This share of a count, rounded down.
    pub const fn of(self, count: u64) -> u64 {
        (count as u128 * self.numerator as u128 / self.denominator as u128) as u64
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseRatioError {
    /// Neither `a/b`, nor `p%`, nor 0 or 1.
    #[error("read a probability: expected \"1/100\", \"0.1%\", \"0\" or \"1\"")]
    Form,
    /// Above one, or a denominator of zero, or too many digits.
    #[error("read a probability: it must lie between 0 and 1 and fit in 32 bits")]
    Range,
}

impl FromStr for Ratio {
    type Err = ParseRatioError;

    fn from_str(text: &str) -> Result<Self, ParseRatioError> {
        let text = text.trim();
        let digits = |part: &str| -> Result<u32, ParseRatioError> {
            let part = part.trim();
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(ParseRatioError::Form);
            }
            part.parse().map_err(|_| ParseRatioError::Range)
        };
        let (numerator, denominator) = if let Some((a, b)) = text.split_once('/') {
            (digits(a)?, digits(b)?)
        } else if let Some(percent) = text.strip_suffix('%') {
            let (whole, fraction) = percent.trim().split_once('.').unwrap_or((percent.trim(), ""));
            let places = u32::try_from(fraction.len()).map_err(|_| ParseRatioError::Range)?;
            let scale = 10_u32.checked_pow(places).ok_or(ParseRatioError::Range)?;
            let fraction = if fraction.is_empty() { 0 } else { digits(fraction)? };
            let numerator = digits(whole)?.checked_mul(scale).and_then(|n| n.checked_add(fraction));
            (numerator.ok_or(ParseRatioError::Range)?, scale.checked_mul(100).ok_or(ParseRatioError::Range)?)
        } else {
            (digits(text)?, 1)
        };
        if denominator == 0 || numerator > denominator {
            return Err(ParseRatioError::Range);
        }
        Ok(Self::new(numerator, denominator))
    }
}

crate::serde_as_text!(numbers Ratio);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_read_in_both_forms() {
        assert_eq!("1/100".parse(), Ok(Ratio::new(1, 100)));
        assert_eq!("0.1%".parse(), Ok(Ratio::new(1, 1_000)));
        assert_eq!("12%".parse(), Ok(Ratio::new(12, 100)));
        assert_eq!("0".parse(), Ok(Ratio::ZERO));
        assert_eq!("3/2".parse::<Ratio>(), Err(ParseRatioError::Range));
        assert_eq!("1/0".parse::<Ratio>(), Err(ParseRatioError::Range));
        assert_eq!("-1/2".parse::<Ratio>(), Err(ParseRatioError::Form));
        assert_eq!("0.5".parse::<Ratio>(), Err(ParseRatioError::Form));
    }

    #[test]
    fn none_and_all_may_be_numbers_and_other_numbers_are_told_the_forms() {
        let read = |json: &str| crate::tree::read::<Ratio>(&serde_json::from_str(json).unwrap());
        assert_eq!((read("0"), read("1"), read("\"1\"")), (Ok(Ratio::ZERO), Ok(Ratio::ONE), Ok(Ratio::ONE)));
        assert!(read("2").unwrap_err().message.contains("between 0 and 1"));
        for other in ["0.5", "-1", "true", "[1]", "null"] {
            let why = read(other).unwrap_err().message;
            assert!(why.ends_with("expected \"1/100\", \"0.1%\", \"0\" or \"1\""), "{other}: {why}");
        }
    }

    #[test]
    fn equal_probabilities_are_the_same_value() {
        assert_eq!(Ratio::new(20, 1_000), Ratio::new(1, 50));
        assert_eq!(Ratio::new(0, 7), Ratio::ZERO);
        assert_eq!(Ratio::new(3, 3), Ratio::ONE);
        for text in ["5%", "5 %", "1/20", "50/1000", " 5.00% ", "05 / 100"] {
            assert_eq!(text.parse::<Ratio>().unwrap().to_string(), "1/20", "{text}");
        }
    }

    #[test]
    fn thresholds_meet_the_ends() {
        assert!(!Ratio::ZERO.happens(0));
        assert!(Ratio::ONE.happens(u64::MAX));
        assert!(Ratio::new(1, 2).happens(u64::MAX / 2));
        assert!(!Ratio::new(1, 2).happens(u64::MAX / 2 + 1));
    }
}
