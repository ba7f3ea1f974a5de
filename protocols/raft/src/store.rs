//! The key-value state machine, which also keeps lists, with one session per client.

use std::collections::BTreeMap;
use std::rc::Rc;

use sim_core::digest::Digest;
use sim_core::facts;
use sim_core::facts::{Facts, Field, Visitor};
use sim_core::identity::NodeId;

use super::vocabulary::Command;

facts! {
    /// What a client may do to the store.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Operation {
        /// Read a key.
        Get { #[doc = "Which key."] key: u64 },
        /// Write a key.
        Put { #[doc = "Which key."] key: u64, #[doc = "What is written."] value: u64 },
        /// Write a key if it holds a value; `None` is the unwritten value.
        Cas {
            #[doc = "Which key."] key: u64,
            #[doc = "What must be there."] from: Option<u64>,
            #[doc = "What is there afterwards."] to: u64,
        },
        /// Clients hear that a server came, or left for good. Nothing of it goes through the store.
        Member { #[doc = "Who."] node: NodeId, #[doc = "Whether it came."] here: bool },
        /// Append to a list.
        Append { #[doc = "Which list."] key: u64, #[doc = "What is appended."] value: u64 },
        /// Read a whole list.
        List { #[doc = "Which list."] key: u64 },
    }
}

facts! {
    /// What an operation came to.
    #[derive(PartialEq, Eq)]
    pub enum Reply {
        /// It took effect.
        Done,
        /// The value read, or found by a failed compare-and-swap.
        Value { #[doc = "The value; absent if unwritten."] value: Option<u64> },
        /// A compare-and-swap found another value.
        Mismatch,
        /// The list that was read.
        List { #[doc = "Its elements, in order."] values: List },
    }
}

/// A list as it was read, shared by all who pass it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List(pub Rc<[u64]>);

impl Field for List {
    fn fold(&self, digest: &mut Digest) {
        self.0.fold(digest);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        self.0.show(name, visitor);
    }
}

/// What a session remembers of its last operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which operation it was.
    pub sequence: u64,
    /// What it came to.
    pub reply: Reply,
    /// The index of the log entry that made it happen.
    pub index: u64,
}

/// What applying a client's command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whose operation it was.
    pub client: NodeId,
    /// Which one.
    pub sequence: u64,
    /// Whether the session had seen it already, so that nothing was done.
    pub repeated: bool,
    /// The session afterwards.
    pub session: Session,
    /// A hash of the reply that the session remembers.
    pub answer: u64,
}

/// The session of a client, with its hash, as it is part of the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    client: NodeId,
    session: Session,
    answer: u64,
    hash: u64,
}

/// The key-value state machine. Its digest is kept up to date by every change: a sum over all pairs and sessions, so
/// that it does not depend on the way that led there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    values: BTreeMap<u64, u64>,
    lists: BTreeMap<u64, Vec<u64>>,
    /// By client: every command asks for one, and new clients are rare.
    sessions: Vec<Known>,
    digest: u64,
}

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How large it is in a snapshot: pairs of 16 bytes, lists of 16 and 8 for each element, and sessions of 40.
    pub fn bytes(&self) -> u64 {
        let lists = self.lists.values().map(|list| 16 + 8 * list.len() as u64).sum::<u64>();
        64 + 16 * self.values.len() as u64 + lists + 40 * self.sessions.len() as u64
    }

    /// A hash of all values and sessions.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The value of a key, if it was written.
    pub fn value(&self, key: u64) -> Option<u64> {
        self.values.get(&key).copied()
    }

    /// The session of a client, if it ever did anything.
    pub fn session(&self, client: NodeId) -> Option<&Session> {
        let place = self.sessions.binary_search_by_key(&client, |known| known.client).ok()?;
        Some(&self.sessions[place].session)
    }

    /// Applies the command of the log entry at `index`: an operation that its session has seen is not done again, unless
    /// that is `forgotten` (plant R53).
    pub fn apply(&mut self, index: u64, command: &Command, forgotten: bool) -> Option<Outcome> {
        let Command::Apply { client, sequence, operation } = *command else { return None };
        let place = self.sessions.binary_search_by_key(&client, |known| known.client);
        if let Ok(place) = place
            && self.sessions[place].session.sequence >= sequence
            && !forgotten
        {
            let Known { session, answer, .. } = self.sessions[place].clone();
            return Some(Outcome { client, sequence, repeated: true, session, answer });
        }
        let session = Session { sequence, reply: self.perform(operation), index };
        let answer = session.reply.content();
        let hash = session_hash(client, &session, answer);
        let known = Known { client, session: session.clone(), answer, hash };
        self.digest = self.digest.wrapping_add(known.hash);
        match place {
            Ok(place) => {
                self.digest = self.digest.wrapping_sub(self.sessions[place].hash);
                self.sessions[place] = known;
            }
            Err(place) => self.sessions.insert(place, known),
        }
        Some(Outcome { client, sequence, repeated: false, session, answer })
    }

    fn perform(&mut self, operation: Operation) -> Reply {
        match operation {
            Operation::Get { key } => Reply::Value { value: self.values.get(&key).copied() },
            Operation::Put { key, value } => {
                self.put(key, value);
                Reply::Done
            }
            Operation::Cas { key, from, to } if self.values.get(&key).copied() == from => {
                self.put(key, to);
                Reply::Done
            }
            Operation::Cas { .. } => Reply::Mismatch,
            Operation::Member { .. } => Reply::Done,
            Operation::Append { key, value } => {
                let list = self.lists.entry(key).or_default();
                self.digest = self.digest.wrapping_add(element_hash(key, list.len() as u64, value));
                list.push(value);
                Reply::Done
            }
            Operation::List { key } => {
                let list = self.lists.get(&key).map_or(&[][..], |list| list);
                Reply::List { values: List(Rc::from(list)) }
            }
        }
    }

    fn put(&mut self, key: u64, value: u64) {
        let before = self.values.insert(key, value).map_or(0, |value| pair_hash(key, value));
        self.digest = self.digest.wrapping_sub(before).wrapping_add(pair_hash(key, value));
    }
}

fn pair_hash(key: u64, value: u64) -> u64 {
    let mut digest = Digest::new();
    digest.pair(key, value);
    digest.short()
}

/// A list's element hangs on its place.
fn element_hash(key: u64, place: u64, value: u64) -> u64 {
    let mut digest = Digest::new();
    digest.pair(key, place);
    digest.word(value);
    digest.short()
}

fn session_hash(client: NodeId, session: &Session, answer: u64) -> u64 {
    let mut digest = Digest::new();
    digest.pair(u64::from(client.0), session.sequence);
    digest.pair(answer, session.index);
    digest.short()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: NodeId = NodeId(9);

    fn apply(store: &mut Store, index: u64, sequence: u64, operation: Operation) -> Outcome {
        store.apply(index, &Command::Apply { client: CLIENT, sequence, operation }, false).unwrap()
    }

    /// The digest by the book: over everything, from nothing.
    fn whole_digest(store: &Store) -> u64 {
        let values = store.values.iter().map(|(key, value)| pair_hash(*key, *value));
        let elements = store
            .lists
            .iter()
            .flat_map(|(key, list)| (0..).zip(list).map(|(place, value)| element_hash(*key, place, *value)));
        let sessions = store
            .sessions
            .iter()
            .map(|known| session_hash(known.client, &known.session, known.session.reply.content()));
        values.chain(elements).chain(sessions).fold(0, u64::wrapping_add)
    }

    #[test]
    fn operations_do_what_they_say() {
        let mut store = Store::new();
        let mut sequence = 0;
        let mut reply = |operation| {
            sequence += 1;
            apply(&mut store, sequence, sequence, operation).session.reply
        };
        assert_eq!(reply(Operation::Get { key: 1 }), Reply::Value { value: None });
        assert_eq!(reply(Operation::Cas { key: 1, from: None, to: 5 }), Reply::Done);
        assert_eq!(reply(Operation::Cas { key: 1, from: None, to: 6 }), Reply::Mismatch);
        assert_eq!(reply(Operation::Get { key: 1 }), Reply::Value { value: Some(5) });
        assert_eq!(reply(Operation::Put { key: 1, value: 7 }), Reply::Done);
        assert_eq!(reply(Operation::Cas { key: 1, from: Some(7), to: 8 }), Reply::Done);
        assert_eq!(reply(Operation::Get { key: 1 }), Reply::Value { value: Some(8) });
        let list = |values: &[u64]| Reply::List { values: List(Rc::from(values)) };
        assert_eq!(reply(Operation::List { key: 1 }), list(&[]));
        assert_eq!(reply(Operation::Append { key: 1, value: 4 }), Reply::Done);
        assert_eq!(reply(Operation::Append { key: 1, value: 2 }), Reply::Done);
        assert_eq!(reply(Operation::Append { key: 2, value: 9 }), Reply::Done);
        assert_eq!(reply(Operation::List { key: 1 }), list(&[4, 2]));
        assert_eq!(store.bytes(), 64 + 16 + 2 * 16 + 3 * 8 + 40);
    }

    #[test]
    fn a_session_does_everything_once_and_remembers_its_answer() {
        let mut store = Store::new();
        let cas = Operation::Cas { key: 1, from: None, to: 5 };
        let first = apply(&mut store, 3, 1, cas);
        let digest = store.digest();
        let again = apply(&mut store, 4, 1, cas);
        assert!(!first.repeated && again.repeated);
        assert_eq!(again.session, first.session);
        assert_eq!((again.session.reply, again.session.index), (Reply::Done, 3));
        assert_eq!(store.digest(), digest);
        apply(&mut store, 5, 2, Operation::Get { key: 1 });
        assert!(apply(&mut store, 6, 1, cas).repeated);
        assert_eq!(store.apply(7, &Command::Noop, false), None);
    }

    #[test]
    fn the_incremental_digest_is_the_digest_of_the_whole() {
        let mut store = Store::new();
        let mut seen = Vec::new();
        for index in 1..200_u64 {
            let key = index * 7 % 5;
            let operation = match index % 4 {
                0 => Operation::Get { key },
                1 => Operation::Put { key, value: index },
                2 => Operation::Append { key, value: index },
                _ => Operation::Cas { key, from: store.values.get(&key).copied(), to: index },
            };
            let client = NodeId(u32::try_from(index % 4).unwrap());
            store.apply(index, &Command::Apply { client, sequence: index, operation }, false);
            assert_eq!(store.digest(), whole_digest(&store));
            assert!(!seen.contains(&store.digest()));
            seen.push(store.digest());
        }
    }
}
