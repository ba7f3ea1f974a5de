//! Data from files: what is wrong is shown in its place, and a capsule replays where the files are not.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{folder, seedstorm};

/// Three servers that cannot bear what a table of outages does to them.
const SCENARIO: &str = r#"schema = "seedstorm.scenario/1"
title = "Outages from a table"

[cluster]
protocol = "raft"
nodes = 3
duration = "10s"

[workload]
model = "register"
clients = 1
rate = "20/s"

[disk]
sync = { empirical = { file = "data/fsync.csv" } }

[network]
hosts = { latency = { file = "data/hosts.csv" } }

[[outages]]
file = "data/outages.csv"
over_budget = true

[[limit]]
metric = "operation_latency_ns"
quantile = "100%"
at_most = "1s"
"#;

const FILES: [(&str, &str); 4] = [
    ("scenario.toml", SCENARIO),
    ("data/fsync.csv", "le,count\n1ms,90\n2ms,90\n4ms,100\n"),
    ("data/hosts.csv", "a,b,c\n0,1.5,9\n1.5,0,3\n9,3,0\n"),
    ("data/outages.csv", "who,from,to\nn1,3s,8s\nn2,3s,8s\n"),
];

fn write(folder: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(folder.join("data")).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn a_capsule_carries_its_data_to_another_folder() {
    let (here, elsewhere) = (folder(), folder());
    write(here.path(), &FILES);
    let said = seedstorm(here.path(), &["run", "scenario.toml", "--json", "--out", "out"]);
    let first = said.json();
    assert_eq!((said.code, &first["verdict"]), (1, &Value::from("service")), "{}", said.err);
    assert_eq!(first["faults"].as_array().map(Vec::len), Some(2), "{}", first["faults"]);
    fs::copy(here.path().join("out/seed-0.capsule.json"), elsewhere.path().join("it.json")).unwrap();
    drop(here);
    let said = seedstorm(elsewhere.path(), &["replay", "it.json", "--json"]);
    let again = said.json();
    assert_eq!((said.code, &again["replayed"]), (1, &Value::from("reproduced")), "{}", said.err);
    assert_eq!(again["digest"], first["digest"]);
}

#[test]
fn the_hash_of_a_scenario_covers_its_data_and_not_where_it_stands() {
    let hash = |files: &[(&str, &str)], below: &str| {
        let folder = folder();
        write(folder.path(), &FILES);
        write(folder.path(), files);
        fs::create_dir_all(folder.path().join("elsewhere")).unwrap();
        let path = format!("{}/scenario.toml", folder.path().display());
        let said = seedstorm(&folder.path().join(below), &["run", &path, "--json", "--out", "out"]);
        assert_eq!(said.code, 1, "{}", said.err);
        said.json()["scenario_hash"].clone()
    };
    let plain = hash(&[], ".");
    assert_eq!(hash(&[], "elsewhere"), plain);
    // Another spelling is the same data, another number is not.
    assert_eq!(hash(&[("data/hosts.csv", "0;1.50;9\n1.5;0;3\n9;3;0\n")], "."), plain);
    for (name, text) in [
        ("data/fsync.csv", "le,count\n1ms,91\n2ms,91\n4ms,100\n"),
        ("data/hosts.csv", "0,1.5,9\n1.5,0,3\n9,3.001,0\n"),
        ("data/outages.csv", "n1,3s,8s\nn2,3s,7999ms\n"),
    ] {
        assert_ne!(hash(&[(name, text)], "."), plain, "{name}");
    }
}

#[test]
fn bad_data_is_shown_with_file_line_and_column() {
    for (name, text, what, place) in [
        ("data/fsync.csv", "le,count\n1ms,90\n2ms,many\n", "\"many\" is no number", "data/fsync.csv:3:5"),
        ("data/fsync.csv", "le,count\n1ms,90\n2ms,80\n", "counts are cumulative", "data/fsync.csv:3:1"),
        ("data/hosts.csv", "0,1,2\n1,0,x\n2,1,0\n", "\"x\" is no latency", "data/hosts.csv:2:5"),
        ("data/hosts.csv", "0,1,2\n1,0\n", "a row of 2 numbers, expected 3", "data/hosts.csv:2:1"),
        (
            "data/outages.csv",
            "who,from,to\nn1,3s,8s\nn4,3s,8s\n",
            "unknown target \"n4\"",
            "data/outages.csv:3:1",
        ),
        ("data/outages.csv", "who,from,to\nn1,3s,2s\n", "ends before it begins", "data/outages.csv:2:7"),
    ] {
        let folder = folder();
        write(folder.path(), &FILES);
        write(folder.path(), &[(name, text)]);
        let said = seedstorm(folder.path(), &["run", "scenario.toml"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{text}: {}", said.err);
        assert!(said.err.contains(what) && said.err.contains(place), "{text}: {}", said.err);
        assert!(said.err.contains("nothing was run or written"), "{text}: {}", said.err);
        assert!(!folder.path().join("seedstorm-out").exists(), "{text}");
    }
}

#[test]
fn a_file_that_is_missing_or_not_ones_own_is_told_where_it_is_named() {
    for (path, what) in [
        ("data/absent.csv", "failed to read data/absent.csv"),
        ("data", "failed to read data"),
        ("../outages.csv", "does not stay in the scenario's folder"),
        ("/etc/hostname", "does not stay in the scenario's folder"),
        ("builtin:outage.csv", "did you mean \"outages.csv\"?"),
    ] {
        let folder = folder();
        write(folder.path(), &FILES);
        let text = SCENARIO.replace("data/outages.csv", path);
        fs::write(folder.path().join("scenario.toml"), text).unwrap();
        let said = seedstorm(folder.path(), &["validate", "scenario.toml"]);
        assert_eq!(said.code, 2, "{path}: {}", said.err);
        assert!(said.err.contains(what), "{path}: {}", said.err);
        assert!(said.err.contains("scenario.toml:21:8"), "{path}: {}", said.err);
    }
}
