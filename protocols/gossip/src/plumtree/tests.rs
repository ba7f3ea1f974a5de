//! Whole runs in a world.

use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::fault::{SwarmSpace, swarm::draw};
use sim_core::outcome::{Outcome, Progress};
use sim_core::random::{StreamName, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::entry::ENTRY;

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap()
}

fn mean(outcome: &Outcome, metric: &str) -> f64 {
    outcome.metrics[metric].mean
}

fn setup(seed: u64, members: u32, seconds: u64) -> Setup {
    Setup { duration: Duration::from_secs(seconds), ..Setup::new(seed, members) }
}

#[test]
fn a_tree_forms_and_everybody_hears_everything() {
    let tree =
        run(&json!({ "senders": 1, "broadcasts": 40, "broadcast_every": "500ms" }), &setup(3, 300, 40));
    assert_eq!(tree.verdict, Verdict::Pass, "{:?}", tree.violations);
    assert!(mean(&tree, "reliability_permille") > 999.0);
    // The first broadcast floods, the others find the tree.
    assert!(mean(&tree, "redundancy_permille") < 150.0, "{}", mean(&tree, "redundancy_permille"));
    let flood = run(&json!({ "senders": 1, "prune": false }), &setup(3, 300, 40));
    assert!(mean(&flood, "reliability_permille") > 999.0);
    assert!(mean(&flood, "redundancy_permille") > 2_000.0, "{}", mean(&flood, "redundancy_permille"));
}

#[test]
fn loss_and_duplicates_change_nothing_over_streams() {
    let mut setup = setup(4, 60, 30);
    setup.network.loss = Ratio::new(1, 10);
    setup.network.duplicate = Ratio::new(1, 10);
    let outcome = run(&json!({ "optimize_hops": 2 }), &setup);
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.violations);
    assert!(mean(&outcome, "reliability_permille") > 999.0);
}

#[test]
fn nothing_is_found_in_a_swarm_and_the_core_is_reached() {
    let (mut made, mut owed) = (0, 0);
    for seed in 0..150 {
        let cluster =
            ENTRY.configure(&json!({})).unwrap().drawn(&mut stream(seed, StreamName::Configuration));
        let members = 4 + (seed % 25) as u32;
        let mut setup = setup(seed, members, 12);
        setup.progress_timeout = Some(cluster.largest_timeout());
        setup.network.loss = Ratio::new(1, 20);
        let model = cluster.fault_model(members);
        let mut rng = stream(seed, StreamName::Plan);
        setup.faults = draw(&mut rng, &SwarmSpace::default(), members, 0, setup.duration, model);
        let outcome = cluster.launch(&setup, &Launch::default()).unwrap();
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        made += u32::from(matches!(outcome.progress, Progress::Made { .. }));
        owed += u32::from(!matches!(outcome.progress, Progress::Stalled { .. }));
    }
    assert!(made >= 130, "{made} of 150 made progress, {owed} owed it");
}
