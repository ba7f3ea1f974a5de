//! HotStuff as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::liveness::HotstuffLiveness;
use super::node::{Members, Node};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::{CHECKS, checks};
use super::traitors::{BEHAVIORS, traitors};
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, ROUNDS};
use crate::quorum::Quorum;
use crate::service::Objects;

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Replicas execute what clients ask for in the order of a chain of blocks (Yin et al. 2019). Votes go to one \
            member, so that a decision takes a number of messages that grows like n. Three rules say when a block is \
            committed: three phases (basic), a three-chain, or a two-chain with timeout certificates (Jolteon). Of n \
            members, f = floor((n - 1) / 3) may lie or be down, both kinds together.",
    roles: &["leader", "replica", "waiting", "halted"],
    messages: HotstuffMessage::KINDS,
    rounds: ROUNDS,
    observations: HotstuffObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: BEHAVIORS,
    plants: Plants::ALL,
    checks: CHECKS,
    objects: objects::MODELS,
    corrupt_clients: true,
    most_nodes: 10_000,
    fixed_members: Some("its quorums are those of the members that it starts with"),
    ..ProtocolInfo::new("hotstuff", "HotStuff: a replicated chain of blocks in spite of members that lie")
};

/// HotStuff in the registry.
///
/// Crashed members and traitors share f. A disk that loses what was durable makes its owner sign again, as a traitor does,
/// so that none is borne beside the traitors.
pub const ENTRY: Simple<Parameters, Hotstuff, Node> = Simple::new(&INFO, system)
    .bears(|members| {
        let faulty = Quorum::of(members).faulty();
        FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty, outages: false }
    })
    .waits(Parameters::largest_timeout);

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Hotstuff, Node> {
    let members = Members { parameters: *parameters, plants: Plants::of(launch) };
    let leaders = setup.faults.leaders();
    Subject {
        checks: checks(setup.members, parameters, &leaders),
        coalition: Some(Box::new(traitors(setup.behavior.as_deref(), setup.members, parameters, &leaders))),
        service: Box::new(Objects),
        liveness: Box::new(HotstuffLiveness::new(parameters, setup)),
        ..Subject::new("hotstuff", members)
    }
}
