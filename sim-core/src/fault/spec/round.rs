//! What a plan says about one round of the protocol, as a scenario writes it.

use serde::{Deserialize, Serialize};

use crate::fault::selector::Selector;
use crate::identity::NodeName;

/// No plan names a later round.
pub const LAST_ROUND: u32 = 4_096;

/// One round of the protocol: who leads it, and who hears whom in it. It is in force whenever the protocol comes to this
/// round: until the heal, or so long after the first message that tells the round as the entry says with `for`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Which round, counting from one, as messages tell it ([`Message::round`](crate::process::Message::round)).
    pub number: u32,
    /// Who leads it; whoever it would be anyway if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<NodeName>,
    /// Slots hear each other if they share a side. Members on none of them form one more side. All hear each other if there is
    /// no side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<Selector>,
    /// The kinds of messages that are lost across sides; all that tell a round if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
}
