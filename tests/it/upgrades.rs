//! Rolling upgrades: what two versions do to each other is found, kept and shrunk; who fits is accused of nothing.

use scenarios::builtin;
use scenarios::capsule::Capsule;
use scenarios::explore::{ExploreOptions, Hooks, explore, judge};
use scenarios::plan::compile;
use scenarios::scenario::{Loaded, load};
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink};
use seedstorm::prelude::{Format, Launch, Outcome, Verdict, run};
use seedstorm::scenarios;
use sim_core::fault::Fault;
use sim_core::judgment::Judgment;

fn loaded(name: &str, overlays: &[&str]) -> Result<Loaded, String> {
    let overlays: Vec<String> = overlays.iter().map(|text| (*text).to_owned()).collect();
    let source = builtin::find(name).unwrap();
    load(&seedstorm::registry(), source, Format::Toml, &overlays).map_err(|problems| problems.render(false))
}

fn outcome(name: &str, seed: u64, overlays: &[&str]) -> Outcome {
    run(&compile(&loaded(name, overlays).unwrap(), seed, &[]), &Launch::default()).unwrap()
}

#[test]
fn servers_of_two_versions_work_together_and_the_one_reads_what_the_other_wrote() {
    let mixed = outcome("raft-rolling-upgrade", 3, &[]);
    assert_eq!(mixed.verdict, Verdict::Pass, "{:?}", mixed.reasons);
    assert_eq!(mixed.faults.len(), 8, "{:?}", mixed.faults);
    let stable = mixed.checks.iter().find(|check| check.name == "raft/leadership-stable").unwrap();
    assert!(!stable.on, "nobody promises stable leadership while pre-vote is on in a part of them");
    let taken = |outcome: &Outcome| outcome.activity["observed.SnapshotTaken"];
    assert!(taken(&mixed) > 0, "only the second version takes snapshots");
    let back = outcome("raft-rolling-upgrade", 3, &["faults=[]", "checks.at_least={}"]);
    assert_eq!(taken(&back), 0, "nobody was upgraded");
}

/// A campaign of seeds with two versions asks for no check that a mix of versions cannot be judged by.
#[test]
fn a_campaign_of_mixed_versions_counts_without_the_check_that_they_switch_off() {
    let swarm = "swarm={ families = { only = [\"process\"] } }";
    let loaded = loaded("raft-rolling-upgrade", &[swarm]).unwrap();
    let options =
        ExploreOptions { seeds: 0..12, jobs: Some(2), build: "b".to_owned(), ..ExploreOptions::default() };
    let found = explore(&loaded, &options, Hooks::NONE).unwrap();
    let demands = judge(&loaded, &found.activity, "1/2".parse().unwrap());
    assert_eq!(found.judge(&demands), Judgment::AsExpected, "{demands:#?}");
    let about = |check: &str| demands.iter().any(|demand| demand.check.as_deref() == Some(check));
    assert!(about("raft/one-vote") && !about("raft/leadership-stable"), "{demands:#?}");
}

#[test]
fn members_with_lifeguard_and_without_find_out_together_who_is_dead() {
    for seed in 1..4 {
        let mixed = outcome("swim-rolling-upgrade", seed, &[]);
        assert_eq!(mixed.verdict, Verdict::Pass, "seed {seed}: {:?}", mixed.reasons);
        let off = mixed.checks.iter().filter(|check| !check.on).map(|check| check.name.as_str());
        // How long a suspicion lasts at least is each version's own.
        assert_eq!(
            off.collect::<Vec<_>>(),
            ["swim/patience"],
            "every other check is about one member, or about all"
        );
    }
}

#[test]
fn who_waits_by_its_own_version_is_not_accused_by_another_ones_timeouts() {
    let timeouts = |of: &str, min, max| {
        format!(
            "{of}={{ reads = \"lease\", election_timeout_min = \"{min}ms\", election_timeout_max = \"{max}ms\" }}"
        )
    };
    let overlays = [
        timeouts("cluster.raft", 150, 300),
        timeouts("versions.two", 1_000, 2_000),
        "faults=[{ at = \"4s\", for = \"2s\", crash = { target = \"leader\" } }]".to_owned(),
    ];
    let overlays: Vec<&str> = overlays.iter().map(String::as_str).collect();
    for seed in 1..4 {
        let outcome = outcome("raft-calm", seed, &overlays);
        assert!(outcome.activity["observed.BecameLeader"] > 1, "another one is elected");
        assert_eq!(outcome.verdict, Verdict::Pass, "seed {seed}: {:?}", outcome.violations);
    }
}

#[test]
fn versions_that_do_not_fit_each_other_are_found_and_a_capsule_keeps_them() {
    let name = "raft-upgrade-shortens-leases";
    let plain = ["faults.0.upgrade.to=\"first\"", "expect=\"pass\""];
    assert_eq!(outcome(name, 1, &plain).verdict, Verdict::Pass, "restarts alone break nothing");
    let loaded = loaded(name, &[]).unwrap();
    let plan = compile(&loaded, 1, &[]);
    let found = run(&plan, &Launch::default()).unwrap();
    assert_eq!(found.verdict, Verdict::Safety, "{:?}", found.reasons);
    let capsule = Capsule::new(&loaded, &plan, &found, "b");
    let options = ShrinkOptions { budget: 600, jobs: Some(2), build: "b".to_owned() };
    let small = shrink(&seedstorm::registry(), &capsule, &options, ShrinkHooks::NONE).unwrap().capsule;
    assert_eq!(
        (small.verdict, small.setup.versions.len()),
        (Verdict::Safety, 1),
        "the version stands in the capsule"
    );
    let upgrades = small.setup.faults.entries.iter().filter(|entry| entry.what.version() == Some("hasty"));
    assert!(
        (1..=3).contains(&upgrades.count()),
        "a majority is enough, and somebody is needed: {:?}",
        small.setup.faults
    );
    assert!(small.setup.faults.entries.iter().all(|entry| !matches!(entry.what, Fault::Upgrade(_))));
}

#[test]
fn a_swarm_upgrades_and_goes_back() {
    let versions = "versions={ two = { max_batch = 1, snapshot_every = 5 } }";
    let loaded = loaded("raft-swarm", &[versions]).unwrap();
    let drawn = |seed| compile(&loaded, seed, &[]).setup.faults.entries;
    let names: Vec<String> =
        (0..40).flat_map(drawn).filter_map(|entry| entry.what.version().map(str::to_owned)).collect();
    for version in ["first", "two"] {
        assert!(names.iter().filter(|name| *name == version).count() > 5, "{names:?}");
    }
    for seed in 0..25 {
        let outcome = run(&compile(&loaded, seed, &[]), &Launch::default()).unwrap();
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
    }
}

/// Some seeds draw learners, and no version may have another number of them.
#[test]
fn drawn_settings_that_suit_no_version_are_not_used() {
    let loaded = loaded("raft-swarm", &["versions.two.learners=0"]).unwrap();
    for seed in 0..60 {
        let plan = compile(&loaded, seed, &[]);
        assert_eq!(plan.cluster.accepts(&plan.setup), Ok(()), "seed {seed}");
    }
}

#[test]
fn versions_that_cannot_be_are_refused_at_their_place() {
    let refused = |name: &str, overlay: &str| loaded(name, &[overlay]).err().unwrap();
    for (name, overlay, said) in [
        ("raft-calm", "versions.two.heartbet=\"20ms\"", "did you mean \"heartbeat\"?"),
        ("raft-calm", "versions.two.heartbeat=\"2s\"", "must be at most half of election_timeout_min"),
        ("raft-calm", "versions.first.pre_vote=false", "call this one otherwise"),
        ("raft-calm", "versions={ \"a b\" = {} }", "letters, digits"),
        ("raft-calm", "versions.two.learners=1", "the same number of learners"),
        ("raft-calm", "versions={ two = 7 }", "a table of the parameters"),
        ("pbft-calm", "versions={ two = {} }", "cannot be upgraded"),
        ("swim-calm", "versions.two.seeds=3", "the same start and seeds"),
        (
            "raft-calm",
            "faults=[{ at = \"2s\", amnesia = { target = \"n1\", version = \"first\" } }]",
            "who comes back from an amnesia is somebody new",
        ),
        ("raft-rolling-upgrade", "faults.0.upgrade.to=\"tow\"", "did you mean \"two\"?"),
    ] {
        let text = refused(name, overlay);
        assert!(text.contains(said), "{overlay}: {text}");
    }
}
