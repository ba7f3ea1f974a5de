//! How a distribution is written: a bare duration, or a table with the distribution's name as its only key.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Distribution;

// The derive makes inherent functions of the same names for the table form (`remote = "Self"`); the impls here add
// the bare form on top of them.

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(duration) => Serialize::serialize(duration, serializer),
            _ => Self::serialize(self, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Distribution;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a duration such as \"10ms\", or one of { uniform = .. }, { normal = .. }, { exponential = .. }, \
             { log_normal = .. }, { pareto = .. }, { empirical = .. }",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Distribution, E> {
        text.parse().map(Distribution::Fixed).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distribution, A::Error> {
        let distribution = Distribution::deserialize(MapAccessDeserializer::new(&mut map))?;
        match map.next_key::<String>()? {
            None => Ok(distribution),
            Some(key) => Err(A::Error::custom(format_args!("expected one distribution, found also `{key}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Distribution;
    use crate::distribution::Empirical;
    use crate::ratio::Ratio;
    use crate::time::Duration;

    fn read(text: &str) -> Result<Distribution, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn every_form_reads_and_writes_back() {
        let quantiles = vec![(Ratio::ZERO, ms(1)), (Ratio::new(1, 2), ms(8)), (Ratio::ONE, ms(90))];
        for (text, distribution) in [
            (r#""10ms""#, Distribution::Fixed(ms(10))),
            (r#"{"fixed":"10ms"}"#, Distribution::Fixed(ms(10))),
            (r#"{"uniform":{"min":"1ms","max":"10ms"}}"#, Distribution::Uniform { min: ms(1), max: ms(10) }),
            (
                r#"{"normal":{"mean":"10ms","std_dev":"2ms"}}"#,
                Distribution::Normal { mean: ms(10), std_dev: ms(2) },
            ),
            (r#"{"exponential":{"mean":"5ms"}}"#, Distribution::Exponential { mean: ms(5) }),
            (
                r#"{"log_normal":{"median":"8ms","p99":"60ms"}}"#,
                Distribution::LogNormal { median: ms(8), p99: ms(60) },
            ),
            (
                r#"{"pareto":{"scale":"5ms","shape":"1.5"}}"#,
                Distribution::Pareto { scale: ms(5), shape: "1.5".parse().unwrap(), cap: None },
            ),
            (
                r#"{"empirical":{"quantiles":[["0","1ms"],["1/2","8ms"],["1","90ms"]]}}"#,
                Distribution::Empirical(Empirical::Quantiles(quantiles)),
            ),
            (
                r#"{"empirical":{"values":[["1ms",3],["10ms",1]]}}"#,
                Distribution::Empirical(Empirical::Values(vec![(ms(1), 3), (ms(10), 1)])),
            ),
        ] {
            assert_eq!(read(text), Ok(distribution.clone()), "{text}");
            assert_eq!(distribution.validate(), Ok(()));
            let written = serde_json::to_string(&distribution).unwrap();
            assert_eq!(read(&written), Ok(distribution), "{written}");
        }
    }

    #[test]
    fn what_is_misspelled_is_refused() {
        for (text, complaint) in [
            (r#"{"unifrom":{"min":"1ms","max":"2ms"}}"#, "unknown variant `unifrom`"),
            (r#"{"uniform":{"min":"1ms","maximum":"2ms"}}"#, "unknown field `maximum`"),
            (r#"{"uniform":{"min":"1ms"}}"#, "missing field `max`"),
            (r#"{"exponential":{"mean":"5 parsecs"}}"#, "the unit must be one of"),
            (r#""10""#, "the unit must be one of"),
            ("10", "expected a duration such as"),
            (r#"{"exponential":{"mean":"5ms"},"fixed":"1ms"}"#, "found also `fixed`"),
            ("{}", "expected"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(complaint), "{text}: {error}");
        }
    }
}
