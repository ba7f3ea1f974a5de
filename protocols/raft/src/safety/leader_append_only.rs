//! Leader append-only: a leader never drops or overwrites an entry of its log (Raft paper, section 5.3).

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::honest;
use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// Remembers who leads, and the last index of each leader's log.
#[derive(Debug, Default)]
pub struct LeaderAppendOnly {
    leading: BySlot<Option<u64>>,
}

impl LeaderAppendOnly {
    fn appended(&mut self, slot: Slot, node: NodeId, index: u64, findings: &mut Findings) {
        let Some(last) = self.leading.at(slot) else { return };
        findings.exercised();
        let before = std::mem::replace(last, index);
        if index != before.saturating_add(1) {
            let message = format!("{node}, a leader whose log ended at index {before}, wrote index {index}");
            findings.safety("overwritten", &[node], message);
        }
    }

    fn truncated(&mut self, slot: Slot, node: NodeId, from: u64, findings: &mut Findings) {
        findings.exercised();
        if let Some(last) = self.leading.at(slot) {
            let message = format!("{node}, a leader, dropped its log from index {from} to {last}");
            *last = from.saturating_sub(1);
            findings.safety("truncated", &[node], message);
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for LeaderAppendOnly {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "BecameLeader",
            "Appended",
            "Truncated",
            "TermSet",
            "BecameFollower",
            "BecamePreCandidate",
            "BecameCandidate",
            "Recovered",
            "Halted",
        ])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !honest(ground, seen) {
            return;
        }
        match *seen.observation {
            RaftObservation::BecameLeader { last_index, .. } => {
                *self.leading.at(seen.slot) = Some(last_index);
            }
            RaftObservation::Appended { index, .. } => self.appended(seen.slot, seen.node, index, findings),
            RaftObservation::Truncated { from } => self.truncated(seen.slot, seen.node, from, findings),
            RaftObservation::TermSet { .. }
            | RaftObservation::BecameFollower { .. }
            | RaftObservation::BecamePreCandidate { .. }
            | RaftObservation::BecameCandidate { .. }
            | RaftObservation::Recovered { .. }
            | RaftObservation::Halted => self.leading.reset(seen.slot),
            RaftObservation::Voted { .. }
            | RaftObservation::Committed { .. }
            | RaftObservation::Applied { .. }
            | RaftObservation::Acknowledged { .. }
            | RaftObservation::Transferring { .. }
            | RaftObservation::ReadServed { .. }
            | RaftObservation::SnapshotTaken { .. }
            | RaftObservation::ConfigAppended { .. }
            | RaftObservation::Removed { .. }
            | RaftObservation::ChunkKept { .. }
            | RaftObservation::SnapshotInstalled { .. } => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if event == Lifecycle::Crashed {
            self.leading.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LeaderAppendOnly;
    use crate::safety::script::{Script, appended, leads, recovered};
    use crate::vocabulary::RaftObservation;

    #[test]
    fn a_leader_that_drops_entries_is_found() {
        let mut script = Script::new(LeaderAppendOnly::default(), 3);
        script.see(0, leads(2, 3)).write(0, appended(4, 2, 14)).clean();
        script.write(0, RaftObservation::Truncated { from: 3 });
        script.found("truncated", "n1, a leader, dropped its log from index 3 to 4");
        assert_eq!(script.exercised(), 2);
    }

    #[test]
    fn a_leader_that_overwrites_an_entry_is_found() {
        let mut script = Script::new(LeaderAppendOnly::default(), 3);
        script.see(0, leads(2, 3)).write(0, appended(3, 2, 93));
        script.found("overwritten", "n1, a leader whose log ended at index 3, wrote index 3");
    }

    #[test]
    fn whoever_was_deposed_or_restarted_may_drop_entries() {
        let mut script = Script::new(LeaderAppendOnly::default(), 3);
        script.see(0, leads(2, 3)).write(0, RaftObservation::TermSet { term: 3 });
        script.write(0, RaftObservation::Truncated { from: 2 }).write(0, appended(2, 3, 22));
        script.see(1, leads(4, 7)).crash(1, 0).recover(1, recovered(4, 7, 17));
        script.write(1, RaftObservation::Truncated { from: 5 }).write(1, appended(5, 5, 25)).clean();
        assert_eq!(script.exercised(), 2);
    }
}
