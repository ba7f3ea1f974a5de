//! Protocols under test, each with its checks. Every family is a crate of its own; this one collects them.
//!
//! - [`raft`]: consensus of a replicated log
//! - [`gossip`]: dissemination by random contacts, and membership
//! - [`byzantine`]: agreement in spite of members that lie

use sim_core::registry::Registry;

pub use {byzantine, gossip, raft};

/// Registers every protocol.
pub fn register(registry: &mut Registry) {
    registry
        .register(raft::entry::ENTRY)
        .register(byzantine::bracha::entry::ENTRY)
        .register(byzantine::pbft::entry::ENTRY)
        .register(gossip::epidemic::entry::ENTRY)
        .register(gossip::swim::entry::ENTRY)
        .register(gossip::plumtree::entry::ENTRY);
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
        assert_eq!(registry.iter().count(), 6);
        for entry in registry.iter() {
            let cluster = entry.configure(&json!({})).unwrap();
            let again = entry.configure(&cluster.parameters()).unwrap();
            assert_eq!(again.parameters(), cluster.parameters());
            for seed in 0..100 {
                let drawn = cluster.drawn(&mut stream(seed, StreamName::Configuration)).parameters();
                assert_eq!(entry.configure(&drawn).unwrap().parameters(), drawn);
                for knob in entry.info().knobs.iter().filter(|knob| knob.forfeits.is_some()) {
                    let (drawn, set) = (&drawn[knob.name], &cluster.parameters()[knob.name]);
                    // Of some knobs, only one value forfeits anything.
                    let forfeits = match knob.name {
                        "reads" => drawn == "stale",
                        "push_pull_interval" | "reconnect_interval" | "compare_every" => drawn == "0s",
                        // The oracle owes less where these are drawn, and bugs in them show.
                        "interest" | "connection_limit" => false,
                        _ => drawn != set,
                    };
                    assert!(!forfeits, "{} is {drawn}", knob.name);
                }
            }
        }
    }
}
