//! What a run's row gives to the table, by column.

use sim_core::metrics;
use sim_core::ordered::OrderedMap;
use sim_core::stats::Tally;

use super::Row;
use super::line::View;
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

/// The name of a column in its parts: many rows have the same, and need not spell it out.
#[derive(Clone, Copy)]
struct Name<'a>(&'static str, &'a str, &'static str);

impl Name<'_> {
    fn is(self, text: &str) -> bool {
        let Self(before, middle, after) = self;
        text.len() == before.len() + middle.len() + after.len()
            && (before.is_empty() || text.starts_with(before))
            && (after.is_empty() || text.ends_with(after))
            && text.as_bytes()[before.len()..].starts_with(middle.as_bytes())
    }

    fn text(self) -> String {
        [self.0, self.1, self.2].concat()
    }
}

/// Calls with every number of a run and the name of its column, in an order that depends on its [`Shape`] alone.
fn each(row: &View<'_>, mut call: impl FnMut(Name<'_>, f64)) {
    let counts = [
        ("messages", row.messages),
        ("bytes", row.bytes),
        ("delivered", row.delivered),
        ("dropped", row.dropped),
        ("events", row.events),
        ("per", row.per),
        ("virtual_ns", row.virtual_ns),
        (BROKEN, u64::from(row.broken)),
    ];
    for (name, value) in counts {
        call(Name("", name, ""), value as f64);
    }
    if row.per > 0 {
        call(Name("", "messages_per", ""), row.messages as f64 / row.per as f64);
        call(Name("", "bytes_per", ""), row.bytes as f64 / row.per as f64);
    }
    for (name, metric) in &row.metrics {
        call(Name("", name, ".mean"), metric.mean);
        let ranks = [(".p50", metric.p50), (".p90", metric.p90), (".p99", metric.p99), (".max", metric.max)];
        for (rank, value) in ranks {
            call(Name("", name, rank), value as f64);
        }
    }
    for (name, value) in &row.measures {
        if let Some(value) = value {
            call(Name("measure.", name, ""), *value as f64);
        }
    }
}

/// What runs have in common that have the same columns, and where each of them is kept. Most runs of a sweep are like the one
/// before, and nobody spells their columns' names.
#[derive(Clone, Debug, Default)]
struct Shape {
    per: bool,
    metrics: Vec<String>,
    measures: Vec<(String, bool)>,
    places: Vec<usize>,
}

impl Shape {
    fn is_of(&self, row: &View<'_>) -> bool {
        self.per == (row.per > 0)
            && self.metrics.iter().eq(row.metrics.iter().map(|(name, _)| name))
            && self.measures.iter().map(|(name, is)| (name.as_str(), *is)).eq(measured(row))
            && !self.places.is_empty()
    }

    /// Of a run whose columns are kept at these places.
    fn of(row: &View<'_>, places: Vec<usize>) -> Self {
        Self {
            per: row.per > 0,
            metrics: row.metrics.iter().map(|(name, _)| (*name).to_owned()).collect(),
            measures: measured(row).map(|(name, is)| (name.to_owned(), is)).collect(),
            places,
        }
    }
}

/// The measures of a run, and whether each has a value.
fn measured<'a>(row: &'a View<'_>) -> impl Iterator<Item = (&'a str, bool)> {
    row.measures.iter().map(|(name, value)| (*name, value.is_some()))
}

/// Every number of a run, by the name of its column. What was not measured in a run is not there.
pub(crate) fn columns(row: &Row) -> OrderedMap<String, f64> {
    let mut columns = OrderedMap::new();
    each(&View::of(row), |name, value| {
        columns.insert(name.text(), value);
    });
    columns
}

/// The number of a run in one column.
pub(super) fn number(row: &View<'_>, column: &str) -> Option<f64> {
    let mut found = None;
    each(row, |name, value| {
        if name.is(column) {
            found = Some(value);
        }
    });
    found
}

/// Columns of many runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    columns: Vec<(String, Tally)>,
    last: Shape,
}

impl Columns {
    /// Takes in a run.
    pub(super) fn add(&mut self, row: &View<'_>) {
        let Self { columns, last } = self;
        if !last.is_of(row) {
            let mut places = Vec::new();
            each(row, |name, _| {
                let place = columns.iter().position(|(text, _)| name.is(text));
                places.push(place.unwrap_or_else(|| {
                    columns.push((name.text(), Tally::default()));
                    columns.len() - 1
                }));
            });
            *last = Shape::of(row, places);
        }
        let mut places = last.places.iter();
        each(row, |_, value| {
            if let Some(place) = places.next() {
                columns[*place].1.add(value);
            }
        });
    }

    /// Takes in the columns of other runs.
    pub(super) fn absorb(&mut self, other: Self) {
        for (name, tally) in other.columns {
            match self.columns.iter_mut().find(|(known, _)| *known == name) {
                Some((_, own)) => own.absorb(&tally),
                None => self.columns.push((name, tally)),
            }
        }
    }

    /// The names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Each column with its sample, by name.
    pub(super) fn sorted(self) -> OrderedMap<String, Tally> {
        self.columns.into_iter().collect()
    }
}

/// Numbers of runs in columns of a table, which stand in the order of their names.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    columns: &'a [String],
    last: Shape,
    cells: Vec<Option<f64>>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(columns: &'a [String]) -> Self {
        Self { columns, last: Shape::default(), cells: Vec::new() }
    }

    /// The number of a run in each column; nothing if it has one in another column.
    pub(super) fn of(&mut self, row: &View<'_>) -> Option<&[Option<f64>]> {
        let Self { columns, last, cells } = self;
        if !last.is_of(row) {
            let (mut places, mut all) = (Vec::new(), true);
            each(row, |name, _| match columns.binary_search(&name.text()) {
                Ok(place) => places.push(place),
                Err(_) => all = false,
            });
            if !all {
                return None;
            }
            *last = Shape::of(row, places);
        }
        cells.clear();
        cells.resize(columns.len(), None);
        let mut places = last.places.iter();
        each(row, |_, value| {
            if let Some(place) = places.next() {
                cells[*place] = Some(value);
            }
        });
        Some(cells)
    }
}
