//! What members hold, in memory and on disk, as their observations and the world's marks tell.

use std::collections::BTreeMap;

use sim_core::check::{Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::journal::JOURNAL;
use super::vocabulary::{Record, Store, StoreObservation, Version};

/// What each member holds of each key: as a home, and in hints for others.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    of: BTreeMap<u64, Key>,
}

/// What is held of one key.
#[derive(Clone, Debug, Default)]
struct Key {
    shelves: Vec<Shelf>,
    /// The newest tombstone that somebody has dropped.
    dropped: Option<Version>,
}

/// What one member holds of a key, for itself or for another one.
#[derive(Clone, Debug)]
struct Shelf {
    slot: Slot,
    target: Option<NodeId>,
    /// The last one that is durable, and those after it, each with where it stands in the journal; `None` if it was given up.
    copies: Vec<(u64, Option<Record>)>,
}

impl Shelf {
    fn durable(&self, ground: &Ground) -> Option<&Record> {
        let durable = ground.place(self.slot).mark(JOURNAL).durable;
        let last = self.copies.iter().rev().find(|(position, _)| *position <= durable);
        last.and_then(|(_, record)| record.as_ref())
    }
}

impl Holdings {
    /// The kinds of observations that it follows.
    pub(super) const HEARS: [&'static str; 4] = ["Stored", "Dropped", "Hinted", "Unhinted"];

    /// Takes an observation of a member.
    pub(super) fn follow(&mut self, seen: &Seen<'_, Store>) {
        let (key, target, record) = match *seen.observation {
            StoreObservation::Stored { record } => (record.key, None, Some(record)),
            StoreObservation::Hinted { target, record } => (record.key, Some(target), Some(record)),
            StoreObservation::Unhinted { target, key } => (key, Some(target), None),
            StoreObservation::Dropped { key, version } => {
                let dropped = &mut self.of.entry(key).or_default().dropped;
                *dropped = (*dropped).max(Some(version));
                (key, None, None)
            }
            _ => return,
        };
        let shelves = &mut self.of.entry(key).or_default().shelves;
        let known = shelves.iter().position(|shelf| shelf.slot == seen.slot && shelf.target == target);
        let known = known.unwrap_or_else(|| {
            shelves.push(Shelf { slot: seen.slot, target, copies: Vec::new() });
            shelves.len() - 1
        });
        let copies = &mut shelves[known].copies;
        let durable = copies.iter().rposition(|(position, _)| *position <= seen.mark.durable);
        copies.drain(..durable.unwrap_or(0));
        copies.push((seen.mark.appended, record));
    }

    /// Something happened to a slot.
    pub(super) fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle) {
        let durable = ground.place(slot).mark(JOURNAL).durable;
        let keeps = |position: u64| what == Lifecycle::Crashed && position <= durable;
        if matches!(what, Lifecycle::Crashed | Lifecycle::Wiped) {
            let shelves = self.of.values_mut().flat_map(|key| &mut key.shelves);
            for shelf in shelves.filter(|shelf| shelf.slot == slot) {
                shelf.copies.retain(|(position, _)| keeps(*position));
            }
        }
    }

    /// What a home holds of a key, durable or not.
    pub(super) fn held(&self, slot: Slot, key: u64) -> Option<Record> {
        let shelves = &self.of.get(&key)?.shelves;
        let shelf = shelves.iter().find(|shelf| shelf.slot == slot && shelf.target.is_none())?;
        shelf.copies.last().and_then(|(_, record)| *record)
    }

    /// The newest tombstone of a key that somebody has dropped.
    pub(super) fn dropped(&self, key: u64) -> Option<Version> {
        self.of.get(&key).and_then(|key| key.dropped)
    }

    /// How many members have a version of a key, or a newer one, on disk: `(as homes, in any way)`.
    pub(super) fn durable(&self, ground: &Ground, key: u64, version: Version) -> (usize, usize) {
        let Some(key) = self.of.get(&key) else { return (0, 0) };
        let has = |shelf: &&Shelf| shelf.durable(ground).is_some_and(|record| record.version >= version);
        let homes = key.shelves.iter().filter(has).filter(|shelf| shelf.target.is_none());
        let mut slots: Vec<Slot> = key.shelves.iter().filter(has).map(|shelf| shelf.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        (homes.count(), slots.len())
    }
}
