//! Shrinking, tested on real plants.

use std::cell::{Cell, RefCell};

use protocols::raft::entry::RaftEntry;
use sim_core::registry::{Launch, Registry};

use super::*;
use crate::builtin;
use crate::document::Format;
use crate::explore::{ExploreOptions, Hooks, explore};
use crate::replay::{ReplayOptions, Replayed, replay};
use crate::scenario::load;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(RaftEntry);
    registry
}

/// The first capsule that exploring finds with a plant on.
fn found(registry: &Registry, plant: &str) -> Capsule {
    let loaded = load(registry, builtin::find("demo-bug").unwrap(), Format::Toml, &[]).unwrap();
    let options = ExploreOptions {
        seeds: 0..256,
        plants: vec![plant.to_owned()],
        jobs: None,
        stop_on_first: true,
        build: "b".to_owned(),
    };
    let mut exploration = explore(&loaded, &options, Hooks::NONE).unwrap();
    *exploration.findings.remove(0).capsule
}

fn options(budget: u64, jobs: usize) -> ShrinkOptions {
    ShrinkOptions { budget, jobs: Some(jobs), build: "b".to_owned() }
}

fn replayed(registry: &Registry, capsule: &Capsule, build: &str) -> Replayed {
    replay(registry, capsule, ReplayOptions { build, intact: true }, &Launch::default()).unwrap().replayed
}

#[test]
fn planted_bugs_shrink_to_what_they_need() {
    let registry = registry();
    for plant in ["vote-not-durable", "commit-old-term-by-counting"] {
        let capsule = found(&registry, plant);
        let small = shrink(&registry, &capsule, &options(2_500, 2), ShrinkHooks::NONE).unwrap().capsule;
        let log = small.shrunk.clone().unwrap();
        assert!(log.after < log.before, "{plant}: {log:#?}");
        assert!(log.after.faults <= 4 && log.after.faults < log.before.faults, "{plant}: {:?}", log.after);
        assert!(log.after.messages < log.before.messages / 4, "{plant}: {:?}", log.after);
        assert_eq!((log.runs <= 2_500, log.found_at_seed), (true, capsule.seed));
        assert_eq!((&small.fingerprint, &small.check), (&capsule.fingerprint, &capsule.check));
        // On the same build by its digest, on another from its plan.
        assert_eq!(replayed(&registry, &small, "b"), Replayed::Reproduced);
        assert_eq!(replayed(&registry, &small, "another"), Replayed::Reproduced);
        let clean = Capsule { plants: Vec::new(), ..small };
        assert_eq!(replayed(&registry, &clean, "another"), Replayed::Gone);
    }
}

#[test]
fn threads_change_nothing() {
    let registry = registry();
    let capsule = found(&registry, "vote-not-durable");
    let [one, two] = [1, 2].map(|jobs| {
        let shrunk = shrink(&registry, &capsule, &options(700, jobs), ShrinkHooks::NONE).unwrap();
        shrunk.capsule.to_json("x").unwrap()
    });
    assert_eq!(one, two);
    let larger = shrink(&registry, &capsule, &options(60, 2), ShrinkHooks::NONE).unwrap().capsule;
    assert_ne!(one, larger.to_json("x").unwrap());
}

#[test]
fn an_interrupted_shrink_keeps_its_best() {
    let registry = registry();
    let capsule = found(&registry, "vote-not-durable");
    let (runs, kept) = (Cell::new(0), RefCell::new(Vec::new()));
    let hooks = ShrinkHooks {
        after_batch: &|used| runs.set(used),
        improved: &|capsule| kept.borrow_mut().push(capsule.clone()),
        interrupted: &|| runs.get() > 100,
    };
    let shrunk = shrink(&registry, &capsule, &options(5_000, 2), hooks).unwrap();
    assert!(shrunk.interrupted);
    let log = shrunk.capsule.shrunk.clone().unwrap();
    assert!(log.runs < 200 && log.after < log.before);
    let last = kept.into_inner().pop().unwrap();
    assert_eq!((last.setup, last.digest), (shrunk.capsule.setup.clone(), shrunk.capsule.digest));
    assert_eq!(replayed(&registry, &shrunk.capsule, "b"), Replayed::Reproduced);
}

#[test]
fn what_does_not_fail_cannot_be_shrunk() {
    let registry = registry();
    let capsule = found(&registry, "vote-not-durable");
    let gone = Capsule { plants: Vec::new(), ..capsule.clone() };
    let error = shrink(&registry, &gone, &options(10, 1), ShrinkHooks::NONE).unwrap_err();
    assert!(matches!(&error, ShrinkError::Gone { check } if check == "raft/one-vote"), "{error}");
    let passed = Capsule { fingerprint: None, ..capsule };
    let error = shrink(&registry, &passed, &options(10, 1), ShrinkHooks::NONE).unwrap_err();
    assert!(matches!(error, ShrinkError::NothingFound));
}
