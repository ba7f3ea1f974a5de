//! What may keep agents from ending their tasks, and whom a stall after the heal accuses.

use sim_core::fault::FaultPlan;
use sim_core::outcome::{Progress, Stall};
use sim_core::time::Duration;

use super::{calm, max, run};

/// n2 and n5 hear nobody from 10 s on, and are heard. With an adaptive quorum n2 counts nobody else after a while, elects itself, and
/// stays: its heartbeats keep n1 and n3 from electing anybody, and it never coordinates. Without n2 and n5 the rest goes on.
#[test]
fn a_deaf_leader_that_counts_nobody_else_is_an_outsider() {
    let parameters = |policy: &str| {
        serde_json::json!({
            "strategy": "hybrid", "core": 3, "on_partition": policy, "election_timeout": "500ms", "heartbeat": "1s",
            "dead_after": "3500ms", "lease": "4s", "steps": 2, "layers": 1, "width": 60, "duration": "4s", "tokens_out": 0,
            "patience": "5s"
        })
    };
    // The core that is healed depends on the seed.
    let mut setup = calm(5, 5);
    (setup.duration, setup.progress_timeout) = (Duration::from_secs(60), Some(Duration::from_secs(1)));
    setup.checks_off = vec!["coordination/split-brain".to_owned()];
    let deaf = serde_json::json!([
        { "id": 0, "at": "10s", "partition": { "isolate": "n2,n5", "direction": "inbound" } }
    ]);
    setup.faults = FaultPlan::new(serde_json::from_value(deaf).unwrap());
    let outcome = run(&parameters("adaptive-quorum"), &setup);
    assert_eq!(outcome.core, [0, 2, 3]);
    assert!(
        matches!(&outcome.progress, Progress::Stalled { reason: Stall::Outsider, .. }),
        "{:?}",
        outcome.progress
    );
    // With a majority that answers, whoever is deaf does not lead for long.
    let outcome = run(&parameters("stand-still"), &setup);
    assert!(matches!(outcome.progress, Progress::Made { .. }), "{:?}", outcome.progress);
}

/// n4 hears nothing of the coordinator from 2 s on, while its own beats arrive. Its breaker opens before its task ends. It holds the result
/// back, and names it in beats, so that nobody else gets the task: after a pause it must try to tell, answer or not.
#[test]
fn an_agent_that_hears_no_coordinator_tells_its_results_all_the_same() {
    let parameters = serde_json::json!({
        "strategy": "star", "heartbeat": "1s", "dead_after": "3500ms", "lease": "20s", "coordinator_breaker": 1, "coordinator_pause": "3s",
        "steps": 1, "layers": 2, "width": 3, "fan_in": 3, "duration": "8s", "tokens_out": 0, "queue": 0
    });
    let mut setup = calm(1, 4);
    let deaf = serde_json::json!([{ "id": 0, "at": "2s", "partition": { "from": "n1", "to": "n4" } }]);
    setup.faults = FaultPlan::new(serde_json::from_value(deaf).unwrap());
    let outcome = run(&parameters, &setup);
    assert_eq!(outcome.activity["observed.CoordinatorBreakerOpened"], 1);
    assert_eq!(max(&outcome, "tasks_done"), 6);
}
