//! The parameters of reliable broadcast.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

use super::vocabulary::Broadcast;

/// What a swarm draws lengths of time in multiples of.
const STEP: Duration = Duration::from_millis(20);

sim_core::parameters! {
    /// What is broadcast, and by whom. Broadcasts that these parameters do not foresee are ignored, so that traitors cannot
    /// fill a member's memory.
    pub struct Parameters {
        /// How many members broadcast: the first ones.
        broadcasters: u32 = 1, in 1.., drawn |_, _, dice| dice.within(1..=4) as u32;
        /// How many values each of them broadcasts.
        broadcasts: u64 = 10;
        /// Time between two broadcasts of one member; the first comes within the first interval.
        interval: Duration = "100ms", in ABOVE_ZERO, drawn |_, _, dice| dice.times(STEP, 1..=10);
        /// After which time a failed sync is tried again.
        disk_retry: Duration = "100ms", in ABOVE_ZERO, drawn |_, _, dice| dice.times(STEP, 1..=10);
    }
}

impl Parameters {
    /// Whether a broadcast is one of those that are made.
    pub const fn foresee(&self, broadcast: &Broadcast) -> bool {
        broadcast.sender.0 < self.broadcasters
            && broadcast.sequence >= 1
            && broadcast.sequence <= self.broadcasts
    }
}
