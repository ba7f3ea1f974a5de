//! Faults: a plan says what may go wrong, a driver resolves it against the running world, the world executes actions.
//!
//! - [`FaultPlan`] is written by a person, or drawn by [`swarm`]; [`Fault`] is what can go wrong, [`Selector`] whom.
//! - [`FaultDriver`] fires the plan lazily, as time passes or as the protocol does something, and records what it did.
//! - [`Governor`] holds the budget: what a protocol need not survive is refused, and the refusal recorded.
//! - [`Action`] is what the world executes.
//! - [`rounds`] numbers all schedules of rounds of a cluster.
//! - [`family`] is the table of all kinds, for lists and explanations.

pub mod action;
pub mod domain;
pub mod driver;
pub mod executed;
pub mod family;
pub mod governor;
pub mod plan;
pub mod resolve;
pub mod rounds;
pub mod selector;
pub mod spec;
pub mod swarm;
pub mod validate;

mod links;
mod partition;
#[cfg(test)]
mod toy;
pub(crate) mod words;

pub use action::{Action, ClockChange, CutId, Degradation, DegradeId, DiskFault, Reach};
pub use driver::{Awaited, FaultDriver};
pub use executed::{Activity, Executed, Refusal};
pub use family::{Family, Kind};
pub use governor::{FaultGroup, FaultModel, Governor};
pub use plan::{FaultEntry, FaultPlan, Moment, Trigger};
pub use selector::{Selector, SlotList, UnknownTarget, Vocabulary};
pub use spec::Fault;
pub use swarm::SwarmSpace;
pub use validate::FaultError;
