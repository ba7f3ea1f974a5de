//! The shape of a tail, kept as it was written.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A positive number as an exact fraction: `"1.5"`, `"3/2"` or `2`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    numerator: u32,
    denominator: u32,
}

impl Shape {
    /// `numerator / denominator`.
    ///
    /// # Panics
    /// If either is zero.
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        assert!(numerator > 0 && denominator > 0, "a shape is above zero");
        Self { numerator, denominator }
    }

    /// The nearest float, the same on every machine.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read a shape: expected a number above zero such as \"1.5\" or \"3/2\", of at most nine digits")]
pub struct ParseShapeError;

impl FromStr for Shape {
    type Err = ParseShapeError;

    fn from_str(text: &str) -> Result<Self, ParseShapeError> {
        let text = text.trim();
        let (numerator, denominator) = if let Some((numerator, denominator)) = text.split_once('/') {
            (digits(numerator.trim())?, digits(denominator.trim())?)
        } else {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let fraction_value = digits(fraction)?;
            let places = u32::try_from(fraction.len()).map_err(|_| ParseShapeError)?;
            let scale = 10_u32.checked_pow(places).ok_or(ParseShapeError)?;
            let whole = digits(whole)?.checked_mul(scale).ok_or(ParseShapeError)?;
            (whole.checked_add(fraction_value).ok_or(ParseShapeError)?, scale)
        };
        if numerator == 0 || denominator == 0 {
            return Err(ParseShapeError);
        }
        Ok(Self { numerator, denominator })
    }
}

fn digits(text: &str) -> Result<u32, ParseShapeError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseShapeError);
    }
    text.parse().map_err(|_| ParseShapeError)
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNumber)
    }
}

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number above zero such as \"1.5\" or \"3/2\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Shape, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Shape, E> {
        self.visit_str(&value.to_string())
    }

    /// A float is written as its shortest decimal, which is the text that it was read from.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Shape, E> {
        self.visit_str(&value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{ParseShapeError, Shape};

    #[test]
    fn shapes_are_exact() {
        assert_eq!("1.5".parse(), Ok(Shape::new(15, 10)));
        assert_eq!("3/2".parse(), Ok(Shape::new(3, 2)));
        assert_eq!("2".parse(), Ok(Shape::new(20, 10)));
        for text in
            ["", "0", "0.0", "-1", "1.", ".5", "1e3", "1/0", "0/1", "99999999999", "1.0000000001", "NaN"]
        {
            assert_eq!(text.parse::<Shape>(), Err(ParseShapeError), "{text:?}");
        }
    }

    #[test]
    fn numbers_read_like_texts() {
        let read = |text: &str| serde_json::from_str::<Shape>(text).unwrap();
        assert_eq!(read("1.1"), read("\"1.1\""));
        assert_eq!(read("3"), read("\"3\""));
        assert!(serde_json::from_str::<Shape>("-1").is_err());
        assert_eq!(serde_json::to_string(&Shape::new(3, 2)).unwrap(), "\"3/2\"");
    }
}
