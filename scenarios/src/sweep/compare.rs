//! Points side by side, seed by seed: what the seeds have in common drops out of the difference.

use serde_json::Value;
use sim_core::ordered::OrderedMap;
use sim_core::random::{Keyed, Purpose};
use sim_core::stats::{paired, paired_ratio};
use sim_core::sweep::Comparison;

use super::columns::columns;
use super::csv::plain;
use super::file::CompareTable;
use super::tabulate::CONFIDENCE;
use super::{PlannedPoint, Row, Sweep};

/// How often pairs are drawn anew for the interval of a ratio.
const RESAMPLES: u32 = 2_000;
/// With more pairs than this, fewer resamples are as good, and the product of the two is bounded.
const DRAWS: u64 = 20_000_000;

/// Every comparison that a file asks for, of runs that stand point by point.
pub(super) fn compare(sweep: &Sweep, rows: &[Row]) -> Vec<Comparison> {
    let points: OrderedMap<usize, &[Row]> =
        rows.chunk_by(|row, next| row.point == next.point).map(|own| (own[0].point, own)).collect();
    let mut found = Vec::new();
    for table in &sweep.file.compares {
        for (index, first) in sweep.points.iter().enumerate() {
            let Some(side) = Side::of(sweep, table, first, 0) else { continue };
            let partner = sweep.points.iter().position(|second| {
                Side::of(sweep, table, second, 1).is_some_and(|other| other.rest == side.rest)
            });
            let rows =
                partner.and_then(|partner| Some((*points.get(&index)?, *points.get(&partner)?, partner)));
            let Some((ours, theirs, partner)) = rows else { continue };
            let Some(other) = Side::of(sweep, table, &sweep.points[partner], 1) else { continue };
            for (number, column) in table.columns.iter().enumerate() {
                let label = (index as u64) << 32 | number as u64;
                let names = [side.words(), side.name.clone(), other.name.clone()];
                found.extend(one(names, column, pairs(ours, theirs, column), label));
            }
        }
    }
    found
}

/// A point as one side of a comparison.
struct Side {
    /// What it has that the other has not.
    name: String,
    /// What both must have in common.
    rest: Vec<(String, Value)>,
}

impl Side {
    /// The point as the side of this number; nothing if it is not on it.
    fn of(sweep: &Sweep, table: &CompareTable, point: &PlannedPoint, number: usize) -> Option<Self> {
        let label = &sweep.base(point).label;
        let Some(key) = &table.key else {
            let own = (table.bases.get(number) == Some(label)).then(|| label.clone())?;
            return Some(Self { name: own, rest: point.at.clone() });
        };
        let value = point.at.iter().find(|(swept, _)| swept == key).map(|(_, value)| value)?;
        if table.values.get(number) != Some(value) {
            return None;
        }
        let mut rest: Vec<(String, Value)> =
            point.at.iter().filter(|(swept, _)| swept != key).cloned().collect();
        rest.insert(0, ("base".to_owned(), label.as_str().into()));
        Some(Self { name: format!("{key} = {}", plain(value)), rest })
    }

    fn words(&self) -> String {
        let words = self.rest.iter().map(|(key, value)| match key.as_str() {
            "base" => plain(value),
            key => format!("{key} = {}", plain(value)),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// The values of a column at both points, by seed.
fn pairs(first: &[Row], second: &[Row], column: &str) -> (Vec<f64>, Vec<f64>) {
    let value = |row: &Row| columns(row).get(column).copied();
    let theirs: OrderedMap<u64, &Row> = second.iter().map(|row| (row.seed, row)).collect();
    let both = first.iter().filter_map(|row| Some((value(row)?, value(theirs.get(&row.seed)?)?)));
    both.unzip()
}

fn one(
    [at, first, second]: [String; 3],
    column: &str,
    (ours, theirs): (Vec<f64>, Vec<f64>),
    label: u64,
) -> Option<Comparison> {
    let difference = paired(&ours, &theirs, CONFIDENCE)?;
    let resamples = (DRAWS / ours.len() as u64).clamp(200, RESAMPLES.into()) as u32;
    let keyed = Keyed::new(0, Purpose::Bootstrap).labeled(label);
    let ratio = paired_ratio(&ours, &theirs, CONFIDENCE, resamples, keyed);
    Some(Comparison {
        at,
        first,
        second,
        column: column.to_owned(),
        pairs: ours.len() as u64,
        difference: difference.mean,
        difference_interval: (difference.interval.low, difference.interval.high),
        p_value: difference.p_value,
        ratio: ratio.map(|(ratio, _)| ratio),
        ratio_interval: ratio.map(|(_, interval)| (interval.low, interval.high)),
        larger: difference.larger,
        smaller: difference.smaller,
    })
}
