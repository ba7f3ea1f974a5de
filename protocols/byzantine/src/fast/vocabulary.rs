//! What members say, keep and report.

use sim_core::facts;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Summary};

pub use super::reports::{Accepted, Proposal, Proposed, Report, Reported};
use crate::certificate::Certificate;
use crate::request::Request;
use crate::vote::{Stage, Statement, VOTE_SIZE, Vote};

sim_core::vocabulary! {
    /// Zyzzyva and FaB.
    pub Fast {
        message: FastMessage,
        timer: FastTimer,
        record: FastRecord,
        observation: FastObservation,
    }
}

const HEADER: u32 = 40;

facts! {
    /// What members say to each other.
    pub enum FastMessage {
        /// A client wants something done.
        Request(Request),
        /// The leader proposes a request.
        Proposal(Proposal),
        /// A member has accepted a request: Zyzzyva's speculative response, FaB's accepted.
        Accepted(Vote),
        /// A client of Zyzzyva shows that a quorum accepted a request.
        Certified(Certificate),
        /// A member holds the certificate of a request: Zyzzyva's local commit, FaB's commit proof. The latter shows it.
        Commit {
            /// What it holds.
            vote: Vote,
            /// The certificate, in FaB.
            certificate: Option<Certificate>,
        },
        /// A member goes on to another view.
        Report(Report),
        /// A request is decided.
        Decided(Certificate),
    }
}

/// The messages that tell the view that they belong to.
pub const ROUNDS: &[&str] = &["Proposal", "Accepted", "Certified", "Commit", "Report"];

impl Message for FastMessage {
    fn wire_size(&self) -> u32 {
        match self {
            Self::Request(request) => HEADER + request.wire(),
            Self::Proposal(proposal) => proposal.wire(),
            Self::Accepted(_) => VOTE_SIZE,
            Self::Certified(certificate) | Self::Decided(certificate) => HEADER + certificate.wire(),
            Self::Commit { certificate, .. } => VOTE_SIZE + certificate.as_ref().map_or(0, Certificate::wire),
            Self::Report(report) => report.wire(),
        }
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }

    /// The view, from 1; of a report the one that its sender goes on to. What clients ask for and decisions belong to none.
    fn round(&self) -> Option<u64> {
        let view = match self {
            Self::Proposal(proposal) => proposal.vote.statement.view,
            Self::Accepted(vote) | Self::Commit { vote, .. } => vote.statement.view,
            Self::Certified(certificate) => certificate.statement.view,
            Self::Report(report) => report.view,
            Self::Request(_) | Self::Decided(_) => return None,
        };
        Some(view.saturating_add(1))
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum FastTimer {
        /// A client asks.
        Ask,
        /// Nothing is decided in this view.
        View,
        /// A client waits for the answers of all no longer.
        Collect,
        /// A failed sync is tried again.
        Disk,
    }
}

facts! {
    /// What the journal holds.
    pub enum FastRecord {
        /// It asks for this.
        Asked(Request),
        /// It takes part in no view before this one.
        Entered {
            /// Which one.
            view: u64,
        },
        /// It proposes this.
        Proposed(Proposal),
        /// It accepts this.
        Accepted(Accepted),
        /// It holds this.
        Certified(Certificate),
        /// This is decided.
        Decided(Certificate),
    }
}

facts! {
    /// What members report.
    #[derive(PartialEq, Eq)]
    pub enum FastObservation {
        /// A member starts.
        Started {
            /// In which view.
            view: u64,
            /// How many slots it knows to be decided: none or one.
            executed: u64,
        },
        /// Its journal is damaged: it takes no part any more, since it cannot know what it signed.
        Halted,
        /// A client asks for something.
        Asked {
            /// The request.
            digest: ContentHash,
        },
        /// A member enters a view.
        Entered {
            /// Which one.
            view: u64,
            /// Whether it leads it.
            leader: bool,
        },
        /// A leader of a later view proposes what follows from reports.
        Chosen {
            /// In which view.
            view: u64,
            /// Which request.
            digest: ContentHash,
            /// What it follows from: "free", "certificate" or "accepted".
            because: &'static str,
        },
        /// A leader may propose nothing after what was reported.
        Unvouched {
            /// In which view.
            view: u64,
        },
        /// A member accepts a request.
        Accepted {
            /// In which view.
            view: u64,
            /// Which one.
            digest: ContentHash,
            /// Whose.
            client: NodeId,
        },
        /// A member has seen that a quorum accepted a request.
        Certified {
            /// In which view.
            view: u64,
            /// Which one.
            digest: ContentHash,
        },
        /// A member commits to a request of which it holds a certificate.
        Promised {
            /// In which view.
            view: u64,
            /// Which one.
            digest: ContentHash,
        },
        /// A member knows that a request is decided.
        Committed {
            /// In which view.
            view: u64,
            /// Which one.
            digest: ContentHash,
            /// How: "fast" or "slow".
            track: &'static str,
        },
        /// A member waited long enough.
        TimedOut {
            /// In which view.
            view: u64,
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

impl FastObservation {
    /// What this statement decides, signed by all or by a quorum.
    pub(super) const fn committed(said: Statement) -> Self {
        let track = if matches!(said.stage, Stage::Prepare) { "fast" } else { "slow" };
        Self::Committed { view: said.view, digest: said.digest, track }
    }
}

impl Observe for FastObservation {
    fn summary(&self) -> Summary {
        let about = |view, digest: ContentHash| Summary {
            rank: Some(view),
            digest: Some(digest.0),
            ..Summary::default()
        };
        match *self {
            Self::Started { view, executed } => Summary {
                role: Some("acceptor"),
                rank: Some(view),
                position: Some(executed),
                ..Summary::default()
            },
            Self::Halted => Summary { role: Some("halted"), ..Summary::default() },
            Self::Entered { view, leader } => {
                let role = if leader { "leader" } else { "acceptor" };
                Summary { role: Some(role), rank: Some(view), ..Summary::default() }
            }
            Self::Accepted { view, digest, client } => Summary { peer: Some(client), ..about(view, digest) },
            Self::Chosen { view, digest, .. }
            | Self::Certified { view, digest }
            | Self::Promised { view, digest } => about(view, digest),
            Self::Committed { view, digest, .. } => Summary { position: Some(1), ..about(view, digest) },
            Self::Unvouched { view } | Self::TimedOut { view } => {
                Summary { rank: Some(view), ..Summary::default() }
            }
            Self::Asked { digest } => Summary { digest: Some(digest.0), ..Summary::default() },
            Self::Refused { .. } => Summary::default(),
        }
    }
}
