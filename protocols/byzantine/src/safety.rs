//! What must never happen where members replicate a service, whatever the protocol.
//!
//! One checker per file, over honest members only. They read what members report and say through [`Judged`], together
//! with the world's own truth, and never look into a member. Members report what is durable, so that a crash takes
//! nothing back.

pub mod agreement;
pub mod certificates;
pub mod equivocation;
pub mod guilt;
pub mod order;
pub mod replies;
pub mod requests;
pub mod versions;

use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::Protocol;

use crate::signers::Signers;
use crate::vote::{Stage, Statement, Vote};

/// What a member or a client reports, in the words of every protocol. Observations of these kinds bear the same names, since
/// checks are only told of the kinds that they name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A member starts.
    Started {
        /// Up to where it has executed.
        executed: u64,
        /// How many operations its state has applied.
        applied: u64,
    },
    /// A client asks for something, for the first time.
    Asked {
        /// Its timestamp.
        timestamp: u64,
        /// A hash of the operation.
        operation: u64,
    },
    /// A client believes a reply.
    Acknowledged {
        /// Of which request.
        timestamp: u64,
        /// The place of the operation; 0 for what was not ordered.
        position: u64,
        /// A hash of the reply.
        answer: u64,
    },
    /// A member knows that a quorum accepted something.
    Prepared {
        /// In which view.
        view: u64,
        /// At which height.
        height: u64,
        /// The digest that was signed.
        digest: u64,
    },
    /// A member knows that something is decided.
    Committed {
        /// In which view.
        view: u64,
        /// At which height.
        height: u64,
        /// The digest that was signed.
        digest: u64,
        /// What it stands for.
        value: u64,
    },
    /// A member applied an operation.
    Applied {
        /// Whose.
        client: NodeId,
        /// The client's timestamp.
        timestamp: u64,
        /// A hash of the operation.
        operation: u64,
        /// Its place in the order of all operations.
        position: u64,
        /// A hash of the reply.
        answer: u64,
    },
    /// A member took over the state after some height.
    Restored {
        /// How many operations that state has applied.
        applied: u64,
    },
}

/// A protocol whose members and clients are judged by the checks here.
pub trait Judged: Protocol {
    /// The kinds of messages that [`Judged::vote`] and [`Judged::votes`] find votes in.
    const VOTES: &'static [&'static str];
    /// The kinds of observations that claim that a quorum signed something.
    const CLAIMS: &'static [&'static str];
    /// The kinds of observations that [`Fact::Prepared`] is made of.
    const PREPARED: &'static [&'static str] = &["Prepared"];
    /// The kinds of observations that [`Fact::Started`], [`Fact::Restored`] and [`Fact::Applied`] are made of.
    const STATES: &'static [&'static str] = &["Started", "Restored", "Applied"];
    /// What a place in the order of decisions is called.
    const PLACE: &'static str;

    /// What an observation means.
    fn fact(observation: &Self::Observation) -> Option<Fact>;

    /// The vote that a message is, or that its sender makes by it.
    fn vote(message: &Self::Message) -> Option<&Vote>;

    /// Every vote that a message shows by itself.
    fn votes(message: &Self::Message, note: &mut dyn FnMut(&Vote)) {
        if let Some(vote) = Self::vote(message) {
            note(vote);
        }
    }

    /// The kinds of messages that votes and [`Judged::proof`] are found in.
    const SIGNED: &'static [&'static str] = Self::VOTES;

    /// A certificate that a message hands on: an honest sender that is among its signers has signed, even if a crash swallowed
    /// its vote and all that it said before.
    fn proof(_message: &Self::Message) -> Option<(Statement, &Signers)> {
        None
    }

    /// What a member claims that a quorum signed.
    fn claim(observation: &Self::Observation) -> Option<Statement>;

    /// Whether what an observation claims has to be signed by all members, where a quorum is not enough.
    fn is_by_all(_observation: &Self::Observation) -> bool {
        false
    }

    /// A vote that a member reports, also if it sends it to nobody: such observations are among [`Judged::CLAIMS`].
    fn cast(_observation: &Self::Observation) -> Option<Statement> {
        None
    }

    /// A stage whose statements count for another one as well.
    fn implies(_stage: Stage) -> Option<Stage> {
        None
    }
}

/// Who signed what, as far as it was ever sent. Of what is said in the name of an honest member, only what it sent itself
/// counts: a traitor may send anything in its name.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    signers: OrderedMap<Statement, Signers>,
    /// What was noted last: a message is told once for each of its recipients.
    last: Option<Vote>,
}

impl Signatures {
    /// Notes a vote; false if it was known, or proves nothing.
    pub fn note(&mut self, ground: &Ground, from: NodeId, vote: &Vote) -> bool {
        if self.last.as_ref() == Some(vote) {
            return false;
        }
        self.last = Some(*vote);
        let signer = vote.signer();
        // What an honest member sends as its own is signed. A traitor may send what proves nothing.
        let proves = match ground.honest(signer) {
            true => signer == from,
            false => ground.signed(vote.statement.signed_content(), &vote.signature),
        };
        if !proves {
            return false;
        }
        self.signers.entry(vote.statement).or_default().insert(signer)
    }

    /// Notes what a member reports to have signed.
    pub fn note_own(&mut self, node: NodeId, statement: Statement) {
        self.signers.entry(statement).or_default().insert(node);
    }

    /// Notes that somebody signed a statement, as a certificate shows that an honest member has verified.
    pub fn shown(&mut self, statement: Statement, signer: NodeId) {
        self.signers.entry(statement).or_default().insert(signer);
    }

    /// Everything that was signed in a stage at a height, in views of a range.
    pub fn within(
        &self,
        stage: Stage,
        views: std::ops::RangeInclusive<u64>,
        height: u64,
    ) -> impl Iterator<Item = (&Statement, &Signers)> {
        let bounds = Statement::new(stage, *views.start(), 0, 0)
            ..=Statement::new(stage, *views.end(), u64::MAX, u64::MAX);
        self.signers.range(bounds).filter(move |(statement, _)| statement.height == height)
    }

    /// Who signed a statement, if anybody did.
    pub fn of(&self, statement: &Statement) -> Option<&Signers> {
        self.signers.get(statement)
    }
}
