//! Input that was made to break the program, and places where nothing can be written.

#![expect(clippy::disallowed_types, reason = "how long the program takes; no run sees it")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;
use seedstorm::scenarios::capsule::Capsule;
use seedstorm::sim_core::text::is_control;
use serde_json::Value;

use crate::support::{Said, folder, seedstorm};

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).display().to_string()
}

/// Runs the program under limits of the shell, as `ulimit -v 2000000`.
#[cfg(unix)]
fn limited(folder: &Path, limit: &str, arguments: &[&str]) -> Said {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limit} && exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_seedstorm"));
    let output = command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

/// Whether what was said holds no control character of the data.
fn plain(said: &Said) -> bool {
    !said.out.chars().chain(said.err.chars()).any(|c| is_control(c) && c != '\n')
}

#[test]
fn names_that_are_not_ascii_are_unknown_names() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["validate", &case("selector-not-ascii.toml")]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("unknown target \"é\""), "{}", said.err);
    for name in ["é", "né", "𝕏", "\u{202e}x", "n1é", "slot(é)"] {
        let said = seedstorm(folder.path(), &["explain", name]);
        assert_eq!(said.code, 2, "{name}: {}", said.err);
        assert!(said.err.contains("nothing has this name") && plain(&said), "{name}: {:?}", said.err);
        let set = format!("faults.0.crash.target=\"{name}\"");
        let said = seedstorm(folder.path(), &["validate", "raft-leader-crash", "--set", &set]);
        assert_eq!(said.code, 2, "{name}: {}", said.err);
        assert!(plain(&said), "{name}: {:?}", said.err);
    }
}

#[cfg(unix)]
#[test]
fn what_is_read_is_bounded() {
    let folder = folder();
    let said = limited(folder.path(), "ulimit -v 3000000", &["validate", &case("slot-ranges.toml")]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("unknown target \"slot("), "{}", said.err);
    let capsule = case("capsule-too-many-members.json");
    let said = limited(folder.path(), "ulimit -v 3000000", &["replay", "--edited", &capsule]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("nodes are more than the"), "{}", said.err);
    for (set, why) in [
        (format!("title=\"{}\"", "x".repeat(100_000)), "has 100000 characters, more than 200"),
        ("faults.0.crash.target=\"slot(1-16777216)\"".to_owned(), "unknown target \"slot(1-16777216)\""),
        ("network.topology={ random_regular = { degree = 4 } }".to_owned(), "cannot have 4 links"),
    ] {
        let set = ["validate", "raft-leader-crash", "--set", "cluster.nodes=3", "--set", &set];
        let said = limited(folder.path(), "ulimit -v 3000000", &set);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(why) && said.err.len() < 10_000, "{}", said.err);
    }
}

#[test]
fn a_damaged_state_is_refused_as_damaged() {
    let folder = folder();
    let explore = ["explore", "raft-calm", "--seeds", "0..4", "--out", "found", "--jobs", "1"];
    // So few seeds do not meet the demands on a campaign.
    assert_eq!(seedstorm(folder.path(), &explore).code, 3);
    let path = folder.path().join("found/explore.state.json");
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for (key, value) in [
        ("/activity/unexpected", 4_294_967_295_u64),
        ("/activity/conclusive", u64::MAX),
        ("/activity/owed_liveness", 5),
        ("/activity/verdicts/pass", u64::MAX),
        ("/activity/refused/runs", 9),
        ("/totals/ended/horizon", u64::MAX),
        ("/runs", 3),
    ] {
        let mut damaged = whole.clone();
        *damaged.pointer_mut(key).unwrap_or_else(|| panic!("{key} in {whole:#}")) = value.into();
        std::fs::write(&path, damaged.to_string()).unwrap();
        let said = seedstorm(folder.path(), &[&explore[..], &["--resume"]].concat());
        assert_eq!(said.code, 2, "{key}: {}{}", said.out, said.err);
        assert!(said.err.contains("it is damaged"), "{key}: {}", said.err);
    }
}

#[test]
fn control_characters_of_data_reach_nobody() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["run", &case("control-characters.toml")]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(plain(&said) && said.err.contains("holds the control character U+000A"), "{:?}", said.err);
    // In the name of a file, of a plant, and in a capsule that somebody edited.
    let name = "a\u{1b}[31m\u{9b}.toml";
    std::fs::write(folder.path().join(name), "title = 3").unwrap();
    let said = seedstorm(folder.path(), &["validate", name, "b\n::error::x.toml"]);
    assert!(plain(&said) && !said.err.contains("\n::error"), "{:?}", said.err);
    let said = seedstorm(folder.path(), &["run", "raft-calm", "--plant", "x\n::error::y"]);
    assert!(plain(&said) && !said.err.contains("\n::error"), "{:?}", said.err);
    let run = ["run", "raft-calm", "--out", "o", "--set", "cluster.duration=1s"];
    seedstorm(folder.path(), &run);
    let path = folder.path().join("o/seed-0.capsule.json");
    let mut capsule: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for key in ["name", "check", "message", "protocol", "fingerprint", "build"] {
        let mut edited = capsule.clone();
        edited[key] = "x\n::error::y\u{1b}[2J\u{85}\u{202e}".into();
        std::fs::write(&path, edited.to_string()).unwrap();
        for json in [&["--json"][..], &[]] {
            let replay = [&["replay", "--edited", path.to_str().unwrap()][..], json].concat();
            let said = seedstorm(folder.path(), &replay);
            assert!(plain(&said), "{key}: {:?}{:?}", said.out, said.err);
            assert!(!(said.out + &said.err).contains("\n::error"), "{key}");
        }
    }
    capsule["scenario"]["title"] = "\u{1b}".into();
    std::fs::write(&path, capsule.to_string()).unwrap();
    assert!(plain(&seedstorm(folder.path(), &["replay", "--edited", path.to_str().unwrap()])));
}

const WITNESS: [&str; 4] = ["run", "raft-witness-vote-not-durable", "--plant", "vote-not-durable"];

/// The files of a folder, and of those in it.
fn parts(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(parts(&entry.path()));
        } else if entry.file_name().to_string_lossy().ends_with(".part") {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[cfg(unix)]
const HISTORY: &str = r#"{"process":0,"call_ns":0,"return_ns":5,"f":"write","value":1,"ok":true}"#;

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_told_all_the_same() {
    let folder = folder();
    let run = [&WITNESS[..], &["--out", "o"]].concat();
    let said = limited(folder.path(), "ulimit -f 1", &run);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("raft/"), "the finding is told: {}", said.out);
    assert!(said.err.contains("failed to write"), "{}", said.err);
    assert_eq!(parts(folder.path()), [""; 0]);
    // Without a finding the end says that nothing was kept.
    let said = limited(folder.path(), "ulimit -f 1", &["run", "raft-calm", "--out", "p"]);
    assert_eq!(said.code, 74, "{}{}", said.out, said.err);
    assert!(said.out.contains("PASS"), "{}", said.out);
    // So it is with every other file that a result goes to, and where stdout has no room.
    std::fs::write(folder.path().join("h.jsonl"), HISTORY).unwrap();
    for (arguments, word) in [
        ("run raft-calm --set cluster.duration=1s --history x --set checks.at_least={}", "PASS"),
        ("run raft-calm --set cluster.duration=1s --trace x --set checks.at_least={}", "PASS"),
        ("check h.jsonl --model register --html x", "LINEARIZABLE"),
        ("compare raft-witness-controls@1 raft-witness-controls@2 --out x", "compared"),
        ("reproduce 1 --seeds-scale 1/1000 --out r", "row"),
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let said = limited(folder.path(), "ulimit -f 0", &arguments);
        assert!([1, 74].contains(&said.code), "{arguments:?}: {} {}{}", said.code, said.out, said.err);
        assert!(
            said.out.contains(word) && said.err.contains("failed to write"),
            "{arguments:?}: {}",
            said.out
        );
    }
    assert_eq!(parts(folder.path()), [""; 0]);
    let explore = ["explore", "demo-bug", "--plant", "vote-not-durable", "--stop-on-first", "--no-shrink"];
    let explore = [&explore[..], &["--seeds", "0..2000", "--out", "q"]].concat();
    let said = limited(folder.path(), "ulimit -f 8", &explore);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("raft/") && said.err.contains("failed to write"), "{}{}", said.out, said.err);
    assert_eq!(parts(folder.path()), [""; 0]);
}

/// A sweep keeps its runs in a file as it goes, so that it can go on where there was no more room.
#[cfg(unix)]
#[test]
fn a_sweep_without_room_says_how_many_runs_it_kept_and_goes_on() {
    let folder = folder();
    std::fs::write(
        folder.path().join("small.toml"),
        "schema = \"seedstorm.sweep/1\"\ntitle = \"Small\"\nabout = \"Small\"\nseeds = \"0..100\"\n[[base]]\n\
         label = \"x\"\nscenario = \"raft-calm\"\n[base.set]\n\"cluster.duration\" = \"1s\"\n\
         \"checks.at_least\" = {}\n[base.grid]\n\"cluster.nodes\" = [3]\n",
    )
    .unwrap();
    assert_eq!(seedstorm(folder.path(), &["sweep", "small.toml", "--out", "whole"]).code, 0);
    let runs = |out: &str| std::fs::read(folder.path().join(out).join("runs.jsonl")).unwrap();
    // Room for four fifths of them, in blocks of 512 bytes; they are written 64 at a time.
    let limit = format!("ulimit -f {}", runs("whole").len() * 4 / 5 / 512);
    let sweep = ["sweep", "small.toml", "--out", "o"];
    let said = limited(folder.path(), &limit, &sweep);
    assert_eq!(said.code, 74, "{}{}", said.out, said.err);
    let told = "64 of 100 runs are kept there; with more room, --resume goes on with them";
    assert!(said.err.contains(told), "{}", said.err);
    let said = seedstorm(folder.path(), &[&sweep[..], &["--resume"]].concat());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(runs("o") == runs("whole"), "as if there had been room");
}

/// What took work is told, and what was kept before stays, where a file of the result finds no room.
#[cfg(unix)]
#[test]
fn work_is_told_where_its_files_find_no_room() {
    let folder = folder();
    assert_eq!(seedstorm(folder.path(), &[&WITNESS[..], &["--seed", "1", "--out", "o"]].concat()).code, 1);
    let capsule = "o/seed-1.capsule.json";
    let said = limited(folder.path(), "ulimit -f 0", &["shrink", capsule, "--out", "small.capsule.json"]);
    assert_eq!(said.code, 74, "{}{}", said.out, said.err);
    assert!(said.out.contains("shrunk") && said.err.contains("failed to write"), "{}{}", said.out, said.err);
    assert!(!said.out.contains("replay"), "no command names a file that is not there: {}", said.out);
    let shrink = ["shrink", capsule, "--out", "small.capsule.json", "--json"];
    assert!(limited(folder.path(), "ulimit -f 0", &shrink).json()["capsule"].is_null());
    // A smaller run that is there already stays.
    assert_eq!(seedstorm(folder.path(), &[&shrink[..], &["--budget", "200"]].concat()).code, 0);
    let before = std::fs::read(folder.path().join("small.capsule.json")).unwrap();
    assert_eq!(limited(folder.path(), "ulimit -f 0", &shrink).code, 74);
    assert_eq!(std::fs::read(folder.path().join("small.capsule.json")).unwrap(), before);

    let said = limited(folder.path(), "ulimit -f 0", &["replay", capsule, "--trace", "t.txt"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("raft/") && said.err.contains("failed to write t.txt"), "{}", said.err);

    // The rows find no room, and the state of the campaign does.
    let explore = ["explore", "raft-calm", "--seeds", "0..256", "--runs", "rows.csv", "--out", "e", "--json"];
    let short = ["--set", "cluster.duration=1s", "--set", "checks.at_least={}"];
    let said = limited(folder.path(), "ulimit -f 60", &[&explore[..], &short].concat());
    assert_eq!(said.json()["runs"], 256, "{}", said.err);
    assert!(said.err.contains("failed to write rows.csv"), "{}", said.err);
    assert!(!folder.path().join("rows.csv").exists() && folder.path().join("e/explore.state.json").exists());

    let said = limited(folder.path(), "ulimit -f 0", &["demo", "--out", "d"]);
    assert_eq!(said.code, 74, "{}{}", said.out, said.err);
    assert!(said.out.contains("same digest") && said.out.contains("exit 74"), "{}", said.out);
    assert!(said.err.contains("failed to write d/"), "{}", said.err);
    assert_eq!(parts(folder.path()), [""; 0]);
}

#[test]
fn a_storm_is_a_finding_that_replays_and_shrinks() {
    let folder = folder();
    let run = ["run", "raft-calm", "--set", "cluster.max_events_per_second=1000", "--out", "o"];
    let said = seedstorm(folder.path(), &[&run[..], &["--set", "workload.rate=1000/s"]].concat());
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("run/storm") && said.out.contains("% of the last steps"), "{}", said.out);
    let capsule = std::fs::read_dir(folder.path().join("o")).unwrap().map(|entry| entry.unwrap().path());
    let capsule = capsule.into_iter().find(|path| path.to_string_lossy().ends_with(".capsule.json")).unwrap();
    let capsule = capsule.to_str().unwrap();
    let said = seedstorm(folder.path(), &["replay", capsule]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("run/storm"), "{}", said.out);
    let said = seedstorm(folder.path(), &["shrink", capsule, "--budget", "60"]);
    assert!(said.code == 0 || said.code == 1, "{}{}", said.out, said.err);
    assert!(!said.err.contains("failed to"), "{}", said.err);
    for name in ["hang", "storm"] {
        assert_eq!(seedstorm(folder.path(), &["explain", name]).code, 0);
    }
}

/// A capsule of the first seed of `epidemic-swarm` in which a bug ends the run by this check.
fn found(folder: &Path, bug: &str, check: &str) -> String {
    let source = builtin::find("epidemic-swarm").unwrap();
    // A storm is told sooner where less is one.
    let overlay = "cluster.max_events_per_second=20000".to_owned();
    let loaded = load(&seedstorm::registry(), source, Format::Toml, &[overlay]).unwrap();
    let breaks = |seed: &u64| {
        let plan = compile(&loaded, *seed, &[bug.to_owned()]);
        let outcome = run(&plan, &Launch::default()).unwrap();
        let found = outcome.violations.iter().any(|violation| violation.check == check);
        found.then(|| Capsule::new(&loaded, &plan, &outcome, "a test"))
    };
    let capsule = (0..100).find_map(|seed| breaks(&seed)).expect("a run that does not end");
    std::fs::write(folder.join("found.capsule.json"), capsule.to_json("found.capsule.json").unwrap())
        .unwrap();
    "found.capsule.json".to_owned()
}

#[test]
fn steps_and_runs_without_end_shrink_and_replay() {
    for (bug, check) in [("hang-answers-forever", "process/hang"), ("storm-asks-twice", "run/storm")] {
        let folder = folder();
        let large = found(folder.path(), bug, check);
        let said = seedstorm(folder.path(), &["shrink", &large, "--budget", "60", "--json"]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        let document = said.json();
        let [before, after] = ["before", "after"].map(|side| {
            let size = &document["log"][side];
            (size["faults"].as_u64().unwrap(), size["nodes"].as_u64().unwrap())
        });
        assert!(after.0 == 1 && after.1 < before.1, "{bug}: {before:?} {after:?}");
        let said = seedstorm(folder.path(), &["replay", document["capsule"].as_str().unwrap()]);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        assert!(said.out.contains(check), "{}", said.out);
    }
}

#[test]
fn a_run_that_ends_at_its_own_limit_shrinks() {
    let folder = folder();
    let run = [&WITNESS[..], &["--out", "o", "--set", "cluster.max_events=500"]].concat();
    let said = seedstorm(folder.path(), &[&run[..], &["--json"]].concat());
    let document = said.json();
    assert_eq!((said.code, document["ended"].as_str()), (1, Some("event_limit")), "{document:#}");
    let capsule = std::fs::read_dir(folder.path().join("o")).unwrap().map(|entry| entry.unwrap().path());
    let capsule = capsule.into_iter().find(|path| path.to_string_lossy().ends_with(".capsule.json")).unwrap();
    let said = seedstorm(folder.path(), &["shrink", capsule.to_str().unwrap(), "--budget", "100"]);
    assert!(said.code == 0 || said.code == 1, "{}{}", said.out, said.err);
    assert!(!said.err.contains("failed to"), "{}", said.err);
}

#[test]
fn a_limit_of_time_holds_inside_a_run() {
    let folder = folder();
    let started = Instant::now();
    let explore = ["explore", "raft-calm", "--seeds", "0..1000", "--time", "3s", "--jobs", "1", "--out", "o"];
    // Each of these runs takes minutes.
    let said = seedstorm(folder.path(), &[&explore[..], &["--set", "cluster.duration=100h"]].concat());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    assert_eq!(said.code, 4, "{}{}", said.out, said.err);
    let short = [&explore[..], &["--set", "cluster.duration=20s", "--start-over"]].concat();
    let said = seedstorm(folder.path(), &[&short[..], &["--json"]].concat());
    let document = said.json();
    assert!(document["runs"].as_u64().unwrap() > 0 && document["interrupted"] == false, "{document:#}");
}

/// Whoever stops the demo hears that it was stopped, and of no success.
#[cfg(unix)]
#[test]
fn an_interrupted_demo_claims_no_success() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(["demo", "--jobs", "1"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    // It listens to signals before it says its first word.
    out.read_line(&mut said).unwrap();
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    out.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("the demo was interrupted"), "{said}");
    assert!(!said.contains("found what it was meant to find"), "{said}");
}
