//! Agreement: one value is committed at a height, one digest is prepared at a view and height.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::{Fact, Judged};

/// What is committed at each height, and who said so first.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    decided: OrderedMap<u64, (u64, NodeId)>,
}

impl<P: Judged> Check<P> for Agreement {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let Some(Fact::Committed { height, value, .. }) = P::fact(seen.observation) else { return };
        if !seen.honest {
            return;
        }
        let (first, by) = *self.decided.entry(height).or_insert((value, seen.node));
        findings.exercised_by(u64::from(by != seen.node));
        if first != value {
            let (node, place) = (seen.node, P::PLACE);
            let text = format!(
                "two batches at {place} {height}: {by} committed {first:016x} and {node} committed {value:016x}"
            );
            findings.safety("two batches committed", &[by, node], text);
        }
    }
}

/// What is prepared at each view and height.
#[derive(Clone, Debug, Default)]
pub struct OnePrepared {
    prepared: OrderedMap<(u64, u64), (u64, NodeId)>,
}

impl<P: Judged> Check<P> for OnePrepared {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(P::PREPARED)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let Some(Fact::Prepared { view, height, digest }) = P::fact(seen.observation) else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let (first, by) = *self.prepared.entry((view, height)).or_insert((digest, seen.node));
        if first != digest {
            let node = seen.node;
            let text = format!(
                "two digests prepared at {height} in view {view}: {first:016x} at {by} and {digest:016x} at {node}"
            );
            findings.safety("two digests prepared", &[by, node], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::*;
    use crate::pbft::safety::tests::Script;
    use crate::pbft::vocabulary::PbftObservation;

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
