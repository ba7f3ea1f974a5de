//! The page of a comparison.

use maud::{Markup, html};
use sim_core::trace::Parting;

use super::{Comparison, SIDES, figures, headline, scenario_differences};
use crate::figure::{Figure, Series};
use crate::html::{badge, lanes, sentence};
use crate::page::{Files, Page, framed, table};
use crate::record::RunRecord;
use crate::run::{Run, figures as charts};
use crate::words::{count, counted};

/// The page as one file.
pub fn page(comparison: &Comparison) -> String {
    let names = comparison.runs.each_ref().map(|run| format!("{} · seed {}", run.name, run.outcome.seed));
    let about = html! { b { "A" } " " (names[0]) " · " b { "B" } " " (names[1]) };
    let main = html! {
        section.headline aria-label="Verdict" { h1 { (headline(comparison)) } }
        div.sides { @for (side, run) in comparison.runs.iter().enumerate() { (card(side, run)) } }
        (scenarios(comparison))
        @if let Some(parting) = &comparison.parting { (events(parting)) }
        @for (side, run) in comparison.runs.iter().enumerate() { (lanes::titled(&Run::new(run), SIDES[side])) }
        (charts_of_both(comparison))
        (numbers(comparison))
    };
    let title = format!("{} against {} · seedstorm compare", names[0], names[1]);
    Page { title, about, main, made_from: "the records of two runs" }.into_html()
}

fn card(side: usize, run: &RunRecord) -> Markup {
    let own = Run::new(run);
    html! {
        section aria-label=(format!("Run {}", SIDES[side])) {
            h2 { (SIDES[side]) " · " (run.name) " · seed " (run.outcome.seed) }
            p { (badge(run)) " " (sentence(&own)) }
            p.sub {
                (run.outcome.protocol) ", " (counted(u64::from(run.outcome.members), "node"))
                @if !run.outcome.plants.is_empty() { " · planted bug " code { (run.outcome.plants.join(", ")) } }
                " · digest " code { (run.outcome.digest) }
            }
            p.sub { code { (run.replay) } }
        }
    }
}

fn heads(first: &str, last: Option<&str>) -> Vec<String> {
    [first, "A", "B"].into_iter().chain(last).map(str::to_owned).collect()
}

fn scenarios(comparison: &Comparison) -> Markup {
    let found = scenario_differences(comparison);
    if found.is_empty() {
        return html! {};
    }
    let rows: Vec<Vec<String>> = found.into_iter().map(|(key, [a, b])| vec![key, a, b]).collect();
    html! {
        section #scenarios {
            h2 { "What differs before the run" }
            (table::table(&heads("key", None), &rows, "Keys of the scenario that differ"))
        }
    }
}

fn events(parting: &Parting) -> Markup {
    html! {
        section #parting {
            h2 { "The first event that differs" }
            @if !parting.before.is_empty() {
                h3 { "The same in both, up to event " (count(parting.index)) }
                pre { (parting.before.join("\n")) }
            }
            div.sides {
                @for (side, lines) in parting.sides.iter().enumerate() {
                    div {
                        h3 { (SIDES[side]) " goes on" }
                        @if lines.is_empty() { p.quiet { "The run had ended." } } @else { pre tabindex="0" { (lines.join("\n")) } }
                    }
                }
            }
        }
    }
}

/// Which figures lie over each other, and which of their lines.
const SHARED: [(&str, &str); 4] =
    [("latency-percentiles", ""), ("latency-over-time", "p99"), ("throughput", ""), ("rank", "")];

fn charts_of_both(comparison: &Comparison) -> Markup {
    let [a, b] = comparison.runs.each_ref().map(|run| charts::over_run(&Run::new(run)));
    let shared: Vec<Figure> =
        SHARED.iter().filter_map(|(name, line)| over_each_other(name, line, [&a, &b])).collect();
    html! {
        @if !shared.is_empty() {
            section aria-label="Figures" {
                h2 { "Over the run" }
                div.gallery { @for figure in &shared { (framed(figure, Files::None)) } }
            }
        }
    }
}

fn over_each_other(name: &str, line: &str, sides: [&Vec<Figure>; 2]) -> Option<Figure> {
    let found = sides.map(|figures| figures.iter().find(|figure| figure.name == name));
    let [Some(a), Some(b)] = found else { return None };
    let mut both = Figure { series: Vec::new(), bands: Vec::new(), caption: String::new(), ..a.clone() };
    for (side, figure) in [a, b].into_iter().enumerate() {
        let own = figure.series.iter().find(|series| series.name == line)?;
        let style =
            if own.style == crate::figure::Style::Area { crate::figure::Style::Steps } else { own.style };
        both.add(Series::new(SIDES[side], style, own.points.clone()).colored(side));
    }
    both.x.range = a.x.range.zip(b.x.range).map(|(one, other)| (one.0.min(other.0), one.1.max(other.1)));
    both.title = if line.is_empty() { both.title } else { format!("{}: {line}", both.title) };
    Some(both)
}

fn numbers(comparison: &Comparison) -> Markup {
    let (equal, other): (Vec<_>, Vec<_>) =
        figures(comparison).into_iter().partition(super::FigureRow::is_equal);
    let rows: Vec<Vec<String>> = other
        .iter()
        .map(|row| vec![row.name.clone(), row.value_words(0), row.value_words(1), row.difference_words()])
        .collect();
    html! {
        section #numbers {
            h2 { "Figures that differ" }
            @if rows.is_empty() { p.quiet { "None." } }
            @else { (table::table(&heads("figure", Some("B against A")), &rows, "Figures that differ")) }
            @if !equal.is_empty() { p.quiet { (counted(equal.len() as u64, "more figure")) " of both runs are equal." } }
        }
    }
}
