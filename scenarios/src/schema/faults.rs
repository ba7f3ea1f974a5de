//! The schema of `[[faults]]`.

use serde_json::{Map, Value};
use sim_core::fault::family::about_key;
use sim_core::fault::spec::{FAULT_KEYS, Form, LINK_FAULTS};

use super::form::{
    about, count, count32, distribution, drift, duration, list, node, probability, selector, table,
};

/// The list of faults: each says when, how long, and exactly one thing that goes wrong.
pub(super) fn list_of_faults() -> Value {
    let mut properties = Map::new();
    properties.insert("id".to_owned(), about(count32(0), "Names the entry, so that its draws stay its own."));
    properties.insert(
        "at".to_owned(),
        about(duration(), "When it begins, in true time; not after `cluster.duration`."),
    );
    properties.insert("on".to_owned(), trigger());
    properties.insert("for".to_owned(), about(duration(), "How long it lasts; to the end if absent."));
    let again = [
        ("every", "It begins again and again: the time from one beginning to the next."),
        ("jitter", "Each time it begins up to so much later, drawn from the seed."),
        ("until", "It does not begin again at this time or later; to `cluster.duration` if absent."),
    ];
    properties.extend(again.map(|(key, words)| (key.to_owned(), about(duration(), words))));
    let beyond = tree!({ "type": "boolean", "default": false });
    properties.insert(
        "over_budget".to_owned(),
        about(beyond, "It may exceed what the protocol promises to bear, on purpose."),
    );
    for key in FAULT_KEYS {
        properties.insert((*key).to_owned(), fault(key));
    }
    let mut entry = table(&[], properties.into());
    // A round is in force from the start.
    let when = tree!({ "anyOf": [one_of(&["at", "on"]), { "required": ["round"] }] });
    entry["allOf"] = tree!([when, one_of(FAULT_KEYS)]);
    entry["dependencies"] = tree!({ "every": ["at"], "jitter": ["every"], "until": ["every"] });
    about(list(entry), "What goes wrong.")
}

fn trigger() -> Value {
    let mut schema = table(
        &[],
        tree!({
            "event": about(tree!({ "type": "string" }), "A kind of observation, as BecameLeader."),
            "send": about(tree!({ "type": "string" }), "A kind of message, as AppendEntries."),
            "durable": about(
                tree!({ "type": "string" }),
                "A kind of observation, as Voted, once what was written until then is durable.",
            ),
            "nth": about(count32(1), "Which occurrence, counting from one."),
            "role": about(tree!({ "type": "string" }), "Only at a process in this role."),
            "before": about(tree!({ "enum": ["send"] }), "Strike before what the same step sends."),
            "after": about(distribution(), "Strike so long after it; drawn anew for each seed if it is spread."),
        }),
    );
    schema["oneOf"] = one_of(&["event", "send", "durable"])["oneOf"].take();
    about(schema, "When the protocol does something, instead of at a time.")
}

/// The name of a version.
fn version() -> Value {
    tree!({ "type": "string" })
}

/// Exactly one of these keys is there.
fn one_of(keys: &[&str]) -> Value {
    let has = |key: &&str| tree!({ "required": [*key] });
    tree!({ "oneOf": keys.iter().map(has).collect::<Vec<_>>() })
}

/// The parameters of a fault, by its key.
///
/// # Panics
/// If a key is not described; a test asks for all of them.
fn fault(key: &str) -> Value {
    let links = LINK_FAULTS.iter().find(|(known, _)| *known == key).map(|(_, parameters)| links(parameters));
    let schema = links.unwrap_or_else(|| of_slots(key));
    about(schema, about_key(key).unwrap_or_else(|| panic!("nothing is said about the fault {key}")))
}

/// Faults of connections, processes, disks, clocks and identities.
fn of_slots(key: &str) -> Value {
    let aim = || table(&["target"], tree!({ "target": selector() }));
    match key {
        "partition" => partition(),
        "flap" => table(
            &["target", "period"],
            tree!({ "target": selector(), "direction": direction(), "period": duration() }),
        ),
        "crash" => table(
            &["target"],
            tree!({ "target": selector(), "restart_after": duration(), "version": version() }),
        ),
        "amnesia" => table(&["target"], tree!({ "target": selector(), "restart_after": duration() })),
        "upgrade" => table(
            &["target", "to"],
            tree!({ "target": selector(), "to": version(), "down": duration(), "gap": duration() }),
        ),
        "pause" | "leave" | "replace" | "corrupt" => aim(),
        "slow" => {
            table(&["target"], tree!({ "target": selector(), "percent": count32(0), "floor": duration() }))
        }
        "join" => table(&["count"], tree!({ "count": count32(0) })),
        "churn" => table(
            &["every"],
            tree!({ "every": duration(), "how": { "enum": ["replace", "join", "leave", "mixed"] } }),
        ),
        "rolling_restart" => {
            table(&["target", "down"], tree!({ "target": selector(), "down": duration(), "gap": duration() }))
        }
        "disk" => table(&["target", "fault"], tree!({ "target": selector(), "fault": disk() })),
        "clock" => clock(),
        "adaptive" => table(
            &["every", "count"],
            tree!({ "target": selector(), "every": duration(), "count": count32(0) }),
        ),
        "detour" => table(
            &[],
            tree!({
                "target": selector(),
                "point": { "type": "string" },
                "chance": probability(),
                "nth": count32(1),
            }),
        ),
        "round" => table(
            &["number"],
            tree!({ "number": count32(1), "leader": node(), "sides": list(selector()), "drop": list(tree!({ "type": "string" })) }),
        ),
        "twins" => table(&["target"], tree!({ "target": selector(), "place": selector() })),
        _ => panic!("the fault {key} has no schema"),
    }
}

/// Faults of links: all links, those of a target, or those from some to others, and parameters of the fault's own.
fn links(parameters: &[(&str, Form)]) -> Value {
    let mut schema = table(
        &parameters.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        tree!({
            "target": about(selector(), "Links from and to these."),
            "from": about(selector(), "Links from these."),
            "to": about(selector(), "Links to these."),
        }),
    );
    let own = parameters.iter().map(|(name, form)| ((*name).to_owned(), written(*form)));
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.extend(own);
    }
    schema
}

fn written(form: Form) -> Value {
    match form {
        Form::Probability => probability(),
        Form::Distribution => distribution(),
        Form::Duration => duration(),
        Form::Count => count(0, u64::MAX),
    }
}

fn direction() -> Value {
    about(
        tree!({ "enum": ["both", "inbound", "outbound"] }),
        "Which direction is cut, seen from the isolated.",
    )
}

fn partition() -> Value {
    let pair = tree!({ "type": "array", "items": count32(1), "minItems": 2, "maxItems": 2 });
    let splits = ["halves", "random", "bridge", "majorities-ring", "leader-alone"];
    let mut schema = table(
        &[],
        tree!({
            "isolate": about(selector(), "These, as one group, are cut off from all others."),
            "direction": direction(),
            "split": about(tree!({ "enum": splits }), "A drawn shape."),
            "parts": about(count32(2), "How many groups, with split = \"random\"."),
            "groups": about(list(selector()), "Slots reach each other if they share a group."),
            "from": about(selector(), "Nothing passes from these ..."),
            "to": about(selector(), "... to those."),
            "links": about(list(pair), "Only these pairs reach each other."),
            "clients": about(tree!({ "enum": ["everywhere", "spread"] }), "On which side clients are."),
        }),
    );
    schema["oneOf"] = one_of(&["isolate", "split", "groups", "from", "links"])["oneOf"].take();
    schema["dependencies"] =
        tree!({ "from": ["to"], "to": ["from"], "direction": ["isolate"], "parts": ["split"] });
    schema
}

fn disk() -> Value {
    let slow = table(&["percent", "extra"], tree!({ "percent": count32(0), "extra": duration() }));
    tree!({ "oneOf": [
        { "enum": ["lose-tail", "tear-tail", "torn-tail", "failing", "failing-sync", "full", "full-disk", "rot", "bit-rot"] },
        table(&["slow"], tree!({ "slow": slow.clone() })),
        table(&["slow-sync"], tree!({ "slow-sync": slow })),
    ] })
}

fn clock() -> Value {
    let mut schema = table(
        &["target"],
        tree!({
            "target": selector(),
            "drift": about(drift(), "It gains this much; loses, if negative."),
            "forward": about(duration(), "It jumps."),
            "back": about(duration(), "It jumps back."),
            "freeze": about(tree!({ "const": true }), "It stands still."),
        }),
    );
    schema["oneOf"] = one_of(&["drift", "forward", "back", "freeze"])["oneOf"].take();
    schema
}
