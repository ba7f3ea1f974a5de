//! Certificates: whatever is prepared, committed or stable was signed by a quorum of distinct members, by the world's own
//! record of what was sent. Traitors count as signers of everything: they may have put their signature into a certificate
//! that they sent, and never into a vote.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::{Judged, Signatures, honest};
use crate::power::Power;
use crate::signers::Signers;
use crate::vote::Statement;

/// Who signed what.
#[derive(Clone, Debug)]
pub struct Certificates {
    members: u32,
    power: Power,
    signatures: Signatures,
}

impl Certificates {
    /// For so many members of this voting power.
    pub fn new(members: u32, power: Power) -> Self {
        Self { members, power, signatures: Signatures::default() }
    }

    fn signers(&self, statement: Statement) -> Signers {
        self.signatures.of(&statement).cloned().unwrap_or_default()
    }

    /// Everybody whose signature counts; a member's own needs not be sent to anybody.
    fn backers<P: Judged>(&self, ground: &Ground, statement: Statement, node: NodeId) -> Signers {
        let mut signers = self.signers(statement);
        for traitor in (0..self.members).map(NodeId).filter(|node| !ground.honest(*node)) {
            signers.insert(traitor);
        }
        if let Some(stage) = P::implies(statement.stage) {
            let proposers = self.signers(Statement { stage, ..statement });
            for node in proposers.iter() {
                signers.insert(node);
            }
        }
        signers.insert(node);
        signers
    }
}

impl<P: Judged> Check<P> for Certificates {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(P::CLAIMS)
    }

    fn reads(&self) -> &'static [&'static str] {
        P::VOTES
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, _: NodeId, message: &P::Message, _: &mut Findings) {
        P::votes(message, &mut |vote| {
            self.signatures.note(ground, from, vote);
        });
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !honest(ground, seen) {
            return;
        }
        if let Some(statement) = P::cast(seen.observation) {
            return self.signatures.note_own(seen.node, statement);
        }
        let Some(statement) = P::claim(seen.observation) else { return };
        findings.exercised();
        let (node, needed) = (seen.node, self.power.quorum(self.members).size());
        let backers = self.backers::<P>(ground, statement, node);
        let backed = self.power.sum(backers.iter());
        // What it believes rests on a vote of its own that it may have sent to nobody before it crashed: it has signed.
        if backed >= needed && self.power.sum(backers.iter().filter(|backer| *backer != node)) < needed {
            self.signatures.note_own(node, statement);
        }
        if backed < needed {
            let text =
                format!("{node} takes {statement} for proved, which {backed} of {needed} members signed");
            findings.safety(statement.stage.name(), &[node], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::*;
    use crate::pbft::safety::tests::{Script, vote};
    use crate::pbft::vocabulary::{PbftMessage, PbftObservation};
    use crate::vote::Stage;

    fn script(commits: &[(u32, u32)]) -> Script<Certificates> {
        let mut script = Script::new(Certificates::new(4, Power::EQUAL), 4);
        script.corrupt(3);
        for (from, signer) in commits {
            let message = PbftMessage::Commit(vote(*signer, Statement::new(Stage::Commit, 0, 1, 5)));
            script.send(*from, 0, message);
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
