//! What a run's row gives to the table, by column.

use sim_core::metrics;
use sim_core::ordered::OrderedMap;

use super::Row;
use crate::scenario::Loaded;

/// Columns of every run that has anything to count by.
const COUNTS: [&str; 10] = [
    "messages",
    "bytes",
    "delivered",
    "dropped",
    "events",
    "per",
    "virtual_ns",
    BROKEN,
    "messages_per",
    "bytes_per",
];

/// The column that is 1 where a property of safety did not hold.
pub(super) const BROKEN: &str = "broken";

/// Every column that runs of a scenario may have.
pub(crate) fn names(loaded: &Loaded) -> Vec<String> {
    let ranks = ["mean", "p50", "p90", "p99", "max"];
    let recorded = metrics::NAMES.iter().chain(loaded.protocol.metrics);
    let metrics = recorded.flat_map(|name| ranks.map(|rank| format!("{name}.{rank}")));
    let measures = loaded.scenario.measure.iter().map(|measure| format!("measure.{}", measure.name));
    COUNTS.map(str::to_owned).into_iter().chain(metrics).chain(measures).collect()
}

/// Every number of a run, by the name of its column. What was not measured in a run is not there.
pub(crate) fn columns(row: &Row) -> OrderedMap<String, f64> {
    let mut columns: OrderedMap<String, f64> = [
        ("messages", row.messages),
        ("bytes", row.bytes),
        ("delivered", row.delivered),
        ("dropped", row.dropped),
        ("events", row.events),
        ("per", row.per),
        ("virtual_ns", row.virtual_ns),
        (BROKEN, u64::from(row.broken)),
    ]
    .map(|(name, value)| (name.to_owned(), value as f64))
    .into();
    if row.per > 0 {
        columns.insert("messages_per".to_owned(), row.messages as f64 / row.per as f64);
        columns.insert("bytes_per".to_owned(), row.bytes as f64 / row.per as f64);
    }
    for (name, metric) in &row.metrics {
        columns.insert(format!("{name}.mean"), metric.mean);
        let ranks = [("p50", metric.p50), ("p90", metric.p90), ("p99", metric.p99), ("max", metric.max)];
        for (rank, value) in ranks {
            columns.insert(format!("{name}.{rank}"), value as f64);
        }
    }
    for (name, value) in &row.measures {
        if let Some(value) = value {
            columns.insert(format!("measure.{name}"), *value as f64);
        }
    }
    columns
}
