//! `sweep`.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{files, folder, seedstorm};

/// The built-in sweep on fewer points.
fn small() -> String {
    let text = scenarios::sweep::find("overhead-vs-n").unwrap().text;
    let text = text.replace("[3, 5, 9, 17, 33, 65]", "[3, 9, 27]").replace("= 1000 ", "= 200 ");
    let text = text.replace("= 900 }", "= 180 }").replace("[4, 7, 13, 25, 49, 97]", "[4, 10, 28]");
    let text = text.replace("[4, 7, 13, 25, 49]", "[4, 10, 28]");
    text.replace("[64, 256, 1024, 4096, 16384]", "[64, 256, 1024]").replace("\"0..20\"", "\"0..6\"")
}

#[test]
fn slopes_agree_with_theory_whatever_the_threads() {
    let folder = folder();
    fs::write(folder.path().join("small.toml"), small()).unwrap();
    let run = |jobs: &str, out: &str| {
        let said = seedstorm(folder.path(), &["sweep", "small.toml", "--jobs", jobs, "--out", out, "--json"]);
        assert_eq!(said.code, 0, "{}{}", said.err, said.out);
        said.json()
    };
    let document = run("1", "one");
    run("2", "two");
    assert_eq!(document["schema"], "seedstorm.sweep/1");
    let fits = document["fits"].as_array().unwrap();
    assert_eq!(fits.len(), 10);
    for (base, slope) in
        [("Raft", 1.0), ("Bracha", 2.0), ("PBFT", 2.0), ("HotStuff", 1.0), ("epidemic", 1.15)]
    {
        let fit = fits.iter().find(|fit| fit["base"] == base && fit["column"] == "messages_per").unwrap();
        assert!((fit["slope"].as_f64().unwrap() - slope).abs() < 0.12, "{base}: {}", fit["slope"]);
        assert_eq!(fit["theory"]["agrees"], true);
    }
    let one = files(&folder.path().join("one"));
    let names: Vec<&str> = one.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.len() >= 14 && names.iter().any(|name| name.starts_with("paper/")), "{names:?}");
    assert!(one == files(&folder.path().join("two")), "other threads gave other files");
    // `report` makes the same page and figures again from the table alone.
    fs::create_dir(folder.path().join("again")).unwrap();
    fs::copy(folder.path().join("one/sweep.json"), folder.path().join("again/sweep.json")).unwrap();
    let said = seedstorm(folder.path(), &["report", "again", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.json()["figures"].as_array().unwrap().len() >= 9, "{}", said.out);
    for drawn in files(&folder.path().join("again")) {
        assert!(one.contains(&drawn), "{} is another one", drawn.0);
    }
}

#[test]
fn a_wrong_theory_is_a_finding() {
    let folder = folder();
    let text = small().replace("theory   = { messages_per = \"n^2\"", "theory   = { messages_per = \"n\"");
    fs::write(folder.path().join("wrong.toml"), text).unwrap();
    let said = seedstorm(folder.path(), &["sweep", "wrong.toml", "--seeds", "0..2"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("DISAGREES"), "{}", said.out);
}

#[test]
fn a_killed_sweep_goes_on_to_the_same_bytes() {
    let folder = folder();
    fs::write(folder.path().join("small.toml"), small()).unwrap();
    let arguments = ["sweep", "small.toml", "--seeds", "0..16", "--jobs", "1", "--out"];
    let whole = seedstorm(folder.path(), &[&arguments[..], &["whole"]].concat());
    assert_eq!(whole.code, 0, "{}", whole.err);
    let mut child = Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(arguments)
        .arg("cut")
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let runs = folder.path().join("cut/runs.jsonl");
    // The header, and at least one round.
    while fs::metadata(&runs).map_or(0, |runs| runs.len()) < 2_000 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // As if the power had gone in the middle of a line.
    let text = fs::read(&runs).unwrap();
    fs::write(&runs, &text[..text.len() - 7]).unwrap();
    let unfinished = fs::read(&runs).unwrap();
    let said = seedstorm(folder.path(), &[&arguments[..], &["cut"]].concat());
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("--resume") && said.err.contains("--start-over"), "{}", said.err);
    assert_eq!(fs::read(&runs).unwrap(), unfinished);
    let said = seedstorm(folder.path(), &[&arguments[..], &["cut", "--resume"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    for name in ["runs.jsonl", "runs.csv", "points.csv", "sweep.json", "messages-vs-n.png", "report.html"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(name)).unwrap();
        assert_eq!(read("whole"), read("cut"), "{name}");
    }
}

#[test]
fn a_range_without_seeds_is_refused_and_leaves_results_alone() {
    let folder = folder();
    fs::write(folder.path().join("small.toml"), small()).unwrap();
    let arguments = ["sweep", "small.toml", "--out", "o", "--seeds"];
    assert_eq!(seedstorm(folder.path(), &[&arguments[..], &["0..2"]].concat()).code, 0);
    let read =
        || ["runs.jsonl", "runs.csv"].map(|name| fs::read(folder.path().join("o").join(name)).unwrap());
    let before = read();
    let said = seedstorm(folder.path(), &[&arguments[..], &["5..5"]].concat());
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    assert!(said.err.contains("A < B"), "{}", said.err);
    assert_eq!(read(), before);
}

#[test]
fn bad_sweeps_are_refused() {
    let folder = folder();
    for (right, wrong, part) in [
        ("[3, 9, 27]", "[3, 0]", "at least one node"),
        ("raft-calm", "raft-clam", "did you mean \"raft-calm\"?"),
        (
            "operations.succeeded\"\nper_name",
            "operations.suceeded\"\nper_name",
            "did you mean \"operations.succeeded\"?",
        ),
        ("\"n^2\"", "\"n^4\"", "n^3"),
        ("{ messages_per", "{ mesages_per", "did you mean \"messages_per\"?"),
        ("name    = \"messages-vs-n\"", "name    = \"../out\"", "files cannot be named"),
    ] {
        let text = small().replacen(right, wrong, 1);
        assert_ne!(text, small());
        fs::write(folder.path().join("bad.toml"), text).unwrap();
        let said = seedstorm(folder.path(), &["sweep", "bad.toml"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{wrong}: {}", said.err);
        assert!(said.err.contains(part), "{wrong}: {}", said.err);
        assert!(!folder.path().join("seedstorm-out").exists());
    }
}
