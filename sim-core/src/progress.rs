//! Late is not never: when a stall after the heal accuses, and when it does not.
//!
//! After the heal time is cut into windows as long as the protocol's base timeout. A window is *timely* if nothing in the
//! healed core took longer by the environment than its share: a message under way, a sync on the disk, a message at its
//! server, or anything that is left from before the heal. What waits in a queue that the protocol fills itself is no
//! excuse. So opportunities are counted, and no time is predicted.
//!
//! - [`Pace`] is what a protocol says about itself: how many windows in a row make one attempt, how likely an attempt
//!   succeeds at least, and the [`Shares`].
//! - the ledger notes what was late and what was worst; it is fed in the second phase alone.
//! - the count adds up windows and attempts, and says when progress is late and when it is overdue.
//!
//! `docs/design/0035-late-is-not-never.md` tells why.

mod count;
mod ledger;

pub(crate) use count::{Count, Ruling};
pub(crate) use ledger::{Culprit, Ledger, Worst};

use crate::time::Duration;

/// What progress a protocol makes in a good environment, in its own measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// So many timely windows in a row make one attempt.
    pub windows: u32,
    /// The least probability that an attempt of correct code succeeds.
    pub chance: f64,
    /// Attempts that may be wasted one after the other, on leaders that are down or bad.
    pub wasted: u32,
    /// What a window grants.
    pub shares: Shares,
}

/// How long the environment may take in a timely window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// One message, from its send to its arrival.
    pub way: Duration,
    /// One sync.
    pub sync: Duration,
    /// One message at its server, or on a line of limited bandwidth. Many of them come one after the other, so this is
    /// the small one: a queue of longer ones is the environment's, a queue of shorter ones the protocol's own.
    pub serve: Duration,
    /// Bytes for which a line that drops what exceeds its queue must have room.
    pub queue_bytes: u64,
    /// Messages for which an inbox must have room.
    pub inbox: u32,
}

impl Shares {
    /// For a protocol whose base timeout is `timeout`, about which nothing else is known.
    pub fn of(timeout: Duration) -> Self {
        Self {
            way: timeout / 8,
            sync: timeout / 8,
            serve: timeout / 1_000,
            queue_bytes: u64::MAX,
            inbox: u32::MAX,
        }
    }
}

/// A run of failed attempts of correct code that is rarer than this accuses.
const RARE: f64 = 1e-9;

/// A protocol whose attempts succeed less often is owed nothing.
pub const LEAST_CHANCE: f64 = 1.0 / 20.0;

impl Pace {
    /// For a protocol whose base timeout is `timeout`, about which nothing else is known.
    pub fn of(timeout: Duration) -> Self {
        Self { windows: 2, chance: 0.25, wasted: 0, shares: Shares::of(timeout) }
    }

    /// The number of attempts within which progress is owed: correct code misses it with a probability below 10^-9.
    /// None if an attempt succeeds so seldom that nothing is owed.
    pub fn attempts(&self) -> Option<u64> {
        if self.chance.is_nan() || self.chance < LEAST_CHANCE {
            return None;
        }
        let (mut attempts, mut missed) = (0, 1.0);
        while missed > RARE {
            missed *= 1.0 - self.chance;
            attempts += 1;
        }
        Some(attempts + u64::from(self.wasted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_as_many_as_make_bad_luck_rare() {
        let attempts =
            |chance, wasted| Pace { chance, wasted, ..Pace::of(Duration::from_secs(1)) }.attempts();
        assert_eq!(attempts(1.0, 0), Some(1));
        assert_eq!(attempts(0.5, 0), Some(30));
        assert_eq!(attempts(0.5, 3), Some(33));
        assert_eq!(attempts(LEAST_CHANCE, 0), Some(405));
        assert_eq!(attempts(0.049, 0), None);
        assert_eq!(attempts(f64::NAN, 0), None);
    }
}
