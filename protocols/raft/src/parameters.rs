//! The settings of a Raft cluster, as they stand under `[cluster.raft]`.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

/// Batch sizes and windows that a swarm draws from: the extremes find more than the middle.
const DRAWN_SIZES: [u32; 5] = [1, 2, 4, 16, 64];

sim_core::choices! {
    /// How clients read.
    pub enum Reads {
        /// Through the log, as they write.
        Log = "log",
        /// From a leader that asks a majority whether it still leads.
        Index = "read-index",
        /// From a leader with a lease, or that asks a majority.
        Lease = "lease",
        /// Each read in one of these ways, drawn.
        Mixed = "mixed",
        /// From any server at once: what was overwritten long ago may be read.
        Stale = "stale",
    }
}

/// Whether a safeguard is on, as a swarm draws it: bugs hide behind it.
const DRAWN_SAFEGUARDS: [bool; 8] = [true, true, true, true, true, true, false, false];

/// How often a leader hands over, in longest election timeouts, as a swarm draws it; mostly never.
const DRAWN_TRANSFERS: [u64; 6] = [0, 0, 0, 4, 10, 30];

/// How often an operator asks for a change, in longest election timeouts, as a swarm draws it.
const DRAWN_CHANGES: [u64; 6] = [0, 0, 0, 2, 5, 15];

/// How many of the members begin as learners, as a swarm draws it.
const DRAWN_LEARNERS: [u32; 6] = [0, 0, 0, 0, 1, 2];

// A swarm only makes timeouts longer, so that what suited the network still does.
sim_core::parameters! {
    /// The settings of a Raft cluster.
    #[derive(Copy)]
    pub struct Parameters {
        /// Whether a server asks if it would win before it raises its term (dissertation, section 9.6).
        pre_vote: bool = true,
            forfeits "a stable leader while a server that cannot hear it can still be heard, or comes back",
            drawn |own, _, dice| own.pre_vote && dice.pick(&DRAWN_SAFEGUARDS);
        /// Whether a leader that does not hear from a majority for `election_timeout_max` steps down, and servers that
        /// hear from a leader ignore candidates (dissertation, sections 6.2 and 4.2.3).
        check_quorum: bool = true,
            forfeits "progress while a leader that reaches no majority is still heard by its followers",
            drawn |own, _, dice| own.check_quorum && (dice.pick(&DRAWN_SAFEGUARDS) || own.leases());
        /// The shortest election timeout; a server that heard from a leader more recently helps nobody to depose it.
        election_timeout_min: Duration = "150ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.election_timeout_min, 8..=16);
        /// The longest election timeout; timeouts are drawn uniformly between the two, both included.
        election_timeout_max: Duration = "300ms",
            must |own| own.election_timeout_max >= own.election_timeout_min,
            "must be at least election_timeout_min",
            drawn |own, drawn, dice| {
                drawn.election_timeout_min.saturating_add(dice.eighths(own.election_timeout_min, 1..=16))
            };
        /// How often a leader speaks to its followers.
        heartbeat: Duration = "50ms", in ABOVE_ZERO,
            must |own| own.heartbeat.saturating_mul(2) <= own.election_timeout_min,
            "must be at most half of election_timeout_min",
            drawn |own, _, dice| dice.eighths(own.election_timeout_min, 1..=3);
        /// How long a client waits for an answer before it asks another server.
        client_retry: Duration = "500ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.client_retry, 1..=16);
        /// How long a server waits before it tries a failed sync again.
        disk_retry: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.disk_retry, 4..=16);
        /// How many entries one message carries at most.
        max_batch: u32 = 64, in 1.., drawn |_, _, dice| dice.pick(&DRAWN_SIZES);
        /// How many messages with entries may be under way to one follower before the first is acknowledged.
        max_inflight: u32 = 16, in 1.., drawn |_, _, dice| dice.pick(&DRAWN_SIZES);
        /// How clients read. Leases need `check_quorum`.
        reads: Reads = "log",
            must |own| !own.leases() || own.check_quorum, "leases need check_quorum",
            forfeits "that reads see what was written before, if they are stale",
            drawn |own, drawn_before, dice| {
                let drawn = dice.pick(&[Reads::Log, Reads::Index, Reads::Lease, Reads::Mixed]);
                let leases = drawn_before.check_quorum || drawn == Reads::Index;
                if own.check_quorum && own.reads == Reads::Log && leases { drawn } else { own.reads }
            };
        /// How wrong clocks may run, in parts per million, so that leases hold.
        clock_drift_ppm: u32 = 50_000, in 0..=500_000;
        /// How long a leader leads before it hands leadership over; never if zero.
        transfer_every: Duration = "0s",
            must |own| own.transfer_every.is_zero()
                || own.transfer_every >= own.election_timeout_max.saturating_mul(2),
            "must be zero, or at least twice election_timeout_max",
            drawn |_, drawn, dice| drawn.election_timeout_max.saturating_mul(dice.pick(&DRAWN_TRANSFERS));
        /// After how many applied entries a server takes a snapshot and drops what came before; never if zero.
        snapshot_every: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 4, 16, 64]);
        /// How many bytes of a snapshot one message carries at most.
        snapshot_chunk: u32 = 4_096, in 64.., drawn |_, _, dice| dice.pick(&[64, 512, 4_096]);
        /// How often an operator asks for a change of membership; never if zero.
        reconfigure_every: Duration = "0s",
            drawn |_, drawn, dice| drawn.election_timeout_max.saturating_mul(dice.pick(&DRAWN_CHANGES));
        /// Whether the voters change through a joint configuration.
        joint: bool = false, drawn |_, _, dice| dice.pick(&[false, true]);
        /// How many of the last members begin as learners, who do not vote.
        learners: u32 = 0, drawn |own, _, dice| own.learners.max(dice.pick(&DRAWN_LEARNERS));
        /// How long it takes until what is committed is applied.
        apply_delay: Duration = "0s",
            must |own| own.apply_delay <= own.election_timeout_min, "must be at most election_timeout_min",
            drawn |own, _, dice| dice.eighths(own.heartbeat, 0..=2) * dice.within(0..=1);
        /// Whether each client begins every operation at one server, its own, which passes it on to the leader. Else it asks the leader.
        local_clients: bool = false, drawn |_, _, dice| dice.pick(&[false, true]);
    }
}

impl Parameters {
    /// Whether the members may change, or do not all vote.
    pub fn changes_members(&self) -> bool {
        !self.reconfigure_every.is_zero() || self.learners > 0
    }

    /// The longest that the protocol waits before it acts.
    pub fn largest_timeout(&self) -> Duration {
        self.election_timeout_max.max(self.client_retry).max(self.disk_retry)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::random::{StreamName, stream};
    use sim_core::registry::parameters::ParameterSet;

    use super::*;

    #[test]
    fn unknown_and_absurd_settings_are_refused_by_name() {
        for (value, name) in [
            (json!({ "heartbeats": "5ms" }), "heartbeats"),
            (json!({ "heartbeat": "0s" }), "heartbeat"),
            (json!({ "heartbeat": "76ms" }), "heartbeat"),
            (json!({ "max_batch": 0 }), "max_batch"),
            (json!({ "max_inflight": 0 }), "max_inflight"),
            (json!({ "election_timeout_max": "149ms" }), "election_timeout_max"),
        ] {
            assert_eq!(Parameters::read(&value).unwrap_err().path, [name], "{value}");
        }
    }

    #[test]
    fn drawn_settings_are_legal_and_differ() {
        let base = Parameters::default();
        let draw = |seed| base.drawn(&mut stream(seed, StreamName::Configuration));
        for seed in 0..500 {
            let drawn = draw(seed);
            assert_eq!(Parameters::read(&drawn.write()), Ok(drawn));
            assert!(drawn.check_quorum || !drawn.leases());
            assert!(drawn.election_timeout_min >= base.election_timeout_min);
        }
        let off = |of: fn(&Parameters) -> bool| (0..500).filter(|seed| !of(&draw(*seed))).count();
        assert!((60..200).contains(&off(|drawn| drawn.pre_vote)), "safeguards are off now and then");
        assert!((60..200).contains(&off(|drawn| drawn.check_quorum)), "safeguards are off now and then");
        let learners = (0..500).filter(|seed| draw(*seed).learners > 0).count();
        assert!((100..250).contains(&learners), "{learners} of 500 have learners");
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(3), draw(3));
    }
}
