//! What must never happen, judged while a run happens, over honest members only: what no agreement may do
//! ([`crate::safety`]), and what belongs to these protocols.

pub mod evidence;
pub mod kept;
pub mod reports;
pub mod validity;

use super::vocabulary::{Fast, FastMessage, FastObservation};
use crate::safety::{Fact, Judged};
use crate::signers::Signers;
use crate::vote::{Stage, Statement, Vote};

use super::replica::SLOT;

impl Judged for Fast {
    const VOTES: &'static [&'static str] = &["Proposal", "Accepted", "Commit"];
    const SIGNED: &'static [&'static str] = &["Proposal", "Accepted", "Commit", "Certified", "Decided"];
    const CLAIMS: &'static [&'static str] = &["Accepted", "Promised", "Certified", "Committed"];
    const PREPARED: &'static [&'static str] = &["Certified"];
    const PLACE: &'static str = "slot";

    fn fact(observation: &FastObservation) -> Option<Fact> {
        Some(match *observation {
            FastObservation::Certified { view, digest } => {
                Fact::Prepared { view, height: SLOT, digest: digest.0 }
            }
            FastObservation::Committed { view, digest, .. } => {
                Fact::Committed { view, height: SLOT, digest: digest.0, value: digest.0 }
            }
            _ => return None,
        })
    }

    fn vote(message: &FastMessage) -> Option<&Vote> {
        match message {
            FastMessage::Proposal(proposal) => Some(&proposal.vote),
            FastMessage::Accepted(vote) | FastMessage::Commit { vote, .. } => Some(vote),
            _ => None,
        }
    }

    fn proof(message: &FastMessage) -> Option<(Statement, &Signers)> {
        match message {
            FastMessage::Certified(certificate)
            | FastMessage::Decided(certificate)
            | FastMessage::Commit { certificate: Some(certificate), .. } => {
                Some((certificate.statement, &certificate.signers))
            }
            _ => None,
        }
    }

    fn claim(observation: &FastObservation) -> Option<Statement> {
        let (stage, view, digest) = match *observation {
            FastObservation::Certified { view, digest } => (Stage::Prepare, view, digest),
            FastObservation::Committed { view, digest, track } => {
                (if track == "fast" { Stage::Prepare } else { Stage::Commit }, view, digest)
            }
            _ => return None,
        };
        Some(Statement { stage, view, height: SLOT, digest })
    }

    fn is_by_all(observation: &FastObservation) -> bool {
        matches!(observation, FastObservation::Committed { track: "fast", .. })
    }

    /// Who sees its own vote tells it to nobody else.
    fn cast(observation: &FastObservation) -> Option<Statement> {
        let (stage, view, digest) = match *observation {
            FastObservation::Accepted { view, digest, .. } => (Stage::Prepare, view, digest),
            FastObservation::Promised { view, digest } => (Stage::Commit, view, digest),
            _ => return None,
        };
        Some(Statement { stage, view, height: SLOT, digest })
    }
}

/// The checks of one of the two protocols, under its own names, in this order.
macro_rules! checks_of {
    (
        $agreement:literal, $certified:literal, $kept:literal, $reports:literal, $validity:literal,
        $certificates:literal, $equivocation:literal, $evidence:literal $(,)?
    ) => {
        sim_core::checks! {
            /// Every check, fresh, for one run.
            fn checks(members: u32, clients: u32) -> crate::fast::vocabulary::Fast {
                $agreement: "No two honest members decide different requests."
                    => crate::safety::agreement::Agreement::default(),
                $certified: "No two requests are certified in one view."
                    => crate::safety::agreement::OnePrepared::default(),
                $kept: "After a request is decided in a view, honest members accept no other one in later views."
                    => crate::fast::safety::kept::Kept::default(),
                $reports: "A member takes part in no view before one that it went on to, and reports everything that it accepted \
                    and committed to before."
                    => crate::fast::safety::reports::Reports::default(),
                $validity: "What is accepted and decided is what a client asked for."
                    => crate::fast::safety::validity::Validity::new(clients),
                $certificates: "What is certified or decided was signed by a quorum of distinct members, or by all if that is what it rests on."
                    => crate::safety::certificates::Certificates::new(members, crate::power::Power::EQUAL),
                $equivocation: "An honest member never signs two digests for one view and phase."
                    => crate::safety::equivocation::Equivocation::default(),
                $evidence: "A fork in one view convicts more than f members who signed both requests, all of them traitors."
                    => crate::fast::safety::evidence::Evidence::new(members),
            }
        }
    };
}
pub(super) use checks_of;
