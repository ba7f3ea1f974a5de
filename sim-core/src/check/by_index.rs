//! A table over positions, as indices of a log: write once, then compare.

use crate::ordered::OrderedMap;

/// One value per position. Positions that follow each other lie side by side; a stray one (of a wrong protocol) costs
/// a place in a tree, and no memory for the gap before it.
#[derive(Clone, Debug)]
pub struct ByIndex<T> {
    first: u64,
    dense: Vec<T>,
    stray: OrderedMap<u64, T>,
}

impl<T> Default for ByIndex<T> {
    fn default() -> Self {
        Self { first: 0, dense: Vec::new(), stray: OrderedMap::new() }
    }
}

impl<T> ByIndex<T> {
    /// What stands at an index.
    #[inline]
    pub fn get(&self, index: u64) -> Option<&T> {
        let place = self.place(index);
        if place < self.dense.len() as u64 {
            return self.dense.get(place as usize);
        }
        if self.stray.is_empty() { None } else { self.stray.get(&index) }
    }

    /// Where an index lies among those side by side; far behind them, if it is before the first.
    #[inline]
    fn place(&self, index: u64) -> u64 {
        index.wrapping_sub(self.first)
    }

    /// What stands at an index already; otherwise puts `value` there.
    #[inline(always)]
    pub fn get_or_put(&mut self, index: u64, value: T) -> Option<&T> {
        let place = self.place(index);
        if place < self.dense.len() as u64 {
            return self.dense.get(place as usize);
        }
        if !self.stray.is_empty() && self.stray.contains_key(&index) {
            return self.stray.get(&index);
        }
        self.put(index, value);
        None
    }

    fn put(&mut self, index: u64, value: T) {
        if self.dense.is_empty() {
            self.first = index;
        }
        if index != self.next() {
            self.stray.insert(index, value);
            return;
        }
        self.dense.push(value);
        while !self.stray.is_empty()
            && let Some(value) = self.stray.remove(&self.next())
        {
            self.dense.push(value);
        }
    }

    fn next(&self) -> u64 {
        self.first.saturating_add(self.dense.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use crate::ordered::OrderedMap;

    use super::ByIndex;

    #[test]
    fn it_is_a_map_whose_first_value_stays() {
        for order in [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [3, 4, 1, 5, 2], [7, u64::MAX, 8, 0, 9]] {
            let (mut table, mut oracle) = (ByIndex::default(), OrderedMap::new());
            for (value, index) in order.into_iter().chain(order).chain([6, 2]).enumerate() {
                let before = oracle.get(&index).copied();
                oracle.entry(index).or_insert(value);
                assert_eq!(table.get_or_put(index, value).copied(), before);
            }
            for index in (0..12).chain([u64::MAX - 1, u64::MAX]) {
                assert_eq!(table.get(index), oracle.get(&index), "{order:?} {index}");
            }
        }
    }

    #[test]
    fn a_gap_that_closes_leaves_nothing_astray() {
        let mut table = ByIndex::default();
        for index in [10, 13, 12, 11, 14] {
            table.get_or_put(index, ());
        }
        assert_eq!((table.dense.len(), table.stray.len()), (5, 0));
    }
}
