//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// What a lost agent had is not given to anybody else.
        not_requeued {
            name: "not-requeued",
            id: "S01",
            breaks: "progress",
            source: "the rule in dask's handling of lost workers",
            witness: "coordination-witness-not-requeued",
        }
        /// Fences are not compared: the sink takes results of agents whose lease went to somebody else.
        no_fence {
            name: "no-fence",
            id: "S02",
            breaks: "coordination/exactly-once",
            source: "aegra #502; underway PR110, PR111",
            witness: "coordination-witness-no-fence",
        }
        /// Beats do not renew the leases of tasks that an agent works on.
        lease_not_renewed {
            name: "lease-not-renewed",
            id: "S05",
            breaks: "coordination/live-leases",
            source: "lion-reader PR917; memoryops PR111",
            witness: "coordination-witness-lease-not-renewed",
        }
        /// A home takes a task for begun as soon as it told a thief that it may have it. A thief that does not hear that asks for
        /// something else, and nobody does the task.
        steal_unconfirmed {
            name: "steal-unconfirmed",
            id: "S09",
            breaks: "progress",
            source: "dask 36b0ee8b8 (#5379)",
            witness: "coordination-witness-steal-unconfirmed",
        }
        /// The lock of a task whose agent was lost stays taken.
        lock_not_freed {
            name: "lock-not-freed",
            id: "S10",
            breaks: "progress",
            source: "dask ffcb2717f (#8770)",
            witness: "coordination-witness-lock-not-freed",
        }
        /// A new coordinator does not wait for the leases of its predecessor to end: what a lost agent had stays with it.
        failover_forgets {
            name: "failover-forgets",
            id: "S12",
            breaks: "progress",
            source: "Jepsen's analysis of Chronos (aphyr 326)",
            witness: "coordination-witness-failover-forgets",
        }
        /// Tasks that come into being are not checked for cycles.
        cycle_accepted {
            name: "cycle-accepted",
            id: "S13",
            breaks: "coordination/deadlock",
            source: "the rule in every scheduler of task graphs",
            witness: "coordination-witness-cycle-accepted",
        }
        /// The higher priority comes first, however long others wait.
        no_ageing {
            name: "no-ageing",
            id: "S14",
            breaks: "coordination/starvation",
            source: "the rule of ageing in schedulers with priorities",
            witness: "coordination-witness-no-ageing",
        }
        /// Agents are given tasks, and take them, without regard to the room that they have.
        no_back_pressure {
            name: "no-back-pressure",
            id: "S15",
            breaks: "coordination/queue-bound",
            source: "the rule of credits between producers and consumers",
            witness: "coordination-witness-no-back-pressure",
        }
        /// A coordinator acknowledges a note before its core has decided about it.
        acknowledged_early {
            name: "acknowledged-early",
            id: "S16",
            breaks: "coordination/memory",
            source: "Jepsen's analysis of Redis (aphyr 283): writes acknowledged before they are replicated",
            witness: "coordination-witness-acknowledged-early",
        }
        /// Agents that have not registered within the deadline are not named, and nobody asks what became of them.
        missing_unnamed {
            name: "missing-unnamed",
            id: "S17",
            breaks: "coordination/registry",
            source: "ray PR7343: workers that never register",
            witness: "coordination-witness-missing-unnamed",
        }
        /// Tasks go to agents of any namespace.
        namespace_ignored {
            name: "namespace-ignored",
            id: "S18",
            breaks: "coordination/registry",
            source: "cordum #11: capabilities that a task needs are ignored",
            witness: "coordination-witness-namespace-ignored",
        }
        /// A publisher gives up a subscriber that does not take an event, and reports nothing.
        event_dropped_silently {
            name: "event-dropped-silently",
            id: "S19",
            breaks: "coordination/events",
            source: "sensu-go #1096",
            witness: "coordination-witness-event-dropped-silently",
        }
        /// The breaker of an agent towards the coordinator opens, and neither lets anything try nor closes.
        breaker_stays_open {
            name: "breaker-stays-open",
            id: "S20",
            breaks: "progress",
            source: "opossum #276, resilience4j #935",
            witness: "coordination-witness-breaker-stays-open",
        }
        /// An agent that stands by has room for tasks before anybody called it.
        standby_has_room {
            name: "standby-has-room",
            id: "S21",
            breaks: "coordination/registry",
            source: "the rule of standbys: no work before they are called",
            witness: "coordination-witness-standby-has-room",
        }
        /// An agent that stands by is called as soon as another one is silent, whether that is gone or cut off.
        silent_is_gone {
            name: "silent-is-gone",
            id: "S22",
            breaks: "coordination/registry",
            source: "failover on silence alone, without a witness",
            witness: "coordination-witness-silent-is-gone",
        }
        /// An agent that is held for dead is taken for gone: its tasks go to others before its lease is over.
        dead_is_gone {
            name: "dead-is-gone",
            id: "H06",
            breaks: "coordination/live-leases",
            source: "failure detectors used as fences",
            witness: "coordination-witness-dead-is-gone",
        }
        /// Of notes that were written on both sides of a split at the same time, the last one wins: an acknowledged one is lost.
        last_writer_wins {
            name: "last-writer-wins",
            id: "H04",
            breaks: "coordination/memory",
            source: "Kingsbury, \"The trouble with timestamps\" (aphyr 299)",
            witness: "coordination-witness-last-writer-wins",
        }
    }
}

impl Plants {
    /// Those that are bugs of the core's agreement.
    pub fn raft(self) -> raft::plants::Plants {
        raft::plants::Plants::default()
    }
}
