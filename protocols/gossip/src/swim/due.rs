//! What a member waits for besides the deadlines of suspicions, by its monotonic clock.

use sim_core::time::Time;

/// The moments, [`Time::MAX`] for what it does not wait for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// For when the timer is set.
    pub(super) set: Time,
    /// The next period.
    pub(super) probe: Time,
    /// Others are asked to probe.
    pub(super) indirect: Time,
    /// Somebody is told that a probe for them was not answered.
    pub(super) nack: Time,
    /// Updates are gossiped.
    pub(super) gossip: Time,
    /// Views are compared.
    pub(super) push_pull: Time,
    /// A dead member is tried.
    pub(super) reconnect: Time,
    /// Somebody is asked to let it join.
    pub(super) join: Time,
    /// It leaves, or has left.
    pub(super) leave: Time,
    /// A dead member is forgotten.
    pub(super) reap: Time,
}

impl Due {
    pub(super) const fn never() -> Self {
        let never = Time::MAX;
        Self {
            set: never,
            probe: never,
            indirect: never,
            nack: never,
            gossip: never,
            push_pull: never,
            reconnect: never,
            join: never,
            leave: never,
            reap: never,
        }
    }

    pub(super) fn earliest(&self) -> Time {
        let first = self.probe.min(self.indirect).min(self.nack).min(self.gossip);
        let second = self.push_pull.min(self.reconnect).min(self.join).min(self.leave);
        first.min(second).min(self.reap)
    }
}
