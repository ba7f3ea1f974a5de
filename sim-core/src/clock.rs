//! Slot clocks: offset, drift, steps and freezes, in exact integer arithmetic.
//!
//! While no clock of a run was ever wrong, there is no table and reading a clock is one branch.

use serde::{Deserialize, Serialize};

use crate::identity::Slot;
use crate::time::{Duration, Time};

const BILLION: i128 = 1_000_000_000;

/// A clock that was right at some moment and has run at some rate since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    anchor_true: Time,
    anchor_local: Time,
    /// Gained nanoseconds per second.
    parts_per_billion: i32,
    /// What it gains when no fault is in force.
    own_rate: i32,
    frozen: bool,
    /// Time does not move it: it is put forward.
    stands: bool,
    /// How much the latest jump back that is to be taken back took: less than it wanted where it met the clock's zero.
    taken: Duration,
}

impl Clock {
    const PERFECT: Self = Self {
        anchor_true: Time::ZERO,
        anchor_local: Time::ZERO,
        parts_per_billion: 0,
        own_rate: 0,
        frozen: false,
        stands: false,
        taken: Duration::ZERO,
    };

    fn rate(&self) -> i128 {
        BILLION + i128::from(self.parts_per_billion)
    }

    #[inline]
    fn read(&self, now: Time) -> Time {
        if self.frozen || self.stands {
            return self.anchor_local;
        }
        let elapsed = now.since(self.anchor_true);
        if self.parts_per_billion == 0 {
            return self.anchor_local.saturating_add(elapsed);
        }
        self.read_drifting(elapsed)
    }

    /// What it gained or lost meanwhile, rounded down, mostly fits in 64 bits: a wide division is slow.
    fn read_drifting(&self, elapsed: Duration) -> Time {
        self.read_near(elapsed).unwrap_or_else(|| self.read_far(elapsed))
    }

    fn read_near(&self, elapsed: Duration) -> Option<Time> {
        let elapsed = i64::try_from(elapsed.as_nanos()).ok()?;
        let gained = elapsed.checked_mul(i64::from(self.parts_per_billion))?.div_euclid(1_000_000_000);
        let shown = i64::try_from(self.anchor_local.as_nanos()).ok()?.checked_add(elapsed)?;
        Some(Time::from_nanos(shown.checked_add(gained)?.max(0).cast_unsigned()))
    }

    /// What it shows after so long, however long that is.
    #[cold]
    fn read_far(&self, elapsed: Duration) -> Time {
        let elapsed = i128::from(elapsed.as_nanos());
        let local = i128::from(self.anchor_local.as_nanos()) + elapsed * self.rate() / BILLION;
        Time::from_nanos(u64::try_from(local.max(0)).unwrap_or(u64::MAX))
    }

    /// The first true moment at which the clock shows at least `local`; never, if it is frozen before that.
    fn reaches(&self, local: Time) -> Time {
        let ahead = i128::from(local.as_nanos()) - i128::from(self.anchor_local.as_nanos());
        if ahead <= 0 {
            return self.anchor_true;
        }
        if self.frozen {
            return Time::MAX;
        }
        let elapsed = match self.parts_per_billion {
            0 => ahead,
            _ => (ahead * BILLION + self.rate() - 1) / self.rate(),
        };
        let reached = i128::from(self.anchor_true.as_nanos()) + elapsed;
        u64::try_from(reached).map_or(Time::MAX, Time::from_nanos)
    }

    fn change(&mut self, now: Time, change: ClockChange) {
        let shown = self.read(now);
        self.anchor_true = now;
        self.anchor_local = shown;
        match change {
            ClockChange::Drift { parts_per_billion } => {
                self.parts_per_billion = parts_per_billion.clamp(-900_000_000, 900_000_000);
                self.frozen = false;
            }
            ClockChange::Forward(by) => self.anchor_local = shown.saturating_add(by),
            ClockChange::Back(by) => self.anchor_local = Time::ZERO + shown.since(Time::ZERO + by),
            ClockChange::BackAWhile(by) => {
                self.anchor_local = Time::ZERO + shown.since(Time::ZERO + by);
                self.taken = shown.since(self.anchor_local);
            }
            ClockChange::TakeBack(by) => self.anchor_local = shown.saturating_add(by.min(self.taken)),
            ClockChange::Freeze => self.frozen = true,
            ClockChange::OwnRate => {
                self.parts_per_billion = self.own_rate;
                self.frozen = false;
            }
        }
    }
}

/// The clocks of all slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    /// Empty while every clock is perfect.
    wrong: Vec<Clock>,
}

impl Clocks {
    /// What the slot's clock shows at a true moment.
    #[inline]
    pub(crate) fn read(&self, slot: Slot, now: Time) -> Time {
        match self.wrong.get(slot.index()) {
            None => now,
            Some(clock) => clock.read(now),
        }
    }

    /// The true moment at which the slot's clock will show `local`, not before `now`; `Time::MAX` for never.
    #[inline]
    pub(crate) fn reaches(&self, slot: Slot, local: Time, now: Time) -> Time {
        match self.wrong.get(slot.index()) {
            None => local.max(now),
            Some(clock) => clock.reaches(local).max(now),
        }
    }

    /// Changes a clock; its timers must be converted again afterwards.
    pub(crate) fn change(&mut self, slot: Slot, now: Time, change: ClockChange) {
        if self.wrong.len() <= slot.index() {
            self.wrong.resize(slot.index() + 1, Clock::PERFECT);
        }
        self.wrong[slot.index()].change(now, change);
    }

    /// What a slot's clock gains now is its own: it comes back to that when a fault ends.
    pub(crate) fn keep_rate(&mut self, slot: Slot) {
        if let Some(clock) = self.wrong.get_mut(slot.index()) {
            clock.own_rate = clock.parts_per_billion;
        }
    }

    /// The clocks of so many slots stand from the start, for a scheduler under which time has no length; they still reach
    /// whatever they are put forward to.
    pub(crate) fn stand(&mut self, slots: usize) {
        let standing = Clock { stands: true, ..Clock::PERFECT };
        self.wrong.resize(slots.max(self.wrong.len()), standing);
    }

    /// Puts a slot's clock forward to show `local`, as an abstract timeout does.
    pub(crate) fn advance_to(&mut self, slot: Slot, now: Time, local: Time) {
        let ahead = local.since(self.read(slot, now));
        if ahead > Duration::ZERO {
            self.change(slot, now, ClockChange::Forward(ahead));
        }
    }
}

/// What may be done to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockChange {
    /// From now on the clock gains this many nanoseconds per second (loses, if negative).
    Drift {
        /// Parts per billion: 200 ppm are 200,000.
        parts_per_billion: i32,
    },
    /// The clock jumps forward.
    Forward(Duration),
    /// The clock jumps back, not beyond its own zero.
    Back(Duration),
    /// The clock jumps back, not beyond its own zero, until this is taken back.
    BackAWhile(Duration),
    /// The latest [`ClockChange::BackAWhile`], of this much, is taken back, as far as it went.
    TakeBack(Duration),
    /// The clock stands still.
    Freeze,
    /// The clock runs at its own rate again, from where it is: the rate that it had at the start of the run.
    OwnRate,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot = Slot(2);

    fn at(millis: u64) -> Time {
        Time::ZERO + Duration::from_millis(millis)
    }

    #[test]
    fn a_perfect_clock_shows_true_time() {
        let clocks = Clocks::default();
        assert_eq!(clocks.read(SLOT, at(5)), at(5));
        assert_eq!(clocks.reaches(SLOT, at(9), at(5)), at(9));
    }

    #[test]
    fn drift_steps_and_freezes_add_up() {
        let mut clocks = Clocks::default();
        clocks.change(SLOT, at(1_000), ClockChange::Drift { parts_per_billion: 100_000_000 });
        assert_eq!(clocks.read(SLOT, at(2_000)), at(2_100));
        clocks.change(SLOT, at(2_000), ClockChange::Back(Duration::from_millis(600)));
        assert_eq!(clocks.read(SLOT, at(2_000)), at(1_500));
        clocks.change(SLOT, at(2_000), ClockChange::Freeze);
        assert_eq!(clocks.read(SLOT, at(9_000)), at(1_500));
        assert_eq!(clocks.reaches(SLOT, at(1_501), at(3_000)), Time::MAX);
        clocks.change(SLOT, at(9_000), ClockChange::OwnRate);
        assert_eq!(clocks.read(SLOT, at(9_500)), at(2_000));
        assert_eq!(clocks.read(Slot(0), at(9_600)), at(9_600));
    }

    #[test]
    fn a_clock_that_was_wrong_from_the_start_is_as_wrong_when_a_fault_is_over() {
        let hour = Duration::from_secs(3_600);
        for (begin, end, shown) in [
            (
                ClockChange::Forward(Duration::from_millis(1)),
                ClockChange::Back(Duration::from_millis(1)),
                1_100,
            ),
            (
                ClockChange::BackAWhile(Duration::from_millis(7)),
                ClockChange::TakeBack(Duration::from_millis(7)),
                1_100,
            ),
            (ClockChange::Drift { parts_per_billion: -50_000_000 }, ClockChange::OwnRate, 1_025),
            (ClockChange::Freeze, ClockChange::OwnRate, 550),
        ] {
            let mut clocks = Clocks::default();
            clocks.change(SLOT, at(0), ClockChange::Forward(hour));
            clocks.change(SLOT, at(0), ClockChange::Drift { parts_per_billion: 100_000_000 });
            clocks.keep_rate(SLOT);
            clocks.change(SLOT, at(500), begin);
            clocks.change(SLOT, at(1_000), end);
            assert_eq!(clocks.read(SLOT, at(1_000)), at(shown) + hour, "{begin:?}");
            assert_eq!(clocks.read(SLOT, at(2_000)), at(shown + 1_100) + hour, "{begin:?}");
        }
    }

    #[test]
    fn a_jump_back_that_met_the_zero_of_a_clock_is_taken_back_as_far_as_it_went() {
        let (mut clocks, by) = (Clocks::default(), Duration::from_secs(3));
        clocks.change(SLOT, at(1_000), ClockChange::BackAWhile(by));
        assert_eq!(clocks.read(SLOT, at(1_500)), at(500));
        clocks.change(SLOT, at(2_000), ClockChange::TakeBack(by));
        assert_eq!(clocks.read(SLOT, at(2_000)), at(2_000));
    }

    #[test]
    fn a_jump_back_for_good_in_between_is_not_what_is_taken_back() {
        let (mut clocks, secs) = (Clocks::default(), Duration::from_secs);
        clocks.change(SLOT, at(60_000), ClockChange::BackAWhile(secs(20)));
        clocks.change(SLOT, at(61_000), ClockChange::Back(secs(1)));
        assert_eq!(clocks.read(SLOT, at(62_000)), at(41_000));
        clocks.change(SLOT, at(62_000), ClockChange::TakeBack(secs(20)));
        assert_eq!(clocks.read(SLOT, at(62_000)), at(61_000));
    }

    #[test]
    fn reading_by_narrow_numbers_is_reading_by_wide_ones() {
        for parts_per_billion in [-900_000_000, -7, 0, 13, 250_000_000, 900_000_000] {
            for anchor_local in [0, 5, 1 << 40, u64::MAX / 2, u64::MAX - 9] {
                let clock = Clock {
                    anchor_true: at(3),
                    anchor_local: Time::from_nanos(anchor_local),
                    parts_per_billion,
                    ..Clock::PERFECT
                };
                for elapsed in
                    [0, 1, 999_999_999, 1_000_000_001, 1 << 36, 1 << 50, u64::MAX / 4, u64::MAX / 2]
                {
                    let elapsed = Duration::from_nanos(elapsed);
                    assert_eq!(
                        clock.read(at(3).saturating_add(elapsed)),
                        clock.read_far(elapsed),
                        "{clock:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn reaching_is_the_first_moment_not_before() {
        for parts_per_billion in [-300_000_000, -7, 0, 13, 250_000_000] {
            let mut clocks = Clocks::default();
            clocks.change(SLOT, at(10), ClockChange::Drift { parts_per_billion });
            for local in [at(11), at(500), Time::from_nanos(123_456_789)] {
                let reached = clocks.reaches(SLOT, local, at(10));
                assert!(clocks.read(SLOT, reached) >= local);
                assert!(clocks.read(SLOT, reached - Duration::from_nanos(1)) < local);
            }
        }
    }
}
