//! Protocols under test, each with its checks. Every family is a crate of its own; this one collects them.
//!
//! - [`raft`]: consensus of a replicated log
//! - [`gossip`]: dissemination by random contacts
//! - [`byzantine`]: agreement in spite of members that lie

use sim_core::registry::Registry;

pub use {byzantine, gossip, raft};

/// Registers every protocol.
pub fn register(registry: &mut Registry) {
    registry
        .register(raft::entry::RaftEntry)
        .register(byzantine::bracha::entry::BrachaEntry)
        .register(gossip::epidemic::entry::EpidemicEntry);
}
