//! The world of a run: time, events, randomness, processes, network, disks, clocks, faults, checks and the outcome.

pub mod activity;
pub mod adversary;
pub mod capped;
pub mod check;
pub mod coalition;
pub mod digest;
pub mod disk;
pub mod distribution;
pub mod facts;
pub mod fault;
pub mod ground;
pub mod hash;
pub mod history;
pub mod identity;
pub mod judgment;
pub mod launch;
pub mod lookout;
pub mod math;
pub mod metrics;
pub mod network;
pub mod operation;
pub mod outcome;
pub mod part;
pub mod picture;
pub mod process;
pub mod progress;
pub mod queue;
pub mod random;
pub mod ratio;
pub mod registry;
pub mod setup;
pub mod slab;
pub mod stats;
pub mod story;
pub mod sweep;
pub mod text;
pub mod time;
pub mod trace;
pub mod tree;
pub mod workload;

mod agenda;
mod clock;
mod kernel;
mod runs;
mod server;
mod subject;
mod timers;
mod world;

/// From a setup and a system under test to an outcome.
pub mod simulate {
    pub use crate::runs::{
        Bounds, EveryOrder, Schedules, by_priorities, every_order, simulate, simulate_choices,
    };
    pub use crate::subject::{Liveness, NothingOwed, Reach, Subject};
}

/// Workloads that benchmarks need from inside.
#[doc(hidden)]
pub mod workbench {
    pub use crate::kernel::phold::Phold;
}
