//! An exploration as JUnit XML: a test case for each check and for each demand on the campaign.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{Demand, Exploration, Finding};
use crate::capsule::replay_command;
use crate::scenario::{Loaded, verdict_name};

/// The document. `capsule` gives the path of a finding's capsule.
///
/// # Errors
/// Never for text in memory; the XML writer's type has the case.
pub fn document(
    loaded: &Loaded,
    exploration: &Exploration,
    demands: &[Demand],
    capsule: &dyn Fn(&Finding) -> String,
) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(loaded.name.clone());
    let off = loaded.scenario.checks.names_off(loaded.protocol);
    let own = loaded.protocol.checks.iter().map(|check| check.name.to_owned());
    let mut checks: Vec<String> = own.filter(|check| !off.iter().any(|off| off == check)).collect();
    // The engine's own checks have a case only if they found something.
    for finding in &exploration.findings {
        if !checks.contains(&finding.check) {
            checks.push(finding.check.clone());
        }
    }
    for check in &checks {
        let found: Vec<&Finding> =
            exploration.findings.iter().filter(|finding| finding.check == *check).collect();
        suite.add_test_case(case(loaded, check, &found, capsule));
    }
    for demand in demands.iter().filter(|demand| !demand.what.starts_with("check ")) {
        suite.add_test_case(demanded(loaded, demand));
    }
    let mut report = Report::new("seedstorm explore");
    report.add_test_suite(suite);
    report.to_string()
}

fn case(loaded: &Loaded, check: &str, found: &[&Finding], capsule: &dyn Fn(&Finding) -> String) -> TestCase {
    let status = match found {
        [] => TestCaseStatus::success(),
        [first, ..] => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(verdict_name(first.verdict));
            status.set_message(format!("seed {}: {}", first.seed, first.message));
            let line = |finding: &&Finding| {
                let replay = replay_command(&capsule(finding));
                format!("{} runs, first seed {}: {}\n{replay}", finding.runs, finding.seed, finding.message)
            };
            status.set_description(found.iter().map(line).collect::<Vec<_>>().join("\n\n"));
            status
        }
    };
    let mut case = TestCase::new(check, status);
    case.set_classname(loaded.name.clone());
    case
}

/// A demand that was not met is an error of the campaign, and no failure of what it explored.
fn demanded(loaded: &Loaded, demand: &Demand) -> TestCase {
    let mut status = TestCaseStatus::success();
    if !demand.met {
        status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(format!(
            "in {:.1} % of runs, of which {:.1} % are needed",
            demand.found * 100.0,
            demand.needed * 100.0
        ));
    }
    let mut case = TestCase::new(demand.what.clone(), status);
    case.set_classname(format!("{} activity", loaded.name));
    case
}
