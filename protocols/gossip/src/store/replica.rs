//! The records of the keys that have their home at a member, and hash trees over what it shares with each other one.

use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::ring::Ring;
use super::siblings::{Siblings, Written};
use super::tree::{Tree, bucket};
use super::vocabulary::Version;

/// What a home holds. Each change updates one tree for each other home of the key.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    records: OrderedMap<u64, Siblings>,
    /// By member.
    trees: Vec<Tree>,
}

/// Equal records give equal sums, in whatever order they came.
fn sum(siblings: &Siblings) -> u64 {
    siblings.iter().map(|held| held.record.content()).fold(0, u64::wrapping_add)
}

impl Replica {
    /// An empty one, in a cluster of so many members.
    pub fn new(members: usize) -> Self {
        Self { records: OrderedMap::new(), trees: vec![Tree::default(); members] }
    }

    /// What it holds of a key.
    pub fn get(&self, key: u64) -> Option<&Siblings> {
        self.records.get(&key)
    }

    /// All records, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Written> {
        self.records.values().flat_map(Siblings::iter)
    }

    /// Holds this record and gives up those that it supersedes.
    pub fn put(&mut self, me: NodeId, written: Written, ring: &Ring) {
        let key = written.record.key;
        let held = self.records.entry(key).or_default();
        let before = sum(held);
        held.hold(written);
        let change = sum(held).wrapping_sub(before);
        self.count(me, key, change, ring);
    }

    /// Does not hold a version of a key any more.
    pub fn remove(&mut self, me: NodeId, key: u64, version: Version, ring: &Ring) {
        let Some(held) = self.records.get_mut(&key) else { return };
        let before = sum(held);
        held.remove(version);
        let change = sum(held).wrapping_sub(before);
        if held.is_empty() {
            self.records.remove(&key);
        }
        self.count(me, key, change, ring);
    }

    fn count(&mut self, me: NodeId, key: u64, change: u64, ring: &Ring) {
        for home in ring.homes(key).iter().filter(|home| **home != me) {
            self.trees[home.index()].change(key, change);
        }
    }

    /// The tree over what it shares with another member.
    pub fn tree(&self, peer: NodeId) -> &Tree {
        &self.trees[peer.index()]
    }

    /// What it shares with another member, of some buckets; by key.
    pub fn shared<'a>(
        &'a self,
        peer: NodeId,
        buckets: u64,
        ring: &'a Ring,
    ) -> impl Iterator<Item = &'a Written> + 'a {
        let asked = move |key: &u64| buckets >> bucket(*key) & 1 == 1 && ring.is_home(peer, *key);
        self.records.iter().filter(move |(key, _)| asked(key)).flat_map(|(_, held)| held.iter())
    }
}
