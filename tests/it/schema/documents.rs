//! The schemas of the documents that `--json` prints are true: real documents keep to them, key by key.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Validator;
use crate::support::{folder, seedstorm};

const DOCUMENTS: [&str; 6] = ["run", "explore", "replay", "shrink", "check", "validate"];

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
    let value = seedstorm(folder, &[arguments, &["--json"]].concat()).json();
    assert_eq!(value["schema"], format!("seedstorm.{}/1", arguments[0]));
    assert_eq!(keeps(arguments[0], &value), Ok(()), "{arguments:?}: {value:#}");
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
