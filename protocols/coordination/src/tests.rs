//! Whole runs: figures made by hand, the oracle, and every strategy on the same tasks.

mod events;
mod oracle;
mod recovery;
mod registry;
mod relays;
mod silence;
mod sink;
mod stalls;
mod standbys;

use sim_core::outcome::Outcome;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::{NetworkModel, Setup};
use sim_core::time::Duration;

use crate::entry::ENTRY;
use crate::graph::bounds::{chain_and_sum, greedy_makespan};
use crate::graph::{Graph, Namespaces, Skills};
use crate::parameters::Parameters;

fn calm(seed: u64, agents: u32) -> Setup {
    let network = NetworkModel {
        latency: sim_core::distribution::Distribution::Fixed(Duration::ZERO),
        ..NetworkModel::default()
    };
    Setup { clients: 2, network, duration: Duration::from_secs(3_600), ..Setup::new(seed, agents) }
}

fn run(parameters: &serde_json::Value, setup: &Setup) -> Outcome {
    let outcome = ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap();
    assert_eq!(outcome.violations, [], "seed {}", setup.seed);
    outcome
}

/// The same for agents that can all do everything, as the only one must.
fn for_one_alone(drawn: Parameters) -> Parameters {
    Parameters { skills: Skills::default(), namespaces: Namespaces::default(), ..drawn }
}

fn max(outcome: &Outcome, metric: &str) -> u64 {
    outcome.metrics.get(metric).map_or(0, |summary| summary.max)
}

fn seconds(outcome: &Outcome, metric: &str) -> f64 {
    max(outcome, metric) as f64 / 1e9
}

/// Three agents, the first of which coordinates. Tasks a (3 s), b after a (4 s), c (2 s), d after b and c (1 s); no calls.
///
/// Without latency n2 does a from 0 to 3 s and n3 does c from 0 to 2 s, b follows until 7 s and d until 8 s: the longest
/// chain. Ten seconds of work in all.
#[test]
fn three_agents_come_to_the_figures_made_by_hand() {
    let parameters = serde_json::json!({
        "strategy": "star", "tokens_out": 0, "steps": 1, "handling": "0s", "queue": 0,
        "tasks": [
            { "name": "a", "duration": "3s" }, { "name": "b", "after": ["a"], "duration": "4s" },
            { "name": "c", "duration": "2s" }, { "name": "d", "after": ["b", "c"], "duration": "1s" }
        ]
    });
    let outcome = run(&parameters, &calm(1, 3));
    assert_eq!(max(&outcome, "tasks_done"), 4);
    assert_eq!((seconds(&outcome, "makespan_ns"), seconds(&outcome, "makespan_bound_ns")), (8.0, 8.0));
    let working = &outcome.metrics["agent_working_ns"];
    assert_eq!((working.mean * working.count as f64).round() as u64, 10_000_000_000);
    assert_eq!(max(&outcome, "cost_microdollars"), 0);
    assert_eq!(max(&outcome, "tasks_begun_again"), 0);
}

/// 2 calls of 100 tokens in and 10 out: 200 in with the 10 that the context grew by, 20 out.
#[test]
fn a_task_costs_what_its_tokens_cost() {
    let parameters = serde_json::json!({
        "strategy": "single", "steps": 2, "tokens_in": 100, "tokens_out": 10, "price_in": 3, "price_out": 15,
        "first_token": "1s", "per_token": "100ms", "tasks": [{ "name": "only", "duration": "4s" }]
    });
    let outcome = run(&parameters, &calm(1, 1));
    assert_eq!(max(&outcome, "cost_microdollars"), 210 * 3 + 20 * 15);
    assert_eq!(seconds(&outcome, "makespan_ns"), 4.0 + 2.0 * (1.0 + 1.0));
}

#[test]
fn the_key_feeds_as_many_calls_as_its_limit_says() {
    let parameters = serde_json::json!({
        "strategy": "independent", "steps": 1, "layers": 1, "width": 240, "duration": "0s", "slots": 8,
        "requests_per_minute": 60, "on_limit": "retry-after"
    });
    let outcome = run(&parameters, &calm(3, 30));
    assert_eq!(max(&outcome, "tasks_done"), 240);
    // The bucket holds one minute's worth; the other 180 calls take three minutes.
    let took = seconds(&outcome, "makespan_ns");
    assert!((180.0..200.0).contains(&took), "{took}");
}

#[test]
fn every_strategy_comes_to_the_same_results_and_none_beats_the_bound() {
    let mut rng = sim_core::random::stream(5, sim_core::random::StreamName::Configuration);
    for seed in 0..40 {
        let drawn = for_one_alone(Parameters::default().drawn(&mut rng));
        let mut done = Vec::new();
        // A core speaks all the time, which takes its time.
        let all = if seed % 5 == 0 { 7 } else { 4 };
        for strategy in &["single", "independent", "star", "gossip", "service", "hybrid", "raft"][..all] {
            let mut parameters = drawn.write();
            parameters["strategy"] = (*strategy).into();
            let outcome = run(&parameters, &calm(seed, 6));
            done.push((max(&outcome, "tasks_done"), outcome.activity["observed.Effect"]));
            assert!(outcome.metrics.contains_key("makespan_ns"), "{strategy} is not over under seed {seed}");
        }
        assert!(done.iter().all(|figures| *figures == done[0]), "seed {seed}: {done:?}");
    }
}

/// Graham's bound: without overhead a greedy coordinator needs at most work / p and the longest chain.
#[test]
fn a_greedy_coordinator_stays_within_grahams_bound() {
    for seed in 0..30 {
        let parameters = Parameters {
            tokens_out: 0,
            steps: 1,
            queue: 0,
            handling: Duration::ZERO,
            layers: 5,
            width: 9,
            ..Parameters::default()
        };
        let graph = Graph::of(&parameters, seed).unwrap();
        let outcome = run(&parameters.write(), &calm(seed, 5));
        let order: Vec<u32> = (0..graph.len() as u32).collect();
        let (chain, sum) = chain_and_sum(&graph, &order, |id| graph.task(id).work);
        let took = max(&outcome, "makespan_ns");
        assert!(took <= greedy_makespan(chain, sum, 4).as_nanos(), "seed {seed}: {took}");
        assert!(took >= max(&outcome, "makespan_bound_ns"));
    }
}

/// n2 and n3 reach the coordinator and not the platform; n4, which is free all the time, reaches both. What n2 returns goes to n4
/// and not back and forth between n2 and n3, whose rests are shorter than their attempts.
#[test]
fn whoever_goes_on_with_tasks_is_preferred_to_whoever_returns_them() {
    let parameters = serde_json::json!({
        "strategy": "star", "steps": 1, "patience": "20s", "heartbeat": "50ms", "queue": 0,
        "tasks": [{ "name": "only", "duration": "1s" }]
    });
    let mut setup = calm(1, 4);
    setup.progress_timeout = None;
    let lost =
        serde_json::json!([{ "id": 0, "at": "1ns", "partition": { "from": "n2,n3", "to": "clients" } }]);
    setup.faults = sim_core::fault::FaultPlan::new(serde_json::from_value(lost).unwrap());
    let outcome = run(&parameters, &setup);
    assert_eq!((max(&outcome, "tasks_done"), outcome.activity["observed.Returned"]), (1, 2));
}

/// From the decision about a task until its agent hears of it: a latency for each link on the way, which in a tree of fan-out 2 leads to n4
/// to n7 through n2 and n3.
#[test]
fn routing_takes_a_latency_for_each_link_on_the_way() {
    let longest = |topology: &str| {
        let parameters = serde_json::json!({
            "strategy": "star", "topology": topology, "degree": 2, "layers": 1, "width": 30, "steps": 1, "tokens_out": 0,
            "duration": "5s", "handling": "0s"
        });
        let mut setup = calm(1, 7);
        setup.network.latency = sim_core::distribution::Distribution::Fixed(Duration::from_millis(10));
        let outcome = run(&parameters, &setup);
        assert_eq!(outcome.metrics["routing_ns"].count, 30, "{topology}");
        max(&outcome, "routing_ns") / 1_000_000
    };
    assert_eq!(["mesh", "star", "tree", "ring"].map(longest), [10, 10, 20, 30]);
}

/// Forty agents have more to say than the coordinator hears in time, and only so many messages may wait at it. Of what is dropped, beats
/// come with the next one and letters are repeated, so that all tasks end all the same.
#[test]
fn a_coordinator_whose_inbox_is_full_loses_no_task() {
    let parameters = serde_json::json!({
        "strategy": "star", "steps": 4, "layers": 1, "width": 200, "duration": "4s", "tokens_out": 0, "handling": "40ms"
    });
    let dropped = |inbox: Option<u32>| {
        let mut setup = calm(1, 40);
        setup.service.inbox = inbox;
        let outcome = run(&parameters, &setup);
        assert_eq!(max(&outcome, "tasks_done"), 200, "{inbox:?}");
        outcome.activity["dropped.inbox_full"]
    };
    assert!(dropped(Some(12)) > 0);
    assert_eq!(dropped(None), 0);
}

#[test]
fn the_buckets_of_every_agent_sum_to_the_run() {
    let outcome =
        run(&serde_json::json!({ "strategy": "star", "topology": "tree", "degree": 2 }), &calm(2, 9));
    let names = ["working", "coordinating", "waiting", "throttled", "idle", "down"];
    let sum: f64 = names.iter().map(|name| outcome.metrics[&format!("agent_{name}_ns")].mean).sum();
    assert!((sum - outcome.virtual_ns as f64).abs() < 10.0, "{sum}");
    assert_eq!(outcome.metrics["agent_working_ns"].count, 9);
    assert!(outcome.messages.by_kind["Relay"] > 0, "a tree forwards");
}

#[test]
fn what_cannot_be_is_refused_before_it_runs() {
    let refused = |parameters: serde_json::Value, agents| {
        let cluster = ENTRY.configure(&parameters).unwrap();
        cluster.launch(&calm(1, agents), &Launch::default()).unwrap_err().to_string()
    };
    let skilled = serde_json::json!({
        "skills": [{ "name": "review", "every": 9 }],
        "tasks": [{ "name": "merge", "needs": ["review"] }]
    });
    assert!(ENTRY.configure(&skilled).unwrap().accepts(&calm(1, 4)).is_ok(), "the last agent can review");
    let ring = serde_json::json!({ "topology": "ring", "most_links": 1 });
    assert_eq!(refused(ring, 4), "launch coordination: n1 has 2 links, more than most_links = 1");
    let tokens = serde_json::json!({ "input_tokens_per_minute": 1_000 });
    assert!(refused(tokens, 4).ends_with("input tokens in a call, and the limit is 1000 per minute"));
    let alone = serde_json::json!({
        "skills": [{ "name": "review", "every": 9 }], "strategy": "single",
        "tasks": [{ "name": "merge", "needs": ["review"] }]
    });
    let message = "launch coordination: no agent that does tasks can do merge, which needs review";
    assert_eq!(refused(alone, 4), message);
}

/// In a ring of 24 agents that are 100 ms apart, an answer takes up to 2.4 s: longer than agents wait at first for a home.
#[test]
fn agents_that_claim_wait_for_homes_that_are_far_away() {
    let parameters = serde_json::json!({
        "strategy": "gossip", "topology": "ring", "tokens_out": 0, "steps": 1, "width": 30, "layers": 2
    });
    let mut setup = calm(4, 24);
    setup.network.latency = sim_core::distribution::Distribution::Fixed(Duration::from_millis(100));
    let outcome = run(&parameters, &setup);
    assert_eq!(max(&outcome, "tasks_done"), 60);
    assert!(seconds(&outcome, "makespan_ns") < 300.0, "{}", seconds(&outcome, "makespan_ns"));
    let (alarms, claims) = (outcome.activity["observed.Lost"], outcome.activity["observed.Started"]);
    assert!(alarms < claims, "{alarms} homes were held for silent, and {claims} tasks begun");
}

/// Between its end at the sink and the answer that tells of it, an agent does not begin again what it has ended itself.
#[test]
fn agents_that_claim_begin_each_task_once_where_nothing_goes_wrong() {
    let parameters = serde_json::json!({ "strategy": "gossip", "steps": 2, "width": 60, "layers": 3 });
    let mut setup = calm(6, 20);
    setup.network.latency = sim_core::distribution::Distribution::Fixed(Duration::from_millis(20));
    let outcome = run(&parameters, &setup);
    assert_eq!((max(&outcome, "tasks_done"), max(&outcome, "tasks_begun_again")), (180, 0));
    assert_eq!(outcome.activity["observed.FenceRefused"], 0);
}

/// What each strategy promises of notes is kept, and what it does not promise is measured.
#[test]
fn notes_are_kept_under_every_strategy_that_shares_memory() {
    for strategy in ["single", "star", "service", "hybrid", "raft", "gossip", "independent"] {
        let parameters = serde_json::json!({
            "strategy": strategy, "layers": 3, "width": 10, "memory_keys": 2, "memory_every": "1s", "memory_ttl": "10s",
            "election_timeout": "500ms"
        });
        let mut setup = calm(3, 8);
        setup.network.latency = sim_core::distribution::Distribution::Fixed(Duration::from_millis(10));
        let outcome = run(&parameters, &setup);
        let seen =
            |kind: &str| outcome.activity.get(&format!("observed.{kind}")).copied().unwrap_or_default();
        let check = outcome.checks.iter().find(|check| check.name == "coordination/memory").unwrap();
        if strategy == "independent" {
            assert_eq!((seen("NoteAsked"), check.exercised), (0, 0), "agents share nothing");
            continue;
        }
        let [writes, kept, unanswered] = ["memory_writes", "NoteKept", "memory_unanswered"]
            .map(|name| outcome.metrics.get(name).map_or_else(|| seen(name), |summary| summary.max));
        assert!(kept > 20 && writes >= kept && unanswered == 0, "{strategy}: {kept} of {writes}");
        assert!(check.exercised > 20 && seen("NoteForgotten") > 0, "{strategy}");
        let merges = strategy == "gossip";
        assert_eq!(max(&outcome, "memory_stale_reads") > 0, merges, "{strategy}");
        assert_eq!(seen("NoteLearned") > 0, merges, "{strategy}");
    }
}

/// Four agents and three agents cannot hear each other for a minute.
fn split(policy: &str) -> Outcome {
    let parameters = serde_json::json!({
        "strategy": "raft", "on_partition": policy, "layers": 4, "width": 14, "duration": "10s", "memory_keys": 2,
        "memory_every": "1s", "election_timeout": "1s"
    });
    let mut setup = calm(5, 7);
    setup.network.latency = sim_core::distribution::Distribution::Fixed(Duration::from_millis(10));
    let cut = serde_json::json!([
        { "id": 0, "at": "20s", "for": "60s", "partition": { "groups": ["n1,n2,n3,n4", "n5,n6,n7"] } }
    ]);
    setup.faults = sim_core::fault::FaultPlan::new(serde_json::from_value(cut).unwrap());
    run(&parameters, &setup)
}

#[test]
fn a_minority_that_is_read_only_denies_writes_and_returns_what_it_had_last() {
    let (reads, still) = (split("read-only"), split("stand-still"));
    assert!(reads.activity["observed.WentReadOnly"] >= 3 && max(&reads, "memory_denied") > 10);
    assert!(max(&reads, "memory_stale_reads") > 0 && max(&reads, "memory_old_reads") > 10);
    // A read misses at most what was written since the split began.
    assert!(seconds(&reads, "memory_stale_ns") < 60.0, "{}", seconds(&reads, "memory_stale_ns"));
    assert_eq!(reads.activity["observed.WentReadOnly"], reads.activity["observed.LeftReadOnly"]);
    assert_eq!((max(&still, "memory_denied"), max(&still, "memory_stale_reads")), (0, 0));
    assert!(max(&still, "memory_reads") < max(&reads, "memory_reads"));
}

#[test]
fn local_writes_go_on_on_both_sides_and_none_is_lost() {
    let (local, still) = (split("local-writes"), split("stand-still"));
    assert_eq!((max(&local, "memory_denied"), max(&local, "memory_unanswered")), (0, 0));
    assert!(max(&local, "memory_stale_reads") > 0);
    assert!(seconds(&local, "memory_spread_ns") > 2.0, "what was written in the split was everywhere late");
    assert!(max(&still, "memory_unanswered") > 0);
}
