//! What members and clients say, keep and report.

use sim_core::digest::hash_words;
use sim_core::facts;
use sim_core::facts::{ContentHash, Facts};
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Signature, Summary};

use crate::certificate::Certificate;
use crate::request::{Batch, Request};
use crate::service::{Told, Wish};
use crate::shared::{Shared, Wire};
use crate::store::{Operation, Reply, Store};
use crate::vote::{SIGNATURE_SIZE, VOTE_SIZE, Vote};

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
    /// A batch that a primary wants at a sequence number.
    #[derive(PartialEq, Eq)]
    pub struct Proposed {
        /// The primary's signed statement: view, sequence number and digest of the batch.
        pub vote: Vote,
        /// The batch.
        pub batch: Batch,
    }
}

/// A proposal, shared by all who keep or send it.
pub type Proposal = Shared<Proposed>;

impl Wire for Proposed {
    fn size(&self) -> u32 {
        VOTE_SIZE + self.batch.wire()
    }
}

facts! {
    /// A proposal with the votes of a quorum, the proposal being the primary's.
    #[derive(PartialEq, Eq)]
    pub struct PreparedProposal {
        /// The proposal.
        pub proposal: Proposal,
        /// The votes of the others.
        pub certificate: Certificate,
    }
}

/// A prepared certificate, shared by all who keep or send it.
pub type Prepared = Shared<PreparedProposal>;

impl Wire for PreparedProposal {
    fn size(&self) -> u32 {
        self.proposal.wire() + self.certificate.wire()
    }
}

facts! {
    /// A member wants another view, and says what it has prepared.
    #[derive(PartialEq, Eq)]
    pub struct ViewChanged {
        /// The view that it wants.
        pub view: u64,
        /// Its last stable checkpoint; 0 for the beginning.
        pub stable: u64,
        /// What proves that checkpoint.
        pub checkpoint: Option<Certificate>,
        /// What it prepared since, the latest for each sequence number, in order.
        pub prepared: Vec<Prepared>,
        /// Its signature over all of that.
        pub signature: Signature,
    }
}

/// A view-change message, shared by all who keep or send it.
pub type ViewChange = Shared<ViewChanged>;

impl ViewChanged {
    /// What is signed of it.
    pub fn signed_content(
        view: u64,
        stable: u64,
        checkpoint: Option<&Certificate>,
        prepared: &[Prepared],
    ) -> u64 {
        let proofs = prepared.iter().fold(0, |hash, proof| hash_words(&[hash, proof.hash()]));
        hash_words(&[1, view, stable, checkpoint.map_or(0, Shared::hash), proofs])
    }

    /// What its signer must have signed.
    pub fn content(&self) -> u64 {
        Self::signed_content(self.view, self.stable, self.checkpoint.as_ref(), &self.prepared)
    }
}

impl Wire for ViewChanged {
    fn size(&self) -> u32 {
        let proofs: u32 = self.prepared.iter().map(Shared::wire).sum();
        HEADER + 16 + self.checkpoint.as_ref().map_or(0, Shared::wire) + proofs + SIGNATURE_SIZE
    }
}

facts! {
    /// A primary begins its view: who wanted it, and what follows from what they had prepared.
    #[derive(PartialEq, Eq)]
    pub struct NewViewBegun {
        /// The view.
        pub view: u64,
        /// A quorum of view changes.
        pub changes: Vec<ViewChange>,
        /// What is proposed again, and null requests for the gaps.
        pub proposals: Vec<Proposal>,
        /// The primary's signature over all of that.
        pub signature: Signature,
    }
}

/// A new-view message, shared by all who keep or send it.
pub type NewView = Shared<NewViewBegun>;

impl NewViewBegun {
    /// What is signed of it.
    pub fn signed_content(view: u64, changes: &[ViewChange], proposals: &[Proposal]) -> u64 {
        let changes = changes.iter().fold(0, |hash, change| hash_words(&[hash, change.hash()]));
        let proposals = proposals.iter().fold(0, |hash, proposal| hash_words(&[hash, proposal.hash()]));
        hash_words(&[2, view, changes, proposals])
    }

    /// What its primary must have signed.
    pub fn content(&self) -> u64 {
        Self::signed_content(self.view, &self.changes, &self.proposals)
    }
}

impl Wire for NewViewBegun {
    fn size(&self) -> u32 {
        let changes: u32 = self.changes.iter().map(Shared::wire).sum();
        HEADER + 8 + changes + self.proposals.iter().map(Shared::wire).sum::<u32>() + SIGNATURE_SIZE
    }
}

/// The state after a checkpoint, as it is kept and sent.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The state.
    pub store: Store,
}

impl Facts for Snapshot {
    const KINDS: &'static [&'static str] = &["Snapshot"];

    fn kind(&self) -> u8 {
        0
    }

    fn digest(&self, digest: &mut sim_core::digest::Digest) {
        digest.word(self.store.digest());
    }

    fn visit(&self, visitor: &mut dyn facts::Visitor) {
        visitor.value("state", facts::Value::Digest(self.store.digest()));
        visitor.value("applied", facts::Value::Unsigned(self.store.applied()));
    }
}

impl Wire for Snapshot {
    fn size(&self) -> u32 {
        self.store.size()
    }
}

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
                Some(Reply::List { values }) => {
                    HEADER + 64 + 8 * u32::try_from(values.len()).unwrap_or(u32::MAX / 16)
                }
                _ => HEADER + 64,
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
}

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
