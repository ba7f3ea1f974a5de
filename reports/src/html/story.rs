//! How a violation came about: numbered steps beside the diagram of the same steps.

use maud::{Markup, html};
use sim_core::check::Verdict;
use sim_core::story::{Consequence, Counterfactual, Step, StepKind, Story};

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
    let decided = story.critical.is_some() || story.critical_sought;
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
