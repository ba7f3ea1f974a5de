//! The 128-bit digest that proves two runs equal, and the 64-bit content hash of facts.
//!
//! Two 64-bit lanes are mixed by multiplication. It is fast and the same on every machine; it is no defense against
//! someone who constructs collisions, and need not be: a run's own protocol does not see it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const K0: u64 = 0x9E37_79B9_7F4A_7C15;
const K1: u64 = 0xD1B5_4A32_D192_ED03;
const K2: u64 = 0x8CB9_2BA7_2F3D_8DD7;

/// An accumulating hash of 64-bit words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    a: u64,
    b: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// The hash of nothing.
    pub const fn new() -> Self {
        Self { a: K0, b: K1 }
    }

    /// Folds in one word. The order of words matters.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        let product = (self.a ^ word) as u128 * K2 as u128;
        self.a = (product as u64) ^ ((product >> 64) as u64);
        // For a given `a` and word this is a bijection of `b`: what was folded in earlier is never forgotten.
        self.b = (self.b ^ word.rotate_left(32)).wrapping_mul(K0).rotate_left(29).wrapping_add(self.a);
    }

    /// Folds in two words at the price of one, each into a lane of its own. For long sequences of pairs, as a run is:
    /// lane `b` also takes in lane `a`, and for a given `a` it is a bijection of itself and of the second word.
    #[inline]
    pub const fn pair(&mut self, first: u64, second: u64) {
        let product = (self.a ^ first) as u128 * K2 as u128;
        self.a = (product as u64) ^ ((product >> 64) as u64);
        self.b = (self.b ^ second).wrapping_mul(K0).rotate_left(29).wrapping_add(self.a);
    }

    /// Folds in a text or bytes, with their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word));
        }
    }

    /// The hash so far, as the 64-bit content hash used for messages and log entries.
    #[inline]
    pub const fn short(&self) -> u64 {
        let product = (self.a ^ K1) as u128 * (self.b ^ K2) as u128;
        (product as u64) ^ ((product >> 64) as u64) ^ self.b
    }

    /// The hash so far, whole.
    pub const fn whole(&self) -> RunDigest {
        let mut last = *self;
        last.word(K1);
        RunDigest(((last.short() as u128) << 64) | (last.a ^ last.b.rotate_left(17)) as u128)
    }
}

/// The hash of one sequence of words, for callers that need nothing incremental.
#[inline]
pub fn hash_words(words: &[u64]) -> u64 {
    let mut digest = Digest::new();
    for word in words {
        digest.word(*word);
    }
    digest.short()
}

/// The digest of a whole run; written as 32 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunDigest(pub u128);

impl fmt::Display for RunDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RunDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RunDigest {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

crate::serde_as_text!(RunDigest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_length_and_content_matter() {
        let of = |words: &[u64]| {
            let mut digest = Digest::new();
            words.iter().for_each(|word| digest.word(*word));
            digest.whole()
        };
        let all = [of(&[]), of(&[0]), of(&[0, 0]), of(&[1, 2]), of(&[2, 1]), of(&[K0]), of(&[K0, 7])];
        for (i, left) in all.iter().enumerate() {
            for right in &all[i + 1..] {
                assert_ne!(left, right);
            }
        }
        assert_eq!(of(&[1, 2]).to_string().parse(), Ok(of(&[1, 2])));
    }

    #[test]
    fn the_value_is_fixed_on_every_machine() {
        assert_eq!(hash_words(&[1, 2, 3]), hash_words(&[1, 2, 3]));
        let mut digest = Digest::new();
        digest.bytes(b"seedstorm");
        assert_eq!(digest.whole().to_string().len(), 32);
    }

    #[test]
    fn order_and_place_in_a_pair_matter() {
        let of = |pairs: &[(u64, u64)]| {
            let mut digest = Digest::new();
            pairs.iter().for_each(|(first, second)| digest.pair(*first, *second));
            digest.whole()
        };
        let all = [
            of(&[(1, 2)]),
            of(&[(2, 1)]),
            of(&[(1, 2), (0, 0)]),
            of(&[(1, 2), (3, 4)]),
            of(&[(3, 4), (1, 2)]),
            of(&[(1, 4), (3, 2)]),
            of(&[(K0, 2)]),
            of(&[(K0, 3)]),
        ];
        for (i, left) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(left));
        }
    }

    #[test]
    fn a_zero_product_forgets_nothing() {
        // The word that zeroes lane `a` must not merge two histories.
        let mut left = Digest::new();
        let mut right = Digest::new();
        left.word(1);
        right.word(2);
        let (left_word, right_word) = (left.a, right.a);
        left.word(left_word);
        right.word(right_word);
        assert_ne!(left.whole(), right.whole());
    }
}
