//! Protocols under test, each with its checks. Every family is a crate of its own; this one collects them.
//!
//! - [`raft`]: consensus of a replicated log
//! - [`gossip`]: dissemination by random contacts, membership, and a store that becomes equal
//! - [`byzantine`]: agreement in spite of members that lie
//! - [`coordination`]: agents that share work, a model's limits and a sink

use sim_core::registry::Registry;

pub use {byzantine, coordination, gossip, raft};

/// Registers every protocol.
pub fn register(registry: &mut Registry) {
    raft::register(registry);
    byzantine::register(registry);
    gossip::register(registry);
    coordination::register(registry);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::random::{StreamName, stream};

    use super::*;

    #[test]
    fn defaults_are_legal_and_so_is_what_a_swarm_draws() {
        let mut registry = Registry::new();
        register(&mut registry);
        assert_eq!(registry.iter().count(), 13);
        for entry in registry.iter() {
            let cluster = entry.configure(&json!({})).unwrap();
            let again = entry.configure(&cluster.parameters()).unwrap();
            assert_eq!(again.parameters(), cluster.parameters());
            for seed in 0..100 {
                let drawn = cluster.drawn(&mut stream(seed, StreamName::Configuration)).parameters();
                assert_eq!(entry.configure(&drawn).unwrap().parameters(), drawn);
            }
        }
    }
}
