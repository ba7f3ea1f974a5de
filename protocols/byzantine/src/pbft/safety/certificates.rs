//! Certificates: whatever is prepared, committed or stable was signed by a quorum of distinct members, by the world's own
//! record of what was sent. Traitors count as signers of everything: they may have put their signature into a certificate
//! that they sent, and never into a vote.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::super::vocabulary::{Pbft, PbftMessage, PbftObservation};
use super::{Signatures, VOTES, honest, vote_in};
use crate::quorum::Quorum;
use crate::signers::Signers;
use crate::vote::{Stage, Statement};

/// Who signed what.
#[derive(Clone, Debug)]
pub struct Certificates {
    members: u32,
    quorum: Quorum,
    signatures: Signatures,
}

impl Certificates {
    /// For so many members.
    pub fn new(members: u32) -> Self {
        Self { members, quorum: Quorum::of(members), signatures: Signatures::default() }
    }

    fn signers(&self, statement: Statement) -> Signers {
        self.signatures.of(&statement).cloned().unwrap_or_default()
    }

    /// Everybody whose signature counts; a member's own needs not be sent to anybody.
    fn backers(&self, ground: &Ground, statement: Statement, node: NodeId) -> Signers {
        let mut signers = self.signers(statement);
        for traitor in (0..self.members).map(NodeId).filter(|node| !ground.honest(*node)) {
            signers.insert(traitor);
        }
        if statement.stage == Stage::Prepare {
            // The primary's proposal is its vote.
            let proposers = self.signers(Statement { stage: Stage::Propose, ..statement });
            for node in proposers.iter() {
                signers.insert(node);
            }
        }
        signers.insert(node);
        signers
    }
}

impl Check<Pbft> for Certificates {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Prepared", "Committed", "Stable"])
    }

    fn reads(&self) -> &'static [&'static str] {
        VOTES_AND_NEW_VIEWS
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, _: NodeId, message: &PbftMessage, _: &mut Findings) {
        if let Some(vote) = vote_in(message) {
            self.signatures.note(ground, from, vote);
        } else if let PbftMessage::NewView(new_view) = message {
            for proposal in &new_view.proposals {
                self.signatures.note(ground, from, &proposal.vote);
            }
        }
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !honest(ground, seen) {
            return;
        }
        let (stage, at, digest) = match *seen.observation {
            PbftObservation::Prepared { view, sequence, digest } => {
                (Stage::Prepare, (view, sequence), digest)
            }
            PbftObservation::Committed { view, sequence, digest, .. } => {
                (Stage::Commit, (view, sequence), digest)
            }
            PbftObservation::Stable { sequence, digest } => (Stage::Checkpoint, (0, sequence), digest),
            _ => return,
        };
        findings.exercised();
        let (node, needed) = (seen.node, self.quorum.size());
        let statement = Statement::new(stage, at.0, at.1, digest.0);
        let backers = self.backers(ground, statement, node);
        if backers.len() < needed {
            let text = format!(
                "{node} takes {statement} for proved, which {} of {needed} members signed",
                backers.len()
            );
            findings.safety(stage.name(), &[node], text);
        }
    }
}

const VOTES_AND_NEW_VIEWS: &[&str] = &[VOTES[0], VOTES[1], VOTES[2], VOTES[3], "NewView"];

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::{Script, vote};
    use super::*;

    fn script(commits: &[(u32, u32)]) -> Script<Certificates> {
        let mut script = Script::new(Certificates::new(4), 4);
        script.corrupt(3);
        for (from, signer) in commits {
            let message = PbftMessage::Commit(vote(*signer, Statement::new(Stage::Commit, 0, 1, 5)));
            script.check.sent(&script.ground, NodeId(*from), NodeId(0), &message, &mut script.findings);
        }
        let digest = ContentHash(5);
        script.see(0, PbftObservation::Committed { view: 0, sequence: 1, digest, batch: digest });
        script
    }

    #[test]
    fn a_traitor_may_have_signed_in_a_certificate_only() {
        assert_eq!(script(&[(1, 1)]).violations(), 0, "n1 itself, n2, and n4, who is a traitor");
        assert_eq!(script(&[]).violations(), 1, "n1 itself and the traitor are no quorum");
    }

    #[test]
    fn a_commit_needs_a_quorum_that_signed_it() {
        assert_eq!(script(&[(1, 1), (2, 2)]).violations(), 0);
        assert_eq!(script(&[(1, 1), (1, 1)]).violations(), 0, "n4 may have");
        assert_eq!(script(&[(1, 1), (3, 3)]).violations(), 0, "a traitor's vote counts");
        assert_eq!(script(&[(3, 3), (3, 2)]).violations(), 1, "but not one that it makes up");
    }
}
