//! A short stream of words that belongs to one decision.

use std::convert::Infallible;

use rand_core::TryRng;

use super::Keyed;

/// Words for one decision, starting at one counter; nothing is computed before the first is asked for.
///
/// The first two words are those of [`Keyed::words`] at `(a, b)`, or with [`Draw::after`] the ones that follow.
/// Later blocks keep the counter and label the key, so that they never meet the words of a neighboring counter.
#[derive(Clone, Debug)]
pub struct Draw {
    keyed: Keyed,
    a: u64,
    b: u64,
    block: u64,
    spare: Option<u64>,
}

impl Draw {
    /// The stream that begins with the words of the counter `(a, b)`.
    #[inline]
    pub const fn new(keyed: Keyed, a: u64, b: u64) -> Self {
        Self { keyed, a, b, block: 0, spare: None }
    }

    /// The stream that continues where both words of the counter `(a, b)` were already used.
    #[inline]
    pub const fn after(keyed: Keyed, a: u64, b: u64) -> Self {
        Self { keyed, a, b, block: 1, spare: None }
    }

    /// The next word.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        if let Some(word) = self.spare.take() {
            return word;
        }
        let keyed = if self.block == 0 { self.keyed } else { self.keyed.labeled(self.block) };
        let [first, second] = keyed.words(self.a, self.b);
        self.block += 1;
        self.spare = Some(second);
        first
    }
}

impl TryRng for Draw {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        rand_core::utils::fill_bytes_via_next_word(bytes, || Ok(self.next_u64()))
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::Draw;
    use crate::random::{Keyed, Purpose};

    #[test]
    fn a_draw_begins_with_its_counter_and_goes_on_apart_from_its_neighbors() {
        let keyed = Keyed::new(5, Purpose::Fate);
        let mut draw = Draw::new(keyed, 3, 4);
        let words: Vec<u64> = (0..8).map(|_| draw.next_u64()).collect();
        assert_eq!(words[..2], keyed.words(3, 4));
        let mut rest = Draw::after(keyed, 3, 4);
        assert!(words[2..].iter().all(|word| *word == rest.next_u64()));
        for neighbor in [Draw::new(keyed, 3, 5), Draw::new(keyed, 4, 4)] {
            let mut neighbor = neighbor;
            assert!((0..8).all(|_| !words.contains(&neighbor.next_u64())));
        }
    }

    #[test]
    fn the_common_trait_sees_the_same_words() {
        fn first<R: Rng>(mut rng: R) -> u64 {
            rng.next_u64()
        }
        let draw = Draw::new(Keyed::new(5, Purpose::Disk), 1, 1);
        assert_eq!(first(draw.clone()), draw.clone().next_u64());
        let mut bytes = [0; 11];
        Rng::fill_bytes(&mut draw.clone(), &mut bytes);
        assert_eq!(bytes[..8], draw.clone().next_u64().to_le_bytes());
    }
}
