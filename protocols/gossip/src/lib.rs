//! Protocols that spread what they know by random contacts.
//!
//! - [`epidemic`]: rumors and the rules of losing interest in them
//! - [`hyparview`] and [`plumtree`]: an overlay of few links, and broadcast trees on it
//! - [`swim`]: membership and failure detection

pub mod epidemic;
pub mod hyparview;
pub mod plumtree;
pub mod swim;
