//! `shrink`: a small capsule beside the large one.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{folder, seedstorm};

/// Explores until something is found, and keeps it as it was found.
const FOUND: [&str; 9] = [
    "explore",
    "demo-bug",
    "--plant",
    "R01",
    "--seeds",
    "0..256",
    "--stop-on-first",
    "--no-shrink",
    "--json",
];

#[test]
fn a_small_capsule_stands_beside_the_large_one_and_replays() {
    let folder = folder();
    let found = seedstorm(folder.path(), &FOUND).json();
    let large = found["failures"][0]["capsule"].as_str().unwrap();
    let shrink = |jobs: &str, more: &[&str]| {
        let arguments = ["shrink", large, "--budget", "1500", "--jobs", jobs, "--json"];
        let said = seedstorm(folder.path(), &[&arguments, more].concat());
        assert_eq!(said.code, 0, "{}", said.err);
        said.json()
    };
    let shrunk = shrink("2", &[]);
    assert_eq!(shrunk["fingerprint"], found["failures"][0]["fingerprint"]);
    let [before, after] = ["before", "after"].map(|side| shrunk["log"][side]["messages"].as_u64().unwrap());
    assert!(after * 4 < before, "{before} {after}");
    let small = shrunk["capsule"].as_str().unwrap();
    assert_eq!(small, large.replace(".capsule.json", ".min.capsule.json"));
    let said = seedstorm(folder.path(), &["replay", small]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("REPRODUCED") && said.out.contains("<- "), "{}", said.out);
    // One thread comes to the same bytes, but for the path in the command.
    shrink("1", &["--out", "other.json"]);
    let text = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(text(small).replace(small, "x"), text("other.json").replace("other.json", "x"));
}

#[test]
fn exploring_shrinks_what_it_finds() {
    let folder = folder();
    let found = seedstorm(
        folder.path(),
        &FOUND.map(|argument| if argument == "--no-shrink" { "--quiet" } else { argument }),
    );
    let failure = found.json()["failures"][0].clone();
    let capsule = fs::read_to_string(folder.path().join(failure["capsule"].as_str().unwrap())).unwrap();
    let capsule: serde_json::Value = serde_json::from_str(&capsule).unwrap();
    assert_eq!(capsule["shrunk"]["found_at_seed"], failure["seed"]);
    assert!(capsule["shrunk"]["after"]["faults"].as_u64().unwrap() <= 4);
}

#[test]
fn what_cannot_be_shrunk_is_refused() {
    let folder = folder();
    seedstorm(folder.path(), &["run", "bracha-calm", "--out", "out"]);
    let said = seedstorm(folder.path(), &["shrink", "out/seed-0.capsule.json"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("failed to shrink the capsule: its run broke nothing"), "{}", said.err);
    assert!(!folder.path().join("out/seed-0.min.capsule.json").exists());
    assert_eq!(seedstorm(folder.path(), &["shrink", "missing.json"]).code, 2);
}

/// Killed without a word, as by a lack of memory.
#[test]
fn a_killed_shrink_leaves_its_best_so_far() {
    let folder = folder();
    let found = seedstorm(folder.path(), &FOUND).json();
    let large = found["failures"][0]["capsule"].as_str().unwrap();
    let arguments = ["shrink", large, "--out", "best.json", "--jobs", "1", "--quiet"];
    let mut shrinking = Command::new(env!("CARGO_BIN_EXE_seedstorm"));
    shrinking.args(arguments).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut shrinking = shrinking.spawn().unwrap();
    let best = folder.path().join("best.json");
    while !best.exists() && shrinking.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    shrinking.kill().unwrap();
    shrinking.wait().unwrap();
    let said = seedstorm(folder.path(), &["replay", "best.json"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("REPRODUCED"), "{}", said.out);
}

/// Shrinking again with less patience takes nothing away.
#[test]
fn a_smaller_run_of_the_same_failure_stays() {
    let folder = folder();
    let explore =
        ["explore", "demo-bug", "--plant", "R01", "--seeds", "0..60", "--stop-on-first", "--no-shrink"];
    let said = seedstorm(folder.path(), &[&explore[..], &["--out", "out", "--json"]].concat());
    let large = said.json()["failures"][0]["capsule"].as_str().unwrap().to_owned();
    let shrink = |budget: &str| {
        seedstorm(folder.path(), &["shrink", &large, "--out", "s.capsule.json", "--budget", budget])
    };
    let read = || std::fs::read(folder.path().join("s.capsule.json")).unwrap();
    assert_eq!(shrink("40").code, 0);
    let barely = read();
    assert_eq!(shrink("1500").code, 0);
    let small = read();
    assert_ne!(small, barely, "a smaller one replaces it");
    // What a call took is told of that call alone.
    let again = ["shrink", "s.capsule.json", "--out", "t.capsule.json", "--budget", "40"];
    let said = seedstorm(folder.path(), &again);
    let took = said.out.lines().find_map(|line| line.strip_prefix("took ")).unwrap();
    let runs: u64 = took.split_whitespace().next().unwrap().parse().unwrap();
    assert!(runs < 400 && took.contains(" before · "), "{took}");
    let said = shrink("40");
    assert!(said.code == 0 && said.err.contains("holds a smaller run"), "{}", said.err);
    assert!(read() == small, "what somebody waited for is gone");
}
