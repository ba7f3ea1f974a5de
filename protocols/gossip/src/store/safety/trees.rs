//! What hash trees stand for.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::parameters::{Conflicts, Parameters};
use super::super::ring::Ring;
use super::super::vocabulary::{Record, Store, StoreMessage, StoreObservation, Version};

/// A root that one member sends another one stands for the records that it holds of what both share: between the same two, equal
/// records have equal roots, and different ones have different roots (Dynamo, section 4.7). Else they would compare without end, or
/// stay different without knowing.
#[derive(Debug)]
pub struct Trees {
    ring: Ring,
    siblings: bool,
    places: BySlot<Place>,
    /// By two members, and the records that one of them held: the root that it sent, and the other way round.
    roots: OrderedMap<(Slot, Slot, u64), u64>,
    records: OrderedMap<(Slot, Slot, u64), u64>,
}

/// What a member holds as a home.
#[derive(Debug, Default)]
struct Place {
    /// By key: versions, and a hash of each record.
    held: OrderedMap<u64, Vec<(Version, u64)>>,
    /// By place of another member: the sum of the hashes of what both share.
    shared: Vec<u64>,
}

impl Trees {
    /// For members with these parameters on this ring.
    pub fn new(parameters: &Parameters, ring: Ring) -> Self {
        let siblings = parameters.conflicts == Conflicts::Siblings;
        Self {
            ring,
            siblings,
            places: BySlot::default(),
            roots: OrderedMap::new(),
            records: OrderedMap::new(),
        }
    }

    /// A member holds what it held of a key but for some, and perhaps something more.
    fn change(&mut self, slot: Slot, key: u64, gone: impl Fn(Version) -> bool, new: Option<Record>) {
        let place = self.places.at(slot);
        place.shared.resize(self.ring.members(), 0);
        let held = place.held.entry(key).or_default();
        let sum =
            |held: &[(Version, u64)]| held.iter().fold(0, |sum: u64, (_, hash)| sum.wrapping_add(*hash));
        let before = sum(held);
        held.retain(|(version, _)| !gone(*version));
        held.extend(new.map(|record| (record.version, record.content())));
        let change = sum(held).wrapping_sub(before);
        for home in self.ring.homes(key).iter().filter(|home| home.0 != slot.0) {
            let shared = &mut place.shared[home.index()];
            *shared = shared.wrapping_add(change);
        }
    }
}

impl Check<Store> for Trees {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Stored", "Superseded", "Dropped"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, _: &mut Findings) {
        let siblings = self.siblings;
        match *seen.observation {
            StoreObservation::Started => *self.places.at(seen.slot) = Place::default(),
            StoreObservation::Stored { record } => {
                let gone = |version| !siblings || version == record.version;
                self.change(seen.slot, record.key, gone, Some(record));
            }
            StoreObservation::Superseded { key, version, .. }
            | StoreObservation::Dropped { key, version } => {
                self.change(seen.slot, key, |held| held == version, None);
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Root"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &StoreMessage,
        findings: &mut Findings,
    ) {
        let StoreMessage::Root { root } = *message else { return };
        let (Some(slot), Some(peer)) = (ground.slot_of(from), ground.slot_of(to)) else { return };
        if !ground.honest(from) {
            return;
        }
        findings.exercised();
        let shared = &self.places.at(slot).shared;
        let records = shared.get(peer.0 as usize).copied().unwrap_or(0);
        let (one, other) = (slot.min(peer), slot.max(peer));
        let known = *self.roots.entry((one, other, records)).or_insert(root);
        if known != root {
            let text = format!("{from} sends {to} another root than before for the same records");
            findings.safety("two roots", &[from, to], text);
        }
        let known = *self.records.entry((one, other, root)).or_insert(records);
        if known != records {
            let text = format!("{from} sends {to} the same root as before for other records");
            findings.safety("one root", &[from, to], text);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Crashed | Lifecycle::Wiped) {
            *self.places.at(slot) = Place::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script;

    use super::*;

    type Script = script::Script<Store, Trees>;

    fn script() -> Script {
        Script::new(Trees::new(&Parameters::default(), Ring::new(1, 3, 4, 3)), 3)
    }

    fn record(key: u64, time: u64) -> Record {
        Record { key, version: Version { time, actor: NodeId(3), session: 0 }, value: Some(time) }
    }

    fn stored(key: u64, time: u64) -> StoreObservation {
        StoreObservation::Stored { record: record(key, time) }
    }

    fn root(root: u64) -> StoreMessage {
        StoreMessage::Root { root }
    }

    #[test]
    fn equal_records_have_equal_roots() {
        let mut script = script();
        script.see(0, stored(5, 4)).see(0, stored(6, 4)).send(0, 1, root(70));
        script.see(1, stored(6, 4)).see(1, stored(5, 2)).see(1, stored(5, 4)).send(1, 0, root(70)).clean();
        script.send(0, 2, root(71)).clean();
        script.send(1, 0, root(72));
        script.found("two roots", "n2 sends n1 another root than before for the same records");
    }

    #[test]
    fn different_records_have_different_roots() {
        let mut script = script();
        script.see(0, stored(5, 4)).send(0, 1, root(70)).see(0, stored(5, 6)).send(0, 1, root(71)).clean();
        let dropped = StoreObservation::Dropped { key: 5, version: record(5, 6).version };
        script.see(0, dropped).send(0, 1, root(71));
        script.found("one root", "n1 sends n2 the same root as before for other records");
    }

    #[test]
    fn whoever_starts_again_holds_what_it_tells() {
        let mut script = script();
        script.see(0, stored(5, 4)).send(0, 1, root(70)).restart(0).see(0, StoreObservation::Started);
        script.see(0, stored(5, 4)).send(0, 1, root(70)).crash(0, 0).wipe(0).boot(0);
        script.see(0, StoreObservation::Started).send(100, 1, root(0)).clean();
        assert_eq!(script.exercised(), 3);
    }
}
