//! Entries of the replicated log.

use std::rc::Rc;

use sim_core::digest::{Digest, hash_words};
use sim_core::facts;
use sim_core::facts::{Facts, Field, Visitor, show_facts};
use sim_core::identity::NodeId;

use crate::configuration::Config;
use objects::Operation;

/// One place of the replicated log. Its content is hashed once, as it is made, and it is kept once, by every log, journal
/// and message that it passes through: so it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Rc<Made>);

#[derive(Debug, PartialEq, Eq)]
struct Made {
    term: u64,
    command: Command,
    content: u64,
    /// What it weighs on the wire beyond an entry of fixed size.
    extra_bytes: u32,
}

impl Entry {
    /// An entry of a leader of this term.
    pub fn new(term: u64, command: Command) -> Self {
        let content = hash_words(&[term, command.content()]);
        let extra_bytes = match &command {
            Command::Apply { operation, .. } => operation.extra_bytes(),
            Command::Noop | Command::Config { .. } | Command::Foreign { .. } => 0,
        };
        Self(Rc::new(Made { term, command, content, extra_bytes }))
    }

    /// The term of the leader that made it.
    #[inline]
    pub fn term(&self) -> u64 {
        self.0.term
    }

    /// What it does.
    #[inline]
    pub fn command(&self) -> &Command {
        &self.0.command
    }

    /// Bytes of its values, beyond those of an entry of fixed size.
    #[inline]
    pub fn extra_bytes(&self) -> u32 {
        self.0.extra_bytes
    }

    /// A hash of term and command.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.0.content
    }
}

impl Facts for Entry {
    const KINDS: &'static [&'static str] = &["Entry"];

    fn kind(&self) -> u8 {
        0
    }

    fn digest(&self, digest: &mut Digest) {
        digest.word(self.hash());
    }

    fn visit(&self, visitor: &mut dyn Visitor) {
        self.term().show("term", visitor);
        self.command().show("command", visitor);
    }
}

impl Field for Entry {
    #[inline]
    fn fold(&self, digest: &mut Digest) {
        digest.word(self.hash());
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        show_facts(self, name, visitor);
    }
}

facts! {
    /// What an entry does to the state machine.
    #[derive(PartialEq, Eq)]
    pub enum Command {
        /// Nothing: a new leader's first entry.
        Noop,
        /// A client's operation; the pair of client and sequence makes it happen once.
        Apply {
            /// Whose session.
            client: NodeId,
            /// Rises by one with each operation of the session.
            sequence: u64,
            /// What to do.
            operation: Operation,
        },
        /// Who votes from now on: nothing to the state machine.
        Config {
            /// The configuration.
            config: Config,
        },
        /// Something that the composite decides of which Raft is a part: nothing to the key-value store.
        Foreign {
            /// What it is.
            words: Words,
        },
    }
}

facts! {
    /// A command of a composite, in the words that the composite makes of it.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Words {
        /// The first word.
        pub first: u64,
        /// The second word.
        pub second: u64,
        /// The third word.
        pub third: u64,
    }
}
