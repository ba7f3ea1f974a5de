//! A sentence for every key that stands in several tables, or says the same wherever it stands: editors show it.

use serde_json::{Map, Value};
use sim_core::registry::Registry;

use crate::scenario::{EVERYWHERE, meaning};

/// Keys inside of others: the table that they stand in (any if empty), the key, and what it says.
const WORDS: [(&str, &str, &str); 112] = [
    ("distribution", "fixed", "Always the same."),
    ("distribution", "uniform", "Everything between is equally likely."),
    ("distribution", "normal", "A bell curve without its part below zero."),
    ("distribution", "exponential", "Times between independent events."),
    ("distribution", "log_normal", "The usual shape of delays, with a tail."),
    ("distribution", "pareto", "A tail that falls as a power."),
    ("distribution", "empirical", "What was measured somewhere."),
    ("uniform", "min", "The least."),
    ("uniform", "max", "The most."),
    ("normal", "mean", "The mean of the whole curve."),
    ("normal", "std_dev", "Its standard deviation."),
    ("exponential", "mean", "The mean."),
    ("log_normal", "median", "Half are below."),
    ("log_normal", "p99", "99 of 100 are below."),
    ("pareto", "scale", "The least."),
    ("pareto", "shape", "How fast the tail falls: the higher, the shorter."),
    ("pareto", "cap", "No value is above; without a bound if absent."),
    ("empirical", "quantiles", "Pairs of a share and the value that it stays below."),
    ("empirical", "values", "Pairs of a value and how often it was measured."),
    ("slow", "percent", "How much longer, in percent of the usual time."),
    ("slow", "extra", "Time on top of it."),
    ("slow", "floor", "The least time of each message."),
    ("slow-sync", "percent", "How long a sync takes, in percent of the usual time."),
    ("slow-sync", "extra", "Time on top of it."),
    ("fault", "slow", "Syncs take longer."),
    ("fault", "slow-sync", "Syncs take longer."),
    ("disk", "fault", "What is wrong with the disk."),
    ("adaptive", "target", "Who is corrupted; the next leader if absent."),
    ("adaptive", "every", "How long until the next one."),
    ("adaptive", "count", "How many in all."),
    ("", "target", "Whom it strikes."),
    ("", "restart_after", "When it starts again; when the fault is over if absent."),
    ("bandwidth", "bytes_per_second", "How much gets through."),
    ("rate_limit", "messages_per_second", "How many messages get through."),
    ("churn", "every", "How long until the next change."),
    ("churn", "how", "What happens: one of these, or a mix."),
    ("corruption", "probability", "How likely a message is damaged."),
    ("duplicate", "probability", "How likely a message arrives twice."),
    ("loss", "probability", "How likely a message is lost."),
    ("reorder", "probability", "How likely a message is held back."),
    ("spikes", "probability", "How likely a message is late."),
    ("reorder", "within", "How long it is held back at most."),
    ("spikes", "delay", "How late it is."),
    ("slow_link", "delay", "How much longer a message takes."),
    ("detour", "point", "Where in the code; everywhere if absent."),
    ("detour", "chance", "How likely each time."),
    ("detour", "nth", "Only at the n-th time."),
    ("round", "number", "Which round, counting from one."),
    ("round", "leader", "Who leads it; whoever it would be anyway if absent."),
    ("round", "sides", "Members hear each other if they share one; those on none form one more."),
    ("round", "drop", "Kinds of messages that are lost across; all that tell a round if absent."),
    ("flap", "period", "How long until links change again."),
    ("join", "count", "How many come."),
    ("rolling_restart", "down", "How long each is down."),
    ("rolling_restart", "gap", "How long until the next one."),
    ("crash", "version", "As which of `[versions]` it starts again; as before if absent."),
    ("upgrade", "to", "Which of `[versions]`, or \"first\" for the way back."),
    ("upgrade", "down", "How long each is down."),
    ("upgrade", "gap", "How long until the next one."),
    ("twins", "place", "In whose place the second one runs."),
    ("latency", "hosts", "How many hosts there are."),
    ("latency", "micros", "The square of latencies in microseconds, row by row, as a capsule keeps it."),
    ("what", "between", "The time from one point to another, in nanoseconds."),
    ("what", "count", "How often it was observed."),
    ("what", "first_time", "When it was first observed, in nanoseconds."),
    ("what", "last_time", "When it was last observed, in nanoseconds."),
    ("what", "rank_at", "The term, view or round of whoever reported it."),
    ("what", "highest_rank", "The highest term, view or round that was reported."),
    ("what", "sent", "How many messages were sent, one for each recipient."),
    ("what", "share_in_role", "The share of members in a role at the end, in parts per million."),
    ("between", "from", "Where the time begins."),
    ("between", "to", "Where the time ends."),
    ("from", "fault", "The kind of a fault that begins."),
    ("to", "fault", "The kind of a fault that begins."),
    ("from", "nth", "Which one, counting from one."),
    ("to", "nth", "Which one, counting from one."),
    ("mix", "read", "Read a register, a list, a set or a bank."),
    ("mix", "get", "The same as `read`, of one of many registers."),
    ("mix", "write", "Write a register."),
    ("mix", "put", "The same as `write`, of one of many registers."),
    ("mix", "cas", "Compare and swap."),
    ("mix", "append", "Append to a list."),
    ("mix", "enqueue", "Put at the tail of a queue."),
    ("mix", "dequeue", "Take from the head of a queue."),
    ("mix", "add", "Add to a set."),
    ("mix", "remove", "Take out of a set."),
    ("mix", "transfer", "Move money between two accounts of a bank."),
    ("", "edges", "A list of pairs, or a file of them."),
    ("", "grid", "A grid of so many columns."),
    ("", "hierarchical_mesh", "Groups that are meshes, whose first members are one as well."),
    ("", "random_regular", "Everybody has so many neighbors, drawn at random."),
    ("", "scale_free", "Newcomers link to those who have many links (Barabási and Albert 1999)."),
    ("", "small_world", "A ring some of whose links lead elsewhere (Watts and Strogatz 1998)."),
    ("", "star", "All links lead to one hub."),
    ("", "tree", "A tree of so many branches."),
    ("grid", "columns", "How many columns."),
    ("hierarchical_mesh", "group", "How many are in a group."),
    ("random_regular", "degree", "How many neighbors each has."),
    ("scale_free", "links", "How many links a newcomer makes."),
    ("small_world", "degree", "How many neighbors each has."),
    ("small_world", "rewire", "How likely a link leads elsewhere."),
    ("star", "hub", "Who is the hub."),
    ("tree", "fan_out", "How many branches each has."),
    ("", "named", "The name for each, in order."),
    ("progress", "within", "How soon after the heal; later is a missed service level."),
    ("", "only", "Only these."),
    ("", "min", "The least."),
    ("", "max", "The most."),
    ("traitors", "beyond", "So many more than the protocol bears."),
    ("do", "order", "Holds back messages between other members, up to network.coalition_delay."),
    ("do", "alter", "Changes one value of what it sends, for each recipient anew."),
    ("do", "amnesia", "Forgets what it promised."),
];

/// Gives every key that has none a sentence.
pub(super) fn describe(schema: &mut Value, registry: &Registry) {
    let mut behaviors: Map<String, Value> = Map::new();
    for behavior in registry.iter().flat_map(|entry| entry.info().behaviors) {
        behaviors.entry(behavior.name).or_insert_with(|| behavior.about.into());
    }
    walk(schema, &mut Vec::new(), &behaviors);
}

fn walk(value: &mut Value, path: &mut Vec<String>, behaviors: &Map<String, Value>) {
    match value {
        Value::Object(table) => {
            for (key, inner) in table.iter_mut() {
                match (key.as_str(), inner) {
                    ("properties" | "definitions", Value::Object(properties)) => {
                        for (name, property) in properties {
                            if key == "properties" {
                                fill(name, property, path, behaviors);
                            }
                            path.push(name.clone());
                            walk(property, path, behaviors);
                            path.pop();
                        }
                    }
                    // What depends on other keys describes nothing.
                    ("if" | "then" | "else" | "enum" | "const" | "examples" | "default", _) => {}
                    (_, inner) => walk(inner, path, behaviors),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, path, behaviors)),
        _ => {}
    }
}

fn fill(name: &str, property: &mut Value, path: &[String], behaviors: &Map<String, Value>) {
    let Some(words) = words(name, path, behaviors) else { return };
    let Value::Object(own) = property else { return };
    if own.contains_key("description") {
        return;
    }
    if own.contains_key("$ref") {
        // Nothing beside a reference counts.
        *property = tree!({ "allOf": [property.clone()], "description": words });
    } else {
        own.insert("description".to_owned(), words.into());
    }
}

fn words(name: &str, path: &[String], behaviors: &Map<String, Value>) -> Option<String> {
    let parent = path.last().map_or("", String::as_str);
    let known = |inside: &str| WORDS.iter().find(|(table, key, _)| *table == inside && *key == name);
    if let Some((_, _, words)) = known(parent) {
        return Some((*words).to_owned());
    }
    if parent == "do" {
        if EVERYWHERE.contains(&name) {
            return Some(format!("It {}.", meaning(name).1));
        }
        let own = behaviors.get(name)?.as_str()?;
        return Some(format!("{}.", own.trim_end_matches('.')));
    }
    known("").map(|(_, _, words)| (*words).to_owned())
}
