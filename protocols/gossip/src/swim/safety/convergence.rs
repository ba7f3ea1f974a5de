//! After the heal all members of the core come to the same view: each other, and nobody who is down for good.
//!
//! When that is overdue says the world ([`sim_core::progress`]).

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedSet;
use sim_core::time::Time;

use crate::swim::ledger::Ledger;
use crate::swim::vocabulary::Swim;

/// One of the two halves of it.
#[derive(Clone, Debug)]
pub struct Convergence {
    ledger: Ledger,
    /// Whether it is about members that are alive.
    alive: bool,
    core: Vec<Slot>,
    healed_at: Time,
}

impl Convergence {
    fn new(ledger: Ledger, alive: bool) -> Self {
        Self { ledger, alive, core: Vec::new(), healed_at: Time::ZERO }
    }

    /// That nobody holds somebody alive who is down (strong completeness).
    pub fn completeness(ledger: Ledger) -> Self {
        Self::new(ledger, false)
    }

    /// That all hold each other alive.
    pub fn agreement(ledger: Ledger) -> Self {
        Self::new(ledger, true)
    }

    /// How many different views the core has.
    fn views(&self) -> usize {
        let beliefs = self.ledger.read();
        let views = self.core.iter().filter_map(|slot| beliefs.of(*slot)?.view);
        views.collect::<OrderedSet<_>>().len()
    }
}

impl Check<Swim> for Convergence {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, Swim>, _: &mut Findings) {}

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Healed {
            self.healed_at = ground.now;
            self.core.push(slot);
            self.core.sort_unstable();
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if self.core.is_empty() || !self.ledger.read().is_complete() {
            return;
        }
        let wrong = self.ledger.read().wrong(ground, &self.core);
        let wrong: Vec<(Slot, NodeId)> = wrong
            .into_iter()
            .filter(|(_, _, alive)| *alive == self.alive)
            .map(|(slot, node, _)| (slot, node))
            .collect();
        if wrong.is_empty() || ground.overdue {
            findings.exercised_by(self.core.len() as u64);
        }
        let Some((slot, peer)) = wrong.first().copied().filter(|_| ground.overdue) else { return };
        let (after, viewer) = (ground.now.since(self.healed_at), ground.place(slot).node);
        let text = if self.alive {
            format!(
                "{after} after the heal the core has {} views: {viewer} does not hold {peer} alive, and {} more such pairs",
                self.views(),
                wrong.len() - 1
            )
        } else {
            format!(
                "{after} after the heal {viewer} holds {peer} alive, which is down, and {} more such pairs",
                wrong.len() - 1
            )
        };
        findings.liveness("", &[viewer, peer], text);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;
    use crate::swim::vocabulary::SwimObservation;

    /// Three of four members are the core; the first one holds `dead` dead.
    fn script(make: fn(Ledger) -> Convergence, dead: &[u32], overdue: bool) -> Script<Convergence> {
        let ledger = Ledger::new(4);
        let mut script = Script::new(make(ledger.clone()), 4);
        let started = SwimObservation::Started { incarnation: 0, knows: true };
        (0..4).for_each(|slot| ledger.follow(Slot(slot), &started));
        script.crash(3, 0);
        for peer in dead.iter().copied().map(NodeId) {
            for slot in 0..3 {
                let (from, view) = (NodeId(0), ContentHash(1));
                let died = SwimObservation::Died { peer, incarnation: 0, from, members: 3, view };
                if NodeId(slot) != peer {
                    ledger.follow(Slot(slot), &died);
                }
            }
        }
        for slot in 0..3 {
            script.heal(slot);
        }
        script.ground.overdue = overdue;
        script.finish();
        script
    }

    #[test]
    fn somebody_down_that_is_held_alive_is_found() {
        assert_eq!(script(Convergence::completeness, &[], true).violations(), 1);
        assert_eq!(script(Convergence::completeness, &[3], true).violations(), 0);
        assert_eq!(script(Convergence::completeness, &[3], true).exercised(), 3);
        assert_eq!(script(Convergence::completeness, &[], false).violations(), 0, "there is time");
    }

    #[test]
    fn members_of_the_core_that_hold_each_other_dead_are_found() {
        assert_eq!(script(Convergence::agreement, &[3], true).violations(), 0);
        assert_eq!(script(Convergence::agreement, &[3, 1], true).violations(), 1);
    }
}
