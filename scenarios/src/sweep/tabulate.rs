//! From runs to the table: an estimate for each column of each point, and power laws through the points.

use serde_json::Value;
use sim_core::check::Verdict;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::ratio::Ratio;
use sim_core::stats::{Interval, Summary, log_log, wilson};
use sim_core::sweep::{
    Coordinate, Estimate, Fit, Plot, PointLimit, Rate, SweepPoint, SweepTable, Theory, Unjudged,
};
use sim_core::time::Duration;

use super::columns::{BROKEN, Cells, Columns};
use super::compare::{PointRows, compare};
use super::csv::{RunsCsv, plain};
use super::law::Law;
use super::line::{LineReader, View};
use super::lines::Piece;
use super::plots::plots;
use super::stop::{StopRule, mean_interval, watched};
use super::{PlannedPoint, Row, Sweep};
use crate::campaign_limits::{CampaignLimit, CampaignLimits};

/// The confidence of every interval.
pub(super) const CONFIDENCE: f64 = 0.95;

/// A distribution of more values is told by its quantiles from 0 to 100 in a hundred.
const HUNDREDTHS: u64 = 100;

/// Puts runs together, which stand point by point. Points without a run are left out.
pub fn tabulate(sweep: &Sweep, rows: &[Row]) -> SweepTable {
    let mut tabulator = Tabulator::new(sweep);
    for own in rows.chunk_by(|row, next| row.point == next.point) {
        let mut tally = PointTally::default();
        own.iter().for_each(|row| tally.add(&View::of(row)));
        tabulator.absorb(own[0].point, tally);
    }
    let of_point = |point: usize| {
        let rows: Vec<_> = rows.iter().filter(|row| row.point == point).cloned().map(Ok).collect();
        Ok(Box::new(rows.into_iter()) as PointRows)
    };
    tabulator.finish(&of_point).map_or_else(|_| unreachable!("nothing is read"), |(table, _)| table)
}

/// What runs of a point have in common.
#[derive(Debug, Default)]
pub(super) struct PointTally {
    runs: u64,
    findings: u64,
    broken: u64,
    verdicts: OrderedMap<String, u64>,
    columns: Columns,
    limits: CampaignLimits,
}

impl PointTally {
    fn add(&mut self, row: &View<'_>) {
        self.runs += 1;
        self.findings += u64::from(row.finding);
        self.broken += u64::from(row.broken);
        match self.verdicts.get_mut(row.verdict) {
            Some(count) => *count += 1,
            None => _ = self.verdicts.insert(row.verdict.to_owned(), 1),
        }
        self.columns.add(row);
        self.limits.add(row.seed, &row.limits);
    }

    fn absorb(&mut self, other: Self) {
        self.runs += other.runs;
        self.findings += other.findings;
        self.broken += other.broken;
        for (verdict, count) in other.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
        self.columns.absorb(other.columns);
        self.limits.absorb(&other.limits);
    }
}

/// What was counted of a run.
pub(super) struct Counted {
    pub(super) point: u64,
    pub(super) seed: u64,
    /// What a rule sees of it by which points stop.
    pub(super) watched: Option<f64>,
    /// How many bytes its line has.
    pub(super) length: u64,
}

/// What became of some lines.
pub(super) struct Taken {
    pub(super) runs: Vec<Counted>,
    /// The number of the first run whose line is not what it should be, and why.
    pub(super) failed: Option<(u64, String)>,
    /// Their rows in a table, if they fit its columns.
    pub(super) rows: Option<String>,
}

/// Counts runs, by point.
#[derive(Debug, Default)]
pub(super) struct Worker {
    points: Vec<(usize, PointTally)>,
}

impl Worker {
    /// Takes in some lines that follow each other, up to the first one that is not what it should be.
    pub(super) fn take(
        &mut self,
        reader: &LineReader,
        rule: Option<&StopRule>,
        csv: Option<&RunsCsv>,
        piece: Piece<'_>,
    ) -> Taken {
        // A row has about half as many bytes as its line.
        let rows = csv.map(|_| String::with_capacity(piece.bytes() / 2));
        let mut taken = Taken { runs: Vec::with_capacity(piece.len()), failed: None, rows };
        let mut cells = Cells::new(csv.map_or(&[], RunsCsv::columns));
        for (number, line) in piece.lines() {
            let counted = reader.read(number + 2, line, |row| {
                self.add(row);
                if let Some((csv, rows)) = csv.zip(taken.rows.as_mut())
                    && csv.row(row, &mut cells, rows).is_none()
                {
                    taken.rows = None;
                }
                let watched = rule.and_then(|rule| watched(rule, row));
                Counted { point: row.point as u64, seed: row.seed, watched, length: line.len() as u64 }
            });
            match counted {
                Ok(counted) => taken.runs.push(counted),
                Err(why) => {
                    taken.failed = Some((number, why));
                    break;
                }
            }
        }
        taken
    }

    /// The columns in which something was measured, of points that are not at their end.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.points.iter().flat_map(|(_, tally)| tally.columns.names())
    }

    fn add(&mut self, row: &View<'_>) {
        if self.points.last().is_none_or(|(point, _)| *point != row.point) {
            self.points.push((row.point, PointTally::default()));
        }
        if let Some((_, tally)) = self.points.last_mut() {
            tally.add(row);
        }
    }

    /// Gives away what it counted of points that are at their end.
    pub(super) fn end(&mut self, ended: impl Fn(usize) -> bool) -> Vec<(usize, PointTally)> {
        self.points.extract_if(.., |(point, _)| ended(*point)).collect()
    }
}

/// A table in the making, from runs that come point by point. Only the point that is under way is in memory.
pub(super) struct Tabulator<'a> {
    sweep: &'a Sweep,
    points: Vec<SweepPoint>,
    under_way: Option<(usize, PointTally)>,
}

impl<'a> Tabulator<'a> {
    pub(super) const fn new(sweep: &'a Sweep) -> Self {
        Self { sweep, points: Vec::new(), under_way: None }
    }

    /// Takes in runs of a point, of the last one or of one that follows.
    pub(super) fn absorb(&mut self, index: usize, tally: PointTally) {
        match &mut self.under_way {
            Some((point, own)) if *point == index => own.absorb(tally),
            _ => {
                self.end_point();
                self.under_way = Some((index, tally));
            }
        }
    }

    fn end_point(&mut self) {
        if let Some((index, tally)) = self.under_way.take() {
            self.points.push(point(self.sweep, &self.sweep.points[index], tally));
        }
    }

    /// The table, and the names of all columns in which something was measured. Runs of points that are compared are asked for
    /// once more.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn finish(
        mut self,
        of_point: &dyn Fn(usize) -> Result<PointRows, String>,
    ) -> Result<(SweepTable, Vec<String>), String> {
        self.end_point();
        let Self { sweep, points, .. } = self;
        let columns: OrderedSet<String> =
            points.iter().flat_map(|point| point.columns.keys().cloned()).collect();
        let seeds = sweep.seeds();
        let mut table = SweepTable {
            title: sweep.file.title.clone(),
            about: sweep.file.about.split_whitespace().collect::<Vec<_>>().join(" "),
            hash: sweep.hash.clone(),
            seeds: format!("{}..{}", seeds.start, seeds.end),
            confidence: CONFIDENCE,
            stop: sweep.file.stop.as_ref().map(StopRule::words),
            points,
            fits: Vec::new(),
            unjudged: Vec::new(),
            plots: Vec::new(),
            comparisons: compare(sweep, of_point)?,
        };
        table.plots = plots(sweep, &table);
        let plotted: OrderedSet<String> = table.plots.iter().flat_map(|plot| plot.columns.clone()).collect();
        for point in &mut table.points {
            point.distributions.retain(|name, _| plotted.contains(name));
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
        Ok((table, columns.into_iter().collect()))
    }
}

fn point(sweep: &Sweep, planned: &PlannedPoint, tally: PointTally) -> SweepPoint {
    let (base, seeds) = (sweep.base(planned), sweep.seeds());
    let PointTally { runs, findings, broken, verdicts, columns, limits } = tally;
    let expected = planned.loaded.scenario.expect.verdict == Verdict::Inconclusive;
    let inconclusive = verdicts.get("inconclusive").copied().filter(|_| !expected).unwrap_or(0);
    let (mut estimates, mut distributions) = (OrderedMap::new(), OrderedMap::new());
    for (name, tally) in columns.sorted() {
        let sample = tally.summary();
        let Some(estimate) = estimate(&name, &sample) else { continue };
        estimates.insert(name.clone(), estimate);
        distributions.insert(name, sample.spread(HUNDREDTHS));
    }
    let mut rates: OrderedMap<String, Rate> = OrderedMap::new();
    rates.insert("conclusive".to_owned(), rate(runs - inconclusive, runs));
    rates.insert("findings".to_owned(), rate(findings, runs));
    rates.insert(BROKEN.to_owned(), rate(broken, runs));
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
        columns: estimates,
        distributions,
        limits: limits.results().map(|result| point_limit(&result)).collect(),
        stopped: sweep.file.stop.is_some() && runs < seeds.end - seeds.start,
    }
}

/// What all runs of a point came to under a limit on them together.
fn point_limit(result: &CampaignLimit<'_>) -> PointLimit {
    PointLimit {
        check: result.limit.check(),
        words: result.words(),
        met: result.met,
        worst: result.worst_runs(),
    }
}

fn rate(count: u64, of: u64) -> Rate {
    Rate { count, of, interval: ends(wilson(count, of, CONFIDENCE)) }
}

const fn ends(interval: Interval) -> (f64, f64) {
    (interval.low, interval.high)
}

fn estimate(name: &str, sample: &Summary) -> Option<Estimate> {
    let count = sample.count();
    let high = |share: f64| sample.quantile_interval(share, CONFIDENCE).map(ends);
    Some(Estimate {
        count,
        mean: sample.mean()?,
        mean_interval: mean_interval(name, sample).map(ends),
        median: sample.quantile(0.5)?,
        median_interval: ends(sample.median_interval(CONFIDENCE)?),
        p90: sample.quantile(0.9)?,
        p90_interval: high(0.9),
        p99: sample.quantile(0.99)?,
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
