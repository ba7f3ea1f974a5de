//! Whole runs in a world: what a decision costs, swarms of faults and traitors, and one traitor too many.

use serde_json::json;
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::fault::SwarmSpace;
use sim_core::outcome::Outcome;
use sim_core::registry::Entry;
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::super::traitors::BEHAVIORS;
use super::super::{fab, zyzzyva};
use crate::testing::{cluster, run};

const ENTRIES: [&dyn Entry; 2] = [&zyzzyva::ENTRY, &fab::ENTRY];

fn setup(seed: u64, members: u32) -> Setup {
    Setup {
        duration: Duration::from_secs(3),
        progress_timeout: Some(Duration::from_millis(500)),
        ..Setup::new(seed, members)
    }
}

fn swarm(entry: &dyn Entry, seed: u64, members: u32, behavior: &str) -> Outcome {
    let setup = Setup { behavior: Some(behavior.to_owned()), ..setup(seed, members) };
    let cluster = cluster(entry, &json!({ "clients": 3, "ask_within": "1s" }));
    protocol_testing::swarm::weather(&*cluster, setup, 50, &SwarmSpace::default())
}

/// FaB: a request, a proposal, and what members accept: the decision is known two delays after the proposal. Zyzzyva: the same, and
/// the answers go to one client.
#[test]
fn a_calm_decision_costs_what_the_papers_say() {
    for n in [4, 7, 10] {
        for entry in ENTRIES {
            let mut setup = Setup { progress_timeout: None, ..setup(1, n) };
            setup.network.latency = Distribution::Fixed(Duration::from_millis(10));
            let outcome = run(&*cluster(entry, &json!({ "clients": 1 })), &setup);
            assert_eq!(outcome.verdict, Verdict::Pass, "{:?} {:?}", outcome.violations, outcome.reasons);
            let sent = |kind: &str| outcome.messages.by_kind[kind];
            let others = u64::from(n) - 1;
            let accepts = if entry.info().name == "zyzzyva" { others } else { u64::from(n) * others };
            assert_eq!((sent("Request"), sent("Proposal"), sent("Accepted")), (others, others, accepts));
            assert_eq!(outcome.activity["observed.Committed"], u64::from(n));
            // A request is a number: what it is made from must not become the size of a value.
            assert!(outcome.messages.bytes < outcome.messages.sent * 1_000, "{:?}", outcome.messages);
        }
    }
}

#[test]
fn nothing_is_found_in_a_swarm_and_progress_is_made() {
    for entry in ENTRIES {
        let runs = 15 * BEHAVIORS.len() as u64;
        let made = protocol_testing::swarm::finds_nothing(runs, |seed| {
            let behavior = BEHAVIORS[seed as usize % BEHAVIORS.len()].name;
            swarm(entry, seed, 4 + 3 * (seed % 3) as u32, behavior)
        });
        assert!(made * 100 >= runs * 85, "{}: {made} of {runs} made progress", entry.info().name);
    }
}

#[test]
fn f_equivocators_split_nothing_and_f_plus_one_split_the_honest() {
    for entry in ENTRIES {
        let name = entry.info().name;
        for (n, traitors, breaks) in [(4, 1, false), (7, 2, false), (4, 2, true), (7, 3, true)] {
            let mut forks = 0;
            for seed in 0..10 {
                let mut setup = setup(seed, n);
                setup.initial.corrupt = (0..traitors).collect();
                let outcome = run(&*cluster(entry, &json!({ "clients": 10 })), &setup);
                let found = |check: &str| {
                    let check = format!("{name}/{check}");
                    outcome.violations.iter().find(|violation| violation.check == check)
                };
                let fork = found("agreement").is_some();
                forks += u32::from(fork);
                if !breaks {
                    assert!(outcome.violations.is_empty(), "{name} n {n}: {:?}", outcome.violations);
                } else if let Some(blamed) = found("evidence") {
                    assert_eq!(blamed.verdict, Verdict::Assumption, "{blamed:?}");
                    assert!(blamed.nodes.iter().all(|node| node.0 < traitors), "n {n}: {blamed:?}");
                }
            }
            assert_eq!(forks > 0, breaks, "{name}, n = {n}, {traitors} traitors: {forks} forks");
        }
    }
}

#[test]
fn a_run_is_repeated_to_the_bit() {
    for entry in ENTRIES {
        for seed in [3, 8] {
            let digests = [0, 1].map(|_| swarm(entry, seed, 7, "random").digest);
            assert_eq!(digests[0], digests[1]);
        }
    }
}
