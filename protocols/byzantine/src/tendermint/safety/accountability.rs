//! Accountability: on a fork, what was signed names those who made it possible.
//!
//! Two decisions in one round need two quorums of precommits, which share more than f: those signed both. Two decisions in
//! different rounds need a quorum of prevotes for another block in a round after the first, and the earliest such quorum
//! shares more than f with the precommits of the first decision. These had precommitted, so that they were locked, and
//! prevoted for another block, although no quorum had prevoted for it since: they forgot their lock. That no such quorum
//! was ever signed, the world's own record knows; a third party would have to ask each of them for its proof.
//!
//! Also without a fork it keeps what traitors proposed in two versions, for the page of the run.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::outcome::Table;

use super::super::vocabulary::{Tendermint, TendermintMessage, TendermintObservation};
use super::is_block;
use crate::certificate::Certificate;
use crate::power::Power;
use crate::quorum::Quorum;
use crate::safety::guilt::{Charge, fewest};
use crate::safety::versions::{Versions, Words};
use crate::safety::{Judged, Signatures};
use crate::signers::Signers;
use crate::vote::{Stage, Statement};

/// How the table of versions calls things.
const WORDS: Words = Words {
    view: "round",
    place: "height",
    value: "block",
    votes: "precommits, of a quorum",
    stage: Stage::Precommit,
};

/// What a third party lacks to convict those who forgot their lock.
const NO_PROOF_OF_LOCK: &str = "the knowledge that no quorum prevoted for the second block between the two rounds: each of them would have to \
                                show such a quorum, and cannot";

/// A decision, and whose.
#[derive(Clone, Copy, Debug)]
struct Decision {
    round: u64,
    block: u64,
    content: u64,
    by: NodeId,
}

/// Who signed what, and what follows from it.
#[derive(Clone, Debug)]
pub struct Accountability {
    power: Power,
    quorum: Quorum,
    signatures: Signatures,
    /// The certificate that was looked at last: a message is told once for each of its recipients.
    last: Option<Certificate>,
    decided: OrderedMap<u64, Decision>,
    forked: OrderedSet<u64>,
    versions: Versions,
}

impl Accountability {
    /// For so many members of this power.
    pub fn new(members: u32, power: Power) -> Self {
        Self {
            power,
            quorum: power.quorum(members),
            signatures: Signatures::default(),
            last: None,
            decided: OrderedMap::new(),
            forked: OrderedSet::new(),
            versions: Versions::default(),
        }
    }

    fn is_quorum(&self, signers: &Signers) -> bool {
        self.power.sum(signers.iter()) >= self.quorum.size()
    }

    /// The fewest who must have signed both statements for each to have a quorum, if each has.
    fn signed_by_both(&self, [one, other]: [Statement; 2], how: &'static str) -> Option<Charge> {
        let (first, second) = (self.signatures.of(&one)?, self.signatures.of(&other)?);
        if !self.is_quorum(first) || !self.is_quorum(second) {
            return None;
        }
        let sets = [first, second].map(|signers| self.power.sum(signers.iter()));
        let nodes = fewest(first.shared(second).collect(), sets, self.power, self.quorum)?;
        Some(Charge::signed_both(nodes, [one, other], how))
    }

    /// Who signed two blocks in a round for each of which there is a quorum.
    fn signed_both(&self, stage: Stage, round: u64, height: u64, blocks: [u64; 2]) -> Option<Charge> {
        let both = blocks.map(|block| Statement::new(stage, round, height, block));
        self.signed_by_both(both, "who signed two blocks")
    }

    /// Who had precommitted, and prevoted for another block in the earliest round in which a quorum did.
    fn forgot(&self, height: u64, [one, other]: [Decision; 2]) -> Option<Charge> {
        if one.round == other.round {
            return None;
        }
        let (earlier, later) = if one.round < other.round { (one, other) } else { (other, one) };
        let promise = Statement::new(Stage::Precommit, earlier.round, height, earlier.block);
        let after = self.signatures.within(Stage::Prevote, earlier.round..=later.round, height);
        let (vote, _) = after
            .filter(|(said, _)| is_block(said.digest.0) && said.digest.0 != earlier.block)
            .find(|(_, signers)| self.is_quorum(signers))?;
        if vote.view == earlier.round {
            return self.signed_both(Stage::Prevote, vote.view, height, [earlier.block, vote.digest.0]);
        }
        let charge =
            self.signed_by_both([promise, *vote], "who forgot the block that they were locked on")?;
        Some(charge.beyond(NO_PROOF_OF_LOCK))
    }

    fn judge_fork(&self, ground: &Ground, height: u64, decisions: [Decision; 2], findings: &mut Findings) {
        let traitors = ground.members().filter(|(_, place)| !place.honest).map(|(_, place)| place.node);
        let decided = decisions.map(|decision| {
            format!(
                "{} decided {:016x} at {height} in round {}",
                decision.by, decision.content, decision.round
            )
        });
        let [one, other] = decisions;
        let same = |stage| {
            let blocks = [one.block, other.block];
            (one.round == other.round).then(|| self.signed_both(stage, one.round, height, blocks)).flatten()
        };
        let sets = [same(Stage::Precommit), same(Stage::Prevote), self.forgot(height, decisions)];
        let Some(charge) = sets.into_iter().flatten().min_by_key(|charge| charge.nodes().count()) else {
            // With more than 2f traitors, nobody promises that they can be named.
            if self.power.sum(traitors) <= 2 * self.quorum.faulty() {
                let text = format!("a fork at {height} convicts no members with a power of f + 1");
                findings.safety("fork without culprits", &[], text);
                findings.because(decided);
            }
            return;
        };
        charge.report(ground, &format!("at height {height}"), decided, findings);
    }

    /// A traitor may have signed what others show in a certificate, and have sent it to nobody else.
    fn note_certificate(&mut self, ground: &Ground, certificate: &Certificate) {
        if self.last.as_ref() == Some(certificate) {
            return;
        }
        self.last = Some(certificate.clone());
        if !certificate.is_signed(ground) {
            return;
        }
        for signer in certificate.signers.iter().filter(|signer| !ground.honest(*signer)) {
            self.signatures.shown(certificate.statement, signer);
        }
    }
}

impl Check<Tendermint> for Accountability {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Accepted", "Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Tendermint>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            TendermintObservation::Accepted { height, round, digest, .. } => {
                self.versions.accepted(round, height, digest.0, seen.node);
            }
            TendermintObservation::Committed { height, round, block, content } => {
                self.versions.committed(round, height, block.0, seen.node);
                let decision = Decision { round, block: block.0, content: content.0, by: seen.node };
                let first = *self.decided.entry(height).or_insert(decision);
                if first.content != decision.content && self.forked.insert(height) {
                    self.judge_fork(ground, height, [first, decision], findings);
                }
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Proposal", "Prevote", "Precommit", "Committed"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &TendermintMessage,
        findings: &mut Findings,
    ) {
        let shown = match message {
            TendermintMessage::Proposal(proposal) => {
                if !ground.honest(proposal.vote.signer()) {
                    self.versions.told(&proposal.vote, to);
                }
                proposal.proof.as_ref()
            }
            TendermintMessage::Precommit { polka, .. } => polka.as_ref(),
            TendermintMessage::Committed { certificate, .. } => Some(certificate),
            _ => None,
        };
        if let Some(certificate) = shown {
            self.note_certificate(ground, certificate);
        }
        if let Some(vote) = Tendermint::vote(message) {
            findings.exercised_by(u64::from(self.signatures.note(ground, from, vote)));
        }
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        self.versions.table(WORDS, &self.signatures, (self.power, self.quorum.size()))
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::Verdict;
    use sim_core::facts::ContentHash;

    use super::super::tests::{Script, vote};
    use super::*;

    fn say(script: &mut Script<Accountability>, stage: Stage, round: u64, said: &[(u32, u64)]) {
        for (signer, block) in said {
            let vote = vote(*signer, stage, (1, round), *block);
            let message = match stage {
                Stage::Prevote => TendermintMessage::Prevote(vote),
                _ => TendermintMessage::Precommit { vote, polka: None },
            };
            script.send(*signer, 1, message);
        }
    }

    fn decide(script: &mut Script<Accountability>, slot: u32, round: u64, block: u64) {
        let block = ContentHash(block);
        script.see(slot, TendermintObservation::Committed { height: 1, round, block, content: block });
    }

    fn script() -> Script<Accountability> {
        let mut script = Script::new(Accountability::new(4, Power::EQUAL), 4);
        script.corrupt(0).corrupt(3);
        script
    }

    fn convicted(script: &Script<Accountability>) -> (&str, Verdict, Vec<u32>) {
        let [found] = script.findings.violations() else { panic!("{:?}", script.findings.violations()) };
        (&found.message, found.verdict, found.nodes.iter().map(|node| node.0).collect())
    }

    #[test]
    fn a_fork_in_one_round_convicts_those_who_signed_both() {
        let mut script = script();
        say(&mut script, Stage::Precommit, 0, &[(0, 5), (3, 5), (1, 5), (0, 6), (3, 6), (2, 6)]);
        decide(&mut script, 1, 0, 5);
        decide(&mut script, 2, 0, 6);
        let (message, verdict, nodes) = convicted(&script);
        assert_eq!((verdict, &nodes[..]), (Verdict::Assumption, &[0, 3][..]));
        assert!(message.ends_with("who signed two blocks"), "{message}");
        let evidence = &script.findings.evidence()[0];
        assert_eq!(evidence.facts.len(), 5);
        assert_eq!(evidence.guilt.as_ref().expect("it is a fork").beyond_statements, None);
    }

    #[test]
    fn a_fork_across_rounds_convicts_those_who_forgot_their_lock() {
        let mut script = script();
        say(&mut script, Stage::Precommit, 0, &[(0, 5), (3, 5), (1, 5), (2, 0)]);
        decide(&mut script, 1, 0, 5);
        say(&mut script, Stage::Prevote, 2, &[(0, 6), (3, 6), (2, 6)]);
        say(&mut script, Stage::Precommit, 2, &[(0, 6), (3, 6), (2, 6)]);
        decide(&mut script, 2, 2, 6);
        let (message, verdict, nodes) = convicted(&script);
        assert_eq!((verdict, &nodes[..]), (Verdict::Assumption, &[0, 3][..]));
        assert!(message.ends_with("who forgot the block that they were locked on"), "{message}");
        let guilt = script.findings.evidence()[0].guilt.as_ref().expect("it is a fork");
        assert_eq!(guilt.beyond_statements.as_deref(), Some(NO_PROOF_OF_LOCK));
    }

    /// n2 was locked on the first block, and a quorum prevoted for the second one in round 1: it may follow in round 2.
    #[test]
    fn who_followed_a_quorum_is_not_accused() {
        let mut script = script();
        say(&mut script, Stage::Precommit, 0, &[(0, 5), (3, 5), (1, 5)]);
        decide(&mut script, 1, 0, 5);
        say(&mut script, Stage::Prevote, 1, &[(0, 6), (3, 6), (2, 6)]);
        say(&mut script, Stage::Prevote, 2, &[(0, 6), (1, 6), (2, 6), (3, 6)]);
        say(&mut script, Stage::Precommit, 2, &[(0, 6), (1, 6), (2, 6)]);
        decide(&mut script, 2, 2, 6);
        assert_eq!(convicted(&script).2, [0, 3]);
    }

    /// A traitor shows a certificate with the name of another one in it.
    #[test]
    fn a_made_up_certificate_shows_nothing() {
        use sim_core::check::script::signature;
        use sim_core::process::Aggregate;

        use crate::certificate::{Scheme, Signed};
        use crate::shared::Shared;

        let mut script = script();
        let statement = Statement::new(Stage::Precommit, 0, 1, 5);
        let mut aggregate = Aggregate::default();
        aggregate.add(&signature(NodeId(0), statement.signed_content()));
        let mut show = |signers: [u32; 2], aggregate| {
            let signers = signers.into_iter().map(NodeId).collect();
            let certificate = Signed { statement, signers, aggregate, scheme: Scheme::Single };
            script.check.note_certificate(&script.ground, &Shared::new(certificate));
            script.check.signatures.of(&statement).is_some_and(|signers| signers.contains(NodeId(3)))
        };
        assert!(!show([0, 3], aggregate));
        aggregate.add(&signature(NodeId(3), statement.signed_content()));
        assert!(show([0, 3], aggregate));
    }

    #[test]
    fn a_fork_that_nobody_is_guilty_of_is_a_violation_of_its_own() {
        let mut script = script();
        decide(&mut script, 1, 0, 5);
        decide(&mut script, 2, 0, 6);
        assert_eq!(convicted(&script).1, Verdict::Safety);
    }

    #[test]
    fn what_was_proposed_in_two_versions_is_shown_with_what_came_of_each() {
        use super::super::super::vocabulary::{BlockContent, Proposed};
        use crate::request::Requests;
        use crate::shared::Shared;
        let mut script = script();
        let batch = Requests::batch(Vec::new());
        let block = Shared::new(BlockContent {
            height: 1,
            round: 0,
            proposer: NodeId(0),
            parent: ContentHash(0),
            batch,
        });
        for (to, digest) in [(1, 5), (2, 6)] {
            let vote = vote(0, Stage::Propose, (1, 0), digest);
            let proposal = Proposed { vote, block: block.clone(), proof: None };
            script.send(0, to, TendermintMessage::Proposal(Shared::new(proposal)));
            let digest = ContentHash(digest);
            let by = NodeId(0);
            script
                .see(to, TendermintObservation::Accepted { height: 1, round: 0, digest, block: digest, by });
        }
        decide(&mut script, 1, 0, 5);
        let table = script.check.table(&script.ground).expect("there were two versions");
        let cells = |row: usize| table.rows[row][3..].join(" | ");
        assert_eq!(cells(0), "n2 | n2 | 0 of 3: nobody | n2");
        assert_eq!(cells(1), "n3 | n3 | 0 of 3: nobody | nobody");
    }
}
