//! An exploration as a suite of JUnit: a test case for each check and for each demand on the campaign.

use sim_core::check::Verdict;

use super::{Demand, Exploration, Finding};
use crate::campaign_limits::CampaignLimit;
use crate::capsule::replay_command;
use crate::junit::{Case, CaseOutcome, Suite};
use crate::scenario::{Loaded, verdict_name};

/// The suite. `capsule` gives the path of a finding's capsule.
pub fn suite(
    loaded: &Loaded,
    exploration: &Exploration,
    demands: &[Demand],
    capsule: &dyn Fn(&Finding) -> String,
) -> Suite {
    let off = loaded.scenario.checks.names_off(loaded.protocol);
    let own = loaded.protocol.checks.iter().map(|check| check.name.to_owned());
    let mut checks: Vec<String> = own.filter(|check| !off.iter().any(|off| off == check)).collect();
    // The engine's own checks have a case if they found something, or should have judged something.
    let found = exploration.findings.iter().map(|finding| &finding.check);
    for check in demands.iter().filter_map(|demand| demand.check.as_ref()).chain(found) {
        if !checks.contains(check) {
            checks.push(check.clone());
        }
    }
    let of_check = |demand: &&Demand| demand.check.is_some();
    let mut cases: Vec<Case> = checks
        .iter()
        .map(|check| {
            let idle = demands.iter().any(|demand| !demand.met && demand.check.as_ref() == Some(check));
            let found = exploration.findings.iter().any(|finding| finding.check == *check);
            let over_all = over_all(exploration, check).filter(|_| !found);
            over_all.map_or_else(
                || checked(loaded, check, idle, &exploration.findings, capsule),
                |outcome| Case { name: check.clone(), class: loaded.name.clone(), outcome },
            )
        })
        .collect();
    cases.extend(demands.iter().filter(|demand| !of_check(demand)).map(|demand| demanded(loaded, demand)));
    Suite { name: loaded.name.clone(), cases }
}

/// A limit on the whole campaign that was missed, with the worst runs.
fn over_all(exploration: &Exploration, check: &str) -> Option<CaseOutcome> {
    let missed = |limit: &CampaignLimit<'_>| limit.met == Some(false) && limit.limit.check() == check;
    let limit = exploration.limits.results().find(missed)?;
    Some(CaseOutcome::Failed {
        kind: verdict_name(Verdict::Service),
        message: limit.words(),
        text: limit.worst_runs().join("\n"),
    })
}

/// A check that never had anything to judge did not hold: nobody knows.
fn checked(
    loaded: &Loaded,
    check: &str,
    idle: bool,
    findings: &[Finding],
    capsule: &dyn Fn(&Finding) -> String,
) -> Case {
    let found: Vec<&Finding> = findings.iter().filter(|finding| finding.check == check).collect();
    let line = |finding: &&Finding| {
        let replay = replay_command(&capsule(finding));
        format!("{} runs, first seed {}: {}\n{replay}", finding.runs, finding.seed, finding.message)
    };
    let outcome = match found.first() {
        Some(first) => CaseOutcome::Failed {
            kind: verdict_name(first.verdict),
            message: format!("seed {}: {}", first.seed, first.message),
            text: found.iter().map(line).collect::<Vec<_>>().join("\n\n"),
        },
        None if idle => CaseOutcome::Erred { message: "it never had anything to judge".to_owned() },
        None => CaseOutcome::Held,
    };
    Case { name: check.to_owned(), class: loaded.name.clone(), outcome }
}

/// A demand that was not met is an error of the campaign, and no failure of what it explored.
fn demanded(loaded: &Loaded, demand: &Demand) -> Case {
    let (found, needed) = (demand.found * 100.0, demand.needed * 100.0);
    let outcome = if demand.met {
        CaseOutcome::Held
    } else {
        CaseOutcome::Erred { message: format!("in {found:.1} % of runs, of which {needed:.1} % are needed") }
    };
    Case { name: demand.what.clone(), class: format!("{} activity", loaded.name), outcome }
}
