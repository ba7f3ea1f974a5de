//! The figures of a run with more members than can have a lane each: shares, quantiles and distributions.

use sim_core::metrics::OPERATION_LATENCY;
use sim_core::outcome::{Course, Cumulative, Expectation, Series as Readings};
use sim_core::sorting::SortSeldom;
use sim_core::stats::{quantile, sorted};

use super::time_axis;
use crate::figure::{Axis, Figure, Point, Series, Style};
use crate::run::{Palette, Run, seconds};
use crate::words::{count, counted, plain};

/// The figures of a run with more members than can have a lane each.
pub(crate) fn of_crowd(run: &Run) -> Vec<Figure> {
    [roles(run), ranks(run), times(run), sent(run)].into_iter().flatten().collect()
}

/// How long whatever was measured took, as the share of values that are at most so long.
fn times(run: &Run) -> Option<Figure> {
    let axis = Axis::linear("share of values at most that", "").from_to(0.0, 1.0);
    let all = &run.outcome.picture.distributions;
    let mut figure = Figure::new("distributions", "How long it took", Axis::linear("time", "s"), axis);
    let mut counts = Vec::new();
    for one in all.iter().filter(|one| one.name.ends_with("_ns") && one.name != OPERATION_LATENCY) {
        let name = plain(&one.name);
        counts.push(format!("{name}: {}", counted(one.count, "value")));
        figure.add(Series::new(&name, Style::Steps, rising(one, 1e9)));
    }
    figure.caption = counts.join("; ");
    (!figure.series.is_empty()).then_some(figure)
}

/// How many messages members sent: the share of members that sent at most so many.
fn sent(run: &Run) -> Option<Figure> {
    let one = run.outcome.picture.distributions.iter().find(|one| one.name == Cumulative::SENT)?;
    let axis = Axis::linear("share of members that sent at most that", "").from_to(0.0, 1.0);
    let messages = Axis::linear("messages", "");
    let mut figure = Figure::new("messages-per-member", "Messages sent by each member", messages, axis);
    let most = one.steps.last().filter(|most| most.0 > 0)?.0;
    let half = one.steps.iter().find(|step| step.1 >= 0.5).map_or(most, |step| step.0);
    figure.caption = format!(
        "{}; half of them sent at most {}, and nobody more than {}",
        counted(one.count, "member"),
        counted(half, "message"),
        count(most),
    );
    figure.add(Series::new("", Style::Steps, rising(one, 1.0)).colored(2));
    Some(figure)
}

/// Steps from zero to one, with values in so many parts.
fn rising(one: &Cumulative, unit: f64) -> Vec<Point> {
    let first = one.steps.first().map(|step| Point::new(step.0 as f64 / unit, 0.0));
    let steps = one.steps.iter().map(|(value, share)| Point::new(*value as f64 / unit, *share));
    first.into_iter().chain(steps).collect()
}

/// How many moments a crowd is looked at.
const LOOKS: u32 = 240;

fn looks(run: &Run) -> impl Iterator<Item = u64> {
    let end = run.recorded_until();
    (0..LOOKS).map(move |look| end / u64::from(LOOKS) * u64::from(look))
}

/// Which share of the members is in which state, and what theory says of it.
fn roles(run: &Run) -> Option<Figure> {
    let axis = Axis::linear("share of nodes", "").from_to(0.0, 1.0);
    let mut figure = Figure::new("roles-over-time", "Share of nodes by role", time_axis(run), axis);
    figure.bands = run.bands();
    let palette = Palette::new(run);
    let states = run.states();
    // All are the same all the time.
    if states.len() < 2 {
        return None;
    }
    for state in states {
        let points = match run.census(state) {
            Some(readings) => shares_of(run, readings),
            None => shares_on_lanes(run, state),
        };
        figure.add(Series::new(state, Style::Line, points).colored(palette.ink(state)));
    }
    if let Some(expected) = &run.outcome.picture.expected {
        figure.caption = told(expected);
        let theory = expected_shares(run, expected);
        if !theory.is_empty() {
            let name = format!("{}, in theory", expected.state);
            figure.add(Series::new(&name, Style::Dashed, theory).colored(palette.ink(&expected.state)));
        }
    }
    Some(figure)
}

/// Whose theory is drawn, or why none is.
fn told(expected: &Expectation) -> String {
    let Expectation { state, source, course } = expected;
    match course {
        Course::Shares(_) => format!(
            "Dashed: the share that is {state} in theory ({source}). Chance among the first few moves a run's curve to the \
             left or to the right of it."
        ),
        Course::Unknown(why) => format!("No curve of theory ({source}): {why}"),
    }
}

/// As far as the run went.
fn expected_shares(run: &Run, expected: &Expectation) -> Vec<Point> {
    let Course::Shares(points) = &expected.course else { return Vec::new() };
    let end = run.outcome.virtual_ns;
    let last = expected.course.at(end).map(|share| (end, share));
    let inside = points.iter().copied().filter(|(at, _)| *at < end);
    inside.chain(last).map(|(at, share)| Point::new(seconds(at), share)).collect()
}

/// How many members were in a state, as shares of all.
fn shares_of(run: &Run, readings: &Readings) -> Vec<Point> {
    let members = f64::from(run.outcome.members.max(1));
    readings.points.iter().map(|(at, count)| Point::new(seconds(*at), count / members)).collect()
}

/// The same from lanes, where members were not counted.
fn shares_on_lanes(run: &Run, state: &str) -> Vec<Point> {
    let members = f64::from(run.outcome.members.max(1));
    let spans = run.member_spans().filter(|span| span.state == state);
    // At which moments one more, or one less, is in this state.
    let mut changes: Vec<(u64, i64)> = spans.flat_map(|span| [(span.from_ns, 1), (span.to_ns, -1)]).collect();
    changes.sort_unstable();
    let (mut next, mut inside) = (0, 0_i64);
    let share = |at| {
        while next < changes.len() && changes[next].0 <= at {
            inside += changes[next].1;
            next += 1;
        }
        Point::new(seconds(at), inside as f64 / members)
    };
    looks(run).map(share).collect()
}

/// The terms or views of all members as quantiles.
fn ranks(run: &Run) -> Option<Figure> {
    let mut spans: Vec<(u64, u32, f64)> = run
        .member_spans()
        .filter_map(|span| Some((span.from_ns, span.slot, span.label.parse().ok()?)))
        .collect();
    if spans.windows(2).all(|pair| pair[0].2 == pair[1].2) {
        return None;
    }
    spans.sort_seldom_by_key(|span| (span.0, span.1));
    let mut figure =
        Figure::new("rank-quantiles", "Term or view", time_axis(run), Axis::linear("term or view", ""));
    figure.caption = "Median of all nodes, with the range from the 10th to the 90th percentile".to_owned();
    figure.bands = run.bands();
    let mut ranks = vec![0.0; run.outcome.members as usize];
    let mut next = 0;
    let points = looks(run).filter_map(|at| {
        while next < spans.len() && spans[next].0 <= at {
            ranks[spans[next].1 as usize] = spans[next].2;
            next += 1;
        }
        let ranks = sorted(&ranks);
        let at_share = |share| quantile(&ranks, share);
        Some(Point::new(seconds(at), at_share(0.5)?).between(at_share(0.1)?, at_share(0.9)?))
    });
    figure.add(Series::new("", Style::Line, points.collect()).colored(3));
    Some(figure)
}
