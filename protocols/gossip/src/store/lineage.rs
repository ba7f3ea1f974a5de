//! Which write was made by somebody who knew which other one: the truth behind version vectors, from what clients report that they
//! have read and written. Checks never look at the vectors themselves.

use sim_core::check::Seen;
use sim_core::identity::Slot;
use sim_core::ordered::OrderedMap;

use super::parameters::Conflicts;
use super::vocabulary::{Store, StoreObservation, Version};

/// Which versions supersede which others.
#[derive(Clone, Debug)]
pub(super) struct Lineage {
    conflicts: Conflicts,
    keys: OrderedMap<u64, Key>,
}

/// The writes of one key.
#[derive(Clone, Debug, Default)]
struct Key {
    /// Who has written or read it: one incarnation of a client after the other.
    readers: Vec<Reader>,
    writes: OrderedMap<Version, Write>,
}

/// One incarnation of a client.
#[derive(Clone, Debug)]
struct Reader {
    slot: Slot,
    incarnation: u32,
    /// By reader: how many of its writes are known.
    known: Vec<u32>,
    writes: u32,
}

/// One write.
#[derive(Clone, Debug)]
struct Write {
    /// Whose it is, and which of its writes.
    reader: usize,
    count: u32,
    /// By reader: how many of its writes were known, this one included.
    known: Vec<u32>,
}

/// Knows all that another one knows as well.
fn join(known: &mut Vec<u32>, other: &[u32]) {
    known.resize(known.len().max(other.len()), 0);
    known.iter_mut().zip(other).for_each(|(known, other)| *known = (*known).max(*other));
}

impl Key {
    fn reader(&mut self, seen: &Seen<'_, Store>) -> usize {
        let same = |reader: &Reader| (reader.slot, reader.incarnation) == (seen.slot, seen.incarnation);
        self.readers.iter().rposition(same).unwrap_or_else(|| {
            let (slot, incarnation) = (seen.slot, seen.incarnation);
            self.readers.push(Reader { slot, incarnation, known: Vec::new(), writes: 0 });
            self.readers.len() - 1
        })
    }
}

impl Lineage {
    pub(super) fn new(conflicts: Conflicts) -> Self {
        Self { conflicts, keys: OrderedMap::new() }
    }

    /// Whether concurrent writes are kept.
    pub(super) fn keeps_siblings(&self) -> bool {
        self.conflicts == Conflicts::Siblings
    }

    /// Takes an observation of a client; whether it was one.
    pub(super) fn follow(&mut self, seen: &Seen<'_, Store>) -> bool {
        let (key, version, stamped) = match *seen.observation {
            StoreObservation::Stamped { record } => (record.key, record.version, true),
            StoreObservation::Saw { key, version } => (key, version, false),
            _ => return false,
        };
        if !self.keeps_siblings() {
            return true;
        }
        let key = self.keys.entry(key).or_default();
        let index = key.reader(seen);
        let reader = &mut key.readers[index];
        if stamped {
            reader.writes += 1;
            join(&mut reader.known, &vec![0; index + 1]);
            reader.known[index] = reader.writes;
            let write = Write { reader: index, count: reader.writes, known: reader.known.clone() };
            key.writes.insert(version, write);
        } else if let Some(write) = key.writes.get(&version) {
            join(&mut reader.known, &write.known);
        }
        true
    }

    /// Whether whoever holds one version of a key needs no record of the other one: it is the same, or older.
    pub(super) fn includes(&self, key: u64, holds: Version, other: Version) -> bool {
        if !self.keeps_siblings() || holds == other {
            return holds >= other;
        }
        let Some(key) = self.keys.get(&key) else { return false };
        let (Some(holds), Some(other)) = (key.writes.get(&holds), key.writes.get(&other)) else {
            return false;
        };
        holds.known.get(other.reader).is_some_and(|known| *known >= other.count)
    }

    /// Whether one version takes the place of another one.
    pub(super) fn supersedes(&self, key: u64, later: Version, other: Version) -> bool {
        later != other && self.includes(key, later, other)
    }
}
