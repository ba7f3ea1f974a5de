//! A histogram as a distribution: buckets as Prometheus shows them, or a CSV of buckets or of values.
//!
//! Buckets are cumulative, as there: how many values are at most so long. Within a bucket every value is equally likely. An
//! empty bucket repeats the share of the one before it, and no value is drawn from it. Values beyond the last bound count as
//! that bound, as Prometheus takes them.

use std::sync::Arc;

use serde_json::{Value, json};
use sim_core::ordered::OrderedMap;
use sim_core::time::Duration;

use super::rows::{problem, rows};
use crate::problem::Problem;
use crate::source::{Origin, Source};

/// The distribution of a file.
pub(super) fn read(source: &Arc<Source>) -> Result<Value, Problem> {
    if source.text.contains("_bucket{") {
        return quantiles(source, &prometheus(source)?);
    }
    let mut rows = rows(source).peekable();
    let head =
        rows.peek().map(|row| row.cells.iter().map(|cell| cell.to_ascii_lowercase()).collect::<Vec<_>>());
    let head: Vec<&str> = head.iter().flatten().map(String::as_str).collect();
    let values = match head[..] {
        ["le", "count"] => false,
        ["value", "count"] => true,
        _ => {
            let wrong = problem(source, "this is no histogram");
            return Err(wrong.note("expected the head le,count (cumulative) or value,count, or lines as name_bucket{le=\"0.1\"} 5"));
        }
    };
    let (mut buckets, mut list) = (Buckets::default(), Vec::new());
    for row in rows.skip(1) {
        let [bound, count] = row.cells[..] else { return Err(row.problem("expected two cells")) };
        let bound = length(bound).ok_or_else(|| row.problem_at(0, format!("\"{bound}\" is no duration")))?;
        let number = number(count).ok_or_else(|| row.problem_at(1, format!("\"{count}\" is no number")))?;
        match bound {
            Some(nanos) if values => list.push(json!([format!("{nanos}ns"), number])),
            _ if values => return Err(row.problem_at(0, "a value is not without end")),
            bound => buckets.add(bound, number, row.origin()),
        }
    }
    if values { Ok(json!({ "values": list })) } else { quantiles(source, &buckets) }
}

/// Cumulative counts by upper bounds in nanoseconds.
#[derive(Default)]
struct Buckets {
    bounds: OrderedMap<u64, (u64, Option<Origin>)>,
    all: Option<u64>,
}

impl Buckets {
    /// Buckets of several series with one bound add up.
    fn add(&mut self, bound: Option<u64>, count: u64, origin: Origin) {
        match bound {
            None => self.all = Some(self.all.unwrap_or(0).saturating_add(count)),
            Some(bound) => {
                let known = self.bounds.get(&bound).map_or(0, |(count, _)| *count);
                self.bounds.insert(bound, (known.saturating_add(count), Some(origin)));
            }
        }
    }
}

/// Lines as `fsync_seconds_bucket{le="0.001"} 5`; bounds are in seconds.
fn prometheus(source: &Arc<Source>) -> Result<Buckets, Problem> {
    let mut buckets = Buckets::default();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let span = start..start + line.trim_end().len();
        start += line.len();
        if line.starts_with('#') || !line.contains("_bucket{") {
            continue;
        }
        let origin = Origin::new(source, span);
        let wrong = |title: &str| Problem::new(title).at(origin.clone());
        let bound = line.split_once("le=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (bound, rest) = bound.ok_or_else(|| wrong("this bucket has no le"))?;
        let count = rest.split_once('}').and_then(|(_, rest)| number(rest.split_whitespace().next()?));
        let bound = length(bound).ok_or_else(|| wrong("le is no number of seconds"))?;
        buckets.add(bound, count.ok_or_else(|| wrong("this bucket has no count"))?, origin.clone());
    }
    Ok(buckets)
}

/// A duration, or a number of seconds, in nanoseconds; nothing inside for one without end.
fn length(text: &str) -> Option<Option<u64>> {
    if ["+inf", "inf"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(None);
    }
    let seconds = || {
        let plain = if text.contains(['e', 'E']) {
            let value = text.parse::<f64>().ok().filter(|value| (0.0..1e9).contains(value))?;
            format!("{value:.9}")
        } else {
            text.to_owned()
        };
        format!("{plain}s").parse::<Duration>().ok()
    };
    text.parse::<Duration>().ok().or_else(seconds).map(|length| Some(length.as_nanos()))
}

fn number(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    fraction.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
}

/// Buckets as shares with durations; an empty bucket is a jump, where one share stands twice.
fn quantiles(source: &Arc<Source>, buckets: &Buckets) -> Result<Value, Problem> {
    let last = buckets.bounds.last_key_value().map(|(bound, (count, _))| (*bound, *count));
    let Some((longest, most)) = last else { return Err(problem(source, "this histogram has no buckets")) };
    let all = buckets.all.unwrap_or(most).max(most);
    if all == 0 {
        return Err(problem(source, "this histogram is empty"));
    }
    let mut points: Vec<(u64, u64)> = Vec::new();
    let (mut below, mut edge) = (0, 0);
    for (bound, (count, origin)) in &buckets.bounds {
        if *count < below {
            let wrong =
                Problem::new("a bucket holds fewer values than the one before it: counts are cumulative");
            return Err(origin.clone().map_or(wrong.clone(), |origin| wrong.at(origin)));
        }
        if *count > below {
            points.extend([(below, edge), (*count, *bound)]);
        }
        (below, edge) = (*count, *bound);
    }
    if below < all {
        points.extend([(below, edge), (all, longest)]);
    }
    points.dedup();
    // Shares are ratios of 32 bits.
    let scale = |count: u64| (u128::from(count) * u128::from(u32::MAX) / u128::from(all)) as u64;
    let share = |count: u64| match u32::try_from(all) {
        Ok(_) => format!("{count}/{all}"),
        Err(_) => format!("{}/{}", scale(count), u32::MAX),
    };
    let points: Vec<Value> =
        points.into_iter().map(|(count, nanos)| json!([share(count), format!("{nanos}ns")])).collect();
    Ok(json!({ "quantiles": points }))
}
