//! A sender's line: bytes leave one after the other.

use crate::identity::Slot;
use crate::time::{Duration, Time};

const SECOND: u64 = 1_000_000_000;

/// A line of limited bandwidth for each slot; state only for slots that sent.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// Bytes per second, above zero.
    rate: u64,
    /// When each slot's line has sent everything that waits.
    free_at: Vec<Time>,
}

impl Lines {
    /// Lines of `rate` bytes per second; zero counts as one.
    pub(super) fn new(rate: u64) -> Self {
        Self { rate: rate.max(1), free_at: Vec::new() }
    }

    /// How long the message of `size` bytes that a slot sent last, at `at`, waits behind others, and how long it takes to
    /// leave.
    pub(super) fn of_last(&self, from: Slot, at: Time, size: u32) -> (Duration, Duration) {
        let takes = transmission(size, self.rate);
        (self.free_at(from).since(at.saturating_add(takes)), takes)
    }

    /// When the line of a slot has sent everything that waits.
    pub(super) fn free_at(&self, from: Slot) -> Time {
        self.free_at.get(from.index()).copied().unwrap_or(Time::ZERO)
    }

    /// When a message of `size` bytes that reaches the line at `at` has left it. `None` if the line is busy and the
    /// message would not fit among the `room` bytes that may wait. An idle line takes any message.
    pub(super) fn send(&mut self, from: Slot, at: Time, size: u32, room: Option<u64>) -> Option<Time> {
        if self.free_at.len() <= from.index() {
            self.free_at.resize(from.index() + 1, Time::ZERO);
        }
        let free_at = &mut self.free_at[from.index()];
        let wait = free_at.since(at);
        if let Some(room) = room
            && !wait.is_zero()
            && waiting(wait, self.rate) + u128::from(size) > u128::from(room)
        {
            return None;
        }
        let start = (*free_at).max(at);
        *free_at = start.saturating_add(transmission(size, self.rate));
        Some(*free_at)
    }
}

/// How long `size` bytes take, rounded up to a nanosecond.
fn transmission(size: u32, rate: u64) -> Duration {
    Duration::from_nanos((u64::from(size) * SECOND).div_ceil(rate))
}

/// The bytes that leave a line in `wait`.
fn waiting(wait: Duration, rate: u64) -> u128 {
    u128::from(wait.as_nanos()) * u128::from(rate) / u128::from(SECOND)
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::identity::Slot;
    use crate::time::{Duration, Time};

    const MILLI: u64 = 1_000_000;

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * MILLI)
    }

    #[test]
    fn messages_leave_one_after_the_other() {
        let mut lines = Lines::new(1_000);
        assert_eq!(lines.send(Slot(0), at(0), 100, None), Some(at(100)));
        assert_eq!(lines.of_last(Slot(0), at(0), 100), (Duration::ZERO, Duration::from_millis(100)));
        assert_eq!(lines.send(Slot(0), at(10), 50, None), Some(at(150)));
        assert_eq!(
            lines.of_last(Slot(0), at(10), 50),
            (Duration::from_millis(90), Duration::from_millis(50))
        );
        assert_eq!(lines.send(Slot(7), at(10), 50, None), Some(at(60)));
        assert_eq!(lines.send(Slot(0), at(500), 1, None), Some(at(501)));
        assert_eq!(Lines::new(3).send(Slot(0), at(0), 1, None), Some(Time::from_nanos(333_333_334)));
    }

    #[test]
    fn what_does_not_fit_the_queue_is_refused_and_takes_no_time() {
        let mut lines = Lines::new(1_000);
        assert_eq!(lines.send(Slot(0), at(0), 5_000, Some(100)), Some(at(5_000)));
        assert_eq!(lines.send(Slot(0), at(4_900), 1, Some(100)), None);
        assert_eq!(lines.send(Slot(0), at(4_950), 50, Some(100)), Some(at(5_050)));
        assert_eq!(lines.send(Slot(0), at(4_950), 1, Some(100)), None);
        assert_eq!(lines.send(Slot(0), at(4_950), 1, None), Some(at(5_051)));
    }

    #[test]
    fn a_line_of_no_bandwidth_is_a_very_slow_one() {
        assert_eq!(Lines::new(0).send(Slot(0), at(0), 2, None), Some(at(2_000)));
    }
}
