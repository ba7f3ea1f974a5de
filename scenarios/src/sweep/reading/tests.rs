use sim_core::outcome::MetricSummary;

use super::*;
use crate::artefact::lock;
use crate::parallel::Hooks;
use crate::sweep::tests::{FILE, made, options};
use crate::sweep::{SweepOptions, sweep};

/// The lines of a sweep of toys.
fn lines(sweep_of: &Sweep, folder: &Path) -> Vec<String> {
    let options = SweepOptions { jobs: Some(2), ..options(2, false) };
    sweep(sweep_of, &lock(folder).unwrap(), &options, Hooks::NONE).unwrap();
    let text = std::fs::read_to_string(folder.join(RUNS)).unwrap();
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// What lines come to that are counted in batches of so many; they stand in the file, too.
fn counted<'a>(sweep: &'a Sweep, lines: &[String], folder: &Path, batch: usize) -> Tabulated<'a> {
    let path = folder.join(RUNS);
    std::fs::write(&path, lines.concat()).unwrap();
    let threads = Threads::start(Some(2)).unwrap();
    let mut counting = Counting::new(sweep, lines[0].len() as u64, Some(folder.join(RUNS_CSV)));
    for some in lines[1..].chunks(batch) {
        let mut batch = Lines::default();
        some.iter().for_each(|line| batch.push(line));
        counting.take(&batch, &threads).unwrap();
    }
    counting.finish(&path).unwrap()
}

/// The table of runs, and whether it was written while they were counted.
fn table(tabulated: &Tabulated<'_>, path: &Path) -> (String, bool) {
    let meanwhile = tabulated.csv.borrow().as_ref().is_some_and(|csv| csv.path == path);
    tabulated.write_runs_csv(path, &Threads::start(Some(2)).unwrap()).unwrap();
    (std::fs::read_to_string(path).unwrap(), meanwhile)
}

#[test]
fn a_table_of_runs_is_the_same_whenever_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = made(FILE).unwrap();
    let lines = lines(&sweep, folder.path());
    let places = [RUNS_CSV, "later.csv"].map(|name| folder.path().join(name));
    for batch in [1, 7, 100, 1_000] {
        let tabulated = counted(&sweep, &lines, folder.path(), batch);
        let (meanwhile, later) = (table(&tabulated, &places[0]), table(&tabulated, &places[1]));
        // The runs of the first base have no columns by operation, those of the second one do.
        assert_eq!((meanwhile.1, later.1), (batch == 1_000, false), "{batch}");
        assert_eq!(meanwhile.0, later.0, "{batch}");
        assert_eq!(meanwhile.0.lines().count() as u64, sweep.runs() + 1);
    }
}

#[test]
fn a_column_that_only_a_late_run_has_is_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = made(FILE).unwrap();
    let mut lines = lines(&sweep, folder.path());
    let last = lines.last_mut().unwrap();
    let mut row = read_row(2, last).unwrap();
    row.metrics.insert("late".to_owned(), MetricSummary { mean: 2.5, ..MetricSummary::default() });
    *last = serde_json::to_string(&row).unwrap() + "\n";
    for (batch, at_once) in [(100, false), (1_000, true)] {
        let tabulated = counted(&sweep, &lines, folder.path(), batch);
        let (text, meanwhile) = table(&tabulated, &folder.path().join(RUNS_CSV));
        assert_eq!(meanwhile, at_once);
        assert!(text.lines().next().unwrap().contains("late.mean") && text.contains(",2.5,"), "{text}");
        assert_eq!(text.lines().count(), lines.len());
    }
    // What was begun and given up is not left behind.
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut left: Vec<String> = left.map(|name| name.to_string_lossy().into_owned()).collect();
    left.sort_unstable();
    assert_eq!(left, [".seedstorm.lock", RUNS_CSV, RUNS]);
}
