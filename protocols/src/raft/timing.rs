//! The timing requirement: the time that a round of messages takes is well below the election timeouts (Raft paper,
//! section 5.6). A cluster that does not meet it elects nobody, or nobody for long, and is not to blame.

use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::parameters::Parameters;

/// A heartbeat, in bytes, as [`RaftMessage`](super::vocabulary::RaftMessage) has it.
const HEARTBEAT_BYTES: u64 = 72;

/// Whether a cluster of these parameters meets the requirement in a run, before anything is broken.
///
/// A round is a request and its answer, each after a sync, and each served by whoever receives it; a candidate receives
/// an answer from everybody. It must be over within the mean election timeout; measured with timeouts of 150 to 300 ms,
/// rounds of 280 ms still elect and rounds of 300 ms do not. And a leader must be done with the answers to a heartbeat, and with sending it, before the next.
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
    round < mean_timeout && answers.max(sent) <= parameters.heartbeat
}

#[cfg(test)]
mod tests {
    use sim_core::distribution::Distribution;
    use sim_core::process::Message;

    use super::*;
    use crate::raft::vocabulary::RaftMessage;

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
        assert!(met(|setup| {
            setup.members = 1;
            setup.network.latency = Distribution::Fixed(Duration::from_secs(9));
        }));
    }

    #[test]
    fn a_heartbeat_has_as_many_bytes_as_it_says() {
        let heartbeat = RaftMessage::AppendEntries {
            term: 1,
            prev_index: 0,
            prev_term: 0,
            entries: [].as_slice().into(),
            commit: 0,
        };
        assert_eq!(u64::from(heartbeat.wire_size()), HEARTBEAT_BYTES);
    }
}
