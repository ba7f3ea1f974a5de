//! The tables of a scenario: their keys from the schema, and an example of each.

use serde_json::Value;
use sim_core::registry::Registry;
use sim_core::tree;

use super::{Term, TermKind, sentence};
use crate::schema;

/// An example of each table that has a page: the table as the schema places it, and how a scenario writes it.
pub(super) const EXAMPLES: [(&str, &str); 22] = [
    (
        "adversaries",
        "[[adversaries]]\nnodes = [\"n2\"]\non    = { send = \"Commit\" }\ndo    = { withhold = { from = 1 } }",
    ),
    ("checks", "[checks]\noff      = [\"raft/log-matching\"]\nprogress = { within = \"10s\" }"),
    ("clock", "[clock]\noffset       = \"50ms\"\ndrift_ppm    = 200\ntimer_jitter = \"1ms\""),
    (
        "cluster",
        "[cluster]\nprotocol = \"raft\"\nnodes    = 5\nduration = \"60s\"\n\n[cluster.raft]\nheartbeat = \"50ms\"",
    ),
    ("disk", "[disk]\nsync = { uniform = { min = \"500us\", max = \"2ms\" } }"),
    ("domains", "[domains]\nzones = { a = [\"n1\", \"n2\"], b = [\"n3\", \"n4\"], c = [\"n5\"] }"),
    ("faults", "[[faults]]\nat    = \"10s\"\nfor   = \"3s\"\ncrash = { target = \"leader\" }"),
    ("initial", "[initial]\nabsent  = [\"n5\"]\nshuffle = true"),
    ("limit", "[[limit]]\nmetric   = \"operation_latency_ns\"\nquantile = \"99%\"\nat_most  = \"250ms\""),
    (
        "measure",
        "[[measure]]\nname = \"committed\"\nwhat = { count = { kind = \"Committed\", until = \"30s\" } }",
    ),
    (
        "network",
        "[network]\nlatency   = { log_normal = { median = \"4ms\", p99 = \"25ms\" } }\nloss      = \"1%\"\nbandwidth = 1_000_000",
    ),
    (
        "network.hosts",
        "[network.hosts]\nlatency = { file = \"latencies.csv\", unit = \"ms\" }\njitter  = { exponential = { mean = \"200us\" } }",
    ),
    (
        "network.links",
        "[network.links]\nlatency    = { uniform = { min = \"2ms\", max = \"40ms\" } }\njitter     = { uniform = { min = \"0ms\", max = \"1ms\" } }\nasymmetric = true",
    ),
    (
        "network.regions",
        "[network.regions]\nregions = [\"eu\", \"us\"]\nlatency = [[\"1ms\", \"45ms\"], [\"45ms\", \"1ms\"]]\nplacement = { named = [\"eu\", \"eu\", \"us\", \"us\", \"us\"] }",
    ),
    ("network.topology", "[network]\ntopology = \"ring\""),
    ("network.wan", "[network]\nwan = \"ibm-cloud-2024\""),
    ("outages", "[[outages]]\nfile = \"outages.csv\""),
    ("service", "[service]\nper_message = \"20us\"\nper_kilobyte = \"5us\"\ninbox = 1000"),
    ("stop", "[stop]\nreturned = 1_000"),
    (
        "swarm",
        "[swarm]\nnodes      = { min = 3, max = 9 }\noperations = { min = 50, max = 500 }\nfamilies   = { only = [\"network\", \"process\"] }\noff        = [\"amnesia\"]\nnetwork    = true",
    ),
    (
        "versions",
        "[versions.two]\npre_vote = true\n\n[[faults]]\nat      = \"10s\"\nupgrade = { target = \"all\", to = \"two\" }",
    ),
    (
        "workload",
        "[workload]\nmodel   = \"cas-register\"\nclients = 10\nrate    = \"100/s\"\nmix     = { read = 50, write = 30, cas = 20 }",
    ),
];

/// A page for each table.
pub(super) fn tables(registry: &Registry) -> Vec<Term> {
    let schema = schema::scenario(registry);
    EXAMPLES.iter().map(|(path, example)| table(&schema, path, example)).collect()
}

fn table(schema: &Value, path: &str, example: &str) -> Term {
    let place = path.split('.').fold(schema, |table, key| &forms(table).1["properties"][key]);
    let (repeated, keys) = forms(place);
    let name = if repeated { format!("[[{path}]]") } else { format!("[{path}]") };
    let line = text(place, "description");
    let keys = keys["properties"].as_object();
    let kind = if keys.is_some() {
        "A table of a scenario, with the keys below."
    } else {
        "A key of a scenario that has several forms; the guide's page on scenarios shows all of them."
    };
    let entries: Vec<(String, String)> =
        keys.into_iter().flatten().map(|(key, says)| (key.clone(), meaning(says))).collect();
    let documents =
        tree::table(entries.iter().map(|(key, says)| (key.clone(), says.as_str().into())).collect());
    Term {
        kind: TermKind::Table,
        name,
        aliases: vec![path.to_owned()],
        protocol: None,
        line: line.clone(),
        about: format!("{} {kind}", sentence(&line)),
        written: example.to_owned(),
        example: "seedstorm schema > scenario.schema.json".to_owned(),
        related: Vec::new(),
        entries,
        details: [("keys".to_owned(), documents.into())].into_iter().collect(),
    }
}

/// The form of a table that has keys, and whether there may be several such tables.
fn forms(place: &Value) -> (bool, &Value) {
    let first = &place["anyOf"][0];
    match (&place["items"], first) {
        (items, _) if items["properties"].is_object() => (true, items),
        (_, first) if first["properties"].is_object() => (false, first),
        _ => (false, place),
    }
}

fn text(place: &Value, key: &str) -> String {
    place[key].as_str().unwrap_or_default().to_owned()
}

/// What a key says, and what it is if nobody writes it.
fn meaning(key: &Value) -> String {
    let says = text(key, "description");
    match &key["default"] {
        Value::Null => says,
        default => format!("{says} Default: {default}."),
    }
}

/// The tables that have a key of this name: `readers`, or `workload.readers`.
pub(super) fn with_key<'a>(terms: &'a [Term], name: &str) -> Vec<&'a Term> {
    let tables = terms.iter().filter(|term| term.kind == TermKind::Table);
    let has = |term: &Term| {
        let key = match name.rsplit_once('.') {
            Some((path, key)) if term.aliases.iter().any(|alias| alias == path) => key,
            Some(_) => return false,
            None => name,
        };
        term.entries.iter().any(|(known, _)| known == key)
    };
    tables.filter(|term| has(term)).collect()
}
