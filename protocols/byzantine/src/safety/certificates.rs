//! Certificates: whatever is prepared, committed or stable was signed by a quorum of distinct members, by the world's own
//! record of what was sent. Traitors count as signers of everything: they may have put their signature into a certificate
//! that they sent, and never into a vote.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::{Judged, Signatures};
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

    /// Everybody whose signature counts.
    fn backers<P: Judged>(&self, ground: &Ground, statement: Statement, seen: &Seen<'_, P>) -> Signers {
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
        // It may have signed before a crash that swallowed its vote, and who is alone sends its vote to nobody.
        if ground.place(seen.slot).incarnation > 0 || self.members == 1 {
            signers.insert(seen.node);
        }
        signers
    }
}

impl<P: Judged> Check<P> for Certificates {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(P::CLAIMS)
    }

    fn reads(&self) -> &'static [&'static str] {
        P::SIGNED
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, _: NodeId, message: &P::Message, _: &mut Findings) {
        P::votes(message, &mut |vote| {
            self.signatures.note(ground, from, vote);
        });
        let proof = P::proof(message).filter(|(_, signers)| ground.honest(from) && signers.contains(from));
        if let Some((statement, _)) = proof {
            self.signatures.note_own(from, statement);
        }
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        if let Some(statement) = P::cast(seen.observation) {
            return self.signatures.note_own(seen.node, statement);
        }
        let Some(statement) = P::claim(seen.observation) else { return };
        findings.exercised();
        let (node, quorum) = (seen.node, self.power.quorum(self.members).size());
        let all = || self.power.sum((0..self.members).map(NodeId));
        let needed = if P::is_by_all(seen.observation) { all() } else { quorum };
        let backers = self.backers(ground, statement, seen);
        let backed = self.power.sum(backers.iter());
        // What it believes rests on a vote that a crash swallowed: it has signed.
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

    use sim_core::process::Aggregate;

    use super::*;
    use crate::certificate::{Scheme, Signed};
    use crate::pbft::safety::tests::{Script, vote};
    use crate::pbft::vocabulary::{PbftMessage, PbftObservation};
    use crate::request::Requests;
    use crate::shared::Shared;
    use crate::vote::Stage;

    fn script(commits: &[(u32, u32)], restarted: bool) -> Script<Certificates> {
        let mut script = Script::new(Certificates::new(4, Power::EQUAL), 4);
        script.corrupt(3);
        script.ground.places[0].incarnation = u32::from(restarted);
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
        assert_eq!(script(&[(0, 0), (1, 1)], false).violations(), 0, "n1, n2, and n4, who is a traitor");
        assert_eq!(script(&[(0, 0)], false).violations(), 1, "n1 and the traitor are no quorum");
    }

    #[test]
    fn a_commit_needs_a_quorum_that_signed_it() {
        assert_eq!(script(&[(0, 0), (1, 1), (2, 2)], false).violations(), 0);
        assert_eq!(script(&[(0, 0), (1, 1), (1, 1)], false).violations(), 0, "n4 may have");
        assert_eq!(script(&[(0, 0), (1, 1), (3, 3)], false).violations(), 0, "a traitor's vote counts");
        assert_eq!(script(&[(0, 0), (3, 3), (3, 2)], false).violations(), 1, "but not one that it makes up");
    }

    /// Found by the swarm, seed 9009330: a member was crashed as it wrote its vote down, and handed the certificate on once it was
    /// back.
    #[test]
    fn whoever_hands_a_certificate_on_has_signed_what_it_shows_of_it() {
        let hands_on = |from: u32, signers: &[u32]| {
            let statement = Statement::new(Stage::Commit, 0, 1, 5);
            let mut script = Script::new(Certificates::new(4, Power::EQUAL), 4);
            for signer in [1, 2] {
                script.send(signer, 3, PbftMessage::Commit(vote(signer, statement)));
            }
            let signers = signers.iter().copied().map(NodeId).collect();
            let aggregate = Aggregate::default();
            let signed = Signed { statement, signers, aggregate, scheme: Scheme::Single };
            let batch = Requests::batch(Vec::new());
            script.send(from, 3, PbftMessage::Committed { certificate: Shared::new(signed), batch });
            let digest = ContentHash(5);
            script.see(3, PbftObservation::Committed { view: 0, sequence: 1, digest, batch: digest });
            script.violations()
        };
        assert_eq!(hands_on(0, &[0, 1, 2]), 0);
        assert_eq!(hands_on(1, &[0, 1, 2]), 1, "n2 does not speak for n1");
        assert_eq!(hands_on(0, &[1, 2]), 1, "n1 is not among them");
    }

    #[test]
    fn a_members_own_vote_may_be_missing_only_if_a_crash_can_have_swallowed_it() {
        assert_eq!(script(&[(1, 1)], false).violations(), 1, "n1 never crashed, and has sent no vote");
        assert_eq!(script(&[(1, 1)], true).violations(), 0);
        assert_eq!(script(&[], true).violations(), 1, "with its own it is still no quorum");
    }
}
