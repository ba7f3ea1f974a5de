//! What members prove to each other: blocks, proposals and timeout certificates.

use sim_core::facts;
use sim_core::process::{Aggregate, Context};

use super::vocabulary::Hotstuff;
use crate::certificate::{Certificate, Refusal, Scheme, Signed};
use crate::request::{Batch, Request};
use crate::shared::{Shared, Wire};
use crate::signers::Signers;
use crate::vote::{Stage, Statement, VOTE_SIZE, Vote};

const HEADER: u32 = 40;

facts! {
    /// A batch of requests at a height, on top of a certified block.
    #[derive(PartialEq, Eq)]
    pub struct Made {
        /// In which view.
        pub view: u64,
        /// One more than that of its parent; the first block has 1.
        pub height: u64,
        /// The certificate of its parent.
        pub justify: Certificate,
        /// Why its view could begin, if not by the certificate of the view before.
        pub timeout: Option<TimeoutCertificate>,
        /// The requests.
        pub batch: Batch,
    }
}

/// A block, shared by all who keep or send it. Its hash is its digest.
pub type Block = Shared<Made>;

impl Made {
    /// The digest of the block that it stands on.
    pub fn parent(&self) -> u64 {
        self.justify.statement.digest.0
    }

    /// What its requests are.
    pub fn requests(&self) -> &[Request] {
        &self.batch.list
    }
}

impl Wire for Made {
    fn size(&self) -> u32 {
        let timeout = self.timeout.as_ref().map_or(0, Shared::wire);
        HEADER + 16 + self.justify.wire() + timeout + self.batch.wire()
    }
}

facts! {
    /// A block that a leader wants.
    #[derive(PartialEq, Eq)]
    pub struct Proposed {
        /// The leader's signed statement: view, height and digest of the block.
        pub vote: Vote,
        /// The block.
        pub block: Block,
    }
}

/// A proposal, shared by all who keep or send it.
pub type Proposal = Shared<Proposed>;

impl Wire for Proposed {
    fn size(&self) -> u32 {
        VOTE_SIZE + self.block.wire()
    }
}

facts! {
    /// A member gives up every view before one.
    #[derive(PartialEq, Eq)]
    pub struct TimedOut {
        /// Its signed statement: the view that it wants, and in the place of the height the view of its highest certificate.
        pub vote: Vote,
        /// Its highest certificate.
        pub high: Certificate,
    }
}

/// A timeout, shared by all who keep or send it.
pub type Timeout = Shared<TimedOut>;

impl Wire for TimedOut {
    fn size(&self) -> u32 {
        VOTE_SIZE + self.high.wire()
    }
}

/// What is signed by giving up every view before this one, by who has a certificate of view `high`.
pub const fn timeout_statement(view: u64, high: u64) -> Statement {
    Statement::new(Stage::Timeout, view, high, 0)
}

facts! {
    /// A quorum gave up every view before one.
    #[derive(PartialEq, Eq)]
    pub struct TimedOutAll {
        /// The view that they want.
        pub view: u64,
        /// What each of them signed.
        pub votes: Vec<Vote>,
        /// The highest of their certificates.
        pub high: Certificate,
    }
}

/// A timeout certificate, shared by all who keep or send it.
pub type TimeoutCertificate = Shared<TimedOutAll>;

impl Wire for TimedOutAll {
    fn size(&self) -> u32 {
        HEADER + VOTE_SIZE * u32::try_from(self.votes.len()).unwrap_or(u32::MAX / 256) + self.high.wire()
    }
}

impl TimedOutAll {
    /// Whether at least so many of the first `members` nodes gave up, and one of them had its certificate, and none a
    /// higher one. The certificate itself is judged elsewhere. A bug counts votes and not signers.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify(
        &self,
        members: u32,
        least: u32,
        by_message: bool,
        cx: &mut Context<'_, Hotstuff>,
    ) -> Result<(), Refusal> {
        let signers: Signers = self.votes.iter().map(Vote::signer).collect();
        let count = if by_message { self.votes.len() as u64 } else { u64::from(signers.len()) };
        if count < u64::from(least) {
            return Err(Refusal::TooFewSigners);
        }
        if signers.last().is_some_and(|last| last.0 >= members) {
            return Err(Refusal::UnknownSigner);
        }
        let about = |vote: &Vote| {
            *vote == Vote { statement: timeout_statement(self.view, vote.statement.height), ..*vote }
        };
        if !self.votes.iter().all(about) {
            return Err(Refusal::OffTopic);
        }
        if !self.votes.iter().all(|vote| vote.verify(cx)) {
            return Err(Refusal::BadSignature);
        }
        let highest = self.votes.iter().map(|vote| vote.statement.height).max();
        if highest == Some(self.high.statement.view) { Ok(()) } else { Err(Refusal::WrongConclusion) }
    }
}

/// What is certified before there is any block: nobody needs to sign it.
pub const GENESIS: Statement = Statement::new(Stage::Prepare, 0, 0, 0);

/// The certificate of the beginning.
pub fn genesis(scheme: Scheme) -> Certificate {
    let (signers, aggregate) = (Signers::default(), Aggregate::default());
    Shared::new(Signed { statement: GENESIS, signers, aggregate, scheme })
}
