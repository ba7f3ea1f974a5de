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

crate::serde_as_text!(NodeName);

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
}
