//! What a coordinator makes of agents that it does not hear: cut off or gone, by heartbeats and by SWIM.

use sim_core::fault::FaultPlan;
use sim_core::outcome::Outcome;

use super::{calm, max, run};

/// Ten agents, of which something becomes after ten seconds that lasts for a minute.
fn after_ten_seconds(more: &serde_json::Value, fault: (&str, serde_json::Value)) -> Outcome {
    let mut parameters = serde_json::json!({
        "steps": 2, "layers": 1, "width": 200, "duration": "8s", "tokens_out": 0, "core": 3
    });
    for (name, value) in more.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    let mut entry = serde_json::json!({ "id": 0, "at": "10s", "for": "60s" });
    if fault.0 == "crash" {
        entry.as_object_mut().unwrap().remove("for");
    }
    entry[fault.0] = fault.1;
    let mut setup = calm(1, 10);
    setup.faults = FaultPlan::new(serde_json::from_value(serde_json::json!([entry])).unwrap());
    run(&parameters, &setup)
}

fn seen(outcome: &Outcome, what: &str) -> u64 {
    outcome.activity[&format!("observed.{what}")]
}

/// Heartbeats of five seconds, `dead_after` of twelve: known within 18 s of silence for who is cut off, one heartbeat later for who is gone.
#[test]
fn who_is_cut_off_is_told_from_who_is_gone() {
    for strategy in ["star", "service", "hybrid"] {
        let cut = serde_json::json!({ "groups": ["n8,n9", "rest"] });
        let split = after_ten_seconds(&serde_json::json!({ "strategy": strategy }), ("partition", cut));
        assert_eq!((seen(&split, "CutOff"), seen(&split, "Gone")), (2, 0), "{strategy}");
        assert!(max(&split, "cut_off_told_ns") <= 18_000_000_000, "{strategy}");

        let crash = serde_json::json!({ "target": "n8,n9", "restart_after": "60s" });
        let deaths = after_ten_seconds(&serde_json::json!({ "strategy": strategy }), ("crash", crash));
        assert_eq!((seen(&deaths, "CutOff"), seen(&deaths, "Gone")), (0, 2), "{strategy}");
        assert!(max(&deaths, "gone_told_ns") <= 23_000_000_000, "{strategy}");
        for outcome in [split, deaths] {
            assert_eq!((max(&outcome, "cut_off_wrong"), max(&outcome, "gone_wrong")), (0, 0));
            assert_eq!(max(&outcome, "tasks_done"), 200);
        }
    }
}

/// The witness is deceived where it is cut off as well; what it says is no fence, so that nothing is done by two at once.
#[test]
fn who_cannot_reach_the_sink_either_is_wrongly_told_to_be_gone() {
    let cut = serde_json::json!({ "groups": ["n8,n9", "n1,n2,n3,n4,n5,n6,n7,n10,c1,c2"] });
    let outcome = after_ten_seconds(&serde_json::json!({ "strategy": "star" }), ("partition", cut));
    assert_eq!((seen(&outcome, "Gone"), max(&outcome, "gone_wrong")), (2, 2));
    assert_eq!(max(&outcome, "tasks_begun_while_held"), 0);
}

/// The network between the coordinator and one agent is cut. It does not beat in time and is lost by heartbeats; others reach it,
/// so that SWIM holds it alive.
#[test]
fn swim_loses_nobody_whom_others_reach() {
    let lost = |detector: &str, fault: &str, how: serde_json::Value| {
        let more = serde_json::json!({ "strategy": "star", "detector": detector });
        let outcome = after_ten_seconds(&more, (fault, how));
        assert_eq!(max(&outcome, "tasks_done"), 200, "{detector} {fault}");
        seen(&outcome, "Lost")
    };
    let cut = || serde_json::json!({ "from": "n8", "to": "n1" });
    assert_eq!((lost("heartbeat", "partition", cut()), lost("swim", "partition", cut())), (1, 0));
    let crash = || serde_json::json!({ "target": "n8,n9" });
    assert_eq!((lost("heartbeat", "crash", crash()), lost("swim", "crash", crash())), (2, 2));
}

/// SWIM speaks through others as everything does where agents are not linked, and every strategy with a coordinator has it.
#[test]
fn swim_works_under_every_coordinator_and_over_detours() {
    for (strategy, topology) in [("star", "tree"), ("service", "mesh"), ("hybrid", "ring"), ("raft", "mesh")]
    {
        let more = serde_json::json!({ "strategy": strategy, "topology": topology, "degree": 3, "detector": "swim" });
        let crash = serde_json::json!({ "target": "n10", "restart_after": "60s" });
        let outcome = after_ten_seconds(&more, ("crash", crash));
        assert_eq!(max(&outcome, "tasks_done"), 200, "{strategy} {topology}");
        assert!(seen(&outcome, "Lost") >= 1, "{strategy} {topology}");
        println!("{strategy} {topology}: {:?}", outcome.metrics.get("detection_ns"));
    }
}

/// Agents that claim tasks ask the sink about those that do not answer. In a split each side doubts the other.
#[test]
fn agents_that_claim_tell_who_is_cut_off_from_who_is_gone() {
    for detector in ["heartbeat", "swim"] {
        let more = || serde_json::json!({ "strategy": "gossip", "detector": detector });
        let cut = serde_json::json!({ "groups": ["n8,n9", "rest"] });
        let split = after_ten_seconds(&more(), ("partition", cut));
        let both_sides = ["n8", "n1"].iter().all(|side| split.slots.iter().any(|slot| slot == *side));
        assert!(both_sides && seen(&split, "CutOff") >= 4, "{detector}: {}", seen(&split, "CutOff"));
        assert_eq!(seen(&split, "Gone"), 0, "{detector}");

        let crash = serde_json::json!({ "target": "n8,n9" });
        let deaths = after_ten_seconds(&more(), ("crash", crash));
        assert!(seen(&deaths, "Gone") >= 2, "{detector}");
        assert_eq!(seen(&deaths, "CutOff"), 0, "{detector}");
        // Polls and heartbeats of five seconds: 15 s of silence, and two answers.
        assert!(
            max(&deaths, "gone_told_ns") <= 26_000_000_000,
            "{detector}: {}",
            max(&deaths, "gone_told_ns")
        );
        for outcome in [split, deaths] {
            assert_eq!((max(&outcome, "cut_off_wrong"), max(&outcome, "gone_wrong")), (0, 0), "{detector}");
            assert_eq!(max(&outcome, "tasks_done"), 200, "{detector}");
        }
    }
}

/// Where agents are members of SWIM, all of them know of a death within seconds, and not only when they ask the dead one for a task.
#[test]
fn swim_tells_agents_that_claim_of_deaths_before_they_ask() {
    let mean = |detector: &str| {
        let more =
            serde_json::json!({ "strategy": "gossip", "detector": detector, "width": 400, "duration": "4s" });
        let crash = serde_json::json!({ "target": "n7,n8,n9" });
        let outcome = after_ten_seconds(&more, ("crash", crash));
        assert_eq!(max(&outcome, "tasks_done"), 400, "{detector}");
        let (detection, claims) = (&outcome.metrics["detection_ns"], outcome.messages.by_kind["Claim"]);
        // Seven that live find three each.
        assert_eq!(detection.count, 21, "{detector}");
        // Three for each task, whatever else wakes agents up.
        assert!(claims < 1_200, "{detector}: {claims}");
        (detection.mean / 1e9, max(&outcome, "makespan_ns") / 1_000_000_000)
    };
    let (alone, swim) = (mean("heartbeat"), mean("swim"));
    assert!(swim.0 < 8.0 && alone.0 > 20.0, "{swim:?} against {alone:?}");
    assert!(swim.1 <= alone.1, "{swim:?} against {alone:?}");
    println!("{swim:?} against {alone:?}");
}
