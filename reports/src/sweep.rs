//! The report of a sweep: one figure for each plot, and a page with all figures and numbers.

mod page;
mod read;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use sim_core::ordered::OrderedSet;
use sim_core::sweep::{Plot, SweepPoint, SweepTable};

use crate::figure::{Axis, Figure, FigureError, Point, Series, Style};

pub use page::page;
pub use read::{FILE_NAME, SweepTableError, document, from_json};

/// Every figure of a sweep. A plot of which nothing was measured gives none.
pub fn figures(table: &SweepTable) -> Vec<Figure> {
    table.plots.iter().filter_map(|plot| figure(table, plot)).collect()
}

/// The files of a sweep's figures: PNG, SVG and CSV of each, beside its page.
///
/// # Errors
/// If a figure cannot be drawn, which would be a bug.
pub fn figure_files(table: &SweepTable) -> Result<Vec<(PathBuf, Vec<u8>)>, FigureError> {
    let mut files = Vec::new();
    for figure in figures(table) {
        files.extend(figure.files()?.into_iter().map(|file| (PathBuf::from(file.name), file.content)));
    }
    Ok(files)
}

fn figure(table: &SweepTable, plot: &Plot) -> Option<Figure> {
    let scale = Scale::of(table, plot);
    let (unit, divisor) = unit_of(plot.columns.first()?);
    let y_label = words(plot.columns.first()?, plot.columns.len() > 1);
    let y = if plot.log { Axis::log(&y_label, unit) } else { Axis::linear(&y_label, unit) };
    let mut figure = Figure::new(&plot.name, &plot.title, scale.axis(plot), y);
    for (line, points) in table.lines(&plot.against) {
        if !points.first().is_some_and(|point| plot.shows(&point.base)) {
            continue;
        }
        for column in &plot.columns {
            let marks: Vec<Point> =
                points.iter().filter_map(|point| mark(point, column, plot, &scale, divisor)).collect();
            if marks.is_empty() {
                continue;
            }
            let name = series_name(&line, points[0], column, plot);
            let style = if plot.fit || !scale.numeric() { Style::Dots } else { Style::Line };
            figure.add(Series::new(&name, style, marks));
            if plot.fit {
                figure.add_power_law(figure.series.len() - 1, table.confidence);
            }
        }
    }
    let runs: u64 = table.points.iter().map(|point| point.runs).max().unwrap_or(0);
    figure.caption =
        format!("Mean of up to {runs} seeds at each point, with the interval of 95 % confidence");
    (!figure.series.is_empty()).then_some(figure)
}

/// How values of the swept key become places.
enum Scale {
    Numbers { unit: String },
    Names(Vec<String>),
}

impl Scale {
    fn of(table: &SweepTable, plot: &Plot) -> Self {
        let places: Vec<_> =
            table.points.iter().filter_map(|point| point.coordinate(&plot.against)).collect();
        let units: OrderedSet<&str> = places.iter().map(|place| place.unit.as_str()).collect();
        let drawn = |number: Option<f64>| number.is_some_and(|number| !plot.log || number > 0.0);
        if units.len() == 1 && places.iter().all(|place| drawn(place.number)) {
            return Self::Numbers { unit: places[0].unit.clone() };
        }
        let mut names: Vec<String> = Vec::new();
        for place in places {
            if !names.contains(&place.value) {
                names.push(place.value.clone());
            }
        }
        Self::Names(names)
    }

    fn numeric(&self) -> bool {
        matches!(self, Self::Numbers { .. })
    }

    fn axis(&self, plot: &Plot) -> Axis {
        match self {
            Self::Numbers { unit } if plot.log => Axis::log(&key_words(&plot.against), unit),
            Self::Numbers { unit } => Axis::linear(&key_words(&plot.against), unit),
            Self::Names(names) => Axis::names(&key_words(&plot.against), names.clone()),
        }
    }

    fn place(&self, point: &SweepPoint, key: &str) -> Option<f64> {
        let coordinate = point.coordinate(key)?;
        match self {
            Self::Numbers { .. } => coordinate.number,
            Self::Names(names) => Some(names.iter().position(|name| *name == coordinate.value)? as f64),
        }
    }
}

fn mark(point: &SweepPoint, column: &str, plot: &Plot, scale: &Scale, divisor: f64) -> Option<Point> {
    let found = point.columns.get(column)?;
    let mark = Point::new(scale.place(point, &plot.against)?, found.mean / divisor);
    let (low, high) = found.mean_interval.unwrap_or((found.mean, found.mean));
    // Below zero there is nothing, and a logarithm has no place for it.
    let low = if plot.log && low <= 0.0 { found.mean } else { low };
    Some(mark.between(low / divisor, high / divisor))
}

/// What a line is called: its points, what is counted, and which of several columns.
fn series_name(line: &str, point: &SweepPoint, column: &str, plot: &Plot) -> String {
    let rank = column.rsplit('.').next().unwrap_or(column);
    let per = if column.ends_with("_per") { format!(", per {}", point.per) } else { String::new() };
    let rank = if plot.columns.len() > 1 { format!(" {rank}") } else { String::new() };
    format!("{line}{per}{rank}")
}

/// A key of a scenario in words: `cluster.raft.election_timeout_min` is `election timeout min`.
fn key_words(key: &str) -> String {
    key.rsplit('.').next().unwrap_or(key).replace('_', " ")
}

/// Nanoseconds are shown as milliseconds.
fn unit_of(column: &str) -> (&'static str, f64) {
    if column.contains("_ns") { ("ms", 1e6) } else { ("", 1.0) }
}

/// A column in words: `messages_per` are `messages`, `operation_latency_ns.p99` is `operation latency p99`.
fn words(column: &str, family: bool) -> String {
    let column = if family { column.split('.').next().unwrap_or(column) } else { column };
    let plain = column.trim_start_matches("measure.").replace("_ns", "").replace("_per", "");
    plain.replace(['_', '.'], " ")
}
