//! Nodes by name, and the state at the start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sim_core::setup::Initial;

/// A node as people count: `n1` is the first. Holds the slot, counted from zero.
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

sim_core::serde_as_text!(NodeName);

/// The state at the start, where it is not all up, honest and empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitialState {
    /// Members that are down from the start.
    pub absent: Vec<NodeName>,
    /// Traitors from the start.
    pub corrupt: Vec<NodeName>,
    /// What traitors do, as the protocol names it; its default if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behavior: Option<String>,
    /// Identities that run twice.
    pub twins: Vec<Twin>,
}

/// An identity that runs in the place of another node too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// Who runs twice.
    pub of: NodeName,
    /// In whose place.
    pub at: NodeName,
}

impl InitialState {
    /// Every node that it names, with the keys that lead to it.
    pub(crate) fn named(&self) -> impl Iterator<Item = (Vec<String>, NodeName)> + '_ {
        let list = |key: &'static str, names: &'_ [NodeName]| -> Vec<(Vec<String>, NodeName)> {
            let path = |index: usize| vec!["initial".to_owned(), key.to_owned(), index.to_string()];
            names.iter().enumerate().map(|(index, name)| (path(index), *name)).collect()
        };
        let twins = self.twins.iter().enumerate().flat_map(|(index, twin)| {
            let path =
                move |end: &str| ["initial", "twins", &index.to_string(), end].map(str::to_owned).to_vec();
            [(path("of"), twin.of), (path("at"), twin.at)]
        });
        list("absent", &self.absent).into_iter().chain(list("corrupt", &self.corrupt)).chain(twins)
    }

    /// The same by slot.
    pub(crate) fn by_slot(&self) -> Initial {
        Initial {
            absent: self.absent.iter().map(|name| name.0).collect(),
            corrupt: self.corrupt.iter().map(|name| name.0).collect(),
            twins: self.twins.iter().map(|twin| (twin.at.0, twin.of.0)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_count_from_one() {
        assert_eq!("n1".parse(), Ok(NodeName(0)));
        assert_eq!("n12".parse::<NodeName>().unwrap().to_string(), "n12");
        for text in ["n0", "n", "1", "n-1", "n+1", "n01", "n99999999999", "node1"] {
            assert!(text.parse::<NodeName>().is_err(), "{text}");
        }
    }
}
