//! Tasks from a file beside the scenario.

use std::fs;

use seedstorm::prelude::*;

const SCENARIO: &str = r#"
schema = "seedstorm.scenario/1"
title  = "Tasks from a file"

[cluster]
protocol = "coordination"
nodes    = 3
duration = "5min"

[cluster.coordination]
tasks = { file = "tasks.csv" }
"#;

/// What becomes of the scenario beside such a file.
fn beside(table: &str, scenario: &str) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tasks.csv"), table).unwrap();
    let name = folder.path().join("scenario.toml").display().to_string();
    let source = Source { name, text: scenario.to_owned() };
    load(&seedstorm::registry(), source, Format::Toml, &[]).map_err(|problems| problems.render(false))
}

#[test]
fn the_lines_of_a_file_are_the_tasks() {
    let loaded = beside("name,after,duration\nfetch,,3s\nread,fetch,20s\n", SCENARIO).unwrap();
    let outcome = run(&compile(&loaded, 1, &[]), &Launch::default()).unwrap();
    assert_eq!((outcome.verdict, outcome.metrics["tasks_done"].max), (Verdict::Pass, 2));
    // The same lines in the scenario itself are the same scenario, so that a capsule needs no file.
    let inside = SCENARIO
        .replace(r#"{ file = "tasks.csv" }"#, r#"["name,after,duration", "fetch,,3s", "read,fetch,20s"]"#);
    assert_eq!(beside("", &inside).unwrap().hash, loaded.hash);
}

#[test]
fn what_is_wrong_with_such_a_file_is_told() {
    for (table, scenario, expected) in [
        ("name,after\na,b\nb,a\n", SCENARIO.to_owned(), "tasks wait for each other in a circle: b -> a -> b"),
        ("name,steps\na,many\n", SCENARIO.to_owned(), "line 2: steps is many"),
        ("", SCENARIO.to_owned(), "there must be at least one task"),
        ("name\na\n", SCENARIO.replace("tasks.csv", "task.csv"), "failed to read"),
        ("name\na\n", SCENARIO.replace("file =", "files ="), "expected a list"),
        ("name\na\n", SCENARIO.replace("\" }", "\", unit = 1 }"), "unknown key \"unit\""),
    ] {
        let problem = beside(table, &scenario).map(drop).unwrap_err();
        assert!(problem.contains(expected), "{expected}: {problem}");
    }
}
