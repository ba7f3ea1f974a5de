//! `validate`.

use std::fs;

use crate::support::{folder, seedstorm};

#[test]
fn every_built_in_scenario_is_one_and_is_told_in_a_few_lines() {
    let folder = folder();
    let names: Vec<&str> = scenarios::builtin::names().collect();
    let said = seedstorm(folder.path(), &[&["validate", "--json"][..], &names].concat());
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let document = said.json();
    assert_eq!(document["schema"], "seedstorm.validate/1");
    let files = document["files"].as_array().unwrap();
    assert_eq!(files.len(), names.len());
    assert!(
        files.iter().all(|file| file["valid"] == true && file["problems"].as_array().unwrap().is_empty())
    );
    let said = seedstorm(folder.path(), &["validate", "raft-storm"]);
    for part in ["One minute of all faults", "raft · 5 nodes · 60s", "28: ", "8 clock", "expects   pass"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it writes nothing");
}

#[test]
fn every_problem_of_every_file_is_told() {
    let folder = folder();
    let text = scenarios::builtin::find("raft-calm").unwrap().text;
    let wrong = text.replace("nodes    = 5", "nodes = 0").replace("rate    =", "rat =");
    fs::write(folder.path().join("wrong.toml"), &wrong).unwrap();
    fs::write(folder.path().join("right.toml"), &text).unwrap();
    let arguments = ["validate", "wrong.toml", "right.toml", "missing.toml"];
    let said = seedstorm(folder.path(), &arguments);
    assert_eq!(said.code, 2);
    for part in ["--> wrong.toml:", "unknown key \"rat\"", "did you mean \"rate\"?", "missing.toml"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(said.out.starts_with("right.toml is a scenario: Raft without faults"), "{}", said.out);
    let document = seedstorm(folder.path(), &[&arguments[..], &["--json"]].concat()).json();
    let files = document["files"].as_array().unwrap();
    let valid: Vec<bool> = files.iter().map(|file| file["valid"].as_bool().unwrap()).collect();
    assert_eq!(valid, [false, true, false]);
    let problem = &files[0]["problems"][0];
    assert_eq!((problem["text"].as_str(), problem["column"].as_u64()), (Some("rat"), Some(1)));
    let line = wrong.lines().position(|line| line.starts_with("rat =")).unwrap() as u64 + 1;
    assert_eq!(problem["line"], line);
}

#[test]
fn an_overlay_is_part_of_what_is_checked() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["validate", "raft-calm", "--set", "cluster.nodes=0"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--> --set:1:15") && said.err.contains("cluster.nodes=0"), "{}", said.err);
    let said = seedstorm(folder.path(), &["validate"]);
    assert_eq!(said.code, 2);
}
