use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::begin::Begin;
use crate::explore::Hooks;
use crate::problem::Problems;
use crate::testing::{LEAST, registry};

const FILE: &str = r#"schema = "seedstorm.sweep/1"
title = "Toys"
seeds = "0..40"
[grid]
"cluster.nodes" = [4, 7]
"network.loss" = ["1/100", "0", "1/10"]
[[base]]
label = "toy"
scenario = "least.toml"
per = "operations.succeeded"
[[base]]
label = "other"
scenario = "least.toml"
set = { "cluster.duration" = "3s" }
grid = { "cluster.nodes" = [10] }
"#;

fn made(text: &str) -> Result<Sweep, Problems> {
    let draft = Draft::parse(Source { name: "sweep.toml".to_owned(), text: text.to_owned() })?;
    let least = Source { name: "least.toml".to_owned(), text: LEAST.to_owned() };
    draft.build(&registry(), &BTreeMap::from([("least.toml".to_owned(), least)]))
}

fn options(jobs: usize, resume: bool) -> SweepOptions {
    let begin = if resume { Begin::Resume } else { Begin::Fresh };
    SweepOptions { jobs: Some(jobs), begin, build: "b".to_owned() }
}

#[test]
fn a_grid_has_every_combination_in_order() {
    let sweep = made(FILE).unwrap();
    let at = |point: &PlannedPoint| {
        point.at.iter().map(|(_, value)| csv::plain(value)).collect::<Vec<_>>().join(" ")
    };
    let places: Vec<String> = sweep.points.iter().map(at).collect();
    assert_eq!(
        places,
        ["4 1/100", "4 0", "4 1/10", "7 1/100", "7 0", "7 1/10", "10 1/100", "10 0", "10 1/10"]
    );
    assert_eq!(sweep.points[8].loaded.scenario.cluster.nodes, 10);
    assert_eq!(sweep.points[8].loaded.scenario.cluster.duration.to_string(), "3s");
    assert_eq!(sweep.runs(), 360);
}

#[test]
fn an_error_at_a_point_names_key_and_value_where_they_are_written() {
    for (wrong, right, parts) in [
        ("[4, 0]", "[4, 7]", &["sweep.toml:5:", "cluster.nodes = 0", "\"toy\""][..]),
        ("[\"1/100\", \"2\"]", "[\"1/100\", \"0\", \"1/10\"]", &["sweep.toml:6:", "network.loss = \"2\""]),
        (
            "\"cluster.nods\"",
            "\"cluster.nodes\"",
            &["unknown key \"nods\"", "sweep.toml:5:", "did you mean \"nodes\"?"],
        ),
        ("observed.BecamePrimry", "operations.succeeded", &["sweep.toml:10:", "observed.BecamePrimary"]),
        ("\"5..3\"", "\"0..40\"", &["sweep.toml:3:", "no range of seeds"]),
        ("titel = ", "title = ", &["unknown key \"titel\"", "did you mean \"title\"?"]),
        ("[7, 7]", "[4, 7]", &["has the value 7 twice"]),
        ("[]", "[4, 7]", &["cluster.nodes has no values"]),
        ("4", "[4, 7]", &["must have a list of values"]),
        ("\"toy\"", "\"other\"", &["two bases have the label \"toy\""]),
    ] {
        let text = FILE.replacen(right, wrong, 1);
        assert_ne!(text, FILE);
        let said = made(&text).unwrap_err().render(false);
        for part in parts {
            assert!(said.contains(part), "{wrong}: {part} is not in\n{said}");
        }
    }
}

#[test]
fn threads_change_nothing_and_neither_does_being_killed() {
    let sweep_of = made(FILE).unwrap();
    let [one, two, killed] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let whole = sweep(&sweep_of, one.path(), &options(1, false), Hooks::NONE).unwrap();
    sweep(&sweep_of, two.path(), &options(2, false), Hooks::NONE).unwrap();
    let text = std::fs::read(one.path().join("runs.jsonl")).unwrap();
    assert_eq!(text, std::fs::read(two.path().join("runs.jsonl")).unwrap());
    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 361);
    // A killed sweep leaves whole lines and perhaps a torn one, wherever it was cut.
    for cut in [text.len() / 3, text.len() - 1, text.len() * 2 / 3] {
        std::fs::write(killed.path().join("runs.jsonl"), &text[..cut]).unwrap();
        let resumed = sweep(&sweep_of, killed.path(), &options(2, true), Hooks::NONE).unwrap();
        assert!(resumed.resumed > 0 && resumed.resumed < 360);
        assert_eq!(std::fs::read(killed.path().join("runs.jsonl")).unwrap(), text);
        assert_eq!(tabulate(&sweep_of, &resumed.rows), tabulate(&sweep_of, &whole.rows));
        assert_eq!(runs_csv(&sweep_of, &resumed.rows), runs_csv(&sweep_of, &whole.rows));
    }
}

#[test]
fn an_interrupted_sweep_keeps_a_prefix() {
    let sweep_of = made(FILE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let runs = AtomicUsize::new(0);
    let hooks = Hooks {
        after_run: &|| {
            runs.fetch_add(1, Ordering::Relaxed);
        },
        interrupted: &|| runs.load(Ordering::Relaxed) >= 100,
    };
    let cut = sweep(&sweep_of, folder.path(), &options(2, false), hooks).unwrap();
    assert!(cut.interrupted && (64..200).contains(&cut.rows.len()), "{}", cut.rows.len());
    let rest = sweep(&sweep_of, folder.path(), &options(2, true), Hooks::NONE).unwrap();
    assert_eq!((rest.resumed, rest.rows.len()), (cut.rows.len(), 360));
    assert_eq!(rest.rows[..cut.rows.len()], cut.rows[..]);
}

#[test]
fn an_unfinished_sweep_is_not_replaced_unasked() {
    let sweep_of = made(FILE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let whole = sweep(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
    // A finished one only repeats itself.
    assert_eq!(sweep(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap().rows, whole.rows);
    let text = std::fs::read_to_string(&path).unwrap();
    let cut: String = text.split_inclusive('\n').take(101).collect();
    let other = made(&FILE.replacen("0..40", "0..3", 1)).unwrap();
    for (sweep_of, content, part) in [
        (&sweep_of, cut.as_str(), "with 100 of 360 runs\n  = --resume goes on with it"),
        (&other, cut.as_str(), "not the same campaign: it is of another sweep"),
        (&other, "{\"schema\":\"seedstorm.sweep-ru", "cannot be gone on with"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = sweep(sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap_err();
        assert!(matches!(error, SweepError::Unfinished(_)), "{error}");
        for part in [part, "--out", "--start-over"] {
            assert!(error.to_string().contains(part), "{part} is not in {error}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    // What is of somebody else is not dropped either way.
    for begin in [Begin::Fresh, Begin::Over] {
        std::fs::write(&path, "name,value\na,1\n").unwrap();
        let options = SweepOptions { begin, ..options(2, false) };
        let error = sweep(&sweep_of, folder.path(), &options, Hooks::NONE).unwrap_err();
        assert!(matches!(error, SweepError::Write(_)), "{error}");
    }
    std::fs::write(&path, &cut).unwrap();
    let over = SweepOptions { begin: Begin::Over, ..options(2, false) };
    assert_eq!(sweep(&sweep_of, folder.path(), &over, Hooks::NONE).unwrap().rows, whole.rows);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_runs_of_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sweep_of = made(FILE).unwrap();
    let refused = |sweep_of: &Sweep, options: SweepOptions| {
        let error = sweep(sweep_of, folder.path(), &options, Hooks::NONE).unwrap_err();
        assert!(matches!(error, SweepError::Resume { .. }), "{error}");
        error.to_string()
    };
    refused(&sweep_of, options(1, true));
    sweep(&sweep_of, folder.path(), &options(1, false), Hooks::NONE).unwrap();
    let before = std::fs::read(folder.path().join("runs.jsonl")).unwrap();
    for (right, wrong) in [("0..40", "0..41"), ("[4, 7]", "[4, 8]"), ("\"3s\"", "\"4s\"")] {
        let other = made(&FILE.replacen(right, wrong, 1)).unwrap();
        assert!(refused(&other, options(1, true)).contains("another sweep"));
    }
    assert!(
        refused(&sweep_of, SweepOptions { build: "c".to_owned(), ..options(1, true) })
            .contains("another build")
    );
    assert_eq!(std::fs::read(folder.path().join("runs.jsonl")).unwrap(), before);
    std::fs::write(folder.path().join("runs.jsonl"), "{}\n").unwrap();
    refused(&sweep_of, options(1, true));
}

#[test]
fn points_have_estimates_and_lines_have_slopes() {
    let sweep_of = made(FILE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut run = sweep(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
    // The toy sends ten messages whatever its size; here each run of n members has sent n^2.
    for row in &mut run.rows {
        row.per = 1;
        row.messages = u64::from(row.members).pow(2) + row.seed % 2;
    }
    let table = tabulate(&sweep_of, &run.rows);
    let point = &table.points[0];
    assert_eq!((table.points.len(), point.runs, point.conclusive, point.findings), (9, 40, 40, 0));
    let messages = point.columns["messages_per"];
    assert_eq!((messages.count, messages.mean, messages.median), (40, 16.5, 16.5));
    let (low, high) = messages.mean_interval.unwrap();
    assert!(low < 16.5 && 16.5 < high && high - low < 0.5);
    let lines = table.lines("cluster.nodes");
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "toy, network.loss = 1/100");
    assert_eq!((lines.len(), lines[0].1.len()), (6, 2));
    assert_eq!(table.points[2].coordinate("network.loss").unwrap().number, Some(0.1));
    assert!(points_csv(&table).lines().count() > 9 * 9);
}

#[test]
fn theory_is_checked_and_can_be_wrong() {
    let text = |law: &str| {
        let theory = format!("theory = {{ messages_per = \"{law}\" }}\n[[base]]\nlabel = \"other\"");
        let text =
            FILE.replacen("[[base]]\nlabel = \"other\"", &theory, 1).replacen("[4, 7]", "[4, 7, 13, 25]", 1);
        text.replacen("\"network.loss\" = [\"1/100\", \"0\", \"1/10\"]\n", "", 1)
    };
    let folder = tempfile::tempdir().unwrap();
    for (law, agrees) in [("n^2", true), ("n", false), ("n log n", false)] {
        let sweep_of = made(&text(law)).unwrap();
        let mut run = sweep(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
        for row in &mut run.rows {
            row.per = 2;
            row.messages = u64::from(row.members) * (u64::from(row.members) + 1);
        }
        let table = tabulate(&sweep_of, &run.rows);
        let fit = table.fits.iter().find(|fit| fit.column == "messages_per").unwrap();
        assert_eq!(fit.theory.as_ref().unwrap().agrees, agrees, "{law}: {fit:?}");
        assert_eq!((table.agrees_with_theory(), fit.points), (agrees, 4));
        assert!(fit.slope_interval.0 < fit.slope && fit.slope < fit.slope_interval.1);
    }
}

#[test]
fn built_in_sweeps_can_be_read() {
    for builtin in SWEEPS {
        let draft = Draft::parse(find(builtin.name).unwrap()).unwrap();
        assert!(draft.scenarios().all(|name| crate::builtin::find(name).is_some()));
        assert!(draft.file().about.len() > 100);
    }
}
