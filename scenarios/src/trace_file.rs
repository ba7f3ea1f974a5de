//! A trace for people and for other programs: a line for each event, or a file that a viewer of traces opens.

mod chrome;
mod shiviz;

use serde_json::json;
use sim_core::identity::Slot;
use sim_core::registry::{Launch, LaunchError};
use sim_core::time::Time;
use sim_core::trace::{Trace, TraceFilter, TraceRequest};

use crate::plan::Plan;
use crate::run::run;

use chrome::Chrome;
use shiviz::ShiViz;

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// `0.655 s  n1 -> n3  RequestVote term 4`.
    Text,
    /// One JSON object per line.
    JsonLines,
    /// The Trace Event Format, for Perfetto and Chrome.
    Chrome,
    /// Events with vector clocks, for ShiViz.
    ShiViz,
}

/// How many events are held at once. A longer trace is written in parts, and the run is run again for each of them.
pub const PART: u64 = 1_000_000;

/// Asks for the first events of some slots (of all, if none is named), up to a moment.
pub fn request(slots: &[Slot], until: Option<Time>) -> TraceRequest {
    let filter =
        TraceFilter { slots: slots.to_vec(), until: until.unwrap_or(Time::MAX), ..TraceFilter::default() };
    TraceRequest { filter, limit: PART, ..TraceRequest::default() }
}

/// Writes a trace part by part: a head, then each part, then a tail.
#[derive(Debug)]
pub struct TraceText(Form);

#[derive(Debug)]
enum Form {
    Text,
    JsonLines,
    Chrome(Chrome),
    ShiViz(ShiViz),
}

impl TraceText {
    /// Nothing written yet.
    pub fn new(format: TraceFormat) -> Self {
        Self(match format {
            TraceFormat::Text => Form::Text,
            TraceFormat::JsonLines => Form::JsonLines,
            TraceFormat::Chrome => Form::Chrome(Chrome::default()),
            TraceFormat::ShiViz => Form::ShiViz(ShiViz::default()),
        })
    }

    /// What it begins with: what it is of, where the format has a place for that. By this a JSON file is known as one of
    /// this program, which may be replaced.
    pub fn head(&self, scenario: &str, seed: u64) -> String {
        match &self.0 {
            Form::Text => {
                format!("# Made by seedstorm from {scenario:?}, seed {seed}: one event per line\n")
            }
            Form::JsonLines => {
                format!("{}\n", json!({ "schema": "seedstorm.trace/1", "scenario": scenario, "seed": seed }))
            }
            Form::Chrome(_) => Chrome::head(scenario, seed),
            Form::ShiViz(_) => ShiViz::HEAD.to_owned(),
        }
    }

    /// The events of the next part.
    pub fn part(&mut self, trace: &Trace) -> String {
        let lines = |line: &dyn Fn(&sim_core::trace::Recorded) -> String| {
            trace.events.iter().fold(String::new(), |text, event| text + &line(event) + "\n")
        };
        match &mut self.0 {
            Form::Text => lines(&|event| trace.line(event)),
            Form::JsonLines => lines(&|event| trace.json(event).to_string()),
            Form::Chrome(chrome) => chrome.part(trace),
            Form::ShiViz(shiviz) => shiviz.part(trace),
        }
    }

    /// What it ends with.
    pub fn tail(&mut self) -> String {
        match &mut self.0 {
            Form::Chrome(chrome) => chrome.tail(),
            Form::Text | Form::JsonLines | Form::ShiViz(_) => String::new(),
        }
    }
}

/// Gives every event that a request wants, part by part: the first part is there already, for each further one the run is
/// run again.
///
/// # Errors
/// What `take` returns, and if the run cannot be run.
pub fn parts<E: From<LaunchError>>(
    plan: &Plan,
    request: &TraceRequest,
    first: &Trace,
    mut take: impl FnMut(&Trace) -> Result<(), E>,
) -> Result<(), E> {
    take(first)?;
    let (mut omitted, mut request) = (first.omitted, request.clone());
    while omitted > 0 {
        request.skip += request.limit;
        let launch = Launch { trace: Some(request.clone()), ..Launch::default() };
        let Some(part) = run(plan, &launch)?.trace else { return Ok(()) };
        take(&part)?;
        omitted = part.omitted;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trace in parts of any size is the trace, and nothing of it is left out.
    #[test]
    fn a_long_trace_is_written_whole() {
        let source = crate::builtin::find("raft-calm").unwrap();
        let overlays =
            ["cluster.duration=1s", "checks.at_least={}", "checks.progress=\"none\""].map(str::to_owned);
        let format = crate::document::Format::Toml;
        let loaded = crate::scenario::load(&crate::testing::real(), source, format, &overlays).unwrap();
        let plan = crate::plan::compile(&loaded, 1, &[]);
        let written = |format: TraceFormat, limit: u64| {
            let request = TraceRequest { limit, ..request(&[], None) };
            let launch = Launch { trace: Some(request.clone()), ..Launch::default() };
            let first = run(&plan, &launch).unwrap().trace.unwrap();
            let (mut text, mut count) = (String::new(), 0);
            let mut writing = TraceText::new(format);
            parts(&plan, &request, &first, |part| {
                text += &writing.part(part);
                count += 1;
                Ok::<_, LaunchError>(())
            })
            .unwrap();
            (text + &writing.tail(), count)
        };
        for format in [TraceFormat::JsonLines, TraceFormat::Chrome, TraceFormat::ShiViz] {
            assert_eq!(written(format, 700).0, written(format, PART).0, "{format:?}");
        }
        let (whole, one) = written(TraceFormat::Text, PART);
        assert!(one == 1 && whole.lines().count() > 2_000, "{}", whole.lines().count());
        let (in_parts, many) = written(TraceFormat::Text, 700);
        assert!(many > 3, "{many}");
        assert_eq!(in_parts, whole);
        // A client has one name, where it acts and where its messages arrive.
        assert!(whole.contains("c1 is asked") && whole.contains("c1 -> n") && whole.contains("-> c1"));
        assert!(!whole.contains("n6") && !whole.contains("n7"), "clients are called c1, c2, ...");
    }
}
