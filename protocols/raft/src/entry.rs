//! Raft as the registry knows it: what it is called, what can be set, and how a run is launched.

use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sim_core::facts::Facts;
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::registry::{
    Cluster, Entry, FaultModel, Launch, LaunchError, Named, ParameterError, ProtocolInfo, parse_parameters,
};
use sim_core::setup::Setup;
use sim_core::simulate::{Subject, simulate};
use sim_core::time::Duration;

use super::initial::{self, InitialState};
use super::liveness::RaftLiveness;
use super::node::RaftFactory;
use super::parameters::{KNOBS, Parameters};
use super::plants::{PLANTS, Plants};
use super::safety::{CHECKS, checks};
use super::service::KeyValueService;
use super::traitors::{Behavior, Traitors};
use super::vocabulary::{RaftMessage, RaftObservation};

/// Raft in the registry.
#[derive(Clone, Copy, Debug, Default)]
pub struct RaftEntry;

const INFO: ProtocolInfo = ProtocolInfo {
    name: "raft",
    title: "Raft: a replicated log under one elected leader",
    about: "Servers elect a leader, which replicates a log of client operations to a majority; each server applies \
            the committed log to a key-value store. Pre-vote, check-quorum, pipelining, batching, a journal for term, \
            vote and log, and client sessions that make every operation happen once.",
    roles: &["follower", "candidate", "leader", "halted"],
    messages: RaftMessage::KINDS,
    observations: RaftObservation::KINDS,
    knobs: KNOBS,
    behaviors: &BEHAVIORS,
    plants: PLANTS,
    checks: CHECKS,
    objects: &[ObjectModel::Register, ObjectModel::CasRegister, ObjectModel::Kv],
    journals: true,
    // A leader writes to each of the others, and each election asks all.
    most_nodes: 10_000,
};

const BEHAVIORS: [Named; Behavior::ALL.len()] = [Behavior::ALL[0].named(), Behavior::ALL[1].named()];

/// The behavior that a scenario names.
fn behavior(name: Option<&str>) -> Result<Behavior, LaunchError> {
    let Some(name) = name else { return Ok(Behavior::InflateTerm) };
    Behavior::find(name).ok_or_else(|| {
        let known: Vec<&str> = BEHAVIORS.iter().map(|named| named.name).collect();
        let reason = format!("unknown behavior \"{name}\"; there is {}", known.join(", "));
        LaunchError::Unfit { protocol: INFO.name, reason }
    })
}

impl Entry for RaftEntry {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        let parameters: Parameters = parse_parameters(parameters)?;
        parameters.validate()?;
        Ok(Box::new(RaftCluster { parameters }))
    }

    fn schema(&self) -> Value {
        Parameters::schema()
    }

    fn state_schema(&self) -> Option<Value> {
        Some(initial::schema())
    }
}

/// A Raft cluster, ready to run.
#[derive(Clone, Copy, Debug)]
struct RaftCluster {
    parameters: Parameters,
}

impl Cluster for RaftCluster {
    fn parameters(&self) -> Value {
        serde_json::to_value(self.parameters).unwrap_or_else(|_| json!({}))
    }

    fn drawn(&self, rng: &mut ChaCha8Rng) -> Box<dyn Cluster> {
        Box::new(Self { parameters: self.parameters.drawn(rng) })
    }

    /// A minority may be down or cut off. Every disk has to keep what it synced: a server that comes back without it
    /// could vote twice in one term.
    fn fault_model(&self, members: u32) -> FaultModel {
        FaultModel { crashed: members.saturating_sub(1) / 2, lost_disks: 0, byzantine: 0 }
    }

    fn largest_timeout(&self) -> Duration {
        self.parameters.largest_timeout()
    }

    fn check_state(&self, state: &Value, members: u32) -> Result<(), ParameterError> {
        InitialState::read(state, members).map(|_| ())
    }

    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError> {
        let plants = Plants::named(&launch.plants)?;
        let read = |state| InitialState::read(state, setup.members);
        let initial = setup.initial.state.as_ref().map(read).transpose();
        let initial = initial.map_err(|error| LaunchError::Setup(error.message))?.unwrap_or_default();
        let behavior = behavior(setup.behavior.as_deref())?;
        let subject = Subject {
            protocol: INFO.name,
            factory: Box::new(RaftFactory { parameters: self.parameters, plants, initial }),
            checks: checks(),
            coalition: Some(Box::new(Traitors::new(behavior, setup.members))),
            service: Box::new(KeyValueService),
            liveness: Box::new(RaftLiveness::new(&self.parameters, setup)),
            model: self.fault_model(setup.members),
        };
        simulate(setup, launch, subject)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::random::{StreamName, stream};

    use super::*;

    #[test]
    fn parameters_survive_the_registry() {
        let cluster = RaftEntry.configure(&json!({ "pre_vote": false })).unwrap();
        assert_eq!(cluster.parameters()["pre_vote"], json!(false));
        assert_eq!(cluster.parameters()["heartbeat"], json!("50ms"));
        assert_eq!(cluster.largest_timeout(), Duration::from_millis(500));
        let drawn = cluster.drawn(&mut stream(1, StreamName::Configuration));
        assert!(RaftEntry.configure(&drawn.parameters()).is_ok());
        assert_eq!(drawn.parameters()["pre_vote"], json!(false), "what forfeits something is never drawn");
    }

    #[test]
    fn bad_parameters_are_refused_with_their_place() {
        let Err(error) = RaftEntry.configure(&json!({ "heartbeat": "1s" })) else { panic!("accepted") };
        assert_eq!(error.path, ["heartbeat"]);
        assert!(RaftEntry.configure(&json!({ "hartbeat": "1ms" })).is_err());
    }

    #[test]
    fn a_minority_may_fail() {
        let cluster = RaftEntry.configure(&json!({})).unwrap();
        let crashed = |members| cluster.fault_model(members).crashed;
        assert_eq!([1, 2, 3, 4, 5, 7].map(crashed), [0, 0, 1, 1, 2, 3]);
    }
}
