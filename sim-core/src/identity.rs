//! Places and names: a [`Slot`] is where a process runs (clock, disk, links), a [`NodeId`] is who it claims to be.
//!
//! Most identities have exactly one slot. Twins are one identity in two slots; a wiped slot may come back as a new
//! identity. Faults act on slots, protocols know identities only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place in the simulated world.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u32);

/// An identity, as protocols know each other. Printed counting from one: `NodeId(0)` is `n1`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl Slot {
    /// The slot as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl NodeId {
    /// The identity as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", u64::from(self.0) + 1)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u64::from(self.0) + 1)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A member as people count and scenarios write: `n1` is the first. Holds the slot, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeName(pub u32);

/// The text names no node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no node, expected n1, n2 and so on")]
pub struct ParseNodeNameError(String);

impl FromStr for NodeName {
    type Err = ParseNodeNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix('n').filter(|digits| !digits.starts_with(['+', '0']));
        let number: Option<u32> = number.and_then(|digits| digits.parse().ok());
        number.map(|number| Self(number - 1)).ok_or_else(|| ParseNodeNameError(text.to_owned()))
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u64::from(self.0) + 1)
    }
}

impl Serialize for NodeName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads the name, or the number in it: `"n3"` and `3` are the same member.
impl<'de> Deserialize<'de> for NodeName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl serde::de::Visitor<'_> for Name {
            type Value = NodeName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node: n1, n2 and so on, or its number, counted from 1")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<NodeName, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<NodeName, E> {
                let from_zero = number.checked_sub(1).and_then(|number| u32::try_from(number).ok());
                from_zero.map(NodeName).ok_or_else(|| {
                    E::custom(format_args!(
                        "{number} is no node, expected 1, 2 and so on: nodes count from 1"
                    ))
                })
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<NodeName, E> {
                self.visit_u64(u64::try_from(number).unwrap_or_default())
            }
        }
        deserializer.deserialize_any(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::NodeName;

    #[test]
    fn nodes_count_from_one() {
        assert_eq!("n1".parse(), Ok(NodeName(0)));
        assert_eq!("n12".parse::<NodeName>().unwrap().to_string(), "n12");
        for text in ["n0", "n", "1", "n-1", "n+1", "n01", "n99999999999", "node1"] {
            assert!(text.parse::<NodeName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_a_name_and_counts_from_one_too() {
        let read = |text: &str| serde_json::from_str::<NodeName>(text);
        assert_eq!(read("3").unwrap(), read("\"n3\"").unwrap());
        assert_eq!(serde_json::to_string(&read("1").unwrap()).unwrap(), "\"n1\"");
        let zero = read("0").unwrap_err().to_string();
        assert!(zero.contains("nodes count from 1"), "{zero}");
        for text in ["-1", "4294967297", "1.5", "\"1\"", "[1]"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
