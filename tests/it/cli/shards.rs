//! `--shard` and `merge`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Said, files, folder, seedstorm};

/// A sweep of few and short runs.
const SWEEP: &str = r#"schema = "seedstorm.sweep/1"
title = "Elections"
seeds = "0..7"
[grid]
"cluster.nodes" = [3, 5]
[[base]]
label = "raft"
scenario = "raft-calm"
set = { "stop.returned" = 40, "checks.progress" = "none", "checks.at_least" = { "operations.succeeded" = 30 } }
"#;

/// Findings of several kinds, in several shards.
const EXPLORE: [&str; 8] = ["explore", "demo-bug", "--plant", "R01", "--plant", "R03", "--seeds", "0..60"];

fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        assert!(
            one == other,
            "{name}:\n{}\n{}",
            String::from_utf8_lossy(one),
            String::from_utf8_lossy(other)
        );
    }
}

/// Runs a campaign whole in `whole/out`, and in shards in `parts/0`, `parts/1` ...
fn run(folder: &Path, command: &[&str], of: u32) -> Said {
    let text = folder.join("s.toml");
    fs::write(text, SWEEP).unwrap();
    // A capsule names its path: the merged one must have the same.
    for name in ["whole", "parts"] {
        fs::create_dir_all(folder.join(name)).unwrap();
        fs::copy(folder.join("s.toml"), folder.join(name).join("s.toml")).unwrap();
    }
    let whole = seedstorm(&folder.join("whole"), &[command, &["--out", "out"]].concat());
    for index in 0..of {
        let (shard, out) = (format!("{index}/{of}"), index.to_string());
        let said = seedstorm(&folder.join("parts"), &[command, &["--shard", &shard, "--out", &out]].concat());
        assert_eq!(said.code, 0, "{}{}", said.err, said.out);
    }
    whole
}

fn merge(folder: &Path, arguments: &[&str]) -> Said {
    seedstorm(&folder.join("parts"), &[&["merge"], arguments].concat())
}

/// Points stop early, and shards agree on where, since each has whole points.
#[test]
fn shards_of_a_sweep_that_stops_early_merge_to_the_bytes_of_the_whole() {
    let folder = folder();
    let folder = folder.path();
    let rule = "[stop]\ncolumn = \"messages\"\nrelative = \"20%\"\nlooks = [2, 3, 5]\n[grid]";
    let text = SWEEP.replace("[grid]", rule).replace("[3, 5]", "[3, 4, 5, 7]");
    for name in ["whole", "parts"] {
        fs::create_dir_all(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("s.toml"), &text).unwrap();
    }
    let whole = seedstorm(&folder.join("whole"), &["sweep", "s.toml", "--out", "out"]);
    let points = fs::read_to_string(folder.join("whole/out/sweep.json")).unwrap();
    assert!(points.contains("\"stopped\": true"), "{}", whole.out);
    assert!(
        whole.out.contains("a point stops where half the interval of the mean messages"),
        "{}",
        whole.out
    );
    for index in ["2", "0", "1"] {
        let arguments = ["sweep", "s.toml", "--shard", &format!("{index}/3"), "--out", index];
        let said = seedstorm(&folder.join("parts"), &arguments);
        assert_eq!(said.code, 0, "{}{}", said.err, said.out);
    }
    let said = merge(folder, &["1", "2", "0", "--out", "out"]);
    assert_eq!(said.code, whole.code, "{}{}", said.err, said.out);
    assert_same(&folder.join("whole/out"), &folder.join("parts/out"));
}

#[test]
fn shards_of_a_sweep_merge_to_the_bytes_of_the_whole_in_any_order() {
    let folder = folder();
    let folder = folder.path();
    let whole = run(folder, &["sweep", "s.toml"], 3);
    let parts = folder.join("parts");
    for order in [["0", "1", "2"], ["2", "0", "1"], ["1", "2", "0"]] {
        let said = merge(folder, &[&order[..], &["--out", "out"]].concat());
        assert_eq!(said.code, whole.code, "{}{}", said.err, said.out);
        assert_same(&folder.join("whole/out"), &parts.join("out"));
        fs::remove_dir_all(parts.join("out")).unwrap();
    }
    // Twice, and two first: the same.
    let said = merge(folder, &["0", "1", "0", "--out", "out", "--json"]);
    assert_eq!(said.code, 3);
    assert_eq!(said.json()["missing"], serde_json::json!(["2/3"]));
    let said = merge(folder, &["out", "2", "--out", "out"]);
    assert_eq!(said.code, whole.code, "{}{}", said.err, said.out);
    assert_same(&folder.join("whole/out"), &parts.join("out"));
    merge(folder, &["out", "1", "2", "--out", "out"]);
    assert_same(&folder.join("whole/out"), &parts.join("out"));
}

#[test]
fn shards_of_an_exploration_with_findings_merge_to_the_bytes_of_the_whole() {
    let folder = folder();
    let folder = folder.path();
    let whole = run(folder, &[&EXPLORE[..], &["--no-shrink"]].concat(), 4);
    assert_eq!(whole.code, 1, "{}", whole.out);
    let parts = folder.join("parts");
    assert_eq!(merge(folder, &["3", "1", "--out", "some"]).code, 3);
    assert_eq!(merge(folder, &["2", "1", "--out", "others"]).code, 3);
    let said = merge(folder, &["others", "0", "some", "--out", "out"]);
    assert_eq!(said.code, 1, "{}{}", said.err, said.out);
    let found = files(&parts.join("out")).len();
    assert!(found >= 3, "two kinds of findings and the state, not {found} files");
    assert_same(&folder.join("whole/out"), &parts.join("out"));
    // Told alike, but for how long it took.
    let told = |text: &str| text.split_once("demanded").map(|(_, rest)| rest.to_owned()).unwrap();
    assert_eq!(told(&whole.out), told(&said.out));
    merge(folder, &["out", "0", "1", "--out", "out"]);
    assert_same(&folder.join("whole/out"), &parts.join("out"));
}

/// Shrinking is a function of the capsule, so a shard shrinks its findings as the whole campaign does.
#[test]
fn what_shards_have_shrunk_is_what_the_whole_has_shrunk() {
    let folder = folder();
    let folder = folder.path();
    let whole = run(folder, &["explore", "demo-bug", "--plant", "R01", "--seeds", "0..12"], 2);
    assert_eq!(whole.code, 1, "{}", whole.out);
    assert_eq!(merge(folder, &["1", "0", "--out", "out"]).code, 1);
    assert_same(&folder.join("whole/out"), &folder.join("parts/out"));
}

#[test]
fn what_is_missing_damaged_or_of_another_campaign_is_named() {
    let folder = folder();
    let folder = folder.path();
    run(folder, &["sweep", "s.toml"], 3);
    let parts = folder.join("parts");
    let other = ["sweep", "s.toml", "--seeds", "0..3", "--shard", "1/3", "--out", "other"];
    assert_eq!(seedstorm(&parts, &other).code, 0);
    let path = parts.join("2/runs.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replacen("\"seed\":", "\"seed\": ", 1)).unwrap();
    let said = merge(folder, &["0", "1", "2", "other", "nowhere", "0/runs.jsonl", "--out", "out"]);
    assert_eq!(said.code, 3, "{}", said.err);
    for text in [
        "refused   2: it is damaged: runs.jsonl",
        "refused   other: it is of another campaign",
        "refused   nowhere: there is no such folder",
        "refused   0/runs.jsonl: it is a file, not a folder",
    ] {
        assert!(said.err.contains(text), "{}", said.err);
    }
    assert!(said.out.contains("missing   2/3"), "{}", said.out);
    // Whole again, the rest that was kept is enough; and a foreign folder is not passed over in silence.
    fs::write(&path, good).unwrap();
    let said = merge(folder, &["out", "2", "other", "--out", "out"]);
    assert_eq!(said.code, 2, "{}{}", said.err, said.out);
    assert_same(&folder.join("whole/out"), &parts.join("out"));
    // A seal of another build.
    let seal = fs::read_to_string(parts.join("0/shard.json")).unwrap();
    fs::write(parts.join("0/shard.json"), seal.replacen("\"engine\": ", "\"engine\": 9", 1)).unwrap();
    let said = merge(folder, &["0", "--out", "none"]);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("no folder holds a shard") && said.err.contains("checksum"), "{}", said.err);
}

#[test]
fn one_shard_with_other_runs_in_two_folders_is_an_internal_error() {
    let folder = folder();
    let folder = folder.path();
    run(folder, &["sweep", "s.toml"], 2);
    let parts = folder.join("parts");
    // Another machine made this of the same shard: its runs are changed and it is sealed again by the program.
    fs::create_dir(parts.join("twin")).unwrap();
    for name in ["runs.jsonl", "shard.json"] {
        fs::copy(parts.join("0").join(name), parts.join("twin").join(name)).unwrap();
    }
    let runs = fs::read_to_string(parts.join("twin/runs.jsonl")).unwrap();
    fs::write(parts.join("twin/runs.jsonl"), runs.replacen("\"events\":", "\"events\":1", 1)).unwrap();
    fs::remove_file(parts.join("twin/shard.json")).unwrap();
    let again = ["sweep", "s.toml", "--shard", "0/2", "--out", "twin", "--resume"];
    assert_eq!(seedstorm(&parts, &again).code, 0);
    let said = merge(folder, &["0", "1", "twin", "--out", "out"]);
    assert_eq!(said.code, 70, "{}", said.err);
    assert!(said.err.contains("shard 0/2 has other runs in"), "{}", said.err);
}

/// Kills a shard at a moment that differs each time, until it comes to its end before that.
#[test]
fn a_killed_shard_goes_on_to_the_same_bytes() {
    let folder = folder();
    let folder = folder.path();
    let command = [&EXPLORE[..6], &["--seeds", "0..1000", "--no-shrink"]].concat();
    run(folder, &command, 2);
    let parts = folder.join("parts");
    let shard = [&command[..], &["--shard", "1/2", "--out", "cut"]].concat();
    let mut killed = 0;
    for milliseconds in (40..2_000).step_by(280) {
        let resume: &[&str] = if parts.join("cut/explore.state.json").exists() { &["--resume"] } else { &[] };
        let mut child = Command::new(env!("CARGO_BIN_EXE_seedstorm"))
            .args(&shard)
            .args(resume)
            .current_dir(&parts)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        assert_eq!(merge(folder, &["0", "cut", "--out", "early"]).code, 3);
    }
    assert!(killed > 0, "it was over before it could be killed");
    // On a machine under load it may have been killed each time before it wrote anything.
    let begun = parts.join("cut/explore.state.json").exists();
    let resume: &[&str] = if begun { &["--resume"] } else { &[] };
    let said = seedstorm(&parts, &[&shard[..], resume].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(merge(folder, &["0", "cut", "--out", "out"]).code, 1);
    assert_same(&folder.join("whole/out"), &parts.join("out"));
}

#[test]
fn the_local_engine_runs_what_is_missing_and_merges_to_the_bytes_of_the_whole() {
    let folder = folder();
    let folder = folder.path();
    let command = [&EXPLORE[..], &["--no-shrink"]].concat();
    let whole = run(folder, &command, 1);
    let parts = folder.join("parts");
    let engine = [&command[..], &["--engine", "local", "--shards", "3", "--out", "out"]].concat();
    let dry = seedstorm(&parts, &[&engine[..], &["--dry-run"]].concat());
    assert_eq!((dry.code, dry.out.lines().count(), parts.join("out").exists()), (0, 3, false), "{}", dry.err);
    let said = seedstorm(&parts, &engine);
    assert_eq!(said.code, whole.code, "{}{}", said.err, said.out);
    let of_whole = || {
        let mut found = files(&parts.join("out"));
        found.retain(|(name, _)| !name.starts_with("shards/"));
        found
    };
    assert!(of_whole() == files(&folder.join("whole/out")));
    // A shard that is lost, one that is damaged and one that was cut off: only they are run again.
    fs::write(parts.join("out/shards/0-of-3/mine"), "untouched").unwrap();
    fs::remove_dir_all(parts.join("out/shards/1-of-3")).unwrap();
    fs::write(parts.join("out/shards/2-of-3/explore.state.json"), "{}").unwrap();
    fs::remove_file(parts.join("out/shards/2-of-3/shard.json")).unwrap();
    let seal = fs::metadata(parts.join("out/shards/0-of-3/shard.json")).unwrap().modified().unwrap();
    let again = seedstorm(&parts, &engine);
    assert_eq!(again.code, 3, "a state that nobody can read is not dropped unasked: {}", again.err);
    assert!(
        again.err.contains("shard 2/3 ended with") && again.out.contains("missing   2/3"),
        "{}",
        again.err
    );
    fs::remove_dir_all(parts.join("out/shards/2-of-3")).unwrap();
    assert_eq!(seedstorm(&parts, &engine).code, whole.code);
    assert_eq!(fs::metadata(parts.join("out/shards/0-of-3/shard.json")).unwrap().modified().unwrap(), seal);
    assert!(of_whole() == files(&folder.join("whole/out")));
}

#[test]
fn the_scripts_for_slurm_say_what_was_asked_for() {
    let folder = folder();
    fs::write(folder.path().join("s.toml"), SWEEP).unwrap();
    let resources = "[slurm]\npartition = \"long\"\nmemory = \"2G\"\ncpus = 4\nsbatch = [\"--qos=low\"]\nsetup = [\"module load x\"]\n";
    fs::write(folder.path().join("r.toml"), resources).unwrap();
    let command = ["sweep", "s.toml", "--engine", "slurm", "--shards", "5", "--dry-run", "--out", "o o"];
    let more = ["--resources", "r.toml", "--partition", "short", "--job-time", "1:00", "--sbatch=--nice=3"];
    let said = seedstorm(folder.path(), &[&command[..], &more].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    for line in [
        "#SBATCH --array=0-4",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --partition=short",
        "#SBATCH --mem=2G",
        "#SBATCH --time=1:00",
        "#SBATCH --qos=low",
        "#SBATCH --nice=3",
        "module load x",
    ] {
        assert!(said.out.lines().any(|found| found == line), "{line}\n{}", said.out);
    }
    assert!(said.out.contains("/o o/shards/'\"$SLURM_ARRAY_TASK_ID\"'-of-5'"), "{}", said.out);
    assert!(!said.out.contains("long") && !folder.path().join("o o").exists());
    let wrong = "[slurm]\npartitoin = \"x\"\n";
    fs::write(folder.path().join("r.toml"), wrong).unwrap();
    let said = seedstorm(folder.path(), &[&command[..], &more].concat());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("did you mean \"partition\"?"), "{}", said.err);
}
