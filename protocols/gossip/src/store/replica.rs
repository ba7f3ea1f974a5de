//! The records of the keys that have their home at a member, and hash trees over what it shares with each other one.

use std::collections::BTreeMap;

use sim_core::identity::NodeId;

use super::ring::Ring;
use super::tree::{Tree, bucket};
use super::vocabulary::Record;

/// What a home holds. Each change updates one tree for each other home of the key.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    records: BTreeMap<u64, Record>,
    /// By member.
    trees: Vec<Tree>,
}

impl Replica {
    /// An empty one, in a cluster of so many members.
    pub fn new(members: usize) -> Self {
        Self { records: BTreeMap::new(), trees: vec![Tree::default(); members] }
    }

    /// What it holds of a key.
    pub fn get(&self, key: u64) -> Option<&Record> {
        self.records.get(&key)
    }

    /// All records, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Holds this record instead of whatever it held of its key.
    pub fn put(&mut self, me: NodeId, record: Record, ring: &Ring) {
        let old = self.records.insert(record.key, record);
        self.count(me, old.as_ref(), Some(&record), ring);
    }

    /// Holds nothing of a key any more.
    pub fn remove(&mut self, me: NodeId, key: u64, ring: &Ring) {
        if let Some(old) = self.records.remove(&key) {
            self.count(me, Some(&old), None, ring);
        }
    }

    fn count(&mut self, me: NodeId, old: Option<&Record>, new: Option<&Record>, ring: &Ring) {
        let Some(record) = new.or(old) else { return };
        for home in ring.homes(record.key).iter().filter(|home| **home != me) {
            self.trees[home.index()].replace(old, new);
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
    ) -> impl Iterator<Item = &'a Record> + 'a {
        let asked = move |record: &&Record| buckets >> bucket(record.key) & 1 == 1;
        self.iter().filter(asked).filter(move |record| ring.is_home(peer, record.key))
    }
}
