//! Accountability: on a fork, what was signed names those who made it possible.
//!
//! Two commits in one view need two quorums, which share more than f members: those signed both digests. Two commits in
//! different views need a view in between that proposed something else, by a quorum of view changes, which shares more
//! than f members with the first quorum: those had committed, and said that they had prepared nothing. Both can be shown
//! to a third party: each of these statements is signed.
//!
//! Also without a fork it keeps what traitors proposed in two versions, to whom, and what came of each, for the page of the
//! run.

use sim_core::check::{Check, Findings, Seen, Signed};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::outcome::Table;

use super::super::vocabulary::{NewView, Pbft, PbftMessage, PbftObservation, ViewChange};
use crate::power::Power;
use crate::quorum::Quorum;
use crate::safety::guilt::{Charge, fewest};
use crate::safety::versions::{Versions, Words};
use crate::safety::{Judged, Signatures};
use crate::vote::{Stage, Statement};

/// A commit, and whose.
#[derive(Clone, Copy, Debug)]
struct Commit {
    view: u64,
    digest: u64,
    batch: u64,
    by: NodeId,
}

/// Who signed what, and what follows from it.
#[derive(Clone, Debug)]
pub struct Accountability {
    quorum: Quorum,
    signatures: Signatures,
    /// View changes that honest members sent themselves.
    genuine: OrderedSet<u64>,
    new_views: OrderedMap<u64, Vec<NewView>>,
    decided: OrderedMap<u64, Commit>,
    forked: OrderedSet<u64>,
    versions: Versions,
}

/// How the table of versions calls things.
const WORDS: Words = Words {
    view: "view",
    place: "sequence number",
    value: "batch",
    votes: "commit votes, of a quorum",
    stage: Stage::Commit,
};

impl Accountability {
    /// For so many members.
    pub fn new(members: u32) -> Self {
        Self {
            quorum: Quorum::of(members),
            signatures: Signatures::default(),
            genuine: OrderedSet::new(),
            new_views: OrderedMap::new(),
            decided: OrderedMap::new(),
            forked: OrderedSet::new(),
            versions: Versions::default(),
        }
    }

    /// The fewest who must have signed both digests in a stage for each to have a quorum there, if each has.
    fn signed_both(&self, stage: Stage, sequence: u64, [one, other]: [Commit; 2]) -> Option<Charge> {
        let statement = |commit: Commit| Statement::new(stage, commit.view, sequence, commit.digest);
        let statements = [statement(one), statement(other)];
        let first = self.signatures.of(&statements[0])?;
        let second = self.signatures.of(&statements[1])?;
        let quorum = self.quorum.size();
        if one.view != other.view || first.len() < quorum || second.len() < quorum {
            return None;
        }
        let nodes = self.fewest(first.shared(second).collect(), [first.len(), second.len()])?;
        Some(Charge::signed_both(nodes, statements, "who signed two digests"))
    }

    fn fewest(&self, both: Vec<NodeId>, sets: [u32; 2]) -> Option<Vec<NodeId>> {
        fewest(both, sets, Power::EQUAL, self.quorum)
    }

    /// Whether this new view rests on what its members really said.
    fn is_genuine(&self, ground: &Ground, new_view: &NewView) -> bool {
        let said = |change: &ViewChange| match ground.honest(change.signature.signer) {
            true => self.genuine.contains(&change.hash()),
            false => ground.signed(change.content(), &change.signature),
        };
        new_view.changes.iter().all(said)
    }

    /// Who had committed, and then let a later view propose something else.
    fn denied(&self, ground: &Ground, sequence: u64, [one, other]: [Commit; 2]) -> Option<Charge> {
        if one.view == other.view {
            return None;
        }
        let (earlier, later) = if one.view < other.view { (one, other) } else { (other, one) };
        let promise = Statement::new(Stage::Commit, earlier.view, sequence, earlier.digest);
        let promised = self.signatures.of(&promise)?;
        let between = self.new_views.range(earlier.view + 1..=later.view).flat_map(|(_, all)| all);
        for new_view in between {
            let chosen =
                new_view.proposals.iter().find(|proposal| proposal.vote.statement.height == sequence);
            let kept = chosen.is_some_and(|proposal| proposal.vote.statement.digest.0 == earlier.digest);
            if kept || !self.is_genuine(ground, new_view) {
                continue;
            }
            let denies = |change: &&ViewChange| {
                let claims = change.prepared.iter().map(|prepared| prepared.proposal.vote.statement);
                promised.contains(change.signature.signer)
                    && change.stable < sequence
                    && !claims.into_iter().any(|said| said.height == sequence && said.view >= earlier.view)
            };
            let denied = new_view.changes.iter().filter(denies).map(|change| change.signature.signer);
            let sets = [promised.len(), new_view.changes.len() as u32];
            if let Some(nodes) = self.fewest(denied.collect(), sets) {
                return Some(denial(&nodes, promise, new_view.view));
            }
        }
        None
    }

    fn judge_fork(&self, ground: &Ground, sequence: u64, commits: [Commit; 2], findings: &mut Findings) {
        let traitors = ground.members().filter(|(_, place)| !place.honest).count();
        let decided = commits.map(|commit| {
            format!("{} committed {:016x} at {sequence} in view {}", commit.by, commit.batch, commit.view)
        });
        let sets = [
            self.signed_both(Stage::Commit, sequence, commits),
            self.signed_both(Stage::Prepare, sequence, commits),
            self.denied(ground, sequence, commits),
        ];
        let Some(charge) = sets.into_iter().flatten().min_by_key(|charge| charge.nodes().count()) else {
            // With more than 2f traitors, nobody promises that they can be named.
            if traitors <= 2 * self.quorum.faulty() as usize {
                let text = format!("a fork at {sequence} convicts no {} members", self.quorum.one_honest());
                findings.safety("fork without culprits", &[], text);
                findings.because(decided);
            }
            return;
        };
        charge.report(ground, &format!("at sequence number {sequence}"), decided, findings);
    }
}

/// These had committed, and claimed in a view change that they had prepared nothing.
fn denial(nodes: &[NodeId], promise: Statement, view: u64) -> Charge {
    let mut charge = Charge::new("who denied in a view change what they had committed to");
    for node in nodes {
        let fact = format!(
            "{node} signed {promise}, and then a view change to view {view} that claims nothing prepared there since"
        );
        let claims = format!("nothing prepared there since view {}", promise.view);
        let denied = Signed {
            stage: "view change".to_owned(),
            view,
            height: Some(promise.height),
            digest: None,
            claims: Some(claims),
        };
        charge.add(*node, [promise.into(), denied], fact);
    }
    charge
}

impl Check<Pbft> for Accountability {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["PrePrepared", "Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let (view, sequence, digest, batch) = match *seen.observation {
            PbftObservation::PrePrepared { view, sequence, digest } => {
                return self.versions.accepted(view, sequence, digest.0, seen.node);
            }
            PbftObservation::Committed { view, sequence, digest, batch } => (view, sequence, digest, batch),
            _ => return,
        };
        self.versions.committed(view, sequence, digest.0, seen.node);
        let commit = Commit { view, digest: digest.0, batch: batch.0, by: seen.node };
        let first = *self.decided.entry(sequence).or_insert(commit);
        if first.batch != commit.batch && self.forked.insert(sequence) {
            self.judge_fork(ground, sequence, [first, commit], findings);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["PrePrepare", "Prepare", "Commit", "ViewChange", "NewView"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &PbftMessage,
        findings: &mut Findings,
    ) {
        if let PbftMessage::PrePrepare(proposal) = message
            && !ground.honest(proposal.vote.signer())
        {
            self.versions.told(&proposal.vote, to);
        }
        match message {
            PbftMessage::ViewChange(change) if change.signature.signer == from && ground.honest(from) => {
                self.genuine.insert(change.hash());
            }
            PbftMessage::NewView(new_view) => {
                let known = self.new_views.entry(new_view.view).or_default();
                if !known.contains(new_view) {
                    known.push(new_view.clone());
                }
            }
            _ => {
                let Some(vote) = Pbft::vote(message) else { return };
                findings.exercised_by(u64::from(self.signatures.note(ground, from, vote)));
            }
        }
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        self.versions.table(WORDS, &self.signatures, (Power::EQUAL, self.quorum.size()))
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::{Culprit, Guilt, Verdict, script};
    use sim_core::facts::ContentHash;
    use sim_core::process::Signature;

    use super::super::super::vocabulary::{NewViewBegun, Proposed, ViewChanged};
    use super::super::tests::{Script, vote};
    use super::*;
    use crate::request::Requests;
    use crate::shared::Shared;
    use crate::vote::Vote;

    fn script(commits: &[(u32, u64)]) -> Script<Accountability> {
        let mut script = Script::new(Accountability::new(4), 4);
        script.corrupt(0).corrupt(3);
        for (signer, digest) in commits {
            let message = PbftMessage::Commit(vote(*signer, Statement::new(Stage::Commit, 0, 1, *digest)));
            script.check.sent(&script.ground, NodeId(*signer), NodeId(1), &message, &mut script.findings);
        }
        for (slot, digest) in [(1, 5), (2, 6)] {
            let digest = ContentHash(digest);
            script.see(slot, PbftObservation::Committed { view: 0, sequence: 1, digest, batch: digest });
        }
        script
    }

    #[test]
    fn a_fork_convicts_more_than_f_traitors_and_says_why() {
        let script = script(&[(0, 5), (0, 6), (3, 5), (3, 6), (1, 5), (2, 6)]);
        let [found] = script.findings.violations() else { panic!("not one finding") };
        assert_eq!((found.verdict, &found.nodes[..]), (Verdict::Assumption, &[NodeId(0), NodeId(3)][..]));
        let [evidence] = script.findings.evidence() else { panic!("no evidence") };
        assert_eq!(evidence.facts.len(), 5);
        assert!(evidence.facts[2].starts_with("n1 signed commit of 0000000000000005 at 1 in view 0 and"));
        assert_eq!(evidence.facts[4], "the signed statements prove it to a third party");
        let guilt = evidence.guilt.as_ref().expect("it is a fork");
        let [first, second] = [5, 6].map(|digest| Statement::new(Stage::Commit, 0, 1, digest).into());
        let signed = [first, second];
        let culprits = [0, 3].map(|node| Culprit { node: NodeId(node), signed: signed.clone() });
        assert_eq!(*guilt, Guilt { culprits: culprits.to_vec(), beyond_statements: None });
    }

    #[test]
    fn what_was_proposed_in_two_versions_is_shown_with_what_came_of_each() {
        let mut script = Script::new(Accountability::new(4), 4);
        script.corrupt(0);
        let batch = Requests::batch(Vec::new());
        for (to, digest) in [(1, 5), (2, 5), (3, 6)] {
            let vote = vote(0, Statement::new(Stage::Propose, 0, 1, digest));
            script.send(0, to, PbftMessage::PrePrepare(Shared::new(Proposed { vote, batch: batch.clone() })));
            let digest = ContentHash(digest);
            script.see(to, PbftObservation::PrePrepared { view: 0, sequence: 1, digest });
        }
        let digest = ContentHash(5);
        script.see(1, PbftObservation::Committed { view: 0, sequence: 1, digest, batch: digest });
        let table = script.check.table(&script.ground).expect("there were two versions");
        let cells = |row: usize| table.rows[row][3..].join(" | ");
        assert_eq!(cells(0), "n2, n3 | n2, n3 | 0 of 3: nobody | n2");
        assert_eq!(cells(1), "n4 | n4 | 0 of 3: nobody | nobody");
    }

    /// n2 commits in view 0 with the votes of both traitors, who then say that they have prepared nothing.
    #[test]
    fn a_fork_across_views_convicts_those_who_denied_what_they_had_committed_to() {
        let mut script = Script::new(Accountability::new(4), 4);
        script.corrupt(0).corrupt(3);
        let commit = |script: &mut Script<Accountability>, view, digest, signers: [u32; 3]| {
            for signer in signers {
                let message =
                    PbftMessage::Commit(vote(signer, Statement::new(Stage::Commit, view, 1, digest)));
                script.send(signer, 1, message);
            }
            let (by, digest) = (signers[2], ContentHash(digest));
            script.see(by, PbftObservation::Committed { view, sequence: 1, digest, batch: digest });
        };
        commit(&mut script, 0, 5, [0, 3, 1]);
        let changes: Vec<ViewChange> = [0, 2, 3]
            .map(|signer| {
                let (checkpoint, prepared) = (None, Vec::new());
                let content = ViewChanged::signed_content(1, 0, None, &prepared);
                let signature = script::signature(NodeId(signer), content);
                Shared::new(ViewChanged { view: 1, stable: 0, checkpoint, prepared, signature })
            })
            .to_vec();
        for change in &changes {
            script.send(change.signature.signer.0, 1, PbftMessage::ViewChange(change.clone()));
        }
        let proposal = vote(1, Statement::new(Stage::Propose, 1, 1, 6));
        let batch = Requests::batch(Vec::new());
        let proposals = vec![Shared::new(Proposed { vote: proposal, batch })];
        let signature = proposal.signature;
        let new_view = Shared::new(NewViewBegun { view: 1, changes, proposals, signature });
        script.send(1, 2, PbftMessage::NewView(new_view));
        commit(&mut script, 1, 6, [0, 3, 2]);
        let [found] = script.findings.violations() else { panic!("not one finding") };
        assert_eq!((found.verdict, &found.nodes[..]), (Verdict::Assumption, &[NodeId(0), NodeId(3)][..]));
        assert!(found.message.ends_with("who denied in a view change what they had committed to"));
        let guilt = script.findings.evidence()[0].guilt.as_ref().expect("it is a fork");
        let [promise, denial] = &guilt.culprits[1].signed;
        assert_eq!((&*promise.stage, promise.view, promise.height), ("commit", 0, Some(1)));
        assert_eq!((&*denial.stage, denial.view, denial.height), ("view change", 1, Some(1)));
        assert_eq!(denial.claims.as_deref(), Some("nothing prepared there since view 0"));
    }

    /// A third party would not believe it.
    #[test]
    fn what_a_traitor_did_not_sign_shows_nothing() {
        let mut script = Script::new(Accountability::new(4), 4);
        script.corrupt(0).corrupt(3);
        let said = Statement::new(Stage::Commit, 0, 1, 5);
        let forged = Vote { signature: Signature::forged(NodeId(3), 5), ..vote(3, said) };
        script.send(3, 1, PbftMessage::Commit(forged));
        assert!(script.check.signatures.of(&said).is_none());
        script.send(3, 1, PbftMessage::Commit(vote(3, said)));
        assert!(script.check.signatures.of(&said).is_some_and(|signers| signers.contains(NodeId(3))));
    }

    #[test]
    fn a_fork_that_nobody_is_guilty_of_is_a_violation_of_its_own() {
        let script = script(&[(1, 5), (2, 6)]);
        assert_eq!(script.findings.violations()[0].verdict, Verdict::Safety);
    }
}
