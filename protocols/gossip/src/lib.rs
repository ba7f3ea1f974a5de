//! Protocols that spread what they know by random contacts.
//!
//! - [`epidemic`]: rumors and the rules of losing interest in them

pub mod epidemic;
