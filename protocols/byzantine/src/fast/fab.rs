//! FaB as the registry knows it.

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
        /// Reports count against a request whatever their views, so that nothing may be proposed after some of them.
        published {
            name: "weak-progress-certificate",
            id: "B31",
            breaks: "liveness: a leader may propose nothing",
            source: "arXiv 1712.01367, section 4",
            witness: "fab-witness-weak-progress-certificate",
        }
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    about: "A leader proposes a request and members accept it. Whoever sees that all did decides, two delays after the proposal; a \
            quorum that knows that a quorum accepted decides as well, one delay later (Martin and Alvisi 2006, parameterized \
            for n = 3f + 1 and t = 0). One slot of the log. What a new view keeps follows arXiv 1801.10022. Of n members, \
            f = floor((n - 1) / 3) may lie or be down, both kinds together.",
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
        "fab",
        "FaB: a decision in two message delays, in one slot, in spite of members that lie",
    )
};

/// FaB in the registry.
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
    let rule = if Plants::of(launch).published { Rule::NothingAgainstIt } else { Rule::HighestView };
    let style = Style { learners: Learners::Members, rule };
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
        ..Subject::new("fab", Members { style, parameters: *parameters })
    }
}

checks_of! {
    "fab/agreement",
    "fab/certified",
    "fab/kept",
    "fab/validity",
    "fab/certificates",
    "fab/equivocation",
    "fab/evidence",
}
