//! From runs to the table: an estimate for each column of each point, and power laws through the points.

use std::collections::BTreeMap;

use serde_json::Value;
use sim_core::ratio::Ratio;
use sim_core::stats::{Interval, log_log, mean, mean_interval, median, median_interval};
use sim_core::sweep::{Coordinate, Estimate, Fit, Plot, SweepPoint, SweepTable, Theory};
use sim_core::time::Duration;

use super::columns::columns;
use super::csv::plain;
use super::{PlannedPoint, Row, Sweep};

/// The confidence of every interval.
const CONFIDENCE: f64 = 0.95;

/// Puts runs together. Points without a run are left out.
pub fn tabulate(sweep: &Sweep, rows: &[Row]) -> SweepTable {
    let seeds = sweep.seeds();
    let mut table = SweepTable {
        title: sweep.file.title.clone(),
        about: sweep.file.about.split_whitespace().collect::<Vec<_>>().join(" "),
        hash: sweep.hash.clone(),
        seeds: format!("{}..{}", seeds.start, seeds.end),
        confidence: CONFIDENCE,
        points: Vec::new(),
        fits: Vec::new(),
        plots: Vec::new(),
    };
    for (index, planned) in sweep.points.iter().enumerate() {
        let own: Vec<&Row> = rows.iter().filter(|row| row.point == index).collect();
        if !own.is_empty() {
            table.points.push(point(sweep, planned, &own));
        }
    }
    table.plots = plots(sweep, &table);
    let fitted: Vec<Plot> = table.plots.iter().filter(|plot| plot.fit).cloned().collect();
    for plot in &fitted {
        for column in &plot.columns {
            let fits = fits(sweep, &table, &plot.against, column);
            table.fits.extend(fits);
        }
    }
    table
}

fn point(sweep: &Sweep, planned: &PlannedPoint, rows: &[&Row]) -> SweepPoint {
    let base = sweep.base(planned);
    let mut verdicts: BTreeMap<String, u64> = BTreeMap::new();
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows {
        *verdicts.entry(row.verdict.clone()).or_default() += 1;
        for (name, value) in columns(row) {
            values.entry(name).or_default().push(value);
        }
    }
    let inconclusive = verdicts.get("inconclusive").copied().unwrap_or(0);
    let estimates = values.into_iter().filter_map(|(name, values)| Some((name, estimate(&values)?)));
    SweepPoint {
        base: base.label.clone(),
        per: base.per_word().to_owned(),
        scenario_hash: planned.loaded.hash.clone(),
        at: planned.at.iter().map(|(key, value)| coordinate(key, value)).collect(),
        runs: rows.len() as u64,
        conclusive: rows.len() as u64 - inconclusive,
        findings: rows.iter().filter(|row| row.finding).count() as u64,
        verdicts,
        columns: estimates.collect(),
    }
}

fn estimate(values: &[f64]) -> Option<Estimate> {
    let ends = |interval: Interval| (interval.low, interval.high);
    Some(Estimate {
        count: values.len() as u64,
        mean: mean(values)?,
        mean_interval: mean_interval(values, CONFIDENCE).map(ends),
        median: median(values)?,
        median_interval: ends(median_interval(values, CONFIDENCE)?),
    })
}

/// Durations and probabilities are numbers too.
fn coordinate(key: &str, value: &Value) -> Coordinate {
    let text = plain(value);
    let (number, unit) = if let Some(number) = value.as_f64() {
        (Some(number), "")
    } else if let Ok(duration) = text.parse::<Duration>() {
        (Some(duration.as_nanos() as f64 / 1e6), "ms")
    } else if let Ok(ratio) = text.parse::<Ratio>() {
        (Some(ratio.as_f64()), "")
    } else {
        (None, "")
    };
    Coordinate { key: key.to_owned(), value: text, number, unit: unit.to_owned() }
}

/// What the file asks for; else messages and bytes in log-log, and the percentiles of each quantity, against each key
/// that has at least two values.
fn plots(sweep: &Sweep, table: &SweepTable) -> Vec<Plot> {
    let asked = sweep.file.plots.iter().map(|plot| Plot {
        name: plot.name.clone().unwrap_or_else(|| stem(&plot.columns, &plot.against)),
        title: plot.title.clone().unwrap_or_else(|| title(&plot.columns, &plot.against)),
        against: plot.against.clone(),
        columns: plot.columns.clone(),
        log: plot.log,
        fit: plot.fit,
    });
    if !sweep.file.plots.is_empty() {
        return asked.collect();
    }
    let keys = table.points.iter().flat_map(|point| point.at.iter().map(|at| at.key.clone()));
    let keys: std::collections::BTreeSet<String> = keys.collect();
    keys.iter().flat_map(|key| usual(table, key)).collect()
}

fn usual(table: &SweepTable, key: &str) -> Vec<Plot> {
    let numbers = table.points.iter().filter_map(|point| point.coordinate(key)).map(|at| at.number);
    let numbers: Vec<Option<f64>> = numbers.collect();
    let log = numbers.len() > 1 && numbers.iter().all(|number| number.is_some_and(|number| number > 0.0));
    let plot = |columns: Vec<String>, log: bool, fit: bool| Plot {
        name: stem(&columns, key),
        title: title(&columns, key),
        against: key.to_owned(),
        columns,
        log,
        fit,
    };
    let mut plots =
        vec![plot(vec!["messages_per".to_owned()], log, log), plot(vec!["bytes_per".to_owned()], log, log)];
    let names = table.points.iter().flat_map(|point| point.columns.keys());
    let metrics: std::collections::BTreeSet<&str> =
        names.filter_map(|name| name.strip_suffix(".p50")).collect();
    for metric in metrics {
        plots.push(plot(["p50", "p90", "p99"].map(|rank| format!("{metric}.{rank}")).to_vec(), false, false));
    }
    plots
}

fn stem(columns: &[String], key: &str) -> String {
    let first = columns.first().map_or("nothing", String::as_str);
    let first = if columns.len() > 1 { first.split('.').next().unwrap_or(first) } else { first };
    let text = format!("{first}-vs-{}", key.rsplit('.').next().unwrap_or(key));
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(plain).collect()
}

fn title(columns: &[String], key: &str) -> String {
    let first = columns.first().map_or("", String::as_str);
    let what = match first {
        "messages_per" => "Messages, per unit of work".to_owned(),
        "bytes_per" => "Bytes, per unit of work".to_owned(),
        other if columns.len() > 1 => format!("{}, percentiles", other.split('.').next().unwrap_or(other)),
        other => other.to_owned(),
    };
    format!("{what}, against {key}")
}

/// One fit for each line of points that has at least three.
fn fits(sweep: &Sweep, table: &SweepTable, against: &str, column: &str) -> Vec<Fit> {
    let mut fits = Vec::new();
    for (line, points) in table.lines(against) {
        let place =
            |point: &&SweepPoint| Some((point.coordinate(against)?.number?, point.columns.get(column)?.mean));
        let places: Vec<(f64, f64)> = points.iter().filter_map(place).collect();
        let Some(fit) = log_log(&places, CONFIDENCE) else { continue };
        let label = &points[0].base;
        let base = sweep.file.bases.iter().find(|base| base.label == *label);
        let xs: Vec<f64> = places.iter().map(|(x, _)| *x).collect();
        let theory = base.and_then(|base| {
            let law = base.theory.get(column)?;
            let slope = law.slope(&xs)?;
            let agrees = (fit.slope - slope).abs() <= base.tolerance;
            Some(Theory { law: law.name().to_owned(), slope, tolerance: base.tolerance, agrees })
        });
        fits.push(Fit {
            line,
            base: label.clone(),
            column: column.to_owned(),
            against: against.to_owned(),
            points: places.len() as u64,
            slope: fit.slope,
            slope_interval: (fit.slope_interval.low, fit.slope_interval.high),
            r_squared: fit.r_squared,
            theory,
        });
    }
    fits
}
