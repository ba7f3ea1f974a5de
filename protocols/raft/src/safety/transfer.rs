//! Leadership is handed over in order (dissertation, section 3.10).
//!
//! The leader stops taking requests, brings a voter up to date, and only then tells it to stand. So whom it names votes by its own
//! log; whoever is told to stand has acknowledged, in this term, everything that the leader had when it began; and until that
//! is given up, which takes the longest election timeout, nothing is appended. What ends a joint change is: it can wait for nobody.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use super::configs::Configs;
use crate::vocabulary::{Raft, RaftMessage, RaftObservation};

/// Follows what each leader has, and what is acknowledged to it.
#[derive(Debug)]
pub struct Transfer {
    /// For how long nothing is appended; none if timers tell nothing of that.
    patience: Option<Duration>,
    configs: Configs,
    leaders: BySlot<Leader>,
}

#[derive(Debug, Default)]
struct Leader {
    /// The term that it leads; 0 if none.
    term: u64,
    /// The last index of its log.
    last: u64,
    /// Up to which index who has acknowledged its log.
    matched: Vec<(NodeId, u64)>,
    handing: Option<Handing>,
}

#[derive(Clone, Copy, Debug)]
struct Handing {
    to: NodeId,
    /// The last index of the log when it began.
    last: u64,
    /// When it began, by the leader's monotonic clock.
    since: Time,
}

impl Leader {
    fn takes(&mut self, from: NodeId, index: u64) {
        match self.matched.iter_mut().find(|(node, _)| *node == from) {
            Some((_, matched)) => *matched = index.max(*matched),
            None => self.matched.push((from, index)),
        }
    }

    fn matched(&self, node: NodeId) -> u64 {
        self.matched.iter().find(|(who, _)| *who == node).map_or(0, |(_, index)| *index)
    }
}

impl Transfer {
    /// Of a cluster of so many members, the last few of whom are learners. What is given up after `patience`, by steady clocks, is
    /// judged until then.
    pub fn new((members, learners): (u32, u32), patience: Option<Duration>) -> Self {
        Self { patience, configs: Configs::new(members, learners), leaders: BySlot::default() }
    }

    fn begins(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, to: NodeId, findings: &mut Findings) {
        findings.exercised();
        let node = seen.node;
        if to == node || !self.configs.of(seen.slot).votes(to) {
            let message = format!("{node} hands leadership over to {to}, which does not vote");
            findings.safety("heir", &[node, to], message);
        }
        let leader = self.leaders.at(seen.slot);
        leader.handing = Some(Handing { to, last: leader.last, since: ground.monotonic });
    }

    fn appended(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, index: u64, findings: &mut Findings) {
        let Some(leader) = self.leaders.get(seen.slot).filter(|leader| leader.term > 0) else { return };
        findings.exercised();
        let (handing, joint) = (leader.handing, self.configs.of(seen.slot).is_joint());
        self.leaders.at(seen.slot).last = index;
        let Some((Handing { to, since, .. }, patience)) = handing.zip(self.patience) else { return };
        if joint || ground.monotonic < since {
            return;
        }
        if ground.monotonic < since.saturating_add(patience) {
            let (node, after) = (seen.node, ground.monotonic.since(since));
            let message =
                format!("{node} appends to its log {after} after it began to hand leadership over to {to}");
            findings.safety("goes-on", &[node], message);
        }
    }
}

impl Check<Raft> for Transfer {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Recovered",
            "TermSet",
            "BecameLeader",
            "BecameFollower",
            "Transferring",
            "Appended",
            "ConfigAppended",
            "Truncated",
        ])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Appended { index, .. } => return self.appended(ground, seen, index, findings),
            RaftObservation::Transferring { to } => return self.begins(ground, seen, to, findings),
            RaftObservation::BecameLeader { term, last_index } => {
                *self.leaders.at(seen.slot) = Leader { term, last: last_index, ..Leader::default() };
            }
            RaftObservation::BecameFollower { .. }
            | RaftObservation::TermSet { .. }
            | RaftObservation::Recovered { .. } => self.leaders.reset(seen.slot),
            // Members are counted anew: nothing is handed over any more.
            RaftObservation::ConfigAppended { .. } => self.leaders.at(seen.slot).handing = None,
            _ => {}
        }
        self.configs.follow(seen);
    }

    fn takes(&self) -> &'static [&'static str] {
        &["AppendReply", "InstallReply"]
    }

    fn received(&mut self, _: &Ground, slot: Slot, from: NodeId, message: &RaftMessage, _: &mut Findings) {
        match *message {
            RaftMessage::AppendReply { term, success: true, index }
            | RaftMessage::InstallReply { term, index, done: true, .. }
                if self.leaders.get(slot).is_some_and(|leader| leader.term == term) =>
            {
                self.leaders.at(slot).takes(from, index);
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["TimeoutNow"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        let RaftMessage::TimeoutNow { term } = *message else { return };
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let Some(leader) = self.leaders.get(slot).filter(|leader| leader.term == term) else { return };
        let Some(Handing { last, .. }) = leader.handing.filter(|handing| handing.to == to) else { return };
        findings.exercised();
        let has = leader.matched(to);
        if has < last {
            let message = format!(
                "{from} tells {to} to stand, which has acknowledged its log up to index {has} of {last}"
            );
            findings.safety("early", &[from, to], message);
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
    use super::*;
    use crate::configuration::Configuration;
    use crate::safety::script::{Script, appended, leads};

    const PATIENCE: Duration = Duration::from_millis(300);

    fn yes(term: u64, index: u64) -> RaftMessage {
        RaftMessage::AppendReply { term, success: true, index }
    }

    fn ms(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    /// The leader of term 2 of three voters and a learner, whose log ends at index 5, hands over to the second one.
    fn handing(to: u32) -> Script<Transfer> {
        let mut script = Script::new(Transfer::new((4, 1), Some(PATIENCE)), 4);
        script.see(0, leads(2, 4)).see(0, appended(5, 2, 15)).at(ms(10), 0);
        script.see(0, RaftObservation::Transferring { to: NodeId(to) });
        script
    }

    #[test]
    fn whoever_is_told_to_stand_has_acknowledged_everything() {
        let now = RaftMessage::TimeoutNow { term: 2 };
        handing(1).receive(ms(20), 1, 0, yes(2, 5)).send(0, 1, now.clone()).clean();
        let done = RaftMessage::InstallReply { term: 2, index: 5, chunk: 1, done: true };
        handing(1).receive(ms(20), 1, 0, done).send(0, 1, now.clone()).clean();
        let mut early = handing(1);
        early.receive(ms(20), 2, 0, yes(2, 5)).receive(ms(20), 1, 0, yes(1, 5)).receive(
            ms(20),
            1,
            0,
            yes(2, 4),
        );
        early
            .send(0, 1, now)
            .found("early", "n1 tells n2 to stand, which has acknowledged its log up to index 4 of 5");
    }

    #[test]
    fn the_heir_votes() {
        handing(1).clean();
        handing(3).found("heir", "n1 hands leadership over to n4, which does not vote");
    }

    #[test]
    fn nothing_is_appended_meanwhile() {
        handing(1).at(ms(310), 0).see(0, appended(6, 2, 16)).clean();
        handing(1).at(ms(20), 0).see(1, appended(6, 2, 16)).clean();
        let follows = RaftObservation::BecameFollower { term: 2 };
        handing(1).see(0, follows).at(ms(20), 0).see(0, appended(6, 3, 16)).clean();
        handing(1)
            .at(ms(309), 0)
            .see(0, appended(6, 2, 16))
            .found("goes-on", "n1 appends to its log 299ms after it began to hand leadership over to n2");
    }

    #[test]
    fn a_joint_change_is_ended_all_the_same() {
        let voters = |list: &[u32]| list.iter().copied().map(NodeId).collect::<Vec<_>>();
        let joint = Configuration::of(&voters(&[0, 1, 2])).with_voters(voters(&[0, 1, 2, 3]), true);
        let config = RaftObservation::ConfigAppended { index: 5, term: 2, config: joint.into() };
        let mut script = Script::new(Transfer::new((4, 1), Some(PATIENCE)), 4);
        script.see(0, leads(2, 4)).see(0, appended(5, 2, 15)).see(0, config).at(ms(10), 0);
        script.see(0, RaftObservation::Transferring { to: NodeId(1) });
        script.at(ms(20), 0).see(0, appended(6, 2, 16)).clean();
    }
}
