//! The runs of a campaign as a tidy table: a row for each run, a column for each number, as CSV, JSON lines or Parquet.
//!
//! Columns are declared by the scenarios before anything is run, so that rows can be written one by one: what was not
//! measured in a run is empty in CSV and absent in JSON.

#[cfg(feature = "parquet")]
mod parquet;

use std::path::PathBuf;

use serde_json::Value;
use sim_core::ordered::OrderedSet;
use sim_core::outcome::Outcome;
use sim_core::text::csv_line;
use sim_core::tree;

use crate::artefact::{Growing, WriteError};
use crate::scenario::Loaded;
use crate::sweep::{Row, Sweep, column_names, columns};

/// The schema that each row of JSON names: by it the file is known as one of this program.
const SCHEMA: &str = "seedstorm.run-row/1";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A line of names, then a line for each run.
    Csv,
    /// A JSON object for each run.
    JsonLines,
    /// Typed columns, in groups of rows.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Where a table is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFile {
    /// The file.
    pub path: PathBuf,
    /// How.
    pub format: RowFormat,
}

/// A table in the making: it appears under its name when it is complete.
#[derive(Debug)]
pub struct RunsTable {
    rows: Rows,
    /// Names of what identifies a run, in their order.
    about: Vec<String>,
    /// Names of what was counted and measured.
    numbers: Vec<String>,
}

/// Where rows go.
enum Rows {
    Csv(Growing),
    JsonLines(Growing),
    #[cfg(feature = "parquet")]
    Parquet(PathBuf, Box<parquet::ParquetRows<Growing>>),
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}

impl RunsTable {
    /// Begins the table of an exploration.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn of_exploration(file: &TableFile, loaded: &Loaded) -> Result<Self, WriteError> {
        let about = ["seed", "verdict", "finding", "fingerprint", "members", "ended", "digest"];
        // Per what? An exploration counts by whole runs.
        let per_run = |name: &String| name != "per" && !name.ends_with("_per");
        let numbers = column_names(loaded).into_iter().filter(per_run).collect();
        Self::begin(file, about.map(str::to_owned).to_vec(), numbers)
    }

    /// Begins the table of a sweep.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn of_sweep(file: &TableFile, sweep: &Sweep) -> Result<Self, WriteError> {
        let keys = sweep.points.iter().flat_map(|point| point.at.iter().map(|(key, _)| key.clone()));
        let keys: OrderedSet<String> = keys.collect();
        let after = ["seed", "verdict", "finding", "members", "ended", "digest"].map(str::to_owned);
        let about = std::iter::once("base".to_owned()).chain(keys).chain(after).collect();
        let mut numbers: Vec<String> = Vec::new();
        for name in sweep.points.iter().flat_map(|point| column_names(&point.loaded)) {
            if !numbers.contains(&name) {
                numbers.push(name);
            }
        }
        Self::begin(file, about, numbers)
    }

    fn begin(file: &TableFile, about: Vec<String>, numbers: Vec<String>) -> Result<Self, WriteError> {
        let mut growing = Growing::begin(&file.path)?;
        let rows = match file.format {
            RowFormat::Csv => {
                growing.add(csv_line(about.iter().chain(&numbers)).as_bytes())?;
                Rows::Csv(growing)
            }
            RowFormat::JsonLines => Rows::JsonLines(growing),
            #[cfg(feature = "parquet")]
            RowFormat::Parquet => {
                let named = |name: &String, kind| (name.clone(), kind);
                let about = about.iter().map(|name| named(name, kind(name)));
                let numbers = numbers.iter().map(|name| named(name, parquet::Kind::Number));
                let columns: Vec<_> = about.chain(numbers).collect();
                let rows = parquet::ParquetRows::begin(growing, &columns);
                let rows = rows.map_err(|error| WriteError { path: file.path.clone(), error })?;
                Rows::Parquet(file.path.clone(), Box::new(rows))
            }
        };
        Ok(Self { rows, about, numbers })
    }

    /// Adds a run of an exploration.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_outcome(&mut self, loaded: &Loaded, outcome: &Outcome) -> Result<(), WriteError> {
        let worst = outcome.violations.iter().find(|violation| violation.verdict == outcome.verdict);
        let first = worst.or(outcome.violations.first());
        let fingerprint = first.map_or(Value::Null, |violation| violation.fingerprint.as_str().into());
        self.add(&Row::of(&loaded.scenario, outcome), &fingerprint)
    }

    /// Adds a run of a sweep.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_row(&mut self, row: &Row) -> Result<(), WriteError> {
        self.add(row, &Value::Null)
    }

    fn add(&mut self, row: &Row, fingerprint: &Value) -> Result<(), WriteError> {
        let numbers = columns(row);
        let about = |name: &String| match name.as_str() {
            "base" => row.base.as_str().into(),
            "seed" => row.seed.into(),
            "verdict" => row.verdict.as_str().into(),
            "finding" => row.finding.into(),
            "fingerprint" => fingerprint.clone(),
            "members" => row.members.into(),
            "ended" => row.ended.name().into(),
            "digest" => row.digest.to_string().into(),
            key => row.at.get(key).cloned().unwrap_or(Value::Null),
        };
        let number = |name: &String| numbers.get(name).map_or(Value::Null, |number| plain_number(*number));
        let cells = self.about.iter().map(about).chain(self.numbers.iter().map(number));
        match &mut self.rows {
            Rows::Csv(file) => file.add(csv_line(cells.map(|cell| text(&cell))).as_bytes()),
            Rows::JsonLines(file) => {
                let names = self.about.iter().chain(&self.numbers).cloned();
                let cells = names.zip(cells).filter(|(_, cell)| !cell.is_null());
                let schema = std::iter::once(("schema".to_owned(), SCHEMA.into()));
                let object = tree::table(schema.chain(cells).collect());
                file.add((Value::Object(object).to_string() + "\n").as_bytes())
            }
            #[cfg(feature = "parquet")]
            Rows::Parquet(path, rows) => {
                rows.add(cells).map_err(|error| WriteError { path: path.clone(), error })
            }
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If it cannot be written; whatever stood there before still does then.
    pub fn finish(self) -> Result<(), WriteError> {
        match self.rows {
            Rows::Csv(file) | Rows::JsonLines(file) => file.finish(),
            #[cfg(feature = "parquet")]
            Rows::Parquet(path, rows) => rows.finish().map_err(|error| WriteError { path, error })?.finish(),
        }
    }
}

/// What a column holds that identifies a run; swept keys are texts, as in CSV.
#[cfg(feature = "parquet")]
fn kind(name: &str) -> parquet::Kind {
    match name {
        "seed" | "members" => parquet::Kind::Whole,
        "finding" => parquet::Kind::Flag,
        _ => parquet::Kind::Text,
    }
}

/// A whole number without a decimal point, so that readers know it as one.
fn plain_number(number: f64) -> Value {
    let whole = number as u64;
    if whole as f64 == number { whole.into() } else { number.into() }
}

/// A cell of CSV.
fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::parallel::Hooks;
    use crate::scenario::load;

    fn explored(format: RowFormat, name: &str, jobs: usize) -> String {
        let folder = tempfile::tempdir().unwrap();
        let source = crate::builtin::find("raft-calm").unwrap();
        let overlays = ["cluster.duration=2s", "checks.progress=\"none\""].map(str::to_owned);
        let toml = crate::document::Format::Toml;
        let loaded = load(&crate::testing::real(), source, toml, &overlays).unwrap();
        let path = folder.path().join(name);
        let options = crate::explore::ExploreOptions {
            seeds: 3..9,
            jobs: Some(jobs),
            table: Some(TableFile { path: path.clone(), format }),
            ..crate::explore::ExploreOptions::default()
        };
        let explored = crate::explore::explore(&loaded, &options, Hooks::NONE).unwrap();
        assert_eq!(explored.runs, 6);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn rows_are_tidy_and_the_same_in_both_formats() {
        let csv = explored(RowFormat::Csv, "runs.csv", 1);
        assert_eq!(csv, explored(RowFormat::Csv, "runs.csv", 2));
        let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let heads = lines.next().unwrap();
        let jsonl = explored(RowFormat::JsonLines, "runs.jsonl", 2);
        for (seed, (cells, line)) in (3_u64..).zip(lines.zip(jsonl.lines())) {
            let object: Map<String, Value> = serde_json::from_str(line).unwrap();
            assert_eq!((object["seed"].as_u64(), object["schema"].as_str()), (Some(seed), Some(SCHEMA)));
            for (head, cell) in heads.iter().zip(&cells) {
                let there = object.get(*head).map(text).unwrap_or_default();
                assert_eq!(there, *cell, "{head}");
            }
            assert!(object["messages"].as_u64().unwrap() > 100);
            assert!(object["operation_latency_ns.p50"].as_u64().unwrap() > 0);
        }
        assert_eq!((csv.lines().count(), jsonl.lines().count()), (7, 6));
        assert!(!csv.contains("_per"));
    }
}
