//! The key numbers.

use maud::{Markup, html};
use sim_core::outcome::Progress;
use sim_core::stats::{quantile, sorted};

use crate::run::Run;
use crate::words::{bytes, count, counted, time};

/// What people look for first, as cards.
pub(super) fn cards(run: &Run) -> Markup {
    html! {
        section.cards aria-label="Key numbers" {
            @for (name, value, more) in all(run) {
                div.card { div.quiet { (name) } div.value { (value) } div.quiet { (more) } }
            }
        }
    }
}

fn all(run: &Run) -> Vec<(&'static str, String, String)> {
    let outcome = run.outcome;
    let mut cards = vec![("virtual time", time(outcome.virtual_ns), counted(outcome.events, "event"))];
    let activity = |name: &str| outcome.activity.get(name).copied().unwrap_or(0);
    if activity("operations.invoked") > 0 {
        let done = activity("operations.succeeded");
        let more = format!("succeeded, of {} called", count(activity("operations.invoked")));
        cards.push(("operations", count(done), more));
    }
    let latencies = sorted(&run.latencies());
    let at = |share| quantile(&latencies, share).map(|ms| time((ms * 1e6) as u64));
    if let (Some(median), Some(p99), Some(max)) = (at(0.5), at(0.99), at(1.0)) {
        cards.push(("latency, p99", p99, format!("median {median}, max {max}")));
    }
    let messages = &outcome.messages;
    let more = format!("{} dropped, {}", count(messages.dropped), bytes(messages.bytes));
    cards.push(("messages", count(messages.sent), more));
    let refused = outcome.faults.len() - run.faults().count();
    let more = if refused == 0 {
        "none refused".to_owned()
    } else {
        format!("{refused} refused by the budget or moot")
    };
    cards.push(("faults", count(run.faults().count() as u64), more));
    let traitors = run.traitors();
    if !traitors.is_empty() {
        cards.push(("traitors", count(traitors.len() as u64), who_lied(run, &run.outcome.names(&traitors))));
    }
    cards.push(progress(&outcome.progress));
    cards
}

/// Who they are, and what they did how often: `n1: 111 equivocated`.
fn who_lied(run: &Run, names: &str) -> String {
    let deed = |(name, times): (&String, &u64)| {
        let deed = name.strip_prefix("traitors.").filter(|_| *times > 0)?;
        Some(format!("{} {deed}", count(*times)))
    };
    let deeds: Vec<String> = run.outcome.activity.iter().filter_map(deed).collect();
    if deeds.is_empty() { names.to_owned() } else { format!("{names}: {}", deeds.join(", ")) }
}

fn progress(progress: &Progress) -> (&'static str, String, String) {
    let name = "recovery after the faults";
    match progress {
        Progress::NotOwed { why } => (name, "not checked".to_owned(), why.clone()),
        Progress::Made { after_ns: 0, .. } => (name, "made".to_owned(), "at once".to_owned()),
        Progress::Made { after_ns, late } => {
            let made = if late.is_some() { "late" } else { "made" };
            (name, made.to_owned(), format!("within {}", time(*after_ns)))
        }
        Progress::Stalled { reason, .. } => (name, "none".to_owned(), format!("excused: {}", reason.words())),
        Progress::Missed { .. } => (name, "missed".to_owned(), "no progress although it was due".to_owned()),
    }
}
