//! The world of a run: time, events, randomness, processes, network, disks, clocks, faults, checks and the outcome.

pub mod check;
pub mod digest;
pub mod disk;
pub mod distribution;
pub mod facts;
pub mod fault;
pub mod ground;
pub mod hash;
pub mod history;
pub mod identity;
pub mod math;
pub mod metrics;
pub mod operation;
pub mod outcome;
pub mod process;
pub mod queue;
pub mod random;
pub mod ratio;
pub mod registry;
pub mod setup;
pub mod slab;
pub mod time;
pub mod trace;
pub mod workload;
