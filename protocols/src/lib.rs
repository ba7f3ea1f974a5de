//! Protocols under test, each with its safety checks.

pub mod epidemic;
pub mod raft;
