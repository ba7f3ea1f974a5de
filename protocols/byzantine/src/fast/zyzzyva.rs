//! Zyzzyva as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::choice::Rule;
use super::liveness::FastLiveness;
use super::parameters::Parameters;
use super::replica::{Members, Node};
use super::safety::checks_of;
use super::style::{Learners, Style};
use super::traitors::{BEHAVIORS, traitors};
use super::vocabulary::{Fast, FastMessage, FastObservation, ROUNDS};
use crate::quorum::Quorum;

sim_core::plants! {
    /// Which bugs are on.
    pub struct Plants {
        /// A new view keeps any certificate rather than what f + 1 members accepted in a later view.
        published {
            name: "certificate-first",
            id: "B30",
            breaks: "Agreement",
            source: "arXiv 1712.01367, section 3",
            witness: "zyzzyva-witness-certificate-first",
        }
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "A leader proposes a request, members accept it and answer its clients. A client decides if all answer the same, or \
            else has a quorum commit to a certificate of its answers (Kotla et al. 2007). One slot of the log, and members \
            that are clients as well. What a new view keeps follows arXiv 1801.10022. Of n members, f = floor((n - 1) / 3) \
            may lie or be down, both kinds together.",
    roles: &["leader", "acceptor", "halted"],
    messages: FastMessage::KINDS,
    rounds: ROUNDS,
    observations: FastObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: BEHAVIORS,
    plants: Plants::ALL,
    checks: CHECKS,
    // Each member tells each other one what is decided.
    most_nodes: 2_000,
    fixed_members: Some("its quorums are those of the members that it starts with"),
    ..ProtocolInfo::new(
        "zyzzyva",
        "Zyzzyva: a request decided by its client, in one slot, in spite of members that lie",
    )
};

/// Zyzzyva in the registry.
///
/// Crashed members and traitors share f. A disk that loses what was durable makes its owner sign again, as a traitor does,
/// so that none is borne beside the traitors.
pub const ENTRY: Simple<Parameters, Fast, Node> = Simple::new(&INFO, system)
    .bears(|members| {
        let faulty = Quorum::of(members).faulty();
        FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty, outages: false }
    })
    .waits(Parameters::largest_timeout);

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Fast, Node> {
    let rule = if Plants::of(launch).published { Rule::CertificateFirst } else { Rule::HighestView };
    let style = Style { learners: Learners::Clients, rule };
    let leaders = setup.faults.leaders();
    Subject {
        checks: checks(setup.members, parameters.clients),
        coalition: Some(Box::new(traitors(
            setup.behavior.as_deref(),
            setup.members,
            parameters.clients,
            &leaders,
        ))),
        liveness: Box::new(FastLiveness::new(parameters, setup)),
        ..Subject::new("zyzzyva", Members { style, parameters: *parameters })
    }
}

checks_of! {
    "zyzzyva/agreement",
    "zyzzyva/certified",
    "zyzzyva/kept",
    "zyzzyva/validity",
    "zyzzyva/certificates",
    "zyzzyva/equivocation",
    "zyzzyva/evidence",
}
