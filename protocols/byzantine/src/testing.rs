//! What the tests of protocols that replicate a service share.

use serde_json::{Value, json};

use sim_core::fault::SwarmSpace;
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::registry::{Cluster, Entry, Launch, Named};
use sim_core::setup::Setup;
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

/// A cluster with these parameters.
pub(crate) fn cluster(entry: &dyn Entry, parameters: &Value) -> Box<dyn Cluster> {
    entry.configure(parameters).unwrap()
}

/// A few seconds of clients that write and read a register.
pub(crate) fn setup(seed: u64, members: u32, operations: u64) -> Setup {
    let workload: WorkloadModel = serde_json::from_value(json!({
        "model": ObjectModel::CasRegister, "rate": "50/s", "operations": operations,
    }))
    .unwrap();
    Setup {
        duration: Duration::from_secs(4),
        clients: 3,
        workload: Some(workload),
        progress_timeout: Some(Duration::from_millis(500)),
        ..Setup::new(seed, members)
    }
}

pub(crate) fn run(cluster: &dyn Cluster, setup: &Setup) -> Outcome {
    cluster.launch(setup, &Launch::default()).unwrap()
}

/// A run in which anything breaks, and traitors behave like this.
pub(crate) fn swarm(entry: &dyn Entry, seed: u64, members: u32, behavior: Option<&str>) -> Outcome {
    let setup = Setup { behavior: behavior.map(str::to_owned), ..setup(seed, members, 60) };
    protocol_testing::swarm::weather(&*cluster(entry, &json!({})), setup, 50, &SwarmSpace::default())
}

/// Every behavior of traitors in turn: nothing is found, and nine tenths of the runs make progress.
pub(crate) fn weathers_every_behavior(entry: &dyn Entry, behaviors: &[Named]) {
    let runs = 15 * behaviors.len() as u64;
    let made = protocol_testing::swarm::finds_nothing(runs, |seed| {
        let behavior = behaviors[seed as usize % behaviors.len()].name;
        swarm(entry, seed, 4 + 3 * (seed % 3) as u32, Some(behavior))
    });
    assert!(made * 100 >= runs * 90, "{made} of {runs} made progress");
}
