//! Which object an operation is about.

use super::Skew;
use crate::random::below;

/// The shares of all keys.
#[derive(Clone, Debug)]
pub(super) enum Popularity {
    Even {
        keys: u64,
    },
    /// The sum of the weights up to each key.
    Weighted {
        sums: Box<[u64]>,
    },
}

/// The weight of the first key. 2^20 keys have weights of at least 2^20 then, and their sum fits.
const FIRST: u64 = 1 << 40;

impl Popularity {
    pub(super) fn new(skew: Skew, keys: u64) -> Self {
        match skew {
            Skew::Even => Self::Even { keys },
            Skew::Zipf => {
                let sums = (1..=keys).scan(0, |sum, place| {
                    *sum += FIRST / place;
                    Some(*sum)
                });
                Self::Weighted { sums: sums.collect() }
            }
        }
    }

    /// The key that a uniformly drawn word picks.
    pub(super) fn pick(&self, word: u64) -> u64 {
        match self {
            Self::Even { keys } => below(word, *keys),
            Self::Weighted { sums } => {
                let drawn = below(word, sums.last().copied().unwrap_or(1));
                sums.partition_point(|sum| *sum <= drawn) as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Keyed, Purpose};

    fn drawn(skew: Skew, keys: u64) -> Vec<u32> {
        let popularity = Popularity::new(skew, keys);
        let keyed = Keyed::new(1, Purpose::Workload);
        let mut counts = vec![0; keys as usize];
        (0..100_000).for_each(|i| counts[popularity.pick(keyed.word(i, 0)) as usize] += 1);
        counts
    }

    #[test]
    fn keys_come_up_as_often_as_their_law_says() {
        let even = drawn(Skew::Even, 4);
        assert!(even.iter().all(|count| count.abs_diff(25_000) < 600), "{even:?}");
        // 1 + 1/2 + 1/3 + 1/4 = 25/12.
        let zipf = drawn(Skew::Zipf, 4);
        for (count, expected) in zipf.iter().zip([48_000, 24_000, 16_000, 12_000]) {
            assert!(count.abs_diff(expected) < 600, "{zipf:?}");
        }
        let many = drawn(Skew::Zipf, 1_000);
        assert!(many[0].abs_diff(13_360) < 500, "{}", many[0]);
        assert_eq!(drawn(Skew::Zipf, 1), [100_000]);
    }
}
