//! Bad input: exit code 2, a clear word, and nothing written.

mod artefacts;
mod values;

use std::fs;
use std::path::Path;

use crate::support::{folder, seedstorm};

/// Runs, expects code 2 and no result, and gives the complaint.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let before = fs::read_dir(folder).unwrap().count();
    let said = seedstorm(folder, arguments);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {}", said.err);
    assert_eq!(fs::read_dir(folder).unwrap().count(), before, "{arguments:?} wrote something");
    said.err
}

#[test]
fn a_typo_in_a_file_is_shown_with_line_column_and_suggestion() {
    let folder = folder();
    let text = scenarios::builtin::find("raft-partition").unwrap().text;
    fs::write(
        folder.path().join("cut.toml"),
        text.replacen("isolate = \"leader\"", "isolate = \"leder\"", 1),
    )
    .unwrap();
    let complaint = refused(folder.path(), &["run", "cut.toml"]);
    for part in [
        "unknown target \"leder\"",
        "--> cut.toml:",
        "did you mean \"leader\"?",
        "nothing was run or written",
    ] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = folder();
    for (arguments, part) in [
        (&["run", "raft-clam"][..], "did you mean \"raft-calm\"?"),
        (&["run", "no/such/file.toml"], "failed to read no/such/file.toml"),
        (&["run", "."], "failed to read"),
        (&["run", "raft-calm", "--plant", "vote-not-durabel"], "did you mean \"vote-not-durable\"?"),
        (&["run", "bracha-calm", "--plant", "R01"], "bracha has no such plant"),
        (&["explain", "é"], "nothing has this name; `seedstorm list`"),
        (&["compare", "raft-calm@1", "raft-calm"], "it is no run; a side is"),
        (&["run", "raft-calm", "--set", "cluster.nodes=0"], "at least one node"),
        (
            &["run", "raft-calm", "--set", "cluster.nodes=10001"],
            "10001 nodes are more than the 10000 of a run of raft",
        ),
        (&["run", "raft-calm", "--set", "cluster.nods=3"], "--set:1"),
        (&["run", "raft-calm", "--seed", "9007199254740992"], "2^53"),
        (&["explore", "raft-calm", "--seeds", "5..3"], "A < B"),
        (&["explore", "raft-calm", "--min-conclusive", "2"], "between 0 and 1"),
        (&["replay", "missing.json"], "failed to read missing.json"),
        (&["replay"], "Usage"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let complaint = refused(folder.path(), arguments);
        assert!(complaint.contains(part), "{arguments:?}: {complaint}");
    }
}

#[test]
fn files_that_are_no_scenarios_are_refused() {
    let folder = folder();
    for (name, content) in [
        ("empty.toml", &b""[..]),
        ("binary.toml", &[0xff, 0xfe, 0, 1]),
        ("text.toml", b"hello"),
        ("array.json", b"[1, 2]"),
        ("null.json", b"null"),
        ("half.json", b"{\"schema\": \"seedstorm.scen"),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
        refused(folder.path(), &["run", name]);
        refused(folder.path(), &["explore", name]);
        refused(folder.path(), &["replay", name]);
    }
    fs::write(folder.path().join("huge.toml"), vec![b' '; 5 << 20]).unwrap();
    assert!(refused(folder.path(), &["run", "huge.toml"]).contains("more than"));
}

/// A range without seeds is a wrong argument wherever a range is read.
#[test]
fn a_range_of_no_seeds_is_refused_everywhere() {
    let folder = folder();
    for range in ["7..7", "8..7"] {
        for command in [&["explore", "bracha-calm"][..], &["sweep", "overhead-vs-n"]] {
            let said = refused(folder.path(), &[command, &["--seeds", range]].concat());
            assert!(said.contains("A < B"), "{command:?}: {said}");
        }
    }
    let timed = ["explore", "bracha-calm", "--seeds", "0..7", "--time", "1ns", "--json"];
    let said = seedstorm(folder.path(), &timed);
    assert_eq!((said.code, &said.json()["runs"]), (4, &0.into()), "what had no time ran nothing");
}

/// A shell takes quotes away, so that `--set network.loss="1"` comes as a number. What cannot be meant is told the forms.
#[test]
fn numbers_for_texts_are_read_or_told_their_form() {
    let folder = folder();
    let set =
        |overlay: &str| seedstorm(folder.path(), &["validate", "raft-calm", "--json", "--set", overlay]);
    let hash = |overlay: &str| {
        let said = set(overlay);
        assert_eq!(said.code, 0, "{overlay}: {}", said.err);
        said.json()["files"][0]["scenario_hash"].clone()
    };
    assert_eq!(hash("network.loss=1"), hash("network.loss=\"100%\""));
    assert_eq!(hash("network.loss=0"), hash("network.loss=\"0\""));
    for (overlay, form) in [
        ("network.loss=2", "between 0 and 1"),
        ("network.loss=0.5", "a probability is written \"50%\""),
        ("network.loss=-1", "\"1/100\", \"0.1%\""),
        ("cluster.duration=60", "a number and a unit, as in \"150ms\""),
        ("workload.rate=100", "as in \"100/s\""),
    ] {
        let said = set(overlay);
        assert_eq!(said.code, 2, "{overlay}");
        assert!(said.err.contains(form) && !said.err.contains("in quotes"), "{overlay}: {}", said.err);
    }
}

#[test]
fn what_is_empty_or_meant_twice_is_told() {
    let folder = folder();
    let said = refused(folder.path(), &["validate", "raft-calm", "--set", "network.loss="]);
    assert!(said.contains("this overlay gives network.loss no value"), "{said}");
    let twice = ["run", "raft-calm", "--trace", "x.txt", "--history", "x.txt"];
    let said = refused(folder.path(), &twice);
    assert!(said.contains("failed to write two results to x.txt"), "{said}");
    fs::write(folder.path().join("empty.capsule.json"), "\n").unwrap();
    for command in ["replay", "shrink", "likelihood", "report"] {
        assert!(refused(folder.path(), &[command, "empty.capsule.json"]).contains("the file is empty"));
    }
}

#[test]
fn a_mistyped_command_and_a_negative_seed_get_a_hint_that_helps() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["rnu", "raft-calm"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("a similar subcommand exists: 'run'"), "{}", said.err);
    let said = seedstorm(folder.path(), &["quite-another", "raft-calm"]);
    assert!(said.code == 2 && !said.err.contains("similar"), "{}", said.err);
    let said = seedstorm(folder.path(), &["corpus", "prnue", "c"]);
    assert!(said.err.contains("a similar subcommand exists: 'prune'"), "{}", said.err);
    let said = seedstorm(folder.path(), &["corpus", "list", "c"]);
    assert!(said.code == 2 && !said.err.contains("similar"), "{}", said.err);
    for value in ["-1", "-99999"] {
        let said = seedstorm(folder.path(), &["run", "raft-calm", "--seed", value]);
        assert_eq!(said.code, 2);
        let expected = "expected a whole number below 2^53";
        assert!(said.err.contains(expected) && !said.err.contains("tip"), "{}", said.err);
    }
}
