//! How much of something a stop rule or a demand asks for: a number, or a share of the cluster.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ratio::Ratio;

/// A number of times, or a share: of the members that the cluster begins with, or of a workload's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many times in all, wherever. Written as a number.
    Times(u64),
    /// At least once at this share of the members, whatever their number. Written `"all"`, `"99%"` or `"1/2"`. A share of
    /// operations is written like that as well, and is a number in every setup ([`Amount::of`]).
    Members(Ratio),
}

impl Amount {
    /// Every member.
    pub const ALL: Self = Self::Members(Ratio::ONE);

    /// How many of so many members this asks for, rounded up; none if it asks for a number of times.
    pub fn of_members(self, members: u32) -> Option<u64> {
        matches!(self, Self::Members(_)).then(|| self.of(u64::from(members)))
    }

    /// How many of so many things this asks for: the number itself, or the share of them, rounded up.
    pub fn of(self, all: u64) -> u64 {
        match self {
            Self::Times(count) => count,
            Self::Members(share) => {
                let down = share.of(all);
                if share.reached_by(down, all) { down } else { down + 1 }
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(count) => count.fmt(f),
            Self::Members(Ratio::ONE) => f.write_str("all"),
            Self::Members(share) => share.fmt(f),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Times(count) => serializer.serialize_u64(*count),
            Self::Members(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl serde::de::Visitor<'_> for Reader {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0 up, or a share: \"all\", \"99%\" or \"1/2\"")
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Amount, E> {
                Ok(Amount::Times(count))
            }

            fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<Amount, E> {
                let whole = u64::try_from(count);
                whole
                    .map(Amount::Times)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(count), &self))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
                let share = if text.trim() == "all" { Some(Ratio::ONE) } else { share(text) };
                let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                share.map(Amount::Members).ok_or_else(wrong)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A share with its sign: `"0"` and `"1"` would be read as numbers of times. A share of nobody asks for nothing.
fn share(text: &str) -> Option<Ratio> {
    text.contains(['%', '/']).then(|| text.parse().ok()).flatten().filter(|share: &Ratio| !share.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Amount> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn numbers_and_shares_are_read_and_written() {
        for (json, amount, members) in [
            ("7", Amount::Times(7), None),
            ("\"all\"", Amount::ALL, Some(1_000)),
            ("\"99%\"", Amount::Members(Ratio::new(99, 100)), Some(990)),
            ("\"1/3\"", Amount::Members(Ratio::new(1, 3)), Some(334)),
        ] {
            assert_eq!(read(json), Some(amount));
            assert_eq!(amount.of_members(1_000), members);
            assert_eq!(read(&serde_json::to_string(&amount).unwrap()), Some(amount));
        }
        assert_eq!(Amount::Members(Ratio::new(1, 1_000)).of_members(3), Some(1));
        for wrong in
            ["-1", "1.5", "\"7\"", "\"0%\"", "\"0/3\"", "\"101%\"", "\"most\"", "true", "[1]", "null"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
