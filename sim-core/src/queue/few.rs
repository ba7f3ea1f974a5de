//! A short list in order: all that a small world ever has pending.
//!
//! What is pushed is due soon, as a rule, and so belongs near the end that is popped from: its place is found, and made,
//! in a few steps. The timers of everybody, far away, are at the other end and are not touched.

/// How many entries a list takes: a push then moves half of them at worst on average, which costs what a wheel does.
pub(super) const MOST: usize = 64;

/// Entries in order, the smallest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Few {
    keys: Vec<u128>,
}

impl Few {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u128> {
        self.keys.last().copied()
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<u128> {
        self.keys.pop()
    }

    /// Puts an entry between the others.
    #[inline]
    pub(super) fn push(&mut self, key: u128) {
        self.keys.push(key);
        let mut keys = self.keys.iter_mut().rev();
        let Some(mut place) = keys.next() else { return };
        for before in keys {
            // In two halves, as they were written: what is read as a whole right afterwards has to wait.
            let [low, high] = [*before as u64, (*before >> 64) as u64];
            let entry = u128::from(high) << 64 | u128::from(low);
            if entry > key {
                break;
            }
            *place = entry;
            place = before;
        }
        *place = key;
    }

    /// The list itself, to fill it with entries in order or to empty it.
    pub(super) fn keys(&mut self) -> &mut Vec<u128> {
        &mut self.keys
    }
}
