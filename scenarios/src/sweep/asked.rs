//! What a sweep file asks for must be there: names of files that nothing else has, keys that are swept, columns that are
//! measured, and for each law of theory a fit that judges it.

use sim_core::ordered::OrderedSet;

use super::columns::names;
use super::plots::{fitted, name};
use super::tabulate::coordinate;
use super::{Law, Sweep};
use crate::document::Places;
use crate::problem::{Problem, Problems};

/// The files that every sweep leaves.
const RESERVED: [&str; 6] = ["runs", "points", "rates", "comparisons", "sweep", "report"];
/// What the name of a plot's distribution ends with.
const DISTRIBUTION: &str = "-distribution";
/// Lengths on paper that a plot can have, in millimeters.
const PAPER_MM: std::ops::RangeInclusive<f64> = 30.0..=1_000.0;
/// Longer names are refused by some file systems, with what is put behind them.
const LONGEST_NAME: usize = 100;

pub(super) fn check(sweep: &Sweep, places: &Places) -> Result<(), Problems> {
    let mut asked = Asked { sweep, places, problems: Vec::new() };
    asked.names();
    asked.plots();
    asked.theory();
    asked.excludes();
    asked.compares();
    asked.stop();
    if asked.problems.is_empty() { Ok(()) } else { Err(Problems { list: asked.problems }) }
}

struct Asked<'a> {
    sweep: &'a Sweep,
    places: &'a Places,
    problems: Vec<Problem>,
}

impl Asked<'_> {
    /// What names files: each becomes a PNG, an SVG and a CSV beside the sweep's own.
    fn names(&mut self) {
        let plots = &self.sweep.file.plots;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        for (index, plot) in plots.iter().enumerate() {
            let stem = name(plot);
            let problem = if stem.is_empty() || stem.len() > LONGEST_NAME || !stem.chars().all(plain) {
                Problem::new(format!("files cannot be named \"{stem}\"")).note(format!(
                    "expected small letters, digits and hyphens, {LONGEST_NAME} at most, as in messages-vs-n"
                ))
            } else if RESERVED.contains(&stem.as_str()) {
                Problem::new(format!("a file of the sweep itself is named \"{stem}\""))
            } else if stem.ends_with(DISTRIBUTION) {
                Problem::new(format!("files named \"{stem}\" are those of a distribution")).note(format!(
                    "every plot has one: expected a name that does not end in \"{DISTRIBUTION}\""
                ))
            } else if plots[..index].iter().any(|other| name(other) == stem) {
                Problem::new(format!("two plots are named \"{stem}\"")).note("`name` tells them apart")
            } else {
                continue;
            };
            let key = if plot.name.is_some() { "name" } else { "against" };
            self.problems.push(problem.at(self.places.value_at(&["plot", &index.to_string(), key])));
        }
    }

    fn plots(&mut self) {
        let points = self.sweep.points.iter();
        let keys: OrderedSet<&str> =
            points.flat_map(|point| point.at.iter().map(|(key, _)| key.as_str())).collect();
        for (index, plot) in self.sweep.file.plots.iter().enumerate() {
            let index = index.to_string();
            if !keys.contains(plot.against.as_str()) {
                let problem = Problem::new(format!("no base sweeps \"{}\"", plot.against));
                let problem = problem.at(self.places.value_at(&["plot", &index, "against"]));
                self.problems.push(problem.suggest(&plot.against, keys.iter().copied()));
                continue;
            }
            if plot.columns.is_empty() {
                let problem = Problem::new("a plot needs at least one column");
                self.problems.push(problem.at(self.places.value_at(&["plot", &index, "columns"])));
            }
            if plot
                .size_mm
                .is_some_and(|(width, height)| !PAPER_MM.contains(&width) || !PAPER_MM.contains(&height))
            {
                let problem = Problem::new("a plot cannot have this size");
                let note = "expected width and height between 30 and 1000 millimeters, as in [120, 70]";
                self.problems.push(problem.note(note).at(self.places.value_at(&["plot", &index, "size_mm"])));
            }
            let labels = || self.sweep.file.bases.iter().map(|base| base.label.as_str());
            for (place, base) in plot.bases.iter().enumerate() {
                if !labels().any(|label| label == base) {
                    let path = ["plot", &index, "bases", &place.to_string()];
                    let problem = Problem::new(format!("no base has the label \"{base}\""));
                    self.problems.push(problem.at(self.places.value_at(&path)).suggest(base, labels()));
                }
            }
            let bases = (0..self.sweep.file.bases.len()).filter(|base| self.sweeps(*base, &plot.against));
            let known: Vec<String> = bases.flat_map(|base| self.columns(base)).collect();
            for (place, column) in plot.columns.iter().enumerate() {
                let path = ["plot", &index, "columns", &place.to_string()];
                if let Some(problem) = unknown(column, &known) {
                    self.problems.push(problem.at(self.places.value_at(&path)));
                }
            }
        }
    }

    fn theory(&mut self) {
        for (index, base) in self.sweep.file.bases.iter().enumerate() {
            let known = self.columns(index);
            for (column, law) in &base.theory {
                let problem = unknown(column, &known).or_else(|| self.unjudged(index, column, *law));
                if let Some(problem) = problem {
                    let path = ["base", &index.to_string(), "theory", column];
                    self.problems.push(problem.at(self.places.key_at(&path)));
                }
            }
        }
    }

    /// An exclusion that names a key nobody sweeps excludes nothing.
    fn excludes(&mut self) {
        for (index, table) in self.sweep.file.excludes.iter().enumerate() {
            let swept = |key: &str| {
                let grids = self.sweep.file.bases.iter().map(|base| &base.grid);
                grids.chain([&self.sweep.file.grid]).any(|grid| names_key(grid, key))
            };
            let mut keys = Vec::new();
            key_names(table, String::new(), &mut keys);
            for key in keys.into_iter().filter(|key| !swept(key)) {
                let problem = Problem::new(format!("no grid has \"{key}\", so nothing is excluded by it"));
                self.problems.push(problem.at(self.places.value_at(&["exclude", &index.to_string()])));
            }
        }
    }

    /// A comparison has two sides that are there, and columns that are measured.
    fn compares(&mut self) {
        for (index, table) in self.sweep.file.compares.iter().enumerate() {
            let number = index.to_string();
            let at = |key: &str| self.places.value_at(&["compare", &number, key]);
            let labels = || self.sweep.file.bases.iter().map(|base| base.label.as_str());
            let sides = match &table.key {
                Some(_) => table.bases.is_empty() && table.values.len() == 2,
                None => table.values.is_empty() && table.bases.len() == 2,
            };
            if !sides {
                let title = "a comparison has either `bases`, two labels, or a `key` and two `values` of it";
                self.problems.push(Problem::new(title).at(at("columns")));
                continue;
            }
            if let Some(base) = table.bases.iter().find(|base| !labels().any(|label| label == **base)) {
                let problem = Problem::new(format!("no base has the label \"{base}\"")).at(at("bases"));
                self.problems.push(problem.suggest(base, labels()));
            }
            if let Some(key) = &table.key {
                let has = |value: &serde_json::Value| {
                    self.sweep
                        .points
                        .iter()
                        .any(|point| point.at.iter().any(|(swept, own)| swept == key && own == value))
                };
                if let Some(value) = table.values.iter().find(|value| !has(value)) {
                    let problem = Problem::new(format!("no point has {key} = {value}"));
                    self.problems.push(problem.at(at("values")));
                }
            }
            let known: Vec<String> =
                (0..self.sweep.file.bases.len()).flat_map(|base| self.columns(base)).collect();
            for column in &table.columns {
                self.problems.extend(unknown(column, &known).map(|problem| problem.at(at("columns"))));
            }
            if table.columns.is_empty() {
                self.problems.push(Problem::new("a comparison needs at least one column").at(at("columns")));
            }
        }
    }

    /// A rule by which points stop has a width, counts at which one looks, and a column that is measured.
    fn stop(&mut self) {
        let Some(rule) = &self.sweep.file.stop else { return };
        let at = |key: &str| self.places.value_at(&["stop", key]);
        let known: Vec<String> =
            (0..self.sweep.file.bases.len()).flat_map(|base| self.columns(base)).collect();
        self.problems.extend(unknown(&rule.column, &known).map(|problem| problem.at(at("column"))));
        if !rule.looks.is_sorted_by(|one, next| one < next)
            || rule.looks.first().is_none_or(|first| *first < 2)
        {
            let problem =
                Problem::new("one looks after rising counts of runs, of which the first is at least 2");
            self.problems.push(problem.note("expected counts as in [20, 40, 80]").at(at("looks")));
        }
        let absolute = rule.half_width.is_none_or(|most| most.is_finite() && most > 0.0);
        let relative = rule.relative.is_none_or(|share| share.as_f64() > 0.0);
        if !absolute || !relative || (rule.half_width.is_none() && rule.relative.is_none()) {
            let problem = Problem::new("nothing says which interval is narrow enough");
            let note =
                "expected half_width, in the column's unit, or relative, a share of the mean, above zero";
            self.problems.push(problem.note(note).at(at("column")));
        }
    }

    /// Why a law would not be judged although every run measured its column.
    fn unjudged(&self, base: usize, column: &str, law: Law) -> Option<Problem> {
        let keys: Vec<String> =
            fitted(self.sweep, column).into_iter().filter(|key| self.sweeps(base, key)).collect();
        if keys.is_empty() {
            let title = format!("no plot fits {column} of this base: its theory would never be judged");
            return Some(
                Problem::new(title).note("expected a [[plot]] of it with fit = true, against a swept key"),
            );
        }
        if keys.len() > 1 {
            let title =
                format!("the theory of {column} does not say which key it is about: {}", keys.join(", "));
            let note = "expected one key that this base sweeps, or a [[plot]] of it with fit = true against the one that is meant";
            return Some(Problem::new(title).note(note));
        }
        let fitless = keys.iter().find(|key| law.slope(&self.numbers(base, key)).is_none())?;
        let values = self.numbers(base, fitless).len();
        let title = format!("{} cannot be judged over {values} numbers of {fitless}", law.name());
        Some(Problem::new(title).note("expected at least three, at each of which key and law are above zero"))
    }

    /// The numbers that a key takes at the points of a base.
    fn numbers(&self, base: usize, key: &str) -> Vec<f64> {
        let mut numbers: Vec<f64> = Vec::new();
        for point in self.sweep.points.iter().filter(|point| point.base == base) {
            let value = point.at.iter().find(|(swept, _)| swept == key);
            let number = value.and_then(|(_, value)| coordinate(key, value).number);
            numbers.extend(number.filter(|number| !numbers.contains(number)));
        }
        numbers
    }

    fn sweeps(&self, base: usize, key: &str) -> bool {
        self.first(base).is_some_and(|point| point.at.iter().any(|(swept, _)| swept == key))
    }

    /// Every column that runs of a base may have.
    fn columns(&self, base: usize) -> Vec<String> {
        self.first(base).map_or_else(Vec::new, |point| names(&point.loaded))
    }

    fn first(&self, base: usize) -> Option<&super::PlannedPoint> {
        self.sweep.points.iter().find(|point| point.base == base)
    }
}

/// The keys of a grid, written as `cluster.nodes` or as tables in tables.
fn key_names(grid: &serde_json::Value, path: String, keys: &mut Vec<String>) {
    match grid {
        serde_json::Value::Object(table) => {
            for (name, inner) in table {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                key_names(inner, path, keys);
            }
        }
        _ => keys.push(path),
    }
}

fn names_key(grid: &serde_json::Value, key: &str) -> bool {
    let mut keys = Vec::new();
    key_names(grid, String::new(), &mut keys);
    keys.iter().any(|name| name == key)
}

fn unknown(column: &str, known: &[String]) -> Option<Problem> {
    let problem = Problem::new(format!("unknown column \"{column}\""));
    let known: OrderedSet<&str> = known.iter().map(String::as_str).collect();
    (!known.contains(column)).then(|| problem.suggest(column, known))
}
