//! Total order: members apply the same operations at the same positions, one after the other.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::{Fact, Judged};

/// What stands at each position, and how far each member has come.
#[derive(Clone, Debug, Default)]
pub struct TotalOrder {
    /// By position, from 1: client, timestamp and operation, and who applied it first.
    applied: OrderedMap<u64, ((NodeId, u64, u64), NodeId)>,
    last: OrderedMap<Slot, u64>,
}

impl<P: Judged> Check<P> for TotalOrder {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(P::STATES)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let (client, timestamp, operation, position) = match P::fact(seen.observation) {
            Some(Fact::Started { applied, .. } | Fact::Restored { applied }) => {
                self.last.insert(seen.slot, applied);
                return;
            }
            Some(Fact::Applied { client, timestamp, operation, position, .. }) => {
                (client, timestamp, operation, position)
            }
            _ => return,
        };
        findings.exercised();
        let node = seen.node;
        let what = (client, timestamp, operation);
        let (first, by) = *self.applied.entry(position).or_insert((what, node));
        if first != what {
            let text = format!(
                "two operations at position {position}: {by} applied request {} of {} and {node} applied request \
                 {timestamp} of {client}",
                first.1, first.0
            );
            findings.safety("two operations at one position", &[by, node], text);
        }
        let before = self.last.insert(seen.slot, position).unwrap_or(0);
        if position != before + 1 {
            let text = format!("{node} applied position {position} after {before}");
            findings.safety("gap", &[node], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::*;
    use crate::pbft::safety::tests::Script;
    use crate::pbft::vocabulary::PbftObservation;

    fn applied(timestamp: u64, position: u64) -> PbftObservation {
        let (operation, answer) = (ContentHash(1), ContentHash(2));
        PbftObservation::Applied { client: NodeId(4), timestamp, operation, position, answer }
    }

    #[test]
    fn positions_are_equal_and_without_gaps() {
        let script = || Script::new(TotalOrder::default(), 4);
        assert_eq!(script().see(0, applied(7, 1)).see(1, applied(7, 1)).violations(), 0);
        assert_eq!(script().see(0, applied(7, 1)).see(1, applied(8, 1)).violations(), 1);
        assert_eq!(script().see(0, applied(7, 1)).see(0, applied(8, 3)).violations(), 1);
        let restored = PbftObservation::Restored { sequence: 4, applied: 2 };
        assert_eq!(script().see(0, applied(7, 1)).see(0, restored).see(0, applied(8, 3)).violations(), 0);
    }
}
