//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// A tombstone is dropped once most members have confirmed it, and not all.
        early_collection {
            name: "early-collection",
            id: "G18",
            breaks: "store/resurrection",
            source: "scylladb issues 3560 and 23712: tombstones are purged before every replica has them, or while older hints live",
            witness: "store-witness-early-collection",
        }
        /// Clients stamp writes with their wall clocks alone.
        wall_clock {
            name: "wall-clock",
            id: "G19",
            breaks: "store/causality",
            source: "Kingsbury, \"The trouble with timestamps\" (2013)",
            witness: "store-witness-wall-clock",
        }
        /// A home acknowledges a write before it is on disk.
        eager_acknowledgment {
            name: "eager-acknowledgment",
            id: "G41",
            breaks: "store/durability",
            source: "Cassandra's commitlog_sync: periodic acknowledges writes that a crash loses",
            witness: "store-witness-eager-acknowledgment",
        }
        /// A hint is dropped when it is sent, and not when the home has it.
        hint_not_awaited {
            name: "hint-not-awaited",
            id: "G42",
            breaks: "store/survival",
            source: "Dynamo, section 4.6: a hint may be deleted once the transfer succeeds",
            witness: "store-witness-hint-not-awaited",
        }
        /// Answers to a write are counted, and not who answers.
        counted_twice {
            name: "counted-twice",
            id: "G43",
            breaks: "store/durability",
            source: "as R10: a duplicated answer counts as another member",
            witness: "store-witness-counted-twice",
        }
        /// What is repaired or handed over is stored without a look at the version that is there.
        blind_repair {
            name: "blind-repair",
            id: "G44",
            breaks: "store/newest",
            source: "a repair must merge: the last one to arrive is not the last one written",
            witness: "store-witness-blind-repair",
        }
        /// A client that starts anew keeps its actor, though it has forgotten what it wrote.
        reused_actor {
            name: "reused-actor",
            id: "G45",
            breaks: "store/siblings",
            source: "riak_kv issue 679: who has lost its vector and goes on as the same actor makes newer writes look older, or known",
            witness: "store-witness-reused-actor",
        }
    }
}
