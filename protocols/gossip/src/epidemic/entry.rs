//! Epidemic broadcast as the registry knows it.

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

use super::agent::Agents;
use super::completeness::Completeness;
use super::liveness::EpidemicLiveness;
use super::parameters::{Absurd, Interest, Mode, Parameters};
use super::safety::{Integrity, Validity};
use super::vocabulary::{Epidemic, EpidemicMessage, EpidemicObservation};

/// Epidemic broadcast in the registry.
#[derive(Clone, Copy, Debug, Default)]
pub struct EpidemicEntry;

const INFO: ProtocolInfo = ProtocolInfo {
    name: "epidemic",
    title: "Epidemic broadcast: rumors spread by random contacts",
    about: "Once per cycle an agent contacts another one, drawn uniformly, and pushes what it knows, pulls what the \
            other one knows, or both; it may lose interest by a coin or a counter, blindly or by feedback (Demers et \
            al. 1987). Agents are 32 bytes and remember nothing over a restart.",
    roles: &["susceptible", "infected", "removed"],
    messages: EpidemicMessage::KINDS,
    observations: EpidemicObservation::KINDS,
    knobs: KNOBS,
    behaviors: &[],
    plants: &[],
    checks: CHECKS,
    objects: &[],
    journals: false,
    most_nodes: 10_000_000,
};

const KNOBS: &[Knob] = &[
    Knob { name: "mode", default: "\"push-pull\"", forfeits: None },
    Knob { name: "rhythm", default: "\"free-running\"", forfeits: None },
    Knob { name: "period", default: "\"1s\"", forfeits: None },
    Knob { name: "jitter", default: "\"0/1\"", forfeits: None },
    Knob {
        name: "interest",
        default: "\"never\"",
        forfeits: Some("that all members are reached: a residue stays susceptible"),
    },
    Knob { name: "k", default: "1", forfeits: None },
    Knob { name: "rumors", default: "1", forfeits: None },
    Knob { name: "initial", default: "1", forfeits: None },
];

const CHECKS: &[Named] = &[
    Named { name: "epidemic/validity", about: "who learns a rumor learned it from somebody who knew it" },
    Named {
        name: "epidemic/integrity",
        about: "in one incarnation a rumor is learned once, and interest lost once",
    },
    Named {
        name: "epidemic/completeness",
        about: "after the heal a rumor that the core still knows reaches all of it",
    },
];

impl From<Absurd> for ParameterError {
    fn from(absurd: Absurd) -> Self {
        Self { path: vec![absurd.key().to_owned()], message: absurd.to_string() }
    }
}

impl Entry for EpidemicEntry {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }

    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        let parameters: Parameters = parse_parameters(parameters)?;
        parameters.validate()?;
        Ok(Box::new(EpidemicCluster { parameters }))
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "mode": { "enum": ["push", "pull", "push-pull"], "default": "push-pull" },
                "rhythm": { "enum": ["free-running", "synchronous"], "default": "free-running" },
                "period": { "type": "string", "default": "1s", "description": "length of a cycle" },
                "jitter": { "type": "string", "default": "0/1", "description": "share of the period" },
                "interest": {
                    "enum": ["never", "blind-coin", "blind-counter", "feedback-coin", "feedback-counter"],
                    "default": "never",
                    "description": "how interest is lost"
                },
                "k": { "type": "integer", "minimum": 1, "maximum": 255, "default": 1 },
                "rumors": { "type": "integer", "minimum": 1, "maximum": 64, "default": 1 },
                "initial": {
                    "type": "integer", "minimum": 1, "default": 1,
                    "description": "agents that know each rumor at the start"
                }
            }
        })
    }
}

/// An epidemic, ready to run.
#[derive(Clone, Debug)]
struct EpidemicCluster {
    parameters: Parameters,
}

/// In cycles: epidemics need a multiple of log n of them, and a bound of a few cycles would excuse everything.
const PATIENCE: u64 = 8;

impl EpidemicCluster {
    fn checks(&self, setup: &Setup) -> Vec<Box<dyn Check<Epidemic>>> {
        let parameters = || self.parameters.clone();
        vec![
            Box::new(Validity::new(parameters())),
            Box::new(Integrity::new()),
            Box::new(Completeness::new(parameters(), setup)),
        ]
    }
}

impl Cluster for EpidemicCluster {
    fn parameters(&self) -> Value {
        serde_json::to_value(&self.parameters).unwrap_or_else(|_| json!({}))
    }

    /// Draws mode, period and the number of rumors. Losing interest forfeits something and is never drawn; the rhythm
    /// is left alone, since synchronous cycles ask something of the network.
    fn drawn(&self, rng: &mut ChaCha8Rng) -> Box<dyn Cluster> {
        let mut parameters = self.parameters.clone();
        parameters.mode = [Mode::Push, Mode::Pull, Mode::PushPull][below(rng.next_u64(), 3) as usize];
        parameters.period = Duration::from_millis(100 + below(rng.next_u64(), 10) * 100);
        let rumors = 1 + below(rng.next_u64(), 4) as u32;
        if parameters.interest == Interest::Never {
            parameters.rumors = rumors;
        }
        Box::new(Self { parameters })
    }

    /// Fewer than half may be down or gone. Nothing is promised against agents that lie.
    fn fault_model(&self, members: u32) -> FaultModel {
        let minority = members.saturating_sub(1) / 2;
        FaultModel { crashed: minority, lost_disks: minority, byzantine: 0 }
    }

    fn largest_timeout(&self) -> Duration {
        self.parameters.longest_cycle().saturating_mul(PATIENCE)
    }

    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError> {
        if let Some(plant) = launch.plants.first() {
            return Err(LaunchError::UnknownPlant { protocol: INFO.name, plant: plant.clone() });
        }
        let unfit = |reason: &str| LaunchError::Unfit { protocol: INFO.name, reason: reason.to_owned() };
        if setup.behavior.is_some() {
            return Err(unfit("its agents trust each other: it has no behaviors for traitors"));
        }
        if u64::from(self.parameters.rumors) * u64::from(self.parameters.initial) > u64::from(setup.members) {
            return Err(unfit("there are fewer members than agents that know a rumor at the start"));
        }
        let subject = Subject {
            protocol: INFO.name,
            factory: Box::new(Agents::new(self.parameters.clone())),
            checks: self.checks(setup),
            coalition: None,
            service: Box::new(NoService),
            liveness: Box::new(EpidemicLiveness::new(self.parameters.clone(), setup)),
            model: self.fault_model(setup.members),
        };
        simulate(setup, launch, subject)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::Verdict;
    use sim_core::distribution::Distribution;
    use sim_core::random::{StreamName, stream};

    use super::*;

    #[test]
    fn parameters_survive_the_registry() {
        let given = json!({ "mode": "pull", "interest": "feedback-counter", "k": 2, "period": "20ms" });
        let cluster = EpidemicEntry.configure(&given).unwrap();
        assert_eq!(cluster.parameters()["interest"], json!("feedback-counter"));
        let again = EpidemicEntry.configure(&cluster.parameters()).unwrap();
        assert_eq!(again.parameters(), cluster.parameters());
        for seed in 0..50 {
            let drawn = cluster.drawn(&mut stream(seed, StreamName::Configuration));
            assert!(EpidemicEntry.configure(&drawn.parameters()).is_ok());
            assert_eq!(drawn.parameters()["interest"], json!("feedback-counter"));
        }
    }

    /// A clean run on a network that takes an hour for each message.
    #[test]
    fn nobody_is_accused_of_a_slow_network() {
        for (mode, within) in
            [("push", 30), ("pull", 90), ("push-pull", 30), ("push", 9_000), ("pull", 9_000)]
        {
            let cluster = EpidemicEntry.configure(&json!({ "mode": mode })).unwrap();
            let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
            let mut setup = Setup { progress_within: Some(minutes(within)), ..Setup::new(1, 9) };
            setup.network.latency = Distribution::Fixed(minutes(60));
            let outcome = cluster.launch(&setup, &Launch::default()).unwrap();
            let expected = if within == 9_000 { Verdict::Pass } else { Verdict::Inconclusive };
            assert_eq!(outcome.verdict, expected, "{mode} {within}: {:?}", outcome.violations);
        }
    }

    #[test]
    fn bad_parameters_are_refused_with_their_place() {
        let Err(error) = EpidemicEntry.configure(&json!({ "k": 0 })) else { panic!("accepted") };
        assert_eq!(error.path, ["k"]);
        assert!(EpidemicEntry.configure(&json!({ "mod": "push" })).is_err());
    }

    #[test]
    fn the_schema_names_every_parameter_and_its_default() {
        let defaults = EpidemicEntry.configure(&json!({})).unwrap().parameters();
        let schema = EpidemicEntry.schema();
        for (name, value) in defaults.as_object().unwrap() {
            assert_eq!(&schema["properties"][name]["default"], value, "{name}");
        }
        let named: Vec<&str> = KNOBS.iter().map(|knob| knob.name).collect();
        assert_eq!(named.len(), defaults.as_object().unwrap().len());
        for knob in KNOBS {
            assert_eq!(knob.default, defaults[knob.name].to_string());
        }
    }
}
