//! A hash tree over what two members share, kept up to date by every change (Dynamo, section 4.7).

use sim_core::digest::hash_words;
use sim_core::facts::Facts;

use super::vocabulary::Record;

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
    /// A record takes the place of another one.
    pub fn replace(&mut self, old: Option<&Record>, new: Option<&Record>) {
        let hash = |record: Option<&Record>| record.map_or(0, Facts::content);
        let change = hash(new).wrapping_sub(hash(old));
        self.root = self.root.wrapping_add(change);
        if let Some(record) = new.or(old) {
            let leaf = &mut self.leaves[bucket(record.key)];
            *leaf = leaf.wrapping_add(change);
        }
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
    use sim_core::identity::NodeId;

    use super::super::vocabulary::Version;
    use super::*;

    fn record(key: u64, time: u64) -> Record {
        Record { key, version: Version { time, actor: NodeId(9) }, value: Some(time) }
    }

    #[test]
    fn the_way_to_a_state_leaves_no_trace_in_its_hash() {
        let (mut one, mut other) = (Tree::default(), Tree::default());
        (0..50).for_each(|key| one.replace(None, Some(&record(key, 1))));
        (0..50).rev().for_each(|key| other.replace(None, Some(&record(key, 0))));
        assert_ne!(one.root(), other.root());
        (0..50).for_each(|key| other.replace(Some(&record(key, 0)), Some(&record(key, 1))));
        assert_eq!(one, other);
        one.replace(Some(&record(7, 1)), None);
        assert_eq!(one.differing(other.leaves()), 1 << bucket(7));
        other.replace(Some(&record(7, 1)), None);
        assert_eq!(one, other);
    }
}
