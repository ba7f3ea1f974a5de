//! A hash tree over what two members share, kept up to date by every change (Dynamo, section 4.7).

use sim_core::digest::hash_words;

/// How many buckets of keys there are below the root.
pub const BUCKETS: usize = 16;

/// The bucket of a key.
pub fn bucket(key: u64) -> usize {
    (hash_words(&[key]) % BUCKETS as u64) as usize
}

/// Two levels: a sum of hashes for each bucket, and their sum. Equal records give equal sums, in whatever order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    root: u64,
    leaves: [u64; BUCKETS],
}

impl Tree {
    /// The sum of the hashes of a key's records changes by so much.
    pub fn change(&mut self, key: u64, change: u64) {
        self.root = self.root.wrapping_add(change);
        let leaf = &mut self.leaves[bucket(key)];
        *leaf = leaf.wrapping_add(change);
    }

    /// The root hash.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// One hash for each bucket.
    pub fn leaves(&self) -> &[u64; BUCKETS] {
        &self.leaves
    }

    /// The buckets whose hashes differ, as a bit set.
    pub fn differing(&self, leaves: &[u64]) -> u64 {
        let differ = self.leaves.iter().zip(leaves).enumerate().filter(|(_, (own, other))| own != other);
        differ.fold(0, |set, (bucket, _)| set | 1 << bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(key: u64, time: u64) -> u64 {
        hash_words(&[9, key, time])
    }

    #[test]
    fn the_way_to_a_state_leaves_no_trace_in_its_hash() {
        let (mut one, mut other) = (Tree::default(), Tree::default());
        (0..50).for_each(|key| one.change(key, hash(key, 1)));
        (0..50).rev().for_each(|key| other.change(key, hash(key, 0)));
        assert_ne!(one.root(), other.root());
        (0..50).for_each(|key| other.change(key, hash(key, 1).wrapping_sub(hash(key, 0))));
        assert_eq!(one, other);
        one.change(7, hash(7, 1).wrapping_neg());
        assert_eq!(one.differing(other.leaves()), 1 << bucket(7));
        other.change(7, hash(7, 1).wrapping_neg());
        assert_eq!(one, other);
    }
}
