//! Results as JUnit XML: suites of test cases, for programs that show the results of a job.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

/// Cases that belong together.
#[derive(Clone, Debug)]
pub struct Suite {
    /// What they are about, as the name of a scenario.
    pub name: String,
    /// The cases, in the order in which they are shown.
    pub cases: Vec<Case>,
}

/// What one thing that was tested came to.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, as that of a check or a capsule.
    pub name: String,
    /// What it belongs to.
    pub class: String,
    /// What it came to.
    pub outcome: CaseOutcome,
}

/// What a case came to.
#[derive(Clone, Debug)]
pub enum CaseOutcome {
    /// It held.
    Held,
    /// Something is wrong with what was tested.
    Failed {
        /// What kind of failure.
        kind: &'static str,
        /// What happened, in a sentence.
        message: String,
        /// More about it, as the command that replays it.
        text: String,
    },
    /// Something is wrong with the test.
    Erred {
        /// What.
        message: String,
    },
}

/// How many cases there are, how many failed, how many erred.
struct Counts([(&'static str, String); 3]);

impl Counts {
    fn of<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> Self {
        let failed = cases.clone().filter(|case| matches!(case.outcome, CaseOutcome::Failed { .. })).count();
        let erred = cases.clone().filter(|case| matches!(case.outcome, CaseOutcome::Erred { .. })).count();
        let counts = [("tests", cases.count()), ("failures", failed), ("errors", erred)];
        Self(counts.map(|(name, count)| (name, count.to_string())))
    }

    fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, count)| (*name, count.as_str()))
    }
}

/// The document of a command's suites.
///
/// # Errors
/// Never for text in memory; the XML writer's type has the case.
pub fn document(command: &str, suites: &[Suite]) -> io::Result<String> {
    let all = Counts::of(suites.iter().flat_map(|suite| &suite.cases));
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 4);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = writer.create_element("testsuites").with_attribute(("name", command));
    root.with_attributes(all.attributes())
        .write_inner_content(|writer| suites.iter().try_for_each(|suite| write_suite(writer, suite)))?;
    Ok(String::from_utf8_lossy(&writer.into_inner()).into_owned())
}

fn write_suite(writer: &mut Writer<Vec<u8>>, suite: &Suite) -> io::Result<()> {
    let counts = Counts::of(suite.cases.iter());
    let element = writer.create_element("testsuite").with_attribute(("name", legal(&suite.name).as_str()));
    element
        .with_attributes(counts.attributes())
        .write_inner_content(|writer| suite.cases.iter().try_for_each(|case| write_case(writer, case)))?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let (name, class) = (legal(&case.name), legal(&case.class));
    let element = writer.create_element("testcase");
    let element = element.with_attributes([("name", name.as_str()), ("classname", class.as_str())]);
    match &case.outcome {
        CaseOutcome::Held => element.write_empty()?,
        CaseOutcome::Failed { kind, message, text } => element.write_inner_content(|writer| {
            let failure =
                writer.create_element("failure").with_attribute(("message", legal(message).as_str()));
            failure.with_attribute(("type", *kind)).write_text_content(BytesText::new(&legal(text)))?;
            Ok(())
        })?,
        CaseOutcome::Erred { message } => element.write_inner_content(|writer| {
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
