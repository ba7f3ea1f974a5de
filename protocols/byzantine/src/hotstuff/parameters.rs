//! The settings of a HotStuff cluster, as they stand under `[cluster.hotstuff]`.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

use crate::certificate::Scheme;

/// A timeout is doubled no more often than this.
pub const DOUBLINGS: u32 = 3;

sim_core::choices! {
    /// When a block is committed.
    pub enum Rule {
        /// After three phases of votes on it: prepare, pre-commit, commit.
        Basic = "basic",
        /// Once blocks of three consecutive views are certified, each on top of the other: the lowest one.
        ThreeChain = "three-chain",
        /// Once blocks of two consecutive views are certified, one on top of the other: the lower one. After a timeout,
        /// members vote only for what extends the highest certificate of those who gave up.
        TwoChain = "two-chain",
    }
}

sim_core::parameters! {
    /// The settings of a HotStuff cluster.
    #[derive(Copy)]
    pub struct Parameters {
        /// When a block is committed.
        rule: Rule = "three-chain", drawn |_, _, dice| dice.pick(Rule::ALL);
        /// How many views a leader keeps, unless it is given up before. A block is seen to be committed in the fourth view
        /// of a three-chain and the third of a two-chain, all of which must be led by honest members.
        views_per_leader: u64 = 4, in 1..=64,
            forfeits "progress, if it is so few that members that are down or lie always lead one of the views that a commit takes",
            drawn |_, _, dice| dice.pick(&[1, 2, 4, 4, 8]);
        /// How long a member waits in a view while requests wait, before it gives up its leader. It doubles with each
        /// timeout in a row, three times at most.
        view_timeout: Duration = "500ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.view_timeout, 8..=16);
        /// How long a client waits for enough answers before it asks all members. Each wait for the same operation is twice as long as
        /// the last one, four times at most.
        client_retry: Duration = "500ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.client_retry, 4..=16);
        /// After how long a member asks again for a block that it lacks. Each wait for the same block is twice as long as the
        /// last one, four times at most.
        fetch_interval: Duration = "100ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.fetch_interval, 4..=16);
        /// How long a member waits before it tries a failed sync again.
        disk_retry: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.disk_retry, 4..=16);
        /// How many requests a block holds at most.
        max_batch: u32 = 16, in 1.., drawn |_, _, dice| dice.pick(&[1, 2, 4, 16]);
        /// What signatures can do.
        signatures: Scheme = "single", drawn |_, _, dice| dice.pick(Scheme::ALL);
    }
}

impl Parameters {
    /// The longest that the protocol waits before it acts, doublings apart.
    pub fn largest_timeout(&self) -> Duration {
        self.view_timeout.max(self.client_retry).max(self.disk_retry).max(self.fetch_interval)
    }

    /// How many views in a row must be led by honest members for everybody to commit a block.
    pub const fn views_to_commit(&self) -> u64 {
        match self.rule {
            Rule::Basic => 1,
            Rule::ThreeChain => 4,
            Rule::TwoChain => 3,
        }
    }
}
