//! Values under small dense keys, so that the event queue orders sixteen bytes and never moves a payload.
//!
//! A key is reused as soon as it is free, last freed first. The order of keys is therefore a function of the calls
//! alone, the same on each machine, and the slot that is reused is the one still in the cache.

use std::ops::{Index, IndexMut};

/// Marks the end of the list of free slots: no slab grows this far.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
enum Slot<T> {
    Full(T),
    /// Free; holds the next free slot, or [`NONE`].
    Free(u32),
}

/// A container that gives each value a `u32` key and takes it back by that key, both in constant time.
///
/// Memory grows to the largest number of values held at once and stays: a steady state allocates nothing.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: u32,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    /// An empty slab; allocates nothing yet.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE }
    }

    /// An empty slab with room for `capacity` values.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { slots: Vec::with_capacity(capacity), free: NONE }
    }

    /// Stores `value` and returns its key: the one freed last, or the next unused number.
    ///
    /// # Panics
    /// If 2^32 - 1 values are held already.
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        self.insert_with(|| value)
    }

    /// Stores a value that is made where it stays, and returns its key.
    ///
    /// # Panics
    /// As [`Slab::insert`] does. If `make` panics, nothing is stored, and the place is lost.
    #[inline(always)]
    pub fn insert_with(&mut self, make: impl FnOnce() -> T) -> u32 {
        if self.free == NONE {
            self.grow();
        }
        let key = self.free;
        let slot = &mut self.slots[key as usize];
        let Slot::Free(next) = *slot else { occupied(key) };
        self.free = next;
        // Nothing above needs the value, and what is free owns nothing: the value is written to its place and not to the stack before.
        std::mem::forget(std::mem::replace(slot, Slot::Full(make())));
        key
    }

    /// Takes the value at `key` out and frees the key.
    ///
    /// # Panics
    /// If nothing is held at `key`.
    #[inline]
    pub fn remove(&mut self, key: u32) -> T {
        let Some(slot @ Slot::Full(_)) = self.slots.get_mut(key as usize) else {
            vacant(key);
        };
        let Slot::Full(value) = std::mem::replace(slot, Slot::Free(self.free)) else {
            vacant(key);
        };
        self.free = key;
        value
    }

    /// Drops the value at `key` where it is, and frees the key.
    ///
    /// # Panics
    /// If nothing is held at `key`.
    #[inline]
    pub fn discard(&mut self, key: u32) {
        let Some(slot @ Slot::Full(_)) = self.slots.get_mut(key as usize) else {
            vacant(key);
        };
        *slot = Slot::Free(self.free);
        self.free = key;
    }

    /// The value at `key`, if one is held there.
    #[inline]
    pub fn get(&self, key: u32) -> Option<&T> {
        match self.slots.get(key as usize) {
            Some(Slot::Full(value)) => Some(value),
            _ => None,
        }
    }

    /// The value at `key` to change in place, if one is held there.
    #[inline]
    pub fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        match self.slots.get_mut(key as usize) {
            Some(Slot::Full(value)) => Some(value),
            _ => None,
        }
    }

    /// How many values are held. Walks over all slots: a counter would cost each insertion and removal more than who
    /// asks is worth.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no value is held. Walks over the free slots before the first value.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// All held values with their keys, smallest key first. Walks over free slots too.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0u32..).zip(&self.slots).filter_map(|(key, slot)| match slot {
            Slot::Full(value) => Some((key, value)),
            Slot::Free(_) => None,
        })
    }

    /// Adds a free slot.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let key = u32::try_from(self.slots.len()).ok().filter(|key| *key != NONE);
        self.free = key.expect("a slab holds fewer than 2^32 - 1 values");
        self.slots.push(Slot::Free(NONE));
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    /// # Panics
    /// If nothing is held at `key`.
    #[inline]
    fn index(&self, key: u32) -> &T {
        self.get(key).unwrap_or_else(|| vacant(key))
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    /// # Panics
    /// If nothing is held at `key`.
    #[inline]
    fn index_mut(&mut self, key: u32) -> &mut T {
        self.get_mut(key).unwrap_or_else(|| vacant(key))
    }
}

#[cold]
#[inline(never)]
fn occupied(key: u32) -> ! {
    panic!("slab key {key} is free and in use")
}

#[cold]
#[inline(never)]
fn vacant(key: u32) -> ! {
    panic!("slab key {key} is not in use")
}

#[cfg(test)]
mod tests {
    use crate::ordered::OrderedMap;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Slab;

    #[test]
    fn keys_are_dense_and_the_last_freed_comes_back_first() {
        let mut slab = Slab::new();
        assert_eq!([slab.insert('a'), slab.insert('b'), slab.insert('c')], [0, 1, 2]);
        assert_eq!((slab.remove(0), slab.remove(2)), ('a', 'c'));
        assert_eq!([slab.insert('d'), slab.insert('e'), slab.insert('f')], [2, 0, 3]);
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(0, &'e'), (1, &'b'), (2, &'d'), (3, &'f')]);
    }

    #[test]
    fn values_change_in_place() {
        let mut slab = Slab::with_capacity(1);
        let key = slab.insert(1);
        slab[key] += 1;
        *slab.get_mut(key).unwrap() += 1;
        assert_eq!((slab[key], slab.get(key), slab.get(key + 1)), (3, Some(&3), None));
    }

    #[test]
    #[should_panic(expected = "slab key 0 is not in use")]
    fn a_key_is_removed_once() {
        let mut slab = Slab::new();
        let key = slab.insert(());
        slab.remove(key);
        slab.remove(key);
    }

    #[test]
    fn a_steady_state_does_not_grow() {
        let mut slab = Slab::new();
        let mut keys: Vec<u32> = (0..100).map(|value| slab.insert(value)).collect();
        let capacity = slab.slots.capacity();
        for round in 0..10_000 {
            let at = round * 7 % keys.len();
            slab.remove(keys[at]);
            keys[at] = slab.insert(0);
        }
        assert_eq!((slab.len(), slab.slots.capacity()), (100, capacity));
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(steps in proptest::collection::vec(any::<(bool, u8)>(), 0..300)) {
            let (mut slab, mut map) = (Slab::new(), OrderedMap::new());
            for (insert, value) in steps {
                let some = map.keys().copied().nth(value as usize % map.len().max(1));
                if insert {
                    prop_assert_eq!(map.insert(slab.insert(value), value), None);
                } else if let Some(key) = some {
                    if value % 2 == 0 {
                        slab.discard(key);
                        map.remove(&key);
                    } else {
                        prop_assert_eq!(Some(slab.remove(key)), map.remove(&key));
                    }
                }
                prop_assert_eq!((slab.len(), slab.is_empty()), (map.len(), map.is_empty()));
            }
            let held: Vec<(u32, u8)> = slab.iter().map(|(key, value)| (key, *value)).collect();
            prop_assert_eq!(held, map.into_iter().collect::<Vec<_>>());
        }
    }
}
