//! The crate [`omnipaxos`] under test: replicas of a key-value store on its log, with journals, crashes and clients.
//!
//! In reading order: [`vocabulary`] (its messages, as facts), [`storage`] (its writes, on their way to a journal), [`replica`].
//! What is judged stands here: that decisions agree and are durable on a majority, that promises and decided
//! indices never go back, and that what clients see is linearizable.

pub mod replica;
pub mod storage;
pub mod vocabulary;

use adapter_kit::judge::bears;
use adapter_kit::node::store;
use seedstorm::sim_core;
use sim_core::check::neutral::{Agreement, DurableOnQuorum, Monotone, majority};
use sim_core::facts::Facts;
use sim_core::operation::ObjectModel;
use sim_core::registry::parameters::{ABOVE_ZERO, ParameterSet};
use sim_core::registry::{ProtocolInfo, Registry, Simple};
use sim_core::time::Duration;

use replica::Replica;
use vocabulary::{Omni, Report, Word};

sim_core::parameters! {
    /// How often it ticks, and what it does after how many ticks.
    #[derive(Copy)]
    pub struct Parameters {
        /// Time between two ticks.
        tick: Duration = "10ms", in ABOVE_ZERO;
        /// Ticks until a leader that is not heard is replaced.
        election_ticks: u32 = 10, in 1.., drawn |_, _, dice| dice.within(5..=20) as u32;
        /// Ticks until a message counts as lost.
        resend_ticks: u32 = 20, in 1.., drawn |_, _, dice| dice.within(10..=40) as u32;
        /// Entries in a batch.
        batch: u32 = 1, in 1.., drawn |_, _, dice| dice.within(1..=4) as u32;
    }
}

sim_core::plants! {
    /// Mistakes at the boundary, which an adapter makes and not the crate.
    pub struct Plants {
        /// Messages leave before what they rest on is on disk.
        ack_before_sync {
            name: "ack-before-sync",
            id: "OP1",
            breaks: "omnipaxos/durable",
            source: "a storage that does not wait for fsync",
            witness: "swarm.toml",
        }
        /// Promises are kept in memory only.
        forget_promise {
            name: "forget-promise",
            id: "OP2",
            breaks: "omnipaxos/promise-monotone",
            source: "a storage that takes a promise for a cache",
            witness: "swarm.toml",
        }
    }
}

sim_core::checks! {
    /// What is checked, beside linearizability.
    fn checks(members: u32) -> Omni {
        "omnipaxos/agreement": "No two replicas decide different entries at one index."
            => Agreement::at_positions(&["Decided"]),
        "omnipaxos/durable": "What is decided is on the disks of a majority."
            => DurableOnQuorum::new(majority(members), &["Wrote"], &["Decided"]),
        "omnipaxos/promise-monotone": "The ballot that a replica has promised never goes back, over crashes neither."
            => Monotone::rank(&["Promised"]).over_crashes(),
        "omnipaxos/decided-monotone": "The decided index of a replica never goes back while it runs."
            => Monotone::position(&["Decided"]),
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "The published crate omnipaxos 0.2.4, as it is.",
    roles: &["leader", "follower"],
    messages: Word::KINDS,
    observations: Report::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    objects: &[ObjectModel::Register, ObjectModel::CasRegister, ObjectModel::Kv],
    fixed_members: Some("the adapter does not reconfigure it"),
    most_nodes: 64,
    ..ProtocolInfo::new("omnipaxos", "OmniPaxos, a replicated log that survives partial partitions")
};

/// The protocols of this package.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    let entry = Simple::new(&INFO, |parameters: &Parameters, setup, launch| {
        let (parameters, plants) = (*parameters, Plants::of(launch));
        store("omnipaxos", checks(setup.members), move |boot| Replica::boot(boot, parameters, plants))
    });
    let patience = |parameters: &Parameters| {
        let ticks = u64::from(parameters.election_ticks.max(parameters.resend_ticks));
        parameters.tick.saturating_mul(2 * ticks)
    };
    let fits = |_: &Parameters, setup: &sim_core::setup::Setup| {
        if setup.members > 1 { Ok(()) } else { Err("omnipaxos needs more than one node".to_owned()) }
    };
    registry.register(entry.bears(bears).waits(patience).fits(fits));
    registry
}
