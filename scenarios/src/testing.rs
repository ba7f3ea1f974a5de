//! What several tests need: a protocol that runs nothing, its outcome being a function of the setup; and capsules of real
//! protocols that fail.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_core::check::{Findings, Needs, Verdict};
use sim_core::digest::Digest;
use sim_core::identity::Slot;
use sim_core::outcome::{CheckReport, Ended, MessageCounts, Outcome, Picture, Progress};
use sim_core::registry::{
    Cluster, Entry, FaultModel, Launch, LaunchError, Named, ParameterError, Plant, ProtocolInfo, Registry,
    parse_parameters,
};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::builtin;
use crate::capsule::Capsule;
use crate::document::{Format, Source};
use crate::explore::{ExploreOptions, Hooks, explore};
use crate::problem::Problems;
use crate::scenario::{Loaded, load};

pub(crate) struct Toy;

static INFO: ProtocolInfo = ProtocolInfo {
    name: "toy",
    title: "A toy",
    about: "Runs nothing.",
    roles: &["primary", "backup"],
    messages: &["Ping"],
    rounds: &[],
    corrupt_clients: false,
    observations: &["BecamePrimary"],
    knobs: &[],
    behaviors: &[Named { name: "equivocate", about: "says two things" }],
    stalls: &[],
    plants: &[Plant {
        name: "bad-coin",
        id: "T01",
        about: "Fails at seeds 3, 10, 17 and so on.",
        breaks: "toy/agreement",
        source: "a test",
        witness: "least",
    }],
    checks: &[Named { name: "toy/agreement", about: "All agree." }],
    objects: &[sim_core::operation::ObjectModel::CasRegister],
    linearizable: true,
    services: &[],
    metrics: &[],
    inbox: None,
    journals: true,
    fixed_members: None,
    clients_change_members: false,
    most_nodes: 1_000,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    timeout: Duration,
    /// Comes to another digest each time, as a protocol that asks the wall clock would.
    flaky: bool,
    panics: bool,
    /// Never ends its 41st step, at n2.
    endless: bool,
    /// Takes a second for a few hundred steps.
    slow: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { timeout: Duration::from_millis(150), flaky: false, panics: false, endless: false, slow: false }
    }
}

struct ToyCluster(Parameters);

impl Entry for Toy {
    fn info(&self) -> &'static ProtocolInfo {
        &INFO
    }
    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        let parameters: Parameters = parse_parameters(parameters)?;
        if parameters.timeout.is_zero() {
            let path = vec!["timeout".to_owned()];
            return Err(ParameterError { path, message: "it must be above zero".to_owned() });
        }
        Ok(Box::new(ToyCluster(parameters)))
    }
    fn schema(&self) -> Value {
        json!({})
    }
}

impl Cluster for ToyCluster {
    fn parameters(&self) -> Value {
        serde_json::to_value(&self.0).unwrap()
    }
    fn drawn(&self, rng: &mut ChaCha8Rng) -> Box<dyn Cluster> {
        let timeout = Duration::from_millis(100 + rng.next_u64() % 100);
        Box::new(Self(Parameters { timeout, ..self.0.clone() }))
    }
    fn fault_model(&self, members: u32) -> FaultModel {
        FaultModel { crashed: (members - 1) / 2, lost_disks: 0, byzantine: (members - 1) / 3, outages: false }
    }
    fn largest_timeout(&self) -> Duration {
        self.0.timeout
    }
    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError> {
        assert!(!self.0.panics, "asked to");
        if self.0.endless || self.0.slow {
            take_time(&self.0, setup, launch);
        }
        if let Some(plant) = launch.plants.iter().find(|plant| *plant != "bad-coin") {
            return Err(LaunchError::UnknownPlant { protocol: "toy", plant: plant.clone() });
        }
        let mut findings = Findings::new();
        if !launch.plants.is_empty() && setup.seed % 7 == 3 {
            let message = format!("n1 and n2 disagree at seed {}", setup.seed);
            findings.report(Time::ZERO, Verdict::Safety, ("toy/agreement", ""), &[], message);
        }
        Ok(outcome(setup, launch, &findings, &self.0))
    }
}

/// As an engine would that makes a few hundred steps.
fn take_time(parameters: &Parameters, setup: &Setup, launch: &Launch) {
    let Some(lookout) = &launch.lookout else { return };
    let pause = std::time::Duration::from_millis(3);
    for step in (0..400).take_while(|step| *step <= setup.max_events) {
        lookout.passed(step, Time::from_nanos(step));
        if launch.trace.is_some() {
            lookout.stepping(step, Time::from_nanos(step), Slot(1));
        }
        let mut times = if parameters.endless && step == 41 { 20_000 } else { 1 };
        while times > 0 {
            std::thread::sleep(pause);
            times -= 1;
        }
    }
}

fn outcome(setup: &Setup, launch: &Launch, findings: &Findings, parameters: &Parameters) -> Outcome {
    use std::sync::atomic::{AtomicU64, Ordering};
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut digest = Digest::new();
    digest.bytes(serde_json::to_string(setup).unwrap().as_bytes());
    digest.word(u64::from(findings.any()));
    if parameters.flaky {
        digest.word(CALLS.fetch_add(1, Ordering::Relaxed));
    }
    let inconclusive = setup.seed % 50 == 49;
    let verdict = match (findings.any(), inconclusive) {
        (true, _) => Verdict::Safety,
        (false, true) => Verdict::Inconclusive,
        (false, false) => Verdict::Pass,
    };
    Outcome {
        protocol: "toy".to_owned(),
        plants: launch.plants.clone(),
        seed: setup.seed,
        slots: (0..setup.members).map(|index| format!("n{}", index + 1)).collect(),
        members: setup.members,
        core: Vec::new(),
        verdict,
        reasons: if inconclusive { vec!["nothing happened".to_owned()] } else { Vec::new() },
        violations: findings.violations().to_vec(),
        violations_omitted: 0,
        digest: digest.whole(),
        events: 100,
        virtual_ns: setup.duration.as_nanos(),
        ended: Ended::Horizon,
        progress: Progress::Made { after_ns: 5, late: None },
        messages: MessageCounts { sent: 10, by_kind: [("Ping".to_owned(), 10)].into(), ..Default::default() },
        metrics: [].into(),
        measures: [].into(),
        limits: Vec::new(),
        activity: [("operations".to_owned(), setup.seed % 3)].into(),
        checks: vec![CheckReport {
            name: "toy/agreement".to_owned(),
            on: true,
            needs: Needs::Order,
            exercised: 4,
        }],
        faults: Vec::new(),
        plan: setup.faults.clone(),
        fates: Default::default(),
        history: Vec::new(),
        picture: Picture::default(),
        trace: None,
        trace_file: None,
    }
}

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(Toy);
    registry
}

/// The least that a scenario must say.
pub(crate) const LEAST: &str = r#"schema = "seedstorm.scenario/1"
title = "least"
[cluster]
protocol = "toy"
nodes = 4
duration = "2s"
"#;

pub(crate) fn toml(text: &str) -> Result<Loaded, Problems> {
    overlaid(text, &[])
}

pub(crate) fn overlaid(text: &str, overlays: &[&str]) -> Result<Loaded, Problems> {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    let overlays: Vec<String> = overlays.iter().map(|text| (*text).to_owned()).collect();
    load(&registry(), source, Format::Toml, &overlays)
}

/// The real protocols that capsules of tests are made of.
pub(crate) fn real() -> Registry {
    let mut registry = Registry::new();
    registry.register(protocols::raft::entry::ENTRY);
    registry.register(protocols::byzantine::bracha::entry::ENTRY);
    registry
}

/// A built-in scenario of a real protocol.
pub(crate) fn built_in(registry: &Registry, name: &str) -> Loaded {
    load(registry, builtin::find(name).unwrap(), Format::Toml, &[]).unwrap()
}

/// The first capsule that exploring the demo's scenario finds with a plant on.
pub(crate) fn found(registry: &Registry, plant: &str) -> Capsule {
    let options = ExploreOptions {
        seeds: 0..256,
        plants: vec![plant.to_owned()],
        jobs: None,
        stop_on_first: true,
        known: Vec::new(),
        build: "b".to_owned(),
        ..ExploreOptions::default()
    };
    let mut exploration = explore(&built_in(registry, "demo-bug"), &options, Hooks::NONE).unwrap();
    *exploration.findings.remove(0).capsule
}
