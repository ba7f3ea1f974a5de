//! Whole runs in a world.

use protocol_testing::swarm::{finds_nothing, weather};
use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::fault::SwarmSpace;
use sim_core::outcome::Outcome;
use sim_core::random::{StreamName, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::{Cluster, Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;

use crate::swim::entry::ENTRY;

fn cluster(parameters: &Value) -> Box<dyn Cluster> {
    ENTRY.configure(parameters).unwrap()
}

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    cluster(parameters).launch(setup, &Launch::default()).unwrap()
}

fn count(outcome: &Outcome, kind: &str) -> u64 {
    outcome.activity[&format!("observed.{kind}")]
}

#[test]
fn a_calm_cluster_suspects_nobody() {
    for preset in ["lan", "wan", "pure"] {
        let outcome = run(&json!({ "preset": preset }), &Setup::new(3, 50));
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
        assert_eq!((count(&outcome, "Suspected"), count(&outcome, "Health")), (0, 0));
        assert!(!outcome.messages.by_kind.contains_key("Gossip"), "there is nothing to tell");
    }
}

#[test]
fn everybody_learns_of_a_crash() {
    for preset in ["lan", "pure"] {
        let mut setup = Setup::new(5, 30);
        setup.initial.absent = vec![4];
        setup.network.loss = Ratio::new(1, 100);
        let outcome = run(&json!({ "preset": preset }), &setup);
        assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
        assert_eq!(count(&outcome, "Died"), 29, "{preset}");
    }
}

#[test]
fn a_cold_cluster_comes_together() {
    let mut setup = Setup::new(5, 20);
    setup.progress_timeout = Some(Duration::from_secs(1));
    setup.duration = Duration::from_secs(30);
    let outcome = run(&json!({ "start": "cold" }), &setup);
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?} {:?}", outcome.progress, outcome.violations);
    assert_eq!(count(&outcome, "Joined"), 20);
}

#[test]
fn nothing_is_found_in_a_swarm_and_views_converge() {
    let cluster = cluster(&json!({}));
    let space = SwarmSpace { membership: true, ..SwarmSpace::default() };
    let made = finds_nothing(100, |seed| {
        let members = 3 + (seed % 14) as u32;
        let mut setup = Setup { duration: Duration::from_secs(15), ..Setup::new(seed, members) };
        if seed % 3 == 0 {
            // Some leave.
            setup.initial.state = cluster.drawn_state(members, &mut stream(seed, StreamName::Past));
        }
        weather(cluster.as_ref(), setup, 50, &space)
    });
    assert!(made >= 90, "{made} of 100 made progress");
}
