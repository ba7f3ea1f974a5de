//! An exploration as a suite of JUnit: a test case for each check and for each demand on the campaign.

use super::{Demand, Exploration, Finding};
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
    // The engine's own checks have a case only if they found something.
    for finding in &exploration.findings {
        if !checks.contains(&finding.check) {
            checks.push(finding.check.clone());
        }
    }
    let mut cases: Vec<Case> =
        checks.iter().map(|check| checked(loaded, check, &exploration.findings, capsule)).collect();
    let demands = demands.iter().filter(|demand| !demand.what.starts_with("check "));
    cases.extend(demands.map(|demand| demanded(loaded, demand)));
    Suite { name: loaded.name.clone(), cases }
}

fn checked(loaded: &Loaded, check: &str, findings: &[Finding], capsule: &dyn Fn(&Finding) -> String) -> Case {
    let found: Vec<&Finding> = findings.iter().filter(|finding| finding.check == check).collect();
    let line = |finding: &&Finding| {
        let replay = replay_command(&capsule(finding));
        format!("{} runs, first seed {}: {}\n{replay}", finding.runs, finding.seed, finding.message)
    };
    let outcome = found.first().map_or(CaseOutcome::Held, |first| CaseOutcome::Failed {
        kind: verdict_name(first.verdict),
        message: format!("seed {}: {}", first.seed, first.message),
        text: found.iter().map(line).collect::<Vec<_>>().join("\n\n"),
    });
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
