//! Who signed what: honest members never sign two values in one phase of a broadcast, and when two values are delivered,
//! the signatures name those who did.

use sim_core::check::{Check, Findings, Seen, Verdict};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};

use super::safety::honest_delivery;
use super::thresholds::Thresholds;
use super::vocabulary::{Bracha, BrachaMessage, Broadcast, Phase};

/// Equivocation and its evidence.
///
/// Only first-hand votes are held against an honest member: a traitor may send anything in its name. A fork convicts
/// f + 1 members at least, whatever n is: either both values have enough echoes, and more than f members signed both,
/// or one has not. Then an honest member is ready for that one only after f + 1 others, and the first f + 1 to be ready
/// for it were so without a reason.
#[derive(Clone, Debug)]
pub struct Accountability {
    thresholds: Thresholds,
    signed: OrderedMap<(NodeId, Phase, Broadcast), u64>,
    /// Who signed a value in a phase, in the order in which they were heard.
    votes: OrderedMap<(Broadcast, Phase, u64), Vec<NodeId>>,
    /// Who signed two values, by broadcast.
    culprits: OrderedMap<Broadcast, OrderedSet<NodeId>>,
    /// What was delivered first, and by whom.
    decided: OrderedMap<Broadcast, (u64, NodeId)>,
    forked: OrderedSet<Broadcast>,
}

/// A set of members whose guilt makes a fork possible, and what shows it.
struct Guilt {
    nodes: Vec<NodeId>,
    how: &'static str,
    facts: Vec<String>,
}

impl Accountability {
    /// For a cluster of this many members.
    pub fn new(members: u32) -> Self {
        Self {
            thresholds: Thresholds::new(members),
            signed: OrderedMap::new(),
            votes: OrderedMap::new(),
            culprits: OrderedMap::new(),
            decided: OrderedMap::new(),
            forked: OrderedSet::new(),
        }
    }

    /// Who is known to have signed two values in one phase of a broadcast, in order.
    pub fn culprits(&self, broadcast: &Broadcast) -> Vec<NodeId> {
        self.culprits.get(broadcast).map_or_else(Vec::new, |nodes| nodes.iter().copied().collect())
    }

    fn voters(&self, broadcast: Broadcast, phase: Phase, value: u64) -> &[NodeId] {
        self.votes.get(&(broadcast, phase, value)).map_or(&[], Vec::as_slice)
    }

    /// The fewest members who must have signed both values in a phase for each to have a quorum there, if each has.
    fn signed_both(
        &self,
        broadcast: Broadcast,
        phase: Phase,
        quorum: u32,
        values: [u64; 2],
    ) -> Option<Guilt> {
        let [first, second] = values.map(|value| self.voters(broadcast, phase, value));
        let quorum = quorum as usize;
        if first.len() < quorum || second.len() < quorum {
            return None;
        }
        let mut both: Vec<NodeId> = first.iter().copied().filter(|node| second.contains(node)).collect();
        both.sort_unstable();
        let lacks = |voters: &[NodeId]| quorum.saturating_sub(voters.len() - both.len());
        let needed = lacks(first).max(lacks(second));
        both.truncate(needed);
        let [one, other] = values;
        let fact = |node: &NodeId| format!("{node} signed {one:016x} and {other:016x} as its {phase}");
        let facts = both.iter().map(fact).collect();
        Some(Guilt { nodes: both, how: "who signed two values", facts })
    }

    /// The first to be ready for a value that never had enough echoes.
    fn without_reason(&self, broadcast: Broadcast, value: u64) -> Option<Guilt> {
        let echoes = self.voters(broadcast, Phase::Echo, value).len();
        let (quorum, amplify) = (self.thresholds.echoes(), self.thresholds.amplify());
        let ready = self.voters(broadcast, Phase::Ready, value);
        if echoes >= quorum as usize || ready.len() < amplify as usize {
            return None;
        }
        let nodes = ready[..amplify as usize].to_vec();
        let fact = |(before, node): (usize, &NodeId)| {
            format!(
                "{node} was ready for {value:016x} after {before} others, though only {echoes} of {quorum} echoes of \
                 it were ever signed"
            )
        };
        let facts = nodes.iter().enumerate().map(fact).collect();
        Some(Guilt { nodes, how: "who were ready without a reason", facts })
    }

    /// The smallest culpable set: of all sets that explain the fork and are large enough, the one with the fewest.
    fn smallest(&self, broadcast: Broadcast, values: [u64; 2]) -> Option<Guilt> {
        let thresholds = self.thresholds;
        let sets = [
            self.signed_both(broadcast, Phase::Echo, thresholds.echoes(), values),
            self.signed_both(broadcast, Phase::Ready, thresholds.deliver(), values),
            self.without_reason(broadcast, values[0]),
            self.without_reason(broadcast, values[1]),
        ];
        let enough = |guilt: &Guilt| guilt.nodes.len() >= thresholds.amplify() as usize;
        sets.into_iter().flatten().filter(enough).min_by_key(|guilt| guilt.nodes.len())
    }

    fn judge_fork(
        &self,
        ground: &Ground,
        broadcast: Broadcast,
        deliveries: [(u64, NodeId); 2],
        findings: &mut Findings,
    ) {
        let names = |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let delivered = deliveries.map(|(value, by)| format!("{by} delivered {value:016x} for {broadcast}"));
        let Some(guilt) = self.smallest(broadcast, deliveries.map(|(value, _)| value)) else {
            let known = self.culprits(&broadcast);
            let text = format!(
                "a fork in {broadcast} convicts no f + 1 = {} members: [{}] signed two values",
                self.thresholds.amplify(),
                names(&known)
            );
            findings.safety("fork without culprits", &known, text);
            findings.because(delivered);
            return;
        };
        let text = format!("a fork in {broadcast} is the work of [{}], {}", names(&guilt.nodes), guilt.how);
        match guilt.nodes.iter().any(|node| ground.honest(*node)) {
            true => findings.safety("honest member accused", &guilt.nodes, text),
            false => findings.found(Verdict::Assumption, "culprits", &guilt.nodes, text),
        }
        findings.because(delivered.into_iter().chain(guilt.facts));
    }

    /// A value that this member had not signed in this phase before.
    fn signs(&mut self, signer: NodeId, phase: Phase, broadcast: Broadcast, value: u64) {
        let voters = self.votes.entry((broadcast, phase, value)).or_default();
        if !voters.contains(&signer) {
            voters.push(signer);
        }
    }
}

impl Check<Bracha> for Accountability {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Bracha>, findings: &mut Findings) {
        let Some((broadcast, value)) = honest_delivery(ground, seen) else { return };
        let first = *self.decided.entry(broadcast).or_insert((value, seen.node));
        if first.0 != value && self.forked.insert(broadcast) {
            self.judge_fork(ground, broadcast, [first, (value, seen.node)], findings);
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
        findings.exercised();
        let statement = (signer, phase, vote.broadcast);
        let Some(&first) = self.signed.get(&statement) else {
            self.signed.insert(statement, vote.value);
            self.signs(signer, phase, vote.broadcast, vote.value);
            return;
        };
        if first == vote.value {
            return;
        }
        self.signs(signer, phase, vote.broadcast, vote.value);
        self.culprits.entry(vote.broadcast).or_default().insert(signer);
        if honest {
            let text = format!(
                "{signer} is honest and signed {first:016x} and {:016x} as its {phase} in {}",
                vote.value, vote.broadcast
            );
            findings.safety("honest member signed two values", &[signer], text);
            findings.because(
                [first, vote.value].map(|value| {
                    format!("{signer} signed {value:016x} as its {phase} in {}", vote.broadcast)
                }),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::process::Signature;

    use super::super::safety::tests::{FIRST, Says, Script};
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
    fn a_fork_convicts_more_than_f_traitors_and_says_why() {
        let mut script = script();
        script.corrupt(0).corrupt(3);
        for (signer, value) in [(0, 5), (0, 6), (3, 5), (3, 6)] {
            // One of them sends for both: traitors share their keys.
            send(&mut script, 0, signer, Phase::Echo, value);
        }
        send(&mut script, 1, 1, Phase::Echo, 5);
        send(&mut script, 2, 2, Phase::Echo, 6);
        script.deliver(1, 5).deliver(2, 6);
        let found = script.findings.violations();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].nodes, [NodeId(0), NodeId(3)]);
        assert_eq!(found[0].verdict, Verdict::Assumption);
        let [evidence] = script.findings.evidence() else { panic!("no evidence") };
        let value = |value| format!("{value:016x}");
        assert_eq!(evidence.violation, 0);
        assert_eq!(
            evidence.facts,
            [
                format!("n2 delivered {} for broadcast 1 of n1", value(5)),
                format!("n3 delivered {} for broadcast 1 of n1", value(6)),
                format!("n1 signed {} and {} as its echo", value(5), value(6)),
                format!("n4 signed {} and {} as its echo", value(5), value(6)),
            ]
        );
    }

    #[test]
    fn no_more_are_named_than_the_fork_needed() {
        // Of seven members, five equivocate; with the votes of the other two, four would have been enough.
        let mut script = Script::new(Accountability::new(7), 7);
        for signer in 3..7 {
            script.corrupt(signer);
            send(&mut script, signer, signer, Phase::Echo, 5);
            send(&mut script, signer, signer, Phase::Echo, 6);
        }
        script.corrupt(0);
        for (signer, value) in [(0, 5), (1, 5), (2, 6), (0, 6)] {
            send(&mut script, signer, signer, Phase::Echo, value);
        }
        script.deliver(1, 5).deliver(2, 6);
        assert_eq!(script.check.culprits(&FIRST).len(), 5);
        assert_eq!(script.findings.violations()[0].nodes.len(), 4);
    }

    #[test]
    fn with_any_number_of_members_somebody_was_ready_without_a_reason() {
        let mut script = Script::new(Accountability::new(6), 6);
        script.corrupt(4).corrupt(5);
        (0..4).for_each(|signer| send(&mut script, signer, signer, Phase::Echo, 5));
        (0..3).for_each(|signer| send(&mut script, signer, signer, Phase::Ready, 5));
        [4, 5, 3].into_iter().for_each(|signer| send(&mut script, signer, signer, Phase::Ready, 6));
        script.deliver(0, 5).deliver(3, 6);
        let found = script.findings.violations();
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Assumption));
        assert_eq!(found[0].nodes, [NodeId(4), NodeId(5)], "two others were ready before n4");
    }

    #[test]
    fn a_fork_that_nobody_is_guilty_of_is_a_violation_of_its_own() {
        for members in 4..8 {
            let mut script = Script::new(Accountability::new(members), members);
            script.deliver(1, 5).deliver(2, 6);
            assert_eq!(script.findings.violations()[0].verdict, Verdict::Safety);
        }
    }
}
