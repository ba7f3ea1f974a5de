//! What members and clients say, keep and report.

use sim_core::facts;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Summary};

pub use super::blocks::{Block, Proposal, Timeout, TimeoutCertificate};
use crate::certificate::Certificate;
use crate::request::Request;
use crate::service::{Told, Wish};
use crate::shared::Shared;
use crate::vote::{Stage, VOTE_SIZE, Vote};
use objects::Reply;

sim_core::vocabulary! {
    /// HotStuff with registers and lists.
    pub Hotstuff {
        message: HotstuffMessage,
        timer: HotstuffTimer,
        request: Wish,
        response: Told,
        record: HotstuffRecord,
        observation: HotstuffObservation,
    }
}

const HEADER: u32 = 40;

facts! {
    /// What members and clients say to each other.
    pub enum HotstuffMessage {
        /// A client wants something done; a member passes it on to the leader.
        Request(Request),
        /// A member tells a client what came of its request. Without a reply, the session has gone further than that.
        Reply {
            /// Whose turn it is to lead.
            turn: u64,
            /// Of which request.
            timestamp: u64,
            /// What it came to.
            reply: Option<Reply>,
            /// Its place in the order of all operations.
            position: u64,
        },
        /// The leader's block.
        Proposal(Proposal),
        /// A vote, to who collects it.
        Vote(Vote),
        /// Basic rule: the leader has the votes of a quorum in one phase.
        Certified(Certificate),
        /// Basic rule: a member is ready for a view, and this is its highest certificate.
        NewView {
            /// The view.
            view: u64,
            /// The certificate.
            high: Certificate,
        },
        /// A member gives up on a leader.
        Timeout(Timeout),
        /// How far a member is, and what proves it.
        Tip {
            /// Its view.
            view: u64,
            /// Its highest certificate.
            high: Certificate,
            /// The latest timeout certificate.
            timeout: Option<TimeoutCertificate>,
            /// Basic rule: the latest commit certificate.
            decided: Option<Certificate>,
        },
        /// A member lacks a block.
        Fetch {
            /// Which one.
            digest: ContentHash,
            /// Its height.
            height: u64,
            /// What the member has committed.
            above: u64,
        },
        /// A block that was asked for, and those that it stands on, from the highest down.
        Blocks {
            /// The blocks.
            list: Vec<Block>,
        },
    }
}

impl Message for HotstuffMessage {
    fn wire_size(&self) -> u32 {
        match self {
            Self::Request(request) => HEADER + request.wire(),
            Self::Reply { reply, .. } => match reply {
                Some(reply) => HEADER + 64 + reply.extra_bytes(),
                None => HEADER + 64,
            },
            Self::Proposal(proposal) => proposal.wire(),
            Self::Vote(_) => VOTE_SIZE,
            Self::Certified(certificate) => HEADER + certificate.wire(),
            Self::NewView { high, .. } => HEADER + 8 + high.wire(),
            Self::Timeout(timeout) => timeout.wire(),
            Self::Tip { high, timeout, decided, .. } => {
                let optional = timeout.as_ref().map_or(0, Shared::wire);
                HEADER + 8 + high.wire() + optional + decided.as_ref().map_or(0, Shared::wire)
            }
            Self::Fetch { .. } => HEADER + 48,
            Self::Blocks { list } => list.iter().fold(HEADER, |size, block| size + block.wire()),
        }
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }

    /// The view: of a timeout the one that is given up, of a tip the one that its sender is in. What clients say, and blocks
    /// that somebody lacks, belong to no view.
    fn round(&self) -> Option<u64> {
        match self {
            Self::Proposal(proposal) => Some(proposal.block.view),
            Self::Vote(vote) => Some(vote.statement.view),
            Self::Certified(certificate) => Some(certificate.statement.view),
            Self::NewView { view, .. } | Self::Tip { view, .. } => Some(*view),
            Self::Timeout(timeout) => Some(timeout.vote.statement.view.saturating_sub(1)),
            Self::Request(_) | Self::Reply { .. } | Self::Fetch { .. } | Self::Blocks { .. } => None,
        }
    }
}

/// The messages that tell the view that they belong to.
pub const ROUNDS: &[&str] = &["Proposal", "Vote", "Certified", "NewView", "Timeout", "Tip"];

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum HotstuffTimer {
        /// The leader of this view takes too long.
        View,
        /// A failed sync is tried again.
        Disk,
        /// Others are asked for what is lacking.
        Fetch,
        /// Nothing has waited for a while: others may not know how far this member is.
        Idle,
        /// Those who have not voted are waited for no longer.
        Collect,
        /// A client asks again.
        Retry {
            /// For which request.
            timestamp: u64,
        },
    }
}

facts! {
    /// What the journal holds.
    pub enum HotstuffRecord {
        /// A block.
        Kept(Block),
        /// It votes.
        Voted {
            /// In which view.
            view: u64,
            /// In which stage.
            stage: Stage,
            /// Its highest certificate.
            high: Certificate,
            /// What it is locked on.
            lock: Certificate,
        },
        /// It gave up every view before this one.
        GaveUp {
            /// The view.
            view: u64,
            /// Its highest certificate.
            high: Certificate,
        },
        /// The block with this digest, and all that it stands on, is committed.
        Committed {
            /// Its digest.
            digest: ContentHash,
        },
    }
}

facts! {
    /// What members and clients report.
    #[derive(PartialEq, Eq)]
    pub enum HotstuffObservation {
        /// A member starts.
        Started {
            /// In which view.
            view: u64,
            /// Up to where it has committed and executed.
            height: u64,
            /// The height of the last block with requests among those.
            filled: u64,
            /// How many operations its state has applied.
            applied: u64,
            /// The digest of the last block that it has committed.
            tip: ContentHash,
            /// Whether it leads that view.
            leader: bool,
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
        /// A leader proposed a block.
        Proposed {
            /// In which view.
            view: u64,
            /// At which height.
            height: u64,
            /// Its digest.
            digest: ContentHash,
        },
        /// A member voted for a block.
        Voted {
            /// In which view.
            view: u64,
            /// In which stage.
            stage: Stage,
            /// At which height.
            height: u64,
            /// Its digest.
            digest: ContentHash,
            /// The view of the block that it is locked on.
            lock: u64,
        },
        /// A member knows of a certificate that is higher than any before.
        Certified {
            /// Of which view.
            view: u64,
            /// Of which stage.
            stage: Stage,
            /// At which height.
            height: u64,
            /// Of which block.
            digest: ContentHash,
        },
        /// A member knows that a block is committed, and has executed it.
        Committed {
            /// The view of the block.
            view: u64,
            /// Its height.
            height: u64,
            /// Its digest.
            digest: ContentHash,
            /// The block that it stands on.
            parent: ContentHash,
            /// How many requests it holds. An empty block only helps others to be committed: nobody waits for it.
            requests: u64,
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
        /// A member gave up on the leader of its view.
        Suspected {
            /// The view that it wants.
            view: u64,
        },
        /// A member entered a view.
        Entered {
            /// The view.
            view: u64,
            /// Whether it leads it.
            leader: bool,
            /// Whether a timeout certificate led there.
            timeout: bool,
        },
        /// A member took over blocks that it lacked.
        Fetched {
            /// How many.
            blocks: u64,
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

impl Observe for HotstuffObservation {
    fn summary(&self) -> Summary {
        let about = |view, digest: ContentHash| Summary {
            rank: Some(view),
            digest: Some(digest.0),
            ..Summary::default()
        };
        let role = |role, view| Summary { role: Some(role), rank: Some(view), ..Summary::default() };
        let place = |leader| if leader { "leader" } else { "replica" };
        match *self {
            Self::Started { view, filled, leader, .. } => {
                Summary { position: Some(filled), ..role(place(leader), view) }
            }
            Self::Halted => Summary { role: Some("halted"), ..Summary::default() },
            // A block may be committed in a later view than its own.
            Self::Committed { height, digest, requests, .. } => {
                let position = (requests > 0).then_some(height);
                Summary { position, digest: Some(digest.0), ..Summary::default() }
            }
            Self::Proposed { view, digest, .. } | Self::Voted { view, digest, .. } => about(view, digest),
            Self::Certified { digest, .. } => Summary { digest: Some(digest.0), ..Summary::default() },
            Self::Suspected { .. } => Summary { role: Some("waiting"), ..Summary::default() },
            Self::Entered { view, leader, .. } => role(place(leader), view),
            Self::Applied { client, .. } => Summary { peer: Some(client), ..Summary::default() },
            Self::Asked { .. } | Self::Acknowledged { .. } | Self::Fetched { .. } | Self::Refused { .. } => {
                Summary::default()
            }
        }
    }
}
