//! What a violation rests on, for people as sentences and for programs as who signed what.

use serde::{Deserialize, Serialize};

use crate::capped::Capped;
use crate::identity::NodeId;

/// How many sentences of evidence are kept for one violation.
const FACTS: usize = 40;

/// What a violation rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which violation, as an index.
    pub violation: usize,
    /// The facts in order, as sentences.
    pub facts: Vec<String>,
    /// How many more there were.
    #[serde(default)]
    pub omitted: u64,
    /// Who is guilty of a fork, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guilt: Option<Guilt>,
}

impl Evidence {
    pub(super) fn new(violation: usize, facts: impl IntoIterator<Item = String>) -> Self {
        let mut list = Capped::with_limit(FACTS);
        facts.into_iter().for_each(|fact| list.push(crate::text::into_one_line(fact)));
        Self { violation, facts: list.items, omitted: list.omitted, guilt: None }
    }
}

/// The fewest members without whose lies a fork would not have been possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guilt {
    /// Each of them, in the order of their names.
    pub culprits: Vec<Culprit>,
    /// What a third party that sees the statements would have to know as well; `None` if they prove the guilt by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond_statements: Option<String>,
}

/// A guilty member, and two statements that nobody who follows the protocol signs both of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Culprit {
    /// Who.
    pub node: NodeId,
    /// What it signed, the earlier statement first.
    pub signed: [Signed; 2],
}

/// A statement that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The step of the protocol, as `commit`.
    pub stage: String,
    /// Its view or round.
    pub view: u64,
    /// Its height or sequence number, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// The digest of what was signed, 16 hexadecimal digits, where it is about a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What it says beside that, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}
