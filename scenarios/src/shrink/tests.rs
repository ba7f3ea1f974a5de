//! Shrinking, tested on real plants.

use std::cell::{Cell, RefCell};

use serde_json::json;
use sim_core::check::Verdict;
use sim_core::registry::{Launch, Registry};
use sim_core::story::StepKind;
use sim_core::time::Duration;

use super::*;
use crate::neighbors::neighbors;
use crate::plan::{Plan, compile};
use crate::replay::{ReplayOptions, Replayed, plan_of, replay};
use crate::run::run;
use crate::story::tell_whole;
use crate::testing::{built_in, found, real as registry};

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

/// What the log says of neighbors is what they come to, and none fails without the plant.
#[test]
fn a_small_run_fails_firmly_and_its_clean_neighbors_never() {
    let registry = registry();
    let capsule = found(&registry, "vote-not-durable");
    let small = shrink(&registry, &capsule, &options(6_000, 2), ShrinkHooks::NONE).unwrap().capsule;
    let firm = small.shrunk.as_ref().unwrap().firmness.unwrap();
    let print = small.fingerprint.clone().unwrap();
    let plan = plan_of(&registry, &small, small.setup.clone()).unwrap();
    let around = neighbors(&plan, &print, firm.neighbors).unwrap();
    assert_eq!(around.failed, firm.failed);
    assert!(2 * firm.failed > firm.neighbors, "{firm:?}");
    let clean = neighbors(&Plan { plants: Vec::new(), ..plan }, &print, 100).unwrap();
    assert_eq!((clean.failed, clean.failed_otherwise), (0, 0));
}

/// Three rules, a grant to order the network, and a drawn behavior: two traitors who tell two stories are enough.
#[test]
fn traitors_are_left_with_what_they_need() {
    let registry = registry();
    let mut plan = compile(&built_in(&registry, "bracha-beyond-f"), 3, &[]);
    plan.setup.behavior = Some("random".to_owned());
    plan.setup.network.coalition_delay = Some(Duration::from_millis(17));
    plan.setup.adversaries = serde_json::from_value(json!([
        { "on": { "send": "Ready" }, "act": { "own": { "behavior": "equivocate", "ways": 3 } } },
        { "act": { "own": { "behavior": "equivocate", "ways": 2 } } },
        { "act": { "order": { "how": "shuffle" } } }
    ]))
    .unwrap();
    let outcome = run(&plan, &Launch::default()).unwrap();
    assert_eq!(outcome.verdict, Verdict::Assumption);
    let capsule = Capsule::new(&built_in(&registry, "bracha-beyond-f"), &plan, &outcome, "b");
    let small = shrink(&registry, &capsule, &options(3_000, 2), ShrinkHooks::NONE).unwrap().capsule;
    let log = small.shrunk.clone().unwrap();
    assert!(log.before.rules == 6 && log.after.rules <= 1, "{:?} {:?}", log.after, small.setup.adversaries);
    assert!(small.setup.network.coalition_delay.is_none() && small.setup.behavior.is_none());
    assert!(
        log.after.traitors < log.before.traitors && log.after.nodes < log.before.nodes,
        "{:?}",
        log.after
    );
    assert_eq!(replayed(&registry, &small, "b"), Replayed::Reproduced);
}

/// With fewer members, as many traitors are more than the protocol promises to bear: such a run accuses nobody.
#[test]
fn a_safety_violation_stays_one() {
    let mut registry = Registry::new();
    registry.register(protocols::byzantine::bracha::entry::WITH_TEST_PLANTS);
    let loaded = built_in(&registry, "bracha-swarm");
    let failing = (0..200).find_map(|seed| {
        let plan = compile(&loaded, seed, &["test-half-quorums".to_owned()]);
        let outcome = run(&plan, &Launch::default()).unwrap();
        let beyond = plan.setup.initial.corrupt.len() > 1 && outcome.verdict == Verdict::Safety;
        beyond.then(|| Capsule::new(&loaded, &plan, &outcome, "b"))
    });
    let capsule = failing.unwrap();
    let small = shrink(&registry, &capsule, &options(1_500, 2), ShrinkHooks::NONE).unwrap().capsule;
    let log = small.shrunk.clone().unwrap();
    assert!(log.after.nodes < log.before.nodes, "{log:?}");
    assert_eq!((small.verdict, &small.check), (Verdict::Safety, &capsule.check));
    // What was shrunk goes on under other seeds, and its log with it.
    let again = shrink(&registry, &small, &options(300, 2), ShrinkHooks::NONE).unwrap().capsule;
    let more = again.shrunk.unwrap();
    assert_eq!((more.found_at_seed, more.before), (log.found_at_seed, log.before));
    assert!(more.runs > log.runs && more.after <= log.after);
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

/// A leader that stops counting at entries of earlier terms never commits anything once it finds one.
#[test]
fn progress_that_is_missed_shrinks_to_what_keeps_it_away() {
    let registry = registry();
    let loaded = built_in(&registry, "raft-rolling-restart");
    let plan = compile(&loaded, 1, &["stall-stops-at-old-terms".to_owned()]);
    let outcome = run(&plan, &Launch::default()).unwrap();
    assert_eq!(outcome.verdict, Verdict::Liveness, "{:?}", outcome.progress);
    let capsule = Capsule::new(&loaded, &plan, &outcome, "b");
    let small = shrink(&registry, &capsule, &options(200, 2), ShrinkHooks::NONE).unwrap().capsule;
    let log = small.shrunk.clone().unwrap();
    assert_eq!((small.verdict, &small.fingerprint), (Verdict::Liveness, &capsule.fingerprint));
    assert!(log.after < log.before && log.after.phases == 2, "{log:#?}");
    assert_eq!(replayed(&registry, &small, "b"), Replayed::Reproduced);
    assert_eq!(replayed(&registry, &small, "another"), Replayed::Reproduced);
    let mut clean = small.clone();
    clean.plants.clear();
    assert_eq!(replayed(&registry, &clean, "another"), Replayed::Gone);
    let story = tell_whole(&plan_of(&registry, &small, small.setup.clone()).unwrap(), None, &|_| ())
        .unwrap()
        .unwrap()
        .story;
    let last = story.steps.last().unwrap();
    assert_eq!((last.kind, last.text.as_str()), (StepKind::Violation, "progress"));
    assert!(last.note.contains("no progress after the heal"), "{}", last.note);
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
