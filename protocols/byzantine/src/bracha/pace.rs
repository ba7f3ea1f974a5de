//! How long members are busy with what is broadcast: a cluster that has more to do than there is time for is slow, and not
//! to blame.

use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::parameters::Parameters;

/// A vote, in bytes, as [`BrachaMessage`](super::vocabulary::BrachaMessage) has it.
const VOTE_BYTES: u64 = 153;
/// An initial, an echo and a ready, one after the other.
const PHASES: u64 = 3;
/// How often everything is said again to a member for each fault: who starts again says it to all, and those whose links
/// come up to each other.
const SAID_AGAIN: u64 = 2;

/// What a member is busy with for each interval, in which every broadcaster broadcasts once.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// How long it serves what it receives, and signs.
    served: Duration,
    /// How long its line is busy with what it sends.
    sent: Duration,
}

impl Round {
    /// A member receives an echo and a ready of each other member for each broadcast, and the initial; a broadcaster
    /// sends as many, and its own initials. Each vote is verified; three are signed.
    fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let broadcasts = u64::from(parameters.broadcasters.min(setup.members));
        let others = u64::from(setup.members.saturating_sub(1));
        let (service, bandwidth) = (&setup.service, setup.network.bandwidth);
        let received = broadcasts * (2 * others + 1);
        let bytes = service.per_kilobyte.saturating_mul(VOTE_BYTES) / 1_000;
        let vote = service.per_message.saturating_add(bytes).saturating_add(service.per_signature);
        let signed = service.per_signature.saturating_mul(PHASES * broadcasts);
        let line = bandwidth.map_or(Duration::ZERO, |rate| {
            Duration::from_nanos((VOTE_BYTES * 1_000_000_000).div_ceil(rate.max(1)))
        });
        Self {
            served: vote.saturating_mul(received).saturating_add(signed),
            sent: line.saturating_mul(others * (2 * broadcasts + 1)),
        }
    }
}

/// How long after the heal, or after it was said, the last healthy member may deliver a broadcast, by the service times,
/// the bandwidth and the disks of the scenario alone.
///
/// Where members keep up, a broadcast waits for the others of its round, in each phase. Where they do not, or something
/// went wrong that makes them say things again, it waits for everything that is ever broadcast.
pub(super) fn lag(parameters: &Parameters, setup: &Setup) -> Duration {
    let round = Round::new(parameters, setup);
    let initial = &setup.initial;
    let faults =
        (setup.faults.entries.len() + initial.corrupt.len() + initial.twins.len() + initial.absent.len())
            as u64;
    let waiting = if faults > 0 {
        parameters.broadcasts.saturating_mul(1 + SAID_AGAIN.saturating_mul(faults))
    } else if round.served.max(round.sent) > parameters.interval {
        parameters.broadcasts
    } else {
        1
    };
    // A sync waits for the one that is running.
    let syncs = setup.disk.sync.usual().saturating_mul(2 * PHASES);
    round
        .served
        .saturating_add(round.sent)
        .saturating_mul(waiting.saturating_add(PHASES))
        .saturating_add(syncs)
}

/// Whether the second phase of a run is long enough for that.
pub(super) fn is_in_time(parameters: &Parameters, setup: &Setup) -> bool {
    setup.progress_within.is_none_or(|within| within >= lag(parameters, setup))
}

#[cfg(test)]
mod tests {
    use sim_core::distribution::Distribution;
    use sim_core::identity::NodeId;
    use sim_core::process::{Message, Signature};

    use super::super::vocabulary::{BrachaMessage, Broadcast, Phase, Vote};
    use super::*;

    /// Four members: seven votes received and nine sent for each of the ten broadcasts.
    fn lag_of(parameters: &Parameters, change: impl FnOnce(&mut Setup)) -> Duration {
        let mut setup = Setup::new(0, 4);
        change(&mut setup);
        lag(parameters, &setup)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn members_are_busy_with_messages_bytes_signatures_and_syncs() {
        let lag = |change: fn(&mut Setup)| lag_of(&Parameters::default(), change);
        assert_eq!(lag(|_| {}), Duration::ZERO);
        assert_eq!(lag(|setup| setup.service.per_message = ms(1)), ms(4 * 7));
        assert_eq!(
            lag(|setup| setup.service.per_kilobyte = ms(1_000) / 153),
            ms(4 * 7) - Duration::from_nanos(28)
        );
        assert_eq!(lag(|setup| setup.service.per_signature = ms(1)), ms(4 * 10));
        assert_eq!(lag(|setup| setup.network.bandwidth = Some(153_000)), ms(4 * 9));
        assert_eq!(lag(|setup| setup.disk.sync = Distribution::Fixed(ms(1))), ms(6));
    }

    #[test]
    fn who_cannot_keep_up_or_says_it_again_has_everything_before_it() {
        let lag = |broadcasters, change: fn(&mut Setup)| {
            let parameters = Parameters { broadcasters, ..Parameters::default() };
            lag_of(&parameters, |setup| {
                setup.service.per_message = ms(14);
                change(setup);
            })
        };
        assert_eq!(lag(1, |_| {}), ms(98) * 4);
        assert_eq!(lag(2, |_| {}), ms(196) * 13);
        assert_eq!(lag(9, |_| {}), ms(392) * 13, "no more broadcast than there are");
        assert_eq!(
            lag(1, |setup| setup.initial.corrupt = vec![2]),
            ms(98) * 33,
            "ten, twice again, and three phases"
        );
        assert_eq!(lag(1, |setup| setup.service.per_message = Duration::MAX), Duration::MAX);
    }

    #[test]
    fn progress_is_owed_in_a_phase_that_is_long_enough() {
        let mut setup = Setup { progress_within: Some(ms(28)), ..Setup::new(0, 4) };
        setup.service.per_message = ms(1);
        assert!(is_in_time(&Parameters::default(), &setup));
        setup.progress_within = Some(ms(27));
        assert!(!is_in_time(&Parameters::default(), &setup));
    }

    #[test]
    fn a_vote_has_as_many_bytes_as_it_says() {
        let broadcast = Broadcast { sender: NodeId(0), sequence: 1 };
        let signature = Signature::forged(NodeId(0), 1);
        for phase in Phase::ALL {
            let message = BrachaMessage::new(phase, Vote { broadcast, value: 1, signature });
            assert_eq!(u64::from(message.wire_size()), VOTE_BYTES);
        }
    }
}
