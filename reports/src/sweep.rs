//! The report of a sweep: one figure for each plot, and a page with all figures and numbers.

mod page;
mod read;
#[cfg(test)]
mod tests;

mod distribution;
mod words;

use std::path::PathBuf;

use sim_core::ordered::OrderedSet;
use sim_core::sweep::{Plot, SweepPoint, SweepTable};

use crate::figure::paper::PaperSize;
use crate::figure::{Axis, Figure, FigureError, Point, Series, Style};
use words::{column_words, key_words, line_words, unit_of};

pub use page::page;
pub use read::{FILE_NAME, SweepTableError, document, from_json};

/// The folder of the figures for papers, beside the page.
const PAPER: &str = "paper";

/// Every figure of a sweep: for each plot its means, and how single runs are distributed. A plot of which nothing was measured
/// gives none.
pub fn figures(table: &SweepTable) -> Vec<Figure> {
    table.plots.iter().flat_map(|plot| of_plot(table, plot)).collect()
}

fn of_plot(table: &SweepTable, plot: &Plot) -> impl Iterator<Item = Figure> {
    figure(table, plot).into_iter().chain(distribution::figure(table, plot))
}

/// The [files](plot_files) of all plots.
///
/// # Errors
/// If a figure cannot be drawn, which would be a bug.
pub fn figure_files(table: &SweepTable) -> Result<Vec<(PathBuf, Vec<u8>)>, FigureError> {
    let drawn: Result<Vec<_>, _> = table.plots.iter().map(|plot| plot_files(table, plot)).collect();
    Ok(drawn?.into_iter().flatten().collect())
}

/// The files of a plot's figures, beside the page of its sweep: PNG, SVG and CSV of each, and in a folder PDF and SVG in the sizes of
/// papers.
///
/// # Errors
/// If a figure cannot be drawn, which would be a bug.
pub fn plot_files(table: &SweepTable, plot: &Plot) -> Result<Vec<(PathBuf, Vec<u8>)>, FigureError> {
    let sizes = plot.size_mm.map_or(vec![PaperSize::COLUMN, PaperSize::PAGE], |(width_mm, height_mm)| {
        vec![PaperSize { width_mm, height_mm }]
    });
    let mut files = Vec::new();
    for figure in of_plot(table, plot) {
        files.extend(figure.files()?.into_iter().map(|file| (PathBuf::from(file.name), file.content)));
        let paper = sizes.iter().flat_map(|size| figure.paper_files(*size));
        files.extend(paper.map(|file| (PathBuf::from(PAPER).join(file.name), file.content)));
    }
    Ok(files)
}

fn figure(table: &SweepTable, plot: &Plot) -> Option<Figure> {
    let scale = Scale::of(table, plot);
    let divisor = unit_of(plot.columns.first()?).1;
    let mut figure = empty(plot, &plot.name, &plot.title, scale.axis(table, plot), value_axis(plot)?);
    for (_, points) in table.lines(&plot.against) {
        if !points.first().is_some_and(|point| plot.shows(&point.base)) {
            continue;
        }
        for column in &plot.columns {
            let marks: Vec<Point> =
                points.iter().filter_map(|point| mark(point, column, plot, &scale, divisor)).collect();
            if marks.is_empty() {
                continue;
            }
            let name = series_name(&line_words(table, points[0], &plot.against), points[0], column, plot);
            let style = if plot.fit || !scale.numeric() { Style::Dots } else { Style::Line };
            figure.add(Series::new(&name, style, marks));
            if plot.fit {
                figure.add_power_law(figure.series.len() - 1, table.confidence);
            }
        }
    }
    let runs: u64 = table.points.iter().map(|point| point.runs).max().unwrap_or(0);
    figure.caption = match runs {
        1 => "One seed at each point, so there are no intervals".to_owned(),
        _ => format!("Mean of up to {runs} seeds at each point, with the interval of 95 % confidence"),
    };
    (!figure.series.is_empty()).then_some(figure)
}

/// A figure without series, as wide as usual and as high as the plot wants it to be.
fn empty(plot: &Plot, name: &str, title: &str, x: Axis, y: Axis) -> Figure {
    let mut figure = Figure::new(name, title, x, y);
    if let Some((width, height)) = plot.size_mm {
        let share = (height / width).clamp(0.3, 1.5);
        figure.size.1 = (f64::from(figure.size.0) * share).round() as u32;
    }
    figure
}

/// The axis of what was measured; nothing if no column is named.
fn value_axis(plot: &Plot) -> Option<Axis> {
    let first = plot.columns.first()?;
    let label = plot.y_label.clone().unwrap_or_else(|| column_words(first, plot.columns.len() > 1));
    let unit = unit_of(first).0;
    Some(if plot.y_log() { Axis::log(&label, unit) } else { Axis::linear(&label, unit) })
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
        let drawn = |number: Option<f64>| number.is_some_and(|number| !plot.x_log() || number > 0.0);
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

    fn axis(&self, table: &SweepTable, plot: &Plot) -> Axis {
        let label = plot.x_label.clone().unwrap_or_else(|| key_words(table, &plot.against));
        match self {
            Self::Numbers { unit } if plot.x_log() => Axis::log(&label, unit),
            Self::Numbers { unit } => Axis::linear(&label, unit),
            Self::Names(names) => Axis::names(&label, names.clone()),
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
    let low = if plot.y_log() && low <= 0.0 { found.mean } else { low };
    Some(mark.between(low / divisor, high / divisor))
}

/// What a line is called: its points, what is counted, and which of several columns.
fn series_name(line: &str, point: &SweepPoint, column: &str, plot: &Plot) -> String {
    let rank = column.rsplit('.').next().unwrap_or(column);
    let per = if column.ends_with("_per") { format!(", per {}", point.per) } else { String::new() };
    let rank = if plot.columns.len() > 1 { format!(" {rank}") } else { String::new() };
    format!("{line}{per}{rank}")
}
