//! From a scenario file to a verdict: parsing with places, compiling, running, replaying, exploring.

pub mod document;
pub mod problem;
