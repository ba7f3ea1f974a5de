//! The dice of a swarm: words of one ChaCha stream, taken in a fixed order.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::random::below;
use crate::ratio::Ratio;
use crate::time::Duration;

/// Draws by the stream of a seed.
pub(super) struct Dice<'a> {
    rng: &'a mut ChaCha8Rng,
}

impl<'a> Dice<'a> {
    pub(super) const fn new(rng: &'a mut ChaCha8Rng) -> Self {
        Self { rng }
    }

    /// A number below `n`; 0 if `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        below(self.rng.next_u64(), n)
    }

    /// Whether something happens that happens in `times` of `of` cases.
    pub(super) fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// Any length from `least` to `most`; `least` if they are the wrong way around.
    pub(super) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let width = most.as_nanos().saturating_sub(least.as_nanos());
        least + Duration::from_nanos(self.below(width.saturating_add(1)))
    }

    /// A length from `least` (above zero) to `most` of which each doubling is equally likely: short ones are as
    /// frequent as long ones.
    pub(super) fn octaves(&mut self, least: Duration, most: Duration) -> Duration {
        let least = least.max(Duration::from_nanos(1));
        let doublings = (most.as_nanos() / least.as_nanos()).max(1).ilog2();
        let low = least * (1 << self.below(u64::from(doublings) + 1));
        let high = low.saturating_mul(2).min(most).max(low);
        self.between(low, high)
    }

    /// A number from 1 to `most` of which each doubling is equally likely.
    pub(super) fn up_to_octaves(&mut self, most: u32) -> u32 {
        self.number(1, most)
    }

    /// A number from `least` (above zero) to `most` of which each doubling is equally likely.
    pub(super) fn number(&mut self, least: u32, most: u32) -> u32 {
        let nanos = |number: u32| Duration::from_nanos(number.into());
        u32::try_from(self.octaves(nanos(least), nanos(most)).as_nanos()).unwrap_or(most)
    }

    /// A probability of 1 to `most` in a thousand, of which each doubling is equally likely.
    pub(super) fn odds(&mut self, most: u32) -> Ratio {
        Ratio::new(self.number(1, most), 1_000)
    }

    /// Puts a list into drawn order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
