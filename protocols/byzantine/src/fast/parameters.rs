//! The settings of a cluster, as they stand under `[cluster.zyzzyva]` and `[cluster.fab]`.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

use crate::certificate::Scheme;

/// A timeout is doubled no more often than this.
pub const DOUBLINGS: u32 = 3;

sim_core::parameters! {
    /// The settings of a cluster.
    #[derive(Copy)]
    pub struct Parameters {
        /// How many members are clients as well and ask for something: the first ones.
        clients: u32 = 2, in 1.., drawn |_, _, dice| dice.within(1..=4) as u32;
        /// Each client asks within this time.
        ask_within: Duration = "20ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.pick(&[own.ask_within, Duration::from_millis(200), Duration::from_secs(1)]);
        /// How long a member waits for a decision before it wants another leader. It doubles with each change of the view,
        /// three times at most.
        view_timeout: Duration = "300ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.view_timeout, 4..=16);
        /// How long a client of Zyzzyva waits for the answers of all once it has those of a quorum. Members wait for so much
        /// longer before they want another leader.
        collect_timeout: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.collect_timeout, 2..=16);
        /// How long a member waits before it tries a failed sync again.
        disk_retry: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.disk_retry, 4..=16);
        /// What signatures can do.
        signatures: Scheme = "single", drawn |_, _, dice| dice.pick(Scheme::ALL);
    }
}

impl Parameters {
    /// How long a member waits in a view after so many changes.
    pub fn patience(&self, attempts: u32) -> Duration {
        let doubled = self.view_timeout.saturating_mul(1 << attempts.min(DOUBLINGS));
        doubled.saturating_add(self.collect_timeout)
    }

    /// The longest that the protocol waits before it acts, doublings apart.
    pub fn largest_timeout(&self) -> Duration {
        let waits = self.view_timeout.saturating_add(self.collect_timeout);
        waits.max(self.disk_retry).max(self.ask_within)
    }
}
