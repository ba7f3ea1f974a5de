//! Whole runs in a world: counts and delays, swarms of faults and traitors, and one traitor too many.

use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::fault::FaultPlan;
use sim_core::registry::Launch;
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::super::entry::ENTRY;
use super::super::traitors::BEHAVIORS;
use crate::testing::{cluster, run, setup, swarm, weathers_every_behavior};

/// A proposal, n(n-1) prevotes and n(n-1) precommits, (n-1)(2n+1) in all; a client asks all members, and all answer.
#[test]
fn a_decision_costs_what_the_paper_says() {
    for n in [4, 7, 10] {
        let mut setup = Setup { progress_timeout: None, clients: 1, ..setup(1, n, 1) };
        setup.network.latency = Distribution::Fixed(Duration::from_millis(10));
        let outcome = run(cluster(&ENTRY, &json!({})).as_ref(), &setup);
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?} {:?}", outcome.violations, outcome.reasons);
        let sent = |kind: &str| outcome.messages.by_kind.get(kind).copied().unwrap_or(0);
        let n = u64::from(n);
        assert_eq!([sent("Proposal"), sent("Prevote"), sent("Precommit")], [n - 1, n * (n - 1), n * (n - 1)]);
        assert_eq!((sent("Request") + sent("Reply"), sent("Status")), (2 * n, 0));
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
            let fork = found("tendermint/agreement");
            forks += u32::from(fork.is_some());
            if !breaks {
                assert!(outcome.violations.is_empty(), "n {n}: {:?}", outcome.violations);
            } else if fork.is_some() {
                let blamed = found("tendermint/accountability").expect("a fork has culprits");
                assert_eq!(blamed.verdict, Verdict::Assumption, "{blamed:?}");
                assert!(blamed.nodes.iter().all(|node| node.0 < traitors), "n {n}: {blamed:?}");
            }
        }
        assert_eq!(forks > 0, breaks, "n = {n}, {traitors} traitors: {forks} forks");
    }
}

/// Of powers 3, 1, 1, 1, 1 and 1, f is 2: two of the light ones may lie, but not the heavy one with a light one.
#[test]
fn a_fork_takes_power_and_not_heads() {
    for (corrupt, breaks) in [(vec![4, 5], false), (vec![0, 5], true)] {
        let mut forks = 0;
        for seed in 0..10 {
            let mut setup = setup(seed, 6, 20);
            setup.initial.corrupt = corrupt.clone();
            let outcome = run(cluster(&ENTRY, &json!({ "power": [3, 1, 1, 1, 1, 1] })).as_ref(), &setup);
            forks += u32::from(outcome.violations.iter().any(|found| found.check == "tendermint/agreement"));
        }
        assert_eq!(forks > 0, breaks, "{corrupt:?}: {forks} forks");
    }
}

/// Bugs that one traitor shows within a few seconds; those of locks and crashes need a script, and have one as a scenario.
#[test]
fn planted_bugs_are_found_and_nothing_without_them() {
    for (plant, behavior, traitor) in [
        ("quorum-of-2f", "equivocate", 0),
        ("digest-not-compared", "swap-block", 0),
        ("second-proposal-accepted", "propose-twice", 0),
        ("proposer-not-checked", "usurp", 3),
        ("votes-counted-by-message", "repeat-votes", 0),
        ("requests-unsigned", "invent-requests", 0),
        ("requests-executed-again", "order-again", 0),
        ("malformed-certificate-panics", "forge", 3),
    ] {
        for plants in [vec![], vec![plant.to_owned()]] {
            let mut setup = setup(1, 4, 40);
            setup.initial.corrupt = vec![traitor];
            setup.behavior = Some(behavior.to_owned());
            let found = !plants.is_empty();
            let launch = Launch { plants, ..Launch::default() };
            let outcome = cluster(&ENTRY, &json!({})).launch(&setup, &launch).unwrap();
            assert_eq!(!outcome.violations.is_empty(), found, "{plant}: {:?}", outcome.violations);
        }
    }
}

/// How many of ten runs find something, with a bug and without: under these faults, with this traitor.
fn caught(plant: &str, latency: &Value, traitor: Option<(u32, &str)>, faults: &Value) -> [usize; 2] {
    [vec![plant.to_owned()], vec![]].map(|plants| {
        let found = |seed: &u64| {
            let mut setup = setup(*seed, 4, 12);
            setup.network.latency = serde_json::from_value(latency.clone()).unwrap();
            setup.faults = FaultPlan::new(serde_json::from_value(faults.clone()).unwrap());
            setup.initial.corrupt = traitor.iter().map(|(slot, _)| *slot).collect();
            setup.behavior = traitor.map(|(_, behavior)| behavior.to_owned());
            setup.duration = Duration::from_secs(8);
            let launch = Launch { plants: plants.clone(), ..Launch::default() };
            !cluster(&ENTRY, &json!({})).launch(&setup, &launch).unwrap().violations.is_empty()
        };
        (0..10).filter(found).count()
    })
}

/// n1 decides alone and is cut off; n2 has forgotten its lock, and proposes something else to those who are locked.
#[test]
fn who_unlocks_without_proof_is_found() {
    let faults = json!([
        { "at": "0s", "for": "2s", "slow_link": { "from": "n1", "to": "n3,n4", "delay": { "fixed": "20ms" } } },
        { "on": { "event": "Committed", "nth": 1 }, "for": "4s", "partition": { "isolate": "event.node" } },
    ]);
    let [planted, clean] =
        caught("unlock-without-proof", &json!({ "fixed": "5ms" }), Some((1, "amnesia")), &faults);
    assert!(planted > 0, "it was never found");
    assert_eq!(clean, 0);
}

#[test]
fn who_is_blocked_by_an_early_vote_is_found() {
    let latency = json!({ "uniform": { "min": "1ms", "max": "9ms" } });
    let [planted, clean] = caught("early-vote-blocks", &latency, None, &json!([]));
    assert!(planted > 0, "it was never found");
    assert_eq!(clean, 0);
}

#[test]
fn a_run_is_repeated_to_the_bit() {
    for seed in [3, 8] {
        let digests = [0, 1].map(|_| swarm(&ENTRY, seed, 7, Some("random")).digest);
        assert_eq!(digests[0], digests[1]);
    }
}
