//! After the heal, all homes of a key in the core become equal.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use super::agreement::Agreement;
use super::parameters::Parameters;
use super::ring::Ring;
use super::vocabulary::Store;

/// Once a core is healed and its writes have ended, all homes of a key that are in it become equal, and what its members keep
/// for each other is handed over. A tombstone equals nothing. When that is overdue says the world ([`sim_core::progress`]).
#[derive(Clone, Debug)]
pub struct Convergence {
    promised: bool,
    agreement: Agreement,
    core: Vec<Slot>,
    healed_at: Option<Time>,
    /// When the last difference was gone.
    settled_at: Time,
}

impl Convergence {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters, ring: Ring) -> Self {
        Self {
            promised: !parameters.exchange_every.is_zero(),
            agreement: Agreement::new(parameters, ring),
            core: Vec::new(),
            healed_at: None,
            settled_at: Time::ZERO,
        }
    }
}

impl Check<Store> for Convergence {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(Agreement::HEARS)
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Store>, _: &mut Findings) {
        let before = self.agreement.unsettled();
        self.agreement.follow(seen);
        if before > 0 && self.agreement.unsettled() == 0 {
            self.settled_at = ground.now;
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Healed {
            self.core.push(slot);
            self.agreement.set_core(self.core.iter().copied());
            self.healed_at = Some(ground.now);
            self.settled_at = ground.now;
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        let Some(healed_at) = self.healed_at.filter(|_| self.promised) else { return };
        let unsettled = self.agreement.unsettled();
        if unsettled > 0 && !ground.overdue {
            return;
        }
        findings.exercised();
        if let Some(key) = self.agreement.unsettled_keys().next() {
            let after = ground.now.since(healed_at);
            let nodes: Vec<NodeId> = self.core.iter().map(|slot| ground.place(*slot).node).collect();
            let text = format!(
                "{unsettled} keys differ between members of the core {after} after the heal, or are kept there for another member, key {key} among them"
            );
            findings.liveness("", &nodes[..nodes.len().min(8)], text);
        } else {
            findings.record("convergence", self.settled_at.since(healed_at).as_nanos());
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;

    use super::super::vocabulary::{Record, StoreObservation, Version};
    use super::*;

    fn script() -> Script<Store, Convergence> {
        Script::new(Convergence::new(&Parameters::default(), Ring::new(1, 3, 4, 3)), 3)
    }

    fn record(time: u64, value: Option<u64>) -> Record {
        Record { key: 5, version: Version { time, actor: NodeId(7), session: 0 }, value }
    }

    fn stored(time: u64) -> StoreObservation {
        StoreObservation::Stored { record: record(time, Some(time)) }
    }

    fn judged(script: &mut Script<Store, Convergence>) -> usize {
        script.ground.overdue = true;
        script.finish().violations()
    }

    #[test]
    fn homes_that_stay_different_are_found_when_it_is_overdue() {
        let mut differs = script();
        differs.see(0, stored(4)).see(1, stored(4)).see(2, stored(3)).heal(0).heal(1);
        assert_eq!(judged(&mut differs), 0, "the third one is outside of the core");
        differs.heal(2);
        differs.ground.overdue = false;
        assert_eq!((differs.finish().violations(), differs.exercised()), (0, 1), "it is only late");
        assert_eq!(judged(&mut differs), 1);
    }

    #[test]
    fn a_tombstone_equals_nothing_and_a_hint_must_arrive() {
        let mut gone = script();
        gone.see(0, StoreObservation::Stored { record: record(4, None) });
        (0..3).for_each(|slot| {
            gone.heal(slot);
        });
        assert_eq!(judged(&mut gone), 0);
        let hint = record(6, Some(6));
        (0..3).for_each(|slot| {
            gone.see(slot, stored(6));
        });
        gone.see(1, StoreObservation::Hinted { target: NodeId(2), record: hint });
        gone.see(1, StoreObservation::Unhinted { target: NodeId(2), key: 5, version: hint.version });
        assert_eq!(judged(&mut gone), 0);
        gone.see(1, StoreObservation::Hinted { target: NodeId(2), record: hint });
        assert_eq!(judged(&mut gone), 1, "it keeps what its target has");
        let mut back = script();
        (0..3).for_each(|slot| {
            back.see(slot, stored(4)).heal(slot);
        });
        back.see(1, StoreObservation::Started);
        assert_eq!(judged(&mut back), 1, "it has told nothing since it started");
        back.see(1, stored(4));
        assert_eq!(judged(&mut back), 1, "nothing new is found");
    }
}
