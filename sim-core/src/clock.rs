//! Slot clocks: offset, drift, steps and freezes, in exact integer arithmetic.
//!
//! A slot has one oscillator and two clocks on it, as computers do: the monotonic clock, by which timers run, and the
//! wall clock, which a person or a time server may set. Drift and freezes are the oscillator's and are felt by both; an
//! offset or a step moves the wall clock alone. On a platform whose timers are tied to the wall clock
//! ([`TimerClock::Wall`]), a step fires timers early or holds them up.
//!
//! While no clock of a run was ever wrong, there is no table and reading a clock is one branch.

use serde::{Deserialize, Serialize};

use crate::identity::Slot;
use crate::time::{Duration, Time};

const BILLION: i128 = 1_000_000_000;

/// By which of a slot's clocks its timers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerClock {
    /// By the monotonic one, which drifts and freezes but never steps, as on usual platforms.
    #[default]
    Monotonic,
    /// By the wall clock: a step forward fires timers early, a step back holds them up.
    Wall,
}

/// A monotonic clock that was right at some moment and has run at some rate since, and how far ahead the wall clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    anchor_true: Time,
    anchor_local: Time,
    /// Nanoseconds that the wall clock shows more.
    ahead: i64,
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
        ahead: 0,
        parts_per_billion: 0,
        own_rate: 0,
        frozen: false,
        stands: false,
        taken: Duration::ZERO,
    };

    fn rate(&self) -> i128 {
        BILLION + i128::from(self.parts_per_billion)
    }

    /// What the wall clock shows.
    #[inline]
    fn wall(&self, now: Time) -> Time {
        self.wall_beside(self.read(now))
    }

    /// What the wall clock shows while the monotonic one shows `monotonic`.
    #[inline]
    fn wall_beside(&self, monotonic: Time) -> Time {
        Time::from_nanos(monotonic.as_nanos().saturating_add_signed(self.ahead))
    }

    /// Sets the wall clock.
    fn set_wall(&mut self, now: Time, shown: Time) {
        let ahead = i128::from(shown.as_nanos()) - i128::from(self.read(now).as_nanos());
        self.ahead = i64::try_from(ahead).unwrap_or(if ahead > 0 { i64::MAX } else { i64::MIN });
    }

    /// What the monotonic clock shows.
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
        let ahead = local.since(self.anchor_local).as_nanos();
        if ahead == 0 {
            return self.anchor_true;
        }
        if self.frozen {
            return Time::MAX;
        }
        let elapsed = if self.parts_per_billion == 0 { Some(ahead) } else { self.needs(ahead) };
        let reached = elapsed.and_then(|elapsed| self.anchor_true.as_nanos().checked_add(elapsed));
        reached.map_or(Time::MAX, Time::from_nanos)
    }

    /// How long a drifting clock needs for so many nanoseconds of its own, rounded up. What lies seconds ahead fits in 64 bits:
    /// a wide division is slow.
    #[inline]
    fn needs(&self, ahead: u64) -> Option<u64> {
        let rate = self.rate();
        match ahead.checked_mul(BILLION as u64) {
            Some(scaled) => Some(scaled.div_ceil(rate as u64)),
            None => u64::try_from((i128::from(ahead) * BILLION + rate - 1) / rate).ok(),
        }
    }

    fn change(&mut self, now: Time, change: ClockChange) {
        let shown = self.wall(now);
        match change {
            ClockChange::Drift { parts_per_billion } => {
                self.anchor(now);
                self.parts_per_billion = parts_per_billion.clamp(-900_000_000, 900_000_000);
                self.frozen = false;
            }
            ClockChange::Freeze => {
                self.anchor(now);
                self.frozen = true;
            }
            ClockChange::OwnRate => {
                self.anchor(now);
                self.parts_per_billion = self.own_rate;
                self.frozen = false;
            }
            ClockChange::Forward(by) => self.set_wall(now, shown.saturating_add(by)),
            ClockChange::Back(by) => self.set_wall(now, Time::ZERO + shown.since(Time::ZERO + by)),
            ClockChange::BackAWhile(by) => {
                self.set_wall(now, Time::ZERO + shown.since(Time::ZERO + by));
                self.taken = shown.since(self.wall(now));
            }
            ClockChange::TakeBack(by) => self.set_wall(now, shown.saturating_add(by.min(self.taken))),
        }
    }

    /// From now on the rate may be another one.
    fn anchor(&mut self, now: Time) {
        (self.anchor_local, self.anchor_true) = (self.read(now), now);
    }

    /// Time passed for both clocks that the world did not count.
    fn pass(&mut self, now: Time, by: Duration) {
        self.anchor(now);
        self.anchor_local = self.anchor_local.saturating_add(by);
    }
}

/// The clocks of all slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    /// Empty while every clock is perfect.
    wrong: Vec<Clock>,
    /// By which clock timers run.
    timers: TimerClock,
}

impl Clocks {
    /// The clocks of a platform, all perfect.
    pub(crate) fn new(timers: TimerClock) -> Self {
        Self { wrong: Vec::new(), timers }
    }

    /// What the slot's monotonic clock shows at a true moment.
    #[inline]
    pub(crate) fn monotonic(&self, slot: Slot, now: Time) -> Time {
        match self.wrong.get(slot.index()) {
            None => now,
            Some(clock) => clock.read(now),
        }
    }

    /// What the clock shows by which the slot's timers run.
    #[inline]
    pub(crate) fn timers(&self, slot: Slot, now: Time) -> Time {
        match self.timers {
            TimerClock::Monotonic => self.monotonic(slot, now),
            TimerClock::Wall => self.read(slot, now),
        }
    }

    /// What the slot's wall clock and its monotonic clock show at a true moment.
    #[inline]
    pub(crate) fn read_both(&self, slot: Slot, now: Time) -> (Time, Time) {
        match self.wrong.get(slot.index()) {
            None => (now, now),
            Some(clock) => {
                let monotonic = clock.read(now);
                (clock.wall_beside(monotonic), monotonic)
            }
        }
    }

    /// What the slot's wall clock shows at a true moment.
    #[inline]
    pub(crate) fn read(&self, slot: Slot, now: Time) -> Time {
        match self.wrong.get(slot.index()) {
            None => now,
            Some(clock) => clock.wall(now),
        }
    }

    /// The true moment at which the clock of the slot's timers will show `local`, not before `now`; `Time::MAX` for never.
    #[inline]
    pub(crate) fn reaches(&self, slot: Slot, local: Time, now: Time) -> Time {
        match self.wrong.get(slot.index()) {
            None => local.max(now),
            Some(clock) => {
                let by_wall =
                    Time::from_nanos(local.as_nanos().saturating_add_signed(clock.ahead.saturating_neg()));
                let local = if self.timers == TimerClock::Wall { by_wall } else { local };
                clock.reaches(local).max(now)
            }
        }
    }

    /// Changes a clock; its timers must be converted again afterwards.
    pub(crate) fn change(&mut self, slot: Slot, now: Time, change: ClockChange) {
        self.grow(slot);
        self.wrong[slot.index()].change(now, change);
    }

    fn grow(&mut self, slot: Slot) {
        if self.wrong.len() <= slot.index() {
            self.wrong.resize(slot.index() + 1, Clock::PERFECT);
        }
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

    /// Puts a slot's clocks forward until that of its timers shows `local`, as an abstract timeout does.
    pub(crate) fn advance_to(&mut self, slot: Slot, now: Time, local: Time) {
        let ahead = local.since(self.timers(slot, now));
        if ahead > Duration::ZERO {
            self.grow(slot);
            self.wrong[slot.index()].pass(now, ahead);
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
        let mut clocks = Clocks::new(TimerClock::Wall);
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
    fn a_step_is_of_the_wall_clock_and_drift_and_freezes_are_of_both() {
        let mut clocks = Clocks::default();
        clocks.change(SLOT, at(1_000), ClockChange::Drift { parts_per_billion: -100_000_000 });
        clocks.change(SLOT, at(2_000), ClockChange::Forward(Duration::from_secs(5)));
        let shown =
            |clocks: &Clocks, millis| (clocks.read(SLOT, at(millis)), clocks.monotonic(SLOT, at(millis)));
        assert_eq!(shown(&clocks, 3_000), (at(7_800), at(2_800)));
        assert_eq!(clocks.reaches(SLOT, at(2_800), at(2_000)), at(3_000));
        clocks.change(SLOT, at(3_000), ClockChange::Back(Duration::from_secs(60)));
        assert_eq!(shown(&clocks, 3_000), (at(0), at(2_800)));
        clocks.change(SLOT, at(4_000), ClockChange::Freeze);
        assert_eq!(shown(&clocks, 9_000), (at(900), at(3_700)));
        assert_eq!(clocks.reaches(SLOT, at(3_701), at(5_000)), Time::MAX);
    }

    #[test]
    fn an_abstract_timeout_puts_both_clocks_forward() {
        let mut clocks = Clocks::default();
        clocks.stand(3);
        clocks.change(SLOT, at(0), ClockChange::Forward(Duration::from_secs(1)));
        clocks.advance_to(SLOT, at(0), at(30));
        assert_eq!((clocks.read(SLOT, at(0)), clocks.monotonic(SLOT, at(0))), (at(1_030), at(30)));
        clocks.advance_to(SLOT, at(0), at(20));
        assert_eq!(clocks.monotonic(SLOT, at(0)), at(30));
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
