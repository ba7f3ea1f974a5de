//! Counting windows and attempts.

use super::Pace;

/// How many attempts may pass, as a multiple of those in which progress is owed, before a stall accuses.
const OVERDUE: u64 = 3;

/// How many windows a run is given in which nothing is owed, or in which nothing can be timely, to make progress all the
/// same.
const GRACE: u64 = 50;

/// What the end of a window came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// There is still time.
    Wait,
    /// Three times what was owed is over.
    Overdue,
    /// So many windows were not timely that nothing will be proved.
    GivenUp,
}

/// Where not one attempt was timely, a run is given up after as many windows as so many attempts have: an environment that is late all the
/// time will not be timely later, and waiting until it proves nothing takes millions of events. It is given at least so many windows.
const VAIN: (u64, u64) = (10, 500);

/// Windows and attempts since the heal, or since something came that the cluster owed from before.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    /// Windows in a row that make an attempt.
    windows: u64,
    /// Attempts within which progress is owed; none if nothing is.
    owed: Option<u64>,
    /// So many windows that are not timely prove nothing.
    patience: u64,
    /// Timely windows in a row.
    row: u64,
    attempts: u64,
    late: u64,
    all: u64,
}

impl Count {
    /// For a protocol of this pace, if it owes anything at all. An environment that is never timely (`hopeless`), whatever
    /// is drawn, is told from few windows.
    pub(crate) fn new(pace: &Pace, owes: bool, hopeless: bool) -> Self {
        let (owed, windows) = (pace.attempts().filter(|_| owes), u64::from(pace.windows.max(1)));
        let mut count = Self { windows, owed, patience: 0, row: 0, attempts: 0, late: 0, all: 0 };
        count.patience = if hopeless { GRACE.min(count.longest()) } else { count.longest() };
        count
    }

    /// A window ends.
    pub(crate) fn close(&mut self, timely: bool) -> Ruling {
        self.all += 1;
        if timely {
            self.row += 1;
        } else {
            self.row = 0;
            self.late += 1;
        }
        if self.row == self.windows {
            self.row = 0;
            self.attempts += 1;
        }
        match self.owed {
            None if self.all >= GRACE => Ruling::GivenUp,
            None => Ruling::Wait,
            Some(owed) if self.attempts >= OVERDUE * owed => Ruling::Overdue,
            Some(_) if self.late >= self.patience() => Ruling::GivenUp,
            Some(_) => Ruling::Wait,
        }
    }

    /// How many windows that are not timely prove that nothing will be proved.
    fn patience(&self) -> u64 {
        let vain = self.windows.saturating_mul(VAIN.0).max(VAIN.1);
        if self.attempts == 0 { self.patience.min(vain) } else { self.patience }
    }

    /// Something that was left from before the heal came: the cluster is at work.
    pub(crate) fn restart(&mut self) {
        (self.row, self.attempts, self.late, self.all) = (0, 0, 0, 0);
    }

    /// How many windows it takes at least until a stall accuses, and how many may not be timely.
    pub(crate) fn longest(&self) -> u64 {
        self.owed.map_or(GRACE, |owed| OVERDUE.saturating_mul(owed).saturating_mul(self.windows))
    }

    /// Whether progress that comes now is late.
    pub(crate) fn is_late(&self) -> bool {
        self.owed.is_some_and(|owed| self.attempts > owed)
    }

    pub(crate) fn attempts(&self) -> u64 {
        self.attempts
    }

    pub(crate) fn owed(&self) -> Option<u64> {
        self.owed
    }

    /// Windows that were not timely, and all.
    pub(crate) fn late_of_all(&self) -> (u64, u64) {
        (self.late, self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    /// An attempt is two windows; 30 attempts are owed.
    fn count(owes: bool) -> Count {
        Count::new(&Pace { chance: 0.5, ..Pace::of(Duration::from_secs(1)) }, owes, false)
    }

    fn count_of_nothing() -> Count {
        count(false)
    }

    fn close(count: &mut Count, timely: impl IntoIterator<Item = bool>) -> Ruling {
        timely.into_iter().fold(Ruling::Wait, |_, timely| count.close(timely))
    }

    #[test]
    fn a_stall_is_overdue_after_three_times_what_is_owed() {
        let mut count = count(true);
        assert_eq!(close(&mut count, [true; 61]), Ruling::Wait);
        assert!(!count.is_late());
        assert_eq!(close(&mut count, [true; 118]), Ruling::Wait);
        assert!(count.is_late());
        assert_eq!((count.close(true), count.attempts()), (Ruling::Overdue, 90));
    }

    #[test]
    fn an_attempt_needs_timely_windows_in_a_row() {
        let mut count = count(true);
        assert_eq!(close(&mut count, [true, false, true, false, true, true, true]), Ruling::Wait);
        assert_eq!((count.attempts(), count.late_of_all()), (1, (2, 7)));
    }

    #[test]
    fn windows_that_are_not_timely_end_in_giving_up() {
        let mut count = count(true);
        assert_eq!(close(&mut count, [false; 179]), Ruling::Wait);
        assert_eq!(count.close(false), Ruling::GivenUp);
        let mut hopeless = Count::new(&Pace::of(Duration::from_secs(1)), true, true);
        assert_eq!(close(&mut hopeless, [false; 49]), Ruling::Wait);
        assert_eq!(hopeless.close(false), Ruling::GivenUp);
        assert_eq!(Count::new(&Pace::of(Duration::from_secs(1)), true, true).close(true), Ruling::Wait);
        let mut nothing = count_of_nothing();
        assert_eq!(close(&mut nothing, [true; 49]), Ruling::Wait);
        assert_eq!(nothing.close(true), Ruling::GivenUp);
        assert!(!nothing.is_late());
    }

    /// An attempt is a thousand windows. A single one that was timely is a reason to wait for more.
    #[test]
    fn an_environment_that_is_late_all_the_time_is_given_up_sooner() {
        let pace = Pace { windows: 1_000, chance: 0.5, ..Pace::of(Duration::from_secs(1)) };
        let mut count = Count::new(&pace, true, false);
        assert_eq!(close(&mut count, [false; 9_999]), Ruling::Wait);
        assert_eq!(count.clone().close(false), Ruling::GivenUp);
        assert_eq!(close(&mut count, [true; 1_000]), Ruling::Wait);
        assert_eq!((count.longest(), close(&mut count, [false; 80_000])), (90_000, Ruling::Wait));
        assert_eq!(close(&mut count, [false; 1]), Ruling::GivenUp);
    }

    #[test]
    fn what_comes_from_before_starts_the_count_again() {
        let mut count = count(true);
        close(&mut count, [true; 100]);
        assert!(count.is_late());
        count.restart();
        assert_eq!((count.is_late(), count.attempts()), (false, 0));
        assert_eq!(close(&mut count, [true; 179]), Ruling::Wait);
    }
}
