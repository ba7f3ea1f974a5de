//! The faults as a strip over what every member was. Places are percentages of the run, so that the page may be narrow.

use std::cmp::Reverse;

use maud::{Markup, PreEscaped, html};
use sim_core::fault::{Executed, Family};
use sim_core::outcome::LaneSpan;
use sim_core::sorting::SortSeldom;

use super::timeline;
use crate::figure::Figure;
use crate::page::{Files, framed, table};
use crate::run::{MOST_LANES, Palette, Run, figures};
use crate::words::{count, moment};

/// How many members are shown by name when there are too many.
const WORST: usize = 10;
/// How many stretches all lanes together show, besides the plain ones.
const MOST_SPANS: usize = 1_500;
/// How many faults a row of the strip shows.
const MOST_FAULTS: usize = 150;

/// The time axis of a run: the strip, the lanes and what was measured over time.
pub(super) fn section(run: &Run, figures: &[Figure], files: Files) -> Markup {
    let over_time: Vec<&Figure> = figures.iter().filter(|figure| timeline::is_over_time(figure)).collect();
    let shown = shown(run);
    let palette = Palette::new(run);
    html! {
        section.lanes #timeline tabindex="0" aria-label="Faults and roles" {
            h2 { "Faults and roles over time" }
            (legend(run, &palette))
            (timeline::controls(run, &shown))
            div.plots {
                (strip(run, &shown, &palette))
                (timeline::charts(run, &over_time))
                (timeline::overlay())
            }
            (timeline::moment())
            (cut(run))
            details { summary { "Numbers of the lanes" } (spans_table(run, &shown)) }
            @if !over_time.is_empty() { (timeline::numbers(&over_time)) }
            (timeline::data(run, &shown, &over_time))
        }
        @if run.outcome.members > MOST_LANES { (crowded(run, files)) }
    }
}

/// The strip and the lanes of one of two runs.
pub(crate) fn titled(run: &Run, side: &str) -> Markup {
    let heading = format!("Faults and roles, run {side}");
    let palette = Palette::new(run);
    html! {
        section.lanes aria-label=(heading) {
            h2 { (heading) }
            (legend(run, &palette))
            (strip(run, &shown(run), &palette))
            (cut(run))
        }
    }
}

/// The members that have a lane.
fn shown(run: &Run) -> Vec<u32> {
    let members = run.outcome.members;
    if members > MOST_LANES { worst(run) } else { (0..members).collect() }
}

fn strip(run: &Run, shown: &[u32], palette: &Palette) -> Markup {
    let recorded = !run.outcome.picture.lanes.items.is_empty();
    html! {
        div.strip {
            @for family in Family::ALL { (family_row(run, family)) }
            (violation_row(run))
            @if recorded {
                @if run.outcome.members > MOST_LANES { p.quiet { (most_affected(run, shown.len())) } }
                @for slot in shown { (lane(run, *slot, palette)) }
            }
            (axis(run))
        }
    }
}

fn cut(run: &Run) -> Markup {
    let omitted = run.outcome.picture.lanes.omitted;
    html! {
        @if omitted > 0 {
            p.quiet { "After " (moment(run.recorded_until())) " what nodes were is not kept: " (count(omitted)) " more changes." }
        }
        @if run.outcome.picture.lanes.items.is_empty() {
            p.quiet { "What each of so many nodes was at which time is not recorded." }
        }
    }
}

/// Too many to look at: shares of them.
fn crowded(run: &Run, files: Files) -> Markup {
    let figures = figures::of_crowd(run);
    html! {
        @if !figures.is_empty() {
            section aria-label="All nodes" {
                h2 { "All nodes" }
                div.gallery { @for figure in figures { (framed(&figure, files)) } }
            }
        }
    }
}

/// Which nodes of a crowd are shown by name.
fn most_affected(run: &Run, shown: usize) -> String {
    if run.faults().next().is_none() && run.states().len() < 2 {
        format!("The first {shown} nodes; none was ever anything else")
    } else if run.faults().next().is_none() {
        format!("The {shown} nodes that spent the most time outside their initial role")
    } else {
        format!("The {shown} nodes that were down or paused the longest, then those hit by the most faults")
    }
}

pub(super) fn share(run: &Run, at_ns: u64) -> f64 {
    at_ns as f64 * 100.0 / run.outcome.virtual_ns.max(1) as f64
}

pub(super) fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

fn row(name: &str, title: &str, slot: Option<u32>, content: &Markup) -> Markup {
    html! {
        div.row data-slot=[slot] {
            span.label title=(title) { (name) }
            svg.lane width="100%" height="20" aria-hidden="true" {
                svg.zoom x="0" width="100%" height="20" { (content) }
            }
        }
    }
}

fn family_row(run: &Run, family: Family) -> Markup {
    let faults: Vec<&Executed> = run.faults().filter(|fault| fault.family == family).collect();
    if faults.is_empty() {
        return html! {};
    }
    let bar = |fault: &&Executed| {
        let (from, to) = (share(run, fault.at_ns), share(run, run.until(fault)));
        html! {
            g data-family=(family.name()) {
                rect.fault x=(percent(from)) width=(percent(to - from)) y="3" height="14" {}
                line.fault x1=(percent(from)) x2=(percent(from)) y1="1" y2="19" {}
                title { (in_words(run, fault)) }
            }
        }
    };
    row(
        family.name(),
        "faults of this family",
        None,
        &html! { @for fault in faults.iter().take(MOST_FAULTS) { (bar(fault)) } },
    )
}

fn in_words(run: &Run, fault: &Executed) -> String {
    let (from, to) = (moment(fault.at_ns), moment(run.until(fault)));
    format!("{}: {}, {from} to {to}", fault.kind.name(), fault.detail)
}

fn violation_row(run: &Run) -> Markup {
    let found = &run.outcome.violations;
    if found.is_empty() {
        return html! {};
    }
    let marks = html! {
        @for found in found.iter().take(MOST_FAULTS) {
            g {
                line.violated x1=(percent(share(run, found.at_ns))) x2=(percent(share(run, found.at_ns))) y1="0" y2="20" {}
                title { (found.check) ": " (found.message) }
            }
        }
    };
    row("violation", "when a property was broken", None, &marks)
}

fn lane(run: &Run, slot: u32, palette: &Palette) -> Markup {
    let struck = run
        .faults()
        .filter(|fault| fault.family == Family::Network && fault.slots.iter().any(|own| own.0 == slot));
    let content = html! {
        (background(run, slot))
        @for span in longest(run, slot, palette) { (stretch(run, span, palette)) }
        @for fault in struck.take(MOST_FAULTS) {
            g {
                rect.cut x=(percent(share(run, fault.at_ns)))
                    width=(percent(share(run, run.until(fault)) - share(run, fault.at_ns))) y="0" height="4" {}
                title { (in_words(run, fault)) }
            }
        }
    };
    let role = if run.traitors().contains(&slot) { "a traitor" } else { "" };
    row(&run.marked(slot), role, Some(slot), &content)
}

/// The plain state, from when a member was first there to when it was last.
fn background(run: &Run, slot: u32) -> Markup {
    let from = run.lane(slot).map(|span| span.from_ns).min().unwrap_or(0);
    let to = run.lane(slot).map(|span| span.to_ns).max().unwrap_or(0);
    let (from, to) = (share(run, from), share(run, to));
    html! { rect.state.plain x=(percent(from)) width=(percent(to - from)) height="16" y="3" {} }
}

/// What is not plain; the longest stretches if there are too many to draw.
fn longest<'a>(run: &Run<'a>, slot: u32, palette: &Palette) -> Vec<&'a LaneSpan> {
    let most = MOST_SPANS / run.outcome.members.clamp(1, MOST_LANES) as usize;
    let mut spans: Vec<&LaneSpan> =
        run.lane(slot).filter(|span| palette.class(&span.state) != "plain").collect();
    spans.sort_seldom_by_key(|span| (Reverse(span.to_ns.saturating_sub(span.from_ns)), span.from_ns));
    spans.truncate(most);
    spans
}

fn stretch(run: &Run, span: &LaneSpan, palette: &Palette) -> Markup {
    let (from, to) = (share(run, span.from_ns), share(run, span.to_ns));
    let class = palette.class(&span.state);
    html! {
        svg x=(percent(from)) width=(percent(to - from)) height="20" {
            rect.cover width="100%" height="16" y="3" {}
            rect class={ "state " (class) } width="100%" height="16" y="3" {}
            @if to - from > 1.5 && !span.label.is_empty() { text.rank x="4" y="15" { (span.label) } }
            title { (span.state) " " (span.label) ", " (moment(span.from_ns)) " to " (moment(span.to_ns)) }
        }
    }
}

/// Round seconds below the lanes.
fn axis(run: &Run) -> Markup {
    let seconds = run.seconds();
    let mut step = 1e-6;
    let nice = [2.0, 2.5, 2.0];
    let mut turn = 0;
    while seconds / step > 8.0 {
        step *= nice[turn % 3];
        turn += 1;
    }
    let ticks: Vec<f64> =
        (0..9).map(|index| f64::from(index) * step).filter(|at| *at <= seconds * 0.97).collect();
    let decimals = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else {
        3
    };
    let content = html! {
        @for at in &ticks {
            line.tick x1=(percent(at * 100.0 / seconds)) x2=(percent(at * 100.0 / seconds)) y1="0" y2="4" {}
            text.tick x=(percent(at * 100.0 / seconds)) y="16" { (format!("{at:.decimals$} s")) }
        }
    };
    html! {
        div.row.axis {
            span.label {}
            svg.lane.ticks width="100%" height="20" aria-hidden="true" { (content) }
        }
    }
}

fn legend(run: &Run, palette: &Palette) -> Markup {
    let states = run.states();
    html! {
        ul.legend {
            @for state in &states {
                li { svg width="14" height="14" aria-hidden="true" {
                    rect class={ "state " (palette.class(state)) } width="14" height="14" {}
                } " " (state) }
            }
            @if run.faults().any(|fault| fault.family == Family::Network && !fault.slots.is_empty()) {
                li { svg width="14" height="14" aria-hidden="true" { rect.cut width="14" height="4" y="5" {} } " its links are at fault" }
            }
            @if !run.traitors().is_empty() { li { "\u{2717} a traitor" } }
            @if run.member_spans().any(|span| !span.label.is_empty()) { li.quiet { "numbers are terms or views" } }
            @if run.healed().is_some_and(|at| share(run, at) < 98.0) {
                li { "healed at " (moment(run.healed().unwrap_or_default())) }
            }
        }
    }
}

/// The members that were down or paused longest, then those struck most often, then those that were
/// longest something else than at first.
fn worst(run: &Run) -> Vec<u32> {
    let first = run.first_state();
    let score = |slot: &u32| {
        let broken = run.lane(*slot).filter(|span| matches!(span.state.as_str(), "down" | "paused"));
        let time: u64 =
            broken.map(|span| span.to_ns.saturating_sub(span.from_ns)).fold(0, u64::saturating_add);
        let struck = run.faults().filter(|fault| fault.slots.iter().any(|own| own.0 == *slot)).count();
        let other = run.lane(*slot).filter(|span| Some(span.state.as_str()) != first);
        let other: u64 =
            other.map(|span| span.to_ns.saturating_sub(span.from_ns)).fold(0, u64::saturating_add);
        (Reverse(time), Reverse(struck), Reverse(other), *slot)
    };
    let mut slots: Vec<u32> = (0..run.outcome.members).collect();
    slots.sort_by_cached_key(score);
    slots.truncate(WORST);
    slots
}

fn spans_table(run: &Run, shown: &[u32]) -> Markup {
    let spans = shown.iter().flat_map(|slot| run.lane(*slot));
    let row = |span: &LaneSpan| {
        vec![
            run.slot(span.slot),
            span.state.clone(),
            moment(span.from_ns),
            moment(span.to_ns),
            span.label.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = spans.map(row).collect();
    let heads = ["node", "state", "from", "until", "term or view"].map(str::to_owned);
    let table = table::table(&heads, &rows, "States of nodes");
    html! { (PreEscaped(table.into_string())) }
}
