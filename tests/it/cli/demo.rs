//! `demo`: what a newcomer sees first.

use crate::support::{folder, seedstorm};

#[test]
fn the_demo_finds_shrinks_tells_and_replays() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["demo", "--jobs", "2"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for part in [
        "seedstorm 0.1.0 · demo · seed 0",
        "1/3 calm",
        "2/3 storm",
        "3/3 bug",
        "VIOLATION   raft/",
        "shrunk      faults",
        "FAULT ",
        "<- ",
        "without fault 1: ",
        "same schedule without vote-not-durable: pass",
        "replayed twice, same digest",
        "replay      seedstorm replay seedstorm-out/demo/raft-",
        "demo --seed 1",
        "the demo found what it was meant to find",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(folder.path().join("seedstorm-out/demo/record.json").exists());
    let line = said.out.lines().find(|line| line.starts_with("replay ")).unwrap();
    let path = line.rsplit(' ').next().unwrap();
    let replayed = seedstorm(folder.path(), &["replay", path, "--json"]);
    assert_eq!(replayed.code, 1);
    let document = replayed.json();
    assert_eq!(document["replayed"], "reproduced");
    assert!(document["story"]["steps"].as_array().unwrap().len() <= 16, "{:#}", document["story"]);
}

#[test]
fn another_seed_and_another_plant_are_found_as_well() {
    let folder = folder();
    let arguments = ["demo", "--seed", "5", "--plant", "R03", "--out", "here", "--json"];
    let said = seedstorm(folder.path(), &arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    let document = said.json();
    assert_eq!(
        (&document["schema"], &document["plant"]),
        (&"seedstorm.demo/1".into(), &"commit-old-term-by-counting".into())
    );
    assert_eq!(document["bug"]["replayed_alike"], true);
    assert!(document["bug"]["shrunk"]["after"]["faults"].as_u64().unwrap() <= 4);
    assert!(document["bug"]["seed"].as_u64().unwrap() >= 5 * 4_096);
    let said = seedstorm(folder.path(), &["demo", "--plant", "nothing"]);
    assert_eq!(said.code, 2, "{}", said.err);
}
