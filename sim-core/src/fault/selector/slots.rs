//! Slots that are named one by one, kept as ranges: a text of a few bytes never takes the memory of what it names.

use std::fmt;

use crate::identity::Slot;

/// No world has more slots: a text that names a higher one is a typing error.
const MOST: u32 = 1 << 24;

/// Slots in the order in which they were written, neighbors joined to ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SlotList {
    /// First and last of each range.
    ranges: Vec<(u32, u32)>,
}

impl SlotList {
    /// How many there are; one that is named twice counts twice.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The highest one.
    pub fn last(&self) -> Option<Slot> {
        self.ranges.iter().map(|(_, last)| Slot(*last)).max()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.ranges.iter().flat_map(|(first, last)| (*first..=*last).map(Slot))
    }

    /// Those of the first `count` slots: what a world has.
    pub fn below(&self, count: usize) -> impl Iterator<Item = Slot> + '_ {
        let end = u32::try_from(count).unwrap_or(u32::MAX);
        self.ranges.iter().flat_map(move |(first, last)| (*first..end.min(last.saturating_add(1))).map(Slot))
    }

    /// Without the one at this place.
    pub fn remove(&mut self, place: usize) {
        *self = self.iter().enumerate().filter(|(index, _)| *index != place).map(|(_, slot)| slot).collect();
    }

    /// The same slots in order, each once.
    pub(in crate::fault) fn merge(mut self) -> Self {
        self.ranges.sort_unstable();
        let mut merged = Self::default();
        for (first, last) in self.ranges {
            match merged.ranges.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.ranges.push((first, last)),
            }
        }
        merged
    }

    /// The lowest slot that is in both; both are [merged](SlotList::merge).
    pub(in crate::fault) fn meets(&self, other: &Self) -> Option<Slot> {
        let (mut ours, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some((first, last)), Some((from, to))) = (ours.peek(), theirs.peek()) {
            if first.max(from) <= last.min(to) {
                return Some(Slot(*first.max(from)));
            }
            if last < to {
                ours.next()
            } else {
                theirs.next()
            };
        }
        None
    }

    /// So many slots, from one on.
    pub(in crate::fault) fn range(first: u32, count: u32) -> Self {
        let last = count.checked_sub(1).map(|more| first.saturating_add(more));
        Self { ranges: last.map(|last| (first, last)).into_iter().collect() }
    }

    /// The slots of several lists.
    pub(in crate::fault) fn concat(lists: impl IntoIterator<Item = Self>) -> Self {
        Self { ranges: lists.into_iter().flat_map(|list| list.ranges).collect() }
    }

    /// Reads `1-3,7`, which are slots 0, 1, 2 and 6.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<u32>().ok().filter(|it| (1..=MOST).contains(it));
            let (first, last) = (number(first)? - 1, number(last)? - 1);
            if last < first {
                return None;
            }
            match ranges.last_mut() {
                Some((_, end)) if *end + 1 == first => *end = last,
                _ => ranges.push((first, last)),
            }
        }
        Some(Self { ranges })
    }
}

impl FromIterator<Slot> for SlotList {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for Slot(slot) in slots {
            match ranges.last_mut() {
                Some((_, end)) if end.checked_add(1) == Some(slot) => *end = slot,
                _ => ranges.push((slot, slot)),
            }
        }
        Self { ranges }
    }
}

/// Slots counting from one, runs of neighbors joined: `1-3,7`.
impl fmt::Display for SlotList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (first, last) in &self.ranges {
            let (from, to) = (u64::from(*first) + 1, u64::from(*last) + 1);
            if from == to {
                write!(f, "{comma}{from}")?;
            } else {
                write!(f, "{comma}{from}-{to}")?;
            }
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> SlotList {
        SlotList::parse(text).unwrap()
    }

    #[test]
    fn what_is_named_is_kept_in_the_order_and_the_length_of_the_text() {
        let slots = list("7,1-3,3");
        assert_eq!(slots.iter().map(|slot| slot.0).collect::<Vec<_>>(), [6, 0, 1, 2, 2]);
        assert_eq!((slots.len(), slots.last(), slots.to_string()), (5, Some(Slot(6)), "7,1-3,3".to_owned()));
        assert_eq!(slots.iter().collect::<SlotList>(), slots);
        assert_eq!(list("1,2,3"), list("1-3"));
        let many = list(&"1-16777216,".repeat(1_000));
        assert_eq!((many.len(), many.ranges.len()), (1_000 << 24, 1_000));
        assert_eq!(many.below(2).count(), 2_000);
    }

    #[test]
    fn no_world_has_slots_beyond_the_last() {
        for text in ["0", "2-1", "16777217", "1-16777217", "1-100000000", "-", "1-", "x"] {
            assert_eq!(SlotList::parse(text), None, "{text}");
        }
    }

    #[test]
    fn merged_lists_meet_where_plain_sets_do() {
        let some = ["1-3", "5,1", "2-8,4", "9", "4", "", "1,3,5,7,9", "16777216"];
        for (a, b) in some.iter().flat_map(|a| some.iter().map(move |b| (list(a), list(b)))) {
            let plain = b.iter().filter(|slot| a.iter().any(|other| other == *slot)).min();
            assert_eq!(a.clone().merge().meets(&b.clone().merge()), plain, "{a} and {b}");
            let once: crate::ordered::OrderedSet<Slot> = a.iter().collect();
            assert_eq!(a.clone().merge().iter().collect::<Vec<_>>(), once.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_is_taken_out_by_its_place() {
        let mut slots = list("1-3,7");
        slots.remove(1);
        assert_eq!(slots.to_string(), "1,3,7");
    }
}
