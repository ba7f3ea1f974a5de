//! After the heal, every broadcast that the core has reaches all of it.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use super::parameters::Parameters;
use super::safety::Deliveries;
use super::vocabulary::{Plumtree, PlumtreeObservation};

/// Every running honest member of the healed core delivers what some member of it had delivered at the heal. When that is
/// overdue says the world ([`sim_core::progress`]).
#[derive(Clone, Debug)]
pub struct Completeness {
    promised: bool,
    delivered: Deliveries,
    core: Vec<Slot>,
    owed: [u64; 2],
    healed_at: Time,
}

impl Completeness {
    /// For a cluster of these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            promised: !parameters.compare_every.is_zero(),
            delivered: Deliveries::default(),
            core: Vec::new(),
            owed: [0; 2],
            healed_at: Time::ZERO,
        }
    }

    fn owes(ground: &Ground, slot: Slot) -> bool {
        let place = ground.place(slot);
        place.runs() && place.honest
    }
}

/// Whether a set of broadcasts holds all of another one.
pub(super) fn covers(has: [u64; 2], owed: [u64; 2]) -> bool {
    owed[0] & !has[0] == 0 && owed[1] & !has[1] == 0
}

impl Check<Plumtree> for Completeness {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Delivered"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Plumtree>, _: &mut Findings) {
        if let PlumtreeObservation::Delivered { broadcast, .. } = *seen.observation {
            self.delivered.add(seen.slot, broadcast);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        match what {
            Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped => self.delivered.forget(slot),
            Lifecycle::Healed => {
                self.healed_at = ground.now;
                self.core.push(slot);
                if Self::owes(ground, slot) {
                    let has = self.delivered.get(slot);
                    self.owed = [self.owed[0] | has[0], self.owed[1] | has[1]];
                }
            }
            Lifecycle::Corrupted => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if self.owed == [0; 2] || !self.promised {
            return;
        }
        let owing: Vec<Slot> = self.core.iter().copied().filter(|slot| Self::owes(ground, *slot)).collect();
        let lacking = owing.iter().filter(|slot| !covers(self.delivered.get(**slot), self.owed));
        let nodes: Vec<NodeId> = lacking.map(|slot| ground.place(*slot).node).collect();
        if !nodes.is_empty() && !ground.overdue {
            return;
        }
        findings.exercised_by(owing.len() as u64);
        if let Some(first) = nodes.first() {
            let after = ground.now.since(self.healed_at);
            let text = format!(
                "{} of {} members still lack a broadcast {after} after the heal, {first} among them",
                nodes.len(),
                self.core.len()
            );
            findings.liveness("", &nodes[..nodes.len().min(8)], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Script = protocol_testing::script::Script<Plumtree, Completeness>;

    fn script(overdue: bool) -> Script {
        let mut script = Script::new(Completeness::new(&Parameters::default()), 3);
        script.see(0, PlumtreeObservation::Delivered { broadcast: 70, hops: 0 });
        (0..3).for_each(|slot| {
            script.boot(slot).heal(slot);
        });
        script.see(0, PlumtreeObservation::Delivered { broadcast: 70, hops: 0 });
        script.ground.overdue = overdue;
        script
    }

    #[test]
    fn whoever_still_lacks_a_broadcast_when_it_is_overdue_is_found() {
        let deliver = |script: &mut Script, slot| {
            script.see(slot, PlumtreeObservation::Delivered { broadcast: 70, hops: 1 });
        };
        let mut known = Script::new(Completeness::new(&Parameters::default()), 3);
        (0..3).for_each(|slot| {
            known.boot(slot);
        });
        deliver(&mut known, 0);
        (0..3).for_each(|slot| {
            known.heal(slot);
        });
        deliver(&mut known, 1);
        assert_eq!(known.finish().violations(), 0, "it is not overdue");
        known.ground.overdue = true;
        assert_eq!(known.finish().violations(), 1);
        deliver(&mut known, 2);
        assert_eq!(known.finish().violations(), 1, "nobody else is accused");
    }

    #[test]
    fn what_the_core_did_not_have_at_the_heal_is_not_owed() {
        assert_eq!(script(true).finish().violations(), 0);
    }
}
