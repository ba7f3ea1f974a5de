//! A leader counts what was acknowledged to it in its own term (Raft paper, figure 2: matchIndex starts at nothing with each term).
//!
//! Whoever it counts must have said so: what it commits by counting, a majority of the voters by the last configuration in its log
//! have acknowledged in this term, itself included as far as its own disk is. This judges the counting;
//! [`commit_durable`](super::commit_durable) judges whether it is so.
//!
//! And a leader tells an operator that a change of membership is done only once it is committed, as it tells clients.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::configs::Configs;
use super::majority::is_majority;
use crate::vocabulary::{Raft, RaftMessage, RaftObservation};

/// Follows what is acknowledged to each leader.
#[derive(Debug, Default)]
pub struct Acknowledged {
    configs: Configs,
    leaders: BySlot<Leader>,
}

#[derive(Debug, Default)]
struct Leader {
    /// The term that it leads; 0 if none.
    term: u64,
    /// By node: one more than the index up to which it has acknowledged the log, 0 if it has not at all.
    matched: Vec<u64>,
    /// Up to which index it knows its log to be committed, whether or not it leads.
    commit: u64,
}

impl Leader {
    fn takes(&mut self, from: NodeId, index: u64) {
        if self.matched.len() <= from.index() {
            self.matched.resize(from.index() + 1, 0);
        }
        let matched = &mut self.matched[from.index()];
        *matched = index.saturating_add(1).max(*matched);
    }

    fn has(&self, node: NodeId, index: u64) -> bool {
        self.matched.get(node.index()).is_some_and(|matched| *matched > index)
    }
}

impl Acknowledged {
    /// A server hears that somebody has its log of a term up to an index.
    #[inline(always)]
    pub(super) fn takes_answer(&mut self, slot: Slot, from: NodeId, term: u64, index: u64) {
        let leader = self.leaders.at(slot);
        if term == leader.term {
            leader.takes(from, index);
        }
    }

    /// Of a cluster whose members all vote but for the last few.
    pub fn new(members: u32, learners: u32) -> Self {
        Self { configs: Configs::new(members, learners), leaders: BySlot::default() }
    }

    /// A server commits up to an index, whether or not it leads.
    #[inline]
    pub(super) fn commits(&mut self, slot: Slot, index: u64) {
        self.leaders.at(slot).commit = index;
    }

    /// A leader concludes that it is committed up to an index.
    #[inline(never)]
    pub(super) fn counted(&self, seen: &Seen<'_, Raft>, index: u64, findings: &mut Findings) {
        let node = seen.node;
        let Some(leader) = self.leaders.get(seen.slot).filter(|leader| leader.term > 0) else { return };
        findings.exercised();
        let config = self.configs.of(seen.slot);
        let has = |voter: NodeId| voter == node || leader.has(voter, index);
        if !is_majority(config, has) {
            findings.accuse("too-few", &[node], || {
                let voters = config.everybody();
                let count = voters.iter().filter(|voter| has(**voter)).count();
                format!(
                    "{node} committed index {index} by counting, which {count} of {} members have acknowledged in its term {}",
                    voters.len(),
                    leader.term
                )
            });
        }
    }
}

impl Acknowledged {
    /// Somebody tells an operator that a server is in, or out.
    fn told(
        &self,
        ground: &Ground,
        (from, to): (NodeId, NodeId),
        add: bool,
        who: NodeId,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let Some(leader) = self.leaders.get(slot).filter(|leader| leader.term > 0) else { return };
        findings.exercised();
        let config = self.configs.of(slot);
        let last = self.configs.last(slot).map_or(0, |(last, _)| *last);
        let is_so = if add { config.voters.contains(&who) } else { !config.everybody().contains(&who) };
        if !is_so || last > leader.commit {
            let what = if add { "a voter" } else { "no member any more" };
            let message = format!("{from} tells {to} that {who} is {what}, which is not committed");
            findings.safety("not-done", &[from, who], message);
        }
    }
}

impl Check<Raft> for Acknowledged {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Recovered",
            "TermSet",
            "BecameLeader",
            "BecameFollower",
            "ConfigAppended",
            "Truncated",
            "Committed",
            "SnapshotInstalled",
        ])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Committed { index, counted, .. } => {
                self.commits(seen.slot, index);
                if counted {
                    self.counted(seen, index, findings);
                }
                return;
            }
            _ => self.configs.follow(seen),
        }
        let leader = self.leaders.at(seen.slot);
        match *seen.observation {
            RaftObservation::BecameLeader { term, .. } => {
                leader.term = term;
                leader.matched.clear();
            }
            RaftObservation::BecameFollower { .. } | RaftObservation::TermSet { .. } => leader.term = 0,
            RaftObservation::Recovered { .. } => (leader.term, leader.commit) = (0, 0),
            RaftObservation::SnapshotInstalled { index, .. } => leader.commit = leader.commit.max(index),
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["AppendReply", "InstallReply"]
    }

    fn received(&mut self, _: &Ground, slot: Slot, from: NodeId, message: &RaftMessage, _: &mut Findings) {
        if let RaftMessage::AppendReply { term, success: true, index }
        | RaftMessage::InstallReply { term, index, done: true, .. } = *message
        {
            self.takes_answer(slot, from, term, index);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["ChangeReply"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        if let RaftMessage::ChangeReply { node, add, done: true, .. } = *message {
            self.told(ground, (from, to), add, node, findings);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.leaders.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

    use super::*;
    use crate::configuration::Configuration;
    use crate::safety::script::{Script, counted, leads, told};

    fn yes(term: u64, index: u64) -> RaftMessage {
        RaftMessage::AppendReply { term, success: true, index }
    }

    fn script() -> Script<Acknowledged> {
        let mut script = Script::new(Acknowledged::new(3, 0), 3);
        script.see(0, leads(2, 0));
        script
    }

    #[test]
    fn what_a_majority_acknowledged_in_this_term_is_counted() {
        let mut script = script();
        script.receive(Time::ZERO, 1, 0, yes(2, 3)).see(0, counted(2, 12, 2)).see(0, counted(3, 13, 2));
        let done = RaftMessage::InstallReply { term: 2, index: 4, chunk: 1, done: true };
        script.receive(Time::ZERO, 2, 0, done).see(0, counted(4, 14, 2)).see(1, told(9, 19, 2)).clean();
        script.see(0, counted(5, 15, 2)).found(
            "too-few",
            "n1 committed index 5 by counting, which 1 of 3 members have acknowledged in its term 2",
        );
    }

    #[test]
    fn answers_of_an_earlier_term_and_refusals_do_not_count() {
        let refused = RaftMessage::AppendReply { term: 2, success: false, index: 3 };
        let found = "n1 committed index 3 by counting, which 1 of 3 members have acknowledged in its term 2";
        let count = |message| {
            let mut script = script();
            script.receive(Time::ZERO, 1, 0, message).see(0, counted(3, 13, 2));
            script
        };
        count(yes(1, 3)).found("too-few", found);
        count(refused).found("too-few", found);
        let mut script = script();
        script.receive(Time::ZERO, 1, 0, yes(2, 3)).see(0, RaftObservation::TermSet { term: 3 });
        script.see(0, leads(3, 3)).see(0, counted(3, 13, 3));
        script.found(
            "too-few",
            "n1 committed index 3 by counting, which 1 of 3 members have acknowledged in its term 3",
        );
    }

    #[test]
    fn an_operator_is_told_of_what_is_committed() {
        let done = |node, add| RaftMessage::ChangeReply { node: NodeId(node), add, done: true, leader: None };
        let changed = || {
            let voters = [0, 1, 3].map(NodeId);
            let config = Configuration::of(&voters).into();
            let mut script = script();
            script.see(0, RaftObservation::ConfigAppended { index: 3, term: 2, config });
            script
        };
        changed().see(0, told(3, 13, 2)).send(0, 4, done(3, true)).send(0, 4, done(2, false)).clean();
        let snapshot = RaftObservation::SnapshotInstalled { index: 3, hash: 13, state: 0, last_index: 3 };
        changed().see(0, snapshot).send(0, 4, done(3, true)).clean();
        let found = "n1 tells n5 that n4 is a voter, which is not committed";
        changed().send(0, 4, done(3, true)).found("not-done", found);
        let found = "n1 tells n5 that n2 is no member any more, which is not committed";
        changed().see(0, told(3, 13, 2)).send(0, 4, done(1, false)).found("not-done", found);
    }

    #[test]
    fn those_who_vote_by_its_log_count() {
        let config = |voters: &[u32]| {
            let voters: Vec<NodeId> = voters.iter().copied().map(NodeId).collect();
            RaftObservation::ConfigAppended { index: 1, term: 2, config: Configuration::of(&voters).into() }
        };
        let mut script = script();
        script.see(0, config(&[0, 1])).receive(Time::ZERO, 2, 0, yes(2, 3)).see(0, counted(3, 13, 2));
        script.found(
            "too-few",
            "n1 committed index 3 by counting, which 1 of 2 members have acknowledged in its term 2",
        );
    }
}
