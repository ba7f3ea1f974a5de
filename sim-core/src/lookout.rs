//! Somebody who looks on from outside while a run goes on: to show how far it has come, to end it, or to see where it hangs.
//! Nothing in a run depends on who looks on, unless they end it.

use std::fmt::Debug;

use crate::identity::Slot;
use crate::time::Time;

/// So many events lie between two calls of [`Lookout::passed`].
pub const EVERY: u64 = 1_024;

/// Looks on.
pub trait Lookout: Debug + Send + Sync {
    /// Called after every [`EVERY`] events with how many there were in all; whether the run may go on. A run that may not
    /// ends as [`Ended::Stopped`](crate::outcome::Ended::Stopped), and its outcome says nothing.
    fn passed(&self, events: u64, now: Time) -> bool;

    /// Called after the last event: what follows judges the run, and takes as long as it takes.
    fn ended(&self) {}

    /// Called in a traced run before each step, with its number.
    fn stepping(&self, _events: u64, _now: Time, _slot: Slot) {}
}
