//! The schema of `[[faults]]`.

use serde_json::{Map, Value, json};
use sim_core::fault::spec::FAULT_KEYS;

use super::form::{about, count32, distribution, drift, duration, list, probability, selector, table};

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
    for key in FAULT_KEYS {
        properties.insert((*key).to_owned(), fault(key));
    }
    let mut entry = table(&[], properties.into());
    entry["allOf"] = json!([one_of(&["at", "on"]), one_of(FAULT_KEYS)]);
    about(list(entry), "What goes wrong.")
}

fn trigger() -> Value {
    let mut schema = table(
        &[],
        json!({
            "event": about(json!({ "type": "string" }), "A kind of observation, as BecameLeader."),
            "send": about(json!({ "type": "string" }), "A kind of message, as AppendEntries."),
            "durable": about(
                json!({ "type": "string" }),
                "A kind of observation, as Voted, once what was written until then is durable.",
            ),
            "nth": about(count32(1), "Which occurrence, counting from one."),
            "role": about(json!({ "type": "string" }), "Only at a process in this role."),
            "before": about(json!({ "enum": ["send"] }), "Strike before what the same step sends."),
            "after": about(distribution(), "Strike so long after it; drawn anew for each seed if it is spread."),
        }),
    );
    schema["oneOf"] = one_of(&["event", "send", "durable"])["oneOf"].take();
    about(schema, "When the protocol does something, instead of at a time.")
}

/// Exactly one of these keys is there.
fn one_of(keys: &[&str]) -> Value {
    let has = |key: &&str| json!({ "required": [key] });
    json!({ "oneOf": keys.iter().map(has).collect::<Vec<_>>() })
}

/// The parameters of a fault, by its key.
///
/// # Panics
/// If a key is not described; a test asks for all of them.
fn fault(key: &str) -> Value {
    let described = of_links(key).or_else(|| of_slots(key));
    let (schema, words) = described.unwrap_or_else(|| panic!("the fault {key} has no schema"));
    about(schema, words)
}

/// Faults of links.
fn of_links(key: &str) -> Option<(Value, &'static str)> {
    let odds = || links(&["probability"], json!({ "probability": probability() }));
    Some(match key {
        "partition" => (partition(), "Links are cut."),
        "flap" => (
            table(
                &["target", "period"],
                json!({ "target": selector(), "direction": direction(), "period": duration() }),
            ),
            "Links are cut and mended again and again.",
        ),
        "slow_link" => (
            links(&["delay"], json!({ "delay": distribution() })),
            "Every message on some links takes longer.",
        ),
        "jam" => (links(&[], json!({})), "Messages on some links wait until it is over."),
        "loss" => (odds(), "More messages are lost."),
        "spikes" => (
            links(
                &["probability", "delay"],
                json!({ "probability": probability(), "delay": distribution() }),
            ),
            "Some messages take much longer.",
        ),
        "reorder" => (
            links(&["probability", "within"], json!({ "probability": probability(), "within": duration() })),
            "Some messages are overtaken.",
        ),
        "duplicate" => (odds(), "Some messages arrive twice."),
        "corruption" => (odds(), "A bit of some messages flips; a checksum finds it."),
        "bandwidth" => (
            links(&["bytes_per_second"], json!({ "bytes_per_second": super::form::count(0, u64::MAX) })),
            "Senders get only so many bytes per second through.",
        ),
        "rate_limit" => (
            links(
                &["messages_per_second"],
                json!({ "messages_per_second": super::form::count(0, u64::MAX) }),
            ),
            "Senders get only so many messages per second through.",
        ),
        _ => return None,
    })
}

/// Faults of processes, disks, clocks and identities.
fn of_slots(key: &str) -> Option<(Value, &'static str)> {
    let aim = || table(&["target"], json!({ "target": selector() }));
    let crash = || table(&["target"], json!({ "target": selector(), "restart_after": duration() }));
    Some(match key {
        "crash" => (crash(), "Processes crash; they restart from their disks if `restart_after` is set."),
        "amnesia" => (crash(), "Processes stop and their disks are gone."),
        "pause" => (aim(), "Processes stand still."),
        "slow" => (
            table(
                &["target", "percent"],
                json!({ "target": selector(), "percent": count32(0), "floor": duration() }),
            ),
            "Processes are slow.",
        ),
        "join" => (table(&["count"], json!({ "count": count32(0) })), "New members join."),
        "leave" => (aim(), "Members leave for good."),
        "replace" => (aim(), "Members leave and as many new ones join."),
        "churn" => (
            table(
                &["every"],
                json!({ "every": duration(), "how": { "enum": ["replace", "join", "leave", "mixed"] } }),
            ),
            "Members come and go, one at a time.",
        ),
        "rolling_restart" => (
            table(
                &["target", "down"],
                json!({ "target": selector(), "down": duration(), "gap": duration() }),
            ),
            "One slot after the other is crashed and restarted.",
        ),
        "disk" => (
            table(&["target", "fault"], json!({ "target": selector(), "fault": disk() })),
            "Something is wrong with disks.",
        ),
        "clock" => (clock(), "Clocks are wrong."),
        "corrupt" => (aim(), "Slots become traitors."),
        "adaptive" => (
            table(
                &["every", "count"],
                json!({ "target": selector(), "every": duration(), "count": count32(0) }),
            ),
            "An adversary corrupts whoever is about to lead.",
        ),
        "twins" => (
            table(&["target"], json!({ "target": selector(), "place": selector() })),
            "A second copy of an identity runs in another slot.",
        ),
        _ => return None,
    })
}

/// Parameters of faults that make links worse: all links, those of a target, or those from some to others.
fn links(required: &[&str], more: Value) -> Value {
    let mut schema = table(
        required,
        json!({
            "target": about(selector(), "Links from and to these."),
            "from": about(selector(), "Links from these."),
            "to": about(selector(), "Links to these."),
        }),
    );
    if let (Some(properties), Value::Object(more)) = (schema["properties"].as_object_mut(), more) {
        properties.extend(more);
    }
    schema
}

fn direction() -> Value {
    about(
        json!({ "enum": ["both", "inbound", "outbound"] }),
        "Which direction is cut, seen from the isolated.",
    )
}

fn partition() -> Value {
    let pair = json!({ "type": "array", "items": count32(1), "minItems": 2, "maxItems": 2 });
    let splits = ["halves", "random", "bridge", "majorities-ring", "leader-alone"];
    let mut schema = table(
        &[],
        json!({
            "isolate": about(selector(), "These, as one group, are cut off from all others."),
            "direction": direction(),
            "split": about(json!({ "enum": splits }), "A drawn shape."),
            "parts": about(count32(2), "How many groups, with split = \"random\"."),
            "groups": about(list(selector()), "Slots reach each other if they share a group."),
            "from": about(selector(), "Nothing passes from these ..."),
            "to": about(selector(), "... to those."),
            "links": about(list(pair), "Only these pairs reach each other."),
            "clients": about(json!({ "enum": ["everywhere", "spread"] }), "On which side clients are."),
        }),
    );
    schema["oneOf"] = one_of(&["isolate", "split", "groups", "from", "links"])["oneOf"].take();
    schema["dependencies"] =
        json!({ "from": ["to"], "to": ["from"], "direction": ["isolate"], "parts": ["split"] });
    schema
}

fn disk() -> Value {
    let slow = table(&["percent", "extra"], json!({ "percent": count32(0), "extra": duration() }));
    json!({ "oneOf": [
        { "enum": ["lose-tail", "tear-tail", "failing", "full", "rot"] },
        table(&["slow"], json!({ "slow": slow })),
    ] })
}

fn clock() -> Value {
    let mut schema = table(
        &["target"],
        json!({
            "target": selector(),
            "drift": about(drift(), "It gains this much; loses, if negative."),
            "forward": about(duration(), "It jumps."),
            "back": about(duration(), "It jumps back."),
            "freeze": about(json!({ "const": true }), "It stands still."),
        }),
    );
    schema["oneOf"] = one_of(&["drift", "forward", "back", "freeze"])["oneOf"].take();
    schema
}
