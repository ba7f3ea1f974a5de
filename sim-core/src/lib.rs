//! sim-core
pub mod hash;
pub mod queue;
pub mod ratio;
pub mod slab;
pub mod time;
