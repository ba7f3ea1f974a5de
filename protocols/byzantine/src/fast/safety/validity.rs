//! Validity: what is accepted and decided is what a client asked for.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Fast, FastObservation};

/// What clients asked for, and whose the accepted requests are.
#[derive(Clone, Debug)]
pub struct Validity {
    clients: u32,
    asked: Vec<(NodeId, u64)>,
    accepted: OrderedMap<u64, NodeId>,
}

impl Validity {
    /// For so many clients: the first members.
    pub fn new(clients: u32) -> Self {
        Self { clients, asked: Vec::new(), accepted: OrderedMap::new() }
    }
}

impl Check<Fast> for Validity {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Asked", "Accepted", "Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Fast>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let node = seen.node;
        match *seen.observation {
            FastObservation::Asked { digest } => self.asked.push((node, digest.0)),
            FastObservation::Accepted { digest, client, .. } => {
                findings.exercised();
                self.accepted.entry(digest.0).or_insert(client);
                let asked = !ground.honest(client) || self.asked.contains(&(client, digest.0));
                if client.0 >= self.clients || !asked {
                    let text =
                        format!("{node} accepted {:016x} of {client}, which never asked for it", digest.0);
                    findings.safety("never asked for", &[node, client], text);
                }
            }
            FastObservation::Committed { digest, .. } => {
                findings.exercised();
                if self.accepted.get(&digest.0).is_none() {
                    let text = format!("{node} decided {:016x}, which nobody honest accepted", digest.0);
                    findings.safety("never accepted", &[node], text);
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

    type Script = protocol_testing::script::Script<Fast, Validity>;

    #[test]
    fn only_what_a_client_asked_for_is_accepted_and_decided() {
        let asked = || FastObservation::Asked { digest: ContentHash(5) };
        let accepted =
            |client| FastObservation::Accepted { view: 0, digest: ContentHash(5), client: NodeId(client) };
        let decided = || FastObservation::Committed { view: 0, digest: ContentHash(5), track: "slow" };
        let script = || Script::new(Validity::new(2), 4);
        assert_eq!(script().see(1, asked()).see(0, accepted(1)).see(2, decided()).violations(), 0);
        assert_eq!(script().see(0, accepted(1)).violations(), 1, "it never asked");
        assert_eq!(script().corrupt(1).see(0, accepted(1)).violations(), 0, "a traitor may");
        assert_eq!(script().corrupt(3).see(0, accepted(3)).violations(), 1, "no client");
        assert_eq!(script().see(2, decided()).violations(), 1);
    }
}
