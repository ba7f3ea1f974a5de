//! Figures of a reproduction: the published values beside ours.

use reports::figure::{Axis, Figure, Point, Series, Style, grouped};
use scenarios::reproduce::{Column, Drawing, ExperimentResult, Plot, Published, Reproduction, Row};
use sim_core::stats::sorted;

/// Steps of a distribution that are drawn at most.
const MOST_STEPS: usize = 400;

/// Every figure of every experiment that was run.
pub fn figures(reproduction: &Reproduction) -> Vec<Figure> {
    let of = |result: &ExperimentResult| -> Vec<Figure> {
        let drawings = result.experiment.drawings.iter();
        drawings.map(|drawing| figure(result, drawing, reproduction.is_full())).collect()
    };
    reproduction.results.iter().flat_map(of).collect()
}

fn figure(result: &ExperimentResult, drawing: &Drawing, full: bool) -> Figure {
    let mut figure = match &drawing.plot {
        Plot::Claims { claims, label } => side_by_side(result, drawing, claims, label),
        Plot::Over { x, label, series } => over(result, drawing, (x, label), series),
        Plot::Distributions { label, unit, column, range, medians } => {
            let axis = Axis::log(label, unit);
            let axis = range.map_or(axis.clone(), |(low, high)| axis.from_to(low, high));
            distributions(result, drawing, axis, column, medians)
        }
    };
    let most = result.samples.iter().map(|sample| sample.runs).max().unwrap_or(0);
    let scale = if full { "" } else { "; not all seeds of the experiment" };
    figure.caption =
        format!("{}. Up to {} seeds each{scale}.", result.experiment.source, grouped(most as f64, 0));
    figure
}

/// A row as a point with its interval.
fn ours(row: &Row, x: f64) -> Point {
    Point::new(x, row.measured).between(row.ci95.low, row.ci95.high)
}

fn published(row: &Row, x: f64) -> Option<Point> {
    match row.published {
        Published::Value(value) => Some(Point::new(x, value)),
        Published::Order(_) => None,
    }
}

fn side_by_side(result: &ExperimentResult, drawing: &Drawing, claims: &[usize], label: &str) -> Figure {
    let names = claims.iter().map(|claim| result.experiment.claims[*claim].name.clone()).collect();
    let mut figure =
        Figure::new(drawing.name, drawing.title, Axis::names("", names), Axis::linear(label, ""));
    let places = || claims.iter().enumerate().map(|(place, claim)| (&result.rows[*claim], place as f64));
    figure.add(Series::new("measured", Style::Dots, places().map(|(row, x)| ours(row, x)).collect()));
    let others = places().filter_map(|(row, x)| published(row, x)).collect();
    figure.add(Series::new("published", Style::Published, others));
    figure
}

fn over(
    result: &ExperimentResult,
    drawing: &Drawing,
    (x, label): (&str, &str),
    series: &[(&'static str, Vec<usize>)],
) -> Figure {
    let first = series.first().and_then(|(_, claims)| claims.first());
    let unit = first.map_or("", |claim| result.experiment.claims[*claim].unit);
    let unit = if unit == label { "" } else { unit };
    // Names rather than numbers: what stands at one place is drawn side by side.
    let claims =
        || series.iter().flat_map(|(_, claims)| claims).map(|claim| result.experiment.claims[*claim].x);
    let mut places = sorted(&claims().collect::<Vec<f64>>());
    places.dedup();
    let names = Axis::names(x, places.iter().map(ToString::to_string).collect());
    let mut figure = Figure::new(drawing.name, drawing.title, names, Axis::linear(label, unit));
    for (color, (name, claims)) in series.iter().enumerate() {
        let place = |x: f64| places.partition_point(|place| *place < x) as f64;
        let at = |claim: &usize| (&result.rows[*claim], place(result.experiment.claims[*claim].x));
        let places = || claims.iter().map(at);
        let measured = places().map(|(row, x)| ours(row, x)).collect();
        figure.add(Series::new(name, Style::Dots, measured).colored(color));
        let others = places().filter_map(|(row, x)| published(row, x)).collect();
        let legend = if color + 1 == series.len() { "published" } else { "" };
        figure.add(Series::new(legend, Style::Published, others).colored(color));
    }
    figure
}

fn distributions(
    result: &ExperimentResult,
    drawing: &Drawing,
    x: Axis,
    column: &Column,
    medians: &[(usize, f64)],
) -> Figure {
    let y = Axis::linear("share of runs", "").from_to(0.0, 1.0);
    let mut figure = Figure::new(drawing.name, drawing.title, x, y);
    for (color, (case, sample)) in result.experiment.cases.iter().zip(&result.samples).enumerate() {
        let points = steps(&sample.column(column).0);
        figure.add(Series::new(&case.name, Style::Steps, points).colored(color));
    }
    for (place, (case, median)) in medians.iter().enumerate() {
        let legend = if place == 0 { "published median" } else { "" };
        let point = vec![Point::new(*median, 0.5)];
        figure.add(Series::new(legend, Style::Published, point).colored(*case));
    }
    figure
}

/// An empirical distribution function in a bounded number of steps.
fn steps(values: &[f64]) -> Vec<Point> {
    let sorted = sorted(values);
    let count = sorted.len();
    let Some(first) = sorted.first() else { return Vec::new() };
    let every = count.div_ceil(MOST_STEPS).max(1);
    let kept = (0..count).filter(|index| (index + 1) % every == 0 || index + 1 == count);
    let rise = |index: usize| Point::new(sorted[index], (index + 1) as f64 / count as f64);
    std::iter::once(Point::new(*first, 0.0)).chain(kept.map(rise)).collect()
}
