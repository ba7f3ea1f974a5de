//! State machine safety: all servers apply the same entries in the same order, and come to the same state (Raft paper,
//! section 5.4.3).
//!
//! The first server to apply an index writes it into one canonical array; everybody else is compared with it. A server
//! starts from nothing after each boot, or from its snapshot, and applies everything after that again. A snapshot is compared
//! with what was applied up to its index, and never takes a server back.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use crate::vocabulary::RaftObservation;
use sim_core::check::ByIndex;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// The canonical array, and how far each running server has applied it.
#[derive(Debug, Default)]
pub struct StateMachineSafety {
    canonical: ByIndex<Applied>,
    /// Commits of indices that nobody has applied yet.
    announced: OrderedMap<u64, (u64, NodeId)>,
    applied: BySlot<u64>,
}

/// What the first server to apply an index had there.
#[derive(Clone, Copy, Debug)]
struct Applied {
    hash: u64,
    state: u64,
    node: NodeId,
}

impl StateMachineSafety {
    /// A server reports what is committed.
    #[inline(always)]
    pub(super) fn committed(&mut self, node: NodeId, index: u64, hash: u64, findings: &mut Findings) {
        findings.exercised();
        let (known, other) = match self.canonical.get(index) {
            Some(first) => (first.hash, first.node),
            None => *self.announced.entry(index).or_insert((hash, node)),
        };
        if known != hash {
            findings.accuse("committed", &[other, node], || {
                format!("{other} and {node} committed different logs up to index {index}")
            });
        }
    }

    /// A server applies an entry: its log has this hash, and its state that digest.
    #[inline(always)]
    pub(super) fn applied(
        &mut self,
        (slot, node): (Slot, NodeId),
        index: u64,
        (hash, state): (u64, u64),
        findings: &mut Findings,
    ) {
        findings.exercised();
        let own = Applied { hash, state, node };
        let before = std::mem::replace(self.applied.at(slot), index);
        if index != before.saturating_add(1) {
            findings
                .accuse("order", &[node], || format!("{node} applied index {index} after index {before}"));
        }
        let Some(first) = self.canonical.get_or_put(index, own) else {
            return self.first_applied(index, own, findings);
        };
        let other = first.node;
        if first.hash != own.hash {
            findings.accuse("applied", &[other, node], || {
                format!("{other} and {node} applied different logs up to index {index}")
            });
        } else if first.state != own.state {
            findings.accuse("state", &[other, node], || {
                format!("{other} and {node} applied the same log up to index {index} and differ in state")
            });
        }
    }

    /// A snapshot stands for what was applied: its log and its state are those of everybody at that index.
    fn snapshot(&self, index: u64, own: Applied, did: &str, findings: &mut Findings) {
        findings.exercised();
        let node = own.node;
        let Some(first) = self.canonical.get(index) else {
            let message = format!("{node} {did} a snapshot up to index {index}, which nobody has applied");
            return findings.safety("snapshot", &[node], message);
        };
        if (first.hash, first.state) != (own.hash, own.state) {
            let other = first.node;
            findings.accuse("snapshot", &[other, node], || {
                format!("{node} {did} another snapshot up to index {index} than {other} had applied")
            });
        }
    }

    #[inline(never)]
    fn first_applied(&mut self, index: u64, own: Applied, findings: &mut Findings) {
        let Some((hash, other)) = self.announced.remove(&index) else { return };
        if hash != own.hash {
            let node = own.node;
            findings.accuse("applied", &[other, node], || {
                format!("{other} committed another log up to index {index} than {node} applied")
            });
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for StateMachineSafety {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed", "Applied", "SnapshotTaken", "SnapshotInstalled"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Committed { index, hash, .. } => {
                self.committed(seen.node, index, hash, findings);
            }
            RaftObservation::Applied { index, hash, state, .. } => {
                self.applied((seen.slot, seen.node), index, (hash, state), findings);
            }
            RaftObservation::SnapshotTaken { index, hash, state } => {
                self.snapshot(index, Applied { hash, state, node: seen.node }, "took", findings);
            }
            RaftObservation::SnapshotInstalled { index, hash, state, .. } => {
                self.snapshot(index, Applied { hash, state, node: seen.node }, "installed", findings);
                let before = std::mem::replace(self.applied.at(seen.slot), index);
                if index < before {
                    let node = seen.node;
                    let message = format!(
                        "{node} installed a snapshot up to index {index} after it had applied {before}"
                    );
                    findings.safety("snapshot-back", &[node], message);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Booted) {
            self.applied.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StateMachineSafety;
    use crate::safety::script::{Script, counted, recovered, told};
    use crate::vocabulary::RaftObservation;

    fn applied(index: u64, hash: u64, state: u64) -> RaftObservation {
        RaftObservation::Applied { index, hash, state, client: None, sequence: 0, repeated: false, answer: 0 }
    }

    fn script() -> Script<StateMachineSafety> {
        Script::new(StateMachineSafety::default(), 3)
    }

    #[test]
    fn different_entries_at_one_index_are_found() {
        let mut script = script();
        script.see(0, applied(1, 11, 5)).see(1, applied(1, 11, 5)).see(0, applied(2, 12, 6)).clean();
        script.see(1, applied(2, 92, 6)).found("applied", "n1 and n2 applied different logs up to index 2");
        assert_eq!(script.exercised(), 4);
    }

    #[test]
    fn different_states_after_the_same_entries_are_found() {
        let mut script = script();
        script.see(0, applied(1, 11, 5)).see(1, applied(1, 11, 6));
        script.found("state", "n1 and n2 applied the same log up to index 1 and differ in state");
    }

    #[test]
    fn a_gap_and_a_repetition_are_found() {
        script()
            .see(0, applied(1, 11, 5))
            .see(0, applied(3, 13, 7))
            .found("order", "n1 applied index 3 after index 1");
        script()
            .see(0, applied(1, 11, 5))
            .see(0, applied(1, 11, 5))
            .found("order", "n1 applied index 1 after index 1");
    }

    #[test]
    fn commits_that_disagree_are_found_before_and_after_they_are_applied() {
        script()
            .see(0, counted(4, 14, 1))
            .see(1, told(4, 94, 2))
            .found("committed", "n1 and n2 committed different logs up to index 4");
        script()
            .see(0, counted(1, 11, 1))
            .see(0, applied(1, 11, 5))
            .see(1, told(1, 91, 2))
            .found("committed", "n1 and n2 committed different logs up to index 1");
        script()
            .see(0, counted(1, 11, 1))
            .see(1, applied(1, 91, 5))
            .found("applied", "n1 committed another log up to index 1 than n2 applied");
    }

    #[test]
    fn a_restarted_server_applies_everything_again() {
        let mut script = script();
        for _ in 0..2 {
            script.see(0, counted(2, 12, 1)).see(0, applied(1, 11, 5)).see(0, applied(2, 12, 6));
            script.crash(0, 0).recover(0, recovered(1, 2, 12));
        }
        script.see(1, told(1, 11, 1)).see(1, applied(1, 11, 5)).clean();
        assert!(script.check.announced.is_empty());
    }
}
