//! How fast broadcasts are delivered where nothing is slow.

use sim_core::progress::{Pace, Shares};
use sim_core::time::Duration;

use super::parameters::Parameters;

/// An initial, an echo and a ready, one after the other.
const PHASES: u64 = 3;
/// Windows in an attempt: nobody's timeout depends on how long a message takes, so an attempt may be long.
const WINDOWS: u32 = 12;

/// Nothing is left to luck: what was said is said again on a new session, and each message of the three phases arrives once
/// it is sent. So in an attempt, in which each of them takes at most a window with its sync, something is delivered.
///
/// Everything that was ever broadcast may be said again by everybody to everybody at once, for each member that came back, and
/// is served one after the other.
pub(super) fn of(parameters: &Parameters, members: u32, timeout: Duration) -> Pace {
    let broadcasts =
        u64::from(parameters.broadcasters.min(members)).saturating_mul(parameters.broadcasts.max(1));
    let votes = broadcasts.saturating_mul(PHASES).saturating_mul(u64::from(members));
    let attempt = timeout.saturating_mul(u64::from(WINDOWS));
    let shares = Shares {
        way: timeout / 2,
        sync: timeout / 2,
        serve: attempt / votes.saturating_mul(4),
        ..Shares::of(timeout)
    };
    Pace { windows: WINDOWS, chance: 0.5, wasted: 0, shares }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_votes_are_served_within_an_attempt() {
        let parameters = Parameters { broadcasters: 9, broadcasts: 10, ..Parameters::default() };
        let pace = of(&parameters, 4, Duration::from_millis(100));
        assert_eq!(pace.shares.way, Duration::from_millis(50));
        assert_eq!(
            pace.shares.serve * (4 * 3 * 40 * 4),
            Duration::from_millis(1_200),
            "no more broadcast than there are"
        );
        let nothing = Parameters { broadcasts: 0, ..parameters };
        assert!(of(&nothing, 1, Duration::from_millis(100)).shares.serve > Duration::ZERO);
    }
}
