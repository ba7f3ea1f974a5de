//! Who signed what: honest members never sign two values in one phase of a broadcast, and when two values are delivered,
//! the signatures name those who did.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::check::{Check, Findings, Seen, Verdict};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::safety::honest_delivery;
use super::thresholds::Thresholds;
use super::vocabulary::{Bracha, BrachaMessage, Broadcast, Phase};

/// Equivocation and its evidence.
///
/// Only first-hand votes are held against an honest member: a traitor may send anything in its name. With
/// n = 3f + 1 two sets of 2f + 1 readies share f + 1 members, so that a fork always convicts f + 1; with other n it need
/// not, since a traitor may also be ready without a reason, which no signature shows.
#[derive(Clone, Debug)]
pub struct Accountability {
    members: u32,
    signed: BTreeMap<(NodeId, Phase, Broadcast), u64>,
    /// Who signed two values, by broadcast.
    culprits: BTreeMap<Broadcast, BTreeSet<NodeId>>,
    decided: BTreeMap<Broadcast, u64>,
    forked: BTreeSet<Broadcast>,
    exercised: u64,
}

impl Accountability {
    /// For a cluster of this many members.
    pub fn new(members: u32) -> Self {
        Self {
            members,
            signed: BTreeMap::new(),
            culprits: BTreeMap::new(),
            decided: BTreeMap::new(),
            forked: BTreeSet::new(),
            exercised: 0,
        }
    }

    /// Who is known to have signed two values in one phase of a broadcast, in order.
    pub fn culprits(&self, broadcast: &Broadcast) -> Vec<NodeId> {
        self.culprits.get(broadcast).map_or_else(Vec::new, |nodes| nodes.iter().copied().collect())
    }

    fn judge_fork(&self, broadcast: &Broadcast, findings: &mut Findings) {
        let culprits = self.culprits(broadcast);
        let thresholds = Thresholds::new(self.members);
        let owed = if self.members == 3 * thresholds.faulty() + 1 { thresholds.amplify() } else { 0 };
        let names: Vec<String> = culprits.iter().map(ToString::to_string).collect();
        if culprits.len() < owed as usize {
            let text = format!(
                "a fork in {broadcast} convicts {} members ([{}]), not f + 1 = {owed}",
                culprits.len(),
                names.join(", ")
            );
            findings.safety("bracha/accountability", "fork without culprits", &culprits, text);
        } else {
            let text =
                format!("a fork in {broadcast} is the work of [{}], who signed two values", names.join(", "));
            findings.report(Verdict::Assumption, "bracha/accountability", "culprits", &culprits, text);
        }
    }
}

impl Check<Bracha> for Accountability {
    fn name(&self) -> &'static str {
        "bracha/accountability"
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Bracha>, findings: &mut Findings) {
        let Some((broadcast, value)) = honest_delivery(ground, seen) else { return };
        if *self.decided.entry(broadcast).or_insert(value) != value && self.forked.insert(broadcast) {
            self.judge_fork(&broadcast, findings);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        BrachaMessage::KINDS
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &BrachaMessage,
        findings: &mut Findings,
    ) {
        let (phase, vote) = (message.phase(), message.vote());
        let signer = vote.signature.signer;
        let honest = ground.honest(signer);
        if honest && signer != from {
            return;
        }
        self.exercised += 1;
        let first = *self.signed.entry((signer, phase, vote.broadcast)).or_insert(vote.value);
        if first == vote.value {
            return;
        }
        self.culprits.entry(vote.broadcast).or_default().insert(signer);
        if honest {
            let text = format!(
                "{signer} is honest and signed {first:016x} and {:016x} as its {phase:?} in {}",
                vote.value, vote.broadcast
            );
            findings.safety(self.name(), "honest member signed two values", &[signer], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::process::Signature;

    use super::super::safety::tests::{FIRST, Script};
    use super::super::vocabulary::Vote;
    use super::*;

    fn script() -> Script<Accountability> {
        Script::new(Accountability::new(4), 4)
    }

    fn send(script: &mut Script<Accountability>, from: u32, signer: u32, phase: Phase, value: u64) {
        let signature = Signature::forged(NodeId(signer), 0);
        let message = BrachaMessage::new(phase, Vote { broadcast: FIRST, value, signature });
        script.check.sent(&script.ground, NodeId(from), NodeId(3), &message, &mut script.findings);
    }

    #[test]
    fn an_honest_member_that_signs_two_values_is_found() {
        let mut script = script();
        send(&mut script, 1, 1, Phase::Echo, 5);
        send(&mut script, 1, 1, Phase::Echo, 5);
        send(&mut script, 1, 1, Phase::Ready, 6);
        assert_eq!(script.violations(), 0, "the echo does not bind the ready");
        send(&mut script, 1, 1, Phase::Echo, 6);
        assert_eq!(script.violations(), 1);
    }

    #[test]
    fn what_others_say_in_its_name_is_not_held_against_an_honest_member() {
        let mut script = script();
        script.corrupt(2);
        send(&mut script, 1, 1, Phase::Echo, 5);
        send(&mut script, 2, 1, Phase::Echo, 6);
        assert_eq!(script.violations(), 0);
        assert!(script.check.culprits(&FIRST).is_empty());
    }

    #[test]
    fn a_fork_convicts_more_than_f_traitors() {
        let mut script = script();
        script.corrupt(0).corrupt(3);
        for (signer, value) in [(0, 5), (0, 6), (3, 5), (3, 6)] {
            // One of them sends for both: traitors share their keys.
            send(&mut script, 0, signer, Phase::Ready, value);
        }
        script.deliver(1, 5).deliver(2, 6);
        let found = script.findings.violations();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].nodes, [NodeId(0), NodeId(3)]);
        assert_eq!(found[0].verdict, Verdict::Assumption);
    }

    #[test]
    fn a_fork_that_nobody_is_guilty_of_is_a_violation_of_its_own() {
        let mut script = script();
        script.deliver(1, 5).deliver(2, 6);
        assert_eq!(script.findings.violations()[0].verdict, Verdict::Safety);
        // With n = 3f + 2 the signatures need not show it.
        let mut script = Script::new(Accountability::new(5), 5);
        script.deliver(1, 5).deliver(2, 6);
        assert_eq!(script.findings.violations()[0].verdict, Verdict::Assumption);
    }
}
