//! Candidates: the standard binary heap, and an implicit heap with four children a node.
//!
//! Both are simple and never surprise. Both lose to the lazy queues once the heap outgrows the nearest cache.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pending::Pending;

/// The standard library's binary heap, turned around.
pub type StdHeap = BinaryHeap<Reverse<u128>>;

impl Pending for StdHeap {
    #[inline]
    fn push(&mut self, key: u128) {
        Self::push(self, Reverse(key));
    }

    #[inline]
    fn pop(&mut self) -> Option<u128> {
        Self::pop(self).map(|Reverse(key)| key)
    }

    #[inline]
    fn peek(&mut self) -> Option<u128> {
        Self::peek(self).map(|Reverse(key)| *key)
    }

    #[inline]
    fn len(&self) -> usize {
        Self::len(self)
    }
}

/// An implicit heap in which each node has four children: half the depth of a binary one.
#[derive(Clone, Debug, Default)]
pub struct QuadHeap {
    keys: Vec<u128>,
}

impl QuadHeap {
    /// Moves `key` up from the hole at `at` to its place.
    #[inline]
    fn rise(&mut self, mut at: usize, key: u128) {
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[at] = self.keys[parent];
            at = parent;
        }
        self.keys[at] = key;
    }

    /// Moves `key` down from the hole at the root to its place.
    #[inline]
    fn sink(&mut self, key: u128) {
        let mut at = 0;
        loop {
            let first = 4 * at + 1;
            let children = &self.keys[first.min(self.keys.len())..self.keys.len().min(first + 4)];
            let Some((least, smallest)) = smallest(children) else {
                break;
            };
            if key <= smallest {
                break;
            }
            self.keys[at] = smallest;
            at = first + least;
        }
        self.keys[at] = key;
    }
}

/// The smallest of up to four children and its position among them.
#[inline]
fn smallest(children: &[u128]) -> Option<(usize, u128)> {
    if let [a, b, c, d] = *children {
        let left = if b < a { (1, b) } else { (0, a) };
        let right = if d < c { (3, d) } else { (2, c) };
        return Some(if right.1 < left.1 { right } else { left });
    }
    children.iter().copied().enumerate().min_by_key(|(_, key)| *key)
}

impl Pending for QuadHeap {
    #[inline]
    fn push(&mut self, key: u128) {
        let at = self.keys.len();
        self.keys.push(key);
        self.rise(at, key);
    }

    #[inline]
    fn pop(&mut self) -> Option<u128> {
        let last = self.keys.pop()?;
        let Some(&top) = self.keys.first() else {
            return Some(last);
        };
        self.sink(last);
        Some(top)
    }

    #[inline]
    fn peek(&mut self) -> Option<u128> {
        self.keys.first().copied()
    }

    #[inline]
    fn len(&self) -> usize {
        self.keys.len()
    }
}
