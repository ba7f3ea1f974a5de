mod design;
mod stopping;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sim_core::ordered::OrderedMap;

use super::*;
use crate::artefact::lock;
use crate::begin::Begin;
use crate::begin::FolderError;
use crate::parallel::{Hooks, Threads};
use crate::problem::Problems;
use crate::shard::Shard;
use crate::testing::{LEAST, registry};

pub(super) const FILE: &str = r#"schema = "seedstorm.sweep/1"
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

pub(super) fn made(text: &str) -> Result<Sweep, Problems> {
    let draft = Draft::parse(Source { name: "sweep.toml".to_owned(), text: text.to_owned() })?;
    let least = Source { name: "least.toml".to_owned(), text: LEAST.to_owned() };
    draft.build(&registry(), &OrderedMap::from([("least.toml".to_owned(), least)]))
}

pub(super) fn options(jobs: usize, resume: bool) -> SweepOptions {
    let begin = if resume { Begin::Resume } else { Begin::Fresh };
    SweepOptions { jobs: Some(jobs), begin, shard: Shard::WHOLE, build: "b".to_owned() }
}

/// A sweep that was run, with its rows as they are read again.
#[derive(Debug)]
struct Swept {
    rows: Vec<Row>,
    resumed: u64,
    interrupted: bool,
}

fn swept(
    sweep_of: &Sweep,
    folder: &Path,
    options: &SweepOptions,
    hooks: Hooks<'_>,
) -> Result<Swept, SweepError> {
    let run = sweep(sweep_of, &lock(folder).map_err(FolderError::from)?, options, hooks)?;
    let SweepRun { made, resumed, interrupted } = run;
    let tabulated = tabulated(sweep_of, folder, made)?;
    let mut rows = Vec::new();
    tabulated.each(|row| {
        rows.push(row.clone());
        Ok(())
    })?;
    // What is read in batches and in parallel is what comes of all rows at once.
    assert_eq!((rows.len() as u64, &tabulated.table), (made, &tabulate(sweep_of, &rows)));
    Ok(Swept { rows, resumed, interrupted })
}

fn tabulated<'a>(sweep_of: &'a Sweep, folder: &Path, made: u64) -> Result<Tabulated<'a>, SweepError> {
    Tabulated::read(sweep_of, folder, "b", made, &Threads::start(Some(2))?)
}

fn runs_csv(sweep_of: &Sweep, folder: &Path) -> String {
    let path = folder.join("runs.csv");
    let tabulated = tabulated(sweep_of, folder, sweep_of.runs()).unwrap();
    tabulated.write_runs_csv(&path, &Threads::start(Some(2)).unwrap()).unwrap();
    std::fs::read_to_string(path).unwrap()
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
        (
            "{ \"cluster.nodes\" = [10] }\n[[plot]]\nagainst = \"cluster.nodes\"\ncolumns = [\"messages\"]\nbases = [\"tyo\"]",
            "{ \"cluster.nodes\" = [10] }",
            &["no base has the label \"tyo\"", "did you mean \"toy\"?"],
        ),
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
    let whole = swept(&sweep_of, one.path(), &options(1, false), Hooks::NONE).unwrap();
    swept(&sweep_of, two.path(), &options(2, false), Hooks::NONE).unwrap();
    let text = std::fs::read(one.path().join("runs.jsonl")).unwrap();
    assert_eq!(text, std::fs::read(two.path().join("runs.jsonl")).unwrap());
    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 361);
    // A killed sweep leaves whole lines and perhaps a torn one, wherever it was cut.
    for cut in [text.len() / 3, text.len() - 1, text.len() * 2 / 3] {
        std::fs::write(killed.path().join("runs.jsonl"), &text[..cut]).unwrap();
        let resumed = swept(&sweep_of, killed.path(), &options(2, true), Hooks::NONE).unwrap();
        assert!(resumed.resumed > 0 && resumed.resumed < 360);
        assert_eq!(std::fs::read(killed.path().join("runs.jsonl")).unwrap(), text);
        assert_eq!(tabulate(&sweep_of, &resumed.rows), tabulate(&sweep_of, &whole.rows));
        assert_eq!(runs_csv(&sweep_of, killed.path()), runs_csv(&sweep_of, one.path()));
        assert_eq!(runs_csv(&sweep_of, one.path()).lines().count(), 361);
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
    let cut = swept(&sweep_of, folder.path(), &options(2, false), hooks).unwrap();
    assert!(cut.interrupted && (64..200).contains(&cut.rows.len()), "{}", cut.rows.len());
    let rest = swept(&sweep_of, folder.path(), &options(2, true), Hooks::NONE).unwrap();
    assert_eq!((rest.resumed, rest.rows.len()), (cut.rows.len() as u64, 360));
    assert_eq!(rest.rows[..cut.rows.len()], cut.rows[..]);
}

#[test]
fn an_unfinished_sweep_is_not_replaced_unasked() {
    let sweep_of = made(FILE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let whole = swept(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
    // A finished one only repeats itself.
    assert_eq!(swept(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap().rows, whole.rows);
    let text = std::fs::read_to_string(&path).unwrap();
    let cut: String = text.split_inclusive('\n').take(101).collect();
    let other = made(&FILE.replacen("0..40", "0..3", 1)).unwrap();
    for (sweep_of, content, part) in [
        (&sweep_of, cut.as_str(), "with 100 of 360 runs\n  = --resume goes on with it"),
        (&other, cut.as_str(), "not the same campaign: it is of another sweep"),
        (&other, "{\"schema\":\"seedstorm.sweep-ru", "cannot be gone on with"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = swept(sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap_err();
        assert!(matches!(error, SweepError::Folder(FolderError::Unfinished(_))), "{error}");
        for part in [part, "--out", "--start-over"] {
            assert!(error.to_string().contains(part), "{part} is not in {error}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    // What is of somebody else is not dropped either way.
    for begin in [Begin::Fresh, Begin::Over] {
        std::fs::write(&path, "name,value\na,1\n").unwrap();
        let options = SweepOptions { begin, ..options(2, false) };
        let error = swept(&sweep_of, folder.path(), &options, Hooks::NONE).unwrap_err();
        assert!(matches!(error, SweepError::Folder(FolderError::Write(_))), "{error}");
    }
    std::fs::write(&path, &cut).unwrap();
    let over = SweepOptions { begin: Begin::Over, ..options(2, false) };
    assert_eq!(swept(&sweep_of, folder.path(), &over, Hooks::NONE).unwrap().rows, whole.rows);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_runs_of_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sweep_of = made(FILE).unwrap();
    let refused = |sweep_of: &Sweep, options: SweepOptions| {
        let error = swept(sweep_of, folder.path(), &options, Hooks::NONE).unwrap_err();
        assert!(matches!(error, SweepError::Folder(FolderError::Resume { .. })), "{error}");
        error.to_string()
    };
    refused(&sweep_of, options(1, true));
    swept(&sweep_of, folder.path(), &options(1, false), Hooks::NONE).unwrap();
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
    let mut run = swept(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
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
        let mut run = swept(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
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

/// A sweep of one base over `cluster.nodes`, and whatever else is said.
fn one(rest: &str) -> Result<Sweep, String> {
    let text = format!(
        "schema = \"seedstorm.sweep/1\"\ntitle = \"Toys\"\nseeds = \"0..4\"\n[grid]\n\
         \"cluster.nodes\" = [4, 7, 13]\n\"swarm.nodes\" = [{{ min = 3, max = 4 }}, {{ min = 4, max = 4 }}]\n\
         [[base]]\nlabel = \"toy\"\nscenario = \"least.toml\"\n{rest}"
    );
    made(&text).map_err(|problems| problems.render(false))
}

#[test]
fn plots_ask_for_what_is_there_and_name_files_that_nothing_else_has() {
    let plot = |rest: &str| format!("[[plot]]\nagainst = \"cluster.nodes\"\ncolumns = [\"events\"]\n{rest}");
    for name in ["../../escaped/x", "/x", "a/b", "a b", "", "X", "a.b", "runs", "points", "sweep", "report"] {
        let said = one(&plot(&format!("name = \"{name}\"\n"))).unwrap_err();
        assert!(said.contains("named") && said.contains("sweep.toml:13:"), "{said}");
    }
    for (second, part) in [
        (plot(""), "two plots are named \"events-vs-cluster-nodes\""),
        (plot("").replace("cluster.nodes", "cluster.nods"), "did you mean \"cluster.nodes\"?"),
        (plot("").replace("events", "event"), "did you mean \"events\"?"),
        (plot("").replace("events", "measure.nothing"), "unknown column \"measure.nothing\""),
        (plot("").replace("\"events\"", ""), "at least one column"),
        (plot("name = \"x-distribution\"\n"), "are those of a distribution"),
        (plot("name = \"x\"\nsize_mm = [20, 60]\n"), "between 30 and 1000 millimeters"),
        (plot("name = \"x\"\ny_scale = \"lgo\"\n"), "lgo"),
    ] {
        let said = one(&(plot("") + &second)).unwrap_err();
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.contains("nothing was run or written"), "{said}");
    }
    assert_eq!(one(&(plot("") + &plot("name = \"events-2\"\n"))).unwrap().file.plots.len(), 2);
}

#[test]
fn every_plot_has_files_of_its_own_although_keys_end_alike() {
    let sweep_of = one("").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = swept(&sweep_of, folder.path(), &options(1, false), Hooks::NONE).unwrap();
    let names: Vec<String> = tabulate(&sweep_of, &run.rows).plots.into_iter().map(|plot| plot.name).collect();
    let expected = ["cluster", "swarm"]
        .map(|of| ["messages", "bytes"].map(|what| format!("{what}-per-vs-{of}-nodes")))
        .concat();
    assert_eq!(names, expected);
}

#[test]
fn plotted_columns_keep_the_values_of_single_runs() {
    let plot = "[[plot]]\nagainst = \"cluster.nodes\"\ncolumns = [\"events\"]\nx_scale = \"log\"\ny_label = \"work\"\n";
    let sweep_of = one(plot).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = swept(&sweep_of, folder.path(), &options(1, false), Hooks::NONE).unwrap();
    let table = tabulate(&sweep_of, &run.rows);
    assert!(table.plots[0].x_log() && !table.plots[0].y_log());
    assert_eq!(table.plots[0].y_label.as_deref(), Some("work"));
    for point in &table.points {
        let values = &point.distributions["events"];
        assert_eq!((values.len() as u64, point.distributions.len()), (point.runs, 1));
        assert!(values.is_sorted());
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean - point.columns["events"].mean).abs() < 1e-6, "{mean}");
    }
}

#[test]
fn a_law_that_no_fit_would_judge_is_refused() {
    let fitted = "[[plot]]\nagainst = \"cluster.nodes\"\ncolumns = [\"events\"]\nfit = true\n";
    let law = |column: &str, law: &str| format!("theory = {{ {column} = \"{law}\" }}\n");
    for (text, part) in [
        (law("mesages_per", "n^3"), "did you mean \"messages_per\"?"),
        (law("events", "n"), "no plot fits events"),
        (law("messages_per", "n") + fitted, "no plot fits messages_per"),
        (law("events", "n") + &fitted.replace("true", "false"), "no plot fits events"),
        (law("events", "n") + &fitted.replace("cluster", "swarm"), "n cannot be judged over 0 numbers"),
        // Without plots messages are fitted against every number, and a law is of one.
        (
            "grid = { \"cluster.nodes\" = [4, 7, 9], \"network.latency\" = [\"1ms\", \"2ms\", \"3ms\"] }\n"
                .to_owned()
                + &law("messages_per", "n"),
            "does not say which key it is about: cluster.nodes, network.latency",
        ),
        (
            "grid = { \"cluster.nodes\" = [4, 7] }\n".to_owned() + &law("events", "n") + fitted,
            "n cannot be judged over 2 numbers of cluster.nodes",
        ),
        (
            "grid = { \"cluster.nodes\" = [1, 7, 9] }\n".to_owned() + &law("events", "log n") + fitted,
            "log n cannot be judged over 3 numbers",
        ),
    ] {
        let said = one(&text).unwrap_err();
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.contains("sweep.toml:1"), "{said}");
    }
    assert!(one(&(law("events", "n") + fitted)).is_ok());
}

#[test]
fn a_law_without_a_fit_never_agrees() {
    let text = "theory = { \"operation_wait_ns.p50\" = \"n\" }\n[[plot]]\nagainst = \"cluster.nodes\"\n\
                columns = [\"operation_wait_ns.p50\"]\nfit = true\n";
    let sweep_of = one(text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = swept(&sweep_of, folder.path(), &options(1, false), Hooks::NONE).unwrap();
    // The toy measures no latencies.
    let table = tabulate(&sweep_of, &run.rows);
    assert_eq!((table.fits.len(), table.unjudged.len()), (0, 2));
    assert!(!table.agrees_with_theory() && !table.contradicts_theory());
    assert!(!tabulate(&sweep_of, &[]).agrees_with_theory());
}

#[test]
fn points_of_bases_add_up_to_no_more_than_is_allowed() {
    let values = |count: u32| (4..4 + count).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let text = |count| {
        FILE.replacen("[4, 7]", &format!("[{}]", values(count)), 1)
            .replacen("\"network.loss\" = [\"1/100\", \"0\", \"1/10\"]\n", "", 1)
            .replacen("grid = { \"cluster.nodes\" = [10] }\n", "", 1)
    };
    assert_eq!(made(&text(101)).unwrap().points.len(), 202);
    let loss: Vec<String> = (0..100).map(|n| format!("\"{n}/1000\"")).collect();
    let grid = format!("[grid]\n\"network.loss\" = [{}]\n", loss.join(", "));
    let said = made(&text(101).replacen("[grid]\n", &grid, 1)).unwrap_err().render(false);
    assert!(said.contains("more than 10000 points"), "{said}");
}

#[test]
fn a_line_torn_within_a_letter_is_dropped() {
    let sweep_of = made(&FILE.replace("\"other\"", "\"änders\"")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    swept(&sweep_of, folder.path(), &options(1, false), Hooks::NONE).unwrap();
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read(&path).unwrap();
    let torn = text.iter().rposition(|byte| *byte == "ä".as_bytes()[0]).unwrap() + 1;
    std::fs::write(&path, &text[..torn]).unwrap();
    let resumed = swept(&sweep_of, folder.path(), &options(1, true), Hooks::NONE).unwrap();
    assert_eq!(resumed.resumed, 359);
    assert_eq!(std::fs::read(&path).unwrap(), text);
}

#[test]
fn results_stay_until_others_are_there() {
    let sweep_of = made(FILE).unwrap();
    let other = made(&FILE.replacen("0..40", "0..3", 1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let at_once = Hooks { after_run: &|| {}, interrupted: &|| true };
    // Into an empty folder goes a header, with which one can go on.
    assert!(swept(&sweep_of, folder.path(), &options(1, false), at_once).unwrap().rows.is_empty());
    swept(&sweep_of, folder.path(), &options(1, true), Hooks::NONE).unwrap();
    let text = std::fs::read(&path).unwrap();
    let over = SweepOptions { begin: Begin::Over, ..options(1, false) };
    for begin in [options(1, false), over] {
        assert!(swept(&other, folder.path(), &begin, at_once).unwrap().rows.is_empty());
        assert_eq!(std::fs::read(&path).unwrap(), text);
    }
    swept(&other, folder.path(), &options(1, false), Hooks::NONE).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 28);
}

#[test]
fn built_in_sweeps_can_be_read() {
    for builtin in SWEEPS {
        let draft = Draft::parse(find(builtin.name).unwrap()).unwrap();
        assert!(draft.scenarios().all(|name| crate::builtin::find(name).is_some()));
        assert!(draft.file().about.len() > 100);
    }
}
