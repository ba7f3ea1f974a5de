//! `replay` looks closer: neighbors, traces, filters, clean code; and `corpus` keeps what was found.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Said, folder, seedstorm};

/// Explores for a planted bug; the capsule, shrunk a little.
fn found(folder: &Path, plant: &str, out: &str) -> String {
    shrunk(folder, plant, out, "1500")
}

fn shrunk(folder: &Path, plant: &str, out: &str, budget: &str) -> String {
    let arguments =
        ["explore", "demo-bug", "--plant", plant, "--seeds", "20..276", "--stop-on-first", "--json"];
    let said = seedstorm(folder, &[&arguments[..], &["--no-shrink", "--out", out]].concat());
    assert_eq!(said.code, 1, "{}", said.err);
    let large = said.json()["failures"][0]["capsule"].as_str().unwrap().to_owned();
    let said = seedstorm(folder, &["shrink", &large, "--budget", budget, "--json"]);
    said.json()["capsule"].as_str().unwrap().to_owned()
}

#[test]
fn a_bug_fails_all_around_and_clean_code_nowhere() {
    let folder = folder();
    for plant in ["R01", "R03"] {
        let capsule = shrunk(folder.path(), plant, plant, "20000");
        let around = |more: &[&str]| -> (i32, Value) {
            let arguments = ["replay", &capsule, "--neighbors", "100", "--json"];
            let said = seedstorm(folder.path(), &[&arguments, more].concat());
            (said.code, said.json()["neighbors"].clone())
        };
        let (code, planted) = around(&[]);
        assert_eq!((code, &planted["runs"]), (1, &Value::from(100)));
        assert!(planted["rate"].as_f64().unwrap() > 0.8, "{plant}: {planted}");
        let (code, clean) = around(&["--no-plant"]);
        assert_eq!(
            (code, &clean["failed"], &clean["failed_otherwise"]),
            (0, &Value::from(0), &Value::from(0))
        );
        assert!(clean["ci95"][1].as_f64().unwrap() < 0.05);
        assert_eq!(around(&[]).1, planted);
    }
}

#[test]
fn traces_and_stories_are_cut_by_time_and_place() {
    let folder = folder();
    let capsule = shrunk(folder.path(), "R01", "out", "20000");
    let replay =
        |more: &[&str]| -> Said { seedstorm(folder.path(), &[&["replay", &capsule], more].concat()) };
    let whole = replay(&["--trace", "trace.jsonl", "--json"]).json();
    let text = fs::read_to_string(folder.path().join("trace.jsonl")).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(lines.next().unwrap()["schema"], "seedstorm.trace/1");
    let events: Vec<Value> = lines.collect();
    assert!(events.len() > 20 && events.iter().all(|event| event["at_ns"].is_u64()));
    let steps = |document: &Value| document["story"]["steps"].as_array().unwrap().clone();
    let all = steps(&whole);
    let middle = all[all.len() / 2]["at_ns"].as_u64().unwrap();
    let until = format!("{middle}ns");
    let early = replay(&["--until", &until, "--json"]).json();
    assert!(steps(&early).len() < all.len());
    assert!(steps(&early).iter().all(|step| step["at_ns"].as_u64().unwrap() <= middle));
    assert!(replay(&["--until", &until]).out.contains("steps come later or happen elsewhere"));
    let said = replay(&["--trace", "-", "--node", "n2", "--until", &until]);
    assert!(said.out.contains("n2 starts") && !said.out.contains("n1 starts"), "{}", said.out);
    assert!(replay(&["--trace", "-", "--json"]).out.lines().all(|line| line.starts_with('{')));
    // A trace is of this program and may be replaced, whatever it is called; what others wrote may not.
    for name in ["trace.jsonl", "trace.json", "trace.html", "trace.txt", "trace"] {
        for _ in 0..2 {
            let said = replay(&["--trace", name, "--until", &until]);
            assert_eq!((said.code, said.err.as_str()), (1, ""), "{name}");
        }
    }
    fs::write(folder.path().join("mine.jsonl"), "{\"mine\":1}\n").unwrap();
    assert_eq!(replay(&["--trace", "mine.jsonl"]).code, 2);
    let said = replay(&["--node", "n9"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("failed to find node \"n9\""), "{}", said.err);
}

#[test]
fn a_corpus_keeps_few_and_never_passes_silently() {
    let folder = folder();
    let corpus =
        |arguments: &[&str]| -> Said { seedstorm(folder.path(), &[&["corpus"], arguments].concat()) };
    let said = corpus(&["run", "kept"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("failed to read kept: "), "{}", said.err);
    fs::create_dir(folder.path().join("kept")).unwrap();
    assert_eq!(corpus(&["run", "kept"]).code, 4);
    let (one, other) = (found(folder.path(), "R01", "a"), found(folder.path(), "R03", "b"));
    let said = corpus(&["add", "kept", &one, &other]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out.matches("added").count(), 2);
    assert_eq!(corpus(&["add", "kept", &one]).out, "nothing to do\n");
    let said = corpus(&["run", "kept", "--json"]);
    let results = |said: &Said| -> Vec<String> {
        let capsules = said.json()["capsules"].as_array().unwrap().clone();
        capsules.iter().map(|capsule| capsule["replayed"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((said.code, results(&said)), (1, vec!["reproduced".to_owned(); 2]));
    // Without its plant one is gone, on an engine that is older than this one.
    let names: Vec<_> =
        fs::read_dir(folder.path().join("kept")).unwrap().map(|file| file.unwrap().path()).collect();
    for path in &names {
        let mut capsule: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        capsule["plants"] = Value::Array(Vec::new());
        capsule["engine"] = 1.into();
        fs::write(path, capsule.to_string()).unwrap();
    }
    assert_eq!(corpus(&["run", "kept"]).code, 2);
    let said = corpus(&["run", "kept", "--edited", "--json"]);
    assert_eq!((said.code, results(&said)), (0, vec!["gone".to_owned(); 2]));
    assert_eq!(corpus(&["prune", "kept", "--gone"]).out.matches("put out").count(), 2);
    assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 0);
}

/// Cut in the middle, of another kind, and no text at all; the one that is whole is run all the same.
#[test]
fn a_damaged_capsule_is_named_and_the_others_are_run() {
    let folder = folder();
    let capsule = found(folder.path(), "R01", "a");
    let path = |name: &str| folder.path().join("kept").join(name);
    assert_eq!(seedstorm(folder.path(), &["corpus", "add", "kept", &capsule]).code, 0);
    let text = fs::read_to_string(folder.path().join(&capsule)).unwrap();
    fs::write(path("cut.capsule.json"), &text[..text.len() / 2]).unwrap();
    fs::write(path("other.capsule.json"), "{}").unwrap();
    fs::write(path("binary.capsule.json"), [0xFF, 0xFE]).unwrap();
    let said = seedstorm(folder.path(), &["corpus", "run", "kept"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    for name in ["cut", "other", "binary"] {
        assert!(said.out.contains(&format!("DAMAGED     {name}.capsule.json: failed to")), "{}", said.out);
    }
    assert!(said.out.contains("REPRODUCED") && said.out.contains("1 reproduced, 3 damaged"), "{}", said.out);
    let document = seedstorm(folder.path(), &["corpus", "run", "kept", "--json"]).json();
    assert_eq!(document["capsules"][0]["replayed"], "reproduced");
    assert_eq!(document["damaged"][1]["capsule"], "cut.capsule.json");
    // Pruning leaves them where they are, and exploring goes on behind them.
    assert_eq!(seedstorm(folder.path(), &["corpus", "prune", "kept", "--keep", "0"]).code, 2);
    assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 3);
    let explore = ["explore", "demo-bug", "--seeds", "0..2", "--corpus", "kept", "--json"];
    let said = seedstorm(folder.path(), &explore);
    assert_eq!((said.code, &said.json()["runs"]), (2, &Value::from(2)), "{}", said.err);
    assert_eq!(said.json()["corpus"]["damaged"].as_array().unwrap().len(), 3);
    assert_eq!(said.err.matches("DAMAGED").count(), 3);
}

#[test]
fn exploring_runs_the_corpus_first_and_adds_to_it() {
    let folder = folder();
    let explore = |seeds: &str| {
        let arguments = [
            "explore",
            "demo-bug",
            "--plant",
            "R03",
            "--seeds",
            seeds,
            "--stop-on-first",
            "--corpus",
            "kept",
        ];
        seedstorm(folder.path(), &arguments)
    };
    assert_eq!(explore("0..256").code, 1);
    assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 1);
    // Nothing new is found, and the old finding is still there.
    let said = explore("0..1");
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("REPRODUCED") && said.out.contains("nothing was found, but "),
        "{}{}",
        said.err,
        said.out
    );
}

/// A test case and an annotation for each capsule, by its name, whether it is run by itself or before an exploration.
#[test]
fn other_programs_are_told_of_each_capsule() {
    let folder = folder();
    let capsule = found(folder.path(), "R01", "a");
    assert_eq!(seedstorm(folder.path(), &["corpus", "add", "kept", &capsule]).code, 0);
    let kept = fs::read_dir(folder.path().join("kept")).unwrap().next().unwrap().unwrap().file_name();
    let kept = kept.into_string().unwrap();
    fs::write(folder.path().join("kept/cut.capsule.json"), "{").unwrap();
    let run = ["corpus", "run", "kept", "--github", "--junit", "run.xml"];
    let explore =
        ["explore", "demo-bug", "--seeds", "0..2", "--corpus", "kept", "--github", "--junit", "explore.xml"];
    for (command, file) in [(&run[..], "run.xml"), (&explore, "explore.xml")] {
        let said = seedstorm(folder.path(), command);
        assert_eq!(said.code, 2, "{}", said.err);
        let xml = fs::read_to_string(folder.path().join(file)).unwrap();
        let suite = "<testsuite name=\"corpus\" tests=\"2\" failures=\"1\" errors=\"1\">";
        for part in [
            suite.to_owned(),
            format!("<testcase name=\"{kept}\" classname=\"corpus\">"),
            "type=\"reproduced\"".to_owned(),
            format!("seedstorm replay kept/{kept}"),
            "<testcase name=\"cut.capsule.json\" classname=\"corpus\">".to_owned(),
        ] {
            assert!(xml.contains(&part), "{part} is not in\n{xml}");
        }
        assert_eq!(xml.contains("<testsuite name=\"demo-bug\""), command[0] == "explore");
        assert!(said.err.contains(&format!("::error title=corpus%3A reproduced {kept}::")), "{}", said.err);
        assert!(said.err.contains("::error title=corpus%3A damaged cut.capsule.json::"), "{}", said.err);
    }
}

/// While somebody else changes a corpus, adding waits; then it sees what the other one has taken in.
#[test]
fn of_two_that_change_a_corpus_none_is_lost() {
    let folder = folder();
    let capsule = found(folder.path(), "R01", "a");
    let kept = folder.path().join("kept");
    let held = seedstorm::scenarios::artefact::wait_for(&kept).unwrap();
    let mut adding = std::process::Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(["corpus", "add", "kept", &capsule, "--keep", "1"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Adding takes some hundredths of a second if nobody is waited for.
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert!(adding.try_wait().unwrap().is_none(), "nobody was waited for");
    let mut smaller: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join(&capsule)).unwrap()).unwrap();
    smaller["setup"]["faults"]["entries"] = Value::Array(Vec::new());
    fs::write(kept.join("smaller.capsule.json"), smaller.to_string()).unwrap();
    drop(held);
    assert!(adding.wait().unwrap().success());
    let names: Vec<_> = fs::read_dir(&kept).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["smaller.capsule.json"], "one is kept, and it is the smaller one");
    // A folder that is not there is no corpus that is tidy, and is not made.
    for more in [&[][..], &["--gone"]] {
        let said = seedstorm(folder.path(), &[&["corpus", "prune", "nowhere"], more].concat());
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
        assert!(said.err.contains("failed to read nowhere: "), "{}", said.err);
        assert!(!folder.path().join("nowhere").exists());
    }
    // A file is no corpus, and is left as it is.
    for arguments in [&["corpus", "add", "file", &capsule][..], &["corpus", "prune", "file"]] {
        fs::write(folder.path().join("file"), "x").unwrap();
        let said = seedstorm(folder.path(), arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""));
        assert!(said.err.contains("file is a file, not a folder"), "{}", said.err);
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"x");
    }
}

#[test]
fn a_trace_on_stdout_is_one_document() {
    let folder = folder();
    let said = seedstorm(
        folder.path(),
        &["run", "raft-wan-election", "--trace", "-", "--format", "jsonl", "--json"],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    let lines: Vec<serde_json::Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.len() > 50 && lines.iter().skip(1).all(|line| line.get("at_ns").is_some()),
        "{}",
        lines.len()
    );
}
