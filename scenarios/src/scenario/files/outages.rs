//! Outages from a table: who, from, to. Each row is a fault.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sim_core::time::Duration;

use super::Includer;
use super::rows::{Row, rows};
use crate::document::{Document, Places};
use crate::problem::Problem;
use crate::source::{Origin, Source};

/// What an outage may be.
const FAULTS: [&str; 3] = ["crash", "pause", "partition"];
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

    fn of_entry(&mut self, entry: &Value, places: &Places) -> Option<Vec<(Value, Origin)>> {
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
    ) -> Vec<(Value, Origin)> {
        let head = |row: &Row<'_>| row.cells.first().is_some_and(|cell| cell.eq_ignore_ascii_case("who"));
        let mut faults = Vec::new();
        for row in rows(source).filter(|row| !head(row)) {
            match outage(&row, fault) {
                Ok(mut value) => {
                    if let Some(beyond) = table.get("over_budget") {
                        value["over_budget"] = beyond.clone();
                    }
                    faults.push((value, row.origin()));
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
    let time = |text: &str| {
        let seconds = || format!("{text}s").parse::<Duration>().ok();
        let read = text.parse::<Duration>().ok().or_else(seconds);
        read.ok_or_else(|| {
            let problem = row.problem(format!("\"{text}\" is no time"));
            problem.note("expected a duration from the start as \"1h\", or a number of seconds")
        })
    };
    let who = if who.parse::<u32>().is_ok() { format!("n{who}") } else { who.to_owned() };
    let target = if fault == "partition" { "isolate" } else { "target" };
    let from = time(from)?;
    let mut value = json!({ "at": from.to_string(), fault: { target: who } });
    if !to.is_empty() {
        let to = time(to)?;
        if to <= from {
            return Err(row.problem("this outage ends before it begins"));
        }
        value["for"] = Duration::from_nanos(to.as_nanos() - from.as_nanos()).to_string().into();
    }
    Ok(value)
}

/// Puts faults behind those that are written; an error about one points at its row.
fn append(document: &mut Document, faults: Vec<(Value, Origin)>) {
    let around = Places::leaf(document.places.value.clone());
    let Some(table) = document.value.as_object_mut() else { return };
    let list = table.entry("faults").or_insert_with(|| Value::Array(Vec::new()));
    let Some(list) = list.as_array_mut() else { return };
    let places = document.places.child_mut("faults", &around);
    for (fault, origin) in faults {
        places.children.insert(list.len().to_string(), Places::leaf(origin));
        list.push(fault);
    }
}
