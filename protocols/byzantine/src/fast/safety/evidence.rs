//! Evidence: on a fork in one view, those who signed both requests are guilty, and can be shown to be. On a fork across views
//! nobody need have signed two things that contradict each other, so that nothing is promised there.
//!
//! Also without a fork it keeps what traitors proposed in two versions, to whom, and what came of each, for the page of the
//! run.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::outcome::Table;

use super::super::replica::SLOT;
use super::super::vocabulary::{Fast, FastMessage, FastObservation};
use crate::power::Power;
use crate::quorum::Quorum;
use crate::safety::guilt::Charge;
use crate::safety::versions::{Versions, Words};
use crate::safety::{Judged, Signatures};
use crate::vote::{Stage, Statement};

/// A decision, and whose.
#[derive(Clone, Copy, Debug)]
struct Decision {
    said: Statement,
    by: NodeId,
}

/// Who signed what, and what was decided first.
#[derive(Clone, Debug)]
pub struct Evidence {
    quorum: Quorum,
    signatures: Signatures,
    decided: Option<Decision>,
    forked: bool,
    versions: Versions,
}

const WORDS: Words = Words {
    view: "view",
    place: "slot",
    value: "request",
    votes: "members that accepted, of a quorum",
    stage: Stage::Prepare,
};

impl Evidence {
    /// For so many members.
    pub fn new(members: u32) -> Self {
        Self {
            quorum: Quorum::of(members),
            signatures: Signatures::default(),
            decided: None,
            forked: false,
            versions: Versions::default(),
        }
    }

    /// Who signed both requests in a stage of the view.
    fn signed_both(&self, stage: Stage, [one, other]: [Decision; 2]) -> Vec<NodeId> {
        let of = |decision: Decision| self.signatures.of(&Statement { stage, ..decision.said });
        match (of(one), of(other)) {
            (Some(first), Some(second)) => first.shared(second).collect(),
            _ => Vec::new(),
        }
    }

    fn judge_fork(&self, ground: &Ground, decisions: [Decision; 2], findings: &mut Findings) {
        let [one, other] = decisions;
        if one.said.view != other.said.view {
            return;
        }
        for stage in [Stage::Prepare, Stage::Commit] {
            let guilty = self.signed_both(stage, decisions);
            if guilty.len() < self.quorum.one_honest() as usize {
                continue;
            }
            let decided = decisions.map(|decision| format!("{} decided by {}", decision.by, decision.said));
            let both = decisions.map(|decision| Statement { stage, ..decision.said });
            let charge = Charge::signed_both(guilty, both, "who signed two requests");
            return charge.report(ground, &format!("in view {}", one.said.view), decided, findings);
        }
    }
}

impl Check<Fast> for Evidence {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Accepted", "Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Fast>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        if let FastObservation::Accepted { view, digest, .. } = *seen.observation {
            return self.versions.accepted(view, SLOT, digest.0, seen.node);
        }
        let Some(said) = Fast::claim(seen.observation) else { return };
        self.versions.committed(said.view, SLOT, said.digest.0, seen.node);
        let decision = Decision { said, by: seen.node };
        let first = *self.decided.get_or_insert(decision);
        if first.said.digest != said.digest && !self.forked {
            self.forked = true;
            self.judge_fork(ground, [first, decision], findings);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        Fast::VOTES
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &FastMessage,
        findings: &mut Findings,
    ) {
        let Some(vote) = Fast::vote(message) else { return };
        if matches!(message, FastMessage::Proposal(_)) && !ground.honest(vote.signer()) {
            self.versions.told(vote, to);
        }
        findings.exercised_by(u64::from(self.signatures.note(ground, from, vote)));
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        self.versions.table(WORDS, &self.signatures, (Power::EQUAL, self.quorum.size()))
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::Verdict;
    use sim_core::facts::ContentHash;

    use super::*;
    use crate::pbft::safety::tests::vote;

    type Script = protocol_testing::script::Script<Fast, Evidence>;

    fn forked(views: [u64; 2]) -> Script {
        let mut script = Script::new(Evidence::new(4), 4);
        script.corrupt(0).corrupt(3);
        for (view, digest, honest) in [(views[0], 5, 1), (views[1], 6, 2)] {
            for signer in [0, 3, honest] {
                let said = Statement::new(Stage::Prepare, view, SLOT, digest);
                script.send(signer, 1, FastMessage::Accepted(vote(signer, said)));
            }
            let digest = ContentHash(digest);
            script.see(honest, FastObservation::Committed { view, digest, track: "slow" });
        }
        script
    }

    #[test]
    fn a_fork_in_one_view_convicts_those_who_signed_both_and_one_across_views_nobody() {
        let script = forked([2, 2]);
        let [found] = script.findings.violations() else { panic!("not one finding") };
        assert_eq!((found.verdict, &found.nodes[..]), (Verdict::Assumption, &[NodeId(0), NodeId(3)][..]));
        let [evidence] = script.findings.evidence() else { panic!("no evidence") };
        assert_eq!(evidence.facts.len(), 5);
        assert_eq!(forked([2, 3]).violations(), 0);
    }
}
