//! Agents that stand by take the place of those that are gone, and of nobody else.

use sim_core::fault::FaultPlan;
use sim_core::outcome::Outcome;

use super::{calm, max, run, seconds};

/// Twelve agents of which two stand by, under faults.
fn with_two_that_stand_by(strategy: &str, more: &serde_json::Value, faults: serde_json::Value) -> Outcome {
    let mut parameters = serde_json::json!({
        "strategy": strategy, "steps": 2, "layers": 1, "width": 200, "duration": "8s", "tokens_out": 0, "core": 3, "standbys": 2,
        "standby_cents": 7, "election_timeout": "500ms"
    });
    for (name, value) in more.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    let mut setup = calm(1, 12);
    setup.faults = FaultPlan::new(serde_json::from_value(faults).unwrap());
    run(&parameters, &setup)
}

fn seen(outcome: &Outcome, what: &str) -> u64 {
    outcome.activity.get(&format!("observed.{what}")).copied().unwrap_or_default()
}

/// n11 and n12 stand by. n7 and n8 crash after ten seconds, for good: known to be gone within 23 s, and ten seconds and a beat later
/// others are in their place.
#[test]
fn whoever_is_gone_is_replaced_with_a_delay_and_a_cost() {
    for strategy in ["star", "service", "hybrid", "raft"] {
        let crash = serde_json::json!([{ "id": 0, "at": "10s", "crash": { "target": "n7,n8" } }]);
        let outcome = with_two_that_stand_by(strategy, &serde_json::json!({}), crash.clone());
        let counts = ["Gone", "Called", "Replaces", "NobodyStandsBy"].map(|kind| seen(&outcome, kind));
        assert_eq!(counts, [2, 2, 2, 0], "{strategy}");
        assert_eq!((max(&outcome, "agents_replaced"), max(&outcome, "cost_microdollars")), (2, 140_000));
        assert!(seconds(&outcome, "replacement_ns") <= 40.0, "{strategy}");
        assert_eq!(max(&outcome, "tasks_done"), 200, "{strategy}");
        let without = with_two_that_stand_by(strategy, &serde_json::json!({ "standby_delay": "1h" }), crash);
        assert!(seconds(&outcome, "makespan_ns") < seconds(&without, "makespan_ns"), "{strategy}");
    }
}

#[test]
fn whoever_is_cut_off_is_not_replaced() {
    let cut = serde_json::json!([
        { "id": 0, "at": "10s", "for": "60s", "partition": { "groups": ["n7,n8", "rest"] } }
    ]);
    let outcome = with_two_that_stand_by("star", &serde_json::json!({}), cut);
    assert_eq!(
        (seen(&outcome, "CutOff"), seen(&outcome, "Called"), max(&outcome, "agents_replaced")),
        (2, 0, 0)
    );
    assert_eq!(max(&outcome, "tasks_done"), 200);
}

/// Three are gone, and two stand by. And one of those that stand by may be gone itself.
#[test]
fn who_cannot_be_replaced_is_reported() {
    let three = serde_json::json!([{ "id": 0, "at": "10s", "crash": { "target": "n6,n7,n8" } }]);
    let outcome = with_two_that_stand_by("star", &serde_json::json!({}), three);
    assert_eq!((seen(&outcome, "Called"), seen(&outcome, "NobodyStandsBy")), (2, 1));
    let both = serde_json::json!([
        { "id": 0, "at": "10s", "crash": { "target": "n11" } }, { "id": 1, "at": "40s", "crash": { "target": "n8" } }
    ]);
    let outcome = with_two_that_stand_by("star", &serde_json::json!({}), both);
    assert_eq!(
        (seen(&outcome, "Gone"), seen(&outcome, "Called"), max(&outcome, "agents_replaced")),
        (2, 1, 1)
    );
}

/// n8 is replaced by n11, and then the coordinator crashes: the next one hears from n11 in whose place it is, and calls nobody else. It
/// never heard of n8, names it, and learns from the witness that it is gone.
#[test]
fn a_successor_calls_nobody_to_a_place_that_is_taken() {
    let faults = serde_json::json!([
        { "id": 0, "at": "10s", "crash": { "target": "n8" } },
        { "id": 1, "at": "60s", "crash": { "target": "leader", "restart_after": "5s" } }
    ]);
    let outcome = with_two_that_stand_by("service", &serde_json::json!({}), faults);
    assert_eq!((seen(&outcome, "Coordinator"), seen(&outcome, "Missing")), (2, 1));
    assert_eq!(
        (seen(&outcome, "Gone"), seen(&outcome, "Called"), max(&outcome, "agents_replaced")),
        (2, 1, 1)
    );
    // It crashes before anybody is replaced: the next one does that.
    let faults = serde_json::json!([
        { "id": 0, "at": "10s", "crash": { "target": "n8" } },
        { "id": 1, "at": "12s", "crash": { "target": "leader", "restart_after": "5s" } }
    ]);
    let outcome = with_two_that_stand_by("service", &serde_json::json!({}), faults);
    assert_eq!(
        (seen(&outcome, "Gone"), seen(&outcome, "Called"), max(&outcome, "agents_replaced")),
        (1, 1, 1)
    );
}

/// Without a coordinator nobody calls them: the last agents do tasks like all others.
#[test]
fn nobody_stands_by_without_a_coordinator() {
    let outcome = with_two_that_stand_by("gossip", &serde_json::json!({}), serde_json::json!([]));
    assert_eq!(max(&outcome, "tasks_done"), 200);
    assert_eq!(seen(&outcome, "Called"), 0);
}
