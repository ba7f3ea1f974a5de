//! Which operations are placed, as a bit set of which only the part that differs from "all up to here" is hashed.

use crate::digest::Digest;

/// A bit set with its ends.
pub(super) struct Placed {
    bits: Vec<u64>,
    /// All words below this one are full.
    full: usize,
    /// Words from this one on are empty.
    end: usize,
}

impl Placed {
    pub(super) fn new(operations: usize) -> Self {
        Self { bits: vec![0; operations / 64 + 1], full: 0, end: 0 }
    }

    pub(super) fn set(&mut self, operation: usize, placed: bool) {
        let word = operation / 64;
        let bit = 1 << (operation % 64);
        if placed {
            self.bits[word] |= bit;
            self.end = self.end.max(word + 1);
            while self.bits[self.full] == u64::MAX {
                self.full += 1;
            }
        } else {
            self.bits[word] &= !bit;
            self.full = self.full.min(word);
            while self.end > 0 && self.bits[self.end - 1] == 0 {
                self.end -= 1;
            }
        }
    }

    pub(super) fn fold(&self, digest: &mut Digest) {
        digest.word(self.full as u64);
        for word in &self.bits[self.full.min(self.end)..self.end] {
            digest.word(*word);
        }
    }
}
