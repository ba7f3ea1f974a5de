//! What members and clients say, keep and report.

use sim_core::facts;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Summary};

pub use super::proofs::{
    NewView, NewViewBegun, Prepared, PreparedProposal, Proposal, Proposed, Snapshot, ViewChange, ViewChanged,
};
use crate::certificate::Certificate;
use crate::request::{Batch, Request};
use crate::service::{Told, Wish};
use crate::shared::Shared;
use crate::vote::{VOTE_SIZE, Vote};
use objects::{Operation, Reply};

sim_core::vocabulary! {
    /// PBFT with registers and lists.
    pub Pbft {
        message: PbftMessage,
        timer: PbftTimer,
        request: Wish,
        response: Told,
        record: PbftRecord,
        observation: PbftObservation,
    }
}

const HEADER: u32 = 40;

facts! {
    /// What members and clients say to each other.
    pub enum PbftMessage {
        /// A client wants something done; a member passes it on to the primary.
        Request(Request),
        /// A client wants to read without order.
        ReadOnly {
            /// The client's timestamp.
            timestamp: u64,
            /// What to read.
            operation: Operation,
        },
        /// A member tells a client what came of its request. Without a reply, the session has gone further than that.
        Reply {
            /// The view that the member is in.
            view: u64,
            /// Of which request.
            timestamp: u64,
            /// What it came to.
            reply: Option<Reply>,
            /// Its place in the order of all operations; 0 for what was not ordered.
            position: u64,
        },
        /// The primary's proposal.
        PrePrepare(Proposal),
        /// A member accepts a proposal.
        Prepare(Vote),
        /// A member has a prepared certificate.
        Commit(Vote),
        /// What a member's state is after a checkpoint.
        Checkpoint(Vote),
        /// A member wants another view.
        ViewChange(ViewChange),
        /// A primary begins its view.
        NewView(NewView),
        /// How far a member is, so that others tell it what it lacks.
        Status {
            /// Its view.
            view: u64,
            /// Whether it takes part in that view already.
            active: bool,
            /// Up to where it has executed.
            executed: u64,
            /// Its last stable checkpoint.
            stable: u64,
        },
        /// A committed batch, for a member that lacks it.
        Committed {
            /// The votes of a quorum.
            certificate: Certificate,
            /// The batch.
            batch: Batch,
        },
        /// The state at a stable checkpoint, for a member that lacks it.
        State {
            /// The votes of a quorum.
            certificate: Certificate,
            /// The state.
            snapshot: Shared<Snapshot>,
        },
    }
}

impl Message for PbftMessage {
    fn wire_size(&self) -> u32 {
        match self {
            Self::Request(request) => HEADER + request.wire(),
            Self::ReadOnly { .. } => HEADER + 33,
            Self::Reply { reply, .. } => match reply {
                Some(reply) => HEADER + 64 + reply.extra_bytes(),
                None => HEADER + 64,
            },
            Self::PrePrepare(proposal) => proposal.wire(),
            Self::Prepare(_) | Self::Commit(_) | Self::Checkpoint(_) => VOTE_SIZE,
            Self::ViewChange(change) => change.wire(),
            Self::NewView(new_view) => new_view.wire(),
            Self::Status { .. } => HEADER + 25,
            Self::Committed { certificate, batch } => HEADER + certificate.wire() + batch.wire(),
            Self::State { certificate, snapshot } => HEADER + certificate.wire() + snapshot.wire(),
        }
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }

    /// The view, from 1; of a view change the one that is given up. What clients say, checkpoints, and what a member lacks belong
    /// to none.
    fn round(&self) -> Option<u64> {
        let view = match self {
            Self::PrePrepare(proposal) => proposal.vote.statement.view,
            Self::Prepare(vote) | Self::Commit(vote) => vote.statement.view,
            Self::ViewChange(change) => change.view.wrapping_sub(1),
            Self::NewView(new_view) => new_view.view,
            _ => return None,
        };
        Some(view.wrapping_add(1))
    }
}

/// The messages that tell the view that they belong to.
pub const ROUNDS: &[&str] = &["PrePrepare", "Prepare", "Commit", "ViewChange", "NewView"];

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum PbftTimer {
        /// A request was not executed in time, or a new view did not come.
        View,
        /// A failed sync is tried again.
        Disk,
        /// Others are asked for what is lacking.
        Fetch,
        /// A client asks again.
        Retry {
            /// For which request.
            timestamp: u64,
        },
    }
}

facts! {
    /// What the journal holds.
    pub enum PbftRecord {
        /// It left its view, and wants this one.
        Abandoned {
            /// The view that it wants.
            view: u64,
        },
        /// It takes part in a view.
        Entered {
            /// The view.
            view: u64,
            /// What began it; absent for the first.
            new_view: Option<NewView>,
        },
        /// It accepted a proposal, or made it.
        Accepted(Proposal),
        /// It committed to what it has prepared.
        Promised(Prepared),
        /// A batch is committed.
        Decided {
            /// The votes of a quorum.
            certificate: Certificate,
            /// The batch.
            batch: Batch,
        },
        /// The state at a stable checkpoint: what came before is gone.
        Stable {
            /// The votes of a quorum.
            certificate: Certificate,
            /// The state.
            snapshot: Shared<Snapshot>,
        },
    }
}

facts! {
    /// What members and clients report.
    #[derive(PartialEq, Eq)]
    pub enum PbftObservation {
        /// A member starts.
        Started {
            /// In which view.
            view: u64,
            /// Up to where it has executed.
            executed: u64,
            /// How many operations its state has applied.
            applied: u64,
            /// Its last stable checkpoint.
            stable: u64,
            /// Whether it leads that view.
            primary: bool,
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
            /// The place of the operation; 0 for a read that was not ordered.
            position: u64,
            /// A hash of the reply.
            answer: ContentHash,
        },
        /// A member accepted a proposal, or made it.
        PrePrepared {
            /// In which view.
            view: u64,
            /// At which sequence number.
            sequence: u64,
            /// The digest that was signed.
            digest: ContentHash,
        },
        /// A member has a prepared certificate.
        Prepared {
            /// In which view.
            view: u64,
            /// At which sequence number.
            sequence: u64,
            /// The digest.
            digest: ContentHash,
        },
        /// A member knows that a batch is committed.
        Committed {
            /// In which view.
            view: u64,
            /// At which sequence number.
            sequence: u64,
            /// The digest that was signed.
            digest: ContentHash,
            /// What the batch is.
            batch: ContentHash,
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
        /// A member has applied a batch.
        Executed {
            /// Its sequence number.
            sequence: u64,
        },
        /// A member vouches for its state.
        Checkpointed {
            /// After which sequence number.
            sequence: u64,
            /// A hash of the state.
            digest: ContentHash,
        },
        /// A checkpoint is stable at a member.
        Stable {
            /// After which sequence number.
            sequence: u64,
            /// A hash of the state.
            digest: ContentHash,
        },
        /// A member took over the state of a stable checkpoint.
        Restored {
            /// After which sequence number.
            sequence: u64,
            /// How many operations that state has applied.
            applied: u64,
        },
        /// A member left its view.
        Suspected {
            /// The view that it wants.
            view: u64,
        },
        /// A member takes part in a new view.
        Entered {
            /// The view.
            view: u64,
            /// Whether it leads it.
            primary: bool,
        },
        /// A new view that a member entered proposes this again.
        Reproposed {
            /// The new view.
            view: u64,
            /// The sequence number.
            sequence: u64,
            /// The digest.
            digest: ContentHash,
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

impl Observe for PbftObservation {
    fn summary(&self) -> Summary {
        let about = |view, digest: ContentHash| Summary {
            rank: Some(view),
            digest: Some(digest.0),
            ..Summary::default()
        };
        let role = |role, view| Summary { role: Some(role), rank: Some(view), ..Summary::default() };
        match *self {
            Self::Started { view, executed, primary, .. } => {
                Summary { position: Some(executed), ..role(if primary { "primary" } else { "backup" }, view) }
            }
            Self::Halted => Summary { role: Some("halted"), ..Summary::default() },
            Self::PrePrepared { view, digest, .. }
            | Self::Prepared { view, digest, .. }
            | Self::Committed { view, digest, .. }
            | Self::Reproposed { view, digest, .. } => about(view, digest),
            Self::Executed { sequence } | Self::Restored { sequence, .. } => {
                Summary { position: Some(sequence), ..Summary::default() }
            }
            Self::Suspected { view } => role("changing", view),
            Self::Entered { view, primary } => role(if primary { "primary" } else { "backup" }, view),
            Self::Applied { client, .. } => Summary { peer: Some(client), ..Summary::default() },
            Self::Checkpointed { digest, .. } | Self::Stable { digest, .. } => {
                Summary { digest: Some(digest.0), ..Summary::default() }
            }
            Self::Asked { .. } | Self::Acknowledged { .. } | Self::Refused { .. } => Summary::default(),
        }
    }
}
