//! What the places of Zyzzyva and FaB in the registry share.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::liveness::FastLiveness;
use super::parameters::Parameters;
use super::replica::{Members, Node};
use super::style::Style;
use super::traitors::{BEHAVIORS, traitors};
use super::vocabulary::{Fast, FastMessage, FastObservation, ROUNDS};
use crate::quorum::Quorum;

/// Either of the two in the registry.
pub type Entry = Simple<Parameters, Fast, Node>;

/// How a run of one of them is made.
type System = fn(&Parameters, &Setup, &Launch) -> Subject<Fast, Node>;

/// What both are, but for their names, plants and checks.
pub(super) const fn info(name: &'static str, title: &'static str) -> ProtocolInfo {
    ProtocolInfo {
        roles: &["leader", "acceptor", "halted"],
        messages: FastMessage::KINDS,
        rounds: ROUNDS,
        observations: FastObservation::KINDS,
        knobs: Parameters::KNOBS,
        behaviors: BEHAVIORS,
        // Each member tells each other one what is decided.
        most_nodes: 2_000,
        fixed_members: Some("its quorums are those of the members that it starts with"),
        ..ProtocolInfo::new(name, title)
    }
}

/// The place of one of them in the registry.
///
/// Crashed members and traitors share f. A disk that loses what was durable makes its owner sign again, as a traitor does,
/// so that none is borne beside the traitors.
pub(super) const fn entry(info: &'static ProtocolInfo, system: System) -> Entry {
    Simple::new(info, system)
        .bears(|members| {
            let faulty = Quorum::of(members).faulty();
            FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty, outages: false }
        })
        .waits(Parameters::largest_timeout)
}

/// A run of one of them, without its checks.
pub(super) fn subject(
    info: &ProtocolInfo,
    style: Style,
    parameters: &Parameters,
    setup: &Setup,
) -> Subject<Fast, Node> {
    let (behavior, planned) = (setup.behavior.as_deref(), setup.faults.leaders());
    Subject {
        coalition: Some(Box::new(traitors(behavior, setup.members, parameters.clients, &planned))),
        liveness: Box::new(FastLiveness::new(parameters, setup)),
        ..Subject::new(info.name, Members { style, parameters: *parameters })
    }
}
