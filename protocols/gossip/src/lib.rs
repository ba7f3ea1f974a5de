//! Protocols that spread what they know by random contacts.
//!
//! - [`epidemic`]: rumors and the rules of losing interest in them
//! - [`swim`]: membership and failure detection

pub mod epidemic;
pub mod swim;
