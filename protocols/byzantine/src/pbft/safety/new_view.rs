//! A new view keeps every digest that was committed before.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Pbft, PbftObservation};
use crate::safety::honest;

/// What was committed at a sequence number, and what later views proposed there again.
#[derive(Clone, Debug, Default)]
struct Place {
    committed: Option<(u64, u64)>,
    /// Views and digests.
    again: Vec<(u64, u64)>,
}

/// What was committed and proposed again.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    places: OrderedMap<u64, Place>,
}

impl Kept {
    fn judge(&self, sequence: u64, node: NodeId, findings: &mut Findings) {
        let Some(place) = self.places.get(&sequence) else { return };
        let Some((view, digest)) = place.committed else { return };
        let lost = place.again.iter().find(|(later, again)| *later > view && *again != digest);
        if let Some((later, again)) = lost {
            let text = format!(
                "{digest:016x} was committed at {sequence} in view {view}, and view {later} proposes {again:016x} there"
            );
            findings.safety("", &[node], text);
        }
    }
}

impl Check<Pbft> for Kept {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed", "Reproposed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !honest(ground, seen) {
            return;
        }
        match *seen.observation {
            PbftObservation::Committed { view, sequence, digest, .. } => {
                let place = self.places.entry(sequence).or_default();
                if place.committed.is_none_or(|(known, _)| view < known) {
                    place.committed = Some((view, digest.0));
                    self.judge(sequence, seen.node, findings);
                }
            }
            PbftObservation::Reproposed { view, sequence, digest } => {
                findings.exercised();
                let place = self.places.entry(sequence).or_default();
                if !place.again.contains(&(view, digest.0)) {
                    place.again.push((view, digest.0));
                    self.judge(sequence, seen.node, findings);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;

    #[test]
    fn what_was_committed_is_proposed_again_whatever_is_known_first() {
        let committed = |view, digest| {
            let digest = ContentHash(digest);
            PbftObservation::Committed { view, sequence: 3, digest, batch: digest }
        };
        let again =
            |view, digest| PbftObservation::Reproposed { view, sequence: 3, digest: ContentHash(digest) };
        let script = || Script::new(Kept::default(), 4);
        assert_eq!(script().see(0, committed(0, 5)).see(1, again(1, 5)).violations(), 0);
        assert_eq!(script().see(0, committed(0, 5)).see(1, again(1, 6)).violations(), 1);
        assert_eq!(script().see(1, again(1, 6)).see(0, committed(0, 5)).violations(), 1);
        assert_eq!(script().see(1, again(1, 6)).see(0, committed(1, 6)).violations(), 0);
    }
}
