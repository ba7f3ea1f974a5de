//! Who lacks something asks for it again if nothing comes, but not ever faster than answers can come.
//!
//! Nobody knows how long an answer takes. A member that asked again at a fixed pace would be answered in full each time, and
//! where a message takes a hundred times as long as that pace, a hundred answers would be under way to each member for
//! nothing. So each wait for the same thing is twice as long as the one before it: what takes long is asked for a few times
//! more than once, however long it takes.

use sim_core::time::Duration;

/// A wait is doubled no more often than this, so that an answer that was lost is asked for again before long: within fewer
/// windows of progress ([`sim_core::progress`]) than one attempt after the other may fail.
pub const DOUBLINGS: u32 = 4;

/// How often something was asked for in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asking<K> {
    about: Option<K>,
    times: u32,
}

impl<K: Copy + PartialEq> Asking<K> {
    /// It was asked for something once more.
    pub fn asked(&mut self, about: K) {
        self.times = self.times_about(about) + 1;
        self.about = Some(about);
    }

    /// How long to wait before something is asked for again: the interval, doubled with each time that it was.
    pub fn wait(&self, about: K, interval: Duration) -> Duration {
        interval.saturating_mul(1 << self.times_about(about).min(DOUBLINGS))
    }

    /// Whether a wait that was begun for one thing is too long for another.
    pub fn hurries(&self, begun: K, now: K) -> bool {
        begun != now && self.times_about(begun) > self.times_about(now)
    }

    fn times_about(&self, about: K) -> u32 {
        if self.about == Some(about) { self.times } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_in_vain_is_asked_again_half_as_often_until_it_is_something_else() {
        let interval = Duration::from_millis(10);
        let mut asking = Asking::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            waits.push(asking.wait(7, interval) / interval.as_nanos());
            asking.asked(7);
        }
        assert_eq!(
            waits.iter().map(|wait| wait.as_nanos()).collect::<Vec<_>>(),
            [1, 2, 4, 8, 16, 16, 16, 16, 16]
        );
        assert_eq!(asking.wait(8, interval), interval);
        assert!(asking.hurries(7, 8) && !asking.hurries(8, 7) && !asking.hurries(7, 7));
        asking.asked(8);
        assert_eq!(
            [asking.wait(8, interval), asking.wait(7, interval)],
            [interval.saturating_mul(2), interval]
        );
    }
}
