//! Blocks, and proposals of them.

use sim_core::digest::hash_words;
use sim_core::facts;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;

use crate::certificate::Certificate;
use crate::request::Batch;
use crate::shared::{Shared, Wire};
use crate::vote::{STATEMENT_SIZE, VOTE_SIZE, Vote};

/// What a vote for no block is for.
pub const NIL: u64 = 0;

facts! {
    /// A batch with its place in the chain.
    #[derive(PartialEq, Eq)]
    pub struct BlockContent {
        /// At which height.
        pub height: u64,
        /// In which round it was proposed first.
        pub round: u64,
        /// By whom.
        pub proposer: NodeId,
        /// The hash of the block before it.
        pub parent: ContentHash,
        /// What is done.
        pub batch: Batch,
    }
}

/// A block, shared by all who keep or send it.
pub type Block = Shared<BlockContent>;

impl Wire for BlockContent {
    fn size(&self) -> u32 {
        8 + 8 + 4 + 32 + self.batch.wire()
    }
}

/// Which turn to propose a round of a height is. Heights go on as rounds do, so that no turn is far off.
pub const fn turn(height: u64, round: u64) -> u64 {
    height.wrapping_add(round).wrapping_sub(1)
}

facts! {
    /// A block that a proposer wants at a height.
    #[derive(PartialEq, Eq)]
    pub struct Proposed {
        /// The proposer's signed statement: round, height and digest of the proposal.
        pub vote: Vote,
        /// The block.
        pub block: Block,
        /// The proof of lock: a quorum prevoted for it in an earlier round. Absent for what is proposed first.
        pub proof: Option<Certificate>,
    }
}

/// A proposal, shared by all who keep or send it.
pub type Proposal = Shared<Proposed>;

impl Proposed {
    /// What a proposer signs: the block, and the round of its proof if it has one.
    pub fn digest(block: &Block, valid_round: Option<u64>) -> u64 {
        valid_round.map_or(block.hash(), |round| hash_words(&[block.hash(), round]))
    }

    /// The round in which a quorum is said to have prevoted for it.
    pub fn valid_round(&self) -> Option<u64> {
        self.proof.as_ref().map(|proof| proof.statement.view)
    }
}

impl Wire for Proposed {
    fn size(&self) -> u32 {
        VOTE_SIZE + self.block.wire() + self.proof.as_ref().map_or(0, |proof| STATEMENT_SIZE + proof.wire())
    }
}
