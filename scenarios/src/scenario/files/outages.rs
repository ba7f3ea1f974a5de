//! Outages from a table: who, from, to. Each row is a fault.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sim_core::time::Duration;

use super::Includer;
use super::rows::{Row, rows};
use crate::document::{Document, Places};
use crate::problem::Problem;
use crate::source::Source;

/// What an outage may be.
const FAULTS: [&str; 3] = ["crash", "pause", "partition"];
/// More outages in one table are a mistake.
const MOST: usize = 100_000;
const KEYS: [&str; 3] = ["file", "fault", "over_budget"];

impl Includer {
    /// `[[outages]]`: every row of each file becomes a fault behind those that are written.
    pub(super) fn outages(&mut self, document: &mut Document) {
        let Some(entries) = document.value.as_object_mut().and_then(|table| table.remove("outages")) else {
            return;
        };
        let places = document.places.children.remove("outages");
        let places = places.unwrap_or_else(|| Places::leaf(document.places.value.clone()));
        let entries = match entries {
            Value::Array(entries) => entries.into_iter().enumerate().collect(),
            entry => vec![(usize::MAX, entry)],
        };
        for (index, entry) in entries {
            let at = places.children.get(&index.to_string()).unwrap_or(&places).clone();
            let found = self.of_entry(&entry, &at);
            if let Some(faults) = found {
                append(document, faults);
            }
        }
    }

    fn of_entry(&mut self, entry: &Value, places: &Places) -> Option<Vec<(Value, Places)>> {
        let Some(table) = entry.as_object() else {
            let problem = Problem::new("expected a table with file = \"..\"").at(places.value.clone());
            self.problems.push(problem);
            return None;
        };
        self.only(table, places, &KEYS);
        let fault = table.get("fault").and_then(Value::as_str).unwrap_or("crash").to_owned();
        if !FAULTS.contains(&fault.as_str()) {
            let problem = Problem::new(format!("an outage cannot be \"{fault}\""));
            self.problems.push(problem.at(places.value_at(&["fault"])).suggest(&fault, FAULTS));
            return None;
        }
        let Some(name) = table.get("file") else {
            let problem = Problem::new("missing key \"file\" in outages").at(places.value.clone());
            self.problems.push(problem);
            return None;
        };
        let source = self.read(name, &places.value_at(&["file"]))?;
        Some(self.of_rows(&source, table, &fault))
    }

    fn of_rows(
        &mut self,
        source: &Arc<Source>,
        table: &Map<String, Value>,
        fault: &str,
    ) -> Vec<(Value, Places)> {
        let head = |row: &Row<'_>| row.cells.first().is_some_and(|cell| cell.eq_ignore_ascii_case("who"));
        let mut faults = Vec::new();
        for row in rows(source).filter(|row| !head(row)) {
            if faults.len() == MOST {
                self.problems.push(row.problem(format!("more than {MOST} outages")));
                break;
            }
            match outage(&row, fault) {
                Ok(mut value) => {
                    if let Some(beyond) = table.get("over_budget") {
                        value["over_budget"] = beyond.clone();
                    }
                    faults.push((value, places(&row, fault)));
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        faults
    }
}

/// A row as a fault.
fn outage(row: &Row<'_>, fault: &str) -> Result<Value, Problem> {
    let [who, from, to] = row.cells[..] else {
        return Err(row.problem(format!("expected three cells (who, from, to), found {}", row.cells.len())));
    };
    let time = |index: usize, text: &str| {
        let seconds = || format!("{text}s").parse::<Duration>().ok();
        let read = text.parse::<Duration>().ok().or_else(seconds);
        read.ok_or_else(|| {
            let problem = row.problem_at(index, format!("\"{text}\" is no time"));
            problem.note("expected a duration from the start as \"1h\", or a number of seconds")
        })
    };
    let who = if who.parse::<u32>().is_ok() { format!("n{who}") } else { who.to_owned() };
    let from = time(1, from)?;
    let mut value = json!({ "at": from.to_string(), fault: { target_key(fault): who } });
    if !to.is_empty() {
        let to = time(2, to)?;
        if to <= from {
            return Err(row.problem_at(2, "this outage ends before it begins"));
        }
        value["for"] = Duration::from_nanos(to.as_nanos() - from.as_nanos()).to_string().into();
    }
    Ok(value)
}

fn target_key(fault: &str) -> &'static str {
    if fault == "partition" { "isolate" } else { "target" }
}

/// Where the parts of an outage stand, as the fault that it becomes.
fn places(row: &Row<'_>, fault: &str) -> Places {
    let leaf = |index| Places::leaf(row.cell(index));
    let mut what = leaf(0);
    what.children.insert(target_key(fault).to_owned(), leaf(0));
    let mut whole = Places::leaf(row.origin());
    whole.children.insert("at".to_owned(), leaf(1));
    whole.children.insert("for".to_owned(), leaf(2));
    whole.children.insert(fault.to_owned(), what);
    whole
}

/// Puts faults behind those that are written; an error about one points at its row.
fn append(document: &mut Document, faults: Vec<(Value, Places)>) {
    let around = Places::leaf(document.places.value.clone());
    let Some(table) = document.value.as_object_mut() else { return };
    let list = table.entry("faults").or_insert_with(|| Value::Array(Vec::new()));
    let Some(list) = list.as_array_mut() else { return };
    let places = document.places.child_mut("faults", &around);
    for (fault, of_row) in faults {
        places.children.insert(list.len().to_string(), of_row);
        list.push(fault);
    }
}
