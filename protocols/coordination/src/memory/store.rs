//! Notes in one place: what one agent has, or what each member of a core makes of the same decisions.
//!
//! A writer asks again until it has an answer, so that the same note comes more than once. Of each life of an agent the last
//! answer is kept: a note takes effect once.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::is_claim;

/// A note that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its number, which is unique.
    pub note: u64,
    /// Who wrote it.
    pub owner: NodeId,
    /// At which place of the order it was written.
    pub version: u64,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is kept, as of this place of the order.
    Kept(u64),
    /// The key belongs to somebody else.
    Owned(NodeId),
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    note: Option<Note>,
    /// The last version that was ever there.
    version: u64,
}

/// Notes in one place.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    keys: u32,
    entries: OrderedMap<u32, Entry>,
    /// The last note of each life of an agent, and what became of it.
    last: OrderedMap<(NodeId, u64), (u64, Answer)>,
}

/// The life in which an agent numbered a note.
pub(super) const fn life(note: u64) -> u64 {
    note >> 32
}

impl Notes {
    /// No notes yet; each of the two namespaces has so many keys.
    pub fn new(keys: u32) -> Self {
        Self { keys, ..Self::default() }
    }

    /// What became of a note that was written before, or of an older one than the writer's last; nothing is known of that.
    pub fn answer(&self, from: NodeId, note: u64) -> Option<Option<Answer>> {
        let (last, answer) = self.last.get(&(from, life(note)))?;
        (note <= *last).then(|| (note == *last).then_some(*answer))
    }

    /// An agent writes a note at this place of the order, unless it did so before.
    pub fn write(&mut self, key: u32, note: u64, owner: NodeId, version: u64) -> Option<Answer> {
        if let Some(before) = self.answer(owner, note) {
            return before;
        }
        let entry = self.entries.entry(key).or_default();
        let answer = match entry.note {
            Some(there) if is_claim(key, self.keys) && there.owner != owner => Answer::Owned(there.owner),
            _ => {
                *entry = Entry { note: Some(Note { note, owner, version }), version };
                Answer::Kept(version)
            }
        };
        self.last.insert((owner, life(note)), (note, answer));
        Some(answer)
    }

    /// What is under a key, and the last version that was ever there.
    pub fn read(&self, key: u32) -> (Option<Note>, u64) {
        self.entries.get(&key).map_or((None, 0), |entry| (entry.note, entry.version))
    }

    /// A note has expired; it goes, unless another one took its place.
    pub fn forget(&mut self, key: u32, version: u64) -> Option<Note> {
        let entry = self.entries.get_mut(&key)?;
        entry.note.take_if(|note| note.version == version)
    }

    /// All that is there: keys, and versions.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.entries.iter().filter_map(|(key, entry)| Some((*key, entry.note?.version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    #[test]
    fn a_note_takes_effect_once_however_often_it_comes() {
        let mut notes = Notes::new(1);
        assert_eq!(notes.write(0, 1 << 32 | 1, A, 10), Some(Answer::Kept(10)));
        assert_eq!(notes.write(0, 2 << 32 | 1, B, 11), Some(Answer::Kept(11)));
        assert_eq!(notes.write(0, 1 << 32 | 1, A, 12), Some(Answer::Kept(10)), "again");
        assert_eq!(notes.read(0).0.map(|note| note.owner), Some(B));
        assert_eq!(notes.write(0, 1 << 32 | 2, A, 13), Some(Answer::Kept(13)));
        assert_eq!(notes.write(0, 1 << 32 | 1, A, 14), None, "an older one than the last");
    }

    #[test]
    fn a_claim_belongs_to_who_wrote_it_until_it_expires() {
        let mut notes = Notes::new(1);
        assert_eq!(notes.write(1, 1, A, 1), Some(Answer::Kept(1)));
        assert_eq!(notes.write(1, 1, B, 2), Some(Answer::Owned(A)));
        assert_eq!(notes.write(1, 2, A, 3), Some(Answer::Kept(3)), "the owner renews it");
        assert_eq!(notes.forget(1, 1), None, "another note took its place");
        assert_eq!(notes.forget(1, 3).map(|note| note.note), Some(2));
        assert_eq!(notes.read(1), (None, 3));
        assert_eq!(notes.write(1, 2, B, 4), Some(Answer::Kept(4)));
    }
}
