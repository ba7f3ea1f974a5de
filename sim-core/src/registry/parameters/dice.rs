//! What a swarm draws parameters and states with.

use std::ops::RangeInclusive;

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::random::below;
use crate::time::Duration;

/// Draws parameters, one after the other, from the stream of a run's configuration.
pub struct Dice<'a> {
    rng: &'a mut ChaCha8Rng,
}

impl<'a> Dice<'a> {
    /// Dice that throw what a stream says.
    pub fn new(rng: &'a mut ChaCha8Rng) -> Self {
        Self { rng }
    }

    /// A number below `n`, which must not be 0.
    pub fn below(&mut self, n: u64) -> u64 {
        below(self.rng.next_u64(), n)
    }

    /// A number of a range.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (least, most) = range.into_inner();
        least + below(self.rng.next_u64(), most - least + 1)
    }

    /// A multiple of a length of time: as many times as a number of the range.
    pub fn times(&mut self, length: Duration, range: RangeInclusive<u64>) -> Duration {
        length.saturating_mul(self.within(range))
    }

    /// As many eighths of a length of time as a number of the range.
    pub fn eighths(&mut self, length: Duration, range: RangeInclusive<u64>) -> Duration {
        self.times(length, range) / 8
    }

    /// One of several values, which must not be none.
    pub fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[below(self.rng.next_u64(), values.len() as u64) as usize].clone()
    }
}
