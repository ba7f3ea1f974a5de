//! Whole runs in a world: the paper's counts and delays, swarms of faults and traitors, and one traitor too many.

use serde_json::json;
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::super::entry::ENTRY;
use super::super::traitors::BEHAVIORS;
use crate::testing::{cluster, run, setup, swarm, weathers_every_behavior};

#[test]
fn a_decision_costs_what_the_paper_says() {
    for n in [4, 7, 10] {
        let mut setup = Setup { progress_timeout: None, clients: 1, ..setup(1, n, 1) };
        setup.network.latency = Distribution::Fixed(Duration::from_millis(10));
        let outcome = run(cluster(&ENTRY, &json!({})).as_ref(), &setup);
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?} {:?}", outcome.violations, outcome.reasons);
        let sent = |kind: &str| outcome.messages.by_kind[kind];
        let n = u64::from(n);
        assert_eq!(
            [sent("PrePrepare"), sent("Prepare"), sent("Commit")],
            [n - 1, (n - 1) * (n - 1), n * (n - 1)]
        );
        assert_eq!(sent("Request") + sent("Reply"), 1 + n);
    }
}

#[test]
fn nothing_is_found_in_a_swarm_and_progress_is_made() {
    weathers_every_behavior(&ENTRY, BEHAVIORS);
}

#[test]
fn f_equivocators_split_nothing_and_f_plus_one_split_the_honest() {
    for (n, traitors, breaks) in
        [(4, 1, false), (7, 2, false), (4, 2, true), (7, 3, true), (3, 1, true), (6, 2, true)]
    {
        let mut forks = 0;
        for seed in 0..10 {
            let mut setup = setup(seed, n, 20);
            setup.initial.corrupt = (0..traitors).collect();
            let outcome = run(cluster(&ENTRY, &json!({})).as_ref(), &setup);
            let found = |check: &str| outcome.violations.iter().find(|violation| violation.check == check);
            let fork = found("pbft/agreement");
            forks += u32::from(fork.is_some());
            if !breaks {
                assert!(outcome.violations.is_empty(), "n {n}: {:?}", outcome.violations);
            } else if fork.is_some() {
                let blamed = found("pbft/accountability").expect("a fork has culprits");
                assert_eq!(blamed.verdict, Verdict::Assumption, "{blamed:?}");
                assert!(blamed.nodes.iter().all(|node| node.0 < traitors), "n {n}: {blamed:?}");
            }
        }
        assert_eq!(forks > 0, breaks, "n = {n}, {traitors} traitors: {forks} forks");
    }
}

#[test]
fn a_run_is_repeated_to_the_bit() {
    for seed in [3, 8] {
        let digests = [0, 1].map(|_| swarm(&ENTRY, seed, 7, Some("random")).digest);
        assert_eq!(digests[0], digests[1]);
    }
}
