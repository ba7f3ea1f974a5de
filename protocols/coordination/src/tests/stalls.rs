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

/// Only n5 can do the first task, which takes 12 s. Of n5 nothing reaches other agents from 8 s on, while the model and the sink hear
/// it: at once, or from 36 s on, when it is held to be gone. The sink has the result, and the coordinator must learn of it from there.
#[test]
fn a_result_whose_agent_cannot_tell_is_learned_from_the_sink() {
    let cut = serde_json::json!({ "id": 0, "at": "8s", "partition": { "from": "n5", "to": "n1,n2,n3,n4" } });
    let deaf_sink =
        serde_json::json!({ "id": 1, "at": "8s", "for": "28s", "partition": { "from": "n5", "to": "c2" } });
    let plans = [vec![cut.clone()], vec![cut, deaf_sink]];
    for (plan, strategy) in
        plans.iter().flat_map(|plan| ["star", "service", "hybrid"].map(|name| (plan, name)))
    {
        let parameters = serde_json::json!({
            "strategy": strategy, "core": 3, "heartbeat": "1s", "dead_after": "3500ms", "lease": "60s", "steps": 1, "tokens_out": 0,
            "skills": [{ "name": "review", "every": 5 }],
            "tasks": [
                { "name": "a", "needs": ["review"], "duration": "12s" }, { "name": "b", "after": ["a"], "duration": "1s" }
            ]
        });
        let mut setup = calm(1, 5);
        setup.duration = Duration::from_secs(100);
        setup.faults = FaultPlan::new(serde_json::from_value(serde_json::json!(plan)).unwrap());
        let outcome = run(&parameters, &setup);
        let gone = outcome.activity.get("observed.Gone").copied().unwrap_or_default();
        assert_eq!((gone, max(&outcome, "tasks_done")), (plan.len() as u64 - 1, 2), "{strategy}");
        // Whoever is cut off has its lease until 67 s.
        let makespan = max(&outcome, "makespan_ns") / 1_000_000_000;
        assert!(if gone == 0 { makespan < 25 } else { makespan < 75 }, "{strategy}: {makespan} s");
    }
}
