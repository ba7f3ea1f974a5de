//! Points side by side, seed by seed: what the seeds have in common drops out of the difference.

use serde_json::Value;
use sim_core::random::{Keyed, Purpose};
use sim_core::stats::Pairs;
use sim_core::sweep::Comparison;

use super::columns::number;
use super::csv::plain;
use super::file::CompareTable;
use super::line::View;
use super::tabulate::CONFIDENCE;
use super::{PlannedPoint, Row, Sweep};

/// The runs of a point, by seed.
pub(super) type PointRows = Box<dyn Iterator<Item = Result<Row, String>>>;

/// Every comparison that a file asks for, of runs that can be read point by point.
///
/// # Errors
/// If they cannot be read.
pub(super) fn compare(
    sweep: &Sweep,
    of_point: &dyn Fn(usize) -> Result<PointRows, String>,
) -> Result<Vec<Comparison>, String> {
    let mut found = Vec::new();
    for table in &sweep.file.compares {
        for (index, first) in sweep.points.iter().enumerate() {
            let Some(side) = Side::of(sweep, table, first, 0) else { continue };
            let partner = sweep.points.iter().enumerate().find_map(|(place, second)| {
                let other = Side::of(sweep, table, second, 1).filter(|other| other.rest == side.rest)?;
                Some((place, other))
            });
            let Some((partner, other)) = partner else { continue };
            let pairs = pairs(of_point(index)?, of_point(partner)?, &table.columns)?;
            for ((number, column), pairs) in table.columns.iter().enumerate().zip(&pairs) {
                let label = (index as u64) << 32 | number as u64;
                let names = [side.words(), side.name.clone(), other.name.clone()];
                found.extend(one(names, column, pairs, label));
            }
        }
    }
    Ok(found)
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

/// The values of columns at both points, under the seeds that both have run.
fn pairs(mut first: PointRows, mut second: PointRows, columns: &[String]) -> Result<Vec<Pairs>, String> {
    let mut pairs = vec![Pairs::default(); columns.len()];
    let (mut ours, mut theirs) = (first.next().transpose()?, second.next().transpose()?);
    while let (Some(one), Some(two)) = (&ours, &theirs) {
        let (early, late) = (one.seed <= two.seed, two.seed <= one.seed);
        if early && late {
            let (one, two) = (View::of(one), View::of(two));
            for (column, pairs) in columns.iter().zip(&mut pairs) {
                if let Some((one, two)) = number(&one, column).zip(number(&two, column)) {
                    pairs.add(one, two);
                }
            }
        }
        if early {
            ours = first.next().transpose()?;
        }
        if late {
            theirs = second.next().transpose()?;
        }
    }
    Ok(pairs)
}

fn one([at, first, second]: [String; 3], column: &str, pairs: &Pairs, label: u64) -> Option<Comparison> {
    let difference = pairs.difference(CONFIDENCE)?;
    let ratio = pairs.ratio(CONFIDENCE, Keyed::new(0, Purpose::Bootstrap).labeled(label));
    Some(Comparison {
        at,
        first,
        second,
        column: column.to_owned(),
        pairs: pairs.count(),
        difference: difference.mean,
        difference_interval: (difference.interval.low, difference.interval.high),
        p_value: difference.p_value,
        ratio: ratio.map(|(ratio, _)| ratio),
        ratio_interval: ratio.map(|(_, interval)| (interval.low, interval.high)),
        larger: difference.larger,
        smaller: difference.smaller,
    })
}
