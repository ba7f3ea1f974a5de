//! The crate [`iroh_gossip`] under test: its state machine without its network, members that join, broadcast, crash and come back.
//!
//! In reading order: [`vocabulary`] (its messages, as facts), [`parameters`] (its configuration), [`member`], [`ledger`] and
//! [`liveness`] (what is owed after a heal), [`checks`].

pub mod checks;
pub mod ledger;
pub mod liveness;
pub mod member;
pub mod parameters;
pub mod vocabulary;

use seedstorm::sim_core;
use sim_core::facts::Facts;
use sim_core::process::Boot;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, ProtocolInfo, Registry, Simple};
use sim_core::simulate::Subject;

use checks::{AfterTheHeal, Integrity, Once, TreeInView, Views};
use ledger::Ledger;
use liveness::{Hears, Left};
use member::Member;
use parameters::Parameters;
use vocabulary::{Gossips, Report, Word};

sim_core::plants! {
    /// Mistakes at the boundary, which an adapter makes and not the crate.
    pub struct Plants {
        /// Nobody hears that somebody wants to join.
        drop_joins {
            name: "drop-joins",
            id: "IG1",
            breaks: "iroh-gossip/heard",
            source: "a filter in front of the crate that does not know all kinds of messages",
            witness: "swarm.toml",
        }
        /// The application is now and then given a message twice.
        hands_over_twice {
            name: "hands-over-twice",
            id: "IG2",
            breaks: "iroh-gossip/once",
            source: "a subscriber that is added while messages are handed over",
            witness: "swarm.toml",
        }
    }
}

sim_core::checks! {
    /// What is checked.
    fn checks(parameters: &Parameters, ledger: &Ledger, left: &Left) -> Gossips {
        "iroh-gossip/views": "Neighbors come and go in turn, and fit in the active view."
            => Views::new(ledger.clone(), parameters.active_view),
        "iroh-gossip/integrity": "Nobody receives what nobody broadcast."
            => Integrity::default(),
        "iroh-gossip/once": "Nobody receives a broadcast twice."
            => Once::default(),
        "iroh-gossip/tree-in-view": "Broadcasts are announced to neighbors and nobody else."
            => TreeInView(ledger.clone()),
        "iroh-gossip/heard": "After the heal, everybody in the core receives broadcasts of everybody there."
            => AfterTheHeal::heard(left.clone()),
        "iroh-gossip/symmetric-views": "After the heal, nobody in the core stays the neighbor of somebody who is none of its own."
            => AfterTheHeal::symmetric(left.clone()),
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "The published crate iroh-gossip 0.101.0: its state machine (iroh_gossip::proto), as it is, on sessions that keep order.",
    roles: &["member"],
    messages: Word::KINDS,
    observations: Report::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    journals: false,
    most_nodes: 64,
    ..ProtocolInfo::new(
        "iroh-gossip",
        "The crate iroh-gossip: broadcast trees on partial views (Plumtree, HyParView)",
    )
};

/// Anybody may be down for a while, and a minority for good.
const fn bears(members: u32) -> FaultModel {
    let minority = members.saturating_sub(1) / 2;
    FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: true }
}

/// The protocols of this package.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    let entry = Simple::new(&INFO, |parameters: &Parameters, setup, launch| {
        let (parameters, plants, ledger) = (*parameters, Plants::of(launch), Ledger::default());
        let left = Left::default();
        Subject {
            checks: checks(&parameters, &ledger, &left),
            liveness: Box::new(Hears::new(parameters, setup, ledger, left)),
            ..Subject::new("iroh-gossip", move |boot: Boot<'_, Gossips>| {
                Member::boot(&boot, parameters, plants)
            })
        }
    });
    registry.register(entry.bears(bears).waits(|parameters| parameters.neighbor_timeout));
    registry
}
