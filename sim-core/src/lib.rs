//! sim-core
pub mod ratio;
pub mod time;
