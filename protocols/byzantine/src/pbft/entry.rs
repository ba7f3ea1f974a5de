//! PBFT as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::liveness::PbftLiveness;
use super::node::{Members, Node};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::{CHECKS, checks};
use super::traitors::{BEHAVIORS, traitors};
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, ROUNDS};
use crate::quorum::Quorum;
use crate::service::Objects;

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Replicas execute what clients ask for in one order, which a primary proposes and quorums prepare and commit \
            (Castro and Liskov 1999). A primary that does not deliver is replaced by a view change. Checkpoints bound \
            what is remembered. Of n members, f = floor((n - 1) / 3) may lie or be down, both kinds together.",
    roles: &["primary", "backup", "changing", "halted"],
    messages: PbftMessage::KINDS,
    rounds: ROUNDS,
    observations: PbftObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: BEHAVIORS,
    plants: Plants::ALL,
    checks: CHECKS,
    objects: objects::MODELS,
    corrupt_clients: true,
    // Each decision takes 2n^2 messages.
    most_nodes: 2_000,
    fixed_members: Some("its quorums are those of the members that it starts with"),
    ..ProtocolInfo::new("pbft", "PBFT: a replicated service in spite of members that lie")
};

/// PBFT in the registry.
///
/// Crashed members and traitors share f. A disk that loses what was durable makes its owner sign again, as a traitor does,
/// so that none is borne beside the traitors. Of more than f that restart together, a quorum may have gone back to an earlier
/// checkpoint, and answer a read-only request with what was written over long ago.
pub const ENTRY: Simple<Parameters, Pbft, Node> = Simple::new(&INFO, system)
    .bears(|members| {
        let faulty = Quorum::of(members).faulty();
        FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty, outages: false }
    })
    .waits(Parameters::largest_timeout);

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Pbft, Node> {
    let members = Members { parameters: *parameters, plants: Plants::of(launch) };
    Subject {
        checks: checks(setup.members, *parameters),
        coalition: Some(Box::new(traitors(
            setup.behavior.as_deref(),
            setup.members,
            parameters,
            &setup.faults.leaders(),
        ))),
        service: Box::new(Objects),
        liveness: Box::new(PbftLiveness::new(parameters, setup)),
        ..Subject::new("pbft", members)
    }
}
