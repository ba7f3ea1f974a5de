//! Whole runs in a world: the paper's counts and delays, swarms of faults and traitors, and one traitor too many.

use serde_json::json;
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::super::entry::ENTRY;
use super::super::traitors::BEHAVIORS;
use crate::testing::{cluster, run, setup, swarm, weathers_every_behavior};

/// Chained: a block, two or three more that certify it, and one that tells all; each is voted for once. Basic: seven
/// messages with each of the others, and their new-views.
#[test]
fn a_decision_costs_what_the_paper_says() {
    for (rule, views) in [("three-chain", 4), ("two-chain", 3), ("basic", 1)] {
        for n in [4, 7, 10] {
            let mut setup = Setup { progress_timeout: None, clients: 1, ..setup(1, n, 1) };
            setup.network.latency = Distribution::Fixed(Duration::from_millis(10));
            let outcome = run(cluster(&ENTRY, &json!({ "rule": rule })).as_ref(), &setup);
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
    weathers_every_behavior(&ENTRY, BEHAVIORS);
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
                let outcome = run(cluster(&ENTRY, &json!({ "rule": rule })).as_ref(), &setup);
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
        let digests = [0, 1].map(|_| swarm(&ENTRY, seed, 7, Some("random")).digest);
        assert_eq!(digests[0], digests[1]);
    }
}
