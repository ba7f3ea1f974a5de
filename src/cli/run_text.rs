//! What `run` and `replay` print.

use std::fmt::Write;
use std::path::Path;

use scenarios::capsule::{Capsule, shell_word};
use scenarios::neighbors::Neighborhood;
use scenarios::plan::Plan;
use scenarios::program;
use scenarios::replay::{Replay, Replayed};
use scenarios::run::Divergence;
use scenarios::scenario::{Loaded, verdict_name};
use sim_core::limit::{LimitReading, Over};
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Ended, Outcome, Progress};
use sim_core::time::Duration;

use super::arguments::ScenarioArguments;

use super::table::{counted as numbered, thousands};
use super::wall::Stopwatch;

/// Lines of a label and words, the labels as wide as the widest should be.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, words: &str) {
        if !words.is_empty() {
            let _ = writeln!(self.0, "{label:<13}{words}");
        }
    }
}

/// What happened in a run.
pub(crate) fn of_run(
    loaded: &Loaded,
    plan: &Plan,
    outcome: &Outcome,
    watch: Stopwatch,
    replay: &str,
) -> String {
    let mut lines = Lines::default();
    let plants =
        if plan.plants.is_empty() { String::new() } else { format!(" · plant {}", plan.plants.join(", ")) };
    let head =
        format!("{} · {} · {}", loaded.name, outcome.protocol, numbered(outcome.members.into(), "node"));
    let _ = writeln!(lines.0, "{head} · seed {}{plants}", outcome.seed);
    let virtual_time = milliseconds(outcome.virtual_ns);
    let ended = format!("{} after {virtual_time} virtual", ended(outcome.ended));
    let events = format!("{} events in {}", thousands(outcome.events), watch.words());
    lines.add(&verdict_name(outcome.verdict).to_uppercase(), &format!("{ended} · {events}"));
    let contradiction = loaded.scenario.expect.contradiction(outcome);
    lines.add("unexpected", &contradiction.unwrap_or_default());
    violations(&mut lines, outcome);
    for reason in &outcome.reasons {
        lines.add("because", reason);
    }
    lines.add("leaders", &leaders(outcome));
    lines.add("progress", &progress(&outcome.progress));
    lines.add("operations", &counted(outcome, "operations."));
    lines.add("observed", &counted(outcome, "observed."));
    for (name, value) in &outcome.measures {
        let words = value.map_or_else(|| "never".to_owned(), |value| quantity(name, value));
        lines.add("measured", &format!("{}: {words}", plain_name(name)));
    }
    limits(&mut lines, outcome);
    figures(&mut lines, outcome);
    for (name, metric) in &outcome.metrics {
        let [p50, p99, max] = [metric.p50, metric.p99, metric.max].map(|value| quantity(name, value));
        let name = plain_name(name);
        lines.add(
            "metric",
            &format!("{name}: {}, p50 {p50}, p99 {p99}, max {max}", numbered(metric.count, "value")),
        );
    }
    lines.add("faults", &faults(outcome));
    lines.add("traitors", &traitors(outcome));
    lines.add("messages", &messages(outcome));
    lines.add("digest", &outcome.digest.to_string());
    lines.add("replay", replay);
    lines.0
}

/// Limits on each run, and how this one stands to them.
fn limits(lines: &mut Lines, outcome: &Outcome) {
    for LimitReading { limit, value, met, .. } in &outcome.limits {
        let value = value.map_or_else(|| "nothing to judge".to_owned(), |value| limit.told(value));
        let state = if *met == Some(false) { "   MISSED" } else { "" };
        let over = if limit.over == Over::Campaign { " over a campaign" } else { "" };
        lines.add("limit", &format!("{}: {value} ({}{over}){state}", limit.what(), limit.bounds()));
    }
}

/// What checks show as names with values: what a run came to, in the protocol's own terms.
fn figures(lines: &mut Lines, outcome: &Outcome) {
    for table in outcome.picture.tables.items.iter().filter(|table| table.columns.len() == 2) {
        let mut label = table.title.to_lowercase();
        for row in &table.rows {
            lines.add(&std::mem::take(&mut label), &row.join(": "));
        }
    }
}

/// Where the report is.
pub(crate) fn of_report(path: &Path) -> String {
    let mut lines = Lines::default();
    lines.add("report", &path.display().to_string());
    lines.0
}

/// The first violation of each fingerprint, and how many more there were.
fn violations(lines: &mut Lines, outcome: &Outcome) {
    let mut shown: Vec<&str> = Vec::new();
    for violation in &outcome.violations {
        if !shown.contains(&violation.fingerprint.as_str()) {
            shown.push(&violation.fingerprint);
            let at = milliseconds(violation.at_ns);
            lines.add("violation", &format!("{} at {at}: {}", violation.check, violation.message));
        }
    }
    let more = (outcome.violations.len() - shown.len()) as u64 + outcome.violations_omitted;
    if more > 0 {
        lines.add("", &format!("and {} more of the same kinds", thousands(more)));
    }
}

const fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Horizon => "ran to its end",
        Ended::StopRule => "stopped by its rule",
        Ended::Quiescent => "came to rest",
        Ended::EventLimit => "stopped at the limit of events",
        Ended::Storm => "stopped in a storm of events",
        Ended::Stopped => "was stopped",
        Ended::OutOfChoices => "ran out of choices",
    }
}

/// Who led, first to last.
fn leaders(outcome: &Outcome) -> String {
    let reigns = outcome.picture.reigns();
    let Some(first) = reigns.first() else { return String::new() };
    let name = outcome.slots.get(first.slot as usize).unwrap_or_default();
    let first_words = format!("{name} after {}", milliseconds(first.from_ns));
    match reigns.len() {
        1 => first_words,
        count => format!("{first_words} · {count} in all"),
    }
}

fn progress(progress: &Progress) -> String {
    match progress {
        Progress::NotOwed { .. } => String::new(),
        Progress::Made { after_ns, late: None } => format!("made {} after the heal", milliseconds(*after_ns)),
        Progress::Made { after_ns, late: Some(late) } => {
            format!("made late, {} after the heal: {late}", milliseconds(*after_ns))
        }
        Progress::Stalled { reason, detail } if detail.is_empty() => {
            format!("none after the heal: {}", reason.words())
        }
        Progress::Stalled { reason, detail } => format!("none after the heal: {} ({detail})", reason.words()),
        Progress::Missed { .. } => "owed after the heal, and missed".to_owned(),
    }
}

/// The counters of a group, without their common prefix.
fn counted(outcome: &Outcome, group: &str) -> String {
    let counters = outcome.activity.iter().filter(|(_, count)| **count > 0);
    let counters = counters.filter_map(|(name, count)| Some((name.strip_prefix(group)?, count)));
    counters.map(|(name, count)| format!("{} {name}", thousands(*count))).collect::<Vec<_>>().join(" · ")
}

/// Who they are, and what they did how often.
fn traitors(outcome: &Outcome) -> String {
    let names = outcome.names(&outcome.picture.traitors());
    let deeds = counted(outcome, "traitors.");
    if names.is_empty() || deeds.is_empty() { names + &deeds } else { format!("{names}: {deeds}") }
}

fn faults(outcome: &Outcome) -> String {
    let mut families: OrderedMap<&str, u64> = OrderedMap::new();
    let fired = outcome.faults.iter().filter(|executed| executed.refused.is_none());
    fired.for_each(|executed| *families.entry(executed.family.name()).or_default() += 1);
    let refused = outcome.faults.iter().filter(|executed| executed.refused.is_some()).count();
    let total: u64 = families.values().sum();
    if total == 0 && refused == 0 {
        return String::new();
    }
    let parts = families.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ");
    let fired = if total == 0 { "none".to_owned() } else { format!("{total}: {parts}") };
    let refused = if refused == 0 { String::new() } else { format!(" · {refused} refused") };
    format!("{fired}{refused}")
}

fn messages(outcome: &Outcome) -> String {
    let counts = &outcome.messages;
    let all =
        [("delivered", counts.delivered), ("dropped", counts.dropped), ("duplicated", counts.duplicated)];
    let rest = all.iter().filter(|(_, count)| *count > 0);
    let rest: String = rest.map(|(name, count)| format!(" · {} {name}", thousands(*count))).collect();
    if counts.sent == 0 { String::new() } else { format!("{} sent{rest}", thousands(counts.sent)) }
}

/// A name without its unit.
fn plain_name(name: &str) -> String {
    name.strip_suffix("_ns").unwrap_or(name).replace('_', " ")
}

/// A value in the unit that its name says.
fn quantity(name: &str, value: u64) -> String {
    if name.ends_with("_ns") { milliseconds(value) } else { thousands(value) }
}

/// A moment or a distance: `430 ms`, `12.345 s`.
pub(crate) fn milliseconds(ns: u64) -> String {
    match ns {
        0 => "0 ms".to_owned(),
        1..1_000_000 => format!("{:.3} ms", Duration::from_nanos(ns).as_millis_f64()),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        1_000_000_000..120_000_000_000 => format!("{:.3} s", Duration::from_nanos(ns).as_secs_f64()),
        _ => Duration::from_nanos(ns).told(),
    }
}

/// The command that makes the same run again.
pub(crate) fn run_command(arguments: &ScenarioArguments, plants: &[String], seed: u64) -> String {
    let mut command = format!("{} run {} --seed {seed}", program::name(), shell_word(&arguments.scenario));
    for overlay in &arguments.overlays {
        let _ = write!(command, " --set {}", shell_word(overlay));
    }
    for plant in plants {
        let _ = write!(command, " --plant {plant}");
    }
    command
}

/// What a replay came to.
pub(crate) fn of_replay(capsule: &Capsule, replay: &Replay, watch: Stopwatch) -> String {
    let mut lines = Lines::default();
    let _ = writeln!(lines.0, "{} · {} · seed {}", capsule.name, capsule.protocol, capsule.seed);
    let outcome = &replay.outcome;
    let how = match (replay.replayed, replay.same_build) {
        (Replayed::Nondeterministic { recorded }, _) => {
            format!("the digest differs from the recorded {recorded}")
        }
        (_, true) => "same engine and build, same digest".to_owned(),
        (_, false) if outcome.digest == capsule.digest => "another engine or build, same digest".to_owned(),
        (_, false) => "from the recorded plan, on another engine or build".to_owned(),
    };
    lines.add(&replay.replayed.name().to_uppercase(), &format!(" {how}"));
    lines.add(
        "recorded",
        &finding(verdict_name(capsule.verdict), capsule.check.as_deref(), capsule.message.as_deref()),
    );
    let first = outcome.violations.first();
    let check = first.map(|violation| violation.check.as_str());
    let message = first.map(|violation| violation.message.as_str());
    lines.add("now", &finding(verdict_name(outcome.verdict), check, message));
    lines.add(
        "digest",
        &format!("{} · {} events in {}", outcome.digest, thousands(outcome.events), watch.words()),
    );
    lines.0
}

/// How many schedules around a replayed one failed.
pub(crate) fn of_neighbors(around: &Neighborhood) -> String {
    let mut lines = Lines::default();
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let [rate, low, high] = [around.rate(), around.interval.low, around.interval.high].map(percent);
    let (failed, runs) = (thousands(around.failed), thousands(around.runs));
    let others = match around.failed_otherwise {
        0 => String::new(),
        count => format!(" · {} in another way", thousands(count)),
    };
    lines.add(
        "neighbors",
        &format!("{failed} of {runs} fail in the same way: {rate}, 95 % in {low}..{high}{others}"),
    );
    lines.0
}

fn finding(verdict: &str, check: Option<&str>, message: Option<&str>) -> String {
    let parts = [Some(verdict), check, message].into_iter().flatten();
    parts.collect::<Vec<_>>().join(" · ")
}

/// Two runs that should have been one.
pub(crate) fn of_divergence(divergence: &Divergence) -> String {
    let [left, right] = &divergence.digests;
    let mut text = format!("error: failed to run twice alike: digests {left} and {right}");
    let Some(first) = &divergence.first else {
        return text + "\n  two recorded runs were alike: the difference does not show every time";
    };
    let side = |event: &Option<String>| event.clone().unwrap_or_else(|| "the run had ended".to_owned());
    let _ = write!(text, "\n  {} events are equal, then", first.index);
    let _ = write!(text, "\n  first run   {}\n  second run  {}", side(&first.left), side(&first.right));
    text
}
