//! `compare`: two runs side by side; and the pages of capsules and explorations.

use std::fs;

use crate::support::{folder, seedstorm};

const SHORT: [&str; 4] = ["--set", "cluster.duration=5s", "--set", "checks.at_least={}"];

#[test]
fn a_run_is_equal_to_itself_and_another_seed_differs_in_an_event_and_in_figures() {
    let folder = folder();
    for (seed, out) in [("1", "a"), ("1", "b"), ("2", "c")] {
        let run = ["run", "raft-partition", "--seed", seed, "--out", out];
        assert_eq!(seedstorm(folder.path(), &[&run[..], &SHORT].concat()).code, 0);
    }
    let same = seedstorm(folder.path(), &["compare", "a", "b", "--json"]).json();
    assert_eq!((&same["same"], &same["schema"]), (&true.into(), &"seedstorm.compare/1".into()));
    assert!(
        same["first_difference"].is_null() && same["scenario"].as_array().unwrap().is_empty(),
        "{same:#}"
    );
    assert!(
        same["figures"]
            .as_array()
            .unwrap()
            .iter()
            .all(|figure| figure["difference"] == 0 || figure["a"].is_null())
    );

    let said = seedstorm(folder.path(), &["compare", "a", "c", "--json", "--out", "page.html"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let other = said.json();
    assert_eq!(other["same"], false);
    assert_eq!(other["scenario"], serde_json::json!([{ "key": "seed", "a": "1", "b": "2" }]));
    let first = &other["first_difference"];
    assert!(first["index"].as_u64().unwrap() > 0 && first["a"][0] != first["b"][0], "{first:#}");
    let figures = other["figures"].as_array().unwrap();
    let events = figures.iter().find(|figure| figure["name"] == "events").unwrap();
    let [a, b, difference] = ["a", "b", "difference"].map(|key| events[key].as_i64().unwrap());
    assert_eq!(b - a, difference);
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.contains("The first event that differs") && page.contains("Figures that differ"));
}

#[test]
fn sides_are_folders_records_capsules_and_scenarios_with_a_seed() {
    let folder = folder();
    let run = ["run", "raft-witness-vote-not-durable", "--plant", "vote-not-durable", "--out", "bad"];
    assert_eq!(seedstorm(folder.path(), &run).code, 1);
    let capsule = "bad/seed-0.capsule.json";
    for (a, b, same) in [
        ("bad", capsule, true),
        ("bad/record.json", "bad", true),
        (capsule, "raft-witness-vote-not-durable@0", false),
    ] {
        let said = seedstorm(folder.path(), &["compare", a, b, "--json"]);
        assert_eq!((said.code, &said.json()["same"]), (0, &same.into()), "{a} {b}: {}", said.err);
    }
    let said = seedstorm(folder.path(), &["compare", capsule, "raft-witness-vote-not-durable@0"]);
    assert!(said.out.contains("plants: vote-not-durable -> none"), "{}", said.out);
    // A record whose run comes to other events now is compared by its figures alone.
    fs::create_dir(folder.path().join("old")).unwrap();
    let record = fs::read_to_string(folder.path().join("bad/record.json")).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["outcome"]["digest"] = "00112233445566778899aabbccddeeff".into();
    fs::write(folder.path().join("old/record.json"), record.to_string()).unwrap();
    let said = seedstorm(folder.path(), &["compare", "old", "bad", "--json"]).json();
    assert!(said["untraced"].as_str().unwrap().starts_with("A comes to another digest"), "{said:#}");
    for (side, why) in
        [("absent", "it is no run; a side is"), ("raft-calm@x", "seed"), ("rft-calm@1", "did you mean")]
    {
        let said = seedstorm(folder.path(), &["compare", "bad", side]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{side}");
        assert!(said.err.contains(why), "{side}: {}", said.err);
    }
}

#[test]
fn findings_and_campaigns_have_pages() {
    let folder = folder();
    let explore = ["explore", "demo-bug", "--plant", "vote-not-durable", "--stop-on-first", "--out", "found"];
    let said = seedstorm(folder.path(), &[&explore[..], &["--seeds", "0..600", "--json"]].concat());
    let document = said.json();
    assert_eq!((said.code, &document["report"]), (1, &"found/campaign.html".into()), "{}", said.err);
    let campaign = folder.path().join("found/campaign.html");
    let page = fs::read_to_string(&campaign).unwrap();
    let capsule = document["failures"][0]["capsule"].as_str().unwrap();
    let own = capsule.replace(".capsule.json", ".html");
    assert!(page.contains(&format!("href=\"{}\"", own.trim_start_matches("found/"))), "{own}");
    let before = fs::read(folder.path().join(&own)).unwrap();
    assert!(String::from_utf8_lossy(&before).contains("class=\"spacetime\""));
    // Drawn again from what is there, by each command that draws it: the same page.
    for command in [&["report", capsule][..], &["replay", capsule]] {
        fs::remove_file(folder.path().join(&own)).unwrap();
        let said = seedstorm(folder.path(), command);
        assert!(said.out.contains(&own), "{}{}", said.out, said.err);
        assert!(fs::read(folder.path().join(&own)).unwrap() == before, "{command:?} makes another page");
    }
    fs::remove_file(&campaign).unwrap();
    assert_eq!(seedstorm(folder.path(), &["report", "found"]).code, 0);
    assert_eq!(fs::read_to_string(&campaign).unwrap(), page);
    assert_eq!(seedstorm(folder.path(), &["report", capsule, "--out", "there/page.html"]).code, 0);
    assert!(folder.path().join("there/figures").is_dir());
}
