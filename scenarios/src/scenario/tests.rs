//! What files come to: values, places of errors, and that no text makes the reader panic.

mod mutations;

use expect_test::{Expect, expect};

use super::*;
use crate::document::{Format, Source};
use crate::plan::compile;
use crate::testing::{LEAST, overlaid, registry, toml};

const FULL: &str = r#"schema = "seedstorm.scenario/1"
title  = "Primary lies, backups crash"
expect = "safety:toy/agreement"
[cluster]
protocol = "toy"
nodes    = 7
duration = "60s"
[cluster.toy]
timeout = "400ms"
[network]
latency = { log_normal = { median = "8ms", p99 = "60ms" } }
loss    = "1/200"
[workload]
model   = "cas-register"
clients = 10
rate    = "100/s"
mix     = { read = 60, write = 25, cas = 15 }
[[faults]]
at = "5s"
for = "4s"
partition = { isolate = "primary", direction = "outbound" }
[checks]
progress = { within = "5s" }
at_least = { operations = 1 }
[initial]
corrupt = ["n7"]
[stop]
observed = { kind = "BecamePrimary", count = 2 }
[[measure]]
name = "first primary"
what = { first_time = "BecamePrimary" }
"#;

fn fails(text: &str, expected: &Expect) {
    let problems = toml(text).unwrap_err();
    expected.assert_eq(&(problems.render(false) + "\n"));
}

fn changed(from: &str, to: &str) -> String {
    assert!(FULL.contains(from), "{from}");
    FULL.replacen(from, to, 1)
}

#[test]
fn a_whole_scenario_is_read() {
    let loaded = toml(FULL).unwrap();
    let scenario = &loaded.scenario;
    assert_eq!((scenario.cluster.nodes, scenario.clients, scenario.faults.len()), (7, 10, 1));
    assert_eq!(scenario.expect.check.as_deref(), Some("toy/agreement"));
    assert_eq!(scenario.initial.corrupt, [NodeName(6)]);
    assert_eq!(loaded.cluster.parameters()["timeout"], "400ms");
}

#[test]
fn a_fault_that_would_never_strike_is_refused_where_it_stands() {
    fails(
        &changed("at = \"5s\"", "at = \"61s\""),
        &expect![[r#"
            error: it would never strike: none begins after cluster.duration, which is 60s
              --> test.toml:19:6
               |
            19 | at = "61s"
               |      ^^^^^
               |
               = expected an earlier time, or a longer cluster.duration
               = nothing was run or written
        "#]],
    );
    // What makes a scenario shorter from outside leaves out what comes later, in the resolved one too.
    let short = overlaid(FULL, &["cluster.duration=3s"]).unwrap();
    assert!(short.scenario.faults.is_empty());
    assert!(reload(&registry(), "again", &short.resolved).is_ok());
    assert_eq!(overlaid(FULL, &["cluster.duration=6s"]).unwrap().scenario.faults.len(), 1);
    // The others keep their names, and so what is drawn for them.
    let two = format!(
        "{FULL}\n[[faults]]\non = {{ event = \"BecamePrimary\" }}\nfor = \"1s\"\npause = {{ target = \"random(1)\" }}\n"
    );
    let ids = |overlay| {
        let plan = compile(&overlaid(&two, &[overlay]).unwrap(), 1, &[]).setup.faults;
        plan.entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids("cluster.duration=60s"), ids("cluster.duration=3s")),
        (vec![Some(0), Some(1)], vec![Some(1)])
    );
    // At the very end it does, and is healed.
    assert!(toml(&changed("at = \"5s\"", "at = \"60s\"")).is_ok());
}

#[test]
fn faults_of_disks_are_for_protocols_that_keep_something_there() {
    let mut registry = crate::testing::real();
    registry.register(protocols::gossip::epidemic::entry::ENTRY);
    let rumors = |text: &str| {
        let text = format!(
            "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"epidemic\"\nnodes = 4\nduration = \"20s\"\n{text}"
        );
        let source = Source { name: "rumor.toml".to_owned(), text };
        load(&registry, source, Format::Toml, &[]).map_err(|problems| problems.render(false))
    };
    let written =
        rumors("[[faults]]\nat = \"1s\"\ndisk = { target = \"n1\", fault = \"full\" }\n").unwrap_err();
    for part in ["epidemic keeps nothing on disks", "rumor.toml:9:1"] {
        assert!(written.contains(part), "{part}: {written}");
    }
    let drawn = rumors("[swarm]\nfamilies = { only = [\"network\", \"disk\"] }\n").unwrap_err();
    assert!(drawn.contains("epidemic keeps nothing on disks") && drawn.contains("rumor.toml:8:"), "{drawn}");
    // Every family means every one that can do anything; then none of disks is drawn, nor asked for.
    let all = rumors("[swarm]\nfamilies = \"all\"\n").unwrap();
    let mut activity = crate::explore::Activity::default();
    for seed in 0..60 {
        let setup = compile(&all, seed, &[]).setup;
        let disk = setup.faults.entries.iter().filter_map(|entry| entry.what.kind());
        assert!(
            disk.map(sim_core::fault::Kind::family).all(|family| family != sim_core::fault::Family::Disk),
            "{seed}"
        );
    }
    activity.runs = 1;
    let demands = crate::explore::judge(&all, &activity, sim_core::ratio::Ratio::ONE);
    assert!(demands.iter().any(|demand| demand.what == "faults of the network family"));
    assert!(demands.iter().all(|demand| demand.what != "faults of the disk family"), "{demands:?}");
}

#[test]
fn the_resolved_scenario_loads_to_itself() {
    for text in [FULL, LEAST] {
        let loaded = toml(text).unwrap();
        let again = reload(&registry(), "again", &loaded.resolved).unwrap();
        assert_eq!((&again.resolved, &again.hash), (&loaded.resolved, &loaded.hash));
        assert_eq!(again.scenario, loaded.scenario);
    }
}

#[test]
fn an_overlay_stands_above_the_file() {
    let loaded = overlaid(LEAST, &["cluster.nodes=9", "cluster.duration=5s", "cluster.toy.timeout=\"1s\""]);
    let loaded = loaded.unwrap();
    assert_eq!(loaded.scenario.cluster.nodes, 9);
    assert_eq!(loaded.scenario.cluster.duration, Duration::from_secs(5));
    assert_eq!(loaded.cluster.largest_timeout(), Duration::from_secs(1));
    assert_ne!(loaded.hash, toml(LEAST).unwrap().hash);
}

#[test]
fn an_error_in_an_overlay_names_it() {
    let error = overlaid(LEAST, &["cluster.nodes=\"many\""]).unwrap_err();
    expect![[r#"
        error: cluster.nodes: invalid type: string "many"
         --> --set:1:15
          |
        1 | cluster.nodes="many"
          |               ^^^^^^ expected a whole number from 0 to 4294967295
          |
          = nothing was run or written
    "#]]
    .assert_eq(&(error.render(false) + "\n"));
    for overlay in ["nodes", "=5", "cluster..nodes=1", "cluster.nodes.deep=1", "title=[1,", "a.0=1"] {
        assert!(overlaid(LEAST, &[overlay]).is_err(), "{overlay}");
    }
}

#[test]
fn an_unknown_target_is_shown_in_its_place() {
    fails(
        &changed(r#"isolate = "primary""#, r#"isolate = "primry""#),
        &expect![[r#"
        error: unknown target "primry"
          --> test.toml:21:25
           |
        21 | partition = { isolate = "primry", direction = "outbound" }
           |                         ^^^^^^^^ did you mean "primary"?
           |
           = for toy: primary, backup, next-primary, every(ROLE), random(K), 1/3, minority, quorum-minus-one, all, n1..n7, c1..c10, clients, event.node
           = nothing was run or written
    "#]],
    );
}

#[test]
fn an_unknown_key_is_shown_in_its_place() {
    fails(
        &changed("nodes    =", "noods ="),
        &expect![[r#"
        error: unknown key "noods"
         --> test.toml:6:1
          |
        6 | noods = 7
          | ^^^^^ did you mean "nodes"?
          |
          = expected one of protocol, nodes, duration, max_events, max_events_per_second
          = nothing was run or written
    "#]],
    );
}

#[test]
fn an_unknown_parameter_is_shown_in_its_place() {
    fails(
        &changed("timeout =", "time_out ="),
        &expect![[r#"
        error: unknown key "time_out"
         --> test.toml:9:1
          |
        9 | time_out = "400ms"
          | ^^^^^^^^ did you mean "timeout"?
          |
          = expected one of timeout, flaky, panics, endless, slow
          = nothing was run or written
    "#]],
    );
}

#[test]
fn a_bad_value_is_shown_in_its_place() {
    fails(
        &changed(r#""60s""#, r#""60 parsecs""#),
        &expect![[r#"
        error: cluster.duration: the unit must be one of ns, us, ms, s, min, h
         --> test.toml:7:12
          |
        7 | duration = "60 parsecs"
          |            ^^^^^^^^^^^^
          |
          = nothing was run or written
    "#]],
    );
    fails(
        &changed("nodes    = 7", "nodes = -7"),
        &expect![[r#"
        error: cluster.nodes: invalid value: integer `-7`
         --> test.toml:6:9
          |
        6 | nodes = -7
          |         ^^ expected a whole number from 0 to 4294967295
          |
          = nothing was run or written
    "#]],
    );
    fails(
        &changed("timeout = \"400ms\"", "timeout = \"0s\""),
        &expect![[r#"
        error: cluster.toy.timeout: it must be above zero
         --> test.toml:9:11
          |
        9 | timeout = "0s"
          |           ^^^^
          |
          = nothing was run or written
    "#]],
    );
}

#[test]
fn every_broken_rule_is_listed() {
    let text = changed("[\"n7\"]", "[\"n7\", \"n8\"]").replace("BecamePrimary", "BecomePrimary");
    fails(
        &text,
        &expect![[r#"
        error: there is no node n8
          --> test.toml:26:18
           |
        26 | corrupt = ["n7", "n8"]
           |                  ^^^^
           |
           = the nodes are n1 to n7

        error: unknown observation "BecomePrimary"
          --> test.toml:28:21
           |
        28 | observed = { kind = "BecomePrimary", count = 2 }
           |                     ^^^^^^^^^^^^^^^ did you mean "BecamePrimary"?
           |
           = expected BecamePrimary

        error: unknown observation "BecomePrimary"
          --> test.toml:31:23
           |
        31 | what = { first_time = "BecomePrimary" }
           |                       ^^^^^^^^^^^^^^^ did you mean "BecamePrimary"?
           |
           = expected BecamePrimary
           = nothing was run or written
    "#]],
    );
}

#[test]
fn one_slip_does_not_hide_the_next() {
    let text = FULL
        .replace("title  =", "titel  =")
        .replace("timeout = \"400ms\"", "timeout = 400\npanic = true")
        .replace("\"1/200\"", "\"2\"\nlatncy = 1")
        .replace("[[faults]]", "[[faults]]\nat = \"1s\"\ncrash = {}\n[[faults]]\nat = 1\npause = { target = \"n9\" }\n[[faults]]");
    fails(
        &text,
        &expect![[r#"
            error: unknown key "titel"
             --> test.toml:2:1
              |
            2 | titel  = "Primary lies, backups crash"
              | ^^^^^ did you mean "title"?
              |
              = expected one of schema, title, about, expect, cluster, versions, domains, network, disk, clock, service, workload, faults, adversaries, over_budget, swarm, checks, initial, stop, measure, limit

            error: cluster.toy.timeout: invalid type: integer `400`
             --> test.toml:9:11
              |
            9 | timeout = 400
              |           ^^^ expected a number and a unit, as in "150ms"

            error: unknown key "panic"
              --> test.toml:10:1
               |
            10 | panic = true
               | ^^^^^ did you mean "panics"?
               |
               = expected one of timeout, flaky, panics, endless, slow

            error: network.loss: it must lie between 0 and 1 and fit in 32 bits
              --> test.toml:13:11
               |
            13 | loss    = "2"
               |           ^^^

            error: unknown key "latncy"
              --> test.toml:14:1
               |
            14 | latncy = 1
               | ^^^^^^ did you mean "latency"?
               |
               = expected one of latency, regions, hosts, links, client_latency, loss, duplicate, corrupt, retransmit_after, bandwidth, queue_bytes, coalition_delay, topology, lane

            error: missing key "target" in faults.0.crash
              --> test.toml:22:9
               |
            22 | crash = {}
               |         ^^

            error: faults.1.at: invalid type: integer `1`
              --> test.toml:24:6
               |
            24 | at = 1
               |      ^ expected a number and a unit, as in "150ms"
               |
               = nothing was run or written
        "#]],
    );
}

#[test]
fn rules_are_told_beside_what_cannot_be_read() {
    let text = FULL
        .replace("\"1/200\"", "\"2\"")
        .replace("[\"n7\"]", "[\"n8\"]")
        .replace("operations = 1", "operatoins = 1, became_primary = 2")
        .replace("[[faults]]", "[[faults]]\nat = \"1s\"\ncrash = {}\n[[faults]]\nat = \"1s\"\npause = { target = \"n9\" }\n[[faults]]");
    fails(
        &text,
        &expect![[r#"
            error: network.loss: it must lie between 0 and 1 and fit in 32 bits
              --> test.toml:12:11
               |
            12 | loss    = "2"
               |           ^^^

            error: missing key "target" in faults.0.crash
              --> test.toml:20:9
               |
            20 | crash = {}
               |         ^^

            error: unknown target "n9"
              --> test.toml:23:20
               |
            23 | pause = { target = "n9" }
               |                    ^^^^
               |
               = for toy: primary, backup, next-primary, every(ROLE), random(K), 1/3, minority, quorum-minus-one, all, n1..n7, c1..c10, clients, event.node

            error: unknown counter "operatoins"
              --> test.toml:30:14
               |
            30 | at_least = { operatoins = 1, became_primary = 2 }
               |              ^^^^^^^^^^ did you mean "operations"?
               |
               = expected one of operations, faults_fired, messages_cut, messages_lost, messages_shed, disks.lost, disks.rotten, disks.torn, dropped.checksum, dropped.cut, dropped.cut_under_way, dropped.inbox_full, dropped.loss, dropped.no_route, dropped.no_session, dropped.nobody, dropped.queue_full, dropped.receiver_down, dropped.round, ended.early, faults.clock, faults.disk, faults.fired, faults.malicious and 24 more

            error: there is no node n8
              --> test.toml:32:12
               |
            32 | corrupt = ["n8"]
               |            ^^^^
               |
               = the nodes are n1 to n7
               = nothing was run or written
        "#]],
    );
}

#[test]
fn what_is_not_toml_is_shown_in_its_place() {
    fails(
        "title = \n",
        &expect![[r#"
        error: string values must be quoted, expected literal string
         --> test.toml:1:9
          |
        1 | title = 
          |         ^
          |
          = nothing was run or written
    "#]],
    );
    fails(
        "",
        &expect![[r#"
        error: the scenario is empty
         --> test.toml:1:1
          |
        1 |
          | ^
          |
          = expected schema, title, and [cluster] with protocol = one of toy
          = nothing was run or written
    "#]],
    );
}

#[test]
fn json_is_read_with_places_too() {
    let loaded = toml(FULL).unwrap();
    let text = loaded.resolved.to_string().replace("\"toy\"", "\"tyo\"");
    let source = Source { name: "s.json".to_owned(), text };
    let error = load(&registry(), source, Format::Json, &[]).unwrap_err();
    let origin = error.list[0].origin.clone().unwrap();
    assert_eq!(origin.text(), "\"tyo\"");
    let source = Source { name: "s.json".to_owned(), text: "{\"a\": }".to_owned() };
    assert!(load(&registry(), source, Format::Json, &[]).is_err());
}

#[test]
fn absurd_values_are_refused() {
    for (from, to) in [
        ("nodes    = 7", "nodes = 0"),
        ("nodes    = 7", "nodes = 4000000000"),
        ("nodes    = 7", "nodes = 99999999999999999999"),
        ("nodes    = 7", "nodes = 7.5"),
        ("nodes    = 7", "nodes = nan"),
        ("nodes    = 7", "nodes = 1979-05-27"),
        ("\"60s\"", "\"0s\""),
        ("\"60s\"", "\"100000h\""),
        ("\"1/200\"", "\"3/2\""),
        ("clients = 10", "clients = 0"),
        ("clients = 10", "clients = -1"),
        ("within = \"5s\"", "within = \"0s\""),
        ("median = \"8ms\"", "median = \"80ms\""),
        ("\"n7\"", "\"n0\""),
        ("seedstorm.scenario/1", "seedstorm.scenario/2"),
        ("\"safety:", "\"safty:"),
        ("at = \"5s\"", ""),
        ("[stop]", "[swarm]\nnodes = { min = 5, max = 3 }\n[stop]"),
        ("[stop]", "[checks]\n[stop]"),
    ] {
        assert!(toml(&changed(from, to)).is_err(), "{to}");
    }
}

#[test]
fn deep_and_wide_texts_are_refused_and_nothing_overflows() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    let tables = format!("[{}a]", "a.".repeat(100_000));
    for text in [deep, dotted, tables] {
        assert!(toml(&text).is_err());
    }
    let deep = "[".repeat(100_000);
    let source = Source { name: "s.json".to_owned(), text: deep };
    assert!(load(&registry(), source, Format::Json, &[]).is_err());
    assert!(toml(&"x".repeat(5 << 20)).is_err());
}

#[test]
fn what_lists_print_is_accepted_where_a_scenario_needs_it() {
    let with = |more: &str| toml(&format!("{LEAST}{more}"));
    let disk = |fault: &str| {
        with(&format!(
            "[[faults]]\nat = \"1s\"\nfor = \"1s\"\ndisk = {{ target = \"n1\", fault = {fault} }}\n"
        ))
        .unwrap_or_else(|problems| panic!("{problems}"))
        .hash
    };
    for (listed, written) in [
        ("\"torn-tail\"", "\"tear-tail\""),
        ("\"failing-sync\"", "\"failing\""),
        ("\"full-disk\"", "\"full\""),
        (
            "{ slow-sync = { percent = 200, extra = \"1ms\" } }",
            "{ slow = { percent = 200, extra = \"1ms\" } }",
        ),
    ] {
        assert_eq!(disk(listed), disk(written), "{listed}");
    }
    let off = |name: &str| with(&format!("[checks]\noff = [\"{name}\"]\n")).unwrap().hash;
    assert_eq!(off("linearizable/register"), off("linearizable"));
    let slow = |more: &str| {
        let fault = format!("slow = {{ target = \"n1\", floor = \"1ms\"{more} }}");
        with(&format!("[[faults]]\nat = \"1s\"\n{fault}\n")).unwrap().hash
    };
    assert_eq!(slow(""), slow(", percent = 1000"));
}

#[test]
fn a_probability_as_a_number_is_told_how_to_write_it() {
    let found = toml(&format!("{LEAST}[network]\nloss = 0.05\n")).unwrap_err().render(false);
    assert!(found.contains("a probability is written \"5%\"") && found.contains("test.toml:8:8"), "{found}");
    let other = toml(&LEAST.replace("\"2s\"", "0.05")).unwrap_err().render(false);
    assert!(!other.contains("probability"), "{other}");
}
