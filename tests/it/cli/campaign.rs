//! `explore`.

use serde_json::Value;

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
    for scenario in ["raft-swarm", "bracha-swarm", "epidemic-swarm"] {
        let seeds = ["--seeds", "0..40", "--jobs"];
        let one = explore(&[&[scenario][..], &seeds, &["1"]].concat());
        let two = explore(&[&[scenario][..], &seeds, &["2"]].concat());
        assert_eq!(one, two);
        assert_eq!(one.1["runs"], 40);
    }
}

#[test]
fn findings_are_grouped_and_kept_as_capsules_of_their_lowest_seed() {
    let folder = folder();
    let run = |more: &[&str]| {
        let arguments = ["explore", "bracha-beyond-f", "--set", "expect=pass", "--seeds", "10..30", "--json"];
        seedstorm(folder.path(), &[&arguments[..], more].concat())
    };
    let said = run(&[]);
    let document = said.json();
    let failures = document["failures"].as_array().unwrap();
    if failures.is_empty() {
        // Faults beyond the budget accuse nobody.
        assert_eq!(document["activity"]["verdicts"]["assumption"], 20);
        assert_eq!(said.code, 0);
        return;
    }
    assert_eq!(said.code, 1);
    assert_eq!(failures[0]["seed"], 10);
    let capsule = failures[0]["capsule"].as_str().unwrap();
    assert_eq!(seedstorm(folder.path(), &["replay", capsule]).code, 1);
    assert_eq!(run(&["--stop-on-first"]).json()["runs"], 1);
}

#[test]
fn too_few_conclusive_runs_are_told() {
    let starved =
        ["bracha-calm", "--seeds", "0..10", "--set", "checks.at_least={\"observed.Delivered\"=1000000}"];
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
