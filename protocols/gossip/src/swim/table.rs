//! Where a member keeps what differs from the shared base: twelve bytes an entry, one look-up away.
//!
//! An open table with linear probing under fixed hashing. It is never iterated in its own order: [`Table::sorted`] gives
//! the entries by number.

use sim_core::identity::NodeId;
use sim_core::random::mix64;

/// What is kept about one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) node: NodeId,
    /// Status and incarnation, packed.
    pub(super) state: u32,
    /// Where its suspicion is, or when it died.
    pub(super) link: u32,
}

/// No member has this number.
const FREE: Entry = Entry { node: NodeId(u32::MAX), state: 0, link: 0 };

/// Entries by member.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// A power of two of places, or none.
    places: Vec<Entry>,
    used: u32,
}

impl Table {
    #[inline]
    fn home(&self, node: NodeId) -> usize {
        mix64(u64::from(node.0)) as usize & (self.places.len() - 1)
    }

    /// The place of a member, or the free one where it would be.
    #[inline]
    fn place(&self, node: NodeId) -> usize {
        let mask = self.places.len() - 1;
        let mut place = self.home(node);
        while self.places[place].node != node && self.places[place].node != FREE.node {
            place = (place + 1) & mask;
        }
        place
    }

    #[inline]
    pub(super) fn get(&self, node: NodeId) -> Option<&Entry> {
        if self.used == 0 {
            return None;
        }
        let entry = &self.places[self.place(node)];
        (entry.node == node).then_some(entry)
    }

    /// Puts an entry in, in place of the one of the same member.
    pub(super) fn put(&mut self, entry: Entry) {
        if (self.used as usize + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        let place = self.place(entry.node);
        self.used += u32::from(self.places[place].node == FREE.node);
        self.places[place] = entry;
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(8);
        let old = std::mem::replace(&mut self.places, vec![FREE; size]);
        for entry in old.into_iter().filter(|entry| entry.node != FREE.node) {
            let place = self.place(entry.node);
            self.places[place] = entry;
        }
    }

    /// Takes a member out; those behind it move up.
    pub(super) fn remove(&mut self, node: NodeId) {
        if self.get(node).is_none() {
            return;
        }
        let mask = self.places.len() - 1;
        let (mut hole, mut next) = (self.place(node), self.place(node));
        loop {
            next = (next + 1) & mask;
            let entry = self.places[next];
            if entry.node == FREE.node {
                break;
            }
            let wanted = self.home(entry.node);
            if (next.wrapping_sub(wanted) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.places[hole] = entry;
                hole = next;
            }
        }
        self.places[hole] = FREE;
        self.used -= 1;
    }

    /// All entries, by number.
    pub(super) fn sorted(&self) -> Vec<Entry> {
        let mut all: Vec<Entry> =
            self.places.iter().copied().filter(|entry| entry.node != FREE.node).collect();
        all.sort_unstable_by_key(|entry| entry.node);
        all
    }

    pub(super) fn len(&self) -> usize {
        self.used as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_holds_what_a_map_would() {
        let (mut table, mut map) = (Table::default(), BTreeMap::new());
        for step in 0..20_000_u64 {
            let word = mix64(step);
            let (node, state) = (NodeId((word % 300) as u32), (word >> 32) as u32);
            if word.is_multiple_of(3) {
                table.remove(node);
                map.remove(&node);
            } else {
                table.put(Entry { node, state, link: 0 });
                map.insert(node, state);
            }
            assert_eq!(table.len(), map.len());
        }
        let held: Vec<_> = table.sorted().iter().map(|entry| (entry.node, entry.state)).collect();
        assert_eq!(held, map.iter().map(|(node, state)| (*node, *state)).collect::<Vec<_>>());
        for node in (0..300).map(NodeId) {
            assert_eq!(table.get(node).map(|entry| entry.state), map.get(&node).copied());
        }
    }
}
