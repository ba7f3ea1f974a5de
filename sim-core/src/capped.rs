//! Lists of limited length that count what did not fit.

use serde::{Deserialize, Serialize};

/// A list of limited length, and how much more there was. One that was read from a file takes nothing more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Capped<T> {
    /// What was kept: the first ones.
    pub items: Vec<T>,
    /// How many more there were.
    pub omitted: u64,
    #[serde(skip)]
    limit: usize,
}

impl<T> Default for Capped<T> {
    fn default() -> Self {
        Self::with_limit(20_000)
    }
}

impl<T> Capped<T> {
    /// An empty list that keeps at most `limit` items.
    pub fn with_limit(limit: usize) -> Self {
        Self { items: Vec::new(), omitted: 0, limit }
    }

    /// Adds items, or counts them.
    pub fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        items.into_iter().for_each(|item| self.push(item));
    }

    /// Adds an item, or counts it.
    pub fn push(&mut self, item: T) {
        if self.items.len() < self.limit {
            self.items.push(item);
        } else {
            self.omitted += 1;
        }
    }
}
