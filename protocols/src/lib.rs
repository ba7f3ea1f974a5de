//! Protocols under test, each with its safety checks.

pub mod bracha;
pub mod epidemic;
pub mod raft;
#[cfg(test)]
mod script;
