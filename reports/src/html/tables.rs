//! Everything that was counted, as tables.

use maud::{Markup, html};
use serde_json::Value;
use sim_core::fault::Executed;

use crate::page::table::table;
use crate::run::Run;
use crate::words::{count, moment, plain, quantity};

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! { section id=(id) { h2 { (title) } (content) } }
}

/// The sections below the figures.
pub(super) fn sections(run: &Run) -> Markup {
    html! {
        (violations(run))
        div.columns { (checks(run)) (metrics(run)) (activity(run)) }
        (faults(run))
        (scenario(run))
    }
}

/// What the protocol itself tells, for example who lied and who believed it.
pub(super) fn of_the_protocol(run: &Run) -> Markup {
    html! {
        @for (index, own) in run.outcome.picture.tables.items.iter().enumerate() {
            (section(&format!("table-{index}"), &own.title, &own_table(own)))
        }
        (left_out(run.outcome.picture.tables.omitted, "tables"))
    }
}

fn own_table(own: &sim_core::outcome::Table) -> Markup {
    html! {
        (table(&own.columns, &own.rows, &own.title))
        (left_out(own.omitted, "rows"))
    }
}

/// How much more there was than is shown.
fn left_out(omitted: u64, what: &str) -> Markup {
    html! { @if omitted > 0 { p.quiet { (count(omitted)) " more " (what) " were not kept." } } }
}

/// What violations rest on, each under its own.
fn evidence(run: &Run) -> Markup {
    let kept = &run.outcome.picture.evidence;
    html! {
        @for evidence in &kept.items {
            @if let Some(found) = run.outcome.violations.get(evidence.violation) {
                details.evidence { summary { "Evidence: " (found.message) }
                    ol { @for fact in &evidence.facts { li { (fact) } } }
                    (left_out(evidence.omitted, "facts"))
                }
            }
        }
        (left_out(kept.omitted, "pieces of evidence"))
    }
}

fn violations(run: &Run) -> Markup {
    let outcome = run.outcome;
    if outcome.violations.is_empty() {
        return html! {};
    }
    let row = |found: &sim_core::check::Violation| {
        vec![moment(found.at_ns), found.check.clone(), found.message.clone(), found.fingerprint.clone()]
    };
    let rows: Vec<Vec<String>> = outcome.violations.iter().map(row).collect();
    let shown = table(&heads(&["at", "check", "what", "fingerprint"]), &rows, "Violations");
    let evidence = html! {
        (shown)
        @if outcome.violations_omitted > 0 { p.quiet { (count(outcome.violations_omitted)) " more were not kept." } }
        (evidence(run))
    };
    section("violations", "Violations", &evidence)
}

fn checks(run: &Run) -> Markup {
    let row = |check: &sim_core::outcome::CheckReport| {
        let on = if check.on { "on" } else { "off" };
        vec![check.name.clone(), on.to_owned(), count(check.exercised)]
    };
    let rows: Vec<Vec<String>> = run.outcome.checks.iter().map(row).collect();
    let idle = run.outcome.checks.iter().filter(|check| check.on && check.exercised == 0).count();
    let content = html! {
        (table(&heads(&["check", "", "times exercised"]), &rows, "Checks"))
        @if idle > 0 { p.quiet { (idle) " of them had nothing to judge and proved nothing." } }
    };
    section("checks", "Checks", &content)
}

fn metrics(run: &Run) -> Markup {
    let metric = |(name, metric): (&String, &sim_core::outcome::MetricSummary)| {
        let [p50, p90, p99, max] =
            [metric.p50, metric.p90, metric.p99, metric.max].map(|value| quantity(name, value));
        vec![plain(name), count(metric.count), p50, p90, p99, max]
    };
    let rows: Vec<Vec<String>> = run.outcome.metrics.iter().map(metric).collect();
    let measured = |(name, value): (&String, &Option<u64>)| {
        let shown = value.map_or_else(|| "never happened".to_owned(), |value| quantity(name, value));
        vec![plain(name), shown]
    };
    let measures: Vec<Vec<String>> = run.outcome.measures.iter().map(measured).collect();
    let content = html! {
        @if !rows.is_empty() {
            (table(&heads(&["metric", "values", "p50", "p90", "p99", "max"]), &rows, "Metrics"))
        }
        @if !measures.is_empty() { (table(&heads(&["measure", "value"]), &measures, "Measures")) }
    };
    if rows.is_empty() && measures.is_empty() {
        html! {}
    } else {
        section("metrics", "Metrics", &content)
    }
}

fn activity(run: &Run) -> Markup {
    let shown = run.outcome.activity.iter().filter(|(_, value)| **value > 0);
    let row = |(name, value): (&String, &u64)| vec![plain(name), quantity(name, *value)];
    let rows: Vec<Vec<String>> = shown.map(row).collect();
    let content = table(&heads(&["what", "how often"]), &rows, "Activity");
    section("activity", "Activity", &content)
}

fn faults(run: &Run) -> Markup {
    if run.outcome.faults.is_empty() {
        return html! {};
    }
    let row = |fault: &Executed| {
        let slots: Vec<String> = fault.slots.iter().map(|slot| run.slot(slot.0)).collect();
        let until = fault.until_ns.map_or_else(String::new, moment);
        let refused = fault.refused.map_or_else(String::new, |why| format!("refused: {why}"));
        let struck = slots.join(" ");
        vec![moment(fault.at_ns), until, fault.kind.name().to_owned(), struck, fault.detail.clone(), refused]
    };
    let rows: Vec<Vec<String>> = run.outcome.faults.iter().map(row).collect();
    let heads = heads(&["from", "until", "fault", "where", "what happened", "refused"]);
    section("faults", "Faults", &table(&heads, &rows, "Faults"))
}

fn scenario(run: &Run) -> Markup {
    let content = html! {
        p { "Resolved, with every default. Its hash is " code { (run.record.scenario_hash) } "." }
        details { summary { "Show it" } pre tabindex="0" { (format!("{:#}", without_data(&run.record.scenario))) } }
    };
    section("scenario", "Scenario", &content)
}

/// The longest text of a scenario that is shown: what is longer is data from a file.
const LONGEST: usize = 2_000;

/// A list with more items than this is cut: so many links or outages come from a file.
const MOST_ITEMS: usize = 500;

/// How many items of a list that is cut are shown.
const SHOWN_ITEMS: usize = 20;

/// A scenario without the data that it read from files: the record and the capsule have it.
fn without_data(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONGEST => {
            format!("{} characters of data, as in the record", text.chars().count()).into()
        }
        Value::Array(items) if items.len() > MOST_ITEMS => {
            let rest: Value = format!("{} more, as in the record", items.len() - SHOWN_ITEMS).into();
            items.iter().take(SHOWN_ITEMS).map(without_data).chain([rest]).collect()
        }
        Value::Array(items) => items.iter().map(without_data).collect(),
        Value::Object(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), without_data(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_from_files_is_left_out_of_a_page() {
        let shown = without_data(&json!({ "hosts": [{ "micros": "0".repeat(5_000) }], "name": "a" }));
        assert_eq!(
            shown,
            json!({ "hosts": [{ "micros": "5000 characters of data, as in the record" }], "name": "a" })
        );
        let many: Vec<u32> = (0..501).collect();
        let shown = without_data(&json!(many));
        assert_eq!(shown.as_array().unwrap().len(), 21);
        assert_eq!(shown[20], "481 more, as in the record");
        assert_eq!(without_data(&json!(many[1..])), json!(many[1..]));
    }
}
