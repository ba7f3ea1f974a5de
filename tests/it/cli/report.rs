//! `run --out` leaves a record and a page; `report` draws the record again without running anything.

use std::fs;
use std::path::Path;

use regex_lite::Regex;

use crate::support::{folder, seedstorm};

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const SHORT: [&str; 6] =
    ["run", "raft-partition", "--set", "cluster.duration=9s", "--set", "checks.at_least={}"];

#[test]
fn a_run_leaves_a_record_and_a_page_and_report_makes_the_same_page_again() {
    let folder = folder();
    let ran = seedstorm(folder.path(), &[&SHORT[..], &["--out", "here"]].concat());
    assert!(ran.out.contains("report       here/report.html"), "{}{}", ran.out, ran.err);
    let here = folder.path().join("here");
    assert_eq!(names(&here), ["record.json", "report.html", "scenario.json", "seed-0.capsule.json"]);
    let page = fs::read_to_string(here.join("report.html")).unwrap();
    fs::remove_file(here.join("report.html")).unwrap();
    // A follower that never was anything else has followed its leader's terms.
    let record = fs::read_to_string(here.join("record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let spans = record["outcome"]["picture"]["lanes"]["items"].as_array().unwrap();
    for slot in 0..5 {
        let last = spans.iter().rev().find(|span| span["slot"] == slot).unwrap();
        assert_ne!((&last["label"], &last["state"]), (&"0".into(), &"follower".into()), "{last}");
    }
    // The capsule and the scenario are not needed: nothing is run.
    fs::remove_file(here.join("scenario.json")).unwrap();
    fs::remove_file(here.join("seed-0.capsule.json")).unwrap();
    let said = seedstorm(folder.path(), &["report", "here", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    // It names the files of its figures now that they are there, and is the same page otherwise.
    let again = fs::read_to_string(here.join("report.html")).unwrap();
    let named = Regex::new(r#"<span class="quiet"> · figures/([^<]*)\.csv, \.svg, \.png</span>"#).unwrap();
    for name in named.captures_iter(&again) {
        assert!(here.join(format!("figures/{}.csv", &name[1])).is_file(), "{}", &name[1]);
    }
    assert!(named.is_match(&again) && !page.contains("figures/"), "a page names only what is beside it");
    assert!(named.replace_all(&again, "") == page, "the page made again is another one");
    let document = said.json();
    assert_eq!(document["schema"], "seedstorm.report/1");
    let figures = document["figures"].as_array().unwrap();
    assert_eq!(figures.len(), names(&here.join("figures")).len());
    for ending in [".png", ".svg", ".csv"] {
        let name = format!("here/figures/latency{ending}");
        assert!(figures.iter().any(|figure| figure == name.as_str()), "{name} is missing: {figures:?}");
        assert!(folder.path().join(name).is_file());
    }
    let said = seedstorm(folder.path(), &["report", "here/record.json", "--out", "there/page.html"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(names(&folder.path().join("there")), ["figures", "page.html"]);
}

#[test]
fn a_violation_is_told_in_the_record() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["run", "bracha-beyond-f", "--seed", "5", "--out", "here"]);
    let record = fs::read_to_string(folder.path().join("here/record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let steps = record["story"]["steps"].as_array().unwrap();
    assert!(steps.len() >= 2, "{}{record:#}", said.err);
    let page = fs::read_to_string(folder.path().join("here/report.html")).unwrap();
    assert!(page.contains("class=\"spacetime\""));
}

#[test]
fn what_is_no_record_is_refused_and_nothing_is_written() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        fs::create_dir_all(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("record.json"), text).unwrap();
    };
    fs::create_dir(folder.path().join("empty")).unwrap();
    write("broken", "{\"schema\": \"seedstorm.rec");
    write("other", "{\"schema\": \"seedstorm.record/9\"}");
    write("foreign", "{}");
    for (name, file) in [
        ("explored", "explore.state.json"),
        ("reproduced", "reproduce.json"),
        ("unfinished", "runs.jsonl"),
        ("swept", "sweep.json"),
    ] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join(file), "{}").unwrap();
    }
    for (path, part) in [
        ("empty", "there is no record of a run and no sweep"),
        ("absent", "there is no such file or folder"),
        ("explored", "an exploration is there"),
        ("reproduced", "its plots are drawn already"),
        ("unfinished", "--resume"),
        ("swept", "without a \"schema\""),
        ("broken", "not whole JSON"),
        ("other", "it is a \"seedstorm.record/9\""),
        ("foreign", "it has no \"schema\""),
    ] {
        let said = seedstorm(folder.path(), &["report", path]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{path}: {}", said.err);
        assert!(said.err.starts_with("error: failed to ") && said.err.contains(part), "{path}: {}", said.err);
        let inside = folder.path().join(path);
        assert!(!inside.is_dir() || !names(&inside).iter().any(|name| name.starts_with("report")));
    }
    fs::create_dir(folder.path().join("in-the-way")).unwrap();
    seedstorm(folder.path(), &[&SHORT[..], &["--out", "here"]].concat());
    let said = seedstorm(folder.path(), &["report", "here", "--out", "in-the-way"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert_eq!(names(&folder.path().join("here")).len(), 4, "no figures of a report that failed");
}
