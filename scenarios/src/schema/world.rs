//! The schema of network, disks, clocks, service times and workload.

use serde_json::Value;
use sim_core::graph::Topology;
use sim_core::operation::{MOST_VALUE_BYTES, ObjectModel};
use sim_core::registry::parameters::Parameter;
use sim_core::tree;

use crate::scenario::wan;

use super::form::{about, count, count32, distribution, duration, list, maybe, probability, rate, table};

pub(super) fn network() -> Value {
    let schema = table(
        &[],
        tree!({
            "latency": about(distribution(), "One-way latency between any two slots."),
            "regions": about(maybe(regions()), "Latency by region instead."),
            "wan": about(wan(), "A built-in network: regions with published latencies."),
            "links": about(links(), "Latency by link instead, drawn once per run and kept."),
            "hosts": about(hosts(), "Latency by pair of hosts instead, as measured."),
            "client_latency": about(maybe(distribution()), "One-way latency between clients and members, if it differs."),
            "loss": about(probability(), "How likely a datagram is lost; on a stream it is a delay."),
            "duplicate": about(probability(), "How likely a datagram arrives twice."),
            "corrupt": about(probability(), "How likely a bit flips; a checksum finds it."),
            "retransmit_after": about(duration(), "How long a stream waits before it sends a lost message again."),
            "bandwidth": about(maybe(bandwidth()), "Bytes per second that a slot can send: everywhere alike, or by host."),
            "queue_bytes": about(maybe(count(0, u64::MAX)), "Bytes that may wait at a slot of limited bandwidth."),
            "coalition_delay": about(maybe(duration()), "How long the coalition of traitors may hold back messages between others."),
            "lane": about(tree!({ "enum": ["datagram", "stream"] }), "The lane of every message, whatever the protocol says of it."),
        "topology": about(maybe(topology()), "Who is linked to whom; everybody with everybody if absent."),
        }),
    );
    about(schema, "How messages travel.")
}

/// The path of a file of data, beside the scenario.
fn file() -> Value {
    tree!({ "type": "string", "pattern": "^.+$" })
}

fn topology() -> Value {
    let edges = table(&["file"], tree!({ "file": about(file(), "A CSV of pairs, or GraphML.") }));
    tree!({ "anyOf": [Topology::schema(), table(&["edges"], tree!({ "edges": edges }))] })
}

fn links() -> Value {
    table(
        &["latency"],
        tree!({
            "latency": about(distribution(), "What the one-way latency of each link is drawn from, once per run."),
            "jitter": about(distribution(), "What each message takes more; nothing if absent."),
            "asymmetric": about(tree!({ "type": "boolean", "default": false }), "Whether the two ways of a link have latencies of their own."),
        }),
    )
}

fn wan() -> Value {
    let name = tree!({ "enum": wan::names().collect::<Vec<_>>() });
    let whole = table(
        &["name"],
        tree!({
            "name": about(name.clone(), "Which network."),
            "sites": about(list(tree!({ "type": "string" })), "Only these of its sites, in this order; all if absent."),
            "placement": about(placement(), "Which member is at which site; \"round-robin\" if absent."),
            "clients": about(placement(), "Which client is at which site; \"round-robin\" if absent."),
        }),
    );
    tree!({ "anyOf": [name, whole] })
}

fn bandwidth() -> Value {
    let rate = || count(1, u64::MAX);
    let unit = tree!({ "enum": ["B/s", "kB/s", "MB/s", "Mbit/s", "Gbit/s"], "default": "B/s" });
    let named = table(
        &["file"],
        tree!({
            "file": about(file(), "A CSV: a row for each host, the bandwidth in its last cell."),
            "unit": about(unit, "The unit of its numbers."),
        }),
    );
    let by_host =
        table(&["hosts"], tree!({ "hosts": about(list(rate()), "One for each host, in their order.") }));
    tree!({ "anyOf": [rate(), by_host, named] })
}

fn hosts() -> Value {
    let unit = tree!({ "enum": ["us", "ms", "s"], "default": "ms" });
    let matrix =
        table(&["hosts", "micros"], tree!({ "hosts": count(1, 2_048), "micros": { "type": "string" } }));
    let named = table(
        &["file"],
        tree!({
            "file": about(file(), "A CSV: a square of latencies, a row per sending host."),
            "unit": about(unit, "The unit of its numbers, which are for one way."),
        }),
    );
    table(
        &["latency"],
        tree!({
            "latency": about(tree!({ "anyOf": [named, matrix] }), "One-way latency between any two hosts."),
            "jitter": about(distribution(), "What each message takes more; nothing if absent."),
        }),
    )
}

/// `[[outages]]`: tables of who is down, from when to when.
pub(super) fn outages() -> Value {
    let entry = table(
        &["file"],
        tree!({
            "file": about(file(), "A CSV: who, from, to; times from the start, as \"1h\" or as seconds."),
            "fault": about(tree!({ "enum": ["crash", "pause", "partition"], "default": "crash" }), "What each row is."),
            "over_budget": about(tree!({ "type": "boolean", "default": false }), "They may exceed what the protocol promises to bear, on purpose."),
        }),
    );
    let mut schema = list(entry);
    schema["description"] = "Outages from tables: each row is a fault.".into();
    schema
}

fn placement() -> Value {
    tree!({ "oneOf": [
        { "enum": ["round-robin", "blocks"] },
        table(&["named"], tree!({ "named": list(tree!({ "type": "string" })) })),
    ] })
}

fn regions() -> Value {
    table(
        &["regions", "latency"],
        tree!({
            "regions": about(list(tree!({ "type": "string" })), "Their names."),
            "latency": about(list(list(distribution())), "A row per sending region, an entry per receiving one."),
            "placement": about(placement(), "Which member is in which region; \"round-robin\" if absent."),
            "clients": about(placement(), "Which client is in which region; \"round-robin\" if absent."),
        }),
    )
}

pub(super) fn disk() -> Value {
    about(table(&[], tree!({ "sync": about(distribution(), "Time of one sync.") })), "How long syncs take.")
}

pub(super) fn clock() -> Value {
    let schema = table(
        &[],
        tree!({
            "offset": about(maybe(distribution()), "How far each wall clock is ahead at the start."),
            "timers": about(tree!({ "enum": ["monotonic", "wall"] }), "By which clock timers run; a step moves the wall clock only."),
            "timer_jitter": about(duration(), "Each timer fires later than it was set to by up to this, drawn evenly; 0 if absent."),
            "drift_ppm": about(count(0, 100_000), "Each clock drifts by up to so many parts per million, either way."),
        }),
    );
    about(schema, "How wrong clocks are to begin with.")
}

pub(super) fn service() -> Value {
    let schema = table(
        &[],
        tree!({
            "per_message": about(distribution(), "Time per message received."),
            "per_kilobyte": about(duration(), "Time per thousand bytes received."),
            "per_signature": about(duration(), "Time per signature made or verified."),
            "inbox": about(maybe(count32(1)), "Messages that may wait at a slot. If absent, 10,000 under coordination, else without a limit."),
        }),
    );
    about(schema, "What steps cost, and how much may wait.")
}

pub(super) fn workload() -> Value {
    let models = ObjectModel::ALL.map(ObjectModel::name);
    let own = tree!({
        "model": about(tree!({ "enum": models }), "What kind of object clients use."),
        "clients": about(count(1, 100_000), "How many clients there are; 4 if absent."),
        "readers": about(count(0, 100_000), "How many of the clients, the last ones, only read."),
        "corrupt": about(count(0, 100_000), "How many of the clients, the first ones, sign two operations under one timestamp."),
        "think": about(duration(), "Closed loop: how long a client waits before it asks again."),
        "when_busy": about(tree!({ "enum": ["wait", "skip", "overlap"] }), "What becomes of an operation that no client is free for."),
        "keys": about(count(1, u64::MAX), "How many objects there are."),
        "skew": about(tree!({ "enum": ["even", "zipf"], "default": "even" }), "How often each object is used: all equally, or the i-th in proportion to 1/i."),
        "value_bytes": about(value_bytes(), "Bytes of each written value besides its number: one count, or drawn evenly from a range."),
        "more": about(list(table(&["rate"], load())), "Further loads of the same clients; several [[workload]] are the same."),
    });
    let mut properties = load();
    if let (Some(properties), Value::Object(own)) = (properties.as_object_mut(), own) {
        properties.extend(own);
    }
    let one = about(table(&["model"], properties.clone()), "What clients do.");
    // The model stands in the first entry, and need not stand in the others.
    let mut several = list(table(&[], properties));
    several["minItems"] = 1.into();
    tree!({ "anyOf": [one, several], "description": "What clients do; several [[workload]] are several loads." })
}

fn value_bytes() -> Value {
    let bytes = || count(0, u64::from(MOST_VALUE_BYTES));
    let range = tree!({
        "min": about(bytes(), "The fewest."),
        "max": about(bytes(), "The most."),
    });
    tree!({ "anyOf": [bytes(), table(&["min", "max"], range)] })
}

/// What each load has of its own.
fn load() -> Value {
    tree!({
        "rate": about(rate(), "Open loop: operations of all clients together."),
        "ramp_to": about(rate(), "The rate rises or falls evenly to this one until `until`."),
        "spacing": about(tree!({ "enum": ["exponential", "fixed"] }), "How gaps between arrivals are spread."),
        "mix": mix(),
        "operations": about(count(0, u64::MAX), "How many operations there are at most."),
        "start": about(duration(), "When the first may arrive."),
        "until": about(duration(), "From when on none arrives any more."),
    })
}

fn mix() -> Value {
    let kinds =
        ["read", "get", "write", "put", "cas", "append", "enqueue", "dequeue", "add", "remove", "transfer"];
    let weights = tree::table(kinds.iter().map(|kind| ((*kind).to_owned(), count32(0))).collect());
    about(table(&[], weights.into()), "How often each kind of operation is asked for, by weight.")
}
