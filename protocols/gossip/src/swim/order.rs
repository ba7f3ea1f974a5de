//! The order of probes: a permutation that is computed, not stored.
//!
//! A list of members for each member would take gigabytes among 100,000. A Feistel network under a key drawn for the
//! round permutes the numbers below a power of four; those beyond the members are walked over.

use sim_core::random::mix64;

/// Halves are short in small clusters: with four rounds, who comes second depends on who came first.
const ROUNDS: u64 = 12;

/// One round: every number below `size` once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    key: u64,
    size: u32,
    /// How many positions were taken.
    taken: u32,
    half: u32,
}

impl Round {
    /// A round over the numbers below `size`, in the order of `key`.
    pub(super) fn new(key: u64, size: u32) -> Self {
        let bits = u32::BITS - size.saturating_sub(1).leading_zeros();
        Self { key, size, taken: 0, half: bits.div_ceil(2).max(1) }
    }

    /// The number at a position below `size`.
    fn at(&self, position: u32) -> u32 {
        let mut value = u64::from(position);
        loop {
            value = self.shuffled(value);
            if value < u64::from(self.size) {
                return value as u32;
            }
        }
    }

    fn shuffled(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half) - 1;
        let (mut left, mut right) = (value >> self.half, value & mask);
        for round in 0..ROUNDS {
            let mixed = mix64(self.key ^ (round << 32) ^ right) & mask;
            (left, right) = (right, left ^ mixed);
        }
        left << self.half | right
    }
}

impl Iterator for Round {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.taken >= self.size {
            return None;
        }
        self.taken += 1;
        Some(self.at(self.taken - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_holds_everybody_once() {
        for size in [0, 1, 2, 3, 4, 5, 16, 17, 100, 1_000, 1_025] {
            let mut met: Vec<u32> = Round::new(u64::from(size) + 7, size).collect();
            met.sort_unstable();
            assert_eq!(met, (0..size).collect::<Vec<_>>());
        }
    }

    #[test]
    fn who_comes_second_does_not_depend_on_who_came_first() {
        let mut times = [[0_u32; 10]; 10];
        for key in 0..90_000 {
            let mut round = Round::new(mix64(key), 10);
            let (first, second) = (round.next().unwrap(), round.next().unwrap());
            times[first as usize][second as usize] += 1;
        }
        for (first, after) in times.iter().enumerate() {
            let others = after.iter().enumerate().filter(|(second, _)| *second != first);
            let even = others.map(|(_, times)| *times).all(|times| (850..1_150).contains(&times));
            assert!(even, "after {first}: {after:?}");
        }
    }

    #[test]
    fn rounds_differ_and_favor_nobody() {
        let first = |key| Round::new(mix64(key), 10).next().unwrap();
        let mut times = [0_u32; 10];
        (0..10_000).for_each(|key| times[first(key) as usize] += 1);
        assert!(times.iter().all(|times| (850..1_150).contains(times)), "{times:?}");
    }
}
