//! What members prove to each other: proposals, prepared certificates, view changes, new views and states.

use sim_core::digest::hash_words;
use sim_core::facts;
use sim_core::facts::Facts;
use sim_core::process::Signature;

use crate::certificate::Certificate;
use crate::request::Batch;
use crate::shared::{Shared, Wire};
use crate::vote::{SIGNATURE_SIZE, VOTE_SIZE, Vote};
use objects::Store;

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
    altered by |own, hand| own.signature.seal(own.content(), hand)
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
    altered by |own, hand| own.signature.seal(own.content(), hand)
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
        u32::try_from(self.store.bytes()).unwrap_or(u32::MAX)
    }
}
