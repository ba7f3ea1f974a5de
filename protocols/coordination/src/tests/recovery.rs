//! After an overload ends, throughput is back: a queue empties, and nothing that piled up meanwhile keeps it down.

use sim_core::fault::FaultPlan;
use sim_core::time::Duration;

use super::{calm, run};

/// When the overload begins and ends, in seconds.
const OVERLOAD: (u64, u64) = (120, 180);

/// How many tasks took effect until so many seconds, while somebody is so slow during the overload. The same seed begins alike,
/// whenever a run ends.
fn effects_until(
    parameters: &serde_json::Value,
    slow: &serde_json::Value,
    (agents, seconds): (u32, u64),
) -> u64 {
    let mut setup = calm(1, agents);
    setup.service.inbox = Some(10_000);
    setup.duration = Duration::from_secs(seconds);
    setup.progress_timeout = None;
    let (from, until) = OVERLOAD;
    let fault = serde_json::json!([
        { "id": 0, "at": format!("{from}s"), "for": format!("{}s", until - from), "slow": slow }
    ]);
    setup.faults = FaultPlan::new(serde_json::from_value(fault).unwrap());
    run(parameters, &setup).activity["observed.Effect"]
}

/// Effects in the minute before the overload, in its last half minute, and in the minute that begins a minute after its end.
fn throughput(parameters: &serde_json::Value, slow: &serde_json::Value, agents: u32) -> [u64; 3] {
    let (from, until) = OVERLOAD;
    let at = |seconds| effects_until(parameters, slow, (agents, seconds));
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
        let figures = throughput(&parameters, &slow, 40);
        assert!(is_back(figures), "{strategy}: {figures:?}");
        println!("{strategy}: {figures:?}");
    }
}

/// While the model is slow, agents that have no answer call again, and each call counts against the limit, also if nobody waits
/// for it any more.
#[test]
fn throughput_is_back_a_minute_after_the_model_was_overloaded() {
    let slow = serde_json::json!({ "target": "c1", "percent": 101, "floor": "2s" });
    for breaker in [0, 3] {
        let parameters = serde_json::json!({
            "strategy": "star", "steps": 1, "layers": 1, "width": 2_500, "requests_per_minute": 240,
            "breaker": breaker, "duration": { "uniform": { "min": "2s", "max": "6s" } }
        });
        let figures = throughput(&parameters, &slow, 41);
        println!("breaker {breaker}: {figures:?}");
        assert!(breaker == 0 || is_back(figures), "{figures:?}");
    }
}
