//! Capsules: written by `run` and `explore`, run again by `replay`.

use std::fs;

use serde_json::Value;

use crate::support::{folder, seedstorm};

/// Three traitors of seven: more than reliable broadcast bears, so that agreement breaks in every run.
const BROKEN: [&str; 4] = ["bracha-beyond-f", "--set", "expect=pass", "--json"];

#[test]
fn a_failing_run_leaves_a_capsule_that_replays_to_the_same_digest() {
    let folder = folder();
    let said = seedstorm(folder.path(), &[&["run"], &BROKEN[..], &["--seed", "5"]].concat());
    assert_eq!(said.code, 1, "{}", said.err);
    let digest = said.json()["digest"].clone();
    let path = "seedstorm-out/bracha-beyond-f/seed-5.capsule.json";
    let capsule: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join(path)).unwrap()).unwrap();
    assert_eq!(capsule["command"], format!("seedstorm replay {path}"));
    let said = seedstorm(folder.path(), &["replay", path, "--json"]);
    let replay = said.json();
    assert_eq!((said.code, &replay["replayed"], &replay["digest"]), (1, &Value::from("reproduced"), &digest));
    assert_eq!(replay["same_build"], true);
    assert_eq!(replay["violations"][0]["fingerprint"], capsule["fingerprint"]);
}

#[test]
fn a_capsule_of_another_build_runs_from_its_plan() {
    let folder = folder();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    // Runs full of faults that pass, members that join and leave among them: the pinned plan must come to the very same run.
    for seed in ["3", "8", "9", "22"] {
        let said = seedstorm(folder.path(), &["run", "raft-swarm", "--seed", seed, "--out", out, "--json"]);
        assert_eq!(said.code, 0, "{}", said.err);
        let path = folder.path().join(format!("out/seed-{seed}.capsule.json"));
        let text = fs::read_to_string(&path).unwrap();
        let mut capsule: Value = serde_json::from_str(&text).unwrap();
        capsule["build"] = "another".into();
        fs::write(&path, capsule.to_string()).unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(seedstorm(folder.path(), &["replay", path]).code, 2);
        let said = seedstorm(folder.path(), &["replay", path, "--edited", "--json"]);
        assert_eq!((said.code, &said.json()["same_build"]), (0, &Value::from(false)), "{}", said.err);
        assert_eq!(said.json()["verdict"], "pass");
        assert_eq!(said.json()["digest"], capsule["digest"], "seed {seed}");
    }
}

#[test]
fn another_digest_on_the_same_build_is_an_internal_error() {
    let folder = folder();
    let said = seedstorm(folder.path(), &[&["run"], &BROKEN[..], &["--out", "out"]].concat());
    assert_eq!(said.code, 1);
    let path = folder.path().join("out/seed-0.capsule.json");
    let (mut capsule, _) =
        scenarios::capsule::Capsule::from_json(&fs::read_to_string(&path).unwrap(), false).unwrap();
    capsule.digest = sim_core::digest::RunDigest(1);
    fs::write(&path, capsule.to_json("x").unwrap()).unwrap();
    let said = seedstorm(folder.path(), &["replay", "out/seed-0.capsule.json", "--json"]);
    assert_eq!((said.code, &said.json()["replayed"]), (70, &Value::from("nondeterministic")));
}

#[test]
fn a_finding_that_is_gone_is_no_error() {
    let folder = folder();
    seedstorm(folder.path(), &[&["run"], &BROKEN[..], &["--out", "out"]].concat());
    let path = folder.path().join("out/seed-0.capsule.json");
    let mut capsule: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    capsule["setup"]["initial"]["corrupt"] = Value::Array(Vec::new());
    fs::write(&path, capsule.to_string()).unwrap();
    let said = seedstorm(folder.path(), &["replay", "out/seed-0.capsule.json", "--edited", "--json"]);
    assert_eq!((said.code, &said.json()["replayed"]), (0, &Value::from("gone")), "{}", said.err);
}
