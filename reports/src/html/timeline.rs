//! The time axis of a run: faults, lanes and charts above each other, with one cursor, one range and one set of filters.
//!
//! Without its script the section shows the whole run, as it is printed. The script reads what it needs from an element
//! of text, since the page's policy lets nothing else in.

use maud::{Markup, html};
use serde_json::{Value, json};
use sim_core::fault::{Executed, Family};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::trace::Window;

use super::lanes;
use crate::figure::strip::{HEIGHT, WIDTH};
use crate::figure::{Figure, Series, Style};
use crate::page::table;
use crate::run::Run;
use crate::words::count;

/// How many stretches of lanes the script knows.
const MOST_SPANS: usize = 4_000;
/// How many faults it knows.
const MOST_FAULTS: usize = 1_000;
/// How many bands lie behind each chart.
const MOST_BANDS: usize = 150;
/// How many points of charts it knows.
const MOST_POINTS: usize = 6_000;

/// Whether a figure has the time of the run as its horizontal axis.
pub(super) fn is_over_time(figure: &Figure) -> bool {
    figure.x.label == "time" && figure.x.range.is_some()
}

/// The controls above the plots.
pub(super) fn controls(run: &Run, shown: &[u32]) -> Markup {
    let windows = windows(run);
    let kinds: OrderedSet<&str> = windows
        .iter()
        .flat_map(|window| &window.events)
        .filter(|event| event.id.is_some() && !event.kind.is_empty())
        .map(|event| event.kind.as_str())
        .collect();
    let families: Vec<Family> =
        Family::ALL.into_iter().filter(|family| run.faults().any(|fault| fault.family == *family)).collect();
    html! {
        div.controls {
            label { "node " select #filter-node {
                option value="" { "all" }
                @for slot in shown { option value=(slot) { (run.slot(*slot)) } }
            } }
            @if !families.is_empty() { label { "faults " select #filter-fault {
                option value="" { "all" }
                @for family in families { option value=(family.name()) { (family.name()) } }
            } } }
            @if !kinds.is_empty() { label { "messages " select #filter-kind {
                option value="" { "all" }
                @for kind in kinds { option value=(kind) { (kind) } }
            } } }
            button #previous-event type="button" { "previous event (p)" }
            button #next-event type="button" { "next event (n)" }
            button #whole type="button" disabled { "whole run (0)" }
            span #range.quiet {}
            span #cursor-time role="status" {}
        }
    }
}

/// How it is used, and where the script shows a moment.
pub(super) fn moment() -> Markup {
    html! {
        p.quiet.help {
            "Drag over the plots to zoom in, click to see a moment. With the keyboard: left and right move the cursor, n and p go \
             to the next and the previous event, + and \u{2212} zoom, 0 shows the whole run, Escape lets go."
        }
        div #moment aria-live="polite" {}
    }
}

/// What lies over all plots: the cursor, and the brush.
pub(super) fn overlay() -> Markup {
    html! {
        svg.overlay aria-hidden="true" {
            rect.brush y="0" width="0" height="100%" visibility="hidden" {}
            line.cursor y1="0" y2="100%" visibility="hidden" {}
        }
    }
}

/// The charts over time, each as wide as the lanes.
pub(super) fn charts(run: &Run, figures: &[&Figure]) -> Markup {
    html! { @for figure in figures { (chart(run, figure)) } }
}

fn chart(run: &Run, figure: &Figure) -> Markup {
    let strip = figure.strip();
    let bands = run.faults().take(MOST_BANDS);
    html! {
        div.chart id=(format!("figure-{}", figure.name)) {
            p.chart-head {
                b { (figure.title) } " · " (figure.y_heading())
                @for (index, series) in figure.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()) {
                    " " span.swatch { svg width="10" height="10" aria-hidden="true" {
                        rect class={ "ink " (figure.color_class(index)) } width="10" height="10" {}
                    } " " (series.name) }
                }
                output.now id=(format!("now-{}", figure.name)) {}
            }
            div.row.tall {
                svg.ticks-y width="100%" height="84" aria-hidden="true" {
                    @for (share, label) in &strip.ticks {
                        text.tick x="100%" y=(format!("{:.1}", 2.0 + share * 80.0 + 4.0)) text-anchor="end" { (label) }
                    }
                }
                svg.plot width="100%" height="84" role="img" aria-label=(figure.title) {
                    @for (share, _) in &strip.ticks {
                        @let y = format!("{:.1}", 2.0 + share * 80.0);
                        line.gridline x1="0" x2="100%" y1=(y) y2=(y) {}
                    }
                    svg.zoom x="0" width="100%" y="2" height="80" {
                        g.bands { @for fault in bands { (band(run, fault)) } }
                        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" width="100%" height="100%" overflow="visible" {
                            @for (color, style, path) in &strip.paths {
                                path class={ "ink " (style) " " (color) } d=(path) {}
                            }
                        }
                    }
                }
            }
        }
    }
}

fn band(run: &Run, fault: &Executed) -> Markup {
    let (from, to) = (lanes::share(run, fault.at_ns), lanes::share(run, run.until(fault)));
    html! {
        rect.band data-family=(fault.family.name()) x=(lanes::percent(from)) width=(lanes::percent(to - from)) y="0" height="100%" {}
    }
}

/// The numbers of the charts, folded away.
pub(super) fn numbers(figures: &[&Figure]) -> Markup {
    html! {
        details {
            summary { "Numbers of the charts" }
            @for figure in figures {
                @let (heads, rows) = figure.table();
                h3 { (figure.title) }
                @if !figure.caption.is_empty() { p.quiet { (figure.caption) } }
                (table::table(&heads, &rows, &figure.title))
            }
        }
    }
}

fn windows<'a>(run: &Run<'a>) -> &'a [Window] {
    run.record.moments.as_ref().map_or(&[], |moments| &moments.windows)
}

/// Everything that the script reads, as JSON in an element of text.
pub(super) fn data(run: &Run, shown: &[u32], figures: &[&Figure]) -> Markup {
    let faults = run.faults().take(MOST_FAULTS).map(|fault| {
        let slots: Vec<u32> = fault.slots.iter().map(|slot| slot.0).collect();
        json!({ "at": fault.at_ns, "until": run.until(fault), "family": fault.family.name(), "slots": slots,
            "text": format!("{}: {}", fault.kind.name(), fault.detail) })
    });
    let violations: Vec<u64> =
        run.outcome.violations.iter().take(MOST_FAULTS).map(|found| found.at_ns).collect();
    let trace = run
        .record
        .replay
        .contains(" replay ")
        .then(|| format!("{} --trace - --until TIME", run.record.replay));
    let states = run.states();
    let value = json!({
        "end": run.outcome.virtual_ns.max(1),
        "slots": names(run, shown),
        "states": states,
        "nodes": nodes(run, shown, &states),
        "faults": faults.collect::<Vec<_>>(),
        "violations": violations,
        "charts": figures.iter().map(|figure| readings(figure)).collect::<Vec<_>>(),
        "windows": windows(run).iter().map(window).collect::<Vec<_>>(),
        "trace": trace,
    });
    let spans: usize = shown.iter().map(|slot| run.lane(*slot).count()).sum();
    html! {
        pre #timeline-data hidden { (value.to_string()) }
        @if spans > MOST_SPANS {
            p.quiet { "Under the cursor, the first " (count(MOST_SPANS as u64)) " of " (count(spans as u64)) " changes of state are known." }
        }
    }
}

/// The names that the script needs, by slot: of the nodes that have a lane, and of those in the trace that it shows.
fn names(run: &Run, shown: &[u32]) -> OrderedMap<u32, String> {
    let moments = windows(run).iter().flat_map(|window| window.in_flight.iter().chain(&window.events));
    let in_trace = moments.flat_map(|moment| moment.slot.into_iter().chain(moment.peer));
    in_trace.chain(shown.iter().copied()).map(|slot| (slot, run.slot(slot))).collect()
}

/// What each node was, and how far.
fn nodes(run: &Run, shown: &[u32], states: &[&str]) -> Vec<Value> {
    let mut left = MOST_SPANS;
    let node = |slot: &u32| {
        let spans: Vec<Value> = run
            .lane(*slot)
            .take(left)
            .map(|span| {
                let state = states.iter().position(|state| *state == span.state);
                json!([span.from_ns, span.to_ns, state, span.label])
            })
            .collect();
        left -= spans.len();
        let standing = run.outcome.picture.standings.iter().find(|standing| standing.slot == *slot);
        json!({ "slot": slot, "spans": spans, "readings": standing.map_or(&[][..], |standing| &standing.readings) })
    };
    shown.iter().map(node).collect()
}

/// The values of a chart. A cloud has too many, and none of them belongs to a moment.
fn readings(figure: &Figure) -> Value {
    let lines = figure.series.iter().filter(|series| series.style != Style::Cloud);
    let points = |series: &Series| {
        let points = series.points.iter().take(MOST_POINTS).map(|point| {
            // Four digits are more than a reader needs.
            let y = point.y.is_finite().then(|| format!("{:.3e}", point.y).parse::<f64>().unwrap_or(point.y));
            json!([(point.x * 1e6).round() / 1e6, y])
        });
        points.collect::<Vec<_>>()
    };
    let series = lines.map(|series| json!({ "name": series.name, "points": points(series) }));
    json!({ "name": figure.name, "unit": figure.y.unit, "series": series.collect::<Vec<_>>() })
}

fn window(window: &Window) -> Value {
    let event = |event: &sim_core::trace::Moment| {
        json!({ "at": event.at_ns, "slot": event.slot, "what": event.what, "kind": event.kind, "id": event.id,
            "peer": event.peer, "text": event.text, "line": event.line })
    };
    json!({
        "from": window.from_ns,
        "to": window.to_ns,
        "facts": window.facts,
        "before": window.in_flight.iter().map(event).collect::<Vec<_>>(),
        "events": window.events.iter().map(event).collect::<Vec<_>>(),
    })
}
