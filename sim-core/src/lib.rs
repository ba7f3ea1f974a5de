//! sim-core
pub mod distribution;
pub mod math;
pub mod random;
pub mod ratio;
pub mod time;
