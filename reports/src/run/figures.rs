//! The figures of a run, made from its record. What is not in the record (no clients, true clocks) has no figure.

mod crowd;

use sim_core::stats::{quantile, sorted};

pub(crate) use crowd::of_crowd;

use super::{MOST_LANES, OperationSpan, Run, seconds};
use crate::figure::shapes::percentiles;
use crate::figure::{Axis, Figure, Point, Series, Style};
use crate::record::RunRecord;
use crate::words::{count, counted};

/// How many dots a cloud keeps besides the slow ones.
const MOST_DOTS: usize = 2_000;
/// How many windows a run is cut into.
const WINDOWS: usize = 120;

/// All figures of a run, in the order in which a report shows them.
pub fn of_run(record: &RunRecord) -> Vec<Figure> {
    let run = Run::new(record);
    let crowd = if run.outcome.members > MOST_LANES { of_crowd(&run) } else { Vec::new() };
    crowd.into_iter().chain(over_run(&run)).collect()
}

/// Those that do not depend on how many members there are.
pub(crate) fn over_run(run: &Run) -> Vec<Figure> {
    let all = [
        latency(run),
        latency_over_time(run),
        latency_percentiles(run),
        throughput(run),
        message_rates(run),
        messages_by_kind(run),
        rank(run),
        clocks(run),
    ];
    all.into_iter().flatten().collect()
}

fn time_axis(run: &Run) -> Axis {
    Axis::linear("time", "s").from_to(0.0, run.seconds())
}

/// Each operation where it was called, by how long it took.
fn latency(run: &Run) -> Option<Figure> {
    let returned: Vec<&OperationSpan> = run.operations.iter().filter(|op| op.ended.is_some()).collect();
    if returned.is_empty() {
        return None;
    }
    let mut figure =
        Figure::new("latency", "Latency of each operation", time_axis(run), Axis::log("latency", "ms"));
    figure.bands = run.bands();
    let slow = slowest(&returned);
    let every = returned.len().div_ceil(MOST_DOTS);
    let kept =
        returned.iter().enumerate().filter(|(index, op)| index % every == 0 || slow <= op.latency_ns());
    let (mut done, mut unclear) = (Vec::new(), Vec::new());
    let mut shown = 0_u64;
    for (_, op) in kept {
        let (Some(ended), Some(latency)) = (op.ended, op.latency_ns()) else { continue };
        shown += 1;
        let point = Point::new(seconds(op.call_ns), latency as f64 / 1e6);
        if ended.ok.is_some() { done.push(point) } else { unclear.push(point) }
    }
    let unreturned = run.operations.len() - returned.len();
    figure.caption = format!(
        "{} of {}; the slowest are all shown. {} never returned.",
        count(shown),
        counted(returned.len() as u64 + run.record.history_omitted, "operation"),
        count(unreturned as u64),
    );
    figure.add(Series::new("answered", Style::Cloud, done).colored(0));
    if !unclear.is_empty() {
        figure.add(Series::new("ended, and nobody knows how", Style::Cloud, unclear).colored(1));
    }
    Some(figure)
}

/// The latency above which every operation is shown.
fn slowest(returned: &[&OperationSpan]) -> Option<u64> {
    let mut all: Vec<u64> = returned.iter().filter_map(|op| op.latency_ns()).collect();
    all.sort_unstable();
    all.get(all.len().saturating_sub(MOST_DOTS / 4)).copied()
}

/// Percentiles in windows of time.
fn latency_over_time(run: &Run) -> Option<Figure> {
    let width = run.seconds() / WINDOWS as f64;
    let mut windows: Vec<Vec<f64>> = vec![Vec::new(); WINDOWS];
    for op in &run.operations {
        if let Some(latency) = op.latency_ns() {
            windows[window(seconds(op.call_ns), width)].push(latency as f64 / 1e6);
        }
    }
    if windows.iter().filter(|window| !window.is_empty()).count() < 2 {
        return None;
    }
    let windows: Vec<Vec<f64>> = windows.iter().map(|window| sorted(window)).collect();
    let title = "Latency percentiles over time";
    let mut figure = Figure::new("latency-over-time", title, time_axis(run), Axis::log("latency", "ms"));
    figure.caption =
        format!("By the time of the call, in windows of {width:.2} s; a gap is a window without calls");
    figure.bands = run.bands();
    for (name, share, color) in [("max", 1.0, 1), ("p99", 0.99, 4), ("median", 0.5, 0)] {
        let point = |(index, window): (usize, &Vec<f64>)| {
            Point::new((index as f64 + 0.5) * width, quantile(window, share).unwrap_or(f64::NAN))
        };
        figure.add(
            Series::new(name, Style::Line, windows.iter().enumerate().map(point).collect()).colored(color),
        );
    }
    Some(figure)
}

fn window(at: f64, width: f64) -> usize {
    ((at / width) as usize).min(WINDOWS - 1)
}

fn latency_percentiles(run: &Run) -> Option<Figure> {
    let values = run.latencies();
    if values.len() < 2 {
        return None;
    }
    let axis = Axis::tail("share of operations");
    let mut figure =
        Figure::new("latency-percentiles", "Latency by percentile", axis, Axis::log("latency", "ms"));
    figure.caption = counted(values.len() as u64, "operation");
    figure.add(percentiles("", &values, 400));
    Some(figure)
}

/// Operations that were answered, by when that was.
fn throughput(run: &Run) -> Option<Figure> {
    let width = run.seconds() / WINDOWS as f64;
    let mut counts = vec![0_u64; WINDOWS];
    let done = run.operations.iter().filter_map(|op| op.ended).filter(|ended| ended.ok.is_some());
    let mut total = 0_u64;
    for ended in done {
        counts[window(seconds(ended.at_ns), width)] += 1;
        total += 1;
    }
    if total == 0 {
        return None;
    }
    let axis = Axis::linear("operations", "1/s");
    let mut figure = Figure::new("throughput", "Operations answered", time_axis(run), axis);
    figure.caption =
        format!("{} in all; {:.1} per second on average", count(total), total as f64 / run.seconds());
    figure.bands = run.bands();
    let mut points: Vec<Point> = counts
        .iter()
        .enumerate()
        .map(|(index, count)| Point::new(index as f64 * width, *count as f64 / width))
        .collect();
    points.push(Point::new(run.seconds(), points.last().map_or(0.0, |point| point.y)));
    figure.add(Series::new("", Style::Area, points).colored(2));
    Some(figure)
}

fn message_rates(run: &Run) -> Option<Figure> {
    let rates = run
        .outcome
        .picture
        .series
        .items
        .iter()
        .filter(|series| series.slot.is_none() && series.unit == "1/s");
    let mut figure = Figure::new(
        "messages-over-time",
        "Messages over time",
        time_axis(run),
        Axis::linear("messages", "1/s"),
    );
    figure.bands = run.bands();
    for (series, color) in rates.zip([0, 2, 1]) {
        let name = series.name.strip_prefix("messages ").unwrap_or(&series.name);
        let points = calmed(&series.points, run.outcome.virtual_ns);
        figure.add(Series::new(name, Style::Steps, points).colored(color));
    }
    (!figure.series.is_empty()).then_some(figure)
}

/// Rates in so few windows that one can look at them: the mean of each, weighed by time.
fn calmed(points: &[(u64, f64)], end: u64) -> Vec<Point> {
    let size = points.len().div_ceil(WINDOWS).max(1);
    let ends = points.iter().skip(1).map(|(at, _)| *at).chain([end]);
    let steps: Vec<(u64, u64, f64)> =
        points.iter().zip(ends).map(|((from, rate), to)| (*from, to.max(*from), *rate)).collect();
    let window = |steps: &[(u64, u64, f64)]| {
        let amount: f64 = steps.iter().map(|(from, to, rate)| (to - from) as f64 * rate).sum();
        let length: f64 = steps.iter().map(|(from, to, _)| (to - from) as f64).sum();
        Point::new(seconds(steps[0].0), amount / length.max(1.0))
    };
    steps.chunks(size).map(window).collect()
}

fn messages_by_kind(run: &Run) -> Option<Figure> {
    let kinds = &run.outcome.messages.by_kind;
    if kinds.is_empty() {
        return None;
    }
    let axis = Axis::names("kind", kinds.keys().cloned().collect());
    let mut figure = Figure::new("messages-by-kind", "Messages by kind", axis, Axis::linear("messages", ""));
    figure.caption = format!("{} sent", counted(run.outcome.messages.sent, "message"));
    let points = kinds.values().enumerate().map(|(index, count)| Point::new(index as f64, *count as f64));
    figure.add(Series::new("", Style::Bars, points.collect()));
    Some(figure)
}

/// The highest term or view anybody had, over time.
fn rank(run: &Run) -> Option<Figure> {
    let mut rises: Vec<(u64, u64)> = Vec::new();
    for span in &run.outcome.picture.lanes.items {
        if let Ok(rank) = span.label.parse() {
            rises.push((span.from_ns, rank));
        }
    }
    rises.sort_unstable();
    let mut points: Vec<Point> = Vec::new();
    for (at, rank) in rises {
        if points.last().is_none_or(|last| last.y < rank as f64) {
            points.push(Point::new(seconds(at), rank as f64));
        }
    }
    // Where it never rises, a flat line tells nothing that the lanes do not.
    let last = points.last().filter(|last| points.len() > 1 && last.y > 0.0)?.y;
    points.push(Point::new(run.seconds(), last));
    let mut figure =
        Figure::new("rank", "Highest term or view", time_axis(run), Axis::linear("term or view", ""));
    figure.bands = run.bands();
    figure.add(Series::new("", Style::Steps, points).colored(3));
    Some(figure)
}

/// How far clocks are off. A clock that never was is not there.
fn clocks(run: &Run) -> Option<Figure> {
    let lines = run.outcome.picture.series.items.iter().filter(|series| series.slot.is_some());
    let mut figure = Figure::new(
        "clock-offsets",
        "Clock offsets",
        time_axis(run),
        Axis::linear("ahead of true time", "ms"),
    );
    let mut lines: Vec<_> = lines.collect();
    let hidden = lines.len().saturating_sub(10) as u64 + run.outcome.picture.series.omitted;
    let straight: u64 = lines.iter().map(|line| line.omitted).sum();
    lines.truncate(10);
    figure.caption = match lines.as_slice() {
        [only] => {
            format!("Of {}; the other clocks were never wrong", run.slot(only.slot.unwrap_or_default()))
        }
        _ => "Clocks that were never wrong are not drawn".to_owned(),
    };
    if hidden > 0 {
        figure.caption += &format!(", nor are {} more that were", count(hidden));
    }
    if straight > 0 {
        figure.caption += &format!("; {} of the last changes were not kept", count(straight));
    }
    for series in lines {
        let points = series.points.iter().map(|(at, ahead)| Point::new(seconds(*at), *ahead)).collect();
        figure.add(Series::new(&run.slot(series.slot.unwrap_or_default()), Style::Line, points));
    }
    (!figure.series.is_empty()).then_some(figure)
}
