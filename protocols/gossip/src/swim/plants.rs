//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// A member that is suspect or dead counts as alive again by an update of the same or an earlier incarnation.
        stale_alive {
            name: "stale-alive",
            id: "G01",
            breaks: "swim/incarnations",
            source: "SWIM, section 4.2; the rule in memberlist's aliveNode",
            witness: "swim-witness-stale-alive",
        }
        /// A member that hears of its own suspicion does not deny it.
        never_refutes {
            name: "never-refutes",
            id: "G02",
            breaks: "swim/refutation",
            source: "SWIM, section 4.2; atomix PR1062",
            witness: "swim-witness-never-refutes",
        }
        /// A dead member is removed at once, so that an old update makes it alive again.
        no_tombstones {
            name: "no-tombstones",
            id: "G03",
            breaks: "swim/incarnations",
            source: "memberlist 63ef41a",
            witness: "swim-witness-no-tombstones",
        }
        /// Within one incarnation, alive overrides suspect.
        alive_beats_suspect {
            name: "alive-beats-suspect",
            id: "G04",
            breaks: "swim/incarnations",
            source: "ringpop-go fdc5c10",
            witness: "swim-witness-alive-beats-suspect",
        }
        /// Members that were declared dead are never contacted again.
        no_reconnect {
            name: "no-reconnect",
            id: "G07",
            breaks: "progress",
            source: "ringpop-node #42; ringpop-go #135; actor-ts #930; weaviate PR10698",
            witness: "swim-witness-no-reconnect",
        }
        /// A suspicion about a member that is not known adds it.
        suspect_adds {
            name: "suspect-adds",
            id: "G09",
            breaks: "swim/incarnations",
            source: "atomix PR962",
            witness: "swim-witness-suspect-adds",
        }
        /// Updates wait in one queue, without counting how often each was sent.
        plain_queue {
            name: "plain-queue",
            id: "G12",
            breaks: "swim/transmit-limit",
            source: "memberlist queue.go; 395d529",
            witness: "swim-witness-plain-queue",
        }
        /// A member suspects whoever does not answer its direct probe, without asking others.
        no_indirect_wait {
            name: "no-indirect-wait",
            id: "G14",
            breaks: "swim/indirect-probes",
            source: "DAOS-11274 PR10378",
            witness: "swim-witness-no-indirect-wait",
        }
        /// A member that is slow itself suspects everybody: it does not count its own failures.
        no_local_health {
            name: "no-local-health",
            id: "G16",
            breaks: "swim/accuracy",
            source: "Lifeguard (Dadgar et al. 2017)",
            witness: "swim-witness-no-local-health",
        }
    }
}
