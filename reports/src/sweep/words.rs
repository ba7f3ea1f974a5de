//! Keys, columns and points of a sweep in words.

use sim_core::sweep::{SweepPoint, SweepTable};

/// A key of a scenario in words: `cluster.raft.election_timeout_min` is `election timeout min`. More of the key is told where
/// another swept key ends in the same way.
pub(super) fn key_words(table: &SweepTable, key: &str) -> String {
    let others = || table.points.iter().flat_map(|point| &point.at).filter(|at| at.key != key);
    let starts = key.rmatch_indices('.').map(|(at, _)| at + 1).chain([0]);
    let tails = starts.map(|start| &key[start..]);
    let alone = |tail: &&str| !others().any(|at| at.key.ends_with(*tail));
    tails.into_iter().find(alone).unwrap_or(key).replace(['_', '.'], " ")
}

/// Where a point stands on all keys but one.
fn others(table: &SweepTable, point: &SweepPoint, but: Option<&str>) -> Vec<String> {
    let others = point.at.iter().filter(|at| Some(at.key.as_str()) != but);
    others.map(|at| format!("{} = {}", key_words(table, &at.key), at.value)).collect()
}

/// Where a point stands: `nodes = 5, mode = push`.
pub(super) fn place_words(table: &SweepTable, point: &SweepPoint) -> String {
    others(table, point, None).join(", ")
}

/// What the points of a line have in common.
pub(super) fn line_words(table: &SweepTable, point: &SweepPoint, against: &str) -> String {
    let parts = [point.base.clone()].into_iter().chain(others(table, point, Some(against)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Nanoseconds are shown as milliseconds, and the length of whole runs in seconds.
pub(super) fn unit_of(column: &str) -> (&'static str, f64) {
    if column == "virtual_ns" {
        return ("s", 1e9);
    }
    if column.contains("_ns") { ("ms", 1e6) } else { ("", 1.0) }
}

/// A column in words: `messages_per` are `messages`, `operation_latency_ns.p99` is `operation latency p99`.
pub(super) fn column_words(column: &str, family: bool) -> String {
    match column {
        "broken" => return "share of runs that broke safety".to_owned(),
        "virtual_ns" => return "virtual time".to_owned(),
        "per" => return "units of work".to_owned(),
        _ => {}
    }
    let column = if family { column.split('.').next().unwrap_or(column) } else { column };
    let plain = column.trim_start_matches("measure.").replace("_ns", "").replace("_per", "");
    plain.replace(['_', '.'], " ")
}

/// A text with a capital letter at its beginning.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
