//! `report.html`: one file that shows a run to whoever opens it, without a network.
//!
//! The first screen answers what happened: the verdict in a sentence, and with a story its steps beside the space-time
//! diagram of the nodes that take part; below it the faults over the lanes of all nodes. Everything else lies below.
//!
//! Texts from scenarios and runs are data: they are escaped where they stand, and the page's own policy runs no script
//! but its own, which it names by its hash. Colors are variables, so that figures follow the page from light to dark.

mod diagram;
mod lanes;
mod numbers;
mod security;
mod story;
mod tables;

#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sim_core::check::Verdict;

use crate::figure::Figure;
use crate::record::RunRecord;
use crate::run::{Run, figures};
use crate::words::{counted, time};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The page.
pub fn page(record: &RunRecord) -> String {
    let run = Run::new(record);
    let figures = figures::over_run(&run);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(security::policy(&[STYLE], &[SCRIPT]));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (verdict(record.outcome.verdict)) " · " (record.name) " · seed " (record.outcome.seed) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                (bar(record))
                main #main {
                    (headline(&run))
                    @match &record.story {
                        Some(told) => (story::section(&run, told)),
                        None => (numbers::cards(&run)),
                    }
                    (lanes::section(&run))
                    @if let Some(told) = &record.story { (story::otherwise(told)) }
                    (replay(record))
                    @if record.story.is_some() { (numbers::cards(&run)) }
                    (gallery(&figures))
                    (tables::sections(&run))
                }
                footer { "Made by seedstorm from " code { "record.json" } ". It loads nothing from anywhere." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// A verdict as a badge says it.
const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Assumption => "BEYOND THE MODEL",
        Verdict::Service => "SERVICE MISSED",
        Verdict::Liveness => "NO PROGRESS",
        Verdict::Safety => "VIOLATION",
        Verdict::Crash => "CRASH",
    }
}

/// The class that colors a badge; the words say it too.
const fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Inconclusive | Verdict::Assumption => "unsure",
        Verdict::Service | Verdict::Liveness | Verdict::Safety | Verdict::Crash => "bad",
    }
}

fn bar(record: &RunRecord) -> Markup {
    let outcome = &record.outcome;
    html! {
        header.bar {
            span.name { "seedstorm" }
            span { b { (record.name) } " · seed " (outcome.seed) " · " (outcome.protocol) ", "
                (counted(u64::from(outcome.members), "node")) }
            button #theme type="button" aria-label="Switch between light and dark" { "light / dark" }
        }
    }
}

fn headline(run: &Run) -> Markup {
    let (record, outcome) = (run.record, run.outcome);
    html! {
        section.headline aria-label="Verdict" {
            h1 {
                span class={ "badge " (tone(outcome.verdict)) } { (verdict(outcome.verdict)) }
                " " (sentence(run))
            }
            p.sub {
                @if let Some(told) = &record.story { code { (told.check) } " · " }
                @else if let Some(found) = outcome.violations.first() {
                    code { (found.check) } " at " (time(found.at_ns)) " · "
                }
                @if !outcome.plants.is_empty() { "planted bug " code { (outcome.plants.join(", ")) } " · " }
                "expected " code { (record.expect) } ", "
                @if record.as_expected { "and so it was" } @else { strong { "and it was not so" } }
                " · digest " code { (outcome.digest) }
            }
            @if !record.title.is_empty() { p.about { b { (record.title) } ". " (record.about) } }
        }
    }
}

/// The verdict in a sentence.
fn sentence(run: &Run) -> String {
    let outcome = run.outcome;
    if let Some(told) = &run.record.story {
        return told.headline.clone();
    }
    let lasted = time(outcome.virtual_ns);
    let faults = counted(run.faults().count() as u64, "fault");
    match outcome.verdict {
        Verdict::Pass => {
            let exercised = outcome.checks.iter().filter(|check| check.on && check.exercised > 0).count();
            let checks = counted(exercised as u64, "check");
            format!("Nothing was broken in {lasted} under {faults}: {checks} had something to judge")
        }
        Verdict::Inconclusive => format!("Nothing was proved: {}", outcome.reasons.join("; ")),
        _ => match outcome.violations.first() {
            Some(first) => first.message.clone(),
            None => format!("{} after {lasted} under {faults}", outcome.reasons.join("; ")),
        },
    }
}

fn replay(record: &RunRecord) -> Markup {
    html! {
        section.replay aria-label="Replay" {
            h2 { "Run it again" }
            p {
                code #command { (record.replay) }
                button #copy type="button" { "Copy" }
                span #copied role="status" {}
            }
        }
    }
}

fn gallery(figures: &[Figure]) -> Markup {
    html! {
        section aria-label="Figures" {
            h2 { "Over the run" }
            div.gallery { @for figure in figures { (framed(figure)) } }
        }
    }
}

/// A figure with its numbers below it.
fn framed(figure: &Figure) -> Markup {
    let (heads, rows) = figure.table();
    // Smaller than the files, so that its letters can be read on a narrow screen.
    let shown = Figure { size: (540, 340), ..figure.clone() };
    html! {
        figure id=(format!("figure-{}", figure.name)) {
            (PreEscaped(shown.inline_svg()))
            figcaption {
                details {
                    summary { "Numbers" span.quiet { " · figures/" (figure.name) ".csv, .svg, .png" } }
                    (tables::table(&heads, &rows, &figure.title))
                }
            }
        }
    }
}
