//! What traitors are told to do, as plain data: whose messages, which ones, and what becomes of them.
//!
//! These rules know no protocol. What only a protocol can lie about (another value, a forged certificate) is a behavior
//! of the protocol's own, which a rule names.

use serde::{Deserialize, Serialize};

use crate::facts::mutation::Scope;
use crate::identity::Slot;
use crate::ratio::Ratio;
use crate::time::Duration;

/// One rule for some traitors. The first rule that fits a message decides about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adversary {
    /// Which slots it moves, once they are corrupt; every traitor if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<u32>,
    /// When it applies.
    #[serde(default)]
    pub on: Occasion,
    /// What the traitor does.
    pub act: Act,
}

impl Adversary {
    /// Whether it is about a slot.
    pub fn names(&self, slot: Slot) -> bool {
        self.slots.is_empty() || self.slots.contains(&slot.0)
    }

    /// Whether it is about what a slot says. A slot that no rule moves does what the protocol's own traitors do.
    pub fn moves(&self, slot: Slot) -> bool {
        self.names(slot) && !matches!(self.act, Act::Order { .. })
    }
}

/// When a rule applies: always, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Occasion {
    /// To messages of this kind only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// While the traitor is in this role only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// To messages that tell this round only, counting from one ([`Message::round`](crate::process::Message::round)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
}

/// What a traitor does with a message that its honest code would send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Does not send it. Without a kind of message, the traitor does nothing at all: it does not even listen.
    Silent,
    /// Sends it to all but a few honest members, always the same ones.
    Withhold {
        /// How many; as many traitors or crashes as the protocol bears, if absent.
        from: Option<u32>,
    },
    /// Leaves out each recipient with this probability.
    Drop {
        /// How likely.
        probability: Ratio,
    },
    /// Sends it later.
    Delay {
        /// How much later.
        by: Duration,
    },
    /// Sends it, and something that any traitor heard before to anybody honest, as its own.
    Replay {
        /// How likely that is, at each of its messages.
        probability: Ratio,
    },
    /// Changes one value of it, for each recipient by itself, and signs again what it can.
    Alter {
        /// Which one; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// How far from what it was.
        #[serde(default)]
        scope: Scope,
        /// Whether it is signed again; else most of what is signed is refused at once.
        seal: bool,
        /// How likely that is, for each recipient.
        probability: Ratio,
    },
    /// Holds back messages between others, as far as the network grants it.
    Order {
        /// Which ones.
        how: Ordering,
    },
    /// What the protocol calls by this name, in place of the message.
    Own {
        /// The protocol's name for it.
        behavior: String,
        /// How many stories it tells, where it tells several.
        ways: u32,
    },
}

/// Which messages between others the coalition holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// Each by a time of its own, drawn, up to all that is granted: most pairs change places.
    #[default]
    Shuffle,
    /// Those that cross between two halves of the honest members, by all that is granted.
    Halves,
}
