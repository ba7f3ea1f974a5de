//! What becomes of one message: a function of its ends, its time and its ordinal, and of nothing else.
//!
//! One Philox call gives 128 bits. The upper half of the first word decides loss, its lower half duplication, and the
//! second word is the latency; a hash of both decides damage. What is rarer (spikes, copies, retransmissions) has keys of
//! its own, which are computed only where such a thing can happen.

use crate::random::{Draw, Keyed, Purpose, mix64};
use crate::ratio::Ratio;
use crate::time::Duration;

use super::Packet;

/// The golden ratio in 64 bits: multiples of it stay far apart, also in their upper bits.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// Labels under the key of fates. Those below 2^32 belong to [`Draw`].
const COPY: u64 = 1 << 40;
const SPIKE: u64 = 1 << 41;
/// A stream gives up counting losses here: 1,023 times the retransmission delay.
pub(super) const MOST_LOSSES: u32 = 10;

/// The name of a message for the dice: its ends, and its time with its ordinal.
///
/// Multiples of the golden ratio keep apart: with ordinals below 2^13, two messages share a name only if they are 2^50
/// ns (13 days) apart or more; with ordinals below 2^20, 2^43 ns (two hours), and then only by an exact coincidence to
/// the nanosecond, which costs no more than that the two meet the same fate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) ends: u64,
    pub(super) moment: u64,
}

impl Name {
    #[inline]
    pub(super) const fn new(from: u32, to: u32, nanos: u64, ordinal: u32) -> Self {
        let ends = (from as u64) << 32 | to as u64;
        Self { ends, moment: nanos.wrapping_add((ordinal as u64).wrapping_mul(GOLDEN)) }
    }

    #[inline]
    pub(super) const fn of(packet: &Packet) -> Self {
        Self::new(packet.from.0, packet.to.0, packet.now.as_nanos(), packet.ordinal)
    }
}

/// A probability as the number of 32-bit draws, of 2^32, at which it happens. Exact zero and one; a probability of
/// one in 2^32 - 1, the least that can be written, is above zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chance(u64);

impl Chance {
    const ONE: u64 = 1 << 32;

    pub(super) const fn new(ratio: Ratio) -> Self {
        Self(ratio.of(Self::ONE))
    }

    /// Whether it happens, by the upper half of a word.
    #[inline]
    pub(super) const fn upper(self, word: u64) -> bool {
        word >> 32 < self.0
    }

    /// Whether it happens, by the lower half of a word.
    #[inline]
    pub(super) const fn lower(self, word: u64) -> bool {
        word & (Self::ONE - 1) < self.0
    }

    /// That either happens, for causes that know nothing of each other: 1 - (1 - a)(1 - b), rounded down. What happened
    /// under either happens under both.
    pub(super) fn or(self, other: Self) -> Self {
        let both = u128::from(self.0) * u128::from(other.0);
        Self(self.0 + other.0 - both.div_ceil(u128::from(Self::ONE)) as u64)
    }
}

/// The probabilities that hold for one message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chances {
    pub(super) loss: Chance,
    pub(super) duplicate: Chance,
    pub(super) corrupt: Chance,
}

impl Chances {
    pub(super) const fn new(loss: Ratio, duplicate: Ratio, corrupt: Ratio) -> Self {
        Self { loss: Chance::new(loss), duplicate: Chance::new(duplicate), corrupt: Chance::new(corrupt) }
    }

    /// That a segment of a stream is sent again: a damaged one fails its checksum, and is as good as lost.
    pub(super) fn retransmission(self) -> Chance {
        self.loss.or(self.corrupt)
    }

    /// Each by either cause.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            loss: self.loss.or(other.loss),
            duplicate: self.duplicate.or(other.duplicate),
            corrupt: self.corrupt.or(other.corrupt),
        }
    }
}

/// The dice of a network: a key for each thing that is decided.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    pub(super) fate: Keyed,
    copy: Keyed,
    retransmit: Keyed,
    link: Keyed,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        let fate = Keyed::new(seed, Purpose::Fate);
        Self {
            fate,
            copy: fate.labeled(COPY),
            retransmit: Keyed::new(seed, Purpose::Retransmit),
            link: Keyed::new(seed, Purpose::Link),
        }
    }

    /// The words of the message, and where to go on if the latency needs more.
    #[inline]
    pub(super) fn fate(&self, name: Name) -> ([u64; 2], Draw) {
        (self.fate.words(name.ends, name.moment), Draw::after(self.fate, name.ends, name.moment))
    }

    /// The latency word of a second copy.
    pub(super) fn copy(&self, name: Name) -> (u64, Draw) {
        (self.copy.word(name.ends, name.moment), Draw::after(self.copy, name.ends, name.moment))
    }

    /// The words of a spike in the window `id`: whether, and how long. Other windows do not change them.
    pub(super) fn spike(&self, name: Name, id: u32) -> ([u64; 2], Draw) {
        let key = self.fate.labeled(SPIKE | u64::from(id));
        (key.words(name.ends, name.moment), Draw::after(key, name.ends, name.moment))
    }

    /// How often a segment that was lost once is lost in all.
    pub(super) fn losses(&self, name: Name, chance: Chance) -> u32 {
        let mut draw = Draw::new(self.retransmit, name.ends, name.moment);
        let mut losses = 1;
        while losses < MOST_LOSSES && chance.upper(draw.next_u64()) {
            losses += 1;
        }
        losses
    }

    /// The words of the session between two slots when it ends or begins.
    pub(super) fn link(&self, name: Name) -> ([u64; 2], Draw) {
        (self.link.words(name.ends, name.moment), Draw::after(self.link, name.ends, name.moment))
    }
}

/// Whether the message of these words is damaged under way. Loss, duplication and latency hang on the upper bits of what
/// the words and their halves are; of the hash of both they say nothing.
#[inline]
pub(super) const fn damage([chance, word]: [u64; 2], corrupt: Chance) -> bool {
    corrupt.upper(mix64(chance ^ word.rotate_left(32)))
}

/// How long a stream waits for a segment that was lost so often: the delay doubles with each loss.
pub(super) fn backoff(retransmit_after: Duration, losses: u32) -> Duration {
    retransmit_after.saturating_mul((1 << losses.min(MOST_LOSSES)) - 1)
}

#[cfg(test)]
mod tests {
    use super::{Chance, Dice, Name, backoff, damage};
    use crate::ratio::Ratio;
    use crate::time::Duration;

    #[test]
    fn chances_are_exact_at_both_ends() {
        assert_eq!(Chance::new(Ratio::ZERO), Chance::default());
        assert_ne!(Chance::new(Ratio::new(1, u32::MAX)), Chance::default());
        let one = Chance::new(Ratio::ONE);
        assert!(one.upper(u64::MAX) && one.lower(u64::MAX));
        let half = Chance::new(Ratio::new(1, 2));
        assert!(half.upper(u64::from(u32::MAX)) && !half.lower(u64::from(u32::MAX)));
        assert_eq!(one.or(half), one);
        assert_eq!(Chance::default().or(half), half);
    }

    #[test]
    fn independent_causes_multiply() {
        let chance = |numerator, denominator| Chance::new(Ratio::new(numerator, denominator));
        assert_eq!(chance(1, 2).or(chance(1, 2)), chance(3, 4));
        assert_eq!(chance(1, 4).or(chance(1, 2)).or(chance(1, 8)), chance(43, 64));
        let least = chance(1, u32::MAX);
        for other in [chance(1, 3), chance(999, 1_000), chance(1, 1), least, Chance::default()] {
            // As often as the more likely one at least, and never more often than both.
            let either = least.or(other);
            assert!(either.0 >= least.0.max(other.0) && either.0 <= least.0 + other.0, "{other:?}");
            assert_eq!(either, other.or(least));
        }
    }

    #[test]
    fn names_of_a_burst_and_of_its_neighbors_differ() {
        let mut moments = crate::ordered::OrderedSet::new();
        for nanos in (0..200).map(|step| step * 5_000_000_007) {
            for ordinal in 0..50 {
                assert!(moments.insert(Name::new(1, 2, nanos, ordinal).moment));
            }
        }
        assert_ne!(Name::new(1, 2, 0, 0).ends, Name::new(2, 1, 0, 0).ends);
    }

    #[test]
    fn losses_of_a_segment_are_geometric_and_bounded() {
        let dice = Dice::new(4);
        let chance = Chance::new(Ratio::new(1, 2));
        let mut counts = [0_u32; 12];
        for nanos in 0..16_000 {
            counts[dice.losses(Name::new(0, 1, nanos, 0), chance) as usize] += 1;
        }
        assert!((7_700..8_300).contains(&counts[1]) && (3_800..4_200).contains(&counts[2]), "{counts:?}");
        assert_eq!(counts[0] + counts[11], 0);
        assert_eq!(dice.losses(Name::new(0, 1, 0, 0), Chance::new(Ratio::ONE)), 10);
    }

    /// Of 2^16 messages, so many as chance wants are damaged, and no fewer or more of those that are lost, copied or slow.
    #[test]
    fn damage_depends_on_nothing_else_that_is_drawn() {
        let (dice, half, tenth) =
            (Dice::new(4), Chance::new(Ratio::new(1, 2)), Chance::new(Ratio::new(1, 10)));
        let mut counts = [0_u32; 7];
        for nanos in 0..1 << 16 {
            let (words, _) = dice.fate(Name::new(0, 1, nanos, 0));
            let [chance, word] = words;
            let (lost, copied, slow) = (half.upper(chance), half.lower(chance), half.upper(word));
            let seen = [true, lost, !lost, copied, !copied, slow, !slow];
            let damaged = damage(words, tenth);
            seen.iter().zip(&mut counts).for_each(|(seen, count)| *count += u32::from(*seen && damaged));
        }
        assert!((6_250..6_860).contains(&counts[0]), "{counts:?}");
        assert!(counts[1..].iter().all(|count| (3_060..3_500).contains(count)), "{counts:?}");
        assert!(!damage([0, 0], Chance::default()) && damage([u64::MAX, 7], Chance::new(Ratio::ONE)));
    }

    #[test]
    fn backoff_doubles() {
        let after = Duration::from_millis(200);
        assert_eq!(backoff(after, 0), Duration::ZERO);
        assert_eq!(backoff(after, 1), after);
        assert_eq!(backoff(after, 3), after * 7);
        assert_eq!(backoff(after, 99), after * 1_023);
    }
}
