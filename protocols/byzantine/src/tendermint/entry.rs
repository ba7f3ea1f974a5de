//! Tendermint as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::liveness::TendermintLiveness;
use super::node::{Members, Node};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::{CHECKS, checks};
use super::traitors::{BEHAVIORS, traitors};
use super::vocabulary::{ROUNDS, Tendermint, TendermintMessage, TendermintObservation};
use crate::service::Objects;

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Members decide one block after the other, each in rounds: a proposer proposes, members prevote, and precommit \
            to what a quorum prevoted for (Buchman, Kwon, Milosevic 2018). Who precommits is locked on the block until a \
            quorum prevotes for another one in a later round. Votes count by power. Of a power of n, f = floor((n - 1) / \
            3) may lie or be down, both kinds together.",
    roles: &["proposer", "validator", "halted"],
    messages: TendermintMessage::KINDS,
    rounds: ROUNDS,
    observations: TendermintObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: BEHAVIORS,
    plants: Plants::ALL,
    checks: CHECKS,
    objects: objects::MODELS,
    corrupt_clients: true,
    // Each decision takes 2n^2 messages.
    most_nodes: 2_000,
    fixed_members: Some("its quorums are those of the members that it starts with"),
    ..ProtocolInfo::new("tendermint", "Tendermint: a chain of blocks in spite of members that lie")
};

/// Tendermint in the registry.
///
/// Crashed members and traitors share f. The budget counts members: as many as have a power of f together, whichever they
/// are. A disk that loses what was durable makes its owner sign again, as a traitor does, so that none is borne beside the
/// traitors.
pub const ENTRY: Simple<Parameters, Tendermint, Node> = Simple::new(&INFO, system)
    .bears_by(|parameters, members| {
        let faulty = parameters.power.borne(members);
        FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty, outages: false }
    })
    .waits(Parameters::largest_timeout);

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Tendermint, Node> {
    let members = Members { parameters: *parameters, plants: Plants::of(launch) };
    let planned = setup.faults.leaders();
    Subject {
        checks: checks(setup.members, *parameters, &planned),
        coalition: Some(Box::new(traitors(setup.behavior.as_deref(), setup.members, parameters, &planned))),
        service: Box::new(Objects),
        liveness: Box::new(TendermintLiveness::new(parameters, setup)),
        ..Subject::new("tendermint", members)
    }
}
