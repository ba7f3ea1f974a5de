//! From runs to the table: an estimate for each column of each point, and power laws through the points.

use serde_json::Value;
use sim_core::check::Verdict;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::ratio::Ratio;
use sim_core::stats::{
    Interval, log_log, mean, mean_interval, median, median_interval, quantile, quantile_interval, sorted,
    wilson,
};
use sim_core::sweep::{
    Coordinate, Estimate, Fit, Plot, PointLimit, Rate, SweepPoint, SweepTable, Theory, Unjudged,
};
use sim_core::time::Duration;

use super::columns::{BROKEN, columns};
use super::compare::compare;
use super::csv::plain;
use super::law::Law;
use super::plots::plots;
use super::{PlannedPoint, Row, Sweep};
use crate::campaign_limits::{CampaignLimit, CampaignLimits};

/// The confidence of every interval.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Puts runs together, which stand point by point. Points without a run are left out.
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
        unjudged: Vec::new(),
        plots: Vec::new(),
        comparisons: Vec::new(),
    };
    for own in rows.chunk_by(|row, next| row.point == next.point) {
        table.points.push(point(sweep, &sweep.points[own[0].point], own));
    }
    table.comparisons = compare(sweep, rows);
    table.plots = plots(sweep, &table);
    let plotted: OrderedSet<String> = table.plots.iter().flat_map(|plot| plot.columns.clone()).collect();
    for (point, own) in table.points.iter_mut().zip(rows.chunk_by(|row, next| row.point == next.point)) {
        point.distributions = distributions(own, &plotted);
    }
    let fitted: Vec<Plot> = table.plots.iter().filter(|plot| plot.fit).cloned().collect();
    for plot in &fitted {
        for column in &plot.columns {
            let (fits, unjudged) = fits(sweep, &table, &plot.against, column);
            table.fits.extend(fits);
            table.unjudged.extend(unjudged);
        }
    }
    let forgotten = forgotten(sweep, &table);
    table.unjudged.extend(forgotten);
    table
}

fn point(sweep: &Sweep, planned: &PlannedPoint, rows: &[Row]) -> SweepPoint {
    let base = sweep.base(planned);
    let mut verdicts: OrderedMap<String, u64> = OrderedMap::new();
    let mut values: OrderedMap<String, Vec<f64>> = OrderedMap::new();
    for row in rows {
        *verdicts.entry(row.verdict.clone()).or_default() += 1;
        for (name, value) in columns(row) {
            values.entry(name).or_default().push(value);
        }
    }
    let expected = planned.loaded.scenario.expect.verdict == Verdict::Inconclusive;
    let inconclusive = verdicts.get("inconclusive").copied().filter(|_| !expected).unwrap_or(0);
    let estimates =
        values.into_iter().filter_map(|(name, values)| Some((name.clone(), estimate(&name, &values)?)));
    let (runs, findings) = (rows.len() as u64, rows.iter().filter(|row| row.finding).count() as u64);
    let mut rates: OrderedMap<String, Rate> = OrderedMap::new();
    rates.insert("conclusive".to_owned(), rate(runs - inconclusive, runs));
    rates.insert("findings".to_owned(), rate(findings, runs));
    rates.insert(BROKEN.to_owned(), rate(rows.iter().filter(|row| row.broken).count() as u64, runs));
    for (verdict, count) in &verdicts {
        rates.insert(format!("verdict.{verdict}"), rate(*count, runs));
    }
    SweepPoint {
        base: base.label.clone(),
        per: base.per_word().to_owned(),
        scenario_hash: planned.loaded.hash.clone(),
        at: planned.at.iter().map(|(key, value)| coordinate(key, value)).collect(),
        runs,
        conclusive: runs - inconclusive,
        findings,
        verdicts,
        rates,
        columns: estimates.collect(),
        distributions: OrderedMap::new(),
        limits: limits(rows),
    }
}

/// What single runs of a point had of these columns.
fn distributions(rows: &[Row], plotted: &OrderedSet<String>) -> OrderedMap<String, Vec<f64>> {
    let mut values: OrderedMap<String, Vec<f64>> = OrderedMap::new();
    for (name, value) in rows.iter().flat_map(columns).filter(|(name, _)| plotted.contains(name)) {
        values.entry(name).or_default().push(value);
    }
    values.into_iter().map(|(name, values)| (name, quantiles(&sorted(&values)))).collect()
}

/// All of them if they are few, else the quantiles from 0 to 100 in a hundred.
fn quantiles(sorted: &[f64]) -> Vec<f64> {
    if sorted.len() <= 101 {
        return sorted.to_vec();
    }
    (0..=100).filter_map(|hundredth| quantile(sorted, f64::from(hundredth) / 100.0)).collect()
}

/// What all runs of a point came to under the limits on them together.
fn limits(rows: &[Row]) -> Vec<PointLimit> {
    let mut limits = CampaignLimits::default();
    rows.iter().for_each(|row| limits.add(row.seed, &row.limits));
    let point = |result: CampaignLimit<'_>| PointLimit {
        check: result.limit.check(),
        words: result.words(),
        met: result.met,
        worst: result.worst_runs(),
    };
    limits.results().map(point).collect()
}

fn rate(count: u64, of: u64) -> Rate {
    Rate { count, of, interval: ends(wilson(count, of, CONFIDENCE)) }
}

const fn ends(interval: Interval) -> (f64, f64) {
    (interval.low, interval.high)
}

fn estimate(name: &str, values: &[f64]) -> Option<Estimate> {
    let values = &sorted(values)[..];
    let count = values.len() as u64;
    // A share of runs is no quantity: its interval never leaves 0 to 1, and is not empty where all runs agree.
    let mean_interval = if name == BROKEN {
        Some(wilson(values.iter().filter(|value| **value > 0.0).count() as u64, count, CONFIDENCE))
    } else {
        mean_interval(values, CONFIDENCE)
    };
    let high = |share: f64| quantile_interval(values, share, CONFIDENCE).map(ends);
    Some(Estimate {
        count,
        mean: mean(values)?,
        mean_interval: mean_interval.map(ends),
        median: median(values)?,
        median_interval: ends(median_interval(values, CONFIDENCE)?),
        p90: quantile(values, 0.9)?,
        p90_interval: high(0.9),
        p99: quantile(values, 0.99)?,
        p99_interval: high(0.99),
    })
}

/// Durations and probabilities are numbers too.
pub(super) fn coordinate(key: &str, value: &Value) -> Coordinate {
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

/// One fit for each line of points that has at least three, and the laws of lines that have none.
fn fits(sweep: &Sweep, table: &SweepTable, against: &str, column: &str) -> (Vec<Fit>, Vec<Unjudged>) {
    let (mut fits, mut unjudged) = (Vec::new(), Vec::new());
    for (line, points) in table.lines(against) {
        let place =
            |point: &&SweepPoint| Some((point.coordinate(against)?.number?, point.columns.get(column)?.mean));
        let places: Vec<(f64, f64)> = points.iter().filter_map(place).collect();
        let label = &points[0].base;
        let base = sweep.file.bases.iter().find(|base| base.label == *label);
        let stated = base.and_then(|base| Some((*base.theory.get(column)?, base.tolerance)));
        let fit = log_log(&places, CONFIDENCE);
        let theory = fit.and_then(|fit| {
            let (law, tolerance) = stated?;
            let xs: Vec<f64> = places.iter().map(|(x, _)| *x).collect();
            let slope = law.slope(&xs)?;
            let agrees = (fit.slope - slope).abs() <= tolerance;
            Some(Theory { law: law.name().to_owned(), slope, tolerance, agrees })
        });
        if let (Some((law, _)), None) = (stated, &theory) {
            unjudged.push(without_fit(&line, label, column, law));
        }
        let Some(fit) = fit else { continue };
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
    (fits, unjudged)
}

/// Laws of which not even a line was there.
fn forgotten(sweep: &Sweep, table: &SweepTable) -> Vec<Unjudged> {
    let judged = |label: &str, column: &str| {
        table.fits.iter().any(|fit| fit.base == label && fit.column == column && fit.theory.is_some())
            || table.unjudged.iter().any(|law| law.base == label && law.column == column)
    };
    let laws = sweep
        .file
        .bases
        .iter()
        .flat_map(|base| base.theory.iter().map(|(column, law)| (base.label.as_str(), column, *law)));
    laws.filter(|(label, column, _)| !judged(label, column))
        .map(|(label, column, law)| without_fit(label, label, column, law))
        .collect()
}

fn without_fit(line: &str, base: &str, column: &str, law: Law) -> Unjudged {
    Unjudged {
        line: line.to_owned(),
        base: base.to_owned(),
        column: column.to_owned(),
        law: law.name().to_owned(),
    }
}
