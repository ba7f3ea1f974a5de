//! The randomness of a process.

use std::convert::Infallible;
use std::ops::Range;

use rand_core::TryRng;

use super::{Keyed, below};
use crate::ratio::Ratio;
use crate::time::Duration;

/// What a process drew so far. The number of words is all that its next ones depend on; the second word of a block, which
/// is made with the first, is kept until it is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordsDrawn {
    words: u32,
    /// The word at index `words`, where that is odd; its halves, so that all this takes 12 bytes and not 16: a large world
    /// has it in no cache.
    spare: [u32; 2],
}

impl WordsDrawn {
    /// How many words were drawn.
    pub(crate) const fn words(self) -> u32 {
        self.words
    }
}

/// A process's own randomness: a function of (seed, identity, incarnation, how many words it drew before).
///
/// The world keeps what was drawn, 12 bytes a process, and lends it for a step.
///
/// Every method takes exactly one word, but for [`ProcessRng::shuffle`], the byte filler and a pick of nothing: what a
/// process draws later depends on how often it drew before, not on what.
#[derive(Debug)]
pub struct ProcessRng<'a> {
    key: Keyed,
    place: u64,
    drawn: &'a mut WordsDrawn,
}

impl<'a> ProcessRng<'a> {
    /// The randomness of one incarnation of one identity; `key` is `Keyed::new(seed, Purpose::Process)`, and `drawn`
    /// (the default at boot) is what it drew so far.
    #[inline]
    pub const fn new(key: Keyed, node: u32, incarnation: u32, drawn: &'a mut WordsDrawn) -> Self {
        Self { key, place: (node as u64) << 32 | incarnation as u64, drawn }
    }

    /// The same randomness for a part of the same step.
    pub fn reborrow(&mut self) -> ProcessRng<'_> {
        ProcessRng { key: self.key, place: self.place, drawn: self.drawn }
    }

    /// The next 64 uniformly drawn bits.
    ///
    /// # Panics
    /// If one incarnation draws 2^32 words.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let index = self.drawn.words;
        self.drawn.words = index.checked_add(1).expect("a process draws fewer than 2^32 words");
        if index % 2 == 1 {
            let [low, high] = self.drawn.spare;
            return u64::from(high) << 32 | u64::from(low);
        }
        let [first, second] = self.key.words(self.place, u64::from(index / 2));
        self.drawn.spare = [second as u32, (second >> 32) as u32];
        first
    }

    /// A number from 0 up to but excluding `n`; see [`below`] for the bias, which is under 2^-64 a value.
    ///
    /// # Panics
    /// If `n` is 0.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below zero");
        below(self.next_u64(), n)
    }

    /// A number of a half-open range.
    ///
    /// # Panics
    /// If the range is empty.
    #[inline]
    pub fn range(&mut self, range: Range<u64>) -> u64 {
        assert!(range.start < range.end, "an empty range holds no number");
        range.start + below(self.next_u64(), range.end - range.start)
    }

    /// A duration between two, both included, to the nanosecond.
    ///
    /// # Panics
    /// If `max` is shorter than `min`.
    #[inline]
    pub fn duration_between(&mut self, min: Duration, max: Duration) -> Duration {
        assert!(min <= max, "the shortest duration comes first");
        let word = self.next_u64();
        // Only the span of all 2^64 durations has no count of its own, and there the word is the answer.
        match (max.as_nanos() - min.as_nanos()).checked_add(1) {
            Some(count) => Duration::from_nanos(min.as_nanos() + below(word, count)),
            None => Duration::from_nanos(word),
        }
    }

    /// Whether something of this probability happens.
    #[inline]
    pub fn chance(&mut self, probability: Ratio) -> bool {
        probability.happens(self.next_u64())
    }

    /// Puts a slice in a uniformly drawn order (Fisher-Yates), with one word less than it has items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// One item of a slice, or nothing (and no word drawn) if it is empty.
    #[inline]
    pub fn pick<'b, T>(&mut self, items: &'b [T]) -> Option<&'b T> {
        if items.is_empty() {
            return None;
        }
        let index = self.below(items.len() as u64);
        items.get(index as usize)
    }
}

impl TryRng for ProcessRng<'_> {
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
    use super::{ProcessRng, WordsDrawn};
    use crate::random::{Keyed, Purpose};
    use crate::ratio::Ratio;
    use crate::time::Duration;

    const KEY: Keyed = Keyed::new(11, Purpose::Process);

    #[test]
    fn how_many_words_were_drawn_is_the_whole_state() {
        let mut whole = WordsDrawn::default();
        let mut rng = ProcessRng::new(KEY, 3, 0, &mut whole);
        let expected: Vec<u64> = (0..9).map(|_| rng.next_u64()).collect();
        assert_eq!(whole.words, 9);
        // The same words whichever way they are cut into steps.
        for steps in [[1, 1, 1, 1, 1, 1, 1, 1, 1], [2, 1, 3, 0, 0, 3, 0, 0, 0], [0, 5, 4, 0, 0, 0, 0, 0, 0]] {
            let mut drawn = WordsDrawn::default();
            let mut words = Vec::new();
            for step in steps {
                let mut rng = ProcessRng::new(KEY, 3, 0, &mut drawn);
                words.extend((0..step).map(|_| rng.next_u64()));
            }
            assert_eq!(words, expected);
        }
    }

    #[test]
    fn nodes_and_incarnations_have_dice_of_their_own() {
        let first = |node, incarnation| {
            ProcessRng::new(KEY, node, incarnation, &mut WordsDrawn::default()).next_u64()
        };
        let words = [first(0, 0), first(0, 1), first(1, 0), first(1, 1), first(u32::MAX, 0)];
        for (i, word) in words.iter().enumerate() {
            assert!(!words[..i].contains(word));
        }
    }

    #[test]
    fn draws_stay_inside_and_reach_both_ends() {
        let mut drawn = WordsDrawn::default();
        let mut rng = ProcessRng::new(KEY, 0, 0, &mut drawn);
        let (min, max) = (Duration::from_nanos(5), Duration::from_nanos(8));
        let mut durations = [0; 9];
        let mut numbers = [0; 9];
        for _ in 0..400 {
            durations[rng.duration_between(min, max).as_nanos() as usize] += 1;
            numbers[rng.range(5..8) as usize] += 1;
        }
        assert!(
            durations[..5].iter().all(|n| *n == 0) && durations[5..].iter().all(|n| *n > 60),
            "{durations:?}"
        );
        assert!(numbers[5..8].iter().all(|n| *n > 90) && numbers[8] == 0, "{numbers:?}");
        assert_eq!(rng.duration_between(max, max), max);
        let _whole_span = rng.duration_between(Duration::ZERO, Duration::MAX);
        assert_eq!(rng.drawn.words, 802);
    }

    #[test]
    fn chances_follow_their_ratio() {
        let mut drawn = WordsDrawn::default();
        let mut rng = ProcessRng::new(KEY, 0, 7, &mut drawn);
        let happened = (0..30_000).filter(|_| rng.chance(Ratio::new(1, 3))).count();
        assert!((9_700..10_300).contains(&happened), "{happened}");
        assert!((0..100).all(|_| !rng.chance(Ratio::ZERO) && rng.chance(Ratio::ONE)));
    }

    #[test]
    fn every_order_and_every_item_comes_up() {
        let mut drawn = WordsDrawn::default();
        let mut rng = ProcessRng::new(KEY, 2, 0, &mut drawn);
        let mut orders = crate::ordered::OrderedMap::new();
        for _ in 0..6_000 {
            let mut items = [1, 2, 3];
            rng.shuffle(&mut items);
            *orders.entry(items).or_insert(0) += 1;
        }
        assert_eq!(orders.len(), 6);
        assert!(orders.values().all(|count| (880..1_120).contains(count)), "{orders:?}");
        assert_eq!(rng.pick::<u8>(&[]), None);
        assert!((0..99).any(|_| rng.pick(&[1, 2, 3]) == Some(&3)));
        assert!((0..99).any(|_| rng.pick(&[1, 2, 3]) == Some(&1)));
    }
}
