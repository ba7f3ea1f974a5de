//! Faults: a plan says what may go wrong, a driver resolves it against the running world, the world executes actions.

pub mod action;
pub mod driver;
pub mod plan;

pub use action::{Action, ClockChange, CutId, Degradation, DegradeId, DiskFault, Reach};
pub use driver::FaultDriver;
pub use plan::{Executed, FaultPlan};
