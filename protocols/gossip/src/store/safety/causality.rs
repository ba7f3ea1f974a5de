//! A write is ordered after everything that its client had seen.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Store, StoreObservation, Version};

/// The version of a write is higher than every version of its key that the client had read or written before, so that a
/// causally older write never wins. Of concurrent writes one is lost, by design.
#[derive(Clone, Debug, Default)]
pub struct Causality {
    /// By client and key: the newest version that this incarnation has seen.
    seen: OrderedMap<(Slot, u64), Version>,
}

impl Check<Store> for Causality {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Stamped", "Saw"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        let (key, version) = match *seen.observation {
            StoreObservation::Saw { key, version } => (key, version),
            StoreObservation::Stamped { record } => (record.key, record.version),
            _ => return,
        };
        let known = self.seen.get(&(seen.slot, key)).copied();
        if let (StoreObservation::Stamped { .. }, Some(known)) = (seen.observation, known) {
            findings.exercised();
            if version <= known {
                let node = seen.node;
                let text =
                    format!("{node} writes key {key} under a version that is older than one that it knows");
                findings.safety("", &[node], text);
            }
        }
        self.seen.insert((seen.slot, key), known.map_or(version, |known| known.max(version)));
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        // Whoever is back has forgotten everything.
        if what == Lifecycle::Crashed {
            self.seen.retain(|(known, _), _| *known != slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;
    use sim_core::identity::NodeId;

    use super::super::super::vocabulary::Record;
    use super::*;

    fn version(time: u64) -> Version {
        Version { time, actor: NodeId(3), session: 0 }
    }

    fn stamped(time: u64) -> StoreObservation {
        StoreObservation::Stamped { record: Record { key: 5, version: version(time), value: None } }
    }

    #[test]
    fn a_write_that_is_older_than_what_its_client_read_is_found() {
        let mut script: Script<Store, Causality> = Script::new(Causality::default(), 3);
        script.see(3, stamped(4)).see(3, StoreObservation::Saw { key: 5, version: version(9) });
        script.see(3, stamped(10)).clean();
        script.see(3, stamped(8));
        script.found("", "n4 writes key 5 under a version that is older than one that it knows");
        assert_eq!(script.exercised(), 2);
    }

    #[test]
    fn other_clients_keys_and_incarnations_do_not_matter() {
        let mut script: Script<Store, Causality> = Script::new(Causality::default(), 3);
        script.see(3, StoreObservation::Saw { key: 5, version: version(9) });
        script.see(2, stamped(4)).see(3, StoreObservation::Saw { key: 6, version: version(2) });
        script.restart(3).see(3, stamped(4)).clean();
    }
}
