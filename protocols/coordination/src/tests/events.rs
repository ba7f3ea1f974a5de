//! Events: published by tasks that succeed, heard by subscribers, and tasks that they bring into being.

use sim_core::fault::FaultPlan;
use sim_core::outcome::Outcome;
use sim_core::registry::Entry;
use sim_core::time::Duration;

use super::{calm, max, run};
use crate::entry::ENTRY;

const STRATEGIES: [&str; 7] = ["single", "independent", "star", "service", "hybrid", "raft", "gossip"];

/// Thirty tasks on three topics, a fifth of which have a task that an event brings into being; four agents subscribe to each topic.
fn published(strategy: &str, topology: &str, faults: serde_json::Value) -> Outcome {
    let parameters = serde_json::json!({
        "strategy": strategy, "topology": topology, "degree": 2, "layers": 1, "width": 30, "steps": 1, "tokens_out": 0,
        "duration": "5s", "core": 3, "topics": 3, "subscribers": 4, "triggered": "1/5", "election_timeout": "500ms", "handling": "0s"
    });
    let mut setup = calm(3, 9);
    setup.network.latency = sim_core::distribution::Distribution::Fixed(Duration::from_millis(10));
    setup.faults = FaultPlan::new(serde_json::from_value(faults).unwrap());
    run(&parameters, &setup)
}

fn of(outcome: &Outcome) -> [u64; 5] {
    ["published", "heard", "unheard", "under_way", "lost"].map(|name| max(outcome, &format!("events_{name}")))
}

#[test]
fn every_subscriber_hears_of_every_event_under_every_strategy() {
    for strategy in STRATEGIES {
        let outcome = published(strategy, "mesh", serde_json::json!([]));
        // One agent alone is the only subscriber.
        let each = if strategy == "single" { 1 } else { 4 };
        assert_eq!(of(&outcome), [30, 30 * each, 0, 0, 0], "{strategy}");
        assert!(max(&outcome, "tasks_done") > 30 && outcome.activity["observed.Grew"] > 0, "{strategy}");
        let check = outcome.checks.iter().find(|check| check.name == "coordination/events").unwrap();
        assert_eq!(check.exercised, 30 * each + 30, "{strategy}");
    }
}

/// A letter for each subscriber, over as many links as there are on the way: n1 is between any two in a star.
#[test]
fn an_event_takes_a_latency_for_each_link_on_the_way() {
    let longest =
        |topology: &str| max(&published("gossip", topology, serde_json::json!([])), "event_ns") / 1_000_000;
    assert_eq!(["mesh", "star"].map(longest), [10, 20]);
}

/// A subscriber is down for good, and another one hears nothing for a while; then publishers crash with letters under way.
#[test]
fn who_does_not_take_an_event_is_reported_and_what_a_publisher_had_not_told_is_lost() {
    for strategy in ["star", "raft", "gossip"] {
        let faults = serde_json::json!([
            { "id": 0, "at": "1s", "crash": { "target": "n9" } },
            { "id": 1, "at": "4s", "for": "10s", "partition": { "groups": ["n4", "rest"] } },
            { "id": 2, "at": "11s", "crash": { "target": "n5,n6,n7", "restart_after": "10s" } }
        ]);
        let outcome = published(strategy, "mesh", faults);
        let [published, heard, unheard, under_way, lost] = of(&outcome);
        assert!(unheard > 0 && lost > 0 && under_way == 0, "{strategy}: {:?}", of(&outcome));
        // What is lost may have been heard by some.
        assert!(heard + unheard <= 4 * published && heard + unheard >= 4 * (published - lost), "{strategy}");
    }
}

#[test]
fn a_topic_that_nobody_publishes_on_is_refused() {
    let refused = |tasks: serde_json::Value| {
        ENTRY.configure(&serde_json::json!({ "tasks": tasks })).map(drop).unwrap_err().message
    };
    let typo = serde_json::json!([{ "name": "a", "publishes": "built" }, { "name": "b", "on": "build" }]);
    assert_eq!(refused(typo), "b waits for events on build, on which nothing publishes; topics: built");
    let both = serde_json::json!([{ "name": "a", "publishes": "built" }, { "name": "b", "on": "built", "born": "a" }]);
    assert_eq!(refused(both), "b has both \"born\" and \"on\": one of them brings it into being");
}
