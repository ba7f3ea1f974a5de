//! Neutral operations: what a workload asks for and what a history records, whatever the protocol.

mod weight;

pub use weight::{MOST_VALUE_BYTES, ValueBytes, bytes_of, bytes_of_all, number_of};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::identity::NodeId;
use crate::process::Protocol;

/// One operation on a replicated object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Read a register.
    Read {
        /// Which register.
        key: u64,
    },
    /// Write a register.
    Write {
        /// Which register.
        key: u64,
        /// The new value; workloads never write a value twice.
        value: u64,
    },
    /// Compare and swap; `None` is the unwritten value.
    Cas {
        /// Which register.
        key: u64,
        /// What must be there.
        from: Option<u64>,
        /// What is there afterwards.
        to: u64,
    },
    /// Append to a list.
    Append {
        /// Which list.
        key: u64,
        /// What is appended.
        value: u64,
    },
    /// Read a whole list.
    ReadList {
        /// Which list.
        key: u64,
    },
    /// Put at the tail of a queue.
    Enqueue {
        /// Which queue.
        key: u64,
        /// What is put.
        value: u64,
    },
    /// Take from the head of a queue.
    Dequeue {
        /// Which queue.
        key: u64,
    },
    /// Add to a set.
    Add {
        /// Which set.
        key: u64,
        /// What is added.
        value: u64,
    },
    /// Take out of a set; nothing if it is not in.
    Remove {
        /// Which set.
        key: u64,
        /// What is taken out.
        value: u64,
    },
    /// Read a whole set.
    ReadSet {
        /// Which set.
        key: u64,
    },
    /// Move money between two accounts of a bank; nothing moves if the payer holds too little.
    Transfer {
        /// Which bank.
        key: u64,
        /// The account that pays, below [`ACCOUNTS`].
        from: u32,
        /// The account that is paid, below [`ACCOUNTS`].
        to: u32,
        /// How much.
        amount: u64,
    },
    /// Read all accounts of a bank.
    ReadBank {
        /// Which bank.
        key: u64,
    },
}

/// How many accounts a bank has.
pub const ACCOUNTS: usize = 8;

/// What every account of a bank holds in the beginning.
pub const OPENING_BALANCE: u64 = 100;

impl Operation {
    /// Which object it acts on.
    pub const fn key(&self) -> u64 {
        match *self {
            Self::Read { key }
            | Self::Write { key, .. }
            | Self::Cas { key, .. }
            | Self::Append { key, .. }
            | Self::ReadList { key }
            | Self::Enqueue { key, .. }
            | Self::Dequeue { key }
            | Self::Add { key, .. }
            | Self::Remove { key, .. }
            | Self::ReadSet { key }
            | Self::Transfer { key, .. }
            | Self::ReadBank { key } => key,
        }
    }

    /// The same with another value, if it has one.
    #[must_use]
    pub const fn with_value(self, value: u64) -> Self {
        match self {
            Self::Write { key, .. } => Self::Write { key, value },
            Self::Append { key, .. } => Self::Append { key, value },
            Self::Enqueue { key, .. } => Self::Enqueue { key, value },
            Self::Add { key, .. } => Self::Add { key, value },
            Self::Remove { key, .. } => Self::Remove { key, value },
            Self::Cas { key, from, .. } => Self::Cas { key, from, to: value },
            Self::Read { .. }
            | Self::ReadList { .. }
            | Self::Dequeue { .. }
            | Self::ReadSet { .. }
            | Self::Transfer { .. }
            | Self::ReadBank { .. } => self,
        }
    }

    /// Whether it changes nothing, whatever it returns.
    pub const fn is_read(&self) -> bool {
        matches!(
            self,
            Self::Read { .. } | Self::ReadList { .. } | Self::ReadSet { .. } | Self::ReadBank { .. }
        )
    }
}

/// What kind of object the clients use, and so what their histories are judged by. Objects of different keys are
/// independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectModel {
    /// Read and write.
    Register,
    /// Read, write, compare and swap.
    CasRegister,
    /// Many registers; histories say get and put.
    Kv,
    /// A list: append, read whole.
    Append,
    /// First in, first out: enqueue, dequeue.
    Queue,
    /// Add, remove, read whole.
    Set,
    /// Accounts between which money moves: transfer, read all. The sum stays.
    Bank,
}

impl ObjectModel {
    /// Every model, in the order of declaration.
    pub const ALL: [Self; 7] =
        [Self::Register, Self::CasRegister, Self::Kv, Self::Append, Self::Queue, Self::Set, Self::Bank];

    /// As scenarios and the command line name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::Kv => "kv",
            Self::Append => "append",
            Self::Queue => "queue",
            Self::Set => "set",
            Self::Bank => "bank",
        }
    }
}

impl fmt::Display for ObjectModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No object model has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "read an object model: expected register, cas-register, kv, append, queue, set or bank, found \"{found}\""
)]
pub struct ParseObjectModelError {
    /// The text.
    pub found: String,
}

impl FromStr for ObjectModel {
    type Err = ParseObjectModelError;

    fn from_str(text: &str) -> Result<Self, ParseObjectModelError> {
        let found = Self::ALL.into_iter().find(|model| model.name() == text);
        found.ok_or_else(|| ParseObjectModelError { found: text.to_owned() })
    }
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It took effect.
    Done,
    /// What was read or dequeued; `None` if it was unwritten or empty.
    Value(Option<u64>),
    /// The list or set that was read, or the balances of a bank.
    Values(Vec<u64>),
    /// A compare-and-swap observed another value, or an account held too little: nothing changed.
    Mismatch,
    /// It surely did not and will not happen.
    Refused,
    /// It may have happened, or may yet.
    Unknown,
}

/// A reply, and where the protocol says the operation stands in its total order, if it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What came back.
    pub reply: Reply,
    /// The position (log index or sequence) after whose effects the operation was evaluated. What changes state has
    /// the position of its own entry, and no two such operations share one; a read has that of the last entry applied
    /// before it.
    pub position: Option<u64>,
}

/// Somebody came, or left for good, while a run went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// A new identity runs now, with empty disks.
    Joined(NodeId),
    /// This identity runs nowhere any more and never will: it left, or its disk is gone.
    Left(NodeId),
}

/// Translates between neutral operations and a protocol's own requests.
pub trait Service<P: Protocol> {
    /// The request for an operation; `None` if the protocol offers no such operation.
    fn encode(&self, operation: &Operation) -> Option<P::Request>;

    /// What a response says.
    fn decode(&self, operation: &Operation, response: &P::Response) -> Answer;

    /// The request by which each client hears that somebody came or left; `None` where no client needs to know. It ends
    /// without a response. A client that was restarted hears of all of it again. One of them may ask the members to change
    /// the membership.
    fn member_change(&self, _change: MemberChange) -> Option<P::Request> {
        None
    }
}

/// For protocols without clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoService;

impl<P: Protocol> Service<P> for NoService {
    fn encode(&self, _: &Operation) -> Option<P::Request> {
        None
    }

    fn decode(&self, _: &Operation, _: &P::Response) -> Answer {
        Answer { reply: Reply::Unknown, position: None }
    }
}
