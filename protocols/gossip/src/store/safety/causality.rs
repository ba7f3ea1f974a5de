//! A write is ordered after everything that its client had seen.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::RequestId;

use super::super::vocabulary::{Store, StoreMessage, StoreObservation, StoreResponse, Version};

/// The version of a write is higher than every version of its key that the client had read or written before, so that a
/// causally older write never wins. Of concurrent writes one is lost, by design.
///
/// What a client has seen is what it returned, and what it reports that it saw.
///
/// Clients learn the time from members, too: what a member tells them is no earlier than any version that it has stored or kept
/// since it began to start, or finds for them. Else a write of somebody who has read nothing stays behind what is there.
#[derive(Clone, Debug, Default)]
pub struct Causality {
    /// By member: the latest time that it has stored or kept since it started.
    times: BySlot<u64>,
    /// By client and key: the newest version that this incarnation has seen.
    seen: OrderedMap<(Slot, u64), Version>,
}

impl Causality {
    fn saw(&mut self, slot: Slot, key: u64, version: Version) {
        let known = self.seen.entry((slot, key)).or_insert(version);
        *known = version.max(*known);
    }
}

impl Check<Store> for Causality {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Stamped", "Saw", "Started", "Stored", "Hinted"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        let (key, version) = match *seen.observation {
            StoreObservation::Saw { key, version } => (key, version),
            StoreObservation::Stamped { record } => (record.key, record.version),
            StoreObservation::Started => return *self.times.at(seen.slot) = 0,
            StoreObservation::Stored { record } | StoreObservation::Hinted { record, .. } => {
                let time = self.times.at(seen.slot);
                *time = record.version.time.max(*time);
                return;
            }
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
        self.saw(seen.slot, key, version);
    }

    fn watches_clients(&self) -> bool {
        true
    }

    fn returned(
        &mut self,
        ground: &Ground,
        client: NodeId,
        _: RequestId,
        response: &StoreResponse,
        _: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(client) else { return };
        if let StoreResponse::Read { record, others } = response {
            record.iter().chain(others).for_each(|record| self.saw(slot, record.key, record.version));
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Got", "Done", "Refused"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &StoreMessage,
        findings: &mut Findings,
    ) {
        let (found, clock) = match message {
            StoreMessage::Got { found, clock, .. } => (found.newest(), *clock),
            StoreMessage::Done { clock, .. } | StoreMessage::Refused { clock, .. } => (None, *clock),
            _ => return,
        };
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        findings.exercised();
        let found = found.map_or(0, |found| found.record.version.time);
        if clock < found.max(self.times.get(slot).copied().unwrap_or(0)) {
            let text = format!("{from} tells {to} a time that is earlier than a write which it knows");
            findings.safety("clock", &[from], text);
        }
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

    use super::super::super::siblings::{Siblings, Written};
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
    fn what_a_client_returned_it_has_seen() {
        let mut script: Script<Store, Causality> = Script::new(Causality::default(), 3);
        let record = Record { key: 5, version: version(9), value: Some(1) };
        let read = StoreResponse::Read { record: None, others: [record].into() };
        let Script { check, ground, findings, .. } = &mut script;
        check.returned(ground, NodeId(3), RequestId(1), &read, findings);
        script.see(2, stamped(4)).see(3, stamped(10)).clean();
        script.see(3, stamped(8));
        assert_eq!(script.violations(), 1);
    }

    #[test]
    fn other_clients_keys_and_incarnations_do_not_matter() {
        let mut script: Script<Store, Causality> = Script::new(Causality::default(), 3);
        script.see(3, StoreObservation::Saw { key: 5, version: version(9) });
        script.see(2, stamped(4)).see(3, StoreObservation::Saw { key: 6, version: version(2) });
        script.restart(3).see(3, stamped(4)).clean();
    }

    #[test]
    fn a_member_that_tells_an_earlier_time_than_it_knows_is_found() {
        let record = |time| Record { key: 5, version: version(time), value: None };
        let stored = |time| StoreObservation::Stored { record: record(time) };
        let done = |clock| StoreMessage::Done { operation: 1, clock };
        let mut script: Script<Store, Causality> = Script::new(Causality::default(), 3);
        script.see(0, stored(9)).see(0, stored(7)).send(0, 3, done(9)).send(1, 3, done(2)).clean();
        script.see(0, StoreObservation::Started).send(0, 3, done(8)).clean();
        let mut found = Siblings::default();
        found.add(Written::last(record(6)));
        script.send(1, 3, StoreMessage::Got { operation: 1, found: found.clone(), clock: 6 }).clean();
        script.send(1, 3, StoreMessage::Got { operation: 1, found, clock: 5 });
        script.found("clock", "n2 tells n4 a time that is earlier than a write which it knows");
        let hinted = StoreObservation::Hinted { target: NodeId(1), record: record(9) };
        let mut script: Script<Store, Causality> = Script::new(Causality::default(), 3);
        script.see(0, hinted).send(0, 3, done(8));
        assert_eq!((script.violations(), script.exercised()), (1, 1));
    }
}
