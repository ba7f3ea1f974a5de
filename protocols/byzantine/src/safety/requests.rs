//! Validity: what is applied for an honest client is what the client asked for, each request once. Of two operations that a
//! corrupt client signs under one timestamp, one at most is applied.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::{Fact, Judged};

/// What clients asked for, and where it was applied.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    asked: OrderedMap<(NodeId, u64), u64>,
    /// At which position, and which operation.
    applied: OrderedMap<(NodeId, u64), (u64, u64)>,
}

impl<P: Judged> Check<P> for Validity {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Asked", "Applied"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let node = seen.node;
        match P::fact(seen.observation) {
            Some(Fact::Asked { timestamp, operation }) => {
                self.asked.insert((node, timestamp), operation);
            }
            Some(Fact::Applied { client, timestamp, operation, position, .. }) => {
                findings.exercised();
                let asked = self.asked.get(&(client, timestamp)).copied();
                if ground.honest(client) && asked != Some(operation) {
                    let text =
                        format!("{node} applied request {timestamp} of {client}, which never asked for that");
                    findings.safety("never asked for", &[node, client], text);
                }
                let (first, before) =
                    *self.applied.entry((client, timestamp)).or_insert((position, operation));
                if before != operation {
                    let text = format!("two operations were applied as request {timestamp} of {client}");
                    findings.safety("two operations", &[node], text);
                }
                if first != position {
                    let text = format!(
                        "request {timestamp} of {client} was applied twice, at positions {first} and {position}"
                    );
                    findings.safety("applied twice", &[node], text);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::*;
    use crate::pbft::safety::tests::Script;
    use crate::pbft::vocabulary::PbftObservation;

    fn applied(operation: u64, position: u64) -> PbftObservation {
        let (operation, answer) = (ContentHash(operation), ContentHash(2));
        PbftObservation::Applied { client: NodeId(3), timestamp: 7, operation, position, answer }
    }

    #[test]
    fn nothing_is_invented_and_nothing_is_done_twice() {
        let asked = || PbftObservation::Asked { timestamp: 7, operation: ContentHash(1) };
        let script = || Script::new(Validity::default(), 4);
        assert_eq!(script().see(3, asked()).see(0, applied(1, 1)).see(1, applied(1, 1)).violations(), 0);
        assert_eq!(script().see(3, asked()).see(0, applied(2, 1)).violations(), 1);
        assert_eq!(script().see(0, applied(1, 1)).violations(), 1);
        assert_eq!(script().see(3, asked()).see(0, applied(1, 1)).see(0, applied(1, 2)).violations(), 1);
        assert_eq!(script().corrupt(3).see(0, applied(2, 1)).violations(), 0);
        let both = script().corrupt(3).see(0, applied(1, 1)).see(1, applied(2, 1)).violations();
        assert_eq!(both, 1, "a corrupt client has one operation for each timestamp, too");
    }
}
