//! Raft as the registry knows it: what it is called, what can be set, and how a run is launched.

use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::configuration::genesis;
use super::initial::{self, InitialState};
use super::liveness::RaftLiveness;
use super::node::{RaftFactory, RaftNode};
use super::parameters::Parameters;
use super::plants::Plants;
use super::safety::{ALL, judges};
use super::service::KeyValueService;
use super::stalling::Stalling;
use super::traitors::{Behavior, Traitors};
use super::versions;
use super::vocabulary::{Raft, RaftMessage, RaftObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Servers elect a leader, which replicates a log of client operations to a majority; each server applies \
            the committed log to objects that clients read and change. Pre-vote, check-quorum, pipelining, batching, a journal for term, \
            vote and log, and client sessions that make every operation happen once.",
    roles: &["follower", "candidate", "leader", "halted"],
    messages: RaftMessage::KINDS,
    observations: RaftObservation::KINDS,
    knobs: Parameters::KNOBS,
    behaviors: Behavior::NAMED,
    plants: Plants::ALL,
    stalls: Stalling::NAMES,
    checks: ALL,
    objects: objects::MODELS,
    // A leader writes to each of the others, and each election asks all.
    most_nodes: 10_000,
    clients_change_members: true,
    ..ProtocolInfo::new("raft", "Raft: a replicated log under one elected leader")
};

/// Raft in the registry.
///
/// A minority may be down or cut off, or have lost what their disks had synced: such a server halts, since it could vote
/// twice in one term. Where members come and leave, whoever runs in its place is somebody new, and replaces it.
pub const ENTRY: Simple<Parameters, Raft, RaftNode> = Simple::new(&INFO, system)
    .bears(|members| {
        let minority = members.saturating_sub(1) / 2;
        FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: true }
    })
    .waits(Parameters::largest_timeout)
    .runs_together(versions::together)
    .starts_from(initial::schema, |state, members| InitialState::read(state, members).map(drop))
    .starts_from_drawn(|parameters, members, dice| {
        let all: Vec<NodeId> = (0..members).map(NodeId).collect();
        initial::past::draw(members, genesis(&all, parameters.learners).voters.len(), dice)
    });

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Raft, RaftNode> {
    let initial =
        setup.initial.state.as_ref().and_then(|state| InitialState::read(state, setup.members).ok());
    let behavior = setup.behavior.as_deref().and_then(Behavior::find).unwrap_or(Behavior::InflateTerm);
    let changes = parameters.changes_members() || setup.faults.changes_members();
    let factory = RaftFactory {
        parameters: *parameters,
        plants: Plants::of(launch),
        stall: Stalling::of(launch),
        initial: initial.unwrap_or_default(),
        changes,
    };
    Subject {
        checks: judges(parameters, setup),
        coalition: Some(Box::new(Traitors::new(behavior, setup.members))),
        service: Box::new(KeyValueService { changes }),
        liveness: Box::new(RaftLiveness::new(parameters, setup)),
        // Leases rest on clocks; nothing else does.
        drift_ppm: if parameters.leases() {
            parameters.clock_drift_ppm.saturating_sub(setup.clocks.drift_ppm)
        } else {
            u32::MAX
        },
        ..Subject::new("raft", factory)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::random::{StreamName, stream};
    use sim_core::registry::Entry;
    use sim_core::time::Duration;

    use super::*;

    #[test]
    fn parameters_survive_the_registry() {
        let cluster = ENTRY.configure(&json!({ "pre_vote": false })).unwrap();
        assert_eq!(cluster.parameters()["pre_vote"], json!(false));
        assert_eq!(cluster.parameters()["heartbeat"], json!("50ms"));
        assert_eq!(cluster.largest_timeout(), Duration::from_millis(500));
        let drawn = cluster.drawn(&mut stream(1, StreamName::Configuration));
        assert!(ENTRY.configure(&drawn.parameters()).is_ok());
        assert_eq!(drawn.parameters()["pre_vote"], json!(false), "what forfeits something is never drawn");
    }

    #[test]
    fn bad_parameters_are_refused_with_their_place() {
        let Err(error) = ENTRY.configure(&json!({ "heartbeat": "1s" })) else { panic!("accepted") };
        assert_eq!(error.path, ["heartbeat"]);
        assert!(ENTRY.configure(&json!({ "hartbeat": "1ms" })).is_err());
    }

    #[test]
    fn a_minority_may_fail() {
        let cluster = ENTRY.configure(&json!({})).unwrap();
        let crashed = |members| cluster.fault_model(members).crashed;
        assert_eq!([1, 2, 3, 4, 5, 7].map(crashed), [0, 0, 1, 1, 2, 3]);
    }
}
