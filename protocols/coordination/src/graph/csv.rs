//! A task graph from a CSV: one line for each task, the first line names the columns.

use serde_json::{Map, Value};
use sim_core::tree;

use super::TaskSpec;

/// Columns that hold lists, separated by spaces.
const LISTS: [&str; 4] = ["after", "before", "needs", "cancels"];
/// Columns that hold numbers.
const NUMBERS: [&str; 5] = ["steps", "tokens_in", "tokens_out", "retries", "score"];

/// Reads tasks; columns are the keys of a task, and what a cell leaves empty is left out.
///
/// # Errors
/// The line, and what is wrong with it.
pub(super) fn read(lines: &[&str]) -> Result<Vec<TaskSpec>, String> {
    let mut lines = (1..).zip(lines).filter(|(_, line)| !line.trim().is_empty());
    let Some((_, head)) = lines.next() else {
        return Err("the CSV is empty; its first line names the columns".to_owned());
    };
    let columns: Vec<&str> = head.split(',').map(str::trim).collect();
    if !columns.contains(&"name") {
        return Err(format!("expected a column \"name\" among \"{head}\""));
    }
    lines.map(|(number, line)| task(&columns, line).map_err(|why| format!("line {number}: {why}"))).collect()
}

fn task(columns: &[&str], line: &str) -> Result<TaskSpec, String> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    if cells.len() != columns.len() {
        return Err(format!("{} cells under {} columns", cells.len(), columns.len()));
    }
    let mut spec = Map::new();
    for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let value = if LISTS.contains(column) {
            cell.split_whitespace().map(Value::from).collect()
        } else if NUMBERS.contains(column) {
            cell.parse::<u32>().map_err(|_| format!("{column} is {cell}, expected a number"))?.into()
        } else {
            Value::from(cell)
        };
        spec.insert((*column).to_owned(), value);
    }
    tree::read(&Value::Object(spec)).map_err(|misfit| misfit.message)
}
