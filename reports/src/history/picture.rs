//! Operations as bars, one row for each process. Events stand at equal distances, in their order: real time would press
//! what matters into a line.

use maud::{Markup, html};
use sim_core::history::{History, HistoryVerdict, Illegal, Judgement, Record};
use sim_core::ordered::OrderedMap;
use sim_core::sorting::SortSeldom;

use crate::words::{counted, moment};

/// How many operations are drawn.
const MOST: usize = 60;
/// How many processes are drawn.
const MOST_ROWS: usize = 40;

/// What an operation is to the verdict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It has its place in the longest order.
    Placed(usize),
    /// It contradicts another, or could not come next.
    Accused,
    /// Neither.
    Other,
}

impl Part {
    const fn class(self) -> &'static str {
        match self {
            Self::Placed(_) => "state c2",
            Self::Accused => "state c1",
            Self::Other => "state plain",
        }
    }
}

pub(super) fn section(history: &History, judgement: &Judgement) -> Markup {
    let illegal = match &judgement.verdict {
        HistoryVerdict::Illegal(illegal) => Some(illegal),
        _ => None,
    };
    let shown = shown(history, illegal);
    if shown.is_empty() {
        return html! {};
    }
    let window = Window::around(history, &shown);
    let mut rows: OrderedMap<u64, Vec<usize>> = OrderedMap::new();
    for index in &shown {
        rows.entry(history.records()[*index].process).or_default().push(*index);
    }
    html! {
        section.lanes aria-label="Operations" {
            h2 { @if illegal.is_some() { "Operations around the contradiction" } @else { "Operations" } }
            (legend(illegal.is_some()))
            div.strip {
                @for (process, operations) in rows.iter().take(MOST_ROWS) {
                    (row(history, *process, operations, &window, illegal))
                }
                (axis(history, &window))
            }
            p.quiet {
                "Events stand at equal distances, in their order. "
                @if shown.len() < history.len() { (counted(shown.len() as u64, "operation")) " of " (history.len()) " are drawn." }
            }
        }
    }
}

/// The operations to draw: those of the key that overlap the end of the shortest illegal beginning, nearest first, and
/// those that contradict each other wherever they are; the first ones if nothing is wrong.
fn shown(history: &History, illegal: Option<&Illegal>) -> Vec<usize> {
    let Some(illegal) = illegal else { return (0..history.len().min(MOST)).collect() };
    let records = history.records();
    let end = records[illegal.broken_by].returned();
    let mut near: Vec<usize> = (0..records.len())
        .filter(|i| {
            records[*i].operation.key() == illegal.key && records[*i].call <= end && !records[*i].refused()
        })
        .collect();
    near.sort_seldom_by_key(|i| std::cmp::Reverse(records[*i].returned().min(end)));
    near.truncate(MOST);
    near.extend(illegal.conflict.operations.iter().copied());
    near.sort_unstable();
    near.dedup();
    near
}

/// The events that are drawn, in their order: an event's place is its place among them.
struct Window {
    events: Vec<u64>,
}

impl Window {
    fn around(history: &History, shown: &[usize]) -> Self {
        let ends = |index: &usize| {
            let record = &history.records()[*index];
            [Some(record.call), Some(record.returned()).filter(|returned| *returned != u64::MAX)]
        };
        let mut events: Vec<u64> = shown.iter().flat_map(ends).flatten().collect();
        events.sort_unstable();
        Self { events }
    }

    /// Where an event stands, in percent.
    fn place(&self, event: u64) -> f64 {
        let before = self.events.partition_point(|own| *own < event) as f64;
        (before + 0.5) * 100.0 / (self.events.len() as f64 + 1.0)
    }
}

fn part(illegal: Option<&Illegal>, index: usize) -> Part {
    let Some(illegal) = illegal else { return Part::Other };
    let refused = illegal.refused.iter().any(|(own, _)| *own == index);
    if refused || illegal.conflict.operations.contains(&index) {
        return Part::Accused;
    }
    illegal.longest.iter().position(|own| *own == index).map_or(Part::Other, Part::Placed)
}

fn row(
    history: &History,
    process: u64,
    operations: &[usize],
    window: &Window,
    illegal: Option<&Illegal>,
) -> Markup {
    html! {
        div.row {
            span.label { "process " (process) }
            svg.lane width="100%" height="20" role="img" aria-label=(format!("operations of process {process}")) {
                @for index in operations { (bar(history, *index, window, part(illegal, *index))) }
            }
        }
    }
}

fn bar(history: &History, index: usize, window: &Window, part: Part) -> Markup {
    let record = &history.records()[index];
    let from = window.place(record.call);
    let to = match record.returned() {
        u64::MAX => 100.0,
        returned => window.place(returned),
    };
    let words = format!("{} → {}", history.call_in_words(record), history.reply_in_words(record));
    html! {
        svg x=(percent(from)) width=(percent(to - from)) height="20" {
            rect class=(part.class()) width="100%" height="16" y="3" rx="3" {}
            text.rank x="4" y="15" { (words) }
            title { (title(record, &words, part)) }
        }
    }
}

fn title(record: &Record, words: &str, part: Part) -> String {
    let until = match (record.returned(), &record.end) {
        (u64::MAX, _) | (_, None) => "no answer".to_owned(),
        (_, Some(end)) => moment(end.at.as_nanos()),
    };
    let place = match part {
        Part::Placed(place) => format!(" · place {} in the longest order", place + 1),
        Part::Accused => " · part of the contradiction".to_owned(),
        Part::Other => String::new(),
    };
    format!("process {}: {words} · {} to {until}{place}", record.process, moment(record.called.as_nanos()))
}

/// Times below the bars: those of the first, the middle and the last call.
fn axis(history: &History, window: &Window) -> Markup {
    let at =
        |event: u64| history.records().iter().find(|record| record.call == event).map(|record| record.called);
    let calls: Vec<(u64, u64)> =
        window.events.iter().filter_map(|event| at(*event).map(|at| (*event, at.as_nanos()))).collect();
    let ticks: Vec<&(u64, u64)> =
        [0, calls.len() / 3, 2 * calls.len() / 3].iter().filter_map(|i| calls.get(*i)).collect();
    html! {
        div.row {
            span.label {}
            svg.lane width="100%" height="20" aria-hidden="true" {
                @for (event, at) in ticks {
                    line.tick x1=(percent(window.place(*event))) x2=(percent(window.place(*event))) y1="0" y2="4" {}
                    text.tick x=(percent(window.place(*event))) y="16" { (moment(*at)) }
                }
            }
        }
    }
}

fn legend(illegal: bool) -> Markup {
    let entry = |part: Part, words: &str| {
        html! { li { svg width="14" height="14" aria-hidden="true" { rect class=(part.class()) width="14" height="14" {} } " " (words) } }
    };
    html! {
        ul.legend {
            @if illegal {
                (entry(Part::Placed(0), "in the longest order"))
                (entry(Part::Accused, "contradicts, or could not come next"))
            }
            (entry(Part::Other, if illegal { "others" } else { "an operation from its call to its return" }))
        }
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}
