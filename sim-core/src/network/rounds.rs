//! Who hears whom in which round of the protocol, where messages tell their round.
//!
//! Cuts know time and end sessions; the sides of a round know neither. A message that tells its round is lost where the
//! sides of that round keep its ends apart, whenever it is sent, and the session that would have carried it goes on as if
//! it had never been sent (Bano et al., "Twins: BFT systems made robust", 2020).

use super::cut::{CutId, Cuts, Reach};
use crate::identity::Slot;
use crate::time::{Duration, Time};

/// The sides of all rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds {
    /// Sides by round, from the first on; a round may have none.
    sides: Vec<Option<Sides>>,
}

#[derive(Clone, Debug)]
struct Sides {
    cuts: Cuts,
    /// A bit for each kind of message that is lost across.
    kinds: u128,
    /// How long they last, from the first message that tells the round on, if not for ever.
    lasts: Option<Duration>,
    /// When that was sent.
    since: Option<Time>,
}

impl Rounds {
    /// From now on, messages of these kinds (all kinds if there are none) that tell this round reach only whom `reach` says.
    /// That ends so long after the first message that tells it, if it ends.
    pub(crate) fn begin(&mut self, round: u32, reach: &Reach, kinds: &[u8], lasts: Option<Duration>) {
        let index = index(round);
        if self.sides.len() <= index {
            self.sides.resize(index + 1, None);
        }
        let kinds = match kinds {
            [] => u128::MAX,
            some => some.iter().fold(0, |set, kind| set | bit(*kind)),
        };
        let mut cuts = Cuts::default();
        cuts.add(CutId(round), reach);
        self.sides[index] = Some(Sides { cuts, kinds, lasts, since: None });
    }

    /// A round has no sides any more.
    pub(crate) fn end(&mut self, round: u32) {
        if let Some(sides) = self.sides.get_mut(index(round)) {
            *sides = None;
        }
    }

    /// Whether a message of a round and kind that is sent now is lost between two slots.
    #[inline]
    pub(crate) fn part(&mut self, now: Time, (round, kind): (u32, u8), (from, to): (Slot, Slot)) -> bool {
        let Some(Some(sides)) = self.sides.get_mut(index(round)) else { return false };
        let since = *sides.since.get_or_insert(now);
        let over = sides.lasts.is_some_and(|lasts| now > since.saturating_add(lasts));
        !over && sides.kinds & bit(kind) != 0 && !sides.cuts.pass(from.index(), to.index())
    }
}

/// Rounds count from one.
const fn index(round: u32) -> usize {
    (round as usize).wrapping_sub(1)
}

/// No protocol has so many kinds of messages; one beyond is never lost.
const fn bit(kind: u8) -> u128 {
    if kind < 128 { 1 << kind } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rounds: &mut Rounds, round: u32, kind: u8, from: u32, to: u32) -> bool {
        rounds.part(Time::ZERO, (round, kind), (Slot(from), Slot(to)))
    }

    #[test]
    fn a_message_is_lost_in_its_round_and_across_sides_only() {
        let rounds = &mut Rounds::default();
        assert!(!part(rounds, 3, 0, 0, 1), "no round has sides");
        let reach = Reach::Groups(vec![0b01, 0b10, 0b10]);
        rounds.begin(3, &reach, &[], None);
        assert!(part(rounds, 3, 0, 0, 1) && part(rounds, 3, 7, 2, 0));
        assert!(!part(rounds, 3, 0, 1, 2), "they are on one side");
        assert!(!part(rounds, 3, 0, 0, 0), "everybody hears itself");
        assert!(!part(rounds, 3, 0, 0, 3), "whoever is not listed is on every side");
        assert!(!part(rounds, 2, 0, 0, 1) && !part(rounds, 4, 0, 0, 1), "other rounds");
        rounds.begin(3, &reach, &[2, 5], None);
        assert!(part(rounds, 3, 2, 0, 1) && part(rounds, 3, 5, 0, 1) && !part(rounds, 3, 4, 0, 1));
        rounds.end(3);
        rounds.end(9);
        assert!(!part(rounds, 3, 2, 0, 1));
    }

    #[test]
    fn sides_last_from_the_first_message_of_their_round() {
        let mut rounds = Rounds::default();
        rounds.begin(2, &Reach::Groups(vec![0b01, 0b10]), &[], Some(Duration::from_millis(10)));
        let mut at = |ms: u64| {
            let now = Time::ZERO.saturating_add(Duration::from_millis(ms));
            rounds.part(now, (2, 0), (Slot(0), Slot(1)))
        };
        assert_eq!([500, 505, 510, 511].map(&mut at), [true, true, true, false]);
    }
}
