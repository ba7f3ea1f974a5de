//! Files that are scenarios but for one value, and capsules but for one byte.

use std::fs;

use serde_json::Value;

use super::refused;
use crate::support::{folder, seedstorm};

/// What to write instead in `raft-partition`, and what the complaint says.
const ABSURD: [(&str, &str, &str); 20] = [
    ("nodes    = 5", "nodes = 0", "at least one node"),
    ("nodes    = 5", "nodes = -1", "from 0 to 4294967295"),
    ("nodes    = 5", "nodes = 4294967295", "more than the 10000 of a run of raft"),
    ("nodes    = 5", "nodes = \"five\"", "expected a whole number"),
    ("nodes    = 5", "nodes = 5\nnodes = 5", "duplicate key"),
    ("nodes    = 5", "node = 5", "did you mean \"nodes\"?"),
    ("\"60s\"", "\"-60s\"", "expected a number and a unit"),
    ("\"60s\"", "\"0s\"", "must be above zero"),
    ("\"60s\"", "\"9999999h\"", "too long"),
    ("clients = 4", "clients = 0", "at least one client"),
    ("clients = 4", "clients = 200000", "more than 100000"),
    ("\"100/s\"", "\"0/s\"", "the rate must lie between"),
    ("{ split = \"halves\" }", "{ groups = [\"n1,n2\", \"n6\"] }", "unknown target \"n6\""),
    ("{ split = \"halves\" }", "{ split = \"thirds\" }", "unknown name \"thirds\""),
    ("{ split = \"halves\" }", "{ split = \"random\", parts = 99 }", "between 2 and"),
    ("\"operations.succeeded\"", "\"operations.suceeded\"", "did you mean \"operations.succeeded\"?"),
    ("[workload]", "[service]\ninbox = 0\n[workload]", "in an inbox of no places nothing ever arrives"),
    (
        "[checks]",
        "[[faults]]\nat = \"1s\"\nslow = { target = \"n1\", percent = 900 }\n[checks]",
        "it would change nothing: messages take no time here",
    ),
    (
        "[checks]",
        "[disk]\nsync = \"0s\"\n[[faults]]\nat = \"1s\"\n\
         disk = { target = \"n1\", fault = { slow = { percent = 900, extra = \"0s\" } } }\n[checks]",
        "it would change nothing: syncs take no time here",
    ),
    ("[checks]", "[checks]\noff = [\"raft/elections\"]", "unknown check \"raft/elections\""),
];

#[test]
fn absurd_values_are_refused_with_their_place() {
    let folder = folder();
    let text = scenarios::builtin::find("raft-partition").unwrap().text;
    for (from, to, part) in ABSURD {
        assert!(text.contains(from), "{from}");
        fs::write(folder.path().join("s.toml"), text.replacen(from, to, 1)).unwrap();
        let complaint = refused(folder.path(), &["run", "s.toml"]);
        for part in [part, "--> s.toml:", "nothing was run or written"] {
            assert!(complaint.contains(part), "{to}: {part}: {complaint}");
        }
    }
}

#[test]
fn an_object_that_a_protocol_does_not_offer_is_refused() {
    let folder = folder();
    let text = scenarios::builtin::find("store-calm").unwrap().text;
    assert!(text.contains("\"kv\""));
    fs::write(folder.path().join("s.toml"), text.replacen("\"kv\"", "\"queue\"", 1)).unwrap();
    let complaint = refused(folder.path(), &["run", "s.toml"]);
    assert!(complaint.contains("store offers its clients no queue"), "{complaint}");
}

#[test]
fn traitors_that_nobody_moves_are_refused() {
    let folder = folder();
    let text = scenarios::builtin::find("epidemic-calm").unwrap().text;
    let from_the_start = "[initial]\ncorrupt = [\"n2\"]\n";
    let later = "[[faults]]\nat = \"1s\"\ncorrupt = { target = \"n2\" }\n";
    for (traitor, part) in
        [(from_the_start, "nobody moves traitors of epidemic"), (later, "it would change nothing")]
    {
        fs::write(folder.path().join("s.toml"), format!("{text}\n{traitor}")).unwrap();
        let complaint = refused(folder.path(), &["run", "s.toml"]);
        assert!(complaint.contains(part) && complaint.contains("[[adversaries]]"), "{complaint}");
        let moved = format!("{text}\n{traitor}\n[[adversaries]]\nnodes = [\"n2\"]\ndo = \"silent\"\n");
        fs::write(folder.path().join("s.toml"), moved).unwrap();
        assert_eq!(seedstorm(folder.path(), &["validate", "s.toml"]).code, 0);
    }
}

#[test]
fn two_faults_of_one_kind_on_one_target_at_once_are_refused() {
    let folder = folder();
    let text = scenarios::builtin::find("raft-calm").unwrap().text;
    let twice = "[[faults]]\nat = \"1s\"\nfor = \"5s\"\npause = { target = \"n1\" }\n\
                 [[faults]]\nat = \"3s\"\ncrash = { target = \"n1,n2\", restart_after = \"1s\" }\n";
    fs::write(folder.path().join("s.toml"), format!("{text}{twice}")).unwrap();
    let complaint = refused(folder.path(), &["explore", "s.toml"]);
    assert!(complaint.contains("overlap") && complaint.contains("crash = {"), "{complaint}");
    let apart = twice.replace("at = \"3s\"", "at = \"6s\"");
    fs::write(folder.path().join("s.toml"), format!("{text}{apart}")).unwrap();
    assert_eq!(seedstorm(folder.path(), &["validate", "s.toml"]).code, 0);
}

#[test]
fn deep_files_are_refused_and_nothing_overflows() {
    let folder = folder();
    for (name, text) in [
        ("arrays.toml", format!("a = {}", "[".repeat(200_000))),
        ("tables.toml", format!("a = {}", "{a=".repeat(200_000))),
        ("keys.toml", format!("{}b = 1", "a.".repeat(200_000))),
        ("arrays.json", "[".repeat(200_000)),
        ("tables.json", "{\"a\":".repeat(200_000)),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        refused(folder.path(), &["validate", name]);
        refused(folder.path(), &["replay", name]);
    }
}

/// A capsule as it was written.
fn capsule(folder: &std::path::Path) -> String {
    let said = seedstorm(folder, &["run", "bracha-calm", "--out", "out"]);
    assert_eq!(said.code, 0, "{}", said.err);
    fs::read_to_string(folder.join("out/seed-0.capsule.json")).unwrap()
}

#[test]
fn capsules_that_are_not_as_they_were_written_are_refused() {
    let folder = folder();
    let text = capsule(folder.path());
    let path = folder.path().join("c.json");
    let mut wrong: Vec<(String, &str)> = vec![
        (String::new(), "the file is empty"),
        (text.replacen("seedstorm.capsule/1", "seedstorm.capsule/9", 1), "expected \"seedstorm.capsule/1\""),
        (text.replacen("\"seed\": 0", "\"seed\": 1", 1), "checksum"),
        (text.replacen("\"checksum\"", "\"checksums\"", 1), "checksum"),
        ("[]".to_owned(), "schema"),
    ];
    for part in 1..20 {
        wrong.push((text[..text.len() * part / 20].to_owned(), "EOF"));
    }
    for (text, part) in wrong {
        fs::write(&path, &text).unwrap();
        let complaint = refused(folder.path(), &["replay", "c.json"]);
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    // Larger than any capsule, though it takes no room on the disk.
    fs::File::create(&path).unwrap().set_len(1 << 36).unwrap();
    assert!(refused(folder.path(), &["replay", "c.json"]).contains("more than"));
}

#[test]
fn edited_capsules_with_wrong_types_and_absurd_values_are_refused() {
    let folder = folder();
    let whole: Value = serde_json::from_str(&capsule(folder.path())).unwrap();
    for (pointer, wrong) in [
        ("/seed", Value::from(-1)),
        ("/setup", Value::Null),
        ("/setup/members", 0.into()),
        ("/setup/members", u32::MAX.into()),
        ("/setup/duration", "900000h".into()),
        ("/setup/max_events", "many".into()),
        ("/protocol", "paxos".into()),
        ("/parameters", serde_json::json!({ "broadcaster": 1 })),
        ("/verdict", "good".into()),
        ("/digest", 5.into()),
        ("/plants", serde_json::json!(["no-such-plant"])),
        ("/pinned/entries", serde_json::json!([{ "at": "1s" }])),
        ("/pinned/entries", serde_json::json!([{ "at": "1s", "pause": { "target": "n99" } }])),
    ] {
        let mut capsule = whole.clone();
        *capsule.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = wrong;
        fs::write(folder.path().join("c.json"), capsule.to_string()).unwrap();
        let complaint = refused(folder.path(), &["replay", "c.json", "--edited"]);
        assert!(complaint.starts_with("error: failed to "), "{pointer}: {complaint}");
    }
}
