//! Hash containers that hash alike in each run and on each machine.
//!
//! The standard hasher draws a key from the operating system, which a run must never see. Here the hasher is fixed:
//! multiply by a constant into 128 bits, fold the halves together. A `usize` is hashed as a `u64` and bytes are read
//! as little endian, so a 32-bit machine agrees.
//!
//! **Never iterate these containers.** The order means nothing, and changes with the capacity and with the standard
//! library. Use them to look up alone; where an order is wanted, use a `OrderedMap` or a [`crate::slab::Slab`]. They
//! offer no defense against keys chosen to collide: a scenario is trusted input.

use std::hash::{BuildHasherDefault, Hasher};

/// A hash map that never consults the machine. For look-ups alone: never iterate it.
#[expect(clippy::disallowed_types, reason = "the fixed hasher takes away what the ban is about")]
pub type FixedMap<K, V> = std::collections::HashMap<K, V, FixedState>;

/// A hash set that never consults the machine. For look-ups alone: never iterate it.
#[expect(clippy::disallowed_types, reason = "the fixed hasher takes away what the ban is about")]
pub type FixedSet<K> = std::collections::HashSet<K, FixedState>;

/// Builds the one hasher of [`FixedMap`] and [`FixedSet`]; `FixedMap::default()` makes an empty map.
pub type FixedState = BuildHasherDefault<FixedHasher>;

/// Digits of pi: an odd multiplier with bits spread evenly, and chosen by nobody.
const MULTIPLIER: u64 = 0x243f_6a88_85a3_08d3;
const START: u64 = 0x1319_8a2e_0370_7344;
const LAST: u64 = 0xa409_3822_299f_31d1;

/// A fold-multiply hasher without a seed: fast on small keys, good enough for tables, no digest.
#[derive(Clone, Debug)]
pub struct FixedHasher {
    state: u64,
}

impl Default for FixedHasher {
    #[inline]
    fn default() -> Self {
        Self { state: START }
    }
}

/// The 128-bit product of `a` and `b`, its halves folded by exclusive or.
#[inline]
fn fold_multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product as u64) ^ ((product >> 64) as u64)
}

impl Hasher for FixedHasher {
    #[inline]
    fn finish(&self) -> u64 {
        fold_multiply(self.state, LAST)
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        // The state is rotated so that two words do not commute, and a product of zero does not erase the past.
        self.state = fold_multiply(self.state ^ word, MULTIPLIER) ^ self.state.rotate_left(23);
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last));
        self.write_u64(bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u128(&mut self, word: u128) {
        self.write_u64(word as u64);
        self.write_u64((word >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    #[inline]
    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, Hash};

    use crate::ordered::OrderedSet;

    use super::{FixedMap, FixedSet, FixedState};

    fn hash(value: impl Hash) -> u64 {
        FixedState::default().hash_one(value)
    }

    #[test]
    fn hashes_are_pinned_for_all_machines() {
        let pinned = [hash(0u64), hash(1u32), hash("seedstorm"), hash((7u8, -1i64, 2u128))];
        let known = ["7cef78d2dd23a0cb", "bad3f1309c133d29", "45188c146d62e4b1", "9f2b6990b81e9d11"];
        assert_eq!(pinned.map(|hash| format!("{hash:016x}")), known);
    }

    #[test]
    fn a_length_is_hashed_alike_by_32_and_64_bits() {
        assert_eq!(hash(5usize), hash(5u64));
        assert_eq!(hash(-5isize), hash(-5i64));
    }

    #[test]
    fn order_and_length_matter() {
        assert_ne!(hash((1u64, 2u64)), hash((2u64, 1u64)));
        assert_ne!(hash([0u8].as_slice()), hash([0u8, 0].as_slice()));
        assert_ne!(hash(("ab", "c")), hash(("a", "bc")));
    }

    #[test]
    fn near_keys_spread_over_both_ends_of_the_hash() {
        let keys = (0..1u64 << 14).flat_map(|key| [key, key << 20, key << 44]).collect::<OrderedSet<_>>();
        let fill = |shift: u32| {
            let mut buckets = vec![0u32; 1 << 10];
            keys.iter().for_each(|key| buckets[(hash(key) >> shift) as usize & 1023] += 1);
            buckets.into_iter().max().unwrap()
        };
        let mean = keys.len() / 1024;
        assert!(fill(0) < 2 * mean as u32 && fill(54) < 2 * mean as u32, "{} {} {mean}", fill(0), fill(54));
    }

    #[test]
    fn maps_and_sets_look_up() {
        let mut map = FixedMap::default();
        let mut set = FixedSet::default();
        for key in 0..1000u32 {
            assert_eq!(map.insert(key, key * 2), None);
            assert!(set.insert((key, "x")));
        }
        assert_eq!((map.get(&999), map.get(&1000)), (Some(&1998), None));
        assert!(set.contains(&(0, "x")) && !set.contains(&(0, "y")));
    }
}
