//! The page of a judged history: the verdict in a sentence, the operations around the contradiction as bars of the
//! processes that called them, and why no order of them exists.

mod picture;

use maud::{Markup, html};
use sim_core::history::{Conflict, History, HistoryVerdict, Illegal, Judgement};

use crate::page::{Page, table};
use crate::words::{count, counted, moment};

/// How many operations of the longest order are listed.
const LAST: usize = 20;

/// The page.
pub fn page(history: &History, judgement: &Judgement, source: &str) -> String {
    let about =
        html! { b { (source) } " · " (judgement.model) ", " (counted(judgement.operations, "operation")) };
    let main = html! {
        (headline(history, judgement))
        (picture::section(history, judgement))
        @if let HistoryVerdict::Illegal(illegal) = &judgement.verdict { (reasons(history, illegal)) }
    };
    let title = format!("{} · {source}", badge(&judgement.verdict).0);
    Page { title, about, main, made_from: source }.into_html()
}

/// What the badge says, and its tone.
const fn badge(verdict: &HistoryVerdict) -> (&'static str, &'static str) {
    match verdict {
        HistoryVerdict::Linearizable => ("LINEARIZABLE", "good"),
        HistoryVerdict::Unknown(_) => ("UNKNOWN", "unsure"),
        HistoryVerdict::Illegal(_) => ("NOT LINEARIZABLE", "bad"),
    }
}

fn headline(history: &History, judgement: &Judgement) -> Markup {
    let (badge, tone) = badge(&judgement.verdict);
    let sentence = match &judgement.verdict {
        HistoryVerdict::Linearizable => {
            "One object could have given every answer, in an order that respects real time".to_owned()
        }
        HistoryVerdict::Unknown(why) => why.to_string(),
        HistoryVerdict::Illegal(illegal) => {
            format!("Key {}: {}", history.key_in_words(illegal.key), illegal.conflict.reason)
        }
    };
    html! {
        section.headline aria-label="Verdict" {
            h1 { span class={ "badge " (tone) } { (badge) } " " (sentence) }
            p.sub {
                "model " code { (judgement.model) } " · " (counted(judgement.operations, "operation"))
                " on " (counted(judgement.keys, "key"))
            }
        }
    }
}

fn reasons(history: &History, illegal: &Illegal) -> Markup {
    let Conflict { operations, .. } = &illegal.conflict;
    let last = illegal.longest.len().saturating_sub(LAST);
    let ordered = |(place, index): (usize, &usize)| {
        let mut row = vec![count(place as u64 + 1)];
        row.extend(cells(history, *index));
        row
    };
    let order: Vec<Vec<String>> = illegal.longest.iter().enumerate().skip(last).map(ordered).collect();
    let refused: Vec<Vec<String>> = illegal
        .refused
        .iter()
        .map(|(index, refusal)| {
            let mut row = cells(history, *index);
            row.push(refusal.to_string());
            row
        })
        .collect();
    let mut operations = operations.clone();
    operations.dedup();
    let contradiction: Vec<Vec<String>> = operations.iter().map(|index| cells(history, *index)).collect();
    html! {
        section {
            h2 { "What contradicts" }
            p { (illegal.conflict.reason) "." }
            (table::table(&heads(&[]), &contradiction, "Operations that contradict each other"))
        }
        section {
            h2 { "What could not come next" }
            p.quiet {
                "The shortest beginning of the history without an order ends with the return of "
                (in_words(history, illegal.broken_by)) ". After the longest order that was found, nothing fits:"
            }
            (table::table(&heads(&["why not"]), &refused, "Operations that could not come next"))
        }
        section {
            h2 { "The longest order" }
            p.quiet {
                (counted(illegal.longest.len() as u64, "operation"))
                @if last > 0 { ", of which the last " (LAST) " are shown" }
            }
            (table::table(&numbered(), &order, "The longest order that was found"))
        }
    }
}

fn heads(more: &[&str]) -> Vec<String> {
    ["process", "operation", "answer", "called", "returned"]
        .iter()
        .chain(more)
        .map(ToString::to_string)
        .collect()
}

fn numbered() -> Vec<String> {
    let mut heads = heads(&[]);
    heads.insert(0, "place".to_owned());
    heads
}

fn in_words(history: &History, index: usize) -> String {
    let record = &history.records()[index];
    let (call, reply) = (history.call_in_words(record), history.reply_in_words(record));
    format!("process {}: {call} → {reply}", record.process)
}

fn cells(history: &History, index: usize) -> Vec<String> {
    let record = &history.records()[index];
    let returned = match (record.reply(), &record.end) {
        (Some(_), Some(end)) => moment(end.at.as_nanos()),
        _ => "never".to_owned(),
    };
    vec![
        record.process.to_string(),
        history.call_in_words(record),
        history.reply_in_words(record),
        moment(record.called.as_nanos()),
        returned,
    ]
}
