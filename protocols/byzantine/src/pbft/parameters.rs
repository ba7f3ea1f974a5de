//! The settings of a PBFT cluster, as they stand under `[cluster.pbft]`.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

use crate::certificate::Scheme;

/// A timeout is doubled no more often than this.
pub const DOUBLINGS: u32 = 3;

sim_core::parameters! {
    /// The settings of a PBFT cluster.
    #[derive(Copy)]
    pub struct Parameters {
        /// How long a replica waits for a request to be executed, or for a new view, before it wants another primary. It
        /// doubles with each view change in a row, three times at most.
        view_timeout: Duration = "500ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.view_timeout, 8..=16);
        /// How long a client waits for enough answers before it asks all replicas. Each wait for the same operation is twice as long as
        /// the last one, four times at most.
        client_retry: Duration = "500ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.client_retry, 4..=16);
        /// After how long a replica that was left behind asks others for what it lacks. While nothing comes of it, each wait is
        /// twice as long as the last one, four times at most.
        fetch_interval: Duration = "100ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.fetch_interval, 4..=16);
        /// How long a replica waits before it tries a failed sync again.
        disk_retry: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.disk_retry, 4..=16);
        /// How many requests a primary orders in one batch at most.
        max_batch: u32 = 16, in 1.., drawn |_, _, dice| dice.pick(&[1, 2, 4, 16]);
        /// How many batches may be under way before the first is executed.
        pipeline: u32 = 4, in 1.., drawn |_, _, dice| dice.pick(&[1, 2, 4, 16]);
        /// How many sequence numbers there are between two checkpoints.
        checkpoint_interval: u64 = 32, in 1..=65_536, drawn |_, _, dice| dice.pick(&[2, 4, 8, 32]);
        /// How many checkpoint intervals a replica may be ahead of its last stable checkpoint.
        window: u64 = 2, in 2..=64;
        /// Whether reads are answered by each replica at once, without being ordered. A client then waits for a quorum of
        /// equal answers to every request; without, f + 1 are enough.
        read_only: bool = false, drawn |_, _, dice| dice.pick(&[false, true]);
        /// What signatures can do.
        signatures: Scheme = "single", drawn |_, _, dice| dice.pick(Scheme::ALL);
    }
}

impl Parameters {
    /// How far sequence numbers may be ahead of the last stable checkpoint.
    pub const fn log_size(&self) -> u64 {
        self.checkpoint_interval * self.window
    }

    /// The longest that the protocol waits before it acts, doublings apart.
    pub fn largest_timeout(&self) -> Duration {
        self.view_timeout.max(self.client_retry).max(self.disk_retry).max(self.fetch_interval)
    }
}
