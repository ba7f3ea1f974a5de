//! `check`: histories of runs and of others.

use std::fs;

use crate::support::{folder, seedstorm};

const STALE: &str = concat!(
    r#"{"process":0,"call_ns":0,"return_ns":5,"f":"write","value":1,"ok":true}"#,
    "\n",
    r#"{"process":0,"call_ns":6,"return_ns":9,"f":"write","value":2,"ok":true}"#,
    "\n",
    r#"{"process":1,"call_ns":10,"return_ns":12,"f":"read","value":1,"ok":true}"#,
    "\n",
);

#[test]
fn the_history_of_a_run_is_judged_again_as_it_was() {
    let folder = folder();
    let run = ["run", "raft-calm", "--seed", "1", "--history", "calm.jsonl", "--json"];
    let ran = seedstorm(folder.path(), &run);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let said = seedstorm(folder.path(), &["check", "calm.jsonl", "--model", "cas-register", "--json"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let document = said.json();
    assert_eq!(document["verdict"], "linearizable");
    assert!(document["ops"].as_u64().unwrap() > 1_000, "{document:#}");
}

/// Jepsen's EDN of a run is the history that JSON lines hold.
#[test]
fn the_history_of_a_run_is_the_same_in_edn() {
    let folder = folder();
    let told = |file: &str| {
        let run = ["run", "raft-calm", "--seed", "1", "--history", file, "--quiet"];
        assert_eq!(seedstorm(folder.path(), &run).code, 0);
        let said = seedstorm(folder.path(), &["check", file, "--model", "cas-register", "--json"]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        let mut document = said.json();
        document["file"] = "".into();
        // In EDN a process that calls at the stamp of its return has returned, which may make it easier.
        document["decided_by"] = serde_json::Value::Null;
        document
    };
    assert_eq!(told("calm.edn"), told("calm.jsonl"));
    // A read that gave something else is found there too.
    let path = folder.path().join("calm.edn");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().rfind(|line| line.contains(":type :ok") && line.contains(":f :read")).unwrap();
    let (head, rest) = line.split_once(":value [0 ").unwrap();
    let (_, tail) = rest.split_once(']').unwrap();
    fs::write(&path, text.replace(line, &format!("{head}:value [0 999999999]{tail}"))).unwrap();
    let said = seedstorm(folder.path(), &["check", "calm.edn", "--model", "cas-register"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
}

#[test]
fn a_run_leaves_files_in_the_formats_that_were_asked_for() {
    let folder = folder();
    let said = |more: &[&str]| seedstorm(folder.path(), &[&["run", "raft-calm", "--quiet"], more].concat());
    let files = ["--trace", "t.bin", "--latencies", "l.hgrm", "--format", "perfetto"];
    assert_eq!(said(&files).code, 0);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&read("t.bin")).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().len() > 1_000);
    assert!(read("l.hgrm").contains("Percentile"));
    assert_eq!(said(&["--latencies", "l.hlog"]).code, 0);
    assert!(read("l.hlog").contains("HISTFAAA"));
    let refused = said(&["--trace", "t.txt", "--format", "edn"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("edn") && !folder.path().join("t.txt").exists(), "{}", refused.err);
}

#[test]
fn a_stale_read_is_shown_in_words_and_on_a_page() {
    let folder = folder();
    fs::write(folder.path().join("stale.jsonl"), STALE).unwrap();
    let check = ["check", "stale.jsonl", "--model", "register", "--html", "stale.html"];
    let said = seedstorm(folder.path(), &check);
    assert_eq!(said.code, 1, "{}", said.err);
    for words in ["NOT LINEARIZABLE", "read -> 1", "write 2 -> ok", "it gave 1, but 2 was there"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let page = fs::read_to_string(folder.path().join("stale.html")).unwrap();
    for words in ["NOT LINEARIZABLE", "process 1", "read → 1", "What could not come next"] {
        assert!(page.contains(words), "{words}");
    }
    let document =
        seedstorm(folder.path(), &["check", "stale.jsonl", "--model", "register", "--json"]).json();
    assert_eq!((&document["verdict"], &document["ops"]), (&"illegal".into(), &3.into()));
    assert_eq!(document["illegal"]["longest_prefix"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_no_history_is_refused_and_what_is_too_hard_is_unknown() {
    let folder = folder();
    let path = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        name.to_owned()
    };
    let code = |file: &str, more: &[&str]| {
        seedstorm(folder.path(), &[&["check", file, "--model", "set"], more].concat()).code
    };
    assert_eq!(code(&path("bad.jsonl", "{\"process\":1}"), &[]), 2);
    assert_eq!(code(&path("bad.edn", "{:type :invoke"), &[]), 2);
    assert_eq!(code("nowhere.jsonl", &[]), 2);
    // A history in which nothing happened proves nothing, also one of a nemesis alone.
    let nemesis = "{:type :info, :process :nemesis, :f :kill, :value nil, :time 3}\n";
    for empty in [path("empty.jsonl", ""), path("nemesis.edn", nemesis)] {
        let said = seedstorm(folder.path(), &["check", &empty, "--model", "set"]);
        assert_eq!(said.code, 3, "{}{}", said.out, said.err);
        assert!(said.out.starts_with("UNKNOWN") && !said.out.contains("--budget"), "{}", said.out);
    }
    let cut = format!("\n{}", &STALE[..40]);
    let said = seedstorm(folder.path(), &["check", &path("cut.jsonl", &cut), "--model", "register"]);
    assert!(said.err.contains("line 2: ") && !said.err.contains("line 1 "), "{}", said.err);
    let line = |process: u64, f: &str, value: &str| {
        format!(
            "{{\"process\":{process},\"call_ns\":0,\"return_ns\":9,\"f\":\"{f}\",\"value\":{value},\"ok\":true}}\n"
        )
    };
    let adds: String = (0..12).map(|i| line(i, "add", &i.to_string())).collect();
    let hard = adds + &line(12, "remove", "3") + &line(13, "read", "[77]");
    let hard = path("hard.jsonl", &hard);
    assert_eq!(code(&hard, &["--budget", "10"]), 3);
    assert_eq!(code(&hard, &[]), 1);
}
