//! Replies: what a client believes is what honest members answered.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::{Fact, Judged};

/// What honest members answered: position and reply.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    answered: OrderedMap<(NodeId, u64), (u64, u64)>,
}

impl<P: Judged> Check<P> for Replies {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Applied", "Acknowledged"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match P::fact(seen.observation) {
            Some(Fact::Applied { client, timestamp, position, answer, .. }) => {
                self.answered.entry((client, timestamp)).or_insert((position, answer));
            }
            // A read without order has no position, and its history is judged instead.
            Some(Fact::Acknowledged { timestamp, position, answer }) if position > 0 => {
                findings.exercised();
                let node = seen.node;
                if self.answered.get(&(node, timestamp)) != Some(&(position, answer)) {
                    let text = format!(
                        "client {node} believes a reply to request {timestamp} that nobody honest gave"
                    );
                    findings.safety("", &[node], text);
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

    #[test]
    fn a_client_believes_only_what_was_answered() {
        let applied = || PbftObservation::Applied {
            client: NodeId(3),
            timestamp: 7,
            operation: ContentHash(1),
            position: 1,
            answer: ContentHash(2),
        };
        let believed = |position, answer| PbftObservation::Acknowledged {
            timestamp: 7,
            position,
            answer: ContentHash(answer),
        };
        let script = || Script::new(Replies::default(), 4);
        assert_eq!(script().see(0, applied()).see(3, believed(1, 2)).violations(), 0);
        assert_eq!(script().see(0, applied()).see(3, believed(1, 3)).violations(), 1);
        assert_eq!(script().see(0, applied()).see(3, believed(2, 2)).violations(), 1);
        assert_eq!(script().see(3, believed(0, 9)).violations(), 0, "not ordered");
    }
}
