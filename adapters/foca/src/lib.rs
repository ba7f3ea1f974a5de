//! The crate [`foca`] under test: members that probe each other, with crashes, restarts, leaves and newcomers.
//!
//! In reading order: [`identity`] (who members are, and how packets are written), [`vocabulary`] (its messages, as facts),
//! [`parameters`] (its configuration), [`member`], [`views`] and [`liveness`] (what is owed after a heal), [`checks`].

pub mod checks;
pub mod identity;
pub mod liveness;
pub mod member;
pub mod parameters;
pub mod views;
pub mod vocabulary;

use seedstorm::sim_core;
use sim_core::facts::Facts;
use sim_core::process::Boot;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, ProtocolInfo, Registry, Simple};
use sim_core::simulate::Subject;

use checks::{AfterTheHeal, Forward, NoErrors, OwnWord, Refutation};
use liveness::Converges;
use member::Member;
use parameters::Parameters;
use views::Ledger;
use vocabulary::{Foca, Report, Word};

sim_core::plants! {
    /// Mistakes at the boundary, which an adapter makes and not the crate.
    pub struct Plants {
        /// A member does not keep how often it was started.
        forget_boots {
            name: "forget-boots",
            id: "FO1",
            breaks: "foca/own-word",
            source: "a process that comes back under the identity that it had",
            witness: "swarm.toml",
        }
        /// Packets of members that have ever refuted a suspicion are dropped.
        drop_refutations {
            name: "drop-refutations",
            id: "FO2",
            breaks: "foca/refutation",
            source: "a filter in front of the crate that takes later incarnations for noise",
            witness: "swarm.toml",
        }
        /// Members are never told that they were declared down.
        drop_turn_undead {
            name: "drop-turn-undead",
            id: "FO3",
            breaks: "foca/convergence",
            source: "a filter in front of the crate that does not know all kinds of messages",
            witness: "swarm.toml",
        }
        /// Suspicions never time out.
        lose_suspicions {
            name: "lose-suspicions",
            id: "FO4",
            breaks: "foca/completeness",
            source: "a runtime that holds one timer",
            witness: "swarm.toml",
        }
    }
}

sim_core::checks! {
    /// What is checked.
    fn checks(members: u32, ledger: &Ledger) -> Foca {
        "foca/own-word": "What a member says that it is never goes back, over crashes neither: identities, and incarnations of each."
            => OwnWord::default(),
        "foca/forward": "A view never goes back, only a later incarnation refutes, and nobody is held to be what it never was."
            => Forward::new(ledger.clone(), members),
        "foca/refutation": "Whoever is handed a later incarnation of a suspect does not declare it down when the suspicion times out."
            => Refutation::default(),
        "foca/no-errors": "The crate returns no error to whoever keeps its rules."
            => NoErrors,
        "foca/completeness": "After the heal, nobody in the core holds a member up that is down for good."
            => AfterTheHeal::completeness(ledger.clone()),
        "foca/convergence": "After the heal, all members of the core hold each other up."
            => AfterTheHeal::convergence(ledger.clone()),
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "The published crate foca 2.0.0, as it is, with identities that renew themselves.",
    roles: &["member", "left"],
    messages: Word::KINDS,
    observations: Report::KINDS,
    knobs: Parameters::KNOBS,
    plants: Plants::ALL,
    checks: CHECKS,
    most_nodes: 64,
    ..ProtocolInfo::new("foca", "The crate foca: membership by probes and gossip (SWIM)")
};

/// Anybody may be down for a while, and a minority for good, with or without its disk.
const fn bears(members: u32) -> FaultModel {
    let minority = members.saturating_sub(1) / 2;
    FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: true }
}

/// The protocols of this package.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    let entry = Simple::new(&INFO, |parameters: &Parameters, setup, launch| {
        let (parameters, plants, ledger) = (*parameters, Plants::of(launch), Ledger::default());
        Subject {
            checks: checks(setup.members, &ledger),
            liveness: Box::new(Converges::new(parameters, setup, ledger)),
            ..Subject::new("foca", move |boot: Boot<'_, Foca>| Member::boot(&boot, parameters, plants))
        }
    });
    registry.register(entry.bears(bears).waits(|parameters| parameters.probe_period));
    registry
}
