//! Who watches whom, and one value for each such pair.

use sim_core::identity::NodeId;

/// A value for each pair of a watcher, and one of those that it watches.
#[derive(Clone, Debug)]
pub struct Pairs<T> {
    members: u32,
    watchers: u32,
    values: Vec<T>,
}

impl<T: Clone> Pairs<T> {
    /// So many members on a ring, each watched by so many, with the same value for all pairs.
    pub fn new(members: u32, watchers: u32, value: T) -> Self {
        Self { members, watchers, values: vec![value; members as usize * watchers as usize] }
    }

    /// How far `node` is before `watcher` on the ring, less one, if it is watched.
    fn place(&self, watcher: NodeId, node: NodeId) -> Option<usize> {
        if watcher.0 >= self.members || node.0 >= self.members {
            return None;
        }
        let place = (watcher.0 + self.members - 1 - node.0) % self.members;
        (place < self.watchers).then_some(place as usize)
    }

    /// The value of a pair; `None` if the one does not watch the other.
    pub fn get(&mut self, watcher: NodeId, node: NodeId) -> Option<&mut T> {
        let place = self.place(watcher, node)?;
        self.values.get_mut(watcher.index() * self.watchers as usize + place)
    }

    /// Sets all pairs of a watcher.
    pub fn set_all(&mut self, watcher: NodeId, value: &T) {
        let (start, width) = (watcher.index() * self.watchers as usize, self.watchers as usize);
        if let Some(values) = self.values.get_mut(start..start + width) {
            values.fill(value.clone());
        }
    }

    /// Whom a member watches, with the values.
    pub fn of(&self, watcher: NodeId) -> impl Iterator<Item = (NodeId, &T)> {
        let (start, width) = (watcher.index() * self.watchers as usize, self.watchers as usize);
        let values = self.values.get(start..start + width).unwrap_or_default();
        let members = self.members;
        values
            .iter()
            .enumerate()
            .map(move |(place, value)| (NodeId((watcher.0 + members - 1 - place as u32) % members), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_watches_those_before_it() {
        let mut pairs = Pairs::new(5, 2, 0);
        let watched =
            |pairs: &Pairs<u32>, node| pairs.of(NodeId(node)).map(|(node, _)| node.0).collect::<Vec<_>>();
        assert_eq!((watched(&pairs, 0), watched(&pairs, 4)), (vec![4, 3], vec![3, 2]));
        assert_eq!(pairs.get(NodeId(0), NodeId(2)), None);
        assert_eq!(pairs.get(NodeId(0), NodeId(5)), None, "a newcomer has no place");
        *pairs.get(NodeId(0), NodeId(3)).unwrap() = 7;
        assert_eq!(pairs.of(NodeId(0)).map(|(_, value)| *value).collect::<Vec<_>>(), [0, 7]);
        pairs.set_all(NodeId(0), &1);
        assert_eq!(pairs.of(NodeId(0)).map(|(_, value)| *value).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(pairs.of(NodeId(1)).map(|(_, value)| *value).sum::<u32>(), 0);
    }
}
