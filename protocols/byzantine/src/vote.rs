//! What members sign, as a value, and a signed one.

use sim_core::digest::{Digest, hash_words};
use sim_core::facts;
use sim_core::facts::mutation::Hand;
use sim_core::facts::{ContentHash, Field, Value, Visitor};
use sim_core::identity::NodeId;
use sim_core::process::{Context, Protocol, Signature};

/// A header, what is said (stage, view, height, 32-byte digest) and a 64-byte signature with its signer.
pub const VOTE_SIZE: u32 = 40 + STATEMENT_SIZE + SIGNATURE_SIZE;
/// Stage, view, height and a 32-byte digest.
pub const STATEMENT_SIZE: u32 = 1 + 8 + 8 + 32;
/// A signature with its signer.
pub const SIGNATURE_SIZE: u32 = 64 + 4;

/// For what step of a protocol a statement is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A leader's proposal.
    Propose,
    /// The first vote on it.
    Prepare,
    /// The vote that decides.
    Commit,
    /// What the state is after a height.
    Checkpoint,
    /// Tendermint's first vote on a proposal.
    Prevote,
    /// Tendermint's vote that decides, and the second vote of three in basic HotStuff.
    Precommit,
    /// Giving up every view before this one.
    Timeout,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::Propose,
        Self::Prepare,
        Self::Commit,
        Self::Checkpoint,
        Self::Prevote,
        Self::Precommit,
        Self::Timeout,
    ];

    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Propose => "proposal",
            Self::Prepare => "prepare",
            Self::Commit => "commit",
            Self::Checkpoint => "checkpoint",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
            Self::Timeout => "timeout",
        }
    }
}

impl Field for Stage {
    fn fold(&self, digest: &mut Digest) {
        digest.word(*self as u64);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.value(name, Value::Text(self.name()));
    }

    fn alter(&mut self, name: &'static str, hand: &mut dyn Hand) {
        let most = Self::ALL.len() as u64 - 1;
        *self = Self::ALL[hand.number(name, *self as u64, most) as usize];
    }
}

facts! {
    /// What is signed.
    #[derive(Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Statement {
        /// In which step.
        pub stage: Stage,
        /// In which view; 0 where views do not matter.
        pub view: u64,
        /// At which height or sequence number.
        pub height: u64,
        /// What of.
        pub digest: ContentHash,
    }
}

impl Statement {
    /// A statement.
    pub const fn new(stage: Stage, view: u64, height: u64, digest: u64) -> Self {
        Self { stage, view, height, digest: ContentHash(digest) }
    }

    /// What is signed of it.
    pub fn signed_content(&self) -> u64 {
        hash_words(&[self.stage as u64, self.view, self.height, self.digest.0])
    }
}

impl std::fmt::Display for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stage, view, height, digest } = self;
        write!(f, "{} of {:016x} at {height} in view {view}", stage.name(), digest.0)
    }
}

facts! {
    /// A statement and who signed it.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Vote {
        /// What is said.
        pub statement: Statement,
        /// By whom.
        pub signature: Signature,
    }
    altered by |own, hand| own.signature.seal(own.statement.signed_content(), hand)
}

impl Vote {
    /// Signs a statement.
    pub fn sign<P: Protocol>(statement: Statement, cx: &mut Context<'_, P>) -> Self {
        Self { statement, signature: cx.sign(statement.signed_content()) }
    }

    /// Whether its signer signed it.
    pub fn verify<P: Protocol>(&self, cx: &mut Context<'_, P>) -> bool {
        cx.verify(self.statement.signed_content(), &self.signature)
    }

    /// Who is said to have signed it.
    pub const fn signer(&self) -> NodeId {
        self.signature.signer
    }
}
