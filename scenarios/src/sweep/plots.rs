//! The plots of a sweep: those that its file asks for, or the default ones.

use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::sweep::{Plot, SweepTable};

use super::Sweep;
use super::file::PlotTable;
use super::tabulate::coordinate;

/// What is fitted where a file asks for no plots.
const USUALLY_FITTED: [&str; 2] = ["messages_per", "bytes_per"];

/// What the file asks for; else messages and bytes in log-log, and the percentiles of each quantity, against each key
/// that has at least two values.
pub(super) fn plots(sweep: &Sweep, table: &SweepTable) -> Vec<Plot> {
    let asked = sweep.file.plots.iter().map(|plot| Plot {
        bases: plot.bases.clone(),
        log: plot.log,
        fit: plot.fit,
        x_label: plot.x_label.clone(),
        y_label: plot.y_label.clone(),
        x_scale: plot.x_scale,
        y_scale: plot.y_scale,
        size_mm: plot.size_mm,
        ..Plot::new(
            name(plot),
            plot.title.clone().unwrap_or_else(|| title(&plot.columns, &plot.against)),
            &plot.against,
            plot.columns.clone(),
        )
    });
    if !sweep.file.plots.is_empty() {
        return asked.collect();
    }
    let keys = table.points.iter().flat_map(|point| point.at.iter().map(|at| at.key.clone()));
    let keys: OrderedSet<String> = keys.collect();
    let mut plots: Vec<Plot> = keys.iter().flat_map(|key| usual(table, key)).collect();
    tell_apart(&mut plots);
    plots
}

/// The stem of a plot's files.
pub(super) fn name(plot: &PlotTable) -> String {
    plot.name.clone().unwrap_or_else(|| stem(&plot.columns, &plot.against))
}

/// The keys against which a column is fitted.
pub(super) fn fitted(sweep: &Sweep, column: &str) -> OrderedSet<String> {
    if !sweep.file.plots.is_empty() {
        let plots = sweep.file.plots.iter();
        let fitted = plots.filter(|plot| plot.fit && plot.columns.iter().any(|known| known == column));
        return fitted.map(|plot| plot.against.clone()).collect();
    }
    let mut numbers: OrderedMap<&str, Vec<Option<f64>>> = OrderedMap::new();
    for (key, value) in sweep.points.iter().flat_map(|point| &point.at) {
        numbers.entry(key).or_default().push(coordinate(key, value).number);
    }
    let usual = USUALLY_FITTED.contains(&column);
    let keys = numbers.into_iter().filter(|(_, numbers)| usual && logarithmic(numbers));
    keys.map(|(key, _)| key.to_owned()).collect()
}

/// Whether values have places on a logarithmic axis.
fn logarithmic(numbers: &[Option<f64>]) -> bool {
    numbers.len() > 1 && numbers.iter().all(|number| number.is_some_and(|number| number > 0.0))
}

/// Two keys that differ in a point alone have one stem: the later one gets a number.
fn tell_apart(plots: &mut [Plot]) {
    for index in 1..plots.len() {
        let (before, rest) = plots.split_at_mut(index);
        let taken = |name: &str| before.iter().any(|plot| plot.name == name);
        let numbered = (2_u32..).map(|number| format!("{}-{number}", rest[0].name));
        let free = std::iter::once(rest[0].name.clone()).chain(numbered).find(|name| !taken(name));
        if let Some(free) = free {
            rest[0].name = free;
        }
    }
}

fn usual(table: &SweepTable, key: &str) -> Vec<Plot> {
    let numbers = table.points.iter().filter_map(|point| point.coordinate(key)).map(|at| at.number);
    let numbers: Vec<Option<f64>> = numbers.collect();
    let log = logarithmic(&numbers);
    let plot = |columns: Vec<String>, log: bool, fit: bool| Plot {
        log,
        fit,
        ..Plot::new(stem(&columns, key), title(&columns, key), key, columns)
    };
    let mut plots: Vec<Plot> =
        USUALLY_FITTED.iter().map(|column| plot(vec![(*column).to_owned()], log, log)).collect();
    let names = table.points.iter().flat_map(|point| point.columns.keys());
    let metrics: OrderedSet<&str> = names.filter_map(|name| name.strip_suffix(".p50")).collect();
    for metric in metrics {
        plots.push(plot(["p50", "p90", "p99"].map(|rank| format!("{metric}.{rank}")).to_vec(), false, false));
    }
    plots
}

/// Columns and the whole key, with a hyphen for whatever is no letter and no digit.
fn stem(columns: &[String], key: &str) -> String {
    let text = format!("{}-vs-{key}", family(columns));
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(plain).collect()
}

/// What columns have in common: `operation_latency_ns` of its percentiles; a single one itself.
fn family(columns: &[String]) -> &str {
    let first = columns.first().map_or("nothing", String::as_str);
    if columns.len() > 1 { first.rsplit_once('.').map_or(first, |(family, _)| family) } else { first }
}

/// A name in words: `operation_latency_ns` is `operation latency`.
fn plain(name: &str) -> String {
    name.trim_start_matches("measure.").replace("_ns", "").replace(['_', '.'], " ")
}

fn title(columns: &[String], key: &str) -> String {
    let what = match family(columns) {
        "messages_per" => "Messages, per unit of work".to_owned(),
        "bytes_per" => "Bytes, per unit of work".to_owned(),
        other if columns.len() > 1 => format!("{}, percentiles", plain(other)),
        other => plain(other),
    };
    let title = format!("{what}, against {}", plain(key.rsplit('.').next().unwrap_or(key)));
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
