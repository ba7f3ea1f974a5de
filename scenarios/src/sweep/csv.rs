//! The same numbers as tidy tables (RFC 4180, lines end with a line feed alone).

use std::fmt::Write;

use serde_json::Value;
use sim_core::ordered::OrderedSet;
use sim_core::sweep::{SweepPoint, SweepTable};
use sim_core::text::csv_line;

use super::columns::Cells;
use super::line::{LineReader, View};
use super::lines::Piece;
use super::{PlannedPoint, Sweep};

/// One row for each run.
#[derive(Debug)]
pub(super) struct RunsCsv {
    keys: Vec<String>,
    columns: Vec<String>,
    /// How the row of a run at each point begins.
    begins: Vec<String>,
}

impl RunsCsv {
    /// With these columns, which stand in the order of their names.
    pub(super) fn new(sweep: &Sweep, columns: Vec<String>) -> Self {
        let keys = keys(sweep.points.iter().flat_map(|point| point.at.iter().map(|(key, _)| key.as_str())));
        let begin = |point: &PlannedPoint| {
            let at =
                |key: &String| point.at.iter().find(|(swept, _)| swept == key).map(|(_, value)| plain(value));
            let cells = keys.iter().map(|key| at(key).unwrap_or_default());
            let line = csv_line(std::iter::once(sweep.base(point).label.clone()).chain(cells));
            line.trim_end_matches('\n').to_owned()
        };
        let begins = sweep.points.iter().map(begin).collect();
        Self { keys, columns, begins }
    }

    /// The first line.
    pub(super) fn head(&self) -> String {
        let first = std::iter::once("base").chain(self.keys.iter().map(String::as_str));
        let heads = first.chain(["seed", "verdict", "digest"]).chain(self.columns.iter().map(String::as_str));
        csv_line(heads)
    }

    /// The columns, in order.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows of some runs; why not if a line is none of a run with numbers in these columns alone.
    pub(super) fn rows(&self, reader: &LineReader, piece: Piece<'_>) -> Result<String, String> {
        let (mut text, mut cells) = (String::new(), Cells::new(&self.columns));
        for (number, line) in piece.lines() {
            let place = number + 2;
            let whole = reader.read(place, line, |row| self.row(row, &mut cells, &mut text))?;
            whole.ok_or_else(|| format!("line {place} changed while it was read"))?;
        }
        Ok(text)
    }

    /// Adds the row of a run, if it has numbers in these columns alone.
    pub(super) fn row(&self, row: &View<'_>, cells: &mut Cells<'_>, text: &mut String) -> Option<()> {
        text.push_str(self.begins.get(row.point)?);
        text.push(',');
        whole(row.seed, text);
        text.push(',');
        text.push_str(csv_line([row.verdict]).trim_end_matches('\n'));
        text.push(',');
        text.push_str(&row.digest);
        for cell in cells.of(row)? {
            text.push(',');
            if let Some(value) = cell {
                number(*value, text);
            }
        }
        text.push('\n');
        Some(())
    }
}

/// Writes a number as [`f64::to_string`] does: most are whole, which takes less.
fn number(value: f64, text: &mut String) {
    const EXACT: f64 = (1_u64 << 53) as f64;
    let integer = value as u64;
    if value.is_sign_positive() && value < EXACT && integer as f64 == value {
        whole(integer, text);
    } else {
        // Writing to a text does not fail.
        let _ = write!(text, "{value}");
    }
}

/// Writes a whole number.
fn whole(mut number: u64, text: &mut String) {
    let (mut digits, mut first) = ([b'0'; 20], 19);
    while number >= 10 {
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        first -= 1;
    }
    digits[first] = b'0' + number as u8;
    text.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default());
}

/// One row for each point and column, with intervals.
pub fn points_csv(table: &SweepTable) -> String {
    let keys = keys(table.points.iter().flat_map(|point| point.at.iter().map(|at| at.key.as_str())));
    let mut heads = vec!["base".to_owned()];
    heads.extend(keys.iter().cloned());
    let figures =
        ["runs", "column", "count", "mean", "mean_low", "mean_high", "median", "median_low", "median_high"];
    let tails = ["p90", "p90_low", "p90_high", "p99", "p99_low", "p99_high"];
    heads.extend(figures.into_iter().chain(tails).map(str::to_owned));
    let mut text = csv_line(heads);
    for point in &table.points {
        for (name, found) in &point.columns {
            let [low, high] = both(found.mean_interval);
            let mut cells = place(point, &keys);
            cells.extend([point.runs.to_string(), name.clone(), found.count.to_string()]);
            cells.extend([found.mean.to_string(), low, high, found.median.to_string()]);
            cells.extend([found.median_interval.0.to_string(), found.median_interval.1.to_string()]);
            for (quantile, interval) in [(found.p90, found.p90_interval), (found.p99, found.p99_interval)] {
                cells.push(quantile.to_string());
                cells.extend(both(interval));
            }
            text += &csv_line(cells);
        }
    }
    text
}

/// One row for each point and share of runs, with Wilson's interval.
pub fn rates_csv(table: &SweepTable) -> String {
    let keys = keys(table.points.iter().flat_map(|point| point.at.iter().map(|at| at.key.as_str())));
    let mut heads = vec!["base".to_owned()];
    heads.extend(keys.iter().cloned());
    heads.extend(["rate", "count", "of", "share", "low", "high"].map(str::to_owned));
    let mut text = csv_line(heads);
    for point in &table.points {
        for (name, rate) in &point.rates {
            let mut cells = place(point, &keys);
            cells.extend([name.clone(), rate.count.to_string(), rate.of.to_string()]);
            cells.extend([rate.share(), rate.interval.0, rate.interval.1].map(|share| share.to_string()));
            text += &csv_line(cells);
        }
    }
    text
}

/// One row for each comparison.
pub fn comparisons_csv(table: &SweepTable) -> String {
    let heads = [
        "at",
        "first",
        "second",
        "column",
        "pairs",
        "difference",
        "difference_low",
        "difference_high",
        "p_value",
        "ratio",
        "ratio_low",
        "ratio_high",
        "larger",
        "smaller",
    ];
    let mut text = csv_line(heads);
    for found in &table.comparisons {
        let mut cells: Vec<String> = vec![found.at.clone(), found.first.clone(), found.second.clone()];
        cells.extend([found.column.clone(), found.pairs.to_string(), found.difference.to_string()]);
        cells.extend(both(Some(found.difference_interval)));
        cells.push(found.p_value.to_string());
        cells.push(found.ratio.map(|ratio| ratio.to_string()).unwrap_or_default());
        cells.extend(both(found.ratio_interval));
        cells.extend([found.larger, found.smaller].map(|count| count.to_string()));
        text += &csv_line(cells);
    }
    text
}

/// The ends of an interval, empty where there is none.
fn both(interval: Option<(f64, f64)>) -> [String; 2] {
    interval.map_or_else(Default::default, |(low, high)| [low.to_string(), high.to_string()])
}

fn place(point: &SweepPoint, keys: &[String]) -> Vec<String> {
    let value = |key: &String| point.coordinate(key).map(|at| at.value.clone()).unwrap_or_default();
    std::iter::once(point.base.clone()).chain(keys.iter().map(value)).collect()
}

/// Names in order, each once.
pub(super) fn keys<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.collect::<OrderedSet<&str>>().into_iter().map(str::to_owned).collect()
}

/// A value as a person would write it: a text without its quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_ever() {
        let mut numbers =
            vec![0.0, -0.0, 0.5, 1.0, 1e15, 9_007_199_254_740_991.0, 9_007_199_254_740_992.0, 1e300, -3.0];
        numbers.extend([f64::INFINITY, f64::NAN, 1e-7, u64::MAX as f64]);
        for value in numbers {
            let mut text = String::new();
            number(value, &mut text);
            assert_eq!(text, value.to_string());
        }
        for number in [0, 9, 10, 99, 100, 12_345, u64::MAX - 1, u64::MAX] {
            let mut text = String::new();
            whole(number, &mut text);
            assert_eq!(text, number.to_string());
        }
    }
}
