//! Every plant has a witness: a directed scenario that triggers it within twenty seeds, most under any seed, and in which the
//! clean code is silent. A plant that nothing triggers would be counted as one that nobody finds. A control is harmless, and
//! found under no seed.

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;
use seedstorm::sim_core::registry::Plant;

/// A witness catches its plant under one of these seeds.
const SEEDS: u64 = 20;

/// So many seeds of each witness are run on clean code; those of a control are run with it, too.
const CLEAN: u64 = 5;

fn outcome(witness: &str, plants: &[&str], overlays: &[&str], seed: u64) -> Outcome {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let source = builtin::find(witness).unwrap_or_else(|| panic!("there is no scenario {witness}"));
    let loaded = load(&seedstorm::registry(), source, Format::Toml, &owned(overlays)).unwrap();
    run(&compile(&loaded, seed, &owned(plants)), &Launch::default()).unwrap()
}

fn found(outcome: &Outcome) -> Vec<&str> {
    outcome.violations.iter().map(|violation| violation.check.as_str()).collect()
}

#[test]
fn every_witness_shows_its_plant_and_nothing_without_it() {
    let registry = seedstorm::registry();
    let plants: Vec<&Plant> = registry.iter().flat_map(|entry| entry.info().plants).collect();
    assert!(plants.len() >= 2);
    for Plant { name, id, witness, breaks, .. } in plants {
        // Some bugs break a service level alone.
        let caught = |seed: u64| outcome(witness, &[name], &[], seed).verdict >= Verdict::Service;
        if *breaks == "nothing" {
            assert!(!(0..CLEAN).any(caught), "{id} is harmless");
        } else {
            assert!((0..SEEDS).any(caught), "{id} is not caught under {SEEDS} seeds");
        }
        for seed in 0..CLEAN {
            let without = outcome(witness, &[], &[], seed);
            assert_eq!(found(&without), [""; 0], "{id} seed {seed}");
            // What keeps a cluster from progress may be a member outside the core, without any bug.
            let excused = *breaks == "progress" && without.verdict == Verdict::Inconclusive;
            assert!(without.verdict == Verdict::Pass || excused, "{id} seed {seed}: {:?}", without.reasons);
        }
    }
}

#[test]
fn a_vote_that_is_forgotten_makes_two_leaders_of_one_term() {
    let outcome = outcome("raft-witness-vote-not-durable", &["vote-not-durable"], &[], 1);
    assert!(found(&outcome).contains(&"raft/election-safety"), "{:?}", found(&outcome));
}

/// Figure 8 from outside: without the inner check of the rule, a later leader lacks what was committed, and two servers
/// apply different entries at one index.
#[test]
fn an_old_entry_that_is_committed_by_counting_is_lost() {
    let off = r#"checks.off=["raft/commit-term"]"#;
    for seed in 0..5 {
        let outcome = outcome("raft-witness-commit-old-term", &["commit-old-term-by-counting"], &[off], seed);
        let found = found(&outcome);
        assert!(found.contains(&"raft/leader-completeness"), "{seed} {found:?}");
        assert!(found.contains(&"raft/state-machine-safety"), "{seed} {found:?}");
    }
}
