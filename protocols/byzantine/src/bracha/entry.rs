//! Reliable broadcast as the registry knows it.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use serde_json::{Value, json};
use sim_core::check::Check;
use sim_core::facts::Facts;
use sim_core::operation::NoService;
use sim_core::outcome::Outcome;
use sim_core::random::below;
use sim_core::registry::{
    Cluster, Entry, FaultModel, Knob, Launch, LaunchError, Named, ParameterError, ProtocolInfo,
    parse_parameters,
};
use sim_core::setup::Setup;
use sim_core::simulate::{Subject, simulate};
use sim_core::time::Duration;

use super::accountability::Accountability;
use super::ledger::Ledger;
use super::liveness::BrachaLiveness;
use super::node::Members;
use super::pace;
use super::parameters::{Absurd, Parameters};
use super::safety::{Agreement, Integrity, Validity};
use super::thresholds::Thresholds;
use super::totality::Totality;
use super::traitors::{Behavior, Traitors};
use super::vocabulary::{Bracha, BrachaMessage, BrachaObservation};

/// Reliable broadcast in the registry.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrachaEntry;

const INFO: ProtocolInfo = ProtocolInfo {
    name: "bracha",
    title: "Bracha's reliable broadcast, with signatures",
    about: "A sender's value is delivered by all correct members or by none, and never two values for one broadcast \
            (Bracha 1987). Of n members, f = floor((n - 1) / 3) may lie or be down, both kinds together. What a \
            member signs it first writes down.",
    roles: &["broadcaster", "echoer", "halted"],
    messages: BrachaMessage::KINDS,
    observations: BrachaObservation::KINDS,
    knobs: KNOBS,
    behaviors: &BEHAVIORS,
    plants: &[],
    checks: CHECKS,
    objects: &[],
    journals: true,
    // Each broadcast takes 2n^2 messages.
    most_nodes: 10_000,
};

const KNOBS: &[Knob] = &[
    Knob { name: "broadcasters", default: "1", forfeits: None },
    Knob { name: "broadcasts", default: "10", forfeits: None },
    Knob { name: "interval", default: "\"100ms\"", forfeits: None },
    Knob { name: "disk_retry", default: "\"100ms\"", forfeits: None },
];

const BEHAVIORS: [Named; Behavior::ALL.len()] = {
    let mut named = [Behavior::Silent.named(); Behavior::ALL.len()];
    let mut index = 0;
    while index < named.len() {
        named[index] = Behavior::ALL[index].named();
        index += 1;
    }
    named
};

const CHECKS: &[Named] = &[
    Named { name: "bracha/agreement", about: "no two honest members deliver two values for one broadcast" },
    Named {
        name: "bracha/validity",
        about: "what is delivered for an honest sender is what the sender said",
    },
    Named {
        name: "bracha/integrity",
        about: "a broadcast is delivered once, and after a restart with the same value",
    },
    Named {
        name: "bracha/accountability",
        about: "no honest member signs two values, and a fork convicts more than f traitors",
    },
    Named {
        name: "bracha/totality",
        about: "after the heal, what one honest member delivered or said is delivered by the core",
    },
];

impl From<Absurd> for ParameterError {
    fn from(absurd: Absurd) -> Self {
        Self { path: vec![absurd.key().to_owned()], message: absurd.to_string() }
    }
}

impl Entry for BrachaEntry {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        let parameters: Parameters = parse_parameters(parameters)?;
        parameters.validate()?;
        Ok(Box::new(BrachaCluster { parameters }))
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "broadcasters": {
                    "type": "integer", "minimum": 1, "default": 1,
                    "description": "how many members broadcast: the first ones"
                },
                "broadcasts": {
                    "type": "integer", "minimum": 0, "default": 10,
                    "description": "how many values each of them broadcasts"
                },
                "interval": {
                    "type": "string", "default": "100ms",
                    "description": "time between two broadcasts of one member"
                },
                "disk_retry": {
                    "type": "string", "default": "100ms",
                    "description": "after which time a failed sync is tried again"
                }
            }
        })
    }
}

/// A cluster, ready to run.
#[derive(Clone, Debug)]
struct BrachaCluster {
    parameters: Parameters,
}

impl BrachaCluster {
    fn checks(&self, setup: &Setup, ledger: Ledger) -> Vec<Box<dyn Check<Bracha>>> {
        let deadline = setup.progress_within.unwrap_or_default().max(pace::lag(&self.parameters, setup));
        vec![
            Box::new(Agreement::new()),
            Box::new(Validity::new()),
            Box::new(Integrity::new()),
            Box::new(Accountability::new(setup.members)),
            Box::new(Totality::new(setup.members, deadline, ledger)),
        ]
    }
}

impl Cluster for BrachaCluster {
    fn parameters(&self) -> Value {
        serde_json::to_value(&self.parameters).unwrap_or_else(|_| json!({}))
    }

    fn drawn(&self, rng: &mut ChaCha8Rng) -> Box<dyn Cluster> {
        let mut parameters = self.parameters.clone();
        parameters.broadcasters = 1 + below(rng.next_u64(), 4) as u32;
        parameters.interval = Duration::from_millis(20 + below(rng.next_u64(), 10) * 20);
        parameters.disk_retry = Duration::from_millis(20 + below(rng.next_u64(), 10) * 20);
        Box::new(Self { parameters })
    }

    /// Crashed members and traitors share f. A disk that loses what was durable makes its owner sign again, as a traitor
    /// does, so that none is borne beside the traitors.
    fn fault_model(&self, members: u32) -> FaultModel {
        let faulty = Thresholds::new(members).faulty();
        FaultModel { crashed: faulty, lost_disks: 0, byzantine: faulty }
    }

    fn largest_timeout(&self) -> Duration {
        self.parameters.interval.max(self.parameters.disk_retry)
    }

    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError> {
        if let Some(plant) = launch.plants.first() {
            return Err(LaunchError::UnknownPlant { protocol: INFO.name, plant: plant.clone() });
        }
        let behavior = behavior(setup.behavior.as_deref())?;
        let ledger = Ledger::default();
        let subject = Subject {
            protocol: INFO.name,
            factory: Box::new(Members::new(self.parameters.clone())),
            checks: self.checks(setup, ledger.clone()),
            coalition: Some(Box::new(Traitors::new(behavior, setup.members))),
            service: Box::new(NoService),
            liveness: Box::new(BrachaLiveness::new(self.parameters.clone(), setup, ledger)),
            model: self.fault_model(setup.members),
        };
        simulate(setup, launch, subject)
    }
}

/// The behavior of a name; equivocation, the worst of them, if there is none.
fn behavior(name: Option<&str>) -> Result<Behavior, LaunchError> {
    let Some(name) = name else { return Ok(Behavior::Equivocate) };
    Behavior::find(name).ok_or_else(|| {
        let known: Vec<&str> = BEHAVIORS.iter().map(|named| named.name).collect();
        let reason = format!("unknown behavior \"{name}\"; there is {}", known.join(", "));
        LaunchError::Unfit { protocol: INFO.name, reason }
    })
}

#[cfg(test)]
mod tests {
    use sim_core::random::{StreamName, stream};

    use super::*;

    #[test]
    fn parameters_survive_the_registry() {
        let cluster = BrachaEntry.configure(&json!({ "broadcasters": 3, "interval": "7ms" })).unwrap();
        assert_eq!(cluster.parameters()["interval"], json!("7ms"));
        assert_eq!(cluster.largest_timeout(), Duration::from_millis(100));
        for seed in 0..50 {
            let drawn = cluster.drawn(&mut stream(seed, StreamName::Configuration));
            assert!(BrachaEntry.configure(&drawn.parameters()).is_ok());
        }
    }

    #[test]
    fn bad_parameters_are_refused_with_their_place() {
        let Err(error) = BrachaEntry.configure(&json!({ "interval": "0s" })) else { panic!("accepted") };
        assert_eq!(error.path, ["interval"]);
        assert!(BrachaEntry.configure(&json!({ "broadcaster": 1 })).is_err());
    }

    #[test]
    fn the_schema_names_every_parameter_and_its_default() {
        let defaults = BrachaEntry.configure(&json!({})).unwrap().parameters();
        let schema = BrachaEntry.schema();
        for (name, value) in defaults.as_object().unwrap() {
            assert_eq!(&schema["properties"][name]["default"], value, "{name}");
        }
        assert_eq!(KNOBS.len(), defaults.as_object().unwrap().len());
        for knob in KNOBS {
            assert_eq!(knob.default, defaults[knob.name].to_string());
        }
    }

    #[test]
    fn behaviors_are_named_or_the_worst() {
        assert_eq!(behavior(None), Ok(Behavior::Equivocate));
        assert_eq!(behavior(Some("withhold")), Ok(Behavior::Withhold));
        assert!(behavior(Some("polite")).is_err());
        assert_eq!(BEHAVIORS.map(|named| named.name), Behavior::ALL.map(|behavior| behavior.named().name));
    }
}
