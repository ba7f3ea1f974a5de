//! A swarm as a test: it finds a planted bug, tells it, keeps it, and tries it first the next time.

use seedstorm::storm::{Found, Storm, StormFailure};
use sim_core::registry::Registry;
use tempfile::TempDir;

/// Three voters whose votes do not last, and crashes around elections.
const SCENARIO: &str = r#"
schema = "seedstorm.scenario/1"
title  = "Votes under crashes"

[cluster]
protocol = "raft"
nodes    = 3
duration = "4s"

[workload]
model   = "register"
clients = 2
rate    = "20/s"

[network]
latency = { fixed = "5ms" }

[[faults]]
at    = "400ms"
crash = { target = "random(2)", restart_after = "20ms" }

[[faults]]
at    = "700ms"
crash = { target = "random(2)", restart_after = "20ms" }

[[faults]]
at    = "1s"
crash = { target = "random(2)", restart_after = "20ms" }

[checks]
progress = "none"
off      = ["raft/reads", "raft/membership", "raft/leadership-stable"]
"#;

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("votes.toml"), SCENARIO).unwrap();
    home
}

fn storm<'a>(registry: &'a Registry, home: &TempDir) -> Storm<'a> {
    Storm::new(registry, home.path(), "votes.toml").seeds(400).plant("vote-not-durable")
}

fn found(storm: Storm<'_>) -> Found {
    match storm.run() {
        Err(StormFailure::Found(found)) => *found,
        Err(other) => panic!("{other}"),
        Ok(weathered) => panic!("{weathered}"),
    }
}

#[test]
fn what_is_found_is_told_kept_and_tried_first_the_next_time() {
    let (registry, home) = (seedstorm::registry(), home());
    let first = found(storm(&registry, &home));
    let text = first.to_string();
    assert!(first.runs.is_some_and(|runs| runs > 0) && first.story.is_some(), "{text}");
    let says = |words: &str| assert!(text.contains(words), "{words:?} is missing in\n{text}");
    says(&first.check);
    says(&format!("seed {}", first.seed));
    says("FAULT crash");
    says("replay it: SEEDSTORM_CAPSULE=votes.corpus/");
    assert!(home.path().join(&first.capsule).is_file());

    let second = found(storm(&registry, &home));
    assert_eq!((second.runs, &second.capsule), (None, &first.capsule));
    assert!(second.to_string().contains("it failed before"));
}

#[test]
fn clean_code_weathers_the_same_storm() {
    let (registry, home) = (seedstorm::registry(), home());
    let clean = Storm::new(&registry, home.path(), "votes.toml").seeds(60);
    let weathered = clean.run().unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(weathered.runs, 60);
    assert!(!weathered.demands.is_empty() && weathered.demands.iter().all(|demand| demand.met));
    assert!(!home.path().join("votes.corpus").exists(), "nothing was kept");
}

#[test]
fn a_storm_in_which_too_little_happens_is_no_pass() {
    let (registry, home) = (seedstorm::registry(), home());
    let idle = Storm::new(&registry, home.path(), "votes.toml")
        .seeds(20)
        .set("cluster.duration=100ms")
        .set("faults=[]");
    match idle.run() {
        Err(StormFailure::Demands { demands, .. }) => assert!(demands.iter().any(|demand| !demand.met)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scenario_that_is_not_there_or_makes_no_sense_is_told() {
    let (registry, home) = (seedstorm::registry(), home());
    let missing = Storm::new(&registry, home.path(), "nowhere.toml").run().unwrap_err().to_string();
    assert!(missing.contains("nowhere.toml"), "{missing}");
    let wrong = Storm::new(&registry, home.path(), "votes.toml").set("cluster.nods=5").run();
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("nods") && wrong.contains("nodes"), "{wrong}");
}

#[test]
#[should_panic(expected = "replay it: SEEDSTORM_CAPSULE=")]
fn the_macro_fails_the_test_with_the_story() {
    let (registry, home) = (seedstorm::registry(), home());
    let scenario = home.path().join("votes.toml");
    seedstorm::storm!(registry, scenario.to_str().unwrap(), seeds = 400, plant = "vote-not-durable");
}

/// What a program prints that is another one's by name.
fn as_ringer(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("ringer");
    let ours = env!("CARGO_BIN_EXE_seedstorm");
    std::fs::hard_link(ours, &program).or_else(|_| std::fs::copy(ours, &program).map(drop)).unwrap();
    let output =
        std::process::Command::new(program).args(arguments).current_dir(home.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_program_of_another_name_prints_its_own_commands() {
    for (arguments, said) in [
        (&["run", "raft-calm", "--seed", "1"][..], "ringer run raft-calm --seed 1"),
        (&["explain", "raft-calm"], "ringer run raft-calm"),
        (&["list", "--help"], "ringer list plants"),
        (&["explain", "raft-clam"], "`ringer list` shows every name"),
        (&["--help"], "Usage: ringer"),
    ] {
        let printed = as_ringer(arguments);
        assert!(printed.contains(said), "{said:?} is missing in\n{printed}");
        assert!(!printed.contains("seedstorm run") && !printed.contains("seedstorm list"), "{printed}");
    }
}
