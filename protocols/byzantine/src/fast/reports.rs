//! What members prove to the leader of a new view, and it to them.

use sim_core::digest::hash_words;
use sim_core::facts;
use sim_core::process::Signature;

use crate::certificate::Certificate;
use crate::request::Request;
use crate::shared::{Shared, Wire};
use crate::vote::{SIGNATURE_SIZE, VOTE_SIZE, Vote};

const HEADER: u32 = 40;

facts! {
    /// A request that a member accepted, and the highest view in which it did.
    #[derive(PartialEq, Eq)]
    pub struct Accepted {
        /// The request.
        pub request: Request,
        /// The view.
        pub view: u64,
    }
}

facts! {
    /// A member goes on to a view, and says what it accepted before.
    #[derive(PartialEq, Eq)]
    pub struct Reported {
        /// The view that it goes on to.
        pub view: u64,
        /// Everything that it accepted, each request once, the latest last.
        pub accepted: Vec<Accepted>,
        /// The certificate of the highest view that it holds.
        pub certificate: Option<Certificate>,
        /// Its signature over all of that.
        pub signature: Signature,
    }
    altered by |own, hand| own.signature.seal(own.content(), hand)
}

/// A report, shared by all who keep or send it.
pub type Report = Shared<Reported>;

impl Reported {
    /// What is signed of it.
    pub fn signed_content(view: u64, accepted: &[Accepted], certificate: Option<&Certificate>) -> u64 {
        let accepted = accepted.iter().fold(0, |hash, one| hash_words(&[hash, one.request.hash(), one.view]));
        hash_words(&[3, view, accepted, certificate.map_or(0, Shared::hash)])
    }

    /// What its signer must have signed.
    pub fn content(&self) -> u64 {
        Self::signed_content(self.view, &self.accepted, self.certificate.as_ref())
    }

    /// In which view it last accepted a request, if ever.
    pub fn accepted_at(&self, digest: u64) -> Option<u64> {
        self.accepted.iter().find(|one| one.request.hash() == digest).map(|one| one.view)
    }

    /// What it accepted last.
    pub fn latest(&self) -> Option<&Accepted> {
        self.accepted.last()
    }
}

impl Wire for Reported {
    fn size(&self) -> u32 {
        let accepted: u32 = self.accepted.iter().map(|one| one.request.wire() + 8).sum();
        HEADER + 8 + accepted + self.certificate.as_ref().map_or(0, Shared::wire) + SIGNATURE_SIZE
    }
}

facts! {
    /// A request that a leader proposes, and why it may.
    #[derive(PartialEq, Eq)]
    pub struct Proposed {
        /// The leader's signed statement.
        pub vote: Vote,
        /// The request.
        pub request: Request,
        /// Reports of a quorum; none in the first view.
        pub reports: Vec<Report>,
    }
}

/// A proposal, shared by all who keep or send it.
pub type Proposal = Shared<Proposed>;

impl Wire for Proposed {
    fn size(&self) -> u32 {
        let reports: u32 = self.reports.iter().map(Shared::wire).sum();
        VOTE_SIZE + self.request.wire() + reports
    }
}
