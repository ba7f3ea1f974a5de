//! Consistent hashing: where on a ring of hashes each key has its homes (Karger et al. 1997; Dynamo, section 4.2).

use sim_core::digest::hash_words;
use sim_core::identity::NodeId;

/// Each member has a few places on the ring; the homes of a key are the first distinct members from its own place on.
#[derive(Clone, Debug)]
pub struct Ring {
    seed: u64,
    /// Places with their members, in order.
    places: Vec<(u64, NodeId)>,
    /// The homes of keys before each place, one list after the other.
    homes: Vec<NodeId>,
    members: usize,
    replicas: usize,
}

impl Ring {
    /// For members 0 to `members`, each with so many places, drawn from the seed.
    pub fn new(seed: u64, members: u32, tokens: u32, replicas: u32) -> Self {
        let place = |node: u32, token: u32| (hash_words(&[seed, 1, node.into(), token.into()]), NodeId(node));
        let mut places: Vec<_> =
            (0..members).flat_map(|node| (0..tokens).map(move |token| place(node, token))).collect();
        places.sort_unstable();
        let replicas = replicas.min(members) as usize;
        let homes = (0..places.len()).flat_map(|first| around(&places, first).take(replicas)).collect();
        Self { seed, places, homes, members: members as usize, replicas }
    }

    /// The place on the ring that a key comes before.
    fn place(&self, key: u64) -> usize {
        let hash = hash_words(&[self.seed, 2, key]);
        self.places.partition_point(|(token, _)| *token < hash) % self.places.len().max(1)
    }

    /// The homes of a key, in the order of preference.
    pub fn homes(&self, key: u64) -> &[NodeId] {
        let first = self.place(key) * self.replicas;
        self.homes.get(first..first + self.replicas).unwrap_or_default()
    }

    /// The homes of all keys: a list for each part of the ring.
    pub fn lists(&self) -> impl Iterator<Item = &[NodeId]> {
        self.homes.chunks(self.replicas.max(1))
    }

    /// Members that are no homes of a key, in the order in which they stand in for one.
    pub fn others(&self, key: u64) -> impl Iterator<Item = NodeId> + '_ {
        around(&self.places, self.place(key)).skip(self.replicas)
    }

    /// Whether a member is a home of a key.
    pub fn is_home(&self, node: NodeId, key: u64) -> bool {
        self.homes(key).contains(&node)
    }

    /// Who collects the tombstones of a key: its first home.
    pub fn collector(&self, key: u64) -> NodeId {
        self.homes(key).first().copied().unwrap_or(NodeId(0))
    }

    /// Who shares keys with a member, in ascending order.
    pub fn neighbors(&self, node: NodeId) -> Vec<NodeId> {
        let lists = self.lists().filter(|homes| homes.contains(&node));
        let mut neighbors: Vec<NodeId> = lists.flatten().copied().filter(|home| *home != node).collect();
        neighbors.sort_unstable();
        neighbors.dedup();
        neighbors
    }

    /// How many homes a key has: `replicas`, or all members if there are fewer.
    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.members
    }
}

/// Distinct members around the ring, from this place on.
fn around(places: &[(u64, NodeId)], first: usize) -> impl Iterator<Item = NodeId> + '_ {
    let mut seen = Vec::new();
    let around = places[first..].iter().chain(&places[..first]).map(|(_, node)| *node);
    around.filter(move |node| {
        let new = !seen.contains(node);
        if new {
            seen.push(*node);
        }
        new
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_distinct_and_spread_and_few_move_when_a_member_comes() {
        let (before, after) = (Ring::new(7, 9, 64, 3), Ring::new(7, 10, 64, 3));
        let mut load = [0_u32; 9];
        let mut moved = 0;
        for key in 0..3_000 {
            let homes = before.homes(key);
            assert!(homes.len() == 3 && homes[0] != homes[1] && homes[1] != homes[2] && homes[0] != homes[2]);
            assert_eq!(before.collector(key), homes[0]);
            homes.iter().for_each(|home| load[home.index()] += 1);
            moved += u32::from(after.collector(key) != homes[0]);
        }
        assert!(load.iter().all(|load| (500..1_600).contains(load)), "{load:?}");
        assert!((100..700).contains(&moved), "a tenth of the keys has another first home: {moved} of 3,000");
    }

    #[test]
    fn all_members_are_homes_if_there_are_few() {
        let ring = Ring::new(1, 2, 8, 3);
        assert_eq!((ring.replicas(), ring.homes(5).len(), ring.others(5).count()), (2, 2, 0));
        assert!(ring.is_home(NodeId(0), 5) && !ring.is_home(NodeId(2), 5));
        assert_eq!(ring.neighbors(NodeId(0)), [NodeId(1)]);
        assert_eq!(Ring::new(1, 9, 8, 3).others(5).count(), 6);
    }
}
