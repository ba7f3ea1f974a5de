//! One member at a time, and whole runs in a world.

use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::fault::{SwarmSpace, swarm::draw};
use sim_core::operation::ObjectModel;
use sim_core::outcome::{Outcome, Progress};
use sim_core::random::{StreamName, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;
use sim_core::workload::{Rate, WorkloadModel};

use super::entry::ENTRY;

fn setup(seed: u64, members: u32, seconds: u64) -> Setup {
    let workload = WorkloadModel {
        rate: Some(Rate::per_second(40)),
        keys: Some(8),
        ..WorkloadModel::new(ObjectModel::Kv)
    };
    Setup {
        clients: 4,
        duration: Duration::from_secs(seconds),
        workload: Some(workload),
        ..Setup::new(seed, members)
    }
}

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap()
}

fn exercised(outcome: &Outcome, check: &str) -> u64 {
    outcome.checks.iter().find(|report| report.name == check).unwrap().exercised
}

#[test]
fn a_calm_store_serves_collects_and_is_read_as_it_was_written() {
    let outcome = run(&json!({ "sloppy": false }), &setup(1, 5, 20));
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.violations);
    assert!(exercised(&outcome, "store/quorum-reads") > 100);
    assert!(exercised(&outcome, "store/resurrection") > 20, "tombstones are collected, and keys written again");
}

#[test]
fn nothing_is_found_in_a_swarm_and_replicas_become_equal() {
    let (mut made, mut owed) = (0, 0);
    for seed in 0..150 {
        let cluster =
            ENTRY.configure(&json!({})).unwrap().drawn(&mut stream(seed, StreamName::Configuration));
        let members = 3 + (seed % 8) as u32;
        let mut setup = setup(seed, members, 12);
        setup.progress_timeout = Some(cluster.largest_timeout());
        setup.network.loss = Ratio::new(1, 20);
        let model = cluster.fault_model(members);
        let mut rng = stream(seed, StreamName::Plan);
        setup.faults = draw(&mut rng, &SwarmSpace::default(), members, 4, setup.duration, model);
        let outcome = cluster.launch(&setup, &Launch::default()).unwrap();
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        made += u32::from(matches!(outcome.progress, Progress::Made { .. }));
        owed += u32::from(!matches!(outcome.progress, Progress::Stalled { .. }));
    }
    assert!(made >= 130, "{made} of 150 made progress, {owed} owed it");
}
