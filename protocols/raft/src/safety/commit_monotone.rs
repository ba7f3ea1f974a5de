//! The commit index of a server never goes back while it runs.
//!
//! Over a crash it may: it is not kept on disk. What was committed before the crash is compared by
//! [`state_machine_safety`](super::state_machine_safety).

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;

use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// Remembers the commit index of each running server.
#[derive(Debug, Default)]
pub struct CommitMonotone {
    commit: BySlot<u64>,
}

impl CommitMonotone {
    /// A server knows that more is committed, or has `installed` a snapshot of so much.
    #[inline(always)]
    pub(super) fn rises<P: Protocol>(
        &mut self,
        seen: &Seen<'_, P>,
        index: u64,
        installed: bool,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let commit = self.commit.at(seen.slot);
        let before = *commit;
        *commit = if installed { before.max(index) } else { index };
        if index < before && !installed {
            let node = seen.node;
            findings.accuse("", &[node], || {
                format!("the commit index of {node} went back from {before} to {index}")
            });
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for CommitMonotone {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed", "SnapshotInstalled"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let (index, installed) = match *seen.observation {
            RaftObservation::Committed { index, .. } => (index, false),
            // More may be committed than a snapshot covers.
            RaftObservation::SnapshotInstalled { index, .. } => (index, true),
            _ => return,
        };
        if !seen.honest {
            return;
        }
        self.rises(seen, index, installed, findings);
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Booted) {
            self.commit.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommitMonotone;
    use crate::safety::script::{Script, counted, recovered, told};

    #[test]
    fn a_commit_index_that_goes_back_is_found() {
        let mut script = Script::new(CommitMonotone::default(), 3);
        script.see(0, counted(3, 13, 1)).see(1, told(1, 11, 1)).clean();
        script.see(0, told(2, 12, 2)).found("", "the commit index of n1 went back from 3 to 2");
        assert_eq!(script.exercised(), 3);
    }

    #[test]
    fn a_restart_begins_anew() {
        let mut script = Script::new(CommitMonotone::default(), 3);
        script.see(0, counted(3, 13, 1)).see(0, told(3, 13, 1));
        script.crash(0, 0).recover(0, recovered(1, 3, 13)).see(0, told(1, 11, 1)).clean();
    }
}
