//! Neutral operations: what a workload asks for and what a history records, whatever the protocol.

use serde::{Deserialize, Serialize};

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
    /// Read a whole set.
    ReadSet {
        /// Which set.
        key: u64,
    },
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It took effect.
    Done,
    /// What was read or dequeued; `None` if it was unwritten or empty.
    Value(Option<u64>),
    /// The list or set that was read.
    Values(Vec<u64>),
    /// A compare-and-swap observed another value.
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
    /// The position (log index or sequence) after whose effects the operation was evaluated.
    pub position: Option<u64>,
}

/// Translates between neutral operations and a protocol's own requests.
pub trait Service<P: Protocol> {
    /// The request for an operation; `None` if the protocol offers no such operation.
    fn encode(&self, operation: &Operation) -> Option<P::Request>;

    /// What a response says.
    fn decode(&self, operation: &Operation, response: &P::Response) -> Answer;
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
