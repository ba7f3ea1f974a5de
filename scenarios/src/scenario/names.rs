//! `[initial]`: the state at the start, with nodes given by name.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::setup::Initial;

pub use sim_core::identity::{NodeName, ParseNodeNameError};

/// The state at the start, where it is not all up, honest and empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InitialState {
    /// Members that are down from the start.
    pub absent: Vec<NodeName>,
    /// Traitors from the start.
    pub corrupt: Vec<NodeName>,
    /// The behavior of traitors, as the protocol names it; its default if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behavior: Option<String>,
    /// Identities that run twice.
    pub twins: Vec<Twin>,
    /// Whether the seed draws which members all of this is about: names stand for others then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shuffle: bool,
    /// What the members' disks and timers hold at the start: `[[initial.<protocol>]]` in a file, read by the protocol.
    #[serde(skip)]
    pub state: Option<Value>,
}

/// An identity that runs twice: in the place of another node too, or beside all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// Who runs twice.
    pub of: NodeName,
    /// In whose place, which is then nobody's; beside all members if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<NodeName>,
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
            std::iter::once((path("of"), twin.of)).chain(twin.at.map(|at| (path("at"), at)))
        });
        list("absent", &self.absent).into_iter().chain(list("corrupt", &self.corrupt)).chain(twins)
    }

    /// The same by slot.
    pub(crate) fn by_slot(&self) -> Initial {
        Initial {
            absent: self.absent.iter().map(|name| name.0).collect(),
            corrupt: self.corrupt.iter().map(|name| name.0).collect(),
            twins: self.twins.iter().filter_map(|twin| Some((twin.at?.0, twin.of.0))).collect(),
            beside: self.twins.iter().filter(|twin| twin.at.is_none()).map(|twin| twin.of.0).collect(),
            state: self.state.clone(),
        }
    }
}
