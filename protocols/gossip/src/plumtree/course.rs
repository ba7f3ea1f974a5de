//! What broadcasts cost and reach.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::broadcast::FAR;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// What broadcasts cost and reach: no verdict, only figures. Redundancy is the paper's relative message redundancy,
/// m / (n - 1) - 1 for m payloads sent and n members that delivered, in thousandths.
#[derive(Clone, Debug, Default)]
pub struct Course {
    of: Vec<Broadcast>,
}

/// What became of one broadcast.
#[derive(Clone, Copy, Debug, Default)]
struct Broadcast {
    /// Members that ran when it was made, and were there at genesis.
    members: u64,
    delivered: u64,
    payloads: u64,
    last_hop: u64,
}

impl Course {
    fn at(&mut self, broadcast: u32) -> &mut Broadcast {
        let index = broadcast as usize;
        if index >= self.of.len() {
            self.of.resize(index + 1, Broadcast::default());
        }
        &mut self.of[index]
    }
}

impl Check<Plumtree> for Course {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Broadcast", "Delivered"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Gossip"]
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        match *seen.observation {
            PlumtreeObservation::Broadcast { broadcast } => {
                let members = ground.members().filter(|(_, place)| place.runs()).count() as u64;
                self.at(broadcast).members = members;
            }
            PlumtreeObservation::Delivered { broadcast, hops } => {
                findings.exercised();
                let course = self.at(broadcast);
                course.delivered += 1;
                if hops < FAR {
                    course.last_hop = course.last_hop.max(hops.into());
                }
            }
            _ => {}
        }
    }

    fn sent(&mut self, _: &Ground, _: NodeId, _: NodeId, message: &PlumtreeMessage, _: &mut Findings) {
        if let PlumtreeMessage::Gossip { broadcast, .. } = message {
            self.at(*broadcast).payloads += 1;
        }
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        for course in self.of.iter().filter(|course| course.members > 1 && course.delivered > 1) {
            let reached = course.delivered.min(course.members);
            let needed = course.delivered - 1;
            findings.record("reliability_permille", 1_000 * reached / course.members);
            findings.record("redundancy_permille", 1_000 * course.payloads.saturating_sub(needed) / needed);
            findings.record("last_delivery_hop", course.last_hop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Script = protocol_testing::script::Script<Plumtree, Course>;

    const MADE: PlumtreeObservation = PlumtreeObservation::Broadcast { broadcast: 3 };
    const DELIVERED: PlumtreeObservation = PlumtreeObservation::Delivered { broadcast: 3, hops: 1 };

    #[test]
    fn the_course_of_a_broadcast_is_measured() {
        let mut script = Script::new(Course::default(), 3);
        (0..3).for_each(|slot| {
            script.boot(slot);
        });
        let payload = PlumtreeMessage::Gossip { broadcast: 3, hops: 1, bytes: 9 };
        script.see(0, MADE).see(0, DELIVERED).send(0, 1, payload.clone()).see(1, DELIVERED);
        script.send(1, 0, payload.clone()).send(0, 2, payload).see(2, DELIVERED).finish();
        let mean = |name: &str| script.findings.measured().summary()[name].mean;
        assert!((mean("reliability_permille") - 1_000.0).abs() < 1e-9);
        assert!((mean("redundancy_permille") - 500.0).abs() < 1e-9, "three payloads where two suffice");
    }
}
