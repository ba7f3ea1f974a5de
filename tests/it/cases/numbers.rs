//! Numbers and names that were silently wrong.

use std::path::Path;

use scenarios::document::{Format, Source};
use scenarios::plan::compile;
use scenarios::problem::Problems;
use scenarios::scenario::{Loaded, load};
use sim_core::check::Verdict;
use sim_core::outcome::Outcome;
use sim_core::registry::Launch;

use crate::support::{folder, seedstorm};

fn path(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).to_string_lossy().into_owned()
}

fn read(text: &str, overlays: &[&str]) -> Result<Loaded, Problems> {
    let source = Source { name: "case.toml".to_owned(), text: text.to_owned() };
    let overlays: Vec<String> = overlays.iter().map(ToString::to_string).collect();
    load(&seedstorm::registry(), source, Format::Toml, &overlays)
}

fn case(name: &str, overlays: &[&str]) -> Result<Loaded, Problems> {
    read(&std::fs::read_to_string(path(name)).unwrap(), overlays)
}

fn run(loaded: &Loaded, seed: u64) -> Outcome {
    scenarios::run::run(&compile(loaded, seed, &[]), &Launch::default()).unwrap()
}

fn refusal(result: Result<Loaded, Problems>) -> String {
    result.map_or_else(|problems| problems.render(false), |_| String::new())
}

#[test]
fn clients_do_not_move_the_members_among_the_regions() {
    for clients in [1, 2, 6, 7, 60] {
        for where_they_are in ["round-robin", "blocks"] {
            let clients = format!("workload.clients={clients}");
            let placed = format!("network.regions.clients=\"{where_they_are}\"");
            let outcome = run(&case("regions-blocks.toml", &[&clients, &placed]).unwrap(), 1);
            let p50 = outcome.metrics["operation_latency_ns"].p50;
            assert!((99_000_000..=101_000_000).contains(&p50), "{clients}, {placed}: {p50}");
        }
    }
}

#[test]
fn a_placement_that_does_not_fit_is_refused_where_it_stands() {
    let place = |key: &str, names: &str| {
        refusal(case("regions-blocks.toml", &[&format!("network.regions.{key}={{named=[{names}]}}")]))
    };
    assert_eq!(place("placement", r#""a","b","c""#), "", "the servers; clients have a key of their own");
    assert_eq!(place("clients", r#""a","b","c","c","c","c""#), "");
    for (key, names, said) in [
        ("placement", r#""a","b""#, "2 places are given for 3 members"),
        ("placement", r#""a","b","c","a","b","c","a","b","c""#, "9 places are given for 3 members"),
        ("placement", r#""a","b","d""#, "n3 is placed in \"d\", which is not a region"),
        ("clients", r#""a""#, "1 places are given for 6 clients"),
        ("clients", r#""a","b","c","c","c","x""#, "c6 is placed in \"x\", which is not a region"),
    ] {
        let found = place(key, names);
        assert!(found.contains(said), "{key} {names}: {found}");
    }
}

#[test]
fn nodes_count_from_one_wherever_they_are_named() {
    let loaded = case("edges-from-one.toml", &[]).unwrap();
    let edges = &loaded.resolved["network"]["topology"]["edges"];
    assert_eq!(*edges, serde_json::json!([["n1", "n2"], ["n2", "n3"], ["n3", "n4"]]));
    assert_eq!(
        loaded.hash,
        case("edges-from-one.toml", &["network.topology={edges=[[2,1],[\"n2\",3],[4,\"n3\"]]}"])
            .unwrap()
            .hash
    );
    for topology in ["{edges=[[0,1],[1,2],[2,3]]}", "{star={hub=0}}"] {
        let found = refusal(case("edges-from-one.toml", &[&format!("network.topology={topology}")]));
        assert!(found.contains("nodes count from 1"), "{topology}: {found}");
    }
    let found = refusal(case("edges-from-one.toml", &["network.topology={star={hub=5}}"]));
    assert!(found.contains("n5 does not exist, there are 4 members"), "{found}");
}

#[test]
fn a_leader_that_was_paused_is_one_leader() {
    let folder = folder();
    let file = path("leaders-after-a-pause.toml");
    let said = seedstorm(folder.path(), &["run", &file, "--seed", "1"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let leader = said.out.lines().find(|line| line.trim_start().starts_with("leader")).unwrap();
    assert!(leader.contains("n1 after") && !leader.contains("in all"), "{leader}");
    // A pause that is longer than everybody's patience makes a second one.
    let said = seedstorm(folder.path(), &["run", &file, "--seed", "1", "--set", "faults.0.for=5s"]);
    let leader = said.out.lines().find(|line| line.trim_start().starts_with("leader")).unwrap();
    assert!(leader.contains("2 in all"), "{leader}");
}

/// What means the same has the same hash, however it is written; what differs does not.
#[test]
fn equal_scenarios_have_equal_hashes() {
    const BASE: &str = "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"raft\"\n\
                        nodes = 5\nduration = \"10s\"\n[workload]\nmodel = \"register\"\n";
    let hash =
        |overlay: &str| read(BASE, &[overlay]).unwrap_or_else(|it| panic!("{}", it.render(false))).hash;
    for spellings in [
        &["network.loss=5 %", "network.loss=\"1/20\"", "network.loss=\"50/1000\"", "network.loss=\"5.0%\""][..],
        &["network.loss=\"0\"", "network.loss=\"0%\"", "network.loss=\"0/7\"", "title=\"t\""],
        &["workload.rate=\"120/min\"", "workload.rate=\"2/s\"", "workload.rate=\"1/500ms\""],
        &[
            "workload.rate=\"100/s\"",
            "workload.mix={read=50,write=50}",
            "workload.keys=1",
            "workload.clients=4",
        ],
        &["cluster.duration=10s", "cluster.duration=10000ms", "network.topology=\"full_mesh\""],
        &["network.latency=5ms", "network.latency={fixed=\"5000us\"}"],
        &[
            "faults=[{at=\"1s\",crash={target=\"n1,n2\"}}]",
            "faults=[{at=\"1s\",crash={target=\" n2 , n1, n1 \"}}]",
        ],
        &["faults=[{at=\"1s\",crash={target=\"20%\"}}]", "faults=[{at=\"1000ms\",crash={target=\"1/5\"}}]"],
        &[
            "checks.off=[\"linearizable\",\"raft/one-vote\"]",
            "checks.off=[\"raft/one-vote\",\"linearizable\"]",
        ],
        &["initial.absent=[\"n1\",\"n2\"]", "initial.absent=[2,1,\"n2\"]"],
        &["swarm={families={only=[\"disk\",\"clock\"]}}", "swarm={families={only=[\"clock\",\"disk\"]}}"],
    ] {
        let hashes: Vec<String> = spellings.iter().map(|spelling| hash(spelling)).collect();
        assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{spellings:?}: {hashes:?}");
    }
    assert_ne!(hash("network.loss=\"1/20\""), hash("network.loss=\"1/21\""));
    assert_ne!(hash("workload.rate=\"2/s\""), hash("workload.rate=\"3/s\""));
}

/// A cut is recorded by its own name.
#[test]
fn a_partition_is_called_what_it_is() {
    const BASE: &str = "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"raft\"\n\
                        nodes = 5\nduration = \"3s\"\n[checks]\nprogress = \"none\"\n";
    for (partition, kind) in [
        ("links=[[1,2],[2,3]]", "links"),
        ("split=\"majorities-ring\"", "majorities-ring"),
        ("split=\"bridge\"", "bridge"),
        ("split=\"halves\"", "split"),
        ("groups=[\"n1\",\"n2\"]", "split"),
        ("from=\"n1\",to=\"n2\"", "one-way"),
        ("isolate=\"n1\"", "isolate"),
    ] {
        let fault = format!("faults=[{{at=\"1s\",for=\"1s\",partition={{{partition}}}}}]");
        let outcome = run(&read(BASE, &[&fault]).unwrap(), 1);
        assert_eq!(outcome.faults[0].kind.name(), kind, "{partition}");
    }
}

#[test]
fn a_load_may_spike_on_top_of_another() {
    let loaded = case("load-spike.toml", &[]).unwrap();
    let outcome = run(&loaded, 1);
    // 50 per second for a minute, and 600 per second for five seconds.
    let invoked = outcome.activity["operations.invoked"];
    assert!((5_700..6_300).contains(&invoked), "{invoked}");
    // What is read again, as a capsule does, is the same scenario.
    let again = scenarios::scenario::reload(&seedstorm::registry(), "again", &loaded.resolved).unwrap();
    assert_eq!((again.hash.as_str(), run(&again, 1).digest), (loaded.hash.as_str(), outcome.digest));
    let one = run(&case("load-spike.toml", &["workload.1.until=\"20001ms\""]).unwrap(), 1);
    assert!((2_700..3_300).contains(&one.activity["operations.invoked"]));
    for (overlay, said) in [
        ("workload.1.clients=100", "all loads have one clients"),
        ("workload.1.model=\"queue\"", "all loads have one model"),
        ("workload.1.until=\"19s\"", "\"until\" must be later than \"start\""),
        ("workload.0.think=\"1s\"", "exclude each other"),
        ("workload.1.think=\"1s\"", "unknown key \"think\""),
        ("workload.1.speed=1", "unknown key \"speed\""),
    ] {
        let found = refusal(case("load-spike.toml", &[overlay]));
        assert!(found.contains(said), "{overlay}: {found}");
    }
}

fn with_values(protocol: &str) -> String {
    format!(
        "schema = \"seedstorm.scenario/1\"\ntitle = \"values\"\n[cluster]\nprotocol = \"{protocol}\"\nnodes = 4\n\
         duration = \"5s\"\n[workload]\nmodel = \"register\"\noperations = 40\nrate = \"20/s\"\nmix = {{ write = 1 }}"
    )
}

/// Every protocol with clients carries the bytes of values; what clients see stays the same.
#[test]
fn values_have_bytes_wherever_they_go() {
    for protocol in ["raft", "pbft", "hotstuff", "tendermint", "store"] {
        let text = with_values(protocol);
        let go = |overlays: &[&str]| run(&read(&text, overlays).unwrap(), 1);
        let (plain, heavy) = (go(&[]), go(&["workload.value_bytes=5000"]));
        assert_eq!((plain.verdict, heavy.verdict), (Verdict::Pass, Verdict::Pass), "{protocol}");
        assert!(heavy.activity["operations.succeeded"] == 40, "{protocol}: {:?}", heavy.activity);
        // To a leader or coordinator, and from there to whoever keeps it.
        let more = heavy.messages.bytes - plain.messages.bytes;
        assert!(more >= 40 * 2 * 5_000, "{protocol}: {more} bytes more");
    }
}

#[test]
fn values_that_are_too_large_are_refused_where_they_stand() {
    let refused =
        |bytes: &str| refusal(read(&with_values("raft"), &[&format!("workload.value_bytes={bytes}")]));
    assert!(refused("1048575").is_empty());
    let expected = "\"value_bytes\" has \"min\" up to \"max\", and a value has at most 1048575 bytes";
    for bytes in ["1048576", "{ min = 2, max = 1 }"] {
        assert!(refused(bytes).contains(expected), "{}", refused(bytes));
    }
    assert!(refused("\"large\"").contains("a number of bytes"), "{}", refused("\"large\""));
}

#[test]
fn members_of_a_protocol_without_a_change_of_membership_are_fixed() {
    let found = refusal(case("join-while-down.toml", &["cluster.protocol=\"bracha\""]));
    assert!(found.contains("its quorums are those of the members that it starts with"), "{found}");
    assert!(found.contains("case.toml:18:"), "at its place: {found}");
    let found = refusal(case("join-while-down.toml", &[]));
    assert_eq!(found, "", "clients ask for it");
    let churn = "for=\"5s\",churn={every=\"1s\",how=\"mixed\"}";
    for fault in ["join={count=1}", "leave={target=\"n1\"}", "replace={target=\"n1\"}", churn] {
        for (protocol, refused) in [("raft", true), ("bracha", true), ("epidemic", false)] {
            let text = format!(
                "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"{protocol}\"\n\
                 nodes = 5\nduration = \"9s\"\n"
            );
            let found = refusal(read(&text, &[&format!("faults=[{{at=\"1s\",{fault}}}]")]));
            assert_eq!(found.is_empty(), !refused, "{protocol} {fault}: {found}");
            assert!(found.is_empty() || found.contains("member"), "{protocol} {fault}: {found}");
        }
    }
}

/// The rumor reaches whoever there is, not the hundred of the file.
#[test]
fn counts_follow_the_size_of_the_cluster() {
    let source = || scenarios::builtin::find("epidemic-calm").unwrap();
    let load = |overlays: &[&str]| {
        let overlays: Vec<String> = overlays.iter().map(ToString::to_string).collect();
        scenarios::scenario::load(&seedstorm::registry(), source(), Format::Toml, &overlays)
    };
    for nodes in [10, 100, 1_000] {
        let loaded = load(&[&format!("cluster.nodes={nodes}")]).unwrap();
        let outcome = run(&loaded, 1);
        assert_eq!(outcome.activity["observed.Infected"], nodes);
        assert_eq!(outcome.verdict, sim_core::check::Verdict::Pass);
        let some = run(
            &load(&[&format!("cluster.nodes={nodes}"), "stop.observed.count=\"50%\"", "checks.at_least={}"])
                .unwrap(),
            1,
        );
        assert!(some.virtual_ns < outcome.virtual_ns);
        assert!((nodes / 2..nodes).contains(&some.activity["observed.Infected"]));
        // Half are not all.
        let few = run(&load(&[&format!("cluster.nodes={nodes}"), "stop.observed.count=\"50%\""]).unwrap(), 1);
        assert_eq!(few.verdict, sim_core::check::Verdict::Inconclusive);
    }
    let found = refusal(load(&["cluster.nodes=50", "checks.at_least={infected=100}"]));
    assert!(found.contains("observed.Infected never reaches 100"), "{found}");
    let found = refusal(load(&["cluster.nodes=50", "stop.observed.count=100"]));
    assert!(found.contains("observed.Infected never reaches 100"), "{found}");
}

/// What `run` refuses, `validate` refuses.
#[test]
fn a_file_that_validates_can_be_run() {
    let folder = folder();
    let both = |arguments: &[&str]| {
        let [validated, ran] = ["validate", "run"].map(|command| {
            let arguments = [&[command][..], arguments].concat();
            seedstorm(folder.path(), &arguments).code
        });
        (validated, ran)
    };
    let few = ["epidemic-calm", "--set", "cluster.epidemic.initial=101"];
    assert_eq!(both(&few), (2, 2), "more agents know the rumor than there are");
    let file = path("regions-blocks.toml");
    let named = ["--set", "network.regions.placement={named=[\"a\",\"b\"]}"];
    assert_eq!(both(&[&[file.as_str()][..], &named].concat()), (2, 2));
    let good = ["--set", "network.regions.placement={named=[\"c\",\"b\",\"a\"]}"];
    assert_eq!(both(&[&[file.as_str()][..], &good].concat()), (0, 0));
}
