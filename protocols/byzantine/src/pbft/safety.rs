//! What must never happen in PBFT, judged while a run happens, over honest members only.
//!
//! One checker per file. They read observations and messages together with the world's own truth, and never look into a
//! member. Members report what is durable, so that a crash takes nothing back.

pub mod accountability;
pub mod agreement;
pub mod certificates;
pub mod checkpoints;
pub mod equivocation;
pub mod new_view;
pub mod order;
pub mod replies;
pub mod requests;

use std::collections::BTreeMap;

use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::parameters::Parameters;
use super::vocabulary::{Pbft, PbftMessage};
use crate::signers::Signers;
use crate::vote::{Statement, Vote};

sim_core::checks! {
    /// Every check of PBFT, fresh, for one run.
    pub fn checks(members: u32, parameters: Parameters) -> Pbft {
        "pbft/agreement": "No two honest members commit different batches at one sequence number."
            => agreement::Agreement::default(),
        "pbft/prepared": "No two digests are prepared at one view and sequence number."
            => agreement::OnePrepared::default(),
        "pbft/total-order": "Honest members apply the same operations in the same order, without gaps."
            => order::TotalOrder::default(),
        "pbft/validity": "What is applied for an honest client is what the client asked for, and is applied once."
            => requests::Validity::default(),
        "pbft/replies": "What a client believes is what honest members answered."
            => replies::Replies::default(),
        "pbft/certificates": "What is prepared, committed or stable was signed by a quorum of distinct members."
            => certificates::Certificates::new(members),
        "pbft/equivocation": "An honest member never signs two digests for one view, sequence number and phase."
            => equivocation::Equivocation::default(),
        "pbft/new-view": "A new view keeps every digest that was committed before."
            => new_view::Kept::default(),
        "pbft/watermarks": "Members accept proposals between their watermarks only."
            => checkpoints::Watermarks::new(parameters.log_size()),
        "pbft/checkpoints": "Checkpoints of honest members are equal, and members execute without gaps."
            => checkpoints::Checkpoints::default(),
        "pbft/accountability": "A fork convicts more than f members, all of them traitors."
            => accountability::Accountability::new(members),
    }
}

/// Whether an observation comes from somebody who follows the protocol.
#[inline]
fn honest(ground: &Ground, seen: &Seen<'_, Pbft>) -> bool {
    ground.place(seen.slot).honest
}

/// The vote that a message is, if it is one.
fn vote_in(message: &PbftMessage) -> Option<&Vote> {
    match message {
        PbftMessage::PrePrepare(proposal) => Some(&proposal.vote),
        PbftMessage::Prepare(vote) | PbftMessage::Commit(vote) | PbftMessage::Checkpoint(vote) => Some(vote),
        _ => None,
    }
}

/// The kinds of messages that are votes.
const VOTES: &[&str] = &["PrePrepare", "Prepare", "Commit", "Checkpoint"];

/// Who signed what, as far as it was ever sent. Of what is said in the name of an honest member, only what it sent itself
/// counts: a traitor may send anything in its name.
#[derive(Clone, Debug, Default)]
struct Signatures {
    signers: BTreeMap<Statement, Signers>,
    /// What was noted last: a message is told once for each of its recipients.
    last: Option<Vote>,
}

impl Signatures {
    /// Notes a vote; false if it was known, or proves nothing.
    fn note(&mut self, ground: &Ground, from: NodeId, vote: &Vote) -> bool {
        if self.last.as_ref() == Some(vote) {
            return false;
        }
        self.last = Some(*vote);
        let signer = vote.signer();
        if signer != from && ground.honest(signer) {
            return false;
        }
        self.signers.entry(vote.statement).or_default().insert(signer)
    }

    fn of(&self, statement: &Statement) -> Option<&Signers> {
        self.signers.get(statement)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use sim_core::process::Signature;

    use super::*;

    /// A script of members.
    pub(in crate::pbft) type Script<C> = protocol_testing::script::Script<Pbft, C>;

    /// A vote of somebody, with a signature that nobody looks at.
    pub(in crate::pbft) fn vote(signer: u32, statement: Statement) -> Vote {
        Vote { statement, signature: Signature::forged(NodeId(signer), statement.digest.0) }
    }

    #[test]
    fn the_table_names_every_check_once_and_in_order() {
        let names: Vec<_> = CHECKS.iter().map(|named| named.name).collect();
        let fresh = checks(4, Parameters::default());
        assert_eq!(fresh.iter().map(|judge| judge.named.name).collect::<Vec<_>>(), names);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.starts_with("pbft/")));
    }
}
