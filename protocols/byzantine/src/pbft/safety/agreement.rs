//! Agreement: one batch is committed at a sequence number, one digest is prepared at a view and sequence number.

use std::collections::BTreeMap;

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::super::vocabulary::{Pbft, PbftObservation};
use super::honest;

/// What is committed at each sequence number, and who said so first.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    decided: BTreeMap<u64, (u64, NodeId)>,
}

impl Check<Pbft> for Agreement {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        let PbftObservation::Committed { sequence, batch, .. } = *seen.observation else { return };
        if !honest(ground, seen) {
            return;
        }
        let (first, by) = *self.decided.entry(sequence).or_insert((batch.0, seen.node));
        findings.exercised_by(u64::from(by != seen.node));
        if first != batch.0 {
            let node = seen.node;
            let text = format!(
                "two batches at sequence number {sequence}: {by} committed {first:016x} and {node} committed {:016x}",
                batch.0
            );
            findings.safety("two batches committed", &[by, node], text);
        }
    }
}

/// What is prepared at each view and sequence number.
#[derive(Clone, Debug, Default)]
pub struct OnePrepared {
    prepared: BTreeMap<(u64, u64), (u64, NodeId)>,
}

impl Check<Pbft> for OnePrepared {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Prepared"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        let PbftObservation::Prepared { view, sequence, digest } = *seen.observation else { return };
        if !honest(ground, seen) {
            return;
        }
        findings.exercised();
        let (first, by) = *self.prepared.entry((view, sequence)).or_insert((digest.0, seen.node));
        if first != digest.0 {
            let node = seen.node;
            let text = format!(
                "two digests prepared at {sequence} in view {view}: {first:016x} at {by} and {:016x} at {node}",
                digest.0
            );
            findings.safety("two digests prepared", &[by, node], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;

    fn committed(batch: u64) -> PbftObservation {
        let batch = ContentHash(batch);
        PbftObservation::Committed { view: 0, sequence: 1, digest: batch, batch }
    }

    #[test]
    fn two_batches_are_a_fork_unless_a_traitor_commits_one() {
        let script = || Script::new(Agreement::default(), 4);
        assert_eq!(script().see(1, committed(5)).see(2, committed(6)).violations(), 1);
        assert_eq!(script().see(1, committed(5)).see(2, committed(5)).violations(), 0);
        assert_eq!(script().corrupt(2).see(1, committed(5)).see(2, committed(6)).violations(), 0);
    }

    #[test]
    fn another_view_may_prepare_something_else() {
        let prepared =
            |view, digest| PbftObservation::Prepared { view, sequence: 1, digest: ContentHash(digest) };
        let script = || Script::new(OnePrepared::default(), 4);
        assert_eq!(script().see(1, prepared(0, 5)).see(2, prepared(0, 6)).violations(), 1);
        assert_eq!(script().see(1, prepared(0, 5)).see(2, prepared(1, 6)).violations(), 0);
    }
}
