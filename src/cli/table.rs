//! The activity table of a campaign.

use std::fmt::Write;
use std::path::PathBuf;

use scenarios::capsule::replay_command;
use scenarios::explore::{Counter, Demand, Exploration, ExploreOptions, Finding};
use scenarios::scenario::{Loaded, verdict_name};
use sim_core::ordered::OrderedMap;

use super::shrink_text;
use super::wall::Stopwatch;

/// A number with commas: `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate or a size with two digits at least: `0.34`, `3.4`, `34`, `1,234`.
pub(crate) fn two_digits(value: f64) -> String {
    match value {
        v if v >= 9.95 => thousands(v.round() as u64),
        v if v >= 0.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A number and what it counts: `1 node`, `5 nodes`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// What an exploration came to.
pub(crate) fn of_exploration(
    loaded: &Loaded,
    options: &ExploreOptions,
    exploration: &Exploration,
    demands: &[Demand],
    capsules: &[PathBuf],
    watch: Stopwatch,
    brief: bool,
) -> String {
    let mut text = String::new();
    let seeds = format!("seeds {}..{}", options.seeds.start, options.seeds.end);
    let plants: String = options.plants.iter().map(|plant| format!(" · plant {plant}")).collect();
    let _ = writeln!(text, "{} · {} · {seeds}{plants}", loaded.name, loaded.scenario.cluster.protocol);
    let rate = (exploration.runs - exploration.resumed) as f64 / watch.seconds().max(1e-9);
    let found = exploration.headline(demands);
    let resumed = match exploration.resumed {
        0 => String::new(),
        runs => format!(" ({} of them from before)", thousands(runs)),
    };
    let _ = writeln!(
        text,
        "{found} · {}{resumed} in {} · {} runs/s",
        counted(exploration.runs, "run"),
        watch.words(),
        two_digits(rate)
    );
    if exploration.known > 0 {
        let runs = if exploration.known == 1 {
            "1 run".to_owned()
        } else {
            format!("{} runs", thousands(exploration.known))
        };
        let _ = writeln!(text, "{runs} failed in a way that is known");
    }
    text += &covered(options, exploration);
    if exploration.runs == 0 {
        return text;
    }
    for (finding, capsule) in exploration.findings.iter().zip(capsules) {
        text += &of_finding(finding, capsule);
    }
    text += &of_limits(exploration);
    if brief {
        return text + &missed(demands);
    }
    text + &activity(exploration) + &of_demands(demands)
}

/// How far a campaign came that ended before its last seed.
fn covered(options: &ExploreOptions, exploration: &Exploration) -> String {
    let (start, end) = (options.seeds.start, options.seeds.start + exploration.runs);
    if end >= options.seeds.end {
        return String::new();
    }
    let why = if exploration.interrupted {
        "interrupted"
    } else if options.stop_on_first && !exploration.findings.is_empty() {
        "stopped at the first finding"
    } else {
        "the time is over"
    };
    format!("{why}: seeds {start}..{end} are covered; --resume goes on from there\n")
}

/// Limits on all runs together, and the worst runs of those that were missed.
fn of_limits(exploration: &Exploration) -> String {
    let mut text = String::new();
    for result in exploration.limits.results() {
        let _ = writeln!(text, "\nlimit         {}: {}", result.state().to_uppercase(), result.words());
        if result.met == Some(false) {
            let _ = writeln!(text, "worst runs    {}", result.worst_runs().join(", "));
        }
    }
    text
}

/// Whether a campaign shows enough for "nothing found" to count.
fn of_demands(demands: &[Demand]) -> String {
    let judged = demands.iter().filter(|demand| demand.needed > 0.0);
    let judged = judged
        .map(|demand| (demand, percent(demand.found), format!("at least {:.0} %", demand.needed * 100.0)));
    let idle = demands.iter().filter(|demand| demand.needed == 0.0 && !demand.met);
    let idle = idle.map(|demand| (demand, "never".to_owned(), "at least once".to_owned()));
    let mut text = String::from("\n");
    for (index, (demand, found, needed)) in judged.chain(idle).enumerate() {
        let label = if index == 0 { "demanded" } else { "" };
        let met = if demand.met { "" } else { "   MISSED" };
        let _ = writeln!(text, "{label:<14}{found:>7}  {} ({needed}){met}", demand.what);
    }
    text += if demands.iter().all(|demand| demand.met) {
        "              every check had something to judge: \"nothing found\" counts\n"
    } else {
        "              \"nothing found\" would not count: something that is demanded is missing\n"
    };
    text
}

/// What was demanded and missed, and nothing else.
fn missed(demands: &[Demand]) -> String {
    let missed = demands.iter().filter(|demand| !demand.met);
    missed.map(|demand| format!("MISSED        {:>7}  {}\n", percent(demand.found), demand.what)).collect()
}

fn of_finding(finding: &Finding, capsule: &std::path::Path) -> String {
    let Finding { seed, check, message, runs, fingerprint, .. } = finding;
    let verdict = verdict_name(finding.verdict).to_uppercase();
    let replay = replay_command(&capsule.display().to_string());
    let runs = if *runs == 1 { "1 run".to_owned() } else { format!("{} runs", thousands(*runs)) };
    format!(
        "\n{verdict:<14}{check} · seed {seed} · {runs}\n              {message}\n{}replay        {replay}\nfingerprint   {fingerprint}\n",
        shrunk(finding, capsule),
    )
}

/// How far shrinking came, and how to go on with it.
fn shrunk(finding: &Finding, capsule: &std::path::Path) -> String {
    let Some(log) = &finding.capsule.shrunk else { return String::new() };
    let (line, far) = (shrink_text::line(&finding.capsule), shrink_text::how_far(log, capsule));
    format!("shrunk        {line}\n              {far}\n")
}

/// The activity table.
fn activity(exploration: &Exploration) -> String {
    let activity = &exploration.activity;
    let mut text = String::from("\n");
    let verdicts = activity.verdicts.iter().map(|(name, runs)| format!("{name} {}", thousands(*runs)));
    let verdicts = verdicts.collect::<Vec<_>>().join(" · ");
    let _ = writeln!(text, "conclusive    {:>7}  {verdicts}", percent(activity.conclusive_share()));
    for (reason, runs) in &activity.reasons {
        let _ = writeln!(text, "              {:>7}  {reason}", thousands(*runs));
    }
    let _ = writeln!(text, "owed progress {:>7}", percent(activity.owed_liveness_share()));
    if let Some(run) = exploration.totals.largest {
        let mean = exploration.totals.events as f64 / activity.runs.max(1) as f64;
        let times = two_digits(run.events as f64 / mean.max(1.0));
        let _ = writeln!(
            text,
            "largest run            seed {} with {} events, {times} times the mean",
            run.seed,
            thousands(run.events)
        );
    }
    counters(&mut text, "fault family", &activity.families, activity.runs);
    counters(&mut text, "fault", &activity.faults, activity.runs);
    if activity.refused.total > 0 {
        let _ = writeln!(
            text,
            "refused       {:>7}  faults beyond the budget or without a target",
            thousands(activity.refused.total)
        );
    }
    counters(&mut text, "check", &activity.checks, activity.runs);
    let elsewhere =
        |name: &str| ["faults.", "time.", "progress."].iter().any(|group| name.starts_with(group));
    let mut counted = activity.counters.clone();
    counted.retain(|name, counter| counter.total > 0 && !elsewhere(name));
    counters(&mut text, "counted", &counted, activity.runs);
    let _ = writeln!(text, "digest        {}", exploration.totals.digest());
    text
}

/// One line per counter: the share of runs in which it moved, and how much per run.
fn counters<K: AsRef<str>>(text: &mut String, label: &str, counters: &OrderedMap<K, Counter>, runs: u64) {
    for (index, (name, counter)) in counters.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        let share = percent(counter.runs as f64 / runs.max(1) as f64);
        let each = counter.total as f64 / runs.max(1) as f64;
        let _ = writeln!(text, "{label:<14}{share:>7}  {} ({each:.1} per run)", name.as_ref());
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::{thousands, two_digits};

    #[test]
    fn rates_have_two_digits_at_least() {
        for (rate, text) in [(0.344, "0.34"), (0.999, "1.0"), (3.44, "3.4"), (9.97, "10"), (1_234.4, "1,234")]
        {
            assert_eq!(two_digits(rate), text);
        }
    }

    #[test]
    fn numbers_get_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
