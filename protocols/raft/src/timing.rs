//! The timing requirement: the time that a round of messages takes is well below the election timeouts (Raft paper,
//! section 5.6). A cluster that does not meet it elects nobody, or nobody for long, and is not to blame.

use sim_core::progress::Shares;
use sim_core::time::Duration;

use super::parameters::{Parameters, Reads};

/// A heartbeat, in bytes, as [`RaftMessage`](super::vocabulary::RaftMessage) has it.
const HEARTBEAT_BYTES: u64 = 72;
/// What each entry adds to it.
const ENTRY_BYTES: u64 = 48;

/// How large a cluster is, and how wrong its clocks run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) members: u64,
    pub(super) clients: u64,
    pub(super) drift_ppm: u32,
}

/// How long the environment may take so that elections succeed, whatever the servers and their clients do.
///
/// A round is a request and its answer, each after a sync. Measured with timeouts of 150 to 300 ms, rounds of 280 ms
/// still elect and rounds of 300 ms do not; here five steps fit in the shortest timeout. Timeouts must be apart by what a
/// candidate needs to be heard, or votes are split for ever: measured, some runs elect nobody where they are less than half
/// of that apart; here they are twice that apart. A heartbeat must come before the timeout of a follower whose clock is fast,
/// from a leader whose clock is slow. A leader must be done with the answers to a heartbeat, and with sending it, before the
/// next is due, with what clients ask again and again, and with everything that may be under way to all of its followers
/// within a timeout. And a finite queue must have room for that, or what is to be caught up with is dropped each time.
pub(super) fn shares(parameters: &Parameters, scale: Scale, timeout: Duration) -> Shares {
    let &Parameters { election_timeout_min, election_timeout_max, heartbeat, client_retry, .. } = parameters;
    let members = scale.members.max(1);
    let spread = Duration::from_nanos(election_timeout_max.as_nanos() - election_timeout_min.as_nanos());
    let drift = u64::from(scale.drift_ppm).min(MILLION - 1);
    let soonest = scaled(election_timeout_min, MILLION, MILLION + drift);
    let slowest = scaled(heartbeat, MILLION, MILLION - drift);
    // A single server has nobody to be apart from, and hears no heartbeat.
    let step = if members == 1 {
        soonest / 5
    } else {
        (soonest / 5).min(spread / 2).min(soonest.max(slowest) - slowest)
    };
    let inflight = u64::from(parameters.max_inflight).saturating_add(4).saturating_mul(members);
    let batch = HEARTBEAT_BYTES + ENTRY_BYTES * u64::from(parameters.max_batch);
    let asked = client_retry / (8 * scale.clients.max(1));
    Shares {
        way: step.min(timeout / 5),
        sync: step.min(timeout / 5) / 2,
        // With reads that do not go through the log, a leader asks twice.
        serve: (heartbeat / (if parameters.reads == Reads::Log { 4 } else { 8 } * members))
            .min(timeout / inflight.saturating_mul(4))
            .min(asked),
        queue_bytes: batch.saturating_mul(inflight),
        inbox: u32::try_from(inflight).unwrap_or(u32::MAX),
    }
}

const MILLION: u64 = 1_000_000;

pub(super) fn scaled(length: Duration, by: u64, of: u64) -> Duration {
    let nanos = u128::from(length.as_nanos()) * u128::from(by) / u128::from(of);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// How likely an election and an operation succeed at least, where timeouts are apart: a message in each direction of two
/// rounds of votes, of one that commits, and of the client must not be lost, and the rest is said again.
pub(super) fn chance(loss: f64) -> f64 {
    let kept = (1.0 - loss).max(0.0);
    (0..8).fold(CHANCE, |chance, _| chance * kept)
}

/// Of attempts in which nothing is lost.
const CHANCE: f64 = 0.25;

#[cfg(test)]
mod tests {
    use sim_core::process::Message;

    use super::*;
    use crate::vocabulary::{Command, Entry, RaftMessage};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const FIVE: Scale = Scale { members: 5, clients: 4, drift_ppm: 0 };

    #[test]
    fn rounds_must_be_shorter_than_timeouts_and_timeouts_apart() {
        let way = |change: fn(&mut Parameters), scale| {
            let mut parameters = Parameters::default();
            change(&mut parameters);
            shares(&parameters, scale, ms(500)).way
        };
        assert_eq!(way(|_| {}, FIVE), ms(30));
        assert_eq!(way(|it| it.election_timeout_max = ms(170), FIVE), ms(10));
        assert_eq!(way(|it| it.election_timeout_max = ms(150), FIVE), Duration::ZERO, "votes split for ever");
        let single = Scale { members: 1, ..FIVE };
        assert_eq!(way(|it| it.election_timeout_max = ms(150), single), ms(30));
        let drifting = |drift_ppm| way(|it| it.heartbeat = ms(75), Scale { drift_ppm, ..FIVE });
        assert!(drifting(0) == ms(30) && drifting(250_000) < ms(24));
        assert_eq!(drifting(400_000), Duration::ZERO, "a heartbeat comes too late for a fast clock");
    }

    #[test]
    fn servers_must_be_done_with_heartbeats_with_clients_and_with_everything_under_way() {
        let parameters = Parameters { max_inflight: 1, max_batch: 2, ..Parameters::default() };
        let few = shares(&parameters, FIVE, ms(500));
        assert_eq!(few.serve, ms(50) / 20);
        assert_eq!((few.queue_bytes, few.inbox), (25 * (72 + 2 * 48), 25));
        let many = shares(&Parameters { max_inflight: 96, ..parameters }, FIVE, ms(500));
        assert_eq!(many.serve, ms(500) / 2_000);
        let eager = shares(&Parameters { client_retry: ms(8), ..parameters }, FIVE, ms(500));
        assert_eq!(eager.serve, ms(1) / 4);
    }

    #[test]
    fn losses_make_attempts_fail_and_many_of_them_forfeit_progress() {
        assert!((chance(0.0) - 0.25).abs() < 1e-12);
        assert!((0.2..0.22).contains(&chance(0.02)));
        assert!(
            chance(0.15) > sim_core::progress::LEAST_CHANCE && chance(0.2) < sim_core::progress::LEAST_CHANCE
        );
        assert!(chance(1.5) == 0.0);
    }

    #[test]
    fn heartbeats_and_entries_have_as_many_bytes_as_they_say() {
        let entry = Entry::new(1, Command::Noop);
        for (entries, bytes) in
            [(&[][..], HEARTBEAT_BYTES), (&[entry.clone(), entry], HEARTBEAT_BYTES + 2 * ENTRY_BYTES)]
        {
            let (term, prev_index, prev_term, commit, entries) = (1, 0, 0, 0, entries.into());
            let message = RaftMessage::AppendEntries { term, prev_index, prev_term, commit, entries };
            assert_eq!(u64::from(message.wire_size()), bytes);
        }
    }
}
