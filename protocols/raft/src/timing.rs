//! The timing requirement: the time that a round of messages takes is well below the election timeouts (Raft paper,
//! section 5.6). A cluster that does not meet it elects nobody, or nobody for long, and is not to blame.

use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::parameters::Parameters;

/// A heartbeat, in bytes, as [`RaftMessage`](super::vocabulary::RaftMessage) has it.
const HEARTBEAT_BYTES: u64 = 72;
/// What each entry adds to it.
const ENTRY_BYTES: u64 = 48;

/// Whether a cluster of these parameters meets the requirement in a run, before anything is broken.
///
/// A round is a request and its answer, each after a sync, and each served by whoever receives it; a candidate receives
/// an answer from everybody. It must be over within the mean election timeout; measured with timeouts of 150 to 300 ms,
/// rounds of 280 ms still elect and rounds of 300 ms do not. Timeouts must be apart by what a candidate needs to be heard,
/// or votes are split for ever: measured, some runs elect nobody where they are less than half of that apart, so two
/// thirds are asked for. A leader must be done with the answers to a heartbeat, and with sending it, before the next. And
/// a finite queue must have room for heartbeats and a batch, or what is to be caught up with is dropped each time.
pub(super) fn is_met(parameters: &Parameters, setup: &Setup) -> bool {
    let Some(others) = setup.members.checked_sub(1).map(u64::from).filter(|others| *others > 0) else {
        return true;
    };
    let step = setup.usual_way().saturating_add(setup.disk.sync.usual());
    let answers = setup.service.per_message.saturating_mul(others);
    let round = step.saturating_mul(2).saturating_add(answers).saturating_add(setup.service.per_message);
    let mean_timeout = parameters.election_timeout_min.saturating_add(parameters.election_timeout_max) / 2;
    let bytes = Duration::from_secs(others * HEARTBEAT_BYTES);
    let sent = setup.network.bandwidth.map_or(Duration::ZERO, |bandwidth| bytes / bandwidth.max(1));
    let spread = parameters.election_timeout_max.as_nanos() - parameters.election_timeout_min.as_nanos();
    let apart = Duration::from_nanos(spread).saturating_mul(3) >= step.saturating_mul(2);
    let batch = HEARTBEAT_BYTES + ENTRY_BYTES * u64::from(parameters.max_batch);
    let queue = setup.network.bandwidth.and(setup.network.queue_bytes);
    let room = queue.is_none_or(|bytes| bytes >= others * HEARTBEAT_BYTES + batch);
    round < mean_timeout && apart && room && answers.max(sent) <= parameters.heartbeat
}

#[cfg(test)]
mod tests {
    use sim_core::distribution::Distribution;
    use sim_core::process::Message;

    use super::*;
    use crate::vocabulary::{Command, Entry, RaftMessage};

    fn met(change: impl FnOnce(&mut Setup)) -> bool {
        let mut setup = Setup::new(0, 5);
        change(&mut setup);
        is_met(&Parameters::default(), &setup)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn rounds_must_be_shorter_than_timeouts() {
        assert!(met(|_| {}));
        let latency = |way| met(|setup| setup.network.latency = Distribution::Fixed(ms(way)));
        assert!(latency(112) && !latency(113), "225 ms is the mean timeout");
        let sync = |sync| met(|setup| setup.disk.sync = Distribution::Fixed(ms(sync)));
        assert!(sync(100) && !sync(110));
        let served = |served| met(|setup| setup.service.per_message = ms(served));
        assert!(served(12) && !served(13), "four answers every 50 ms");
        let bandwidth = |bytes| met(|setup| setup.network.bandwidth = Some(bytes));
        assert!(bandwidth(5_760) && !bandwidth(5_700) && !bandwidth(0));
        let queue = |bytes| {
            met(|setup| (setup.network.bandwidth, setup.network.queue_bytes) = (Some(1 << 20), Some(bytes)))
        };
        let least = 5 * 72 + 48 * u64::from(Parameters::default().max_batch);
        assert!(queue(least) && !queue(least - 1));
        assert!(met(|setup| setup.network.queue_bytes = Some(0)), "nothing waits without a bandwidth");
        assert!(met(|setup| {
            setup.members = 1;
            setup.network.latency = Distribution::Fixed(Duration::from_secs(9));
        }));
    }

    #[test]
    fn timeouts_must_be_apart() {
        let met = |spread, way, members| {
            let election_timeout_max = Parameters::default().election_timeout_min.saturating_add(ms(spread));
            let mut setup = Setup::new(0, members);
            setup.network.latency = Distribution::Fixed(ms(way));
            is_met(&Parameters { election_timeout_max, ..Parameters::default() }, &setup)
        };
        assert!(met(20, 30, 5) && !met(20, 31, 5) && !met(0, 1, 5));
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
