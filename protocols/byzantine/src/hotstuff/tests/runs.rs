//! Whole runs in a world: the paper's counts and delays, swarms of faults and traitors, and one traitor too many.

use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::fault::{SwarmSpace, swarm::draw};
use sim_core::operation::ObjectModel;
use sim_core::outcome::{Outcome, Progress};
use sim_core::random::{StreamName, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::{Cluster, Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

use super::super::entry::ENTRY;
use super::super::traitors::BEHAVIORS;

fn cluster(parameters: &Value) -> Box<dyn Cluster> {
    ENTRY.configure(parameters).unwrap()
}

/// A few seconds of clients that write and read a register.
fn setup(seed: u64, members: u32, operations: u64) -> Setup {
    let workload: WorkloadModel = serde_json::from_value(json!({
        "model": ObjectModel::CasRegister, "rate": "50/s", "operations": operations,
    }))
    .unwrap();
    Setup {
        duration: Duration::from_secs(4),
        clients: 3,
        workload: Some(workload),
        progress_timeout: Some(Duration::from_millis(500)),
        ..Setup::new(seed, members)
    }
}

fn run(cluster: &dyn Cluster, setup: &Setup) -> Outcome {
    cluster.launch(setup, &Launch::default()).unwrap()
}

fn swarm(seed: u64, members: u32, behavior: Option<&str>) -> Outcome {
    let cluster = cluster(&json!({})).drawn(&mut stream(seed, StreamName::Configuration));
    let mut setup = setup(seed, members, 60);
    setup.network.loss = Ratio::new(1, 50);
    setup.behavior = behavior.map(str::to_owned);
    let mut rng = stream(seed, StreamName::Plan);
    let model = cluster.fault_model(members);
    setup.faults = draw(&mut rng, &SwarmSpace::default(), members, 0, setup.duration, model);
    setup.progress_timeout = Some(cluster.largest_timeout());
    run(cluster.as_ref(), &setup)
}

/// Chained: a block, two or three more that certify it, and one that tells all; each is voted for once. Basic: seven
/// messages with each of the others, and their new-views.
#[test]
fn a_decision_costs_what_the_paper_says() {
    for (rule, views) in [("three-chain", 4), ("two-chain", 3), ("basic", 1)] {
        for n in [4, 7, 10] {
            let mut setup = Setup { progress_timeout: None, clients: 1, ..setup(1, n, 1) };
            setup.network.latency = Distribution::Fixed(Duration::from_millis(10));
            let outcome = run(cluster(&json!({ "rule": rule })).as_ref(), &setup);
            assert_eq!(outcome.verdict, Verdict::Pass, "{:?} {:?}", outcome.violations, outcome.reasons);
            let sent = |kind: &str| outcome.messages.by_kind.get(kind).copied().unwrap_or(0);
            let others = u64::from(n) - 1;
            let (votes, shown, ready) = if rule == "basic" { (3, 3, 1) } else { (views, 0, 0) };
            let counts = ["Proposal", "Vote", "Certified", "NewView"].map(|kind| sent(kind) / others);
            assert_eq!(counts, [views, votes, shown, ready], "{rule} {n}");
            assert_eq!(sent("Request") + sent("Reply"), 1 + u64::from(n));
            assert_eq!(sent("Timeout") + sent("Fetch"), 0);
            // Once nothing waits any more, and in answer to who knows less.
            assert!(sent("Tip") <= 2 * (others + 1) * others, "{}", sent("Tip"));
        }
    }
}

#[test]
fn nothing_is_found_in_a_swarm_and_progress_is_made() {
    let mut owed = 0;
    let runs = 15 * BEHAVIORS.len() as u64;
    for seed in 0..runs {
        let behavior = BEHAVIORS[seed as usize % BEHAVIORS.len()].name;
        let outcome = swarm(seed, 4 + 3 * (seed % 3) as u32, Some(behavior));
        assert!(outcome.violations.is_empty(), "seed {seed} {behavior:?}: {:?}", outcome.violations);
        owed += u64::from(matches!(outcome.progress, Progress::Made { .. }));
    }
    assert!(owed * 100 >= runs * 90, "{owed} of {runs} made progress");
}

#[test]
fn f_equivocators_split_nothing_and_f_plus_one_split_the_honest() {
    for rule in ["basic", "three-chain", "two-chain"] {
        let sizes = [(4, 1, false), (7, 2, false), (4, 2, true), (7, 3, true), (3, 1, true), (6, 2, true)];
        for (n, traitors, breaks) in sizes {
            let mut forks = 0;
            for seed in 0..6 {
                let mut setup = setup(seed, n, 20);
                setup.initial.corrupt = (0..traitors).collect();
                let outcome = run(cluster(&json!({ "rule": rule })).as_ref(), &setup);
                let fork = outcome.violations.iter().find(|found| found.check == "hotstuff/agreement");
                forks += u32::from(fork.is_some());
                if !breaks {
                    assert!(outcome.violations.is_empty(), "{rule}, n {n}: {:?}", outcome.violations);
                }
            }
            assert_eq!(forks > 0, breaks, "{rule}, n = {n}, {traitors} traitors: {forks} forks");
        }
    }
}

#[test]
fn a_run_is_repeated_to_the_bit() {
    for seed in [3, 8] {
        let digests = [0, 1].map(|_| swarm(seed, 7, Some("random")).digest);
        assert_eq!(digests[0], digests[1]);
    }
}
