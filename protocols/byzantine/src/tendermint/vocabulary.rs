//! What members and clients say, keep and report.

use sim_core::facts;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Summary};

use super::block::turn;
pub use super::block::{Block, BlockContent, Proposal, Proposed};
use crate::certificate::Certificate;
use crate::request::Request;
use crate::service::{Told, Wish};
use crate::vote::{VOTE_SIZE, Vote};
use objects::Reply;

sim_core::vocabulary! {
    /// Tendermint with registers and lists.
    pub Tendermint {
        message: TendermintMessage,
        timer: TendermintTimer,
        request: Wish,
        response: Told,
        record: TendermintRecord,
        observation: TendermintObservation,
    }
}

const HEADER: u32 = 40;

facts! {
    /// What members and clients say to each other.
    pub enum TendermintMessage {
        /// A client wants something done; a member passes it on where a proposal is late.
        Request(Request),
        /// A member tells a client what came of its request. Without a reply, the session has gone further than that.
        Reply {
            /// The height that the member is at.
            height: u64,
            /// Of which request.
            timestamp: u64,
            /// What it came to.
            reply: Option<Reply>,
            /// Its place in the order of all operations.
            position: u64,
        },
        /// The proposer's proposal for a round.
        Proposal(Proposal),
        /// A member's first vote in a round: for a block, or for none.
        Prevote(Vote),
        /// A member's second vote in a round. One for a block comes with the prevotes that justify it.
        Precommit {
            /// The vote.
            vote: Vote,
            /// The prevotes of a quorum; absent if the vote is for no block.
            polka: Option<Certificate>,
        },
        /// Where a member is, so that others tell it what it lacks.
        Status {
            /// The height that it works on.
            height: u64,
            /// Its round there.
            round: u64,
        },
        /// A member asks for a block for which it has seen a quorum of prevotes.
        Want {
            /// Of which height.
            height: u64,
            /// Which one.
            block: ContentHash,
        },
        /// The block that somebody asked for.
        Wanted(Block),
        /// A decided block, for a member that lacks it.
        Committed {
            /// The precommits of a quorum.
            certificate: Certificate,
            /// The block.
            block: Block,
        },
    }
}

impl Message for TendermintMessage {
    fn wire_size(&self) -> u32 {
        match self {
            Self::Request(request) => HEADER + request.wire(),
            Self::Reply { reply, .. } => match reply {
                Some(reply) => HEADER + 64 + reply.extra_bytes(),
                None => HEADER + 64,
            },
            Self::Proposal(proposal) => proposal.wire(),
            Self::Prevote(_) => VOTE_SIZE,
            Self::Precommit { polka, .. } => VOTE_SIZE + polka.as_ref().map_or(0, Certificate::wire),
            Self::Status { .. } => HEADER + 16,
            Self::Want { .. } => HEADER + 40,
            Self::Wanted(block) => HEADER + block.wire(),
            Self::Committed { certificate, block } => HEADER + certificate.wire() + block.wire(),
        }
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }

    /// The turn to propose that it belongs to, from 1: heights and rounds go on together, so that no turn comes back. What clients
    /// say, where members are, and what is decided belong to none.
    fn round(&self) -> Option<u64> {
        let vote = match self {
            Self::Proposal(proposal) => &proposal.vote,
            Self::Prevote(vote) | Self::Precommit { vote, .. } => vote,
            _ => return None,
        };
        Some(turn(vote.statement.height, vote.statement.view).wrapping_add(1))
    }
}

/// The messages that tell the turn that they belong to.
pub const ROUNDS: &[&str] = &["Proposal", "Prevote", "Precommit"];

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum TendermintTimer {
        /// The proposal of a round did not come in time.
        Propose {
            /// Of which height.
            height: u64,
            /// Of which round.
            round: u64,
        },
        /// A quorum has prevoted, and no block got a quorum in time.
        Prevote {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
        },
        /// A quorum has precommitted, and no block got a quorum in time.
        Precommit {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
        },
        /// A failed sync is tried again.
        Disk,
        /// Others are asked for what is lacking.
        Fetch,
        /// An empty block is due.
        Pace {
            /// At which height.
            height: u64,
        },
        /// A client asks again.
        Retry {
            /// For which request.
            timestamp: u64,
        },
    }
}

facts! {
    /// What the journal holds.
    pub enum TendermintRecord {
        /// It proposes this.
        Proposed(Proposal),
        /// It votes.
        Voted(Vote),
        /// It is locked on a block from now on.
        Locked {
            /// The block.
            block: Block,
            /// The prevotes of a quorum.
            polka: Certificate,
        },
        /// A block is decided.
        Decided {
            /// The precommits of a quorum.
            certificate: Certificate,
            /// The block.
            block: Block,
        },
    }
}

facts! {
    /// What members and clients report.
    #[derive(PartialEq, Eq)]
    pub enum TendermintObservation {
        /// A member starts.
        Started {
            /// Up to which height it has executed.
            executed: u64,
            /// How many operations its state has applied.
            applied: u64,
            /// In which round it goes on.
            round: u64,
            /// In which round it locked a block there.
            locked: Option<u64>,
        },
        /// Its journal is damaged: it takes no part any more, since it cannot know what it signed.
        Halted,
        /// A client asks for something, for the first time.
        Asked {
            /// Its timestamp.
            timestamp: u64,
            /// A hash of the operation.
            operation: ContentHash,
        },
        /// A client believes a reply.
        Acknowledged {
            /// Of which request.
            timestamp: u64,
            /// The place of the operation.
            position: u64,
            /// A hash of the reply.
            answer: ContentHash,
        },
        /// A member begins a round.
        Entered {
            /// Of which height.
            height: u64,
            /// Which one.
            round: u64,
            /// Whether it proposes in it.
            proposer: bool,
        },
        /// A member has the proposal of a round, or made it.
        Accepted {
            /// Of which height.
            height: u64,
            /// Of which round.
            round: u64,
            /// The digest that was signed.
            digest: ContentHash,
            /// The block that was proposed.
            block: ContentHash,
            /// Who signed it.
            by: NodeId,
        },
        /// A member prevotes.
        Prevoted {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
            /// For which block; 0 for none.
            block: ContentHash,
        },
        /// A member has seen a quorum of prevotes for a block.
        Polka {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
            /// For which block.
            block: ContentHash,
        },
        /// A member is locked on a block from now on.
        Locked {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
            /// On which block.
            block: ContentHash,
        },
        /// A member knows that a block is decided.
        Committed {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
            /// For which block the votes are.
            block: ContentHash,
            /// What it stands for.
            content: ContentHash,
        },
        /// A member applied an operation.
        Applied {
            /// Whose.
            client: NodeId,
            /// The client's timestamp.
            timestamp: u64,
            /// A hash of the operation.
            operation: ContentHash,
            /// Its place in the order of all operations.
            position: u64,
            /// A hash of the reply.
            answer: ContentHash,
        },
        /// A member has applied a block.
        Executed {
            /// Its height.
            height: u64,
        },
        /// A member waited long enough.
        TimedOut {
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
            /// For what.
            step: &'static str,
        },
        /// A member holds two statements of one signer that contradict each other.
        Evidence {
            /// Whose.
            culprit: NodeId,
            /// At which height.
            height: u64,
            /// In which round.
            round: u64,
            /// Of which kind.
            stage: &'static str,
        },
        /// A member refused something.
        Refused {
            /// What.
            what: &'static str,
            /// Why.
            reason: &'static str,
        },
    }
}

impl Observe for TendermintObservation {
    fn summary(&self) -> Summary {
        let about = |round, block: ContentHash| Summary {
            rank: Some(round),
            digest: Some(block.0),
            ..Summary::default()
        };
        match *self {
            Self::Started { executed, round, .. } => Summary {
                role: Some("validator"),
                rank: Some(round),
                position: Some(executed),
                ..Summary::default()
            },
            Self::Halted => Summary { role: Some("halted"), ..Summary::default() },
            Self::Entered { round, proposer, .. } => {
                let role = if proposer { "proposer" } else { "validator" };
                Summary { role: Some(role), rank: Some(round), ..Summary::default() }
            }
            Self::Accepted { round, block, .. }
            | Self::Prevoted { round, block, .. }
            | Self::Polka { round, block, .. }
            | Self::Locked { round, block, .. }
            | Self::Committed { round, block, .. } => about(round, block),
            Self::Executed { height } => Summary { position: Some(height), ..Summary::default() },
            Self::Applied { client, .. } => Summary { peer: Some(client), ..Summary::default() },
            Self::Evidence { culprit, .. } => Summary { peer: Some(culprit), ..Summary::default() },
            Self::TimedOut { round, .. } => Summary { rank: Some(round), ..Summary::default() },
            Self::Asked { .. } | Self::Acknowledged { .. } | Self::Refused { .. } => Summary::default(),
        }
    }
}
