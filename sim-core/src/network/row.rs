//! What a sender remembers of its quiet streams: one word for each peer, found without leaving the sender's row.

use crate::identity::Slot;
use crate::process::Priority;
use crate::time::Time;

const TICK: u64 = 1;
const TIME_BITS: u32 = 48;
const SESSION_BITS: u32 = 14;
/// The first moment that does not fit: 78 hours.
const TOO_LATE: u64 = 1 << TIME_BITS;

/// One direction of a live session whose sender may use it: the session, and the latest arrival on it of one priority.
/// [`Word::NONE`] where nothing quiet is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    pub(super) const NONE: Self = Self(0);

    /// `None` if it does not fit: in the 16,384th session, or after 78 hours.
    pub(super) fn new(session: u32, priority: Priority, last: Time) -> Option<Self> {
        debug_assert!(session > 0, "sessions count from one");
        let fits = session < 1 << SESSION_BITS && last.as_nanos() < TOO_LATE;
        let head = u64::from(session) << 2 | priority as u64;
        fits.then_some(Self(head << TIME_BITS | last.as_nanos()))
    }

    /// Of a first session in which nothing was sent yet.
    pub(super) const fn first(priority: Priority) -> Self {
        Self((1 << 2 | priority as u64) << TIME_BITS)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn session(self) -> u32 {
        (self.0 >> (TIME_BITS + 2)) as u32
    }

    pub(super) const fn priority(self) -> usize {
        (self.0 >> TIME_BITS & 3) as usize
    }

    pub(super) const fn last(self) -> Time {
        Time::from_nanos(self.0 & (TOO_LATE - 1))
    }

    /// The arrival of a message that would come at `at`, after the one before it; `None` if this word cannot tell or
    /// cannot keep it.
    #[inline]
    pub(super) fn follow(&mut self, priority: Priority, at: Time) -> Option<Time> {
        let at = at.as_nanos().max(self.last().as_nanos() + TICK);
        if self.is_none() || self.priority() != priority as usize || at >= TOO_LATE {
            return None;
        }
        self.0 = self.0 & !(TOO_LATE - 1) | at;
        Some(Time::from_nanos(at))
    }
}

/// The words of one sender. Few peers lie in a small hash table; when that would take as much room as a word for each
/// slot, it becomes that.
#[derive(Clone, Debug)]
pub(super) enum Row {
    Few { entries: Vec<(u32, Word)>, used: u32 },
    All(Vec<Word>),
}

/// No slot has this number.
const VACANT: u32 = u32::MAX;

impl Default for Row {
    fn default() -> Self {
        Self::Few { entries: Vec::new(), used: 0 }
    }
}

impl Row {
    #[inline]
    pub(super) fn get(&self, to: Slot) -> Word {
        let word = match self {
            Self::All(words) => words.get(to.index()),
            Self::Few { entries, .. } => place(entries, to.0).map(|place| &entries[place].1),
        };
        word.copied().unwrap_or(Word::NONE)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, to: Slot) -> Option<&mut Word> {
        match self {
            Self::All(words) => words.get_mut(to.index()),
            Self::Few { entries, .. } => place(entries, to.0).map(|place| &mut entries[place].1),
        }
    }

    /// Sets the word of a peer among `slots`.
    pub(super) fn set(&mut self, to: Slot, word: Word, slots: usize) {
        if let Self::Few { entries, used } = self {
            if let Some(place) = place(entries, to.0).filter(|place| entries[*place].0 == to.0) {
                entries[place].1 = word;
                return;
            }
            if (*used as usize + 1) * 4 > entries.len() * 3 {
                self.grow(slots);
            }
        }
        match self {
            Self::All(words) => {
                if words.len() <= to.index() {
                    words.resize(slots.max(to.index() + 1), Word::NONE);
                }
                words[to.index()] = word;
            }
            Self::Few { entries, used } => {
                *used += 1;
                if let Some(place) = place(entries, to.0) {
                    entries[place] = (to.0, word);
                }
            }
        }
    }

    #[cold]
    fn grow(&mut self, slots: usize) {
        let Self::Few { entries, .. } = self else { return };
        let before = std::mem::take(entries);
        let room = (before.len() * 2).max(8);
        *self = if room * size_of::<(u32, Word)>() >= slots * size_of::<Word>() {
            Self::All(vec![Word::NONE; slots])
        } else {
            Self::Few { entries: vec![(VACANT, Word::NONE); room], used: 0 }
        };
        for (to, word) in before.into_iter().filter(|(to, _)| *to != VACANT) {
            self.set(Slot(to), word, slots);
        }
    }
}

/// Where the entry of a peer is, or would be put; `None` in an empty table. A table always has vacant places.
#[inline]
fn place(entries: &[(u32, Word)], to: u32) -> Option<usize> {
    let mask = entries.len().checked_sub(1)?;
    // The upper bits of the product hang on all bits of the number.
    let mut place = (u64::from(to).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize & mask;
    while entries[place].0 != to && entries[place].0 != VACANT {
        place = (place + 1) & mask;
    }
    Some(place)
}

#[cfg(test)]
mod tests {

    use super::{Row, TOO_LATE, Word};
    use crate::identity::Slot;
    use crate::ordered::OrderedMap;
    use crate::process::Priority;
    use crate::time::Time;

    #[test]
    fn a_word_holds_what_fits() {
        for (session, nanos) in [(1, 0), (1, 1), (16_383, TOO_LATE - 1)] {
            for priority in Priority::ALL {
                let word = Word::new(session, priority, Time::from_nanos(nanos)).unwrap();
                assert!(!word.is_none());
                let told = (word.session(), word.priority(), word.last().as_nanos());
                assert_eq!(told, (session, priority as usize, nanos));
            }
        }
        assert_eq!(Word::new(16_384, Priority::Low, Time::ZERO), None);
        assert_eq!(Word::new(1, Priority::Low, Time::from_nanos(TOO_LATE)), None);
    }

    #[test]
    fn a_word_keeps_the_order_of_its_priority_alone() {
        let mut word = Word::new(3, Priority::Normal, Time::from_nanos(10)).unwrap();
        assert_eq!(word.follow(Priority::Normal, Time::from_nanos(5)), Some(Time::from_nanos(11)));
        assert_eq!(word.follow(Priority::Normal, Time::from_nanos(50)), Some(Time::from_nanos(50)));
        assert_eq!(word.follow(Priority::Low, Time::from_nanos(60)), None);
        assert_eq!(word.follow(Priority::Normal, Time::from_nanos(TOO_LATE)), None);
        assert_eq!((word.session(), word.last()), (3, Time::from_nanos(50)));
        assert_eq!({ Word::NONE }.follow(Priority::Critical, Time::from_nanos(1)), None);
    }

    #[test]
    fn a_row_agrees_with_a_map_and_becomes_dense() {
        for (slots, peers, dense) in
            [(5, 5, true), (1_000, 1_000, true), (1_000, 40, false), (100_000, 900, false)]
        {
            let (mut row, mut map) = (Row::default(), OrderedMap::new());
            for i in 0..peers * 3 {
                let to = (i % peers) * 7_919 % slots;
                let word = Word::new(1, Priority::Normal, Time::from_nanos(u64::from(i))).unwrap();
                row.set(Slot(to), word, slots as usize);
                map.insert(to, word);
            }
            for to in 0..slots + 10 {
                assert_eq!(row.get(Slot(to)), map.get(&to).copied().unwrap_or(Word::NONE));
            }
            assert_eq!(matches!(row, Row::All(_)), dense, "{slots} slots, {peers} peers");
            // A slot that joins.
            row.set(Slot(slots + 3), Word(9), slots as usize + 4);
            assert_eq!(row.get(Slot(slots + 3)), Word(9));
        }
    }
}
