//! Who reaches whom while cuts are in force.

use serde::{Deserialize, Serialize};

use crate::identity::Slot;

/// A set of slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotSet {
    words: Vec<u64>,
}

impl SlotSet {
    pub(super) fn of(slots: &[Slot]) -> Self {
        let mut set = Self::default();
        for slot in slots {
            set.insert(slot.index());
        }
        set
    }

    #[inline]
    pub(super) fn has(&self, slot: usize) -> bool {
        self.words.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub(super) fn insert(&mut self, slot: usize) {
        if self.words.len() <= slot / 64 {
            self.words.resize(slot / 64 + 1, 0);
        }
        self.words[slot / 64] |= 1 << (slot % 64);
    }

    pub(super) fn remove(&mut self, slot: usize) {
        if let Some(word) = self.words.get_mut(slot / 64) {
            *word &= !(1 << (slot % 64));
        }
    }
}

/// A [`Reach`] in the form in which it is asked.
#[derive(Clone, Debug)]
enum Filter {
    Groups(Box<[u64]>),
    OneWay { from: SlotSet, to: SlotSet },
    Pairs { slots: usize, matrix: SlotSet },
}

impl Filter {
    fn new(reach: &Reach) -> Self {
        match reach {
            Reach::Groups(groups) => Self::Groups(groups.as_slice().into()),
            Reach::OneWay { from, to } => Self::OneWay { from: SlotSet::of(from), to: SlotSet::of(to) },
            Reach::Pairs { slots, links } => {
                let slots = *slots as usize;
                let mut matrix = SlotSet::default();
                for (a, b) in links {
                    if a.index() < slots && b.index() < slots {
                        matrix.insert(a.index() * slots + b.index());
                        matrix.insert(b.index() * slots + a.index());
                    }
                }
                Self::Pairs { slots, matrix }
            }
        }
    }

    #[inline]
    fn passes(&self, from: usize, to: usize) -> bool {
        match self {
            Self::Groups(groups) => {
                let of = |slot: usize| groups.get(slot).copied().unwrap_or(u64::MAX);
                of(from) & of(to) != 0
            }
            Self::OneWay { from: senders, to: receivers } => !(senders.has(from) && receivers.has(to)),
            Self::Pairs { slots, matrix } => from >= *slots || to >= *slots || matrix.has(from * slots + to),
        }
    }
}

/// The cuts in force. A message passes if each of them lets it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts {
    list: Vec<(CutId, Filter)>,
}

impl Cuts {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a cut; one of the same name is replaced.
    pub(super) fn add(&mut self, id: CutId, reach: &Reach) {
        self.remove(id);
        self.list.push((id, Filter::new(reach)));
    }

    /// Ends a cut; says whether there was one of this name.
    pub(super) fn remove(&mut self, id: CutId) -> bool {
        let before = self.list.len();
        self.list.retain(|(other, _)| *other != id);
        self.list.len() < before
    }

    /// Whether one hop passes. A slot always reaches itself.
    #[inline]
    pub(super) fn pass(&self, from: usize, to: usize) -> bool {
        self.list.is_empty() || from == to || self.list.iter().all(|(_, filter)| filter.passes(from, to))
    }
}

/// Names a cut while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CutId(pub u32);

/// Who still reaches whom under a cut. A message from a to b passes if the sets given for them meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Each slot is in some of up to 64 groups (a bit set); slots reach each other if they share one. Slots beyond the
    /// list are in every group. Halves, isolation and bridges are of this form.
    Groups(Vec<u64>),
    /// Nothing passes from any slot of the first list to any of the second: a one-way cut.
    OneWay {
        /// Senders.
        from: Vec<Slot>,
        /// Receivers.
        to: Vec<Slot>,
    },
    /// Only the listed unordered pairs (of slots below `slots`) reach each other: rings of majorities, odd graphs.
    Pairs {
        /// Slots below this are governed, others are not.
        slots: u32,
        /// Who reaches whom, both ways.
        links: Vec<(Slot, Slot)>,
    },
}

#[cfg(test)]
mod tests {
    use super::{CutId, Cuts, Reach, SlotSet};
    use crate::identity::Slot;

    fn table(cuts: &Cuts, slots: usize) -> Vec<String> {
        let row = |from| (0..slots).map(|to| if cuts.pass(from, to) { '+' } else { '.' }).collect();
        (0..slots).map(row).collect()
    }

    #[test]
    fn slot_sets_hold_what_was_put_in() {
        let mut set = SlotSet::of(&[Slot(0), Slot(64), Slot(130)]);
        set.remove(64);
        set.remove(1_000);
        let held: Vec<usize> = (0..200).filter(|slot| set.has(*slot)).collect();
        assert_eq!(held, [0, 130]);
    }

    #[test]
    fn a_bridge_joins_two_groups() {
        let mut cuts = Cuts::default();
        cuts.add(CutId(1), &Reach::Groups(vec![0b01, 0b01, 0b11, 0b10]));
        // The fifth slot is beyond the list.
        assert_eq!(table(&cuts, 5), ["+++.+", "+++.+", "+++++", "..+++", "+++++"]);
        cuts.add(CutId(1), &Reach::Groups(vec![0]));
        assert_eq!(table(&cuts, 3), ["+..", ".++", ".++"]);
    }

    #[test]
    fn one_way_cuts_have_a_direction() {
        let mut cuts = Cuts::default();
        cuts.add(CutId(1), &Reach::OneWay { from: vec![Slot(0)], to: vec![Slot(0), Slot(1)] });
        assert_eq!(table(&cuts, 3), ["+.+", "+++", "+++"]);
    }

    #[test]
    fn pairs_reach_each_other_both_ways() {
        let mut cuts = Cuts::default();
        let links = vec![(Slot(0), Slot(1)), (Slot(2), Slot(1)), (Slot(9), Slot(0))];
        cuts.add(CutId(1), &Reach::Pairs { slots: 3, links });
        assert_eq!(table(&cuts, 4), ["++.+", "++++", ".+++", "++++"]);
    }

    #[test]
    fn several_cuts_hold_at_once() {
        let mut cuts = Cuts::default();
        cuts.add(CutId(1), &Reach::Groups(vec![1, 1, 2]));
        cuts.add(CutId(2), &Reach::OneWay { from: vec![Slot(0)], to: vec![Slot(1)] });
        assert_eq!(table(&cuts, 3), ["+..", "++.", "..+"]);
        assert!(cuts.remove(CutId(1)) && !cuts.remove(CutId(1)));
        assert_eq!(table(&cuts, 3), ["+.+", "+++", "+++"]);
        cuts.remove(CutId(2));
        assert!(cuts.is_empty());
    }
}
