//! Protocols that spread what they know by random contacts.
//!
//! - [`crdt`]: conflict-free replicated types
//! - [`epidemic`]: rumors and the rules of losing interest in them
//! - [`heartbeat`]: failure detection by a timeout or by phi
//! - [`hyparview`] and [`plumtree`]: an overlay of few links, and broadcast trees on it
//! - [`store`]: replicas that become equal
//! - [`swim`]: membership and failure detection

pub mod crdt;
pub mod epidemic;
pub mod heartbeat;
pub mod hyparview;
pub mod plumtree;
pub mod store;
pub mod swim;

use sim_core::registry::Registry;

/// Registers every protocol of the family. The code of their worlds is made here, beside their processes, so that one is inlined
/// into the other.
#[inline(never)]
pub fn register(registry: &mut Registry) {
    registry
        .register(epidemic::entry::ENTRY)
        .register(swim::entry::ENTRY)
        .register(plumtree::entry::ENTRY)
        .register(heartbeat::entry::ENTRY)
        .register(store::entry::ENTRY);
}
