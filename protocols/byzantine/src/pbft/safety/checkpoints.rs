//! Watermarks and checkpoints.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Pbft, PbftObservation};

/// The last stable checkpoint of each member, by what it reported.
#[derive(Clone, Debug)]
pub struct Watermarks {
    log_size: u64,
    low: OrderedMap<Slot, u64>,
}

impl Watermarks {
    /// For members that accept so many sequence numbers beyond the last stable checkpoint.
    pub const fn new(log_size: u64) -> Self {
        Self { log_size, low: OrderedMap::new() }
    }
}

impl Check<Pbft> for Watermarks {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Stable", "PrePrepared"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            PbftObservation::Started { stable: low, .. } | PbftObservation::Stable { sequence: low, .. } => {
                self.low.insert(seen.slot, low);
            }
            PbftObservation::PrePrepared { sequence, .. } => {
                findings.exercised();
                let low = self.low.get(&seen.slot).copied().unwrap_or(0);
                let high = low + self.log_size;
                if sequence <= low || sequence > high {
                    let node = seen.node;
                    let text =
                        format!("{node} accepted sequence number {sequence}, outside of {low} to {high}");
                    findings.safety("", &[node], text);
                }
            }
            _ => {}
        }
    }
}

/// The state after each checkpoint, and how far each member has executed.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints {
    digests: OrderedMap<u64, (u64, NodeId)>,
    executed: OrderedMap<Slot, u64>,
}

impl Checkpoints {
    fn compare(&mut self, sequence: u64, digest: u64, node: NodeId, findings: &mut Findings) {
        findings.exercised();
        let (first, by) = *self.digests.entry(sequence).or_insert((digest, node));
        if first != digest {
            let text =
                format!("two states after {sequence}: {first:016x} at {by} and {digest:016x} at {node}");
            findings.safety("two states", &[by, node], text);
        }
    }
}

impl Check<Pbft> for Checkpoints {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Restored", "Executed", "Checkpointed", "Stable"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let node = seen.node;
        match *seen.observation {
            PbftObservation::Started { executed, .. }
            | PbftObservation::Restored { sequence: executed, .. } => {
                self.executed.insert(seen.slot, executed);
            }
            PbftObservation::Executed { sequence } => {
                let before = self.executed.insert(seen.slot, sequence).unwrap_or(0);
                if sequence != before + 1 {
                    let text = format!("{node} executed {sequence} after {before}");
                    findings.safety("gap", &[node], text);
                }
            }
            PbftObservation::Checkpointed { sequence, digest }
            | PbftObservation::Stable { sequence, digest } => {
                self.compare(sequence, digest.0, node, findings);
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
    fn proposals_are_accepted_between_the_watermarks() {
        let accepted = |sequence| PbftObservation::PrePrepared { view: 0, sequence, digest: ContentHash(1) };
        let stable = || PbftObservation::Stable { sequence: 8, digest: ContentHash(1) };
        let script = || Script::new(Watermarks::new(16), 4);
        assert_eq!(script().see(0, accepted(16)).violations(), 0);
        assert_eq!(script().see(0, accepted(17)).violations(), 1);
        assert_eq!(script().see(0, stable()).see(0, accepted(24)).violations(), 0);
        assert_eq!(script().see(0, stable()).see(0, accepted(8)).violations(), 1);
    }

    #[test]
    fn checkpoints_are_equal_and_nothing_is_skipped() {
        let state = |digest| PbftObservation::Checkpointed { sequence: 8, digest: ContentHash(digest) };
        let executed = |sequence| PbftObservation::Executed { sequence };
        let script = || Script::new(Checkpoints::default(), 4);
        assert_eq!(script().see(0, state(5)).see(1, state(5)).violations(), 0);
        assert_eq!(script().see(0, state(5)).see(1, state(6)).violations(), 1);
        assert_eq!(script().see(0, executed(1)).see(0, executed(2)).violations(), 0);
        assert_eq!(script().see(0, executed(1)).see(0, executed(3)).violations(), 1);
    }
}
