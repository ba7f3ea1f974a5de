//! The JSON Schema of a scenario, for editors: what may stand where, with a sentence about each.
//!
//! Draft 7, which the editors' TOML extensions read too. It is as strict as a schema can be: it accepts whatever the
//! loader accepts, and refuses what has a wrong key, type or form. What depends on other keys (names of nodes and
//! roles, overlapping faults) only the loader knows. Protocols bring the schema of their own parameters. Tests hold
//! each table's keys against those that the types read.

#[macro_use]
mod json;

mod described;
mod domains;
mod faults;
mod form;
mod limits;
mod rules;
mod world;

use serde_json::Value;
use sim_core::ratio::Ratio;
use sim_core::registry::{Entry, Registry};
use sim_core::time::Duration;
use sim_core::tree;

use crate::scenario::VERDICTS;
use form::{about, count, table};

/// The schema of a scenario whose protocols are these.
pub fn scenario(registry: &Registry) -> Value {
    let mut schema = table(
        &["schema", "title", "cluster"],
        tree!({
            "$schema": about(tree!({ "type": "string" }), "Where this schema is, for editors of JSON."),
            "schema": about(tree!({ "const": "seedstorm.scenario/1" }), "The version of the format."),
            "title": about(tree!({ "type": "string" }), "What it is, in one line."),
            "about": about(tree!({ "type": "string" }), "A paragraph on what one should see."),
            "expect": expect(),
            "cluster": cluster(registry),
            "versions": versions(),
            "domains": domains::domains(),
            "network": world::network(),
            "disk": world::disk(),
            "clock": world::clock(),
            "service": world::service(),
            "workload": world::workload(),
            "faults": faults::list_of_faults(),
            "outages": world::outages(),
            "adversaries": rules::adversaries(registry),
            "over_budget": about(
                tree!({ "type": "boolean", "default": false }),
                "Faults may exceed what the protocol promises to bear, on purpose.",
            ),
            "swarm": rules::swarm(),
            "checks": rules::checks(),
            "initial": rules::initial(registry),
            "stop": rules::stop(),
            "measure": rules::measure(),
            "limit": limits::limits(),
        }),
    );
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "A seedstorm scenario".into();
    schema["definitions"] = form::definitions();
    described::describe(&mut schema, registry);
    schema
}

fn expect() -> Value {
    let names: Vec<&str> = VERDICTS.iter().map(|(name, _)| *name).collect();
    let pattern = format!("^({}|assumption_violated)(:.+)?$", names.join("|"));
    about(
        tree!({ "type": "string", "pattern": pattern, "default": "pass", "examples": ["pass", "safety:raft/election-safety"] }),
        "The verdict that a run should come to, and the check that must have found it if that matters.",
    )
}

fn cluster(registry: &Registry) -> Value {
    let names: Vec<&str> = registry.iter().map(|entry| entry.info().name).collect();
    let mut cluster = table(
        &["protocol", "nodes", "duration"],
        tree!({
            "protocol": about(tree!({ "enum": &names[..] }), "Which protocol runs."),
            "nodes": about(count(1, 10_000_000), "How many members there are."),
            "duration": about(form::duration(), "Length of the first phase: safety under faults."),
            "max_events": about(count(1, u64::MAX), "The run ends after this many events, whatever else; by default, many times what a run of its size has."),
            "max_events_per_second": about(count(1, u64::MAX), "More events and messages than this in two seconds of virtual time on end, or four times as many within one, are a storm; by default, many times what a run of its size has."),
        }),
    );
    // Only the table of the protocol that runs may be there.
    let mut rules = Vec::new();
    for entry in registry.iter() {
        let info = entry.info();
        cluster["properties"][info.name] = about(parameters(entry), info.title);
        let others = names.iter().filter(|name| **name != info.name);
        let refused = tree::table(others.map(|name| ((*name).to_owned(), false.into())).collect());
        rules.push(tree!({
            "if": { "properties": { "protocol": { "const": info.name } } },
            "then": { "properties": refused },
        }));
    }
    cluster["allOf"] = rules.into();
    about(cluster, "Who runs, and for how long.")
}

/// The versions of a cluster: what is set otherwise, whatever the protocol calls it.
fn versions() -> Value {
    let changes = about(tree!({ "type": "object" }), "Parameters of the protocol that are set otherwise.");
    about(
        tree!({ "type": "object", "additionalProperties": changes }),
        "What members may be upgraded to: the parameters that differ, by the name of the version.",
    )
}

/// A protocol's own parameters; texts whose default is a duration or a share get the form of one.
fn parameters(entry: &dyn Entry) -> Value {
    let mut schema = entry.schema();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|properties| properties.values_mut()) {
        let text = property.get("default").and_then(Value::as_str).unwrap_or("");
        let form = if text.parse::<Duration>().is_ok() {
            form::DURATION
        } else if text.parse::<Ratio>().is_ok() {
            form::PROBABILITY
        } else {
            continue;
        };
        if property.get("type") == Some(&"string".into()) && property.get("pattern").is_none() {
            property["pattern"] = form.into();
        }
    }
    schema
}

#[cfg(test)]
mod tests;
