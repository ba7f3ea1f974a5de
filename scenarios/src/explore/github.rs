//! An exploration as GitHub shows it: annotations for a workflow's log, and a page for the job's summary.

use std::fmt::Write;

use sim_core::judgment::Judgment;

use super::{Demand, Exploration, Finding};
use crate::capsule::replay_command;
use crate::github::{cell, data, property};
use crate::scenario::{Loaded, verdict_name};

/// The workflow commands: an error for each finding, and one for each demand that was not met, for such a campaign is no
/// pass. Beside a finding, a demand is a warning. `capsule` gives the path of a finding's capsule.
pub fn annotations(
    loaded: &Loaded,
    exploration: &Exploration,
    demands: &[Demand],
    capsule: &dyn Fn(&Finding) -> String,
) -> String {
    let mut text = String::new();
    for finding in &exploration.findings {
        let title = format!("{} {}", verdict_name(finding.verdict), finding.check);
        let replay = replay_command(&capsule(finding));
        let message = format!("{}, seed {}: {}\n{replay}", loaded.name, finding.seed, finding.message);
        let _ = writeln!(text, "::error title={}::{}", property(&title), data(&message));
    }
    for limit in exploration.limits.results().filter(|limit| limit.met == Some(false)) {
        let title = property(&format!("service {}", limit.limit.check()));
        let message = format!("{}: {}\nworst: {}", loaded.name, limit.words(), limit.worst_runs().join(", "));
        let _ = writeln!(text, "::error title={title}::{}", data(&message));
    }
    let level = if exploration.judge(demands) == Judgment::Inconclusive { "error" } else { "warning" };
    for demand in demands.iter().filter(|demand| !demand.met) {
        let title = property(&format!("{}: {}", loaded.name, demand.what));
        let _ = writeln!(text, "::{level} title={title}::{}", data(&missed(demand)));
    }
    text
}

fn missed(demand: &Demand) -> String {
    if demand.needed == 0.0 {
        return "it never had anything to judge, so nothing found means nothing".to_owned();
    }
    let (found, needed) = (demand.found * 100.0, demand.needed * 100.0);
    format!("in {found:.1} % of runs, of which {needed:.1} % are needed before nothing found counts")
}

/// The page, in Markdown.
pub fn summary(
    loaded: &Loaded,
    exploration: &Exploration,
    demands: &[Demand],
    capsule: &dyn Fn(&Finding) -> String,
) -> String {
    let headline = exploration.headline(demands);
    let mut text = format!("### {}: {headline} · {} runs\n\n", cell(&loaded.name), exploration.runs);
    if !exploration.findings.is_empty() {
        text += "| verdict | check | seed | runs | what | replay |\n|---|---|---|---|---|---|\n";
        for finding in &exploration.findings {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | `{}` |",
                verdict_name(finding.verdict),
                cell(&finding.check),
                finding.seed,
                finding.runs,
                cell(&finding.message),
                replay_command(&capsule(finding)).replace('`', "'")
            );
        }
        text.push('\n');
    }
    for (index, limit) in exploration.limits.results().enumerate() {
        if index == 0 {
            text += "| limit | kept | worst runs |\n|---|---|---|\n";
        }
        let worst = limit.worst_runs().join(", ");
        let _ = writeln!(text, "| {} | {} | {} |", cell(&limit.words()), limit.state(), cell(&worst));
    }
    if exploration.limits.results().next().is_some() {
        text.push('\n');
    }
    text += "| activity | runs | needed | met |\n|---|---|---|---|\n";
    for demand in demands {
        let needed =
            if demand.needed > 0.0 { format!("{:.0} %", demand.needed * 100.0) } else { "once".to_owned() };
        let met = if demand.met { "yes" } else { "**no**" };
        let _ =
            writeln!(text, "| {} | {:.1} % | {needed} | {met} |", cell(&demand.what), demand.found * 100.0);
    }
    let _ = writeln!(text, "\ndigest of all runs: `{}`\n", exploration.totals.digest());
    text
}
