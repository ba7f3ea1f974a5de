//! How a violation came about: numbered steps beside the diagram of the same steps.

use maud::{Markup, html};
use sim_core::check::Verdict;
use sim_core::story::{Consequence, Counterfactual, Likelihood, Step, StepKind, Story};

use super::diagram;
use crate::run::Run;
use crate::words::{count, moment};

/// The steps and the diagram.
pub(super) fn section(run: &Run, story: &Story) -> Markup {
    html! {
        section.story aria-label="How it came about" {
            div {
                ol.steps { @for step in &story.steps { (item(step)) } }
                @if story.omitted > 0 {
                    p.quiet { (count(story.omitted)) " more steps led here and are not told." }
                }
            }
            div.diagram { (diagram::space_time(run, story)) }
        }
    }
}

fn item(step: &Step) -> Markup {
    html! {
        li class={ "step " (kind(step.kind)) } data-at=(step.at_ns) data-step=(step.number) tabindex="0" {
            span.at { (moment(step.at_ns)) }
            span.what {
                @if step.kind == StepKind::Fault { b.alarm { "FAULT " } }
                (step.text.trim_start_matches("FAULT "))
                @if !step.note.is_empty() { " " span class=(note(&step.note)) { (step.note) } }
            }
        }
    }
}

/// What is wrong stands out; what is only worth knowing, as what a disk holds, does not.
fn note(text: &str) -> &'static str {
    if text.starts_with("<-") || text.contains("MISSING") { "note" } else { "aside" }
}

/// The class of a step.
pub(super) const fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Fault => "fault",
        StepKind::Message => "message",
        StepKind::Timer => "timer",
        StepKind::Disk => "disk",
        StepKind::Process => "process",
        StepKind::Observation => "observation",
        StepKind::Client => "client",
        StepKind::Violation => "violation",
    }
}

/// What would have come of it otherwise.
pub(super) fn otherwise(story: &Story) -> Markup {
    let decided = story.critical.is_some() || story.critical_sought || story.likelihood.is_some();
    if story.counterfactuals.is_empty() && !decided && story.consequence.is_none() {
        return html! {};
    }
    html! {
        section.otherwise aria-label="What if?" {
            @if let Some(consequence) = &story.consequence { (came_of_it(consequence)) }
            h2 { "What if?" }
            ul { @for other in &story.counterfactuals { (counterfactual(other)) } }
            @if let Some(pair) = &story.critical {
                p { b { "Race: " } (pair.about) " (steps " (pair.first) " and " (pair.second) ")" }
            } @else if story.critical_sought {
                p.quiet { "No race between two nearby steps decides the outcome." }
            }
            @if let Some(likelihood) = &story.likelihood { (over_time(likelihood)) }
        }
    }
}

/// The chart is so wide and so high.
const CHART: (u64, u64) = (640, 120);

/// How likely the violation was from which moment on: a chart, and its numbers beside it.
fn over_time(likelihood: &Likelihood) -> Markup {
    if let Some(tries) = likelihood.tries_that_all_failed() {
        return html! {
            p {
                b { "Chance has no part in it" }
                ": drawn anew from the start or from any later moment on, the same in " (tries) " of " (tries) " runs."
            }
        };
    }
    let (width, height) = CHART;
    let x = |at_ns: u64| {
        let across = u128::from(at_ns) * u128::from(width) / u128::from(likelihood.found_ns.max(1));
        u64::try_from(across).unwrap_or(width).min(width)
    };
    let y = |percent: u64| height - percent.min(100) * height / 100;
    let ends = likelihood.moments.iter().map(|moment| (x(moment.at_ns), y(moment.percent())));
    let line = ends.chain([(width, 0)]).map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
    let (doomed, found) = (moment(likelihood.doomed_ns), moment(likelihood.found_ns));
    html! {
        h2 { "Likelihood over time" }
        p {
            "The same violation, with chance drawn anew from a moment on. "
            @match likelihood.open_ns {
                Some(open) => { b { "Doomed between " (moment(open)) " and " (doomed) } "; found at " (found) "." },
                None => { b { "Doomed from the start" } ": other chance changes nothing." },
            }
        }
        svg.likelihood viewBox=(format!("-4 -4 {} {}", width + 8, height + 8)) width=(width + 8)
            height=(height + 8) role="img" aria-label="Share of runs that fail, by the moment from which chance is drawn anew" {
            rect x="0" y="0" width=(width) height=(height) fill="none" stroke="currentColor" opacity="0.2" {}
            @for at in &likelihood.moments {
                line x1=(x(at.at_ns)) x2=(x(at.at_ns)) y1=(y(at.low_percent.into())) y2=(y(at.high_percent.into()))
                    stroke="currentColor" opacity="0.4" {}
            }
            polyline points=(line) fill="none" stroke="currentColor" stroke-width="2" {}
            line x1=(x(likelihood.doomed_ns)) x2=(x(likelihood.doomed_ns)) y1="0" y2=(height)
                stroke="currentColor" stroke-dasharray="4 4" {}
        }
        details {
            summary { "Numbers" }
            table {
                thead { tr { th { "from" } th { "fail" } th { "of" } th { "share" } th { "95 % interval" } } }
                tbody {
                    @for at in &likelihood.moments {
                        tr {
                            td { (moment(at.at_ns)) }
                            td { (at.count) }
                            td { (at.of) }
                            td { (at.percent()) " %" }
                            td { (at.low_percent) " to " (at.high_percent) " %" }
                        }
                    }
                }
            }
        }
    }
}

/// What a user would have seen.
fn came_of_it(consequence: &Consequence) -> Markup {
    html! {
        p {
            b { "What came of it: " } (consequence.message)
            span.quiet {
                " (" (consequence.check) " at " (moment(consequence.at_ns))
                @if !consequence.given.is_empty() { ", " (consequence.given) }
                ")"
            }
        }
    }
}

fn counterfactual(other: &Counterfactual) -> Markup {
    let came = match (other.reproduced, other.verdict) {
        (true, _) => "the same violation",
        (false, Verdict::Pass) => "pass",
        (false, Verdict::Inconclusive) => "nothing is proved",
        (false, Verdict::Assumption) => "beyond the model",
        (false, Verdict::Service) => "a service level is missed",
        (false, Verdict::Liveness) => "no progress",
        (false, Verdict::Safety) => "another violation",
        (false, Verdict::Crash) => "a crash",
    };
    let tone = if other.reproduced { "bad" } else { super::tone(other.verdict) };
    html! {
        li data-step=[other.step] { (other.what) ": " span class={ "badge small " (tone) } { (came) } }
    }
}
