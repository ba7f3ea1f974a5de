//! Bandwidth by host from a table: a row for each host, with the number in its last cell.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rows::{problem, rows};
use crate::problem::Problem;
use crate::source::Source;

/// Units of the numbers, with how many bytes per second they are.
const UNITS: [(&str, f64); 5] =
    [("B/s", 1.0), ("kB/s", 1e3), ("MB/s", 1e6), ("Mbit/s", 125e3), ("Gbit/s", 125e6)];

/// A line that is faster has no limit that a simulation feels: a terabyte per second.
const MOST: f64 = 1e12;

/// No table has more hosts.
const MOST_HOSTS: usize = 100_000;

/// The names of units.
pub(super) fn units() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|(name, _)| *name)
}

/// The rates of a file, as a setup writes them; nothing as a problem where the unit is unknown.
pub(super) fn read(source: &Arc<Source>, unit: &str) -> Result<Value, Option<Problem>> {
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(None)?;
    let mut rates: Vec<u64> = Vec::new();
    for (index, row) in rows(source).enumerate() {
        let last = row.cells.len().saturating_sub(1);
        let cell = row.cells.get(last).copied().unwrap_or_default();
        let number = cell.parse::<f64>().ok();
        // The names of columns.
        if index == 0 && number.is_none() {
            continue;
        }
        let rate = number.map(|number| number * factor).filter(|rate| (1.0..=MOST).contains(rate));
        let Some(rate) = rate else {
            let problem = row.problem_at(last, format!("\"{cell}\" is no bandwidth"));
            return Err(Some(problem.note("expected a number, from one byte to a terabyte per second")));
        };
        rates.push(rate.round() as u64);
    }
    if rates.is_empty() || rates.len() > MOST_HOSTS {
        let found = rates.len();
        return Err(Some(problem(source, format!("expected 1 to {MOST_HOSTS} hosts, found {found}"))));
    }
    Ok(json!({ "hosts": rates }))
}
