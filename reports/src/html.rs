//! `report.html`: one file that shows a run to whoever opens it, without a network.
//!
//! The first screen answers what happened: the verdict in a sentence, and with a story its steps beside the space-time
//! diagram of the nodes that take part; below it the faults over the lanes of all nodes. Everything else lies below.
//! The shell around it is that of every page (`page.rs`).

mod diagram;
pub(crate) mod lanes;
mod numbers;
mod shares;
mod story;
mod tables;
mod timeline;

#[cfg(test)]
mod tests;

use maud::{Markup, html};
use sim_core::check::Verdict;
use sim_core::judgment::Judgment;

use crate::figure::Figure;
use crate::page::{Files, Page, framed};
use crate::record::{FILE_NAME, RunRecord};
use crate::run::{Run, figures};
use crate::words::{counted, time};

/// The page alone.
pub fn page(record: &RunRecord) -> String {
    with_files(record, Files::None)
}

/// The page beside which the files of its figures are written: it names them.
pub fn page_of_figures(record: &RunRecord) -> String {
    with_files(record, Files::InFolder)
}

fn with_files(record: &RunRecord, files: Files) -> String {
    let run = Run::new(record);
    let figures = figures::over_run(&run);
    let outcome = &record.outcome;
    let about = html! {
        b { (record.name) } " · seed " (outcome.seed) " · " (outcome.protocol) ", "
        (counted(u64::from(outcome.members), "node"))
    };
    let main = html! {
        (headline(&run))
        @match &record.story {
            Some(told) => (story::section(&run, told)),
            None => (numbers::cards(&run)),
        }
        (shares::section(&run))
        (lanes::section(&run, &figures, files))
        @if let Some(told) = &record.story { (story::otherwise(told)) }
        (tables::of_the_protocol(&run))
        (replay(record))
        @if record.story.is_some() { (numbers::cards(&run)) }
        (gallery(&figures, files))
        (tables::sections(&run))
    };
    let title = format!("{} · {} · seed {}", verdict(outcome.verdict), record.name, outcome.seed);
    Page { title, about, main, made_from: FILE_NAME }.into_html()
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

/// The class that colors a verdict; the words say it too.
const fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Inconclusive | Verdict::Assumption => "unsure",
        Verdict::Service | Verdict::Liveness | Verdict::Safety | Verdict::Crash => "bad",
    }
}

/// The class of the badge: a pass that was not expected is no good news.
fn badge_tone(record: &RunRecord) -> &'static str {
    let verdict = record.outcome.verdict;
    match Judgment::of_run(verdict, record.as_expected) {
        Judgment::Finding if verdict == Verdict::Pass => "bad",
        _ => tone(verdict),
    }
}

/// The verdict as a badge.
pub(crate) fn badge(record: &RunRecord) -> Markup {
    html! { span class={ "badge " (badge_tone(record)) } { (verdict(record.outcome.verdict)) } }
}

fn headline(run: &Run) -> Markup {
    let (record, outcome) = (run.record, run.outcome);
    html! {
        section.headline aria-label="Verdict" {
            h1 {
                (badge(record))
                " " (sentence(run))
            }
            p.sub {
                @if let Some(told) = &record.story { code { (told.check) } " · " }
                @else if let Some(found) = outcome.violations.first() {
                    code { (found.check) } " at " (time(found.at_ns)) " · "
                }
                @if !outcome.plants.is_empty() { "planted bug " code { (outcome.plants.join(", ")) } " · " }
                "expected " code { (record.expect) } ", "
                @if record.as_expected { "got " (outcome.verdict.name()) } @else { strong { "got " (outcome.verdict.name()) } }
                " · digest " code { (outcome.digest) }
            }
            @if !record.title.is_empty() { p.about { b { (record.title) } ". " (record.about) } }
        }
    }
}

/// The verdict in a sentence.
pub(crate) fn sentence(run: &Run) -> String {
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
            let traitors = match run.traitors().len() as u64 {
                0 => String::new(),
                count => format!("{} at work, ", counted(count, "traitor")),
            };
            format!("Passed: {faults} injected, {traitors}{checks} exercised in {lasted}")
        }
        Verdict::Inconclusive => format!("Inconclusive: {}", outcome.reasons.join("; ")),
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

/// The figures that are not over time: the others are on the time axis.
fn gallery(figures: &[Figure], files: Files) -> Markup {
    let all: Vec<&Figure> = figures.iter().filter(|figure| !timeline::is_over_time(figure)).collect();
    html! {
        @if !all.is_empty() {
            section aria-label="Figures" {
                h2 { "Over the whole run" }
                div.gallery { @for figure in all { (framed(figure, files)) } }
            }
        }
    }
}
