//! The schema names exactly the keys and words that the types read.

use serde_json::{Value, json};
use sim_core::ordered::OrderedSet;

use super::scenario;
use crate::document::Complaint;
use crate::scenario::Scenario;
use crate::testing::registry;

/// A scenario in which every table can be reached.
fn everything() -> Value {
    let mut faults = vec![json!({ "on": { "event": "X" }, "pause": { "target": "n1" } })];
    for (key, parameters) in [
        ("partition", json!({ "isolate": "n1" })),
        ("flap", json!({ "target": "n1", "period": "1s" })),
        ("slow_link", json!({ "delay": "1s" })),
        ("jam", json!({})),
        ("loss", json!({ "probability": "1/2" })),
        ("spikes", json!({ "probability": "1/2", "delay": { "uniform": { "min": "1s", "max": "2s" } } })),
        ("reorder", json!({ "probability": "1/2", "within": "1s" })),
        ("duplicate", json!({ "probability": "1/2" })),
        ("corruption", json!({ "probability": "1/2" })),
        ("bandwidth", json!({ "bytes_per_second": 1 })),
        ("rate_limit", json!({ "messages_per_second": 1 })),
        ("crash", json!({ "target": "n1" })),
        ("amnesia", json!({ "target": "n1" })),
        ("pause", json!({ "target": "n1" })),
        ("slow", json!({ "target": "n1", "percent": 200 })),
        ("join", json!({ "count": 1 })),
        ("leave", json!({ "target": "n1" })),
        ("replace", json!({ "target": "n1" })),
        ("churn", json!({ "every": "1s", "how": "mixed" })),
        ("rolling_restart", json!({ "target": "n1", "down": "1s" })),
        ("upgrade", json!({ "target": "n1", "to": "new" })),
        ("disk", json!({ "target": "n1", "fault": { "slow": { "percent": 1, "extra": "1s" } } })),
        ("clock", json!({ "target": "n1", "freeze": true })),
        ("corrupt", json!({ "target": "n1" })),
        ("adaptive", json!({ "every": "1s", "count": 1 })),
        ("twins", json!({ "target": "n1" })),
        ("detour", json!({ "target": "n1", "point": "short", "nth": 1 })),
        ("round", json!({ "number": 1, "leader": "n1", "sides": ["n1", "rest"], "drop": ["Vote"] })),
    ] {
        faults.push(json!({ "at": "1s", key: parameters }));
    }
    json!({
        "schema": "seedstorm.scenario/1",
        "title": "",
        "cluster": { "protocol": "toy", "nodes": 7, "duration": "1s" },
        "network": {
            "latency": { "log_normal": { "median": "1s", "p99": "2s" } },
            "client_latency": { "normal": { "mean": "1s", "std_dev": "1s" } },
            "regions": { "regions": ["a"], "latency": [["1s"]], "placement": "blocks" },
            "links": { "latency": "1s", "jitter": { "exponential": { "mean": "1s" } } },
            "topology": { "small_world": { "degree": 2, "rewire": "1/2" } },
        },
        "domains": { "zones": 3, "placement": "blocks" },
        "disk": { "sync": { "pareto": { "scale": "1s", "shape": "2" } } },
        "clock": { "offset": { "exponential": { "mean": "1s" } } },
        "service": { "per_message": { "exponential": { "mean": "1s" } } },
        "workload": { "model": "kv", "spacing": "fixed", "when_busy": "skip", "mix": {}, "more": [{ "rate": "1/s", "mix": {} }] },
        "faults": faults,
        "swarm": {
            "nodes": { "min": 1, "max": 2 }, "operations": { "min": 1, "max": 2 },
            "families": { "only": ["disk"] }, "off": ["jam"], "traitors": "budget", "detours": true,
            "rounds": { "count": 3, "lasts": "1s", "twins": { "min": 0, "max": 1 }, "kinds": ["Vote"], "any_sides": true, "enumerate": true },
        },
        "checks": { "progress": "auto", "safety": "all", "linearizable": {}, "at_least": {} },
        "initial": { "twins": [{ "of": "n1", "at": "n2" }, { "of": "n3" }] },
        "stop": { "observed": { "kind": "X" } },
        "measure": [{ "name": "x", "what": { "count": "X" } }],
        "limit": [{ "metric": "x", "at_most": "1s", "over": "campaign" }],
    })
}

/// Every way into a value, with the value there.
fn walk(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    found.push((path.to_owned(), value.clone()));
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, inside)| walk(inside, &format!("{path}/{key}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, inside)| walk(inside, &format!("{path}/{index}"), found));
        }
        _ => {}
    }
}

/// The schemas that apply at a path, through references and alternatives.
fn at<'a>(root: &'a Value, schema: &'a Value, path: &[&str], found: &mut Vec<&'a Value>) {
    if let Some(name) = schema["$ref"].as_str() {
        return at(root, root.pointer(name.trim_start_matches('#')).unwrap(), path, found);
    }
    for group in ["oneOf", "anyOf", "allOf"] {
        schema[group].as_array().into_iter().flatten().for_each(|one| at(root, one, path, found));
    }
    let Some((first, rest)) = path.split_first() else { return found.push(schema) };
    match &schema["items"] {
        Value::Array(items) => {
            if let Some(item) = first.parse().ok().and_then(|index: usize| items.get(index)) {
                at(root, item, rest, found);
            }
        }
        Value::Object(_) if first.parse::<usize>().is_ok() => at(root, &schema["items"], rest, found),
        _ => {
            if let Some(property) = schema["properties"].get(first) {
                at(root, property, rest, found);
            }
        }
    }
}

fn names<'a>(values: impl Iterator<Item = &'a str>) -> OrderedSet<String> {
    values.map(str::to_owned).collect()
}

/// What the types expect instead of a key or word that they do not know.
fn expected(value: &Value, path: &str, change: impl FnOnce(&mut Value)) -> Option<OrderedSet<String>> {
    let mut value = value.clone();
    change(value.pointer_mut(path)?);
    let complaint = Complaint::read::<Scenario>(&value).err()?;
    complaint.names().map(|names| names.into_iter().collect())
}

/// Every key that an editor offers says what it is.
#[test]
fn every_key_has_a_description() {
    fn silent(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(table) => {
                for (key, inner) in table {
                    if let ("properties", Value::Object(properties)) = (key.as_str(), inner) {
                        for (name, property) in properties {
                            let path = format!("{path}.{name}");
                            if property["description"].as_str().is_none_or(|words| !words.ends_with('.')) {
                                found.push(path.clone());
                            }
                            silent(property, &path, found);
                        }
                    } else if !["if", "then", "examples", "default"].contains(&key.as_str()) {
                        silent(inner, path, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| silent(item, path, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    silent(&scenario(&crate::testing::real()), "", &mut found);
    // Protocols and their knobs are told by titles.
    found.retain(|path| !path.starts_with(".cluster."));
    assert!(found.is_empty(), "{} keys: {found:#?}", found.len());
}

#[test]
fn the_types_accept_everything() {
    Complaint::read::<Scenario>(&everything()).unwrap();
}

#[test]
fn every_table_has_the_keys_that_its_type_reads() {
    let (root, value) = (scenario(&registry()), everything());
    let mut places = Vec::new();
    walk(&value, "", &mut places);
    let mut compared = 0;
    for (path, inside) in places.iter().filter(|(_, inside)| inside.is_object()) {
        let read = expected(&value, path, |table| table["no such key"] = Value::Null);
        // Tables with free keys, and those that hold one word and its parameters, say nothing about keys.
        let Some(read) = read else { continue };
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let mut schemas = Vec::new();
        at(&root, &root, &segments, &mut schemas);
        let keys =
            |schema: &&Value| Some(names(schema["properties"].as_object()?.keys().map(String::as_str)));
        let mut described: OrderedSet<String> = schemas.iter().filter_map(keys).flatten().collect();
        match path.as_str() {
            "" => drop((described.remove("$schema"), described.remove("outages"))),
            "/cluster" => drop(described.remove("toy")),
            "/network" => drop(described.remove("wan")),
            "/workload" => drop(described.remove("clients")),
            // A version is read there and refused, with the reason.
            path if path.ends_with("/amnesia") => drop(described.insert("version".to_owned())),
            "/workload/mix" | "/workload/more/0/mix" => {
                described.retain(|key| !["get", "put"].contains(&key.as_str()));
            }
            _ => {}
        }
        let read: OrderedSet<String> =
            read.into_iter().filter(|key| !["get", "put"].contains(&key.as_str())).collect();
        assert!(
            read == described || inside.as_object().unwrap().len() == 1,
            "{path}: {read:?} {described:?}"
        );
        assert!(read.is_subset(&described), "{path}: {read:?} {described:?}");
        compared += 1;
    }
    assert!(compared > 50, "{compared} tables compared");
}

#[test]
fn every_word_is_one_that_its_type_reads() {
    let (root, value) = (scenario(&registry()), everything());
    let mut places = Vec::new();
    walk(&value, "", &mut places);
    let mut compared = 0;
    for (path, inside) in places.iter().filter(|(path, inside)| inside.is_string() && path != "/schema") {
        let Some(read) = expected(&value, path, |word| *word = json!("no such word")) else { continue };
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let mut schemas = Vec::new();
        at(&root, &root, &segments, &mut schemas);
        let words = schemas.iter().flat_map(|schema| schema["enum"].as_array().into_iter().flatten());
        let plain = names(words.filter_map(Value::as_str));
        let tagged = schemas.iter().filter_map(|schema| schema["required"].as_array());
        let tagged = names(tagged.flatten().filter_map(Value::as_str));
        let described: OrderedSet<String> = plain.into_iter().chain(tagged).collect();
        assert_eq!(read, described, "{path}: {inside}");
        compared += 1;
    }
    assert!(compared >= 8, "{compared} words compared");
}
