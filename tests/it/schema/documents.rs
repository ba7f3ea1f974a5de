//! The schemas of the documents that `--json` prints are true: real documents keep to them, key by key.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Validator;
use crate::support::{folder, seedstorm};

const DOCUMENTS: [&str; 24] = [
    "run",
    "explore",
    "replay",
    "shrink",
    "check",
    "validate",
    "demo",
    "report",
    "compare",
    "reproduce",
    "sweep",
    "merge",
    "corpus-add",
    "corpus-run",
    "corpus-prune",
    "list",
    "explain",
    "completions",
    "shard-run",
    "dry-run",
    "slurm",
    "likelihood",
    "hang",
    "evidence",
];

/// A schema that allows no other keys than those that it describes. Published schemas are open: keys may come.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(words) => {
            let mut inside: serde_json::Map<String, Value> =
                words.iter().map(|(word, inside)| (word.clone(), closed(inside))).collect();
            let describes = |word: &str| words.get(word).is_some_and(Value::is_object);
            if describes("properties")
                && words.contains_key("type")
                && !words.contains_key("additionalProperties")
            {
                inside.insert("additionalProperties".to_owned(), false.into());
            }
            Value::Object(inside)
        }
        Value::Array(list) => list.iter().map(closed).collect(),
        plain => plain.clone(),
    }
}

fn published(document: &str) -> Value {
    seedstorm(folder().path(), &["schema", document]).json()
}

fn keeps(document: &str, value: &Value) -> Result<(), String> {
    Validator::new(&closed(&published(document))).check(value)
}

/// Runs a command with `--json`, and holds what it prints against the schema of its document.
fn prints(folder: &Path, arguments: &[&str]) -> Value {
    prints_as(arguments[0], folder, arguments)
}

/// The same, of a command that prints the document of another name.
fn prints_as(document: &str, folder: &Path, arguments: &[&str]) -> Value {
    let said = seedstorm(folder, &[arguments, &["--json"]].concat());
    let value = said.json();
    assert_eq!(value["schema"], format!("seedstorm.{document}/1"), "{}", said.err);
    assert_eq!(keeps(document, &value), Ok(()), "{arguments:?}: {value:#}");
    value
}

#[test]
fn each_is_published_as_a_file_and_printed_by_the_command() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let mut files: Vec<String> =
        fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort_unstable();
    let mut expected = DOCUMENTS.map(|document| format!("{document}.schema.json"));
    expected.sort_unstable();
    assert_eq!(files, expected);
    for document in DOCUMENTS {
        let text = fs::read_to_string(home.join(format!("{document}.schema.json"))).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(published(document), schema, "{document}");
        let what = &schema["properties"]["schema"]["const"];
        assert_eq!(what, &json!(format!("seedstorm.{document}/1")));
    }
    assert_eq!(seedstorm(folder().path(), &["schema", "rnu"]).code, 2);
}

#[test]
fn runs_keep_to_it_whatever_they_came_to() {
    let folder = folder();
    for scenario in [
        "raft-calm",
        "raft-zone-outage",
        "raft-load-spike",
        "raft-downtime",
        "raft-split-votes",
        "bracha-beyond-f",
        "raft-majority-cut",
        "epidemic-swarm",
        "swim-swarm",
        "coordination-swarm",
        "raft-witness-vote-not-durable",
    ] {
        prints(folder.path(), &["run", scenario]);
    }
    prints(
        folder.path(),
        &[
            "run",
            "raft-zone-outage",
            "--set",
            "limit=[{ metric = \"operation_latency_ns\", quantile = \"50%\", since = \"30s\", at_most = \"1ns\" }]",
        ],
    );
}

/// On a fork, a file names the guilty, and what each of them signed.
#[test]
fn evidence_of_a_fork_names_the_guilty() {
    let folder = folder();
    for scenario in ["pbft-beyond-f", "hotstuff-beyond-f", "tendermint-beyond-f"] {
        seedstorm(folder.path(), &["run", scenario, "--out", scenario]);
        let text = fs::read_to_string(folder.path().join(scenario).join("evidence.json")).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(keeps("evidence", &document), Ok(()), "{document:#}");
        let named = |value: &Value| value.as_str().unwrap().to_owned();
        let found = &document["evidence"][0];
        let culprits = found["guilt"]["culprits"].as_array().unwrap();
        let guilty: Vec<String> = culprits.iter().map(|culprit| named(&culprit["node"])).collect();
        let nodes: Vec<String> = found["nodes"].as_array().unwrap().iter().map(named).collect();
        assert_eq!((guilty.len(), &guilty), (2, &nodes), "{document:#}");
        for culprit in culprits {
            let [one, other] = &culprit["signed"].as_array().unwrap()[..] else { panic!("{document:#}") };
            assert_eq!((&one["stage"], &one["view"]), (&other["stage"], &other["view"]));
            assert_ne!(one["digest"], other["digest"]);
        }
        assert_eq!(found["guilt"]["third_party"], true);
    }
}

/// What is said of a run does not stay beside another one.
#[test]
fn evidence_is_of_the_run_that_it_lies_beside() {
    let folder = folder();
    let is_there = |name: &str| folder.path().join("out").join(name).exists();
    seedstorm(folder.path(), &["run", "pbft-beyond-f", "--out", "out"]);
    assert!(is_there("evidence.json"));
    let capsule = "out/seed-0.capsule.json";
    seedstorm(folder.path(), &["report", capsule]);
    assert!(is_there("seed-0.evidence.json"));
    seedstorm(folder.path(), &["run", "pbft-calm", "--out", "out"]);
    assert!(!is_there("evidence.json"), "nothing was found");
}

#[test]
fn a_failure_keeps_to_it_from_finding_to_shrinking() {
    let folder = folder();
    let planted =
        ["explore", "raft-witness-vote-not-durable", "--plant", "vote-not-durable", "--seeds", "0..3"];
    let found = prints(folder.path(), &[&planted[..], &["--jobs", "1", "--out", "found"]].concat());
    let capsule = found["failures"][0]["capsule"].as_str().unwrap().to_owned();
    prints(folder.path(), &["replay", &capsule, "--neighbors", "3"]);
    prints(folder.path(), &["shrink", &capsule, "--out", "small.json"]);
    let quiet = prints(
        folder.path(),
        &["explore", "raft-load-spike", "--seeds", "0..2", "--jobs", "1", "--out", "quiet"],
    );
    assert_eq!(quiet["limits"].as_array().map(Vec::len), Some(1));
}

#[test]
fn histories_and_files_keep_to_it() {
    let folder = folder();
    let write = |value: &str| {
        format!(
            "{{\"process\":1,\"call_ns\":1,\"return_ns\":5,\"f\":\"write\",\"value\":{value},\"ok\":true}}\n"
        )
    };
    let read = "{\"process\":2,\"call_ns\":6,\"return_ns\":8,\"f\":\"read\",\"value\":2,\"ok\":true}\n";
    fs::write(folder.path().join("good.jsonl"), write("2") + read).unwrap();
    fs::write(folder.path().join("bad.jsonl"), write("1") + read).unwrap();
    for (file, verdict) in [("good.jsonl", "linearizable"), ("bad.jsonl", "illegal")] {
        assert_eq!(prints(folder.path(), &["check", file, "--model", "register"])["verdict"], verdict);
    }
    fs::write(folder.path().join("slip.toml"), "titel = \"x\"\n").unwrap();
    let value = prints(folder.path(), &["validate", "raft-calm", "slip.toml", "absent.toml"]);
    assert_eq!(value["files"].as_array().map(Vec::len), Some(3));
}

#[test]
fn what_has_a_key_more_or_less_or_another_form_does_not_keep_to_it() {
    let folder = folder();
    let good = prints(folder.path(), &["run", "raft-calm"]);
    let changes: [fn(&mut Value); 5] = [
        |value| value["more"] = 1.into(),
        |value| drop(value.as_object_mut().unwrap().remove("digest")),
        |value| value["verdict"] = "fine".into(),
        |value| value["messages"]["sent"] = "many".into(),
        |value| value["progress"] = json!({ "made": {} }),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut other = good.clone();
        change(&mut other);
        assert!(keeps("run", &other).is_err(), "change {index}");
    }
}

/// A sweep with everything that its document can hold.
const SWEEP: &str = r#"schema = "seedstorm.sweep/1"
title = "Elections"
seeds = "0..4"
[grid]
"cluster.nodes" = [3, 5, 7]
[[compare]]
key = "cluster.nodes"
values = [3, 5]
columns = ["messages_per", "operation_latency_ns.p50"]
[[base]]
label = "raft"
scenario = "raft-calm"
per = "operations.succeeded"
per_name = "commit"
theory = { messages_per = "n" }
set = { "stop.returned" = 40, "checks.progress" = "none", "checks.at_least" = { "operations.succeeded" = 30 }, limit = [{ metric = "operation_latency_ns", quantile = "50%", over = "campaign", at_most = "1ns" }] }
[[plot]]
against = "cluster.nodes"
columns = ["messages_per"]
bases = ["raft"]
fit = true
x_label = "members"
y_scale = "log"
size_mm = [120, 70]
"#;

#[test]
fn sweeps_keep_to_it_in_one_piece_and_in_shards() {
    let folder = folder();
    fs::write(folder.path().join("s.toml"), SWEEP).unwrap();
    let swept = |more: &[&'static str]| [&["sweep", "s.toml", "--jobs", "1"], more].concat();
    let whole = prints(folder.path(), &swept(&["--out", "whole"]));
    let point = &whole["points"][0];
    assert!(point["distributions"]["messages_per"].is_array() && point["limits"][0]["met"] == false);
    assert!(whole["comparisons"][0]["pairs"] == 4 && whole["fits"][0]["theory"].is_object());
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("whole/sweep.json")).unwrap()).unwrap();
    for (key, value) in kept.as_object().unwrap() {
        assert_eq!(&whole[key], value, "{key}");
    }
    prints_as("report", folder.path(), &["report", "whole"]);
    prints_as("dry-run", folder.path(), &swept(&["--engine", "local", "--shards", "2", "--dry-run"]));
    prints_as("shard-run", folder.path(), &swept(&["--shard", "0/2", "--out", "parts/0"]));
    let missing = prints(folder.path(), &["merge", "parts", "--out", "merged"]);
    assert_eq!(missing["missing"], json!(["1/2"]));
    prints_as("shard-run", folder.path(), &swept(&["--shard", "1/2", "--out", "parts/1"]));
    let merged = prints_as("sweep", folder.path(), &["merge", "parts", "--out", "merged"]);
    assert_eq!(merged["merged"]["missing"], json!([]));
}

#[test]
fn explorations_keep_to_it_in_shards_and_with_a_corpus() {
    let folder = folder();
    let explore =
        ["explore", "demo-bug", "--plant", "R01", "--no-shrink", "--jobs", "1", "--seeds", "0..120"];
    let explore = |more: &[&'static str]| [&explore[..], more].concat();
    for (shard, out) in [("0/2", "parts/0"), ("1/2", "parts/1")] {
        prints_as("shard-run", folder.path(), &explore(&["--shard", shard, "--out", out]));
    }
    let found = prints_as("explore", folder.path(), &["merge", "parts", "--out", "merged"]);
    let capsule = found["failures"][0]["capsule"].as_str().unwrap();
    let added = prints_as("corpus-add", folder.path(), &["corpus", "add", "kept", capsule]);
    assert_eq!(added["added"].as_array().map(Vec::len), Some(1));
    fs::write(folder.path().join("kept/torn.capsule.json"), "{").unwrap();
    let ran = prints_as("corpus-run", folder.path(), &["corpus", "run", "kept"]);
    assert!(ran["capsules"][0]["replayed"] == "reproduced" && ran["damaged"][0]["error"].is_string());
    prints_as("corpus-prune", folder.path(), &["corpus", "prune", "kept"]);
    let few = explore(&["--corpus", "kept", "--out", "again", "--stop-on-first"]);
    assert!(prints(folder.path(), &few)["corpus"]["capsules"][0].is_object());
}

#[test]
fn comparisons_names_and_everything_else_keep_to_it() {
    let folder = folder();
    for sides in [
        ["raft-calm@1", "raft-calm@2"],
        ["raft-calm@1", "raft-calm@1"],
        ["raft-partition@1", "bracha-calm@1"],
    ] {
        prints(folder.path(), &["compare", sides[0], sides[1], "--out", "compared.html"]);
    }
    prints(folder.path(), &["compare", "raft-calm@1", "raft-storm@1"]);
    let all = prints(folder.path(), &["list"]);
    assert!(all.as_object().unwrap().len() == 15 && all["plants"][0]["witness"].is_string());
    prints(folder.path(), &["list", "exit-codes"]);
    for list in all.as_object().unwrap().values().filter_map(Value::as_array) {
        for name in [list.first(), list.last()].into_iter().flatten() {
            prints(folder.path(), &["explain", name["name"].as_str().unwrap()]);
        }
    }
    prints(folder.path(), &["reproduce", "3", "--seeds-scale", "1/10", "--jobs", "1"]);
    prints(folder.path(), &["completions", "bash"]);
    let demo = prints(folder.path(), &["demo", "--out", "demo"]);
    assert!(demo["bug"]["story"].is_object(), "{demo:#}");
}

#[test]
fn every_kind_of_document_of_the_program_is_published() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut kinds = Vec::new();
    let mut folders = vec![home.join("src/cli")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let after = text.split("\"seedstorm.").skip(1);
            kinds.extend(after.filter_map(|rest| Some(rest.split_once("/1\"")?.0.to_owned())));
        }
    }
    assert!(kinds.len() > 15, "{kinds:?}");
    for kind in kinds {
        assert!(DOCUMENTS.contains(&kind.as_str()), "seedstorm.{kind}/1 has no schema");
    }
}
