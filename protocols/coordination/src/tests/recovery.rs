//! After an overload ends, throughput is back: a queue empties, and nothing that piled up meanwhile keeps it down.

use sim_core::fault::FaultPlan;
use sim_core::time::Duration;

use super::{calm, run};

/// When the overload begins and ends, in seconds.
const OVERLOAD: (u64, u64) = (120, 180);

/// How many tasks took effect until so many seconds, while somebody is so slow during the overload. The same seed begins alike,
/// whenever a run ends. The model needs `served` for each message at other times.
fn effects_until(
    parameters: &serde_json::Value,
    slow: &serde_json::Value,
    (agents, served): (u32, &str),
    seconds: u64,
) -> u64 {
    let mut setup = calm(1, agents);
    setup.service.inbox = Some(10_000);
    setup.duration = Duration::from_secs(seconds);
    setup.progress_timeout = None;
    let (from, until) = OVERLOAD;
    let usual = serde_json::json!({ "target": "c1", "percent": 101, "floor": served });
    let fault = serde_json::json!([
        { "id": 0, "at": "1s", "for": format!("{}s", from - 1), "slow": usual },
        { "id": 1, "at": format!("{from}s"), "for": format!("{}s", until - from), "slow": slow },
        { "id": 2, "at": format!("{until}s"), "slow": usual }
    ]);
    setup.faults = FaultPlan::new(serde_json::from_value(fault).unwrap());
    run(parameters, &setup).activity["observed.Effect"]
}

/// Effects in the minute before the overload, in its last half minute, and in the minute that begins a minute after its end.
fn throughput(parameters: &serde_json::Value, slow: &serde_json::Value, who: (u32, &str)) -> [u64; 3] {
    let (from, until) = OVERLOAD;
    let at = |seconds| effects_until(parameters, slow, who, seconds);
    let [a, b, c, d, e, f] = [from - 60, from, until - 30, until, until + 60, until + 120].map(at);
    [b - a, d - c, f - e]
}

fn is_back([before, _, after]: [u64; 3]) -> bool {
    after * 10 >= before * 9
}

#[test]
fn throughput_is_back_a_minute_after_a_coordinator_was_overloaded() {
    let slow = serde_json::json!({ "target": "n1", "percent": 101, "floor": "60ms" });
    for strategy in ["star", "service", "hybrid"] {
        let parameters = serde_json::json!({
            "strategy": strategy, "steps": 1, "layers": 1, "width": 2_500, "tokens_out": 0, "handling": "2ms", "core": 3,
            "duration": { "uniform": { "min": "5s", "max": "15s" } }
        });
        let figures = throughput(&parameters, &slow, (40, "1us"));
        assert!(is_back(figures), "{strategy}: {figures:?}");
        println!("{strategy}: {figures:?}");
    }
}

/// A model that serves twenty messages a second is enough for forty agents, until it serves two for a minute. Agents that have no
/// answer call again, and what they have called for before waits all the same. So more comes in than goes out also when the model
/// is as fast as before: without a breaker the overload outlives its cause, and with one it does not.
#[test]
fn a_breaker_ends_the_storm_of_calls_that_an_overload_of_the_model_leaves() {
    let slow = serde_json::json!({ "target": "c1", "percent": 101, "floor": "500ms" });
    let of = |breaker: u32| {
        let parameters = serde_json::json!({
            "strategy": "star", "steps": 1, "layers": 1, "width": 4_000, "duration": { "uniform": { "min": "2s", "max": "6s" } },
            "first_token": "200ms", "per_token": "1ms", "tokens_out": 200, "answer_timeout": "1s", "breaker": breaker
        });
        throughput(&parameters, &slow, (41, "50ms"))
    };
    let (without, with) = (of(0), of(3));
    assert!(is_back(with), "{with:?}");
    assert!(without[2] * 2 < without[0], "{without:?}");
    println!("without {without:?}, with {with:?}");
}

/// The coordinator is down for a minute. Agents that have results repeat their letters, until beats without an answer open their breakers;
/// the first beat that is answered closes them.
#[test]
fn a_breaker_leaves_a_coordinator_alone_that_does_not_answer() {
    let of = |breaker: u32| {
        let parameters = serde_json::json!({
            "strategy": "star", "steps": 3, "layers": 1, "width": 300, "duration": "12s", "tokens_out": 0, "queue": 3,
            "coordinator_breaker": breaker, "coordinator_pause": "20s", "memory_keys": 2, "memory_every": "2s", "lease": "2min"
        });
        let mut setup = calm(1, 21);
        let fault = serde_json::json!([{ "id": 0, "at": "30s", "crash": { "target": "n1", "restart_after": "60s" } }]);
        setup.faults = FaultPlan::new(serde_json::from_value(fault).unwrap());
        let outcome = run(&parameters, &setup);
        assert_eq!(super::max(&outcome, "tasks_done"), 300);
        let opened = outcome.activity.get("observed.CoordinatorBreakerOpened").copied().unwrap_or_default();
        let closed = outcome.activity.get("observed.CoordinatorBreakerClosed").copied().unwrap_or_default();
        // What was said to a coordinator that does not run.
        (opened, closed, outcome.messages.dropped, super::seconds(&outcome, "makespan_ns"))
    };
    let (without, with) = (of(0), of(2));
    assert_eq!((without.0, with.0, with.1), (0, 20, 20));
    assert!(with.2 * 2 < without.2, "{with:?} against {without:?}");
    assert!(with.3 < without.3 * 1.1, "{with:?} against {without:?}");
    println!("{with:?} against {without:?}");
}

/// Both tasks take a hundred seconds and need one lock. The coordinator crashes while an agent has the first one, which goes on with it:
/// the second one starts after that.
#[test]
fn an_agent_that_goes_on_with_a_task_still_has_its_lock() {
    let parameters = serde_json::json!({
        "strategy": "star", "steps": 1, "tokens_out": 0,
        "tasks": [{ "name": "a", "lock": "l", "duration": "100s" }, { "name": "b", "lock": "l", "duration": "100s" }]
    });
    let mut setup = calm(1, 3);
    let fault =
        serde_json::json!([{ "id": 0, "at": "30s", "crash": { "target": "n1", "restart_after": "1s" } }]);
    setup.faults = FaultPlan::new(serde_json::from_value(fault).unwrap());
    let outcome = run(&parameters, &setup);
    assert_eq!((super::max(&outcome, "tasks_done"), outcome.activity["observed.Adopted"]), (2, 1));
    let makespan = super::seconds(&outcome, "makespan_ns");
    assert!(makespan >= 200.0, "{makespan}");
}
