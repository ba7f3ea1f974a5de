//! Whole runs in a world.

use protocol_testing::swarm::{finds_nothing, weather};
use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::fault::SwarmSpace;
use sim_core::outcome::Outcome;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::entry::ENTRY;
use super::silence::DETECTION;

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap()
}

fn setup(seed: u64, members: u32, seconds: u64) -> Setup {
    Setup { duration: Duration::from_secs(seconds), ..Setup::new(seed, members) }
}

fn observed(outcome: &Outcome, kind: &str) -> u64 {
    outcome.activity.get(&format!("observed.{kind}")).copied().unwrap_or(0)
}

/// Heartbeats of five seconds and a timeout of ten: whoever dies is suspected within fifteen.
#[test]
fn a_crash_is_noticed_by_every_watcher_in_time() {
    for detector in ["timeout", "phi-normal", "phi-exponential"] {
        let mut setup = setup(1, 12, 160);
        setup.faults =
            serde_json::from_value(json!({ "entries": [{ "at": "20s", "crash": { "target": "n3" } }] }))
                .unwrap();
        let parameters = json!({
            "detector": detector, "interval": "5s", "timeout": "10s", "watchers": 4, "acceptable_pause": "5s"
        });
        let outcome = run(&parameters, &setup);
        assert_eq!(outcome.verdict, Verdict::Pass, "{detector}: {:?}", outcome.violations);
        assert_eq!(observed(&outcome, "Suspected"), 4, "{detector}");
        let detection = &outcome.metrics[DETECTION];
        assert_eq!(detection.count, 4);
        // Few gaps were seen: phi still knows the spread that it assumed.
        let most = match detector {
            "timeout" => 15,
            "phi-normal" => 25,
            _ => 110,
        };
        assert!(detection.max <= most * 1_000_000_000, "{detector}: {}", detection.max);
    }
}

#[test]
fn nobody_is_suspected_where_nothing_is_lost() {
    let outcome = run(&json!({}), &setup(2, 30, 120));
    assert_eq!((outcome.verdict, observed(&outcome, "Suspected")), (Verdict::Pass, 0));
    // Nine watchers each, for 120 seconds.
    assert!((30 * 9 * 119..=30 * 9 * 121).contains(&outcome.messages.sent), "{}", outcome.messages.sent);
}

#[test]
fn nothing_is_found_in_a_swarm_and_the_core_is_right() {
    let cluster = ENTRY.configure(&json!({})).unwrap();
    let mut suspected = 0;
    let made = finds_nothing(200, |seed| {
        let setup = setup(seed, 2 + (seed % 20) as u32, 20);
        let outcome = weather(cluster.as_ref(), setup, 20, &SwarmSpace::default());
        suspected += u32::from(observed(&outcome, "Suspected") > 0);
        outcome
    });
    assert!(made >= 190 && suspected >= 60, "{made} made progress, in {suspected} somebody was suspected");
}
