//! What stands on a disk is found there.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::holdings::Holdings;
use super::super::journal::JOURNAL;
use super::super::parameters::Parameters;
use super::super::vocabulary::{Store, StoreMessage, StoreObservation, Version};

/// Whoever starts again holds exactly the records and hints that were on its disk, by the world's own marks, and knows no less than
/// what it had written down there: which lists it has confirmed, in which it has dropped something, up to where it takes no
/// writes, and who runs in the places of others. This holds however often its journal was rewritten.
///
/// A damaged record may have been any: its member does nothing. That is judged where no journal is rewritten, since a damaged record
/// may be gone then.
///
/// Whoever welcomes a newcomer has it on disk that the newcomer is there (design record 0141).
#[derive(Debug)]
pub struct Recovery {
    holdings: Holdings,
    places: BySlot<Place>,
    /// Whether journals are never rewritten.
    plain: bool,
}

/// What a member has written down.
#[derive(Debug, Default)]
struct Place {
    /// By collector.
    lists: OrderedMap<NodeId, Entry<Lists>>,
    /// The newest fence.
    fence: Entry<Option<Version>>,
    /// By place: who runs there.
    actors: OrderedMap<NodeId, Entry<Option<NodeId>>>,
    /// Of which key, and for whom, it gave up something last, and has not said since what it holds instead: a crash may come between
    /// the two, and what it had written down for both may survive that.
    unfinished: Option<(u64, Option<NodeId>)>,
    /// What was on its disk when it began to start.
    owed: Option<Box<Owed>>,
    /// Whether it was booted from a damaged journal.
    damaged: bool,
}

/// What a member that starts has to find.
#[derive(Debug, Default)]
struct Owed {
    held: Vec<(u64, Option<NodeId>, Version)>,
    /// Of which key, and for whom, it may hold something else.
    unfinished: Option<(u64, Option<NodeId>)>,
    lists: OrderedMap<NodeId, Lists>,
    fence: Option<Version>,
    actors: OrderedMap<NodeId, NodeId>,
}

/// The latest collections of a collector that were confirmed, and in which something was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lists {
    confirmed: u64,
    dropped: u64,
}

/// Something that only grows, and what of it is not durable.
#[derive(Clone, Debug, Default)]
struct Entry<T> {
    durable: T,
    /// Each with where it stands in the journal.
    changes: Vec<(u64, T)>,
}

impl<T: Copy> Entry<T> {
    fn put(&mut self, (appended, durable): (u64, u64), value: T) {
        self.settle(durable);
        self.changes.push((appended, value));
    }

    /// What stands up to here in the journal is on disk.
    fn settle(&mut self, durable: u64) {
        let settled = self.changes.iter().take_while(|(at, _)| *at <= durable).count();
        if let Some((_, value)) = self.changes.drain(..settled).next_back() {
            self.durable = value;
        }
    }

    fn on_disk(&self, durable: u64) -> T {
        let changes = self.changes.iter().take_while(|(at, _)| *at <= durable);
        changes.last().map_or(self.durable, |(_, value)| *value)
    }

    fn latest(&self) -> T {
        self.on_disk(u64::MAX)
    }

    /// A crash takes what is not on disk.
    fn crash(&mut self, durable: u64) {
        self.settle(durable);
        self.changes.clear();
    }
}

impl Place {
    /// A member starts: whatever it does not tell now is lost. One that crashed before it had told everything still has to.
    fn begin(&mut self, held: Vec<(u64, Option<NodeId>, Version)>) {
        let Self { lists, fence, actors, unfinished, owed, .. } = std::mem::take(self);
        if owed.is_some() {
            self.owed = owed;
            return;
        }
        let actors = actors.into_iter();
        self.owed = Some(Box::new(Owed {
            held,
            unfinished,
            lists: lists.into_iter().map(|(collector, entry)| (collector, entry.latest())).collect(),
            fence: fence.latest(),
            actors: actors.filter_map(|(place, entry)| Some((place, entry.latest()?))).collect(),
        }));
    }

    /// Whether it holds nothing yet instead of what it has given up.
    fn follow(&mut self, observation: &StoreObservation) {
        match *observation {
            StoreObservation::Superseded { key, .. } => self.unfinished = Some((key, None)),
            StoreObservation::Unhinted { target, key, .. } => self.unfinished = Some((key, Some(target))),
            StoreObservation::Started => {}
            _ => self.unfinished = None,
        }
    }

    fn crash(&mut self, durable: u64) {
        self.lists.values_mut().for_each(|entry| entry.crash(durable));
        self.fence.crash(durable);
        self.actors.values_mut().for_each(|entry| entry.crash(durable));
    }
}

impl Recovery {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        let plain = parameters.compact_after == 0;
        Self { holdings: Holdings::new(parameters), places: BySlot::default(), plain }
    }

    /// A member has told all that it found.
    fn compare(&mut self, slot: Slot, node: NodeId, findings: &mut Findings) {
        let place = self.places.at(slot);
        let Some(owed) = place.owed.take() else { return };
        findings.exercised_by(owed.held.len() as u64);
        let judged = |it: &(u64, Option<NodeId>, Version)| owed.unfinished != Some((it.0, it.1));
        let mut found: Vec<_> = self.holdings.all(slot).filter(judged).collect();
        let mut held: Vec<_> = owed.held.into_iter().filter(judged).collect();
        held.sort_unstable();
        found.sort_unstable();
        let whose = |target: Option<NodeId>| target.map_or(String::new(), |target| format!(" for {target}"));
        if let Some((key, target, _)) = held.iter().find(|it| found.binary_search(it).is_err()) {
            let text =
                format!("{node} starts without a record of key {key}{} that was on its disk", whose(*target));
            findings.safety("record", &[node], text);
        }
        if let Some((key, target, _)) = found.iter().find(|it| held.binary_search(it).is_err()) {
            let text = format!(
                "{node} starts with a record of key {key}{} that was not on its disk any more",
                whose(*target)
            );
            findings.safety("given up", &[node], text);
        }
        for (collector, Lists { confirmed, dropped }) in owed.lists {
            findings.exercised();
            let known = place.lists.get(&collector).map(Entry::latest).unwrap_or_default();
            if known.confirmed < confirmed || known.dropped < dropped {
                let text = format!(
                    "{node} starts with lists {} and {} of {collector}, the last that it confirmed and dropped of, and had {confirmed} and {dropped} on its disk",
                    known.confirmed, known.dropped
                );
                findings.safety("lists", &[node, collector], text);
            }
        }
        if owed.fence > place.fence.latest() {
            let text = format!("{node} starts and takes writes that it refused by what was on its disk");
            findings.safety("fence", &[node], text);
        }
        for (other, actor) in owed.actors {
            findings.exercised();
            if place.actors.get(&other).and_then(Entry::latest) < Some(actor) {
                let text =
                    format!("{node} starts and does not know that {actor} runs in the place of {other}");
                findings.safety("newcomer", &[node, actor], text);
            }
        }
    }
}

impl Check<Store> for Recovery {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Started",
            "Recovered",
            "Knows",
            "Renewed",
            "Stored",
            "Superseded",
            "Dropped",
            "Hinted",
            "Unhinted",
            "Stamped",
            "Saw",
        ])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        let mark = (seen.mark.appended, seen.mark.durable);
        if std::mem::take(&mut self.places.at(seen.slot).damaged) {
            let node = seen.node;
            findings.safety("damaged", &[node], format!("{node} starts although its disk is damaged"));
        }
        self.places.at(seen.slot).follow(seen.observation);
        match *seen.observation {
            StoreObservation::Started => {
                let held = self.holdings.all(seen.slot).collect();
                self.places.at(seen.slot).begin(held);
                self.holdings.follow(seen);
            }
            StoreObservation::Recovered => self.compare(seen.slot, seen.node, findings),
            StoreObservation::Knows { collector, confirmed, dropped, fence } => {
                let place = self.places.at(seen.slot);
                place.lists.entry(collector).or_default().put(mark, Lists { confirmed, dropped });
                place.fence.put(mark, Some(fence));
            }
            StoreObservation::Renewed { place, actor } => {
                self.places.at(seen.slot).actors.entry(place).or_default().put(mark, Some(actor));
            }
            _ => self.holdings.follow(seen),
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Welcome"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &StoreMessage,
        findings: &mut Findings,
    ) {
        let StoreMessage::Welcome { .. } = message else { return };
        let (Some(slot), Some(newcomer)) = (ground.slot_of(from), ground.slot_of(to)) else { return };
        if !ground.honest(from) {
            return;
        }
        findings.exercised();
        let durable = ground.place(slot).mark(JOURNAL).durable;
        let actors = self.places.get(slot).map(|place| &place.actors);
        let known = actors.and_then(|actors| actors.get(&NodeId(newcomer.0))?.on_disk(durable));
        if known < Some(to) {
            let text = format!("{from} welcomes {to}, and does not have that on its disk");
            findings.safety("welcome", &[from, to], text);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, findings: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
        match what {
            Lifecycle::Booted if self.plain && ground.place(slot).rotten => {
                findings.exercised();
                self.places.at(slot).damaged = true;
            }
            Lifecycle::Crashed => {
                let durable = ground.place(slot).mark(JOURNAL).durable;
                self.places.at(slot).crash(durable);
            }
            Lifecycle::Wiped => *self.places.at(slot) = Place::default(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script;

    use super::super::super::vocabulary::Record;
    use super::*;

    type Script = script::Script<Store, Recovery>;

    fn script() -> Script {
        Script::new(Recovery::new(&Parameters::default()), 3)
    }

    fn version(time: u64) -> Version {
        Version { time, actor: NodeId(7), session: 0 }
    }

    fn stored(time: u64) -> StoreObservation {
        StoreObservation::Stored { record: Record { key: 5, version: version(time), value: Some(time) } }
    }

    fn hinted(time: u64) -> StoreObservation {
        let record = Record { key: 5, version: version(time), value: Some(time) };
        StoreObservation::Hinted { target: NodeId(2), record }
    }

    fn knows(confirmed: u64, dropped: u64, fence: u64) -> StoreObservation {
        StoreObservation::Knows { collector: NodeId(1), confirmed, dropped, fence: version(fence) }
    }

    const RENEWED: StoreObservation = StoreObservation::Renewed { place: NodeId(2), actor: NodeId(102) };

    /// A member has written this, and found that when it was back.
    fn after(written: &[StoreObservation], found: &[StoreObservation]) -> Script {
        let mut script = script();
        written.iter().for_each(|observation| {
            script.write(0, *observation);
        });
        script.sync(0).write(0, stored(99)).restart(0).see(0, StoreObservation::Started);
        found.iter().for_each(|observation| {
            script.see(0, *observation);
        });
        script.see(0, StoreObservation::Recovered);
        script
    }

    #[test]
    fn a_member_whose_disk_is_damaged_does_nothing() {
        let found = |compact_after| {
            let parameters = Parameters { compact_after, ..Parameters::default() };
            let mut script = Script::new(Recovery::new(&parameters), 3);
            script.write(0, stored(4)).sync(0);
            script.ground.places[0].rotten = true;
            script.write(0, stored(6)).crash(0, 0).boot(0).finish().clean();
            script.see(0, StoreObservation::Started);
            script.violations()
        };
        assert_eq!((found(0), found(9)), (1, 0));
    }

    #[test]
    fn a_record_or_hint_that_is_not_found_again_is_found() {
        after(&[stored(4), hinted(4)], &[stored(4), hinted(4)]).clean();
        after(&[stored(4), stored(6)], &[stored(6)]).clean();
        after(&[hinted(4)], &[])
            .found("record", "n1 starts without a record of key 5 for n3 that was on its disk");
        after(&[stored(4)], &[]).found("record", "n1 starts without a record of key 5 that was on its disk");
        let given_up = StoreObservation::Unhinted { target: NodeId(2), key: 5, version: version(4) };
        after(&[hinted(4), given_up, knows(1, 0, 1)], &[knows(1, 0, 1)]).clean();
        let text = "n1 starts with a record of key 5 for n3 that was not on its disk any more";
        after(&[hinted(4), given_up, knows(1, 0, 1)], &[hinted(4), knows(1, 0, 1)]).found("given up", text);
    }

    #[test]
    fn what_a_crash_may_take_is_not_owed() {
        let mut script = script();
        script.write(0, stored(4)).write(0, knows(1, 1, 6)).write(0, RENEWED).restart(0);
        script.see(0, StoreObservation::Started).see(0, StoreObservation::Recovered).clean();
        let mut wiped = self::script();
        wiped.write(0, stored(4)).write(0, knows(1, 1, 6)).sync(0).crash(0, 0).wipe(0).boot(0);
        wiped.see(0, StoreObservation::Started).see(0, StoreObservation::Recovered).clean();
    }

    #[test]
    fn a_crash_between_two_words_of_one_change_is_excused() {
        let superseded = StoreObservation::Superseded { key: 5, version: version(4), by: version(6) };
        let mut script = script();
        script.write(0, stored(4)).sync(0).write(0, superseded).crash(0, 1).boot(0);
        script
            .see(0, StoreObservation::Started)
            .see(0, stored(6))
            .see(0, StoreObservation::Recovered)
            .clean();
        let mut whole = self::script();
        whole.write(0, stored(4)).sync(0).write(0, superseded).see(0, stored(6)).crash(0, 1).boot(0);
        whole.see(0, StoreObservation::Started).see(0, stored(4)).see(0, StoreObservation::Recovered);
        assert_eq!(whole.violations(), 2);
    }

    #[test]
    fn a_crash_amid_a_start_changes_nothing() {
        let mut script = script();
        script.write(0, stored(4)).write(0, hinted(4)).sync(0).restart(0);
        script.see(0, StoreObservation::Started).see(0, stored(4)).restart(0);
        script.see(0, StoreObservation::Started).see(0, stored(4)).see(0, hinted(4));
        script.see(0, StoreObservation::Recovered).clean();
        script.restart(0).see(0, StoreObservation::Started).see(0, stored(4));
        script.see(0, StoreObservation::Recovered);
        script.found("record", "n1 starts without a record of key 5 for n3 that was on its disk");
    }

    #[test]
    fn what_was_confirmed_dropped_and_refused_is_known_again() {
        after(&[knows(3, 2, 6)], &[knows(3, 2, 6)]).clean();
        for less in [knows(2, 2, 6), knows(3, 1, 6)] {
            assert_eq!(after(&[knows(3, 2, 6)], &[less]).violations(), 1);
        }
        let text = "n1 starts and takes writes that it refused by what was on its disk";
        after(&[knows(3, 2, 6)], &[knows(3, 2, 5)]).found("fence", text);
    }

    #[test]
    fn who_runs_in_another_place_is_known_again() {
        after(&[RENEWED], &[RENEWED]).clean();
        let text = "n1 starts and does not know that n103 runs in the place of n3";
        after(&[RENEWED], &[]).found("newcomer", text);
    }

    #[test]
    fn a_newcomer_is_welcomed_once_it_stands_on_disk() {
        let fence = version(0);
        let welcome =
            || StoreMessage::Welcome { confirmed: Box::default(), fence, clock: 0, renewed: Box::default() };
        let mut script = script();
        script.crash(2, 0).wipe(2).boot(2).write(0, RENEWED).write(1, RENEWED).sync(1);
        script.send(1, 102, welcome()).clean().send(0, 102, welcome());
        script.found("welcome", "n1 welcomes n103, and does not have that on its disk");
    }
}
