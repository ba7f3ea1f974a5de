//! Plans as they are written.

use super::*;
use crate::fault::spec::{Direction, Shape};

fn entry(text: &str) -> Result<FaultEntry, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

#[test]
fn the_entries_of_a_scenario_are_read() {
    let read =
        entry("at = \"5s\"\nfor = \"4s\"\npartition = { isolate = \"primary\", direction = \"outbound\" }")
            .unwrap();
    assert_eq!(read.at, Moment::At(Time::from_nanos(5_000_000_000)));
    assert_eq!(read.lasts, Some(Duration::from_secs(4)));
    let Fault::Partition(partition) = read.what else { panic!("not a partition") };
    let target = "primary".parse().unwrap();
    assert_eq!(partition.shape, Shape::Isolate { target, direction: Direction::Outbound });

    let read = entry(
        "on = { event = \"pbft.prepared\", nth = 3, before = \"send\" }
         crash = { target = \"event.node\", restart_after = \"200ms\" }",
    )
    .unwrap();
    assert_eq!(read.duration(), Some(Duration::from_millis(200)));
    let Moment::On(trigger) = read.at else { panic!("not a trigger") };
    assert_eq!((trigger.nth, trigger.before), (3, Some(Before::Send)));
    for (kind, meant) in
        [("Prepared", true), ("PREPARED", true), ("Pre-pared", true), ("PrePrepared", false), ("Prep", false)]
    {
        assert_eq!((trigger.names(kind), trigger.kind().is(kind)), (meant, meant), "{kind}");
    }

    let read = entry("at = \"0s\"\nclock = { target = \"random(2)\", drift = \"200ppm\" }").unwrap();
    assert_eq!(read.what.kind(), Some(crate::fault::Kind::ClockDrift));
}

#[test]
fn every_fault_is_written_as_the_table_says() {
    let written = crate::fault::Kind::ALL.iter().map(|kind| (kind.written(), Some(*kind)));
    let composites = crate::fault::family::COMPOSITES.iter().map(|(_, written, _)| (*written, None));
    for (written, kind) in written.chain(composites) {
        let read =
            entry(&format!("at = \"1s\"\n{written}")).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(read.what.kind(), kind, "{written}");
        assert!(written.starts_with(read.what.key()));
    }
    for (key, written, _) in crate::fault::family::COMPOSITES {
        assert_eq!(entry(&format!("at = \"1s\"\n{written}")).unwrap().what.key(), key);
    }
}

#[test]
fn a_plan_reads_as_it_is_written_in_toml_and_json() {
    let entries = crate::fault::Kind::ALL
        .iter()
        .map(|kind| entry(&format!("at = \"1s\"\nfor = \"2s\"\n{}", kind.written())).unwrap())
        .collect();
    let mut plan = FaultPlan { entries, over_budget: true };
    plan.number();
    assert_eq!(toml::from_str::<FaultPlan>(&toml::to_string(&plan).unwrap()).unwrap(), plan);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<FaultPlan>(&json).unwrap(), plan);
}

#[test]
fn what_cannot_be_read_says_why() {
    for (text, why) in [
        ("at = \"1s\"", "it says when, but not what goes wrong"),
        ("crash = { target = \"n1\" }", "exactly one of at"),
        ("at = \"1s\"\non = { event = \"X\" }\ncrash = { target = \"n1\" }", "exactly one of at"),
        ("at = \"1s\"\ncrash = { target = \"n1\" }\njoin = { count = 1 }", "crash and join in one entry"),
        ("at = \"1s\"\ncrsh = { target = \"n1\" }", "unknown field `crsh`"),
        ("at = \"1s\"\ncrash = { target = \"n1\", restart = \"1s\" }", "unknown field `restart`"),
        ("at = \"1s\"\ncrash = { target = \"random(\" }", "unknown target \"random(\""),
        ("at = \"1s\"\npartition = { }", "expected exactly one of isolate"),
        ("at = \"1s\"\npartition = { from = \"n1\" }", "expected exactly one of isolate"),
        (
            "at = \"1s\"\npartition = { isolate = \"n1\", split = \"halves\" }",
            "expected exactly one of isolate",
        ),
        (
            "at = \"1s\"\npartition = { split = \"halves\", direction = \"both\" }",
            "direction goes with isolate",
        ),
        ("at = \"1s\"\npartition = { split = \"halves\", parts = 3 }", "parts goes with"),
        ("at = \"1s\"\nclock = { target = \"n1\" }", "exactly one of drift"),
        ("at = \"1s\"\nclock = { target = \"n1\", drift = \"5\" }", "read a drift"),
        ("at = \"1s\"\nclock = { target = \"n1\", drift = \"200000ppm\" }", "at most 10 %"),
        ("at = \"1s\"\nloss = { probability = \"0.5\" }", "read a probability"),
        ("at = \"soon\"\njoin = { count = 1 }", "read a duration"),
        ("on = { }\njoin = { count = 1 }", "exactly one of event, send or durable"),
        ("on = { event = \"X\", nth = 0 }\njoin = { count = 1 }", "nth counts from 1"),
        (
            "on = { event = \"X\", before = \"send\", after = \"1s\" }\njoin = { count = 1 }",
            "give one of them",
        ),
    ] {
        let error = entry(text).unwrap_err();
        assert!(error.contains(why), "{text}\n{error}");
    }
}

#[test]
fn plans_are_sorted_and_numbered_without_touching_given_ids() {
    let join = |moment: &str| entry(&format!("{moment}\njoin = {{ count = 1 }}")).unwrap();
    let mut plan = FaultPlan::new(vec![
        join("on = { event = \"X\" }"),
        join("at = \"2s\""),
        join("id = 7\nat = \"1s\""),
    ]);
    plan.number();
    assert_eq!(plan.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [Some(7), Some(8), Some(9)]);
    assert!(matches!(plan.entries[2].at, Moment::On(_)));
}
