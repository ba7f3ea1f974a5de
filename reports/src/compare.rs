//! Two runs side by side: what differs in their scenarios, the first event that differs, and each figure with its
//! difference.

mod page;
#[cfg(test)]
mod tests;

use serde_json::Value;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Outcome;
use sim_core::trace::Parting;

use crate::record::RunRecord;
use crate::words::{self, plain};

pub use page::page;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The two runs, called A and B.
    pub runs: [RunRecord; 2],
    /// Where they part, if they do and could be made again.
    pub parting: Option<Parting>,
    /// Why the first event that differs is not known, if it is not.
    pub untraced: Option<String>,
}

/// How two runs are called.
pub const SIDES: [&str; 2] = ["A", "B"];

/// A number of both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// What is counted or measured, in words.
    pub name: String,
    /// The number of each run; absent where it has none.
    pub values: [Option<u64>; 2],
    /// In what it is measured.
    pub unit: Unit,
}

/// In what a number is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A count.
    Count,
    /// Nanoseconds.
    Nanoseconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// As documents name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
        }
    }

    /// A number in this unit, for people.
    pub fn words(self, value: u64) -> String {
        match self {
            Self::Count => words::count(value),
            Self::Nanoseconds => words::time(value),
            Self::Bytes => words::bytes(value),
        }
    }
}

impl FigureRow {
    /// B less A; nothing where one of them has no number.
    pub fn difference(&self) -> Option<i128> {
        let [Some(a), Some(b)] = self.values else { return None };
        Some(i128::from(b) - i128::from(a))
    }

    /// Whether both runs have the same.
    pub fn is_equal(&self) -> bool {
        self.values[0] == self.values[1]
    }

    /// The number of a run in words.
    pub fn value_words(&self, side: usize) -> String {
        self.values[side].map_or_else(|| "none".to_owned(), |value| self.unit.words(value))
    }

    /// The difference in words, with its share of A: `+12 (+3.4 %)`; empty if there is none.
    pub fn difference_words(&self) -> String {
        let Some(difference) = self.difference().filter(|difference| *difference != 0) else {
            return String::new();
        };
        let sign = if difference < 0 { '\u{2212}' } else { '+' };
        let size = u64::try_from(difference.unsigned_abs()).unwrap_or(u64::MAX);
        let share = match self.values[0] {
            Some(a) if a > 0 => format!(" ({sign}{:.1} %)", size as f64 * 100.0 / a as f64),
            _ => String::new(),
        };
        format!("{sign}{}{share}", self.unit.words(size))
    }
}

/// Every number of two runs, those that differ and those that do not, in the order in which people look for them.
pub fn figures(comparison: &Comparison) -> Vec<FigureRow> {
    let [a, b] = comparison.runs.each_ref().map(|run| numbers(&run.outcome));
    let mut names: Vec<&Named> = a.iter().map(|(named, _)| named).collect();
    names.extend(b.iter().map(|(named, _)| named).filter(|named| a.iter().all(|(own, _)| own != *named)));
    let value = |numbers: &[(Named, u64)], wanted: &Named| {
        numbers.iter().find(|(named, _)| named == wanted).map(|(_, value)| *value)
    };
    let row = |named: &Named| FigureRow {
        name: named.0.clone(),
        values: [value(&a, named), value(&b, named)],
        unit: named.1,
    };
    names.into_iter().map(row).collect()
}

/// A name in words, and the unit.
type Named = (String, Unit);

fn numbers(outcome: &Outcome) -> Vec<(Named, u64)> {
    let messages = &outcome.messages;
    let count = |name: &str, value: u64| ((name.to_owned(), Unit::Count), value);
    let mut all = vec![
        (("virtual time".to_owned(), Unit::Nanoseconds), outcome.virtual_ns),
        count("events", outcome.events),
        count("violations", outcome.violations.len() as u64 + outcome.violations_omitted),
        count(
            "faults injected",
            outcome.faults.iter().filter(|fault| fault.refused.is_none()).count() as u64,
        ),
        count("messages sent", messages.sent),
        count("messages delivered", messages.delivered),
        count("messages dropped", messages.dropped),
        count("messages duplicated", messages.duplicated),
        (("bytes sent".to_owned(), Unit::Bytes), messages.bytes),
    ];
    for (name, metric) in &outcome.metrics {
        all.push(count(&format!("{} values", plain(name)), metric.count));
        for (rank, value) in [("p50", metric.p50), ("p99", metric.p99), ("max", metric.max)] {
            all.push(((format!("{} {rank}", plain(name)), unit(name)), value));
        }
    }
    let measured = |(name, value): (&String, &Option<u64>)| Some(((plain(name), unit(name)), (*value)?));
    all.extend(outcome.measures.iter().filter_map(measured));
    let kind = |(name, value): (&String, &u64)| count(&format!("{name} sent"), *value);
    all.extend(messages.by_kind.iter().map(kind));
    let counted = |(name, value): (&String, &u64)| ((plain(name), unit(name)), *value);
    all.extend(outcome.activity.iter().map(counted));
    all
}

fn unit(name: &str) -> Unit {
    if name.ends_with("_ns") { Unit::Nanoseconds } else { Unit::Count }
}

/// A key of the scenario that differs: its path, and what stands there in each.
pub type KeyDifference = (String, [String; 2]);

/// The keys in which the scenarios of two runs differ. The seed and the planted bugs count as keys.
pub fn scenario_differences(comparison: &Comparison) -> Vec<KeyDifference> {
    let flat = |run: &RunRecord| {
        let mut keys = OrderedMap::new();
        keys.insert("seed".to_owned(), run.outcome.seed.to_string());
        keys.insert("plants".to_owned(), run.outcome.plants.join(", "));
        flatten("", &run.scenario, &mut keys);
        keys
    };
    let [a, b] = comparison.runs.each_ref().map(flat);
    let keys: sim_core::ordered::OrderedSet<&String> = a.keys().chain(b.keys()).collect();
    let value = |keys: &OrderedMap<String, String>, key: &String| keys.get(key).cloned().unwrap_or_default();
    keys.into_iter()
        .map(|key| (key.clone(), [value(&a, key), value(&b, key)]))
        .filter(|(_, [a, b])| a != b)
        .collect()
}

fn flatten(path: &str, value: &Value, keys: &mut OrderedMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(table) => table.iter().for_each(|(key, value)| flatten(&below(key), value, keys)),
        Value::Array(list) if list.iter().any(|item| item.is_object() || item.is_array()) => {
            let items = list.iter().enumerate();
            items.for_each(|(at, value)| flatten(&format!("{path}[{at}]"), value, keys));
        }
        Value::String(text) => {
            keys.insert(path.to_owned(), text.clone());
        }
        other => {
            keys.insert(path.to_owned(), other.to_string());
        }
    }
}

/// What comparing came to, in a sentence.
pub fn headline(comparison: &Comparison) -> String {
    let [a, b] = comparison.runs.each_ref().map(|run| &run.outcome);
    match (&comparison.parting, &comparison.untraced) {
        (Some(parting), _) if parting.at_ns == 0 => {
            format!("The runs differ from the start, after {}", words::counted(parting.index, "equal event"))
        }
        (Some(parting), _) => format!(
            "The runs differ from {} on, after {}",
            words::moment(parting.at_ns),
            words::counted(parting.index, "equal event"),
        ),
        (None, _) if a.digest == b.digest => "The runs are the same, event by event".to_owned(),
        (None, Some(why)) => format!("The runs differ, and where is not known: {why}"),
        (None, None) => "The same events, judged or recorded in another way".to_owned(),
    }
}
