//! The settings of a Tendermint cluster, as they stand under `[cluster.tendermint]`.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

use crate::certificate::Scheme;
use crate::power::Power;
use crate::quorum::Quorum;

/// Timeouts grow in no more rounds of a height than this.
pub const GROWING_ROUNDS: u64 = 8;

sim_core::parameters! {
    /// The settings of a Tendermint cluster.
    #[derive(Copy)]
    pub struct Parameters {
        /// How long a member waits for the proposal of round 0.
        propose_timeout: Duration = "300ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.propose_timeout, 6..=16);
        /// How long a member that has the votes of a quorum waits for a quorum that agrees, in round 0: for prevotes, and
        /// again for precommits.
        vote_timeout: Duration = "150ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.vote_timeout, 6..=16);
        /// By how much both grow with each round of a height, eight times at most.
        timeout_delta: Duration = "100ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.timeout_delta, 4..=16);
        /// How long a client waits for enough answers before it asks all members again. Each wait for the same operation is twice as
        /// long as the last one, four times at most.
        client_retry: Duration = "500ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.client_retry, 4..=16);
        /// After how long a member that does not come further asks others for what it lacks. In one round, each wait is twice as
        /// long as the last one, four times at most.
        fetch_interval: Duration = "200ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.fetch_interval, 4..=16);
        /// How long a member waits before it tries a failed sync again.
        disk_retry: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.disk_retry, 4..=16);
        /// After how long without requests an empty block is proposed; "0s" for never.
        empty_interval: Duration = "0s";
        /// How many requests a block holds at most.
        max_batch: u32 = 16, in 1.., drawn |_, _, dice| dice.pick(&[1, 2, 4, 16]);
        /// How much the votes of each member count: one number for all, or a list that begins again where there are more
        /// members.
        power: Power = 1, drawn |own, _, dice| {
            let uneven = [&[2, 1][..], &[3, 2, 2]].map(|list| Power::listed(list).unwrap_or_default());
            dice.pick(&[own.power, own.power, uneven[0], uneven[1]])
        };
        /// What signatures can do.
        signatures: Scheme = "single", drawn |_, _, dice| dice.pick(Scheme::ALL);
    }
}

impl Parameters {
    /// The longest that the protocol waits before it acts, growth apart.
    pub fn largest_timeout(&self) -> Duration {
        let steps = self.propose_timeout.max(self.vote_timeout).max(self.timeout_delta);
        steps.max(self.client_retry).max(self.disk_retry).max(self.fetch_interval)
    }

    /// A timeout in a round.
    pub fn in_round(&self, timeout: Duration, round: u64) -> Duration {
        timeout.saturating_add(self.timeout_delta.saturating_mul(round.min(GROWING_ROUNDS)))
    }

    /// What it takes to decide among so many members.
    pub fn quorum(&self, members: u32) -> Quorum {
        self.power.quorum(members)
    }
}
