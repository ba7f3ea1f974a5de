//! Leader completeness: what was committed in a term is in the logs of the leaders of all later terms (Raft paper,
//! section 5.4.3).
//!
//! Judged from both sides. A new leader's log is compared with what leaders of *earlier* terms have committed: a
//! candidate of an old term may win late, when a later term has already committed more, and owes that nothing. And
//! a leader that commits late, when a later term has its leader already, is compared with that leader.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::holding::Holding;
use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// Of how many terms the last commit is remembered.
const TERMS: usize = 64;

/// Follows every server's log, who leads, and what was committed in which term.
#[derive(Debug, Default)]
pub struct LeaderCompleteness {
    logs: BySlot<Holding>,
    office: BySlot<Option<u64>>,
    leading: OrderedMap<u64, Leader>,
    committed: OrderedMap<u64, Commit>,
    /// The highest index committed.
    length: u64,
}

#[derive(Clone, Copy, Debug)]
struct Leader {
    slot: Slot,
    node: NodeId,
    /// Where its log ended when it was elected.
    last_index: u64,
}

#[derive(Clone, Copy, Debug)]
struct Commit {
    index: u64,
    hash: u64,
}

impl LeaderCompleteness {
    #[inline(never)]
    fn elected(&mut self, term: u64, leader: Leader, findings: &mut Findings) {
        self.retire(leader.slot);
        *self.office.at(leader.slot) = Some(term);
        self.leading.insert(term, leader);
        // The longest: a leader that commits late may have committed more than one of a later term before it.
        let longest = self.committed.range(..term).max_by_key(|(_, commit)| commit.index);
        if let Some((earlier, commit)) = longest.map(|(earlier, commit)| (*earlier, *commit)) {
            self.compare((term, leader), (earlier, commit), "elected", findings);
        }
    }

    /// A server's log is longer, or another one.
    #[inline(always)]
    pub(super) fn appended<P: Protocol<Observation = RaftObservation>>(&mut self, seen: &Seen<'_, P>) {
        self.logs.at(seen.slot).follow(seen, self.length);
    }

    /// A leader of `term` committed by counting.
    #[inline(never)]
    pub(super) fn counted(&mut self, term: u64, (index, hash): (u64, u64), findings: &mut Findings) {
        let commit = Commit { index, hash };
        // Nearly always the last term in which anybody leads, and the last in which anything was committed.
        if self.leading.last_key_value().is_none_or(|(last, _)| *last <= term)
            && let Some((last, before)) = self.committed.last_mut()
            && *last == term
        {
            if index > before.index {
                *before = commit;
                self.length = self.length.max(index);
            }
            return;
        }
        self.counted_late(term, commit, findings);
    }

    /// The same where somebody leads a later term, or this is the first commit of its term.
    fn counted_late(&mut self, term: u64, commit: Commit, findings: &mut Findings) {
        let before = self.committed.range(..=term).next_back().map_or(0, |(_, before)| before.index);
        if commit.index <= before {
            return;
        }
        // Nearly always nobody: a leader that knows of a later term is no leader any more.
        let later: Vec<_> =
            self.leading.range(term.saturating_add(1)..).map(|(term, leader)| (*term, *leader)).collect();
        for leader in later {
            self.compare(leader, (term, commit), "late", findings);
        }
        self.committed.insert(term, commit);
        if self.committed.len() > TERMS {
            self.committed.pop_first();
        }
        self.length = self.length.max(commit.index);
    }

    fn compare(
        &mut self,
        (term, leader): (u64, Leader),
        (earlier, commit): (u64, Commit),
        shape: &'static str,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let (node, index) = (leader.node, commit.index);
        let log = self.logs.get(leader.slot);
        let there = leader.last_index >= index;
        if there && log.is_none_or(|log| log.end() < index || log.holds(index, commit.hash)) {
            return;
        }
        let how = if there { "with another entry at" } else { "without" };
        let message = format!("{node} leads term {term} {how} index {index}, committed in term {earlier}");
        findings.safety(shape, &[node], message);
    }

    #[inline(never)]
    fn retire(&mut self, slot: Slot) {
        if let Some(term) = self.office.at(slot).take()
            && self.leading.get(&term).is_some_and(|leader| leader.slot == slot)
        {
            self.leading.remove(&term);
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for LeaderCompleteness {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Appended",
            "Truncated",
            "Recovered",
            "SnapshotInstalled",
            "BecameLeader",
            "Committed",
            "TermSet",
            "BecameFollower",
            "BecamePreCandidate",
            "BecameCandidate",
            "Halted",
        ])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let slot = seen.slot;
        match *seen.observation {
            RaftObservation::Committed { counted: false, .. } => {}
            RaftObservation::Appended { .. }
            | RaftObservation::Truncated { .. }
            | RaftObservation::SnapshotInstalled { .. } => {
                self.appended(seen);
            }
            RaftObservation::Recovered { .. } => {
                self.retire(slot);
                self.logs.at(slot).follow(seen, self.length);
            }
            RaftObservation::BecameLeader { term, last_index } => {
                self.elected(term, Leader { slot, node: seen.node, last_index }, findings);
            }
            RaftObservation::Committed { index, hash, term, counted: true, .. } => {
                self.counted(term, (index, hash), findings);
            }
            RaftObservation::TermSet { .. }
            | RaftObservation::BecameFollower { .. }
            | RaftObservation::BecamePreCandidate { .. }
            | RaftObservation::BecameCandidate { .. }
            | RaftObservation::Halted => self.retire(slot),
            RaftObservation::Voted { .. }
            | RaftObservation::Applied { .. }
            | RaftObservation::Acknowledged { .. }
            | RaftObservation::Transferring { .. }
            | RaftObservation::ReadServed { .. }
            | RaftObservation::SnapshotTaken { .. }
            | RaftObservation::ChunkKept { .. }
            | RaftObservation::ConfigAppended { .. }
            | RaftObservation::Removed { .. } => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Crashed => {
                self.retire(slot);
                self.logs.at(slot).crashed(ground.place(slot));
            }
            Lifecycle::Wiped => self.logs.reset(slot),
            Lifecycle::Corrupted => self.retire(slot),
            Lifecycle::Booted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LeaderCompleteness, TERMS};
    use crate::safety::script::{Script, appended, counted, leads, recovered, told};
    use crate::vocabulary::RaftObservation;

    /// n1 leads term 1; it and n2 hold two entries, and they are committed.
    fn script() -> Script<LeaderCompleteness> {
        let mut script = Script::new(LeaderCompleteness::default(), 3);
        script.see(0, leads(1, 0));
        for slot in [0, 1] {
            script.write(slot, appended(1, 1, 11)).write(slot, appended(2, 1, 12)).sync(slot);
        }
        script.see(0, counted(2, 12, 1)).clean();
        script
    }

    #[test]
    fn a_leader_without_a_committed_entry_is_found() {
        let mut script = script();
        script.write(2, appended(1, 1, 11)).see(2, leads(2, 1));
        script.found("elected", "n3 leads term 2 without index 2, committed in term 1");
        assert_eq!(script.exercised(), 1);
    }

    #[test]
    fn a_leader_with_another_entry_in_its_place_is_found() {
        let mut script = script();
        script.write(2, appended(1, 1, 11)).write(2, appended(2, 2, 92)).write(2, appended(3, 2, 93));
        script
            .see(2, leads(3, 3))
            .found("elected", "n3 leads term 3 with another entry at index 2, committed in term 1");
    }

    #[test]
    fn a_leader_that_lost_a_committed_entry_with_a_crash_is_found() {
        let mut script = Script::new(LeaderCompleteness::default(), 3);
        script.see(0, leads(1, 0)).write(0, appended(1, 1, 11)).sync(0).write(1, appended(1, 1, 11));
        script.see(0, counted(1, 11, 1)).crash(1, 0).recover(1, recovered(1, 0, 0)).see(1, leads(2, 0));
        script.found("elected", "n2 leads term 2 without index 1, committed in term 1");
    }

    #[test]
    fn a_leader_with_everything_and_more_is_fine() {
        let mut script = script();
        script.write(1, appended(3, 1, 13)).crash(1, 0).recover(1, recovered(1, 2, 12)).see(1, leads(2, 2));
        script.write(1, appended(3, 2, 23)).see(1, counted(3, 23, 2)).see(0, told(3, 23, 2)).clean();
        assert_eq!(script.exercised(), 1);
    }

    /// It won when everybody was still in its term; the last vote only arrived late.
    #[test]
    fn a_late_leader_of_an_old_term_owes_later_commits_nothing() {
        let mut script = script();
        script.see(1, leads(6, 2)).write(1, appended(3, 6, 63)).see(1, counted(3, 63, 6));
        script.write(2, appended(1, 1, 11)).write(2, appended(2, 1, 12)).see(2, leads(5, 2)).clean();
        assert_eq!(script.exercised(), 2);
    }

    #[test]
    fn a_late_commit_that_a_later_leader_lacks_is_found() {
        let mut script = script();
        script.write(0, appended(3, 1, 13)).see(1, leads(2, 2)).write(1, appended(3, 2, 23)).clean();
        script
            .see(0, counted(3, 13, 1))
            .found("late", "n2 leads term 2 without index 3, committed in term 1");
    }

    #[test]
    fn a_late_commit_that_the_later_leader_has_is_fine() {
        let mut script = script();
        script.write(0, appended(3, 1, 13)).write(1, appended(3, 1, 13)).see(1, leads(2, 3));
        script.see(0, counted(3, 13, 1)).clean();
        // One that is deposed or down has no say.
        script.write(0, appended(4, 1, 14)).see(1, RaftObservation::BecameFollower { term: 2 });
        script.see(0, counted(4, 14, 1)).clean();
    }

    #[test]
    fn a_late_commit_binds_those_who_are_elected_after_it_too() {
        let mut script = script();
        script.see(1, leads(3, 2)).write(1, appended(3, 3, 33)).see(1, counted(3, 33, 3)).clean();
        script
            .crash(1, 0)
            .write(0, appended(3, 1, 13))
            .write(0, appended(4, 1, 14))
            .see(0, counted(4, 14, 1));
        script.clean();
        script.write(2, appended(1, 1, 11)).write(2, appended(2, 1, 12)).write(2, appended(3, 3, 33));
        script.see(2, leads(4, 3)).found("elected", "n3 leads term 4 without index 4, committed in term 1");
    }

    #[test]
    fn memory_is_bounded_by_terms() {
        let mut script = Script::new(LeaderCompleteness::default(), 3);
        for term in 1..200 {
            script
                .see(0, leads(term, term - 1))
                .write(0, appended(term, term, term))
                .see(0, counted(term, term, term));
        }
        script.clean();
        assert_eq!((script.check.committed.len(), script.check.leading.len()), (TERMS, 1));
    }
}
