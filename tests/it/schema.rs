//! The schema for editors is true: what the loader accepts it accepts, and files with slips it refuses as well.

mod documents;
mod validator;

use seedstorm::prelude::{Format, Source, load};
use seedstorm::scenarios::document::Document;
use seedstorm::scenarios::scenario::reload;
use seedstorm::scenarios::{builtin, schema};
use serde_json::Value;

use crate::support::{folder, seedstorm};
use validator::Validator;

fn loads(text: &str) -> Option<Value> {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    load(&seedstorm::registry(), source, Format::Toml, &[]).ok().map(|loaded| loaded.resolved)
}

/// A text as the neutral tree that editors check.
fn tree(text: &str) -> Value {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    Document::parse(source, Format::Toml).unwrap().value
}

#[test]
fn the_command_prints_the_schema() {
    let folder = folder();
    for arguments in [&["schema"][..], &["schema", "--json"]] {
        let said = seedstorm(folder.path(), arguments);
        assert_eq!((said.code, said.json()), (0, schema::scenario(&seedstorm::registry())));
    }
}

#[test]
fn every_built_in_scenario_keeps_to_it_as_written_and_resolved() {
    let schema = schema::scenario(&seedstorm::registry());
    let validator = Validator::new(&schema);
    for scenario in builtin::BUILTINS {
        assert_eq!(validator.check(&tree(scenario.text)), Ok(()), "{}", scenario.name);
        let resolved = loads(scenario.text).unwrap();
        assert_eq!(validator.check(&resolved), Ok(()), "{} resolved", scenario.name);
        let again = reload(&seedstorm::registry(), scenario.name, &resolved).unwrap();
        assert_eq!(again.resolved, resolved, "{}", scenario.name);
    }
}

/// A scenario with many forms in it.
const FORMS: &str = r##"
#:schema ./seedstorm.schema.json
schema = "seedstorm.scenario/1"
title = "Forms"
expect = "assumption_violated"
over_budget = true
[cluster]
protocol = "raft"
nodes = 5
duration = "1.5 min"
[cluster.raft]
heartbeat = "20ms"
[network]
latency = { pareto = { scale = "5ms", shape = 1.5, cap = "2s" } }
client_latency = "0s"
loss = "0.1%"
duplicate = "1 / 100"
corrupt = "0"
bandwidth = 1000000
topology = { small_world = { degree = 4, rewire = "10%" } }
[disk]
sync = { empirical = { values = [["1ms", 3], ["10ms", 1]] } }
[clock]
offset = { exponential = { mean = "5ms" } }
drift_ppm = 50
[service]
per_message = "1us"
inbox = 10
[workload]
model = "kv"
clients = 2
think = "10ms"
spacing = "fixed"
when_busy = "skip"
mix = { get = 1, put = 1 }
[[faults]]
at = "1s"
for = "1s"
partition = { groups = ["n1,n2", "n3 , n4"], clients = "spread" }
[[faults]]
on = { event = "raft.became-leader", nth = 2, role = "leader", after = "5ms" }
crash = { target = "event.node", restart_after = "200ms" }
[[faults]]
at = "3s"
clock = { target = "random(2)", drift = "-200ppm" }
[[faults]]
at = "4s"
for = "1s"
disk = { target = "minority", fault = { slow = { percent = 300, extra = "1ms" } } }
[[faults]]
at = "6s"
for = "1s"
spikes = { from = "every(follower)", to = "next-leader", probability = "1/2", delay = "1ms" }
[[faults]]
at = "8s"
for = "1s"
slow = { target = "20%", percent = 300 }
[swarm]
families = { only = ["network", "disk"] }
off = ["jam"]
[checks]
safety = { only = ["raft/election-safety"] }
off = ["linearizable"]
progress = { within = "5s" }
at_least = { faults_fired = 2, became_leader = 1, "syncs.ok" = 1 }
linearizable = { budget_steps = 1_000_000 }
[initial]
absent = ["n5"]
[stop]
observed = { kind = "BecameLeader", count = 9 }
[[measure]]
name = "first"
what = { first_time = "BecameLeader" }
"##;

#[test]
fn every_form_that_the_loader_reads_is_in_it() {
    let schema = schema::scenario(&seedstorm::registry());
    let validator = Validator::new(&schema);
    assert!(loads(FORMS).is_some());
    assert_eq!(validator.check(&tree(FORMS)), Ok(()));
}

/// A scenario with traitors and a state to start from, which Raft's and Bracha's forms are in.
const STATE: &str = r##"
schema = "seedstorm.scenario/1"
title = "State"
[cluster]
protocol = "raft"
nodes = 5
duration = "1s"
[[initial.raft]]
nodes = ["n1", "n2"]
term = 4
vote = "n1"
log = [1, 1, 3]
first_timeout = "150ms"
"##;

const TRAITORS: &str = r##"
schema = "seedstorm.scenario/1"
title = "Traitors"
[cluster]
protocol = "bracha"
nodes = 13
duration = "1s"
[network]
coalition_delay = "20ms"
[[adversaries]]
nodes = ["n1"]
on = { send = "Echo", role = "echoer" }
do = { equivocate = { ways = 2 } }
[[adversaries]]
nodes = ["n1"]
do = { withhold = { from = 1 } }
[[adversaries]]
nodes = ["n1"]
do = { drop = { probability = "1/3" } }
[[adversaries]]
nodes = ["n2"]
do = { delay = { by = "5ms" } }
[[adversaries]]
nodes = ["n2"]
do = { order = { how = "halves" } }
[[adversaries]]
nodes = ["n2"]
do = { replay = {} }
[[adversaries]]
nodes = ["n3"]
do = "silent"
[[adversaries]]
nodes = ["n4"]
do = { twins = { place = "n5" } }
[[adversaries]]
do = { adaptive = { target = "n6", every = "1s", count = 1 } }
"##;

#[test]
fn states_and_traitors_are_described_item_by_item() {
    let schema = schema::scenario(&seedstorm::registry());
    let validator = Validator::new(&schema);
    for (whole, slips) in [
        (
            STATE,
            &[
                ("first_timeout =", "first_timout ="),
                ("\"150ms\"", "150"),
                ("log = [1, 1, 3]", "log = [0]"),
                ("log = [1, 1, 3]", "log = 3"),
                ("vote = \"n1\"", "vote = -1"),
                ("[\"n1\", \"n2\"]", "[\"1\"]"),
                ("term = 4", "term = -4"),
                ("[[initial.raft]]", "[initial.raft]"),
                ("[[initial.raft]]", "[[initial.bracha]]"),
            ][..],
        ),
        (
            TRAITORS,
            &[
                ("equivocate =", "equivocat ="),
                ("ways = 2", "ways = 1"),
                ("ways = 2", "way = 2"),
                ("from = 1", "form = 1"),
                ("\"1/3\"", "\"3\""),
                ("by = \"5ms\"", "by = 5"),
                ("by = \"5ms\"", ""),
                ("\"halves\"", "\"half\""),
                ("\"silent\"", "\"quiet\""),
                ("place = \"n5\"", "at = \"n5\""),
                ("every = \"1s\", ", ""),
                ("{ replay = {} }", "{ replay = {}, silent = {} }"),
            ],
        ),
    ] {
        assert!(loads(whole).is_some());
        assert_eq!(validator.check(&tree(whole)), Ok(()));
        for (from, to) in slips {
            assert!(whole.contains(from), "{from}");
            let text = whole.replacen(from, to, 1);
            assert!(loads(&text).is_none(), "the loader takes {to}");
            assert!(validator.check(&tree(&text)).is_err(), "the schema takes {to}");
        }
    }
}

/// What to write instead, for a file that neither the loader nor the schema takes.
const SLIPS: [(&str, &str); 40] = [
    ("title =", "titel ="),
    ("seedstorm.scenario/1", "seedstorm.scenario/2"),
    ("\"assumption_violated\"", "\"violated\""),
    ("over_budget = true", "over_budget = 1"),
    ("\"raft\"", "\"paxos\""),
    ("nodes = 5", "nodes = 0"),
    ("nodes = 5", "nodes = -5"),
    ("nodes = 5", "nodes = 5.5"),
    ("nodes = 5", "nodes = \"5\""),
    ("nodes = 5", ""),
    ("\"1.5 min\"", "\"1.5 minutes\""),
    ("\"1.5 min\"", "90"),
    ("[cluster.raft]", "[cluster.bracha]"),
    ("heartbeat =", "hartbeat ="),
    ("\"20ms\"", "\"20\""),
    ("pareto =", "paretto ="),
    ("scale = \"5ms\", ", ""),
    ("\"0.1%\"", "0.001"),
    ("\"0.1%\"", "\"2\""),
    ("degree = 4", "degrees = 4"),
    ("[\"10ms\", 1]", "[\"10ms\"]"),
    ("drift_ppm = 50", "drift_ppm = 200_000"),
    ("inbox = 10", "inbox = \"10\""),
    ("\"kv\"", "\"keyvalue\""),
    ("clients = 2", "clients = 0"),
    ("\"fixed\"", "\"even\""),
    ("get = 1", "got = 1"),
    ("at = \"1s\"\n", ""),
    ("at = \"3s\"\n", "at = \"3s\"\non = { event = \"BecameLeader\" }\n"),
    ("slow = { target = \"20%\", percent = 300 }", ""),
    ("at = \"8s\"", "at = \"8s\"\npause = { target = \"n1\" }"),
    ("partition = { groups", "partition = { split = \"halves\", groups"),
    ("\"spread\"", "\"spreaded\""),
    ("nth = 2", "nth = 0"),
    ("\"-200ppm\"", "\"-200\""),
    ("\"random(2)\"", "\"random(0)\""),
    ("percent = 300, extra", "percent = 300, more = 1, extra"),
    ("\"network\", \"disk\"", "\"network\", \"disc\""),
    ("within = \"5s\"", "in = \"5s\""),
    ("first_time", "first_times"),
];

#[test]
fn slips_are_refused_by_the_loader_and_by_the_schema() {
    let schema = schema::scenario(&seedstorm::registry());
    let validator = Validator::new(&schema);
    for (from, to) in SLIPS {
        assert!(FORMS.contains(from), "{from}");
        let text = FORMS.replacen(from, to, 1);
        assert!(loads(&text).is_none(), "the loader takes {to}");
        assert!(validator.check(&tree(&text)).is_err(), "the schema takes {to}");
    }
}

/// Every place of a value, as a JSON pointer.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inside)| {
            pointers(inside, &format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inside)| {
            pointers(inside, &format!("{here}/{index}"), found);
        }),
        _ => {}
    }
}

#[test]
fn a_value_of_another_type_anywhere_is_refused_by_both() {
    let schema = schema::scenario(&seedstorm::registry());
    let validator = Validator::new(&schema);
    let whole = tree(FORMS);
    let mut places = Vec::new();
    pointers(&whole, "", &mut places);
    assert!(places.len() > 120, "{}", places.len());
    for place in places {
        for wrong in
            [Value::Bool(true), (-1).into(), serde_json::json!({ "no": 1 }), serde_json::json!([[1]])]
        {
            let mut value = whole.clone();
            let slot = value.pointer_mut(&place).unwrap();
            // Counters have names of their own, which only the loader knows.
            if *slot == wrong || (place == "/checks/at_least" && wrong.is_object()) {
                continue;
            }
            *slot = wrong.clone();
            let source = Source { name: "test.json".to_owned(), text: value.to_string() };
            let loaded = load(&seedstorm::registry(), source, Format::Json, &[]).is_ok();
            let described = validator.check(&value).is_ok();
            assert_eq!(loaded, described, "{wrong} at {place}");
        }
    }
}

#[test]
fn the_guide_has_every_key_of_every_table() {
    let schema = schema::scenario(&seedstorm::registry());
    let guide = include_str!("../../docs/guide/scenarios.md");
    let mut rows = 0;
    let mut check = |heading: &str, table: &Value| {
        let (_, rest) =
            guide.split_once(&format!("\n### {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
        let section = rest.split("\n###").next().unwrap_or(rest);
        for (key, property) in table["properties"].as_object().unwrap() {
            let row = format!("| `{key}` | {} |\n", property["description"].as_str().unwrap());
            assert!(section.contains(&row), "{heading} of the guide lacks {row}");
            rows += 1;
        }
    };
    check("At the top", &schema);
    for (name, property) in schema["properties"].as_object().unwrap() {
        if property["anyOf"][0]["properties"].is_object() {
            check(&format!("`[{name}]`"), &property["anyOf"][0]);
        } else if property["properties"].is_object() {
            check(&format!("`[{name}]`"), property);
        } else if property["items"].is_object() {
            check(&format!("`[[{name}]]`"), &property["items"]);
        }
    }
    assert!(rows > 90, "{rows} rows");
}

/// What a page of a table shows is a scenario that loads.
#[test]
fn the_example_of_every_table_is_read() {
    let registry = seedstorm::registry();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("outages.csv"), "who,from,to\nn1,1s,2s\n").unwrap();
    std::fs::write(folder.path().join("latencies.csv"), "0,1,2,3,4\n".repeat(5)).unwrap();
    let terms = scenarios::glossary::glossary(&registry);
    let tables = terms.iter().filter(|term| term.kind == scenarios::glossary::TermKind::Table);
    let mut read = 0;
    for term in tables {
        let example = &term.written;
        let head = "schema = \"seedstorm.scenario/1\"\ntitle = \"an example\"\n";
        let protocol = if example.contains("\"Commit\"") { "pbft" } else { "raft" };
        let cluster = format!("[cluster]\nprotocol = \"{protocol}\"\nnodes = 5\nduration = \"60s\"\n");
        let cluster = if example.starts_with("[cluster]") { "" } else { &cluster };
        let load = if example.contains("[workload]") { "" } else { "[workload]\nmodel = \"register\"\n" };
        let text = format!("{head}{cluster}{load}{example}\n");
        let file = folder.path().join("example.toml");
        std::fs::write(&file, &text).unwrap();
        let said = crate::support::seedstorm(folder.path(), &["validate", "example.toml"]);
        assert_eq!(said.code, 0, "{}: {}{}\n{text}", term.name, said.out, said.err);
        read += 1;
    }
    assert!(read > 15, "{read}");
}
