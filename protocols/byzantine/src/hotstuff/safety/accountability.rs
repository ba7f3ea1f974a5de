//! Accountability: on a fork, what was signed names those who made it possible.
//!
//! Two blocks that are certified in one view share more than f voters: those signed both. Else the fork lies across views:
//! a quorum was locked on the block that was committed first, and the lowest certified block of a later view that does not
//! extend it shares more than f voters with that quorum. Under the two-chain rule such a block rests on a timeout
//! certificate instead, whose signers denied the certificate that they had voted on.
//!
//! Who voted is known by the votes that were sent or reported, and, for traitors, by certificates whose signatures are
//! theirs. So nobody is accused of what somebody put into a made-up certificate.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::outcome::Table;

use super::super::blocks::{Block, TimeoutCertificate};
use super::super::parameters::Rule;
use super::super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation};
use super::versions::Versions;
use crate::certificate::Certificate;
use crate::power::Power;
use crate::quorum::Quorum;
use crate::safety::guilt::{Charge, fewest};
use crate::safety::{Judged, Signatures};
use crate::signers::Signers;
use crate::vote::{Stage, Statement, Vote};

/// What a third party needs to see that a vote was against a lock.
const THE_BLOCKS: &str = "the blocks that were signed: the second does not extend the first, and rests on a certificate that is not newer";
/// What a third party needs to see that a timeout denied a certificate.
const THE_BLOCK: &str = "the block that was signed, which rests on a certificate that the timeout denies";

/// A commit, and whose.
#[derive(Clone, Copy, Debug)]
struct Commit {
    view: u64,
    digest: u64,
    by: NodeId,
}

/// Who signed what, and what follows from it.
#[derive(Clone, Debug)]
pub struct Accountability {
    quorum: Quorum,
    rule: Rule,
    signatures: Signatures,
    /// The signers in genuine certificates that were shown.
    shown: OrderedMap<Statement, Signers>,
    /// What an honest member accepted as certified.
    accepted: OrderedSet<Statement>,
    blocks: OrderedMap<u64, Block>,
    decided: OrderedMap<u64, Commit>,
    forked: bool,
    versions: Versions,
    /// The last certificate that was looked at.
    last: Option<Certificate>,
}

impl Accountability {
    /// For so many members that commit by a rule.
    pub fn new(members: u32, rule: Rule) -> Self {
        Self {
            quorum: Quorum::of(members),
            rule,
            signatures: Signatures::default(),
            shown: OrderedMap::new(),
            accepted: OrderedSet::new(),
            blocks: OrderedMap::new(),
            decided: OrderedMap::new(),
            forked: false,
            versions: Versions::default(),
            last: None,
        }
    }

    /// A certificate was shown: it tells which traitors voted.
    fn note(&mut self, ground: &Ground, certificate: &Certificate) {
        if self.last.as_ref() == Some(certificate) {
            return;
        }
        self.last = Some(certificate.clone());
        if !certificate.is_signed(ground) {
            return;
        }
        let signers = self.shown.entry(certificate.statement).or_default();
        certificate.signers.iter().for_each(|node| {
            signers.insert(node);
        });
    }

    /// Who voted for that.
    fn voters(&self, ground: &Ground, said: &Statement) -> Signers {
        let mut voters = self.signatures.of(said).cloned().unwrap_or_default();
        let shown = self.shown.get(said).into_iter().flat_map(Signers::iter);
        shown.filter(|node| !ground.honest(*node)).for_each(|node| {
            voters.insert(node);
        });
        voters
    }

    /// The fewest who must have signed both of two certified blocks of one view.
    fn signed_both(&self, ground: &Ground) -> Option<Charge> {
        let pairs = self.accepted.iter().zip(self.accepted.iter().skip(1));
        let same = |one: &Statement, other: &Statement| (one.view, one.stage) == (other.view, other.stage);
        pairs.filter(|(one, other)| same(one, other)).find_map(|(one, other)| {
            let voters = [self.voters(ground, one), self.voters(ground, other)];
            let nodes = self.fewest(&voters)?;
            Some(Charge::signed_both(nodes, [*one, *other], "who signed two blocks of one view"))
        })
    }

    /// The fewest that must be in both sets for each to be a quorum.
    fn fewest(&self, [one, other]: &[Signers; 2]) -> Option<Vec<NodeId>> {
        fewest(one.shared(other).collect(), [one.len(), other.len()], Power::EQUAL, self.quorum)
    }

    /// Whether a block is another one or stands on it.
    fn extends(&self, block: &Block, other: u64) -> bool {
        let mut next = Some(block);
        while let Some(block) = next {
            if block.hash() == other {
                return true;
            }
            next = self.blocks.get(&block.parent());
        }
        false
    }

    /// The votes by which a quorum was locked on a block that was committed.
    fn locking(&self, commit: Commit) -> Option<Statement> {
        let above = match self.rule {
            Rule::Basic => {
                let block = self.blocks.get(&commit.digest)?;
                return Some(Statement::new(Stage::Commit, block.view, block.height, commit.digest));
            }
            Rule::TwoChain => 1,
            Rule::ThreeChain => 2,
        };
        let locks = |said: &&Statement| {
            let block = self.blocks.get(&said.digest.0);
            said.view == commit.view + above && block.is_some_and(|block| self.extends(block, commit.digest))
        };
        self.accepted.iter().find(locks).copied()
    }

    /// Who was locked on the earlier block, and helped to certify one of a later view that does not extend it.
    fn voted_against_lock(&self, ground: &Ground, commits: [Commit; 2]) -> Option<Charge> {
        let [one, other] = commits;
        let earlier = if one.view < other.view { one } else { other };
        let locking = self.locking(earlier)?;
        let locked = self.voters(ground, &locking);
        let conflicts = |said: &&Statement| {
            let block = self.blocks.get(&said.digest.0);
            said.view > earlier.view && block.is_some_and(|block| !self.extends(block, earlier.digest))
        };
        let against = self.accepted.iter().filter(conflicts).min_by_key(|said| said.view)?;
        let block = self.blocks.get(&against.digest.0)?;
        let timeout = block
            .timeout
            .as_ref()
            .filter(|timeout| self.rule == Rule::TwoChain && timeout.view == block.view);
        match timeout {
            Some(timeout) => self.denied(ground, (locking, &locked), (earlier.view, timeout), *against),
            None => {
                let nodes = self.fewest(&[locked, self.voters(ground, against)])?;
                let mut charge = Charge::new("who voted against their own lock").beyond(THE_BLOCKS);
                for node in nodes {
                    let fact = format!(
                        "{node} signed {locking}, and then a vote for a block that does not extend it, for {against}"
                    );
                    charge.add(node, [locking.into(), (*against).into()], fact);
                }
                Some(charge)
            }
        }
    }

    /// Who voted on a certificate of a view, and denied in a timeout to have it.
    fn denied(
        &self,
        ground: &Ground,
        (locking, locked): (Statement, &Signers),
        (view, timeout): (u64, &TimeoutCertificate),
        against: Statement,
    ) -> Option<Charge> {
        let signed = |vote: &&Vote| ground.signed(vote.statement.signed_content(), &vote.signature);
        let votes: Vec<&Vote> = timeout.votes.iter().filter(signed).collect();
        let denies = |vote: &&&Vote| vote.statement.height < view && locked.contains(vote.signer());
        let denied: Signers = votes.iter().filter(denies).map(|vote| vote.signer()).collect();
        let all: Signers = votes.iter().map(|vote| vote.signer()).collect();
        let nodes = fewest(denied.iter().collect(), [locked.len(), all.len()], Power::EQUAL, self.quorum)?;
        let how = "who denied in a timeout the certificate that they had voted on";
        let mut charge = Charge::new(how).beyond(THE_BLOCK);
        for vote in votes.into_iter().filter(|vote| nodes.contains(&vote.signer())) {
            let node = vote.signer();
            let fact = format!("{node} signed {locking}, and then a timeout that denies it, for {against}");
            charge.add(node, [locking.into(), vote.statement.into()], fact);
        }
        Some(charge)
    }

    fn judge_fork(&self, ground: &Ground, height: u64, commits: [Commit; 2], findings: &mut Findings) {
        let traitors = ground.members().filter(|(_, place)| !place.honest).count();
        let decided = commits.map(|commit| {
            format!("{} committed {:016x} at {height} of view {}", commit.by, commit.digest, commit.view)
        });
        let charge = self.signed_both(ground).or_else(|| self.voted_against_lock(ground, commits));
        let Some(charge) = charge else {
            // With more than 2f traitors, nobody promises that they can be named.
            if traitors <= 2 * self.quorum.faulty() as usize {
                let text =
                    format!("a fork at height {height} convicts no {} members", self.quorum.one_honest());
                findings.safety("fork without culprits", &[], text);
                findings.because(decided);
            }
            return;
        };
        charge.report(ground, &format!("at height {height}"), decided, findings);
    }
}

impl Check<Hotstuff> for Accountability {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Voted", "Certified", "Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        self.versions.observe(seen.node, seen.observation);
        if let Some(statement) = Hotstuff::cast(seen.observation) {
            return self.signatures.note_own(seen.node, statement);
        }
        if let Some(statement) = Hotstuff::claim(seen.observation) {
            self.accepted.insert(statement);
            return;
        }
        let HotstuffObservation::Committed { view, height, digest, .. } = *seen.observation else { return };
        let commit = Commit { view, digest: digest.0, by: seen.node };
        let first = *self.decided.entry(height).or_insert(commit);
        if first.digest != commit.digest && !std::mem::replace(&mut self.forked, true) {
            self.judge_fork(ground, height, [first, commit], findings);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Proposal", "Vote", "Certified", "Tip"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &HotstuffMessage,
        findings: &mut Findings,
    ) {
        match message {
            HotstuffMessage::Proposal(proposal) => {
                self.versions.told(ground, proposal, to);
                self.note(ground, &proposal.block.justify);
                let digest = proposal.block.hash();
                self.blocks.entry(digest).or_insert_with(|| proposal.block.clone());
            }
            HotstuffMessage::Vote(vote) => {
                findings.exercised_by(u64::from(self.signatures.note(ground, from, vote)));
            }
            HotstuffMessage::Certified(certificate) | HotstuffMessage::Tip { high: certificate, .. } => {
                self.note(ground, certificate);
            }
            _ => {}
        }
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        self.versions.table()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::{Verdict, script};
    use sim_core::facts::ContentHash;
    use sim_core::process::Aggregate;

    use super::super::super::blocks::{Made, Proposed, genesis};
    use super::super::tests::{Script, vote};
    use super::*;
    use crate::certificate::{Scheme, Signed};
    use crate::request::Requests;
    use crate::shared::Shared;

    fn block(view: u64, height: u64, justify: &Certificate) -> Block {
        let (justify, batch) = (justify.clone(), Requests::batch(Vec::new()));
        Shared::new(Made { view, height, justify, timeout: None, batch })
    }

    fn statement(block: &Block) -> Statement {
        Statement::new(Stage::Prepare, block.view, block.height, block.hash())
    }

    /// The leader of its view proposes a block, these vote for it, and n2 accepts the certificate.
    fn certify(script: &mut Script<Accountability>, block: &Block, signers: &[u32]) -> Certificate {
        let said = statement(block);
        let proposal = Statement { stage: Stage::Propose, ..said };
        let proposal = Shared::new(Proposed { vote: vote(0, proposal), block: block.clone() });
        script.send(0, 1, HotstuffMessage::Proposal(proposal));
        for signer in signers {
            script.send(*signer, 0, HotstuffMessage::Vote(vote(*signer, said)));
        }
        let mut aggregate = Aggregate::default();
        let signatures = signers.iter().map(|node| script::signature(NodeId(*node), said.signed_content()));
        signatures.for_each(|signature| aggregate.add(&signature));
        let signers = signers.iter().copied().map(NodeId).collect();
        let scheme = Scheme::Single;
        let Statement { stage, view, height, digest } = said;
        script.see(1, HotstuffObservation::Certified { view, stage, height, digest });
        Shared::new(Signed { statement: said, signers, aggregate, scheme })
    }

    fn commit(script: &mut Script<Accountability>, by: u32, block: &Block) {
        let (view, height) = (block.view, block.height);
        let (digest, parent) = (ContentHash(block.hash()), ContentHash(block.parent()));
        script.see(by, HotstuffObservation::Committed { view, height, digest, parent, requests: 1 });
    }

    fn script() -> Script<Accountability> {
        let mut script = Script::new(Accountability::new(4, Rule::ThreeChain), 4);
        script.corrupt(0).corrupt(3);
        script
    }

    fn culprits(script: &Script<Accountability>) -> (Verdict, Vec<u32>) {
        let [found] = script.findings.violations() else { panic!("not one finding") };
        (found.verdict, found.nodes.iter().map(|node| node.0).collect())
    }

    #[test]
    fn a_fork_in_one_view_convicts_those_who_signed_both_blocks() {
        let mut script = script();
        let genesis = genesis(Scheme::Single);
        let one = block(1, 1, &genesis);
        let other = Shared::new(Made {
            batch: Requests::batch(Vec::new()),
            view: 1,
            ..(*block(1, 2, &genesis)).clone()
        });
        certify(&mut script, &one, &[0, 3, 1]);
        certify(&mut script, &other, &[0, 3, 2]);
        commit(&mut script, 1, &one);
        script.see(
            2,
            HotstuffObservation::Committed {
                view: 1,
                height: 1,
                digest: ContentHash(other.hash()),
                parent: ContentHash(0),
                requests: 1,
            },
        );
        assert_eq!(culprits(&script), (Verdict::Assumption, vec![0, 3]));
        assert_eq!(script.findings.evidence()[0].facts.len(), 5);
    }

    /// n2 commits the first of three blocks; then a block that extends none of them is certified with the votes of those who
    /// were locked on it.
    #[test]
    fn a_fork_across_views_convicts_those_who_voted_against_their_lock() {
        let mut script = script();
        let genesis = genesis(Scheme::Single);
        let first = block(1, 1, &genesis);
        let justify = certify(&mut script, &first, &[0, 3, 1]);
        let second = block(2, 2, &justify);
        let justify = certify(&mut script, &second, &[0, 3, 1]);
        let third = block(3, 3, &justify);
        certify(&mut script, &third, &[0, 3, 1]);
        commit(&mut script, 1, &first);
        let other = block(9, 1, &genesis);
        certify(&mut script, &other, &[0, 3, 2]);
        commit(&mut script, 2, &other);
        assert_eq!(culprits(&script), (Verdict::Assumption, vec![0, 3]));
        let guilt = script.findings.evidence()[0].guilt.as_ref().expect("it is a fork");
        assert_eq!(guilt.beyond_statements.as_deref(), Some(THE_BLOCKS));
        let views = guilt.culprits[0].signed.each_ref().map(|signed| signed.view);
        assert_eq!(views, [3, 9]);
    }

    #[test]
    fn a_fork_that_nobody_is_guilty_of_is_a_violation_of_its_own() {
        let mut script = script();
        let genesis = genesis(Scheme::Single);
        commit(&mut script, 1, &block(1, 1, &genesis));
        commit(&mut script, 2, &block(2, 1, &genesis));
        assert_eq!(culprits(&script).0, Verdict::Safety);
    }
}
