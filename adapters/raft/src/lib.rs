//! The crate [`raft`] (TiKV's) under test: replicas of a key-value store on its log, with journals, crashes and clients.
//!
//! In reading order: [`vocabulary`] (its messages, as facts), [`replica`]. What is judged stands here: one leader per term, logs
//! that match, commits that agree and are durable on a majority, terms and commits that never go back, and that what clients see
//! is linearizable.

pub mod replica;
pub mod vocabulary;

use adapter_kit::judge::bears;
use adapter_kit::node::store;
use seedstorm::sim_core;
use sim_core::check::neutral::{Agreement, DurableOnQuorum, LogMatching, Monotone, OnePerRank, majority};
use sim_core::facts::Facts;
use sim_core::operation::ObjectModel;
use sim_core::registry::parameters::{ABOVE_ZERO, ParameterSet};
use sim_core::registry::{ProtocolInfo, Registry, Simple};
use sim_core::time::Duration;

use replica::Replica;
use vocabulary::{Report, Tikv, Word};

sim_core::parameters! {
    /// How often it ticks, and what it does after how many ticks.
    #[derive(Copy)]
    pub struct Parameters {
        /// Time between two ticks.
        tick: Duration = "10ms", in ABOVE_ZERO;
        /// Ticks until a leader that is not heard is replaced; twice as many at most.
        election_ticks: u32 = 10, in 2.., drawn |_, _, dice| dice.within(6..=20) as u32;
        /// Ticks between two heartbeats.
        heartbeat_ticks: u32 = 2, in 1..,
            must |own| own.heartbeat_ticks < own.election_ticks, "must be below election_ticks",
            drawn |_, _, dice| dice.within(1..=3) as u32;
        /// Whether a replica asks if it would win before it raises its term.
        pre_vote: bool = true, drawn |_, _, dice| dice.within(0..=1) == 1;
        /// Whether a leader that does not hear from a majority steps down.
        check_quorum: bool = true,
            forfeits "progress while a leader that reaches no majority is still heard by a follower with the longest log";
        /// Bytes of entries in one message.
        batch_bytes: u64 = 1_048_576, drawn |_, _, dice| dice.pick(&[0, 200, 1_048_576]);
        /// Messages with entries that are under way to one follower.
        inflight: u32 = 256, in 1.., drawn |_, _, dice| dice.pick(&[1, 2, 16, 256]);
    }
}

sim_core::plants! {
    /// Mistakes at the boundary, which an adapter makes and not the crate.
    pub struct Plants {
        /// A ready counts as persisted before it is on disk.
        ack_before_sync {
            name: "ack-before-sync",
            id: "TR1",
            breaks: "process/panic",
            source: "a storage that does not wait for fsync",
            witness: "swarm.toml",
        }
        /// Term and vote are kept in memory only.
        forget_vote {
            name: "forget-vote",
            id: "TR2",
            breaks: "raft-rs/term-monotone",
            source: "a storage that takes the hard state for a cache",
            witness: "swarm.toml",
        }
    }
}

sim_core::checks! {
    /// What is checked, beside linearizability.
    fn checks(members: u32) -> Tikv {
        "raft-rs/election-safety": "No two replicas lead in one term."
            => OnePerRank::of("leader"),
        "raft-rs/log-matching": "Logs that have an entry of one index and term are equal up to it."
            => LogMatching::on(&["Wrote"]),
        "raft-rs/agreement": "No two replicas commit different entries at one index."
            => Agreement::at_positions(&["Committed"]),
        "raft-rs/durable": "What is committed is on the disks of a majority."
            => DurableOnQuorum::new(majority(members), &["Wrote"], &["Committed"]),
        "raft-rs/term-monotone": "The term of a replica never goes back, over crashes neither."
            => Monotone::rank(&["Entered"]).over_crashes(),
        "raft-rs/commit-monotone": "The commit index of a replica never goes back while it runs."
            => Monotone::position(&["Committed"]),
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "The published crate raft 0.7.0, as it is, with readies that are persisted asynchronously.",
    roles: &["leader", "follower"],
    messages: Word::KINDS,
    observations: Report::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    objects: &[ObjectModel::Register, ObjectModel::CasRegister, ObjectModel::Kv],
    fixed_members: Some("the adapter does not reconfigure it"),
    most_nodes: 64,
    ..ProtocolInfo::new("raft-rs", "The crate raft, which TiKV replicates its regions with")
};

/// The protocols of this package.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    let entry = Simple::new(&INFO, |parameters: &Parameters, setup, launch| {
        let (parameters, plants) = (*parameters, Plants::of(launch));
        store("raft-rs", checks(setup.members), move |boot| Replica::boot(boot, parameters, plants))
    });
    let patience =
        |parameters: &Parameters| parameters.tick.saturating_mul(2 * u64::from(parameters.election_ticks));
    registry.register(entry.bears(bears).waits(patience));
    registry
}
