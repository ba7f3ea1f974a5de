//! Latencies between hosts from a table: a square matrix of numbers, or rows of from, to, latency.

use std::sync::Arc;

use serde_json::Value;
use sim_core::network::HostMatrix;
use sim_core::tree;

use super::rows::{Row, problem, rows};
use crate::problem::Problem;
use crate::source::Source;

/// Units of the numbers, for one way.
pub(super) const UNITS: [&str; 3] = ["us", "ms", "s"];

/// The matrix of a file, as a setup writes it; nothing as a problem where the unit is unknown.
pub(super) fn read(source: &Arc<Source>, unit: &str) -> Result<Value, Option<Problem>> {
    let micros = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return Err(None),
    };
    let mut table: Vec<Vec<u32>> = Vec::new();
    for row in rows(source) {
        match numbers(&row, micros) {
            Ok(numbers) => table.push(numbers),
            // Names of hosts.
            Err(_) if table.is_empty() && row.cells.iter().any(|cell| cell.parse::<f64>().is_err()) => {}
            Err(problem) => return Err(Some(problem)),
        }
        let (last, hosts) = (table.last().map_or(0, Vec::len), table.first().map_or(0, Vec::len));
        if last != hosts {
            return Err(Some(row.problem(format!("a row of {last} numbers, expected {hosts}"))));
        }
    }
    let hosts = table.len();
    if table.first().map_or(0, Vec::len) != hosts {
        let columns = table.first().map_or(0, Vec::len);
        return Err(Some(problem(
            source,
            format!("expected a square, found {hosts} rows of {columns} numbers"),
        )));
    }
    let matrix = HostMatrix::new(hosts, table.concat());
    let matrix = matrix.map_err(|why| Some(problem(source, why.to_string())))?;
    tree::of(&matrix).map_err(|error| Some(problem(source, error.to_string())))
}

fn numbers(row: &Row<'_>, micros: f64) -> Result<Vec<u32>, Problem> {
    let number = |(index, cell): (usize, &&str)| {
        let value = cell.parse::<f64>().ok().map(|value| value * micros + 0.5);
        let value = value.filter(|value| (0.0..f64::from(HostMatrix::MOST_MICROS)).contains(value));
        value.map(|value| value as u32).ok_or_else(|| {
            let problem = row.problem_at(index, format!("\"{cell}\" is no latency"));
            problem.note(format!("expected a number of at most {} microseconds", HostMatrix::MOST_MICROS))
        })
    };
    row.cells.iter().enumerate().map(number).collect()
}
