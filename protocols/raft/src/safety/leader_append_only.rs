//! Leader append-only: a leader never drops or overwrites an entry of its log (Raft paper, section 5.3), and it appends one of its
//! own in the step in which it begins, since it may not commit what came before without it (section 8).

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// Remembers who leads, and the last index of each leader's log.
#[derive(Debug, Default)]
pub struct LeaderAppendOnly {
    leading: BySlot<Option<Leading>>,
}

/// A server that leads.
#[derive(Clone, Copy, Debug)]
struct Leading {
    node: NodeId,
    /// The last index of its log.
    last: u64,
    /// When it began, until it has appended something.
    idle_since: Option<Time>,
}

impl LeaderAppendOnly {
    /// Time goes on: whoever began to lead earlier has appended something in that step.
    #[inline]
    fn later(&mut self, ground: &Ground, slot: Slot, findings: &mut Findings) {
        let Some(Some(leading)) = self.leading.get_mut(slot) else { return };
        if leading.idle_since.is_some_and(|since| since < ground.now) {
            leading.idle_since = None;
            let Leading { node, last, .. } = *leading;
            findings.accuse("no-entry", &[node], || {
                format!("{node} began to lead without an entry of its own after index {last}")
            });
        }
    }

    /// A server appends an entry.
    #[inline(always)]
    pub(super) fn appended<P: Protocol>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        index: u64,
        findings: &mut Findings,
    ) {
        self.later(ground, seen.slot, findings);
        let (slot, node) = (seen.slot, seen.node);
        let Some(Some(leading)) = self.leading.get_mut(slot) else { return };
        findings.exercised();
        leading.idle_since = None;
        let before = std::mem::replace(&mut leading.last, index);
        if index != before.saturating_add(1) {
            findings.accuse("overwritten", &[node], || {
                format!("{node}, a leader whose log ended at index {before}, wrote index {index}")
            });
        }
    }

    fn truncated(&mut self, slot: Slot, node: NodeId, from: u64, findings: &mut Findings) {
        findings.exercised();
        if let Some(Leading { last, .. }) = self.leading.at(slot) {
            let before = std::mem::replace(last, from.saturating_sub(1));
            findings.accuse("truncated", &[node], || {
                format!("{node}, a leader, dropped its log from index {from} to {before}")
            });
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
        if !seen.honest {
            return;
        }
        if let RaftObservation::Appended { index, .. } = *seen.observation {
            return self.appended(ground, seen, index, findings);
        }
        self.later(ground, seen.slot, findings);
        match *seen.observation {
            RaftObservation::BecameLeader { last_index, .. } => {
                let leading = Leading { node: seen.node, last: last_index, idle_since: Some(ground.now) };
                *self.leading.at(seen.slot) = Some(leading);
            }
            RaftObservation::Truncated { from } => self.truncated(seen.slot, seen.node, from, findings),
            RaftObservation::TermSet { .. }
            | RaftObservation::BecameFollower { .. }
            | RaftObservation::BecamePreCandidate { .. }
            | RaftObservation::BecameCandidate { .. }
            | RaftObservation::Recovered { .. }
            | RaftObservation::Halted => self.leading.reset(seen.slot),
            RaftObservation::Voted { .. }
            | RaftObservation::Appended { .. }
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

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, findings: &mut Findings) {
        if event == Lifecycle::Crashed {
            self.later(ground, slot, findings);
            self.leading.reset(slot);
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        let honest = ground.members().filter(|(_, place)| place.honest);
        honest.for_each(|(slot, _)| self.later(ground, slot, findings));
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

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

    /// A server begins to lead term 2.
    fn lead() -> Script<LeaderAppendOnly> {
        let mut script = Script::new(LeaderAppendOnly::default(), 3);
        script.see(0, leads(2, 3));
        script
    }

    /// It is seen at its beginning, and again after 10 ns.
    fn again(first: Option<RaftObservation>, then: RaftObservation) -> Script<LeaderAppendOnly> {
        let mut script = lead();
        if let Some(first) = first {
            script.see(0, first);
        }
        script.at(Time::from_nanos(10), 0).see(0, then);
        script
    }

    #[test]
    fn a_leader_begins_with_an_entry_of_its_own() {
        let message = "n1 began to lead without an entry of its own after index 3";
        again(Some(appended(4, 2, 14)), appended(5, 2, 15)).clean();
        again(None, appended(4, 2, 14)).found("no-entry", message);
        again(None, RaftObservation::BecameFollower { term: 2 }).found("no-entry", message);
        // A crash may come in the middle of the step.
        lead().crash(0, 0).at(Time::from_nanos(10), 0).see(0, recovered(2, 3, 13)).finish().clean();
        lead().at(Time::from_nanos(10), 0).crash(0, 0).found("no-entry", message);
        lead().at(Time::from_nanos(10), 0).finish().found("no-entry", message);
        lead().finish().clean();
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
