//! Registration: within a deadline, in a namespace, with capabilities and room.

use sim_core::fault::FaultPlan;
use sim_core::registry::{Entry, Launch};

use super::{calm, max, run};
use crate::entry::ENTRY;

fn seen(outcome: &sim_core::outcome::Outcome, what: &str) -> u64 {
    outcome.activity.get(&format!("observed.{what}")).copied().unwrap_or_default()
}

/// Nobody hears n5 and n6 for the first 30 s. Agents have 15 s.
#[test]
fn who_has_not_registered_within_the_deadline_is_named_and_may_come_later() {
    for strategy in ["star", "service", "hybrid"] {
        let parameters = serde_json::json!({
            "strategy": strategy, "core": 3, "layers": 1, "width": 60, "steps": 1, "tokens_out": 0, "election_timeout": "500ms"
        });
        let mut setup = calm(1, 8);
        setup.faults = FaultPlan::new(
            serde_json::from_value(serde_json::json!([
                { "id": 0, "at": "0s", "for": "30s", "partition": { "groups": ["n5", "n6", "rest"] } }
            ]))
            .unwrap(),
        );
        let outcome = run(&parameters, &setup);
        assert_eq!(max(&outcome, "tasks_done"), 60, "{strategy}");
        let figures = ["agents_unregistered", "agents_registered_late"].map(|metric| max(&outcome, metric));
        assert_eq!((seen(&outcome, "Missing"), figures), (2, [2, 2]), "{strategy}");
        let check = outcome.checks.iter().find(|check| check.name == "coordination/registry").unwrap();
        assert!(check.exercised > 60, "{strategy}");
    }
}

/// Whoever coordinates next knows nobody, and gives everybody as much time again.
#[test]
fn a_successor_has_a_registry_of_its_own() {
    let parameters = serde_json::json!({
        "strategy": "service", "core": 3, "layers": 1, "width": 60, "steps": 1, "tokens_out": 0, "election_timeout": "500ms"
    });
    let mut setup = calm(1, 8);
    setup.faults = FaultPlan::new(
        serde_json::from_value(serde_json::json!([
            { "id": 0, "at": "20s", "crash": { "target": "n8", "restart_after": "70s" } },
            { "id": 1, "at": "30s", "crash": { "target": "leader", "restart_after": "5s" } }
        ]))
        .unwrap(),
    );
    let outcome = run(&parameters, &setup);
    assert_eq!(seen(&outcome, "Coordinator"), 2);
    // Five with the first one; four with the second, which names n8; and n8, when it is back.
    assert_eq!((seen(&outcome, "Registered"), seen(&outcome, "Missing")), (10, 1));
}

/// Tasks in turn for two namespaces: agents of the other one get none of them, under every strategy.
#[test]
fn tasks_stay_in_their_namespace() {
    for strategy in ["star", "service", "raft", "gossip", "independent"] {
        let parameters = serde_json::json!({
            "strategy": strategy, "core": 3, "layers": 1, "steps": 1, "tokens_out": 0, "namespaces": ["build", "review"],
            "tasks": [
                { "name": "a", "namespace": "build" }, { "name": "b", "namespace": "build" },
                { "name": "c", "namespace": "build" }, { "name": "d" }
            ]
        });
        let outcome = run(&parameters, &calm(1, 7));
        assert_eq!(max(&outcome, "tasks_done"), 4, "{strategy}");
    }
}

#[test]
fn namespaces_that_cannot_be_are_refused() {
    let refused = |parameters: serde_json::Value, agents| {
        let cluster = ENTRY.configure(&parameters).map_err(|error| error.message);
        cluster.and_then(|own| {
            own.launch(&calm(1, agents), &Launch::default()).map(drop).map_err(|error| error.to_string())
        })
    };
    let unknown =
        serde_json::json!({ "namespaces": ["build"], "tasks": [{ "name": "a", "namespace": "biuld" }] });
    assert_eq!(
        refused(unknown, 4).unwrap_err(),
        "launch coordination: a is for biuld, which is not among the namespaces: build"
    );
    let twice = serde_json::json!({ "namespaces": ["build", "build"] });
    assert_eq!(refused(twice, 4).unwrap_err(), "there are two namespaces called build");
    // n1 coordinates, n2 is in the second namespace.
    let nobody = serde_json::json!({ "namespaces": ["build", "review"], "tasks": [{ "name": "a", "namespace": "build" }] });
    assert_eq!(
        refused(nobody, 2).unwrap_err(),
        "launch coordination: no agent that does tasks can do a, which needs namespace build"
    );
}
