//! The same numbers as tidy tables (RFC 4180, lines end with a line feed alone).

use serde_json::Value;
use sim_core::ordered::OrderedSet;
use sim_core::sweep::{SweepPoint, SweepTable};
use sim_core::text::csv_line;

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
