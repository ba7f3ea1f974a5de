//! The state machine: registers, lists, and one session per client.

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::digest::hash_words;
use sim_core::facts;
use sim_core::facts::Facts;
use sim_core::identity::NodeId;

use crate::request::Command;

facts! {
    /// What a client may do to the store.
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
    }
}

impl Operation {
    /// Whether it changes nothing.
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::GetList { .. })
    }
}

facts! {
    /// What an operation came to.
    #[derive(PartialEq, Eq)]
    pub enum Reply {
        /// It took effect.
        Done,
        /// The value read.
        Value { #[doc = "The value; absent if unwritten."] value: Option<u64> },
        /// The list read.
        List { #[doc = "What it holds, in order."] values: Arc<[u64]> },
        /// A compare-and-swap found another value.
        Mismatch,
    }
}

/// What a session remembers of its last operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which operation it was.
    pub timestamp: u64,
    /// What it came to.
    pub reply: Reply,
    /// Its place in the order of all operations, from 1.
    pub position: u64,
}

/// The state machine.
#[derive(Clone, Debug, Default)]
pub struct Store {
    values: BTreeMap<u64, u64>,
    /// Each list with a hash of what it holds.
    lists: BTreeMap<u64, (u64, Vec<u64>)>,
    sessions: BTreeMap<NodeId, Session>,
    applied: u64,
    digest: u64,
}

const VALUE: u64 = 1;
const LIST: u64 = 2;
const SESSION: u64 = 3;

impl Store {
    /// A hash of everything in it. It is kept up to date by every change: a sum, so that it does not depend on the way
    /// that led there.
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The same hash, worked out anew: what somebody else sends is not believed.
    pub fn digest_by_the_book(&self) -> u64 {
        let values = self.values.iter().map(|(key, value)| hash_words(&[VALUE, *key, *value]));
        let lists = self.lists.iter().map(|(key, (_, list))| {
            let hash = list.iter().fold(0, |hash, value| hash_words(&[hash, *value]));
            hash_words(&[LIST, *key, hash])
        });
        let sessions = self.sessions.iter().map(|(client, session)| session_hash(*client, session));
        values.chain(lists).chain(sessions).fold(0, u64::wrapping_add)
    }

    /// How many operations were applied.
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// The session of a client, if it ever did anything.
    pub fn session(&self, client: NodeId) -> Option<&Session> {
        self.sessions.get(&client)
    }

    /// Bytes on the wire.
    pub fn size(&self) -> u32 {
        let lists: usize = self.lists.values().map(|(_, list)| 8 + 8 * list.len()).sum();
        u32::try_from(16 * self.values.len() + lists + 32 * self.sessions.len()).unwrap_or(u32::MAX)
    }

    /// Applies a command, unless its session has gone as far already. A bug lets it be done again.
    pub fn apply(&mut self, command: &Command, again: bool) -> Option<&Session> {
        let Command { client, timestamp, operation } = *command;
        let before = self.sessions.get(&client);
        if before.is_some_and(|session| session.timestamp >= timestamp) && !again {
            return None;
        }
        let gone = before.map_or(0, |session| session_hash(client, session));
        self.applied += 1;
        let reply = self.perform(operation);
        let session = Session { timestamp, reply, position: self.applied };
        self.digest = self.digest.wrapping_sub(gone).wrapping_add(session_hash(client, &session));
        self.sessions.insert(client, session);
        self.sessions.get(&client)
    }

    /// What a read would return now.
    pub fn read(&self, operation: Operation) -> Reply {
        match operation {
            Operation::GetList { key } => {
                let values =
                    self.lists.get(&key).map_or_else(|| Arc::from([]), |(_, list)| Arc::from(&list[..]));
                Reply::List { values }
            }
            Operation::Get { key } | Operation::Put { key, .. } | Operation::Cas { key, .. } => {
                Reply::Value { value: self.values.get(&key).copied() }
            }
            Operation::Append { .. } => Reply::Mismatch,
        }
    }

    fn perform(&mut self, operation: Operation) -> Reply {
        match operation {
            Operation::Get { .. } | Operation::GetList { .. } => self.read(operation),
            Operation::Put { key, value } => {
                self.put(key, value);
                Reply::Done
            }
            Operation::Cas { key, from, to } if self.values.get(&key).copied() == from => {
                self.put(key, to);
                Reply::Done
            }
            Operation::Cas { .. } => Reply::Mismatch,
            Operation::Append { key, value } => {
                self.append(key, value);
                Reply::Done
            }
        }
    }

    fn put(&mut self, key: u64, value: u64) {
        let gone = self.values.insert(key, value).map_or(0, |value| hash_words(&[VALUE, key, value]));
        self.digest = self.digest.wrapping_sub(gone).wrapping_add(hash_words(&[VALUE, key, value]));
    }

    fn append(&mut self, key: u64, value: u64) {
        let (hash, list) = self.lists.entry(key).or_default();
        let gone = if list.is_empty() { 0 } else { hash_words(&[LIST, key, *hash]) };
        list.push(value);
        *hash = hash_words(&[*hash, value]);
        self.digest = self.digest.wrapping_sub(gone).wrapping_add(hash_words(&[LIST, key, *hash]));
    }
}

fn session_hash(client: NodeId, session: &Session) -> u64 {
    let Session { timestamp, reply, position } = session;
    hash_words(&[SESSION, u64::from(client.0), *timestamp, reply.content(), *position])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(store: &mut Store, timestamp: u64, operation: Operation) -> Option<Reply> {
        let command = Command { client: NodeId(9), timestamp, operation };
        let reply = store.apply(&command, false).map(|session| session.reply.clone());
        assert_eq!(store.digest(), store.digest_by_the_book());
        reply
    }

    #[test]
    fn operations_do_what_they_say_and_each_once() {
        let mut store = Store::default();
        let value = |value| Some(Reply::Value { value });
        assert_eq!(apply(&mut store, 1, Operation::Get { key: 1 }), value(None));
        assert_eq!(apply(&mut store, 2, Operation::Cas { key: 1, from: None, to: 5 }), Some(Reply::Done));
        assert_eq!(apply(&mut store, 3, Operation::Cas { key: 1, from: None, to: 6 }), Some(Reply::Mismatch));
        assert_eq!(apply(&mut store, 3, Operation::Put { key: 1, value: 7 }), None, "done already");
        assert_eq!(apply(&mut store, 4, Operation::Get { key: 1 }), value(Some(5)));
        let list = |values: &[u64]| Some(Reply::List { values: Arc::from(values) });
        assert_eq!(apply(&mut store, 5, Operation::GetList { key: 1 }), list(&[]));
        assert_eq!(apply(&mut store, 6, Operation::Append { key: 1, value: 8 }), Some(Reply::Done));
        assert_eq!(apply(&mut store, 7, Operation::Append { key: 1, value: 9 }), Some(Reply::Done));
        assert_eq!(apply(&mut store, 9, Operation::GetList { key: 1 }), list(&[8, 9]));
        assert_eq!((store.applied(), store.session(NodeId(9)).unwrap().position), (8, 8));
    }

    #[test]
    fn the_digest_depends_on_the_order_of_a_list() {
        let lists = [[8, 9], [9, 8]].map(|values| {
            let mut store = Store::default();
            for (timestamp, value) in (1..).zip(values) {
                apply(&mut store, timestamp, Operation::Append { key: 1, value });
            }
            store.digest()
        });
        assert_ne!(lists[0], lists[1]);
    }
}
