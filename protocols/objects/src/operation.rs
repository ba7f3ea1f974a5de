//! What clients may do to the objects, in the words that protocols pass on, and in neutral ones.

use std::sync::Arc;

use sim_core::facts;
use sim_core::operation::{ObjectModel, Operation as Neutral, Reply as NeutralReply, bytes_of, bytes_of_all};

/// What clients are offered: everything.
pub const MODELS: &[ObjectModel] = &ObjectModel::ALL;

facts! {
    /// What a client may do to the objects. Objects of different kinds are different objects, even under the same key.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Operation {
        /// Read a register.
        Get { #[doc = "Which one."] key: u64 },
        /// Write a register.
        Put { #[doc = "Which one."] key: u64, #[doc = "What is written."] value: u64 },
        /// Write a register if it holds a value; `None` is the unwritten value.
        Cas {
            #[doc = "Which one."] key: u64,
            #[doc = "What must be there."] from: Option<u64>,
            #[doc = "What is there afterwards."] to: u64,
        },
        /// Append to a list.
        Append { #[doc = "Which one."] key: u64, #[doc = "What is appended."] value: u64 },
        /// Read a whole list.
        GetList { #[doc = "Which one."] key: u64 },
        /// Put at the tail of a queue.
        Enqueue { #[doc = "Which one."] key: u64, #[doc = "What is put."] value: u64 },
        /// Take from the head of a queue.
        Dequeue { #[doc = "Which one."] key: u64 },
        /// Add to a set.
        Add { #[doc = "Which one."] key: u64, #[doc = "What is added."] value: u64 },
        /// Take out of a set; nothing if it is not in.
        Remove { #[doc = "Which one."] key: u64, #[doc = "What is taken out."] value: u64 },
        /// Read a whole set.
        GetSet { #[doc = "Which one."] key: u64 },
        /// Move money from one account of a bank to another, if there is enough.
        Transfer {
            #[doc = "Which bank."] key: u64,
            #[doc = "The account that pays."] from: u32,
            #[doc = "The account that is paid."] to: u32,
            #[doc = "How much."] amount: u64,
        },
        /// Read all accounts of a bank.
        GetBank { #[doc = "Which one."] key: u64 },
    }
}

facts! {
    /// What an operation came to.
    #[derive(PartialEq, Eq)]
    pub enum Reply {
        /// It took effect.
        Done,
        /// The value read or taken.
        Value { #[doc = "The value; absent if unwritten or empty."] value: Option<u64> },
        /// A compare-and-swap found another value, or an account held too little: nothing changed.
        Mismatch,
        /// The list, set or bank that was read.
        List { #[doc = "Its elements, in order."] values: Arc<[u64]> },
    }
}

impl Operation {
    /// Whether it changes nothing.
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::GetList { .. } | Self::GetSet { .. } | Self::GetBank { .. })
    }

    /// Bytes of its values, beyond those of an operation of fixed size.
    pub fn extra_bytes(&self) -> u32 {
        match *self {
            Self::Put { value, .. }
            | Self::Append { value, .. }
            | Self::Enqueue { value, .. }
            | Self::Add { value, .. }
            | Self::Remove { value, .. } => bytes_of(value),
            Self::Cas { from, to, .. } => from.map_or(0, bytes_of) + bytes_of(to),
            Self::Get { .. }
            | Self::GetList { .. }
            | Self::Dequeue { .. }
            | Self::GetSet { .. }
            | Self::Transfer { .. }
            | Self::GetBank { .. } => 0,
        }
    }

    /// The same in the words of a protocol.
    pub const fn of(neutral: &Neutral) -> Self {
        match *neutral {
            Neutral::Read { key } => Self::Get { key },
            Neutral::Write { key, value } => Self::Put { key, value },
            Neutral::Cas { key, from, to } => Self::Cas { key, from, to },
            Neutral::Append { key, value } => Self::Append { key, value },
            Neutral::ReadList { key } => Self::GetList { key },
            Neutral::Enqueue { key, value } => Self::Enqueue { key, value },
            Neutral::Dequeue { key } => Self::Dequeue { key },
            Neutral::Add { key, value } => Self::Add { key, value },
            Neutral::Remove { key, value } => Self::Remove { key, value },
            Neutral::ReadSet { key } => Self::GetSet { key },
            Neutral::Transfer { key, from, to, amount } => Self::Transfer { key, from, to, amount },
            Neutral::ReadBank { key } => Self::GetBank { key },
        }
    }
}

impl Reply {
    /// The same in neutral words.
    pub fn neutral(&self) -> NeutralReply {
        match self {
            Self::Done => NeutralReply::Done,
            Self::Value { value } => NeutralReply::Value(*value),
            Self::Mismatch => NeutralReply::Mismatch,
            Self::List { values } => NeutralReply::Values(values.to_vec()),
        }
    }

    /// Bytes beyond those of a reply of fixed size: 8 for each element that was read, and those of the values.
    pub fn extra_bytes(&self) -> u32 {
        let bytes = match self {
            Self::Value { value: Some(value) } => u64::from(bytes_of(*value)),
            Self::List { values } => 8 * values.len() as u64 + bytes_of_all(values.iter().copied()),
            Self::Done | Self::Value { value: None } | Self::Mismatch => 0,
        };
        u32::try_from(bytes).unwrap_or(u32::MAX / 2)
    }
}
