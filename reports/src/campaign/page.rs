//! The page of an exploration.

use maud::{Markup, html};

use super::{CampaignRecord, CounterRecord, DemandRecord, FILE_NAME, FindingRecord, Group};
use crate::page::{Page, table};
use crate::words::{count, counted};

/// How many findings the page shows.
const MOST_FINDINGS: usize = 200;

/// The page as one file.
pub fn page(record: &CampaignRecord) -> String {
    let (from, to) = (record.first_seed, record.first_seed + record.seeds);
    let about = html! { b { (record.name) } " · " (record.protocol) " · seeds " (count(from)) " to " (count(to.saturating_sub(1))) };
    let main = html! {
        (headline(record))
        (cards(record))
        @if !record.findings.is_empty() { (findings(record)) }
        @if !record.demands.is_empty() { (demands(record)) }
        div.columns {
            (verdicts(record))
            @for group in record.groups.iter().filter(|group| !group.counters.is_empty()) { (of_group(record, group)) }
        }
    };
    let title = format!("{} · {} · seedstorm explore", record.headline, record.name);
    Page { title, about, main, made_from: FILE_NAME }.into_html()
}

fn tone(record: &CampaignRecord) -> &'static str {
    match record.judgment.as_str() {
        "as-expected" => "good",
        "finding" => "bad",
        _ => "unsure",
    }
}

fn headline(record: &CampaignRecord) -> Markup {
    html! {
        section.headline aria-label="Verdict" {
            h1 { span class={ "badge " (tone(record)) } { (record.judgment.to_uppercase().replace('-', " ")) } " " (sentence(record)) }
            p.sub {
                @if !record.plants.is_empty() { "planted bug " code { (record.plants.join(", ")) } " · " }
                "digest of all runs " code { (record.digest) }
            }
            @if !record.title.is_empty() { p.about { b { (record.title) } ". " (record.about) } }
        }
    }
}

/// What the campaign came to.
fn sentence(record: &CampaignRecord) -> String {
    let runs = counted(record.runs, "run");
    match record.findings.len() {
        0 if record.judgment == "as-expected" => format!("Nothing was found in {runs}"),
        0 => record.headline.clone(),
        1 => format!("One way to fail in {runs}"),
        count => format!("{count} ways to fail in {runs}"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn cards(record: &CampaignRecord) -> Markup {
    let conclusive = record.demands.first().map_or_else(String::new, |demand| percent(demand.found));
    let failed: u64 = record.findings.iter().map(|finding| finding.runs).sum();
    let covered = if record.runs < record.seeds {
        format!("of {} seeds", count(record.seeds))
    } else {
        "every seed".to_owned()
    };
    let missed = record.demands.iter().filter(|demand| !demand.met).count() as u64;
    let known =
        if record.known == 0 { String::new() } else { format!(", {} in a known way", count(record.known)) };
    let all = [
        ("runs", count(record.runs), covered),
        (
            "findings",
            count(record.findings.len() as u64),
            format!("{} failed{known}", counted(failed, "run")),
        ),
        ("conclusive", conclusive, "of the runs say something".to_owned()),
        (
            "owed progress",
            percent(share(record.owed_liveness, record.runs)),
            "of the runs were judged for it".to_owned(),
        ),
        ("demands missed", count(missed), format!("of {}", count(record.demands.len() as u64))),
    ];
    html! {
        section.cards aria-label="Key numbers" {
            @for (name, value, more) in &all {
                div.card { div.quiet { (name) } div.value { (value) } div.quiet { (more) } }
            }
        }
    }
}

fn findings(record: &CampaignRecord) -> Markup {
    html! {
        section #findings {
            h2 { "Findings" }
            @for found in record.findings.iter().take(MOST_FINDINGS) { (finding(found)) }
            @if record.findings.len() > MOST_FINDINGS {
                p.quiet { (count((record.findings.len() - MOST_FINDINGS) as u64)) " more are in " code { (FILE_NAME) } "." }
            }
        }
    }
}

/// Links lead to files in the page's own folder; a name that leads elsewhere is shown and not linked.
fn linked(name: &str) -> Markup {
    let plain =
        !name.starts_with('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    html! { @if plain { a href=(name) { (name) } } @else { code { (name) } } }
}

fn finding(found: &FindingRecord) -> Markup {
    html! {
        div.finding {
            h3 { span.badge.small.bad { (found.verdict.to_uppercase()) } " " (found.message) }
            p.sub {
                code { (found.check) } " · lowest seed " (count(found.seed)) " · " (counted(found.runs, "run"))
                @if !found.shrunk.is_empty() { " · shrunk: " (found.shrunk) }
            }
            p.sub {
                @if let Some(page) = &found.page { "Report " (linked(page)) " · " }
                "capsule " (linked(&found.capsule))
            }
            p.sub { code { (found.replay) } }
        }
    }
}

/// A bar as long as a share, with a mark at the least share that is demanded.
fn bar(found: f64, needed: Option<f64>, class: &str) -> Markup {
    let percent = |share: f64| format!("{:.2}%", share.clamp(0.0, 1.0) * 100.0);
    html! {
        svg.bar-of-share width="100%" height="14" aria-hidden="true" {
            rect.state.plain width="100%" height="14" {}
            rect class={ "state " (class) } width=(percent(found)) height="14" {}
            @if let Some(needed) = needed.filter(|needed| *needed > 0.0) {
                line.needed x1=(percent(needed)) x2=(percent(needed)) y1="0" y2="14" {}
            }
        }
    }
}

fn demands(record: &CampaignRecord) -> Markup {
    let met = record.demands.iter().all(|demand| demand.met);
    let least = |demand: &DemandRecord| {
        if demand.needed > 0.0 {
            format!("at least {:.0} %", demand.needed * 100.0)
        } else {
            "at least once".to_owned()
        }
    };
    html! {
        section #demands {
            h2 { "Would \"nothing found\" count?" }
            p {
                @if met { "Yes: every demand is met." }
                @else { "No: what is marked below was demanded and did not happen often enough." }
            }
            div.scroll tabindex="0" role="region" aria-label="Demands" {
                table.shares {
                    thead { tr { th scope="col" { "demand" } th scope="col" { "share of runs" } th.number scope="col" { "found" } th scope="col" { "needed" } th scope="col" { "met" } } }
                    tbody {
                        @for demand in &record.demands {
                            tr {
                                td { (demand.what) }
                                td { (bar(demand.found, Some(demand.needed), if demand.met { "c2" } else { "c1" })) }
                                td.number { (percent(demand.found)) }
                                td { (least(demand)) }
                                td { @if demand.met { "yes" } @else { strong.bad { "NO" } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn verdicts(record: &CampaignRecord) -> Markup {
    let rows = |all: &[super::Counted]| -> Vec<Vec<String>> {
        all.iter()
            .map(|one| vec![one.name.clone(), count(one.runs), percent(share(one.runs, record.runs))])
            .collect()
    };
    let heads = |first: &str| [first, "runs", "share"].map(str::to_owned);
    html! {
        section #verdicts {
            h2 { "Verdicts" }
            (table::table(&heads("verdict"), &rows(&record.verdicts), "Verdicts"))
            @if !record.reasons.is_empty() {
                (table::table(&heads("why inconclusive"), &rows(&record.reasons), "Why runs were inconclusive"))
            }
        }
    }
}

fn of_group(record: &CampaignRecord, group: &Group) -> Markup {
    let each = |counter: &CounterRecord| format!("{:.1}", share(counter.total, record.runs));
    let mut title = group.title.clone();
    if let Some(first) = title.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    html! {
        section {
            h2 { (title) }
            div.scroll tabindex="0" role="region" aria-label=(group.title) {
                table.shares {
                    thead { tr { th scope="col" { "what" } th scope="col" { "share of runs" } th.number scope="col" { "" } th.number scope="col" { "per run" } } }
                    tbody {
                        @for counter in &group.counters {
                            tr {
                                td { (counter.name.replace(['_', '.'], " ")) }
                                td { (bar(share(counter.runs, record.runs), None, "c0")) }
                                td.number { (percent(share(counter.runs, record.runs))) }
                                td.number { (each(counter)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
