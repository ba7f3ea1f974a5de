//! `run` and `list`.

use serde_json::Value;

use crate::support::{folder, seedstorm};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn run_tells_what_happened_and_how_to_see_it_again() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["run", "raft-wan-election", "--seed", "1"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    for part in ["PASS", "5 nodes", "election", "seedstorm run raft-wan-election --seed 1"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(!said.out.contains("traitors"), "{}", said.out);
    // A run as expected leaves nothing behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let said = seedstorm(folder.path(), &["run", "bracha-equivocation"]);
    assert!(said.out.contains("traitors     n1, n7: 30 equivocated\n"), "{}", said.out);
}

#[test]
fn the_document_of_a_run_has_its_shape() {
    let folder = folder();
    let run = |seed| {
        let said = seedstorm(folder.path(), &["run", "raft-swarm", "--seed", seed, "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        let mut document = said.json();
        assert!(document.as_object_mut().unwrap().remove("wall").is_some());
        document
    };
    let document = run("3");
    let named = keys(&document);
    for key in [
        "schema",
        "scenario",
        "scenario_hash",
        "seed",
        "protocol",
        "nodes",
        "verdict",
        "violations",
        "digest",
    ] {
        assert!(named.contains(&key), "{key}");
    }
    assert_eq!(document["schema"], "seedstorm.run/1");
    assert_eq!(document["digest"].as_str().unwrap().len(), 32);
    for key in ["sent", "delivered", "dropped", "duplicated", "bytes", "by_kind"] {
        assert!(!document["messages"][key].is_null(), "{key}");
    }
    for metric in document["metrics"].as_object().unwrap().values() {
        assert_eq!(keys(metric), ["count", "max", "mean", "p50", "p90", "p99"]);
    }
    assert!(document["faults"].is_array() && document["activity"].is_object());
    assert_eq!(document, run("3"));
    assert_ne!(document["digest"], run("4")["digest"]);
}

#[test]
fn two_runs_are_one() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["run", "bracha-swarm", "--seed", "9", "--twice"]);
    assert_eq!(said.code, 0);
    let last = said.out.lines().last();
    assert_eq!(last, Some("run twice    the same digest both times"), "{}", said.out);
    let said = seedstorm(folder.path(), &["run", "bracha-swarm", "--seed", "9", "--twice", "--quiet"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}

#[test]
fn an_expectation_decides_the_exit_code() {
    let folder = folder();
    let run = |expect: &str, more: &[&str]| {
        let set = format!("expect={expect}");
        let arguments = [&["run", "bracha-calm", "--set", &set, "--json"], more].concat();
        let said = seedstorm(folder.path(), &arguments);
        assert_eq!(said.json()["as_expected"], said.code == 0);
        said.code
    };
    assert_eq!(run("pass", &[]), 0);
    assert_eq!(run("safety", &[]), 1);
    let nothing = ["--set", "checks.at_least={\"syncs.failed\"=1000000}"];
    assert_eq!(run("pass", &nothing), 3);
    assert_eq!(run("inconclusive", &nothing), 0);
}

#[test]
fn every_builtin_scenario_is_listed_with_its_protocol() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["list", "--json"]);
    assert_eq!(said.code, 0);
    let document = said.json();
    let names = |list: &str| -> Vec<String> {
        let rows = document[list].as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let builtins: Vec<&str> = scenarios::builtin::names().collect();
    assert_eq!(names("scenarios"), builtins);
    let protocols = [
        "raft",
        "bracha",
        "pbft",
        "hotstuff",
        "tendermint",
        "zyzzyva",
        "fab",
        "epidemic",
        "swim",
        "plumtree",
        "heartbeat",
        "store",
        "coordination",
    ];
    assert_eq!(names("protocols"), protocols);
    assert!(names("plants").contains(&"vote-not-durable".to_owned()));
    assert!(names("checks").contains(&"bracha/agreement".to_owned()));
    assert!(names("faults").contains(&"torn-tail".to_owned()));
    for scenario in document["scenarios"].as_array().unwrap() {
        assert!(!scenario["about"].as_str().unwrap().is_empty());
        assert!(scenario["description"].as_str().unwrap().len() > 80, "{scenario}");
    }
    let said = seedstorm(folder.path(), &["list", "plants"]);
    assert!(said.out.contains("R01") && !said.out.contains("scenarios"), "{}", said.out);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(["list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn builtin_scenarios_come_to_what_they_expect() {
    let folder = folder();
    for name in scenarios::builtin::names() {
        let arguments = match name {
            // A thousandth of it shows the same in a thousandth of the time.
            "epidemic-million" => vec!["--set", "cluster.nodes=1000", "--set", "stop.observed.count=1000"],
            "swim-10000" | "swim-100000" => {
                vec!["--set", "cluster.nodes=500", "--set", "stop.observed.count=2475"]
            }
            "plumtree-10000" | "plumtree-100000" => {
                vec!["--set", "cluster.nodes=300", "--set", "checks.at_least.delivered=3000"]
            }
            "coordination-raft-500" => {
                vec![
                    "--set",
                    "cluster.nodes=40",
                    "--set",
                    "cluster.coordination.width=50",
                    "--set",
                    "checks.at_least.effect=100",
                ]
            }
            _ => Vec::new(),
        };
        let said = seedstorm(folder.path(), &[&["run", name, "--json"], &arguments[..]].concat());
        assert_eq!(said.code, 0, "{name}: {}{}", said.err, said.out);
    }
}

/// Of two runs that end at once, the folder holds the record, the scenario and the report of one.
#[test]
fn the_files_of_one_run_are_written_together() {
    let folder = folder();
    let out = folder.path().join("out");
    let held = seedstorm::scenarios::artefact::wait_for(&out).unwrap();
    let mut running = std::process::Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(["run", "raft-messages", "--out", "out"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // A run takes some hundredths of a second if nobody is waited for.
    std::thread::sleep(std::time::Duration::from_millis(800));
    assert!(
        running.try_wait().unwrap().is_none() && !out.join("record.json").exists(),
        "nobody was waited for"
    );
    drop(held);
    assert!(running.wait().unwrap().success());
    assert!(out.join("record.json").exists() && out.join("report.html").exists());
}

/// No runs and one node are told as what they are.
#[test]
fn nothing_and_one_are_counted_as_such() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["explore", "raft-swarm", "--seeds", "0..5", "--time", "1ns"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.out.contains("NOTHING RAN") && !said.out.contains('%'), "{}", said.out);
    let alone = ["run", "raft-calm", "--set", "cluster.nodes=1", "--set", "cluster.duration=1s"];
    let said = seedstorm(folder.path(), &[&alone[..], &["--set", "checks.at_least={}"]].concat());
    assert!(said.out.starts_with("raft-calm · raft · 1 node · seed 0"), "{}", said.out);
}

#[test]
fn a_plant_that_is_named_twice_is_on_once_and_one_thing_is_not_many() {
    let folder = folder();
    let short = ["--set", "cluster.duration=1s", "--set", "cluster.nodes=1", "--set", "checks.at_least={}"];
    let twice = ["run", "raft-calm", "--plant", "R01", "--plant", "vote-not-durable"];
    let said = seedstorm(folder.path(), &[&twice[..], &short].concat());
    assert!(
        said.out.starts_with("raft-calm · raft · 1 node · seed 0 · plant vote-not-durable\n"),
        "{}",
        said.out
    );
    let said = seedstorm(folder.path(), &[&["validate", "raft-calm"], &short[..]].concat());
    assert!(said.out.contains("raft · 1 node · 1s"), "{}", said.out);
}
