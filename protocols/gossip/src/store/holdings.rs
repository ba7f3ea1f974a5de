//! What members hold, in memory and on disk, as their observations and the world's marks tell.

use sim_core::check::{Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::journal::JOURNAL;
use super::lineage::Lineage;
use super::parameters::Parameters;
use super::vocabulary::{Record, Store, StoreObservation, Version};

/// What each member holds of each key: as a home, and in hints for others.
#[derive(Clone, Debug)]
pub(super) struct Holdings {
    of: OrderedMap<u64, Key>,
    lineage: Lineage,
}

/// What is held of one key.
#[derive(Clone, Debug, Default)]
struct Key {
    shelves: Vec<Shelf>,
    /// The tombstones that somebody has dropped, but for those that another one of them supersedes.
    dropped: Vec<Version>,
    /// What was durable at members whose disks were lost.
    lost: Vec<(Slot, Version)>,
}

/// What one member holds of a key, for itself or for another one.
#[derive(Clone, Debug)]
struct Shelf {
    slot: Slot,
    target: Option<NodeId>,
    /// What is durable.
    durable: Vec<Record>,
    /// What was done since, each with where it stands in the journal.
    changes: Vec<(u64, Change)>,
}

/// What happens to a shelf.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// Another record; where the last writer wins, instead of what was there.
    Put(Record),
    /// A version is given up.
    Gone(Version),
}

/// Does to a set of records what a change says.
fn apply(records: &mut Vec<Record>, change: Change, siblings: bool) {
    match change {
        Change::Put(_) if !siblings => records.clear(),
        Change::Put(Record { version, .. }) | Change::Gone(version) => {
            records.retain(|record| record.version != version);
        }
    }
    if let Change::Put(record) = change {
        records.push(record);
    }
}

impl Shelf {
    /// What is there once everything up to a place in the journal is.
    fn up_to(&self, position: u64, siblings: bool) -> Vec<Record> {
        let mut records = self.durable.clone();
        let changes = self.changes.iter().take_while(|(at, _)| *at <= position);
        changes.for_each(|(_, change)| apply(&mut records, *change, siblings));
        records
    }

    /// Up to where the member's journal is on disk.
    fn on_disk(&self, ground: &Ground) -> u64 {
        ground.place(self.slot).mark(JOURNAL).durable
    }

    /// What is durable need not be told apart any longer.
    fn settle(&mut self, durable: u64, siblings: bool) {
        let settled = self.changes.iter().take_while(|(at, _)| *at <= durable).count();
        for (_, change) in self.changes.drain(..settled) {
            apply(&mut self.durable, change, siblings);
        }
    }
}

impl Holdings {
    /// The kinds of observations that it follows.
    pub(super) const HEARS: [&'static str; 8] =
        ["Started", "Stored", "Superseded", "Dropped", "Hinted", "Unhinted", "Stamped", "Saw"];

    /// These, and acknowledgments.
    pub(super) const WITH_ACKNOWLEDGMENTS: [&'static str; 9] = [
        "Started",
        "Stored",
        "Superseded",
        "Dropped",
        "Hinted",
        "Unhinted",
        "Stamped",
        "Saw",
        "Acknowledged",
    ];

    pub(super) fn new(parameters: &Parameters) -> Self {
        Self { of: OrderedMap::new(), lineage: Lineage::new(parameters.conflicts) }
    }

    pub(super) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Takes an observation of a member or client.
    pub(super) fn follow(&mut self, seen: &Seen<'_, Store>) {
        let (key, target, change) = match *seen.observation {
            StoreObservation::Stored { record } => (record.key, None, Change::Put(record)),
            StoreObservation::Hinted { target, record } => (record.key, Some(target), Change::Put(record)),
            StoreObservation::Superseded { key, version, .. } => (key, None, Change::Gone(version)),
            StoreObservation::Unhinted { target, key, version } => (key, Some(target), Change::Gone(version)),
            StoreObservation::Dropped { key, version } => {
                self.drop(key, version);
                (key, None, Change::Gone(version))
            }
            StoreObservation::Started => return self.forget(seen.slot, |_| false),
            _ => {
                self.lineage.follow(seen);
                return;
            }
        };
        let shelves = &mut self.of.entry(key).or_default().shelves;
        let known = shelves.iter().position(|shelf| shelf.slot == seen.slot && shelf.target == target);
        let known = known.unwrap_or_else(|| {
            let (durable, changes) = (Vec::new(), Vec::new());
            shelves.push(Shelf { slot: seen.slot, target, durable, changes });
            shelves.len() - 1
        });
        let shelf = &mut shelves[known];
        shelf.settle(seen.mark.durable, self.lineage.keeps_siblings());
        shelf.changes.push((seen.mark.appended, change));
    }

    fn drop(&mut self, key: u64, version: Version) {
        let lineage = &self.lineage;
        let dropped = &mut self.of.entry(key).or_default().dropped;
        if !dropped.iter().any(|known| lineage.includes(key, *known, version)) {
            dropped.retain(|known| !lineage.includes(key, version, *known));
            dropped.push(version);
        }
    }

    /// Something happened to a slot.
    pub(super) fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle) {
        let durable = ground.place(slot).mark(JOURNAL).durable;
        match what {
            Lifecycle::Crashed => self.forget(slot, |position| position <= durable),
            Lifecycle::Wiped => self.lose(slot),
            _ => {}
        }
    }

    /// A member lost its disk. It was down before: all that it holds is durable.
    fn lose(&mut self, slot: Slot) {
        let siblings = self.lineage.keeps_siblings();
        for key in self.of.values_mut() {
            for shelf in key.shelves.iter().filter(|shelf| shelf.slot == slot) {
                let held = shelf.up_to(u64::MAX, siblings);
                key.lost.extend(held.iter().map(|record| (slot, record.version)));
            }
        }
        self.forget(slot, |_| false);
    }

    /// How many members had a version of a key, or one that supersedes it, on disks that were lost.
    pub(super) fn lost(&self, key: u64, version: Version) -> usize {
        let lost = self.of.get(&key).map_or(&[][..], |key| &key.lost);
        let had = lost.iter().filter(|(_, lost)| self.lineage.includes(key, *lost, version));
        let mut slots: Vec<Slot> = had.map(|(slot, _)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots.len()
    }

    /// A member holds nothing any more but what stands at some places of its journal.
    fn forget(&mut self, slot: Slot, keeps: impl Fn(u64) -> bool) {
        let shelves = self.of.values_mut().flat_map(|key| &mut key.shelves);
        for shelf in shelves.filter(|shelf| shelf.slot == slot) {
            shelf.changes.retain(|(position, _)| keeps(*position));
            if !keeps(0) {
                shelf.durable.clear();
            }
        }
    }

    /// All that a member holds, durable or not: of which key, and for whom if not for itself. By key.
    pub(super) fn all(&self, slot: Slot) -> impl Iterator<Item = (u64, Option<NodeId>, Version)> + '_ {
        self.of.iter().flat_map(move |(key, of)| {
            let shelves = of.shelves.iter().filter(move |shelf| shelf.slot == slot);
            shelves.flat_map(move |shelf| {
                let records = shelf.up_to(u64::MAX, self.lineage.keeps_siblings());
                records.into_iter().map(move |record| (*key, shelf.target, record.version))
            })
        })
    }

    /// What a home holds of a key, durable or not.
    pub(super) fn held(&self, slot: Slot, key: u64) -> Vec<Record> {
        let shelves = self.of.get(&key).map_or(&[][..], |key| &key.shelves);
        let shelf = shelves.iter().find(|shelf| shelf.slot == slot && shelf.target.is_none());
        shelf.map(|shelf| shelf.up_to(u64::MAX, self.lineage.keeps_siblings())).unwrap_or_default()
    }

    /// Whether somebody has dropped a tombstone of a key.
    pub(super) fn has_dropped(&self, key: u64) -> bool {
        self.of.get(&key).is_some_and(|key| !key.dropped.is_empty())
    }

    /// Whether somebody has dropped a tombstone that is this version, or supersedes it.
    pub(super) fn is_gone(&self, key: u64, version: Version) -> bool {
        let dropped = self.of.get(&key).map_or(&[][..], |key| &key.dropped);
        dropped.iter().any(|dropped| self.lineage.includes(key, *dropped, version))
    }

    /// How many members have a version of a key, or one that supersedes it, on disk: `(as homes, in any way)`.
    pub(super) fn durable(&self, ground: &Ground, key: u64, version: Version) -> (usize, usize) {
        let Some(of) = self.of.get(&key) else { return (0, 0) };
        let has = |shelf: &&Shelf| self.has(shelf, shelf.on_disk(ground), key, version);
        let having: Vec<&Shelf> = of.shelves.iter().filter(has).collect();
        let homes = having.iter().filter(|shelf| shelf.target.is_none()).count();
        let mut slots: Vec<Slot> = having.iter().map(|shelf| shelf.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        (homes, slots.len())
    }

    /// Whether a home has a version of a key, or one that supersedes it, on disk.
    pub(super) fn has_on_disk(&self, ground: &Ground, slot: Slot, key: u64, version: Version) -> bool {
        let shelves = self.of.get(&key).map_or(&[][..], |key| &key.shelves);
        let own = shelves.iter().find(|shelf| shelf.slot == slot && shelf.target.is_none());
        own.is_some_and(|shelf| self.has(shelf, shelf.on_disk(ground), key, version))
    }

    /// Whether a member has something on disk for another one that a version of its key supersedes.
    pub(super) fn keeps_older(&self, ground: &Ground, slot: Slot, key: u64, version: Version) -> bool {
        let shelves = self.of.get(&key).map_or(&[][..], |key| &key.shelves);
        let mut kept = shelves.iter().filter(|shelf| shelf.slot == slot && shelf.target.is_some());
        kept.any(|shelf| {
            let records = shelf.up_to(shelf.on_disk(ground), self.lineage.keeps_siblings());
            records.iter().any(|record| self.lineage.supersedes(key, version, record.version))
        })
    }

    /// Whether some member has a version of a key, or one that supersedes it, on disk and does not mean to give it up. Who handed
    /// it over has, although what it wrote of that is not on disk yet.
    pub(super) fn is_kept(&self, ground: &Ground, key: u64, version: Version) -> bool {
        let shelves = self.of.get(&key).map_or(&[][..], |key| &key.shelves);
        shelves.iter().any(|shelf| {
            [shelf.on_disk(ground), u64::MAX].iter().all(|position| self.has(shelf, *position, key, version))
        })
    }

    /// Whether a shelf, once everything up to a place in the journal is there, has a version or one that supersedes it.
    fn has(&self, shelf: &Shelf, position: u64, key: u64, version: Version) -> bool {
        let records = shelf.up_to(position, self.lineage.keeps_siblings());
        records.iter().any(|record| self.lineage.includes(key, record.version, version))
    }
}
