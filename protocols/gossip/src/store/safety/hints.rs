//! A hint is kept until it is needed no more.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::holdings::Holdings;
use super::super::parameters::Parameters;
use super::super::vocabulary::{Record, Store, StoreMessage, StoreObservation, Version};
use super::actors::Actors;

/// Whoever keeps a record for a home gives it up once the home has said that it has it, or something newer (Dynamo, section 4.6); for
/// something newer that it keeps instead; or because it is a tombstone that is collected.
#[derive(Debug)]
pub struct Hints {
    holdings: Holdings,
    /// By key: the tombstones in lists to collect, but for those that another one of them supersedes.
    listed: OrderedMap<u64, Vec<Version>>,
    actors: Actors,
    places: BySlot<Place>,
}

/// What is known of one keeper.
#[derive(Debug, Default)]
struct Place {
    /// What a home has said last that it has: which home, which key, and which version.
    said: Option<(NodeId, u64, Version)>,
    /// What it has given up, until it keeps something newer instead: for whom, which key, and which version.
    given_up: Vec<(NodeId, u64, Version)>,
}

impl Hints {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            holdings: Holdings::new(parameters),
            listed: OrderedMap::new(),
            actors: Actors::default(),
            places: BySlot::default(),
        }
    }

    /// A hint is given up; whether that is right may show at once.
    fn gives_up(&mut self, slot: Slot, hint: (NodeId, u64, Version), findings: &mut Findings) {
        let (target, key, version) = hint;
        findings.exercised();
        let place = self.places.at(slot);
        let has = |(home, of, said): (NodeId, u64, Version)| {
            (home, of) == (target, key) && self.holdings.lineage().includes(key, said, version)
        };
        let listed = self.listed.get(&key).map_or(&[][..], Vec::as_slice);
        let collected = listed.iter().any(|listed| self.holdings.lineage().includes(key, *listed, version));
        if !place.said.is_some_and(has) && !collected && !self.holdings.is_gone(key, version) {
            place.given_up.push(hint);
        }
    }

    /// What was given up without a reason so far has none.
    fn judge(&mut self, slot: Slot, node: NodeId, findings: &mut Findings) {
        for (target, key, _) in std::mem::take(&mut self.places.at(slot).given_up) {
            let text = format!("{node} gives up a write of key {key} that {target} has not said to have");
            findings.safety("", &[node], text);
        }
    }
}

impl Check<Store> for Hints {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::HEARS)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        match *seen.observation {
            StoreObservation::Unhinted { target, key, version } => {
                self.gives_up(seen.slot, (target, key, version), findings);
            }
            StoreObservation::Hinted { target, record } => {
                let lineage = self.holdings.lineage();
                self.places.at(seen.slot).given_up.retain(|(of, key, version)| {
                    (*of, *key) != (target, record.key)
                        || !lineage.includes(record.key, record.version, *version)
                });
                self.judge(seen.slot, seen.node, findings);
            }
            _ => self.judge(seen.slot, seen.node, findings),
        }
        self.holdings.follow(seen);
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Confirm"]
    }

    fn sent(&mut self, _: &Ground, _: NodeId, _: NodeId, message: &StoreMessage, _: &mut Findings) {
        let StoreMessage::Confirm { tombstones, .. } = message else { return };
        let lineage = self.holdings.lineage();
        for Record { key, version, .. } in tombstones.iter().map(|written| written.record) {
            let listed = self.listed.entry(key).or_default();
            if !listed.iter().any(|known| lineage.includes(key, *known, version)) {
                listed.retain(|known| !lineage.includes(key, version, *known));
                listed.push(version);
            }
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["HandedOff"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &StoreMessage,
        findings: &mut Findings,
    ) {
        self.judge(slot, ground.place(slot).node, findings);
        if let (StoreMessage::HandedOff { key, version }, Some(home)) =
            (message, self.actors.slot_of(ground, from))
        {
            self.places.at(slot).said = Some((NodeId(home.0), *key, *version));
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        // A crash may come before it has said what it keeps instead.
        if what == Lifecycle::Crashed {
            *self.places.at(slot) = Place::default();
        }
        self.actors.lifecycle(ground, slot);
        self.holdings.lifecycle(ground, slot, what);
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        for (slot, place) in ground.members() {
            self.judge(slot, place.node, findings);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script;
    use sim_core::time::Time;

    use super::super::super::parameters::Conflicts;
    use super::super::super::siblings::Written;
    use super::*;

    type Script = script::Script<Store, Hints>;

    fn record(time: u64) -> Record {
        Record { key: 5, version: Version { time, actor: NodeId(3), session: 0 }, value: Some(time) }
    }

    fn hinted(time: u64) -> StoreObservation {
        StoreObservation::Hinted { target: NodeId(2), record: record(time) }
    }

    fn unhinted(time: u64) -> StoreObservation {
        StoreObservation::Unhinted { target: NodeId(2), key: 5, version: record(time).version }
    }

    fn handed_off(time: u64) -> StoreMessage {
        StoreMessage::HandedOff { key: 5, version: record(time).version }
    }

    fn script() -> Script {
        Script::new(Hints::new(&Parameters::default()), 3)
    }

    #[test]
    fn a_hint_is_given_up_for_what_its_home_says() {
        let mut script = script();
        script.write(0, hinted(4)).receive(Time::ZERO, 2, 0, handed_off(4)).write(0, unhinted(4));
        script.write(0, hinted(6)).receive(Time::ZERO, 2, 0, handed_off(8)).write(0, unhinted(6)).finish();
        script.clean();
        let mut older = self::script();
        older.write(0, hinted(6)).receive(Time::ZERO, 2, 0, handed_off(4)).write(0, unhinted(6)).finish();
        older.found("", "n1 gives up a write of key 5 that n3 has not said to have");
        let mut other = self::script();
        other.write(0, hinted(6)).receive(Time::ZERO, 1, 0, handed_off(6)).write(0, unhinted(6)).finish();
        assert_eq!(other.violations(), 1, "another home said so");
        self::script().write(0, hinted(6)).write(0, unhinted(6)).restart(0).finish().clean();
    }

    #[test]
    fn what_somebody_said_before_its_disk_was_lost_counts() {
        let mut script = script();
        script.write(0, hinted(4)).crash(2, 0).wipe(2).boot(2).receive(Time::ZERO, 2, 0, handed_off(4));
        script.write(0, unhinted(4)).finish().clean();
        assert_eq!(script.exercised(), 1);
    }

    #[test]
    fn a_collected_tombstone_needs_no_hint() {
        let mut script = script();
        let dropped = StoreObservation::Dropped { key: 5, version: record(8).version };
        script.write(0, hinted(6)).write(1, dropped).write(0, unhinted(6)).finish().clean();
        assert_eq!(script.exercised(), 1);
        let mut listed = self::script();
        let tombstones = Box::from([Written::last(Record { value: None, ..record(6) })]);
        let confirm = StoreMessage::Confirm { collector: NodeId(1), collection: 1, tombstones };
        listed.write(0, hinted(6)).send(1, 0, confirm).write(0, unhinted(6)).finish().clean();
    }

    #[test]
    fn a_sibling_gives_way_to_one_that_supersedes_it() {
        let parameters = Parameters { conflicts: Conflicts::Siblings, ..Parameters::default() };
        let run = |saw: bool| {
            let mut script = Script::new(Hints::new(&parameters), 3);
            script.see(3, StoreObservation::Stamped { record: record(4) });
            if saw {
                script.see(3, StoreObservation::Saw { key: 5, version: record(4).version });
            } else {
                script.crash(3, 0).boot(3);
            }
            script.see(3, StoreObservation::Stamped { record: record(6) });
            script.write(0, hinted(4)).write(0, unhinted(4)).see(0, hinted(6)).finish();
            script.violations()
        };
        assert_eq!((run(true), run(false)), (0, 1));
    }
}
