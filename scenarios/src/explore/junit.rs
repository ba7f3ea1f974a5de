//! An exploration as JUnit XML: a test case for each check and for each demand on the campaign.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Demand, Exploration, Finding};
use crate::capsule::replay_command;
use crate::scenario::{Loaded, verdict_name};

/// What a check or a demand came to.
struct Case {
    name: String,
    class: String,
    outcome: Outcome,
}

enum Outcome {
    Held,
    /// A check found something.
    Failed {
        verdict: &'static str,
        message: String,
        text: String,
    },
    /// The campaign was not what it was asked to be.
    Erred {
        message: String,
    },
}

/// The document. `capsule` gives the path of a finding's capsule.
///
/// # Errors
/// Never for text in memory; the XML writer's type has the case.
pub fn document(
    loaded: &Loaded,
    exploration: &Exploration,
    demands: &[Demand],
    capsule: &dyn Fn(&Finding) -> String,
) -> io::Result<String> {
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
    written(&loaded.name, &cases)
}

fn checked(loaded: &Loaded, check: &str, findings: &[Finding], capsule: &dyn Fn(&Finding) -> String) -> Case {
    let found: Vec<&Finding> = findings.iter().filter(|finding| finding.check == check).collect();
    let line = |finding: &&Finding| {
        let replay = replay_command(&capsule(finding));
        format!("{} runs, first seed {}: {}\n{replay}", finding.runs, finding.seed, finding.message)
    };
    let outcome = found.first().map_or(Outcome::Held, |first| Outcome::Failed {
        verdict: verdict_name(first.verdict),
        message: format!("seed {}: {}", first.seed, first.message),
        text: found.iter().map(line).collect::<Vec<_>>().join("\n\n"),
    });
    Case { name: check.to_owned(), class: loaded.name.clone(), outcome }
}

/// A demand that was not met is an error of the campaign, and no failure of what it explored.
fn demanded(loaded: &Loaded, demand: &Demand) -> Case {
    let (found, needed) = (demand.found * 100.0, demand.needed * 100.0);
    let outcome = if demand.met {
        Outcome::Held
    } else {
        Outcome::Erred { message: format!("in {found:.1} % of runs, of which {needed:.1} % are needed") }
    };
    Case { name: demand.what.clone(), class: format!("{} activity", loaded.name), outcome }
}

fn written(suite: &str, cases: &[Case]) -> io::Result<String> {
    let of =
        |wanted: fn(&Outcome) -> bool| cases.iter().filter(|case| wanted(&case.outcome)).count().to_string();
    let tests = cases.len().to_string();
    let failures = of(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let errors = of(|outcome| matches!(outcome, Outcome::Erred { .. }));
    let counts = [("tests", tests.as_str()), ("failures", failures.as_str()), ("errors", errors.as_str())];
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 4);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = writer.create_element("testsuites").with_attribute(("name", "seedstorm explore"));
    suites.with_attributes(counts).write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attribute(("name", legal(suite).as_str()));
        suite
            .with_attributes(counts)
            .write_inner_content(|writer| cases.iter().try_for_each(|case| write_case(writer, case)))?;
        Ok(())
    })?;
    Ok(String::from_utf8_lossy(&writer.into_inner()).into_owned())
}

fn write_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let (name, class) = (legal(&case.name), legal(&case.class));
    let element = writer.create_element("testcase");
    let element = element.with_attributes([("name", name.as_str()), ("classname", class.as_str())]);
    match &case.outcome {
        Outcome::Held => element.write_empty()?,
        Outcome::Failed { verdict, message, text } => element.write_inner_content(|writer| {
            let failure =
                writer.create_element("failure").with_attribute(("message", legal(message).as_str()));
            failure.with_attribute(("type", *verdict)).write_text_content(BytesText::new(&legal(text)))?;
            Ok(())
        })?,
        Outcome::Erred { message } => element.write_inner_content(|writer| {
            writer
                .create_element("error")
                .with_attribute(("message", legal(message).as_str()))
                .write_empty()?;
            Ok(())
        })?,
    };
    Ok(())
}

/// Without what XML 1.0 has no way to write (section 2.2): control characters and the two non-characters.
fn legal(text: &str) -> String {
    let allowed = |letter: &char| {
        matches!(letter, '\t' | '\n' | '\r') || (*letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars().filter(allowed).collect()
}
