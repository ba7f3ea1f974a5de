//! `explore`.

use serde_json::Value;
use sim_core::ordered::OrderedSet;

use crate::support::{folder, seedstorm};

fn explore(arguments: &[&str]) -> (i32, Value) {
    let folder = folder();
    let said = seedstorm(folder.path(), &[&["explore"], arguments, &["--json"]].concat());
    let mut document = said.json();
    assert!(document.as_object_mut().unwrap().remove("wall").is_some());
    (said.code, document)
}

#[test]
fn threads_change_nothing_but_the_wall_clock() {
    for scenario in
        ["raft-swarm", "bracha-swarm", "epidemic-swarm", "plumtree-swarm", "swim-swarm", "coordination-swarm"]
    {
        let seeds = ["--seeds", "0..40", "--jobs"];
        let one = explore(&[&[scenario][..], &seeds, &["1"]].concat());
        let two = explore(&[&[scenario][..], &seeds, &["2"]].concat());
        assert_eq!(one, two);
        assert_eq!(one.1["runs"], 40);
    }
}

/// The bytes of a document without its member `wall`, which is the last but for what follows in the alphabet.
fn without_wall(text: &str) -> String {
    let start = text.find("\"wall\"").unwrap();
    let end = start + text[start..].find('}').unwrap() + 1;
    assert!(!text[start..end].contains("activity"), "{text}");
    format!("{}{}", &text[..start], &text[end..])
}

#[test]
fn documents_are_byte_equal_but_for_wall_whatever_the_threads() {
    let folder = folder();
    // Findings among them, and in the order of their seeds.
    for scenario in
        [&["raft-swarm"][..], &["demo-bug", "--plant", "commit-old-term-by-counting", "--no-shrink"]]
    {
        let run = |jobs: &str| {
            let rest = ["--seeds", "0..150", "--json", "--jobs", jobs, "--out", "out", "--start-over"];
            seedstorm(folder.path(), &[&["explore"], scenario, &rest].concat())
        };
        let (one, two) = (run("1"), run("2"));
        assert_eq!(without_wall(&one.out), without_wall(&two.out));
        assert_eq!(one.code, two.code);
        assert_eq!(one.json()["failures"].as_array().unwrap().is_empty(), scenario.len() == 1);
    }
}

#[test]
fn findings_are_grouped_and_kept_as_capsules_of_their_lowest_seed() {
    let folder = folder();
    let run = |more: &[&str]| {
        let arguments =
            ["explore", "demo-bug", "--plant", "R01", "--no-shrink", "--seeds", "0..120", "--json"];
        seedstorm(folder.path(), &[&arguments[..], more].concat())
    };
    let said = run(&["--out", "all"]);
    let document = said.json();
    let failures = document["failures"].as_array().unwrap();
    assert_eq!(said.code, 1);
    let prints: OrderedSet<&str> =
        failures.iter().map(|found| found["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), failures.len(), "one capsule for each way of failing");
    let first = failures.iter().map(|found| found["seed"].as_u64().unwrap()).min().unwrap();
    let capsule = failures[0]["capsule"].as_str().unwrap();
    let replayed = seedstorm(folder.path(), &["replay", capsule, "--json"]);
    assert_eq!((replayed.code, &replayed.json()["seed"]), (1, &failures[0]["seed"]));
    let stopped = run(&["--stop-on-first", "--out", "first"]).json();
    assert_eq!(
        (stopped["runs"].as_u64(), stopped["failures"][0]["seed"].as_u64()),
        (Some(first + 1), Some(first))
    );
}

#[test]
fn capsules_of_an_earlier_campaign_are_not_taken_for_those_of_this_one() {
    let folder = folder();
    let run = |more: &[&str]| {
        let arguments =
            ["explore", "demo-bug", "--no-shrink", "--seeds", "0..120", "--out", "out", "--stop-on-first"];
        seedstorm(folder.path(), &[&arguments[..], more].concat())
    };
    let buggy = run(&["--plant", "R01"]);
    assert!(buggy.code == 1 && !buggy.err.contains("earlier"), "{}", buggy.err);
    let mended = run(&[]);
    assert!(mended.out.contains("NOTHING FOUND"), "{}", mended.out);
    assert!(mended.err.contains("a capsule of earlier explorations remains in out"), "{}", mended.err);
}

#[test]
fn runs_that_come_to_another_end_than_expected_are_no_success() {
    // Faults beyond the budget accuse nobody, and yet this is not what was expected.
    let (code, document) = explore(&["bracha-beyond-f", "--set", "expect=pass", "--seeds", "10..20"]);
    assert_eq!((code, document["failures"].as_array().unwrap().len()), (1, 0));
    assert_eq!(document["activity"]["unexpected"], 10);
    let (code, document) = explore(&["raft-calm", "--set", "expect=safety", "--seeds", "0..2"]);
    assert_eq!((code, &document["activity"]["unexpected"]), (1, &Value::from(2)));
    let (code, document) = explore(&["bracha-beyond-f", "--seeds", "10..20"]);
    assert_eq!((code, &document["activity"]["unexpected"]), (0, &Value::from(0)));
}

#[test]
fn too_few_conclusive_runs_are_told() {
    let starved = ["bracha-calm", "--seeds", "0..10", "--set", "checks.at_least={\"syncs.failed\"=1000000}"];
    let (code, document) = explore(&starved);
    assert_eq!((code, &document["activity"]["conclusive"]), (3, &Value::from(0)));
    let (code, _) = explore(&[&starved[..], &["--min-conclusive", "0"]].concat());
    assert_eq!(code, 0);
}

#[test]
fn the_activity_of_a_swarm_means_something() {
    let (code, document) = explore(&["raft-swarm", "--seeds", "0..60"]);
    assert_eq!((code, document["failures"].as_array().unwrap().len()), (0, 0));
    let activity = &document["activity"];
    assert!(activity["conclusive"].as_u64().unwrap() >= 57, "{activity:#}");
    assert!(activity["owed_liveness"].as_u64().unwrap() >= 30, "{activity:#}");
    for family in ["network", "process", "disk", "clock"] {
        assert!(activity["families"][family]["runs"].as_u64().unwrap() >= 3, "{family}");
    }
    for (name, check) in activity["checks"].as_object().unwrap() {
        assert!(check["runs"].as_u64().unwrap() > 0, "{name}");
    }
}

/// A document without what depends on the wall clock.
fn timeless(text: &str) -> Value {
    let mut document: Value = serde_json::from_str(text).unwrap();
    document.as_object_mut().unwrap().remove("wall");
    document
}

#[test]
fn a_killed_campaign_goes_on_to_the_same_document() {
    use std::process::{Command, Stdio};
    let folder = folder();
    let arguments = ["explore", "epidemic-swarm", "--seeds", "0..1200", "--json", "--out", "out"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(arguments)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let state = folder.path().join("out/explore.state.json");
    let runs = || -> u64 {
        let text = std::fs::read_to_string(&state).ok();
        text.and_then(|text| serde_json::from_str::<Value>(&text).ok()?["runs"].as_u64()).unwrap_or(0)
    };
    while runs() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((256..1_200).contains(&runs()), "killed too late: {}", runs());
    let other = seedstorm(folder.path(), &["explore", "raft-swarm", "--out", "out", "--resume"]);
    assert_eq!((other.code, other.out.as_str()), (2, ""));
    assert!(other.err.contains("another scenario"), "{}", other.err);
    // Without a word about what shall become of it, nothing is replaced; of this campaign or another.
    let before = std::fs::read(&state).unwrap();
    for scenario in ["epidemic-swarm", "raft-swarm"] {
        let said = seedstorm(folder.path(), &["explore", scenario, "--seeds", "0..1200", "--out", "out"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""));
        for way in ["--resume", "--out", "--start-over"] {
            assert!(said.err.contains(way), "{}", said.err);
        }
        assert_eq!(std::fs::read(&state).unwrap(), before);
    }
    let resumed = seedstorm(folder.path(), &[&arguments[..], &["--resume"]].concat());
    let whole = seedstorm(folder.path(), &arguments);
    assert_eq!(resumed.code, whole.code, "{}", resumed.err);
    assert_eq!(timeless(&resumed.out), timeless(&whole.out));
    assert!(resumed.json()["wall"]["resumed_runs"].as_u64().unwrap() >= 256);
}

#[test]
fn what_is_run_in_a_limited_time_is_the_beginning_of_the_whole() {
    let folder = folder();
    let arguments = ["explore", "bracha-swarm", "--seeds", "0..100000", "--time", "2s", "--json"];
    let document = seedstorm(folder.path(), &arguments).json();
    let covered = document["covered"].as_str().unwrap();
    assert_eq!((covered, &document["interrupted"]), (&*format!("0..{}", document["runs"]), &false.into()));
    assert_ne!(document["runs"], 0);
    let unlimited = seedstorm(
        folder.path(),
        &["explore", "bracha-swarm", "--seeds", covered, "--out", "whole", "--json"],
    );
    let unlimited = unlimited.json();
    assert_eq!((&document["digest"], &document["activity"]), (&unlimited["digest"], &unlimited["activity"]));
}

#[test]
fn other_programs_are_told() {
    use std::process::Command;
    let folder = folder();
    let arguments =
        ["explore", "raft-swarm", "--seeds", "0..1", "--junit", "made/junit.xml", "--github", "--json"];
    let output = Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(arguments)
        .current_dir(folder.path())
        .env("GITHUB_STEP_SUMMARY", folder.path().join("summary.md"))
        .output()
        .unwrap();
    let document = timeless(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(document["demands"].as_array().unwrap()[0]["what"], "conclusive");
    let xml = std::fs::read_to_string(folder.path().join("made/junit.xml")).unwrap();
    assert!(xml.contains("<testcase name=\"raft/election-safety\""), "{xml}");
    let page = std::fs::read_to_string(folder.path().join("summary.md")).unwrap();
    assert!(page.starts_with("### raft-swarm: INCONCLUSIVE: nothing was found, but "), "{page}");
    let missed =
        document["demands"].as_array().unwrap().iter().filter(|demand| demand["met"] == false).count();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().filter(|line| line.starts_with("::error ")).count(), missed, "{told}");
}

#[test]
fn a_folder_that_cannot_be_used_is_told_before_anything_runs() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let said = seedstorm(folder.path(), &["explore", "raft-swarm", "--out", "file"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("failed to write file"), "{}", said.err);
    assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"x");
}

#[test]
fn an_exploration_may_judge_what_clients_see_and_nothing_else() {
    let run = |more: &[&str]| explore(&[&["raft-swarm", "--seeds", "0..20"], more].concat()).1;
    let judged = |document: &Value| document["activity"]["checks"].to_string();
    let (everything, outcome_only) = (run(&[]), run(&["--outcome-only"]));
    assert!(judged(&everything).contains("raft/election-safety"), "{everything:#}");
    assert!(!judged(&outcome_only).contains("raft/"), "{outcome_only:#}");
    assert!(judged(&outcome_only).contains("linearizable/"), "{outcome_only:#}");
    assert_eq!(outcome_only["runs"], 20);
}
