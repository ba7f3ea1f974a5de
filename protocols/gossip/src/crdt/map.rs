//! A map whose last writer wins.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::Merge;

/// Each key has the value of its latest write; a removal is a write, too. Of two writes the one with the later time is the latest,
/// at equal times the one of the higher actor (LWW-map). An actor never writes twice at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LwwMap(OrderedMap<u64, ((u64, NodeId), Option<u64>)>);

impl LwwMap {
    /// An actor writes a value, or removes the key.
    pub fn write(&mut self, key: u64, at: (u64, NodeId), value: Option<u64>) {
        let known = self.0.entry(key).or_insert((at, value));
        if known.0 < at {
            *known = (at, value);
        }
    }

    /// The value of a key.
    pub fn get(&self, key: u64) -> Option<u64> {
        self.0.get(&key).and_then(|(_, value)| *value)
    }
}

impl Merge for LwwMap {
    fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(key, (at, value))| self.write(*key, *at, *value));
    }
}
