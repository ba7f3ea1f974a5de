//! `replay`.

use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::artefact;
use scenarios::capsule::Capsule;
use scenarios::explore::is_finding;
use scenarios::neighbors::{Neighborhood, neighbors};
use scenarios::replay::{Replay, ReplayOptions, Replayed, replay as replay_capsule};
use scenarios::story::tell_whole;
use scenarios::trace_file::request;
use serde_json::json;
use sim_core::check::Verdict;
use sim_core::identity::Slot;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, Registry};
use sim_core::story;
use sim_core::story::Story;
use sim_core::time::{Duration, Time};

use crate::build::build_name;
use crate::cli::capsule_page::{self, Telling};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::export::{Export, FileFormat, TraceFile, check_formats};
use crate::cli::story_progress::StoryProgress;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, run_text};

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// A capsule file.
    pub(crate) capsule: PathBuf,
    /// Accept a capsule that was changed by hand.
    #[arg(long)]
    pub(crate) edited: bool,
    /// Switch its planted bugs off: the same schedule on clean code.
    #[arg(long)]
    pub(crate) no_plant: bool,
    /// Also run N schedules close to the recorded one, and report how many fail.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) neighbors: Option<u64>,
    /// Leave out everything after this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Duration>,
    /// Write every event: text, JSON lines (*.jsonl, *.json, or under --json), a trace for Perfetto and Chrome
    /// (*.perfetto.json) or for ShiViz (*.shiviz). "-" is stdout; with --json no other document follows it.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// The format of the trace, if its name does not say it.
    #[arg(long, value_name = "FORMAT", requires = "trace")]
    pub(crate) format: Option<FileFormat>,
    /// Show only what happens at this node, such as n3 or c1; may be repeated.
    #[arg(long = "node", value_name = "NODE")]
    pub(crate) nodes: Vec<String>,
}

/// Runs a capsule again and says what became of its finding.
pub(crate) fn replay(
    registry: &Registry,
    arguments: &ReplayArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (mut capsule, mut intact) = files::capsule(&arguments.capsule, arguments.edited)?;
    if arguments.no_plant && !capsule.plants.is_empty() {
        // Other code: it runs from the plan, and need not come to the same digest.
        capsule.plants.clear();
        intact = false;
    }
    let slots = slots(&capsule, &arguments.nodes)?;
    check_formats(arguments.format.as_slice(), &[(Export::Trace, arguments.trace.is_some())])?;
    if let Some(path) = arguments.trace.as_deref().filter(|path| *path != Path::new("-")) {
        artefact::fit_file(path)?;
    }
    let build = build_name();
    let watch = Stopwatch::start();
    let until = arguments.until.map(|until| Time::ZERO + until);
    let trace = arguments.trace.as_ref().map(|_| request(&slots, until));
    let launch =
        Launch { picture: Detail::Full, keep_history: true, trace: trace.clone(), ..Launch::default() };
    let replay = replay_capsule(registry, &capsule, ReplayOptions { build: &build, intact }, &launch)?;
    let watch = watch.stop();
    let mut unkept = Unkept::default();
    let only_trace = match (&arguments.trace, &trace) {
        (Some(path), Some(request)) => {
            let format = trace_format(path, arguments.format, terminal);
            let file = TraceFile { path, format, scenario: &capsule.name, request };
            unkept.kept(file.write(&replay.plan, &replay.outcome, terminal));
            path == Path::new("-") && terminal.wants_json()
        }
        _ => false,
    };
    // What fails in another way now is what there is to tell.
    let print = capsule.fingerprint.as_deref().filter(|_| replay.replayed != Replayed::Changed);
    let progress = StoryProgress::of("the story", replay.outcome.events, terminal);
    let all_told = tell_whole(&replay.plan, print, &|stage| progress.begins(stage))?;
    drop(progress);
    let all_told = all_told.as_ref().map(Telling::new);
    let told = all_told.as_ref().map(|told| told.story.clone());
    let whole = told.as_ref().map_or(0, |told| told.steps.len());
    let page = if only_trace { None } else { write_page(arguments, &capsule, &replay, all_told, terminal) };
    let told = told.map(|told| cut(told, &slots, until));
    let around = around(arguments, &capsule, &replay)?;
    let mut words = run_text::of_replay(&capsule, &replay, watch);
    if let Some(around) = &around {
        words += &run_text::of_neighbors(around);
    }
    if let Some(told) = &told {
        words += &format!("\n{}", story::words(told, terminal.color_of_results()));
        let hidden = whole.saturating_sub(told.steps.len());
        if hidden > 0 {
            words += &format!("\n  {hidden} of {whole} steps come later or happen elsewhere\n");
        }
    }
    if let Some(page) = &page {
        words += &format!("\n{}", run_text::of_report(page));
    }
    if !only_trace {
        let document = || {
            let mut document = document::of_replay(&capsule, &replay, told.as_ref(), around.as_ref(), watch);
            document["report"] = json!(page);
            document
        };
        terminal.result(document, &words)?;
    }
    let failed_around = around.is_some_and(|around| around.failed > 0);
    Ok(unkept.end(exit(&replay, failed_around), terminal))
}

/// Writes the page of what is found, beside the capsule. Where it cannot be written, the replay is no worse for it.
fn write_page(
    arguments: &ReplayArguments,
    capsule: &Capsule,
    replay: &Replay,
    told: Option<Telling>,
    terminal: &Terminal,
) -> Option<PathBuf> {
    if replay.outcome.violations.is_empty() {
        return None;
    }
    let page = capsule_page::beside(&arguments.capsule);
    let record = capsule_page::record(capsule, &arguments.capsule, &replay.outcome, told);
    match capsule_page::write(record, &page) {
        Ok(()) => Some(page),
        Err(error) => {
            terminal.remark(&format!("note: no page was written: failed to {error}"));
            None
        }
    }
}

/// The slots of names as `n3` and `c1`.
fn slots(capsule: &Capsule, names: &[String]) -> Result<Vec<Slot>, CliError> {
    let (members, clients) = (capsule.setup.members, capsule.setup.clients);
    let slot = |name: &String| {
        let number =
            |letter| name.to_ascii_lowercase().strip_prefix(letter)?.parse::<u32>().ok()?.checked_sub(1);
        let member = number('n').filter(|index| *index < members);
        let client = number('c').filter(|index| *index < clients);
        let client = client.and_then(|index| members.checked_add(index));
        let unknown = || CliError::NoNode { name: name.clone(), members, clients };
        member.or(client).map(Slot).ok_or_else(unknown)
    };
    names.iter().map(slot).collect()
}

/// The format of a trace; under --json it is for programs, whatever its name.
fn trace_format(path: &Path, asked: Option<FileFormat>, terminal: &Terminal) -> FileFormat {
    match (Export::Trace.format(path, asked.as_slice()), asked) {
        (FileFormat::Text, None) if terminal.wants_json() => FileFormat::Jsonl,
        (format, _) => format,
    }
}

/// A story without what happened later, or elsewhere, and without what is said of those steps. Faults of the whole
/// world happen everywhere.
fn cut(mut told: Story, slots: &[Slot], until: Option<Time>) -> Story {
    let before = |at_ns: u64| until.is_none_or(|until| at_ns <= until.as_nanos());
    let here = |slot: u32| slots.contains(&Slot(slot));
    told.steps.retain(|step| {
        let sent = step.arrow.as_ref().is_some_and(|arrow| here(arrow.from));
        before(step.at_ns) && (slots.is_empty() || step.slot.is_none_or(here) || sent)
    });
    let is_told = |number: u32| told.steps.iter().any(|step| step.number == number);
    told.consequence = told.consequence.filter(|consequence| before(consequence.at_ns));
    let sought = told.critical_sought && told.critical.is_none() && until.is_none() && slots.is_empty();
    told.critical = told.critical.filter(|pair| is_told(pair.first) && is_told(pair.second));
    told.critical_sought = sought || told.critical.is_some();
    told.likelihood = told.likelihood.filter(|likelihood| before(likelihood.found_ns));
    told.counterfactuals.retain(|other| other.step.is_none_or(is_told));
    told
}

fn around(
    arguments: &ReplayArguments,
    capsule: &Capsule,
    replay: &Replay,
) -> Result<Option<Neighborhood>, CliError> {
    let Some(count) = arguments.neighbors else { return Ok(None) };
    let fingerprint = capsule.fingerprint.as_deref().unwrap_or_default();
    Ok(Some(neighbors(&replay.plan, fingerprint, count)?))
}

fn exit(replay: &Replay, failed_around: bool) -> Exit {
    let verdict = replay.outcome.verdict;
    match replay.replayed {
        Replayed::Nondeterministic { .. } => Exit::Internal,
        Replayed::Changed => Exit::Finding,
        Replayed::Reproduced if is_finding(verdict) || verdict == Verdict::Assumption => Exit::Finding,
        Replayed::Reproduced | Replayed::Gone if failed_around => Exit::Finding,
        Replayed::Reproduced | Replayed::Gone => Exit::AsExpected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::story::{Consequence, Counterfactual, CriticalPair, Step, StepKind};

    fn story() -> Story {
        let step = |number: u32| Step {
            number,
            at_ns: u64::from(number) * 1_000,
            slot: Some(number % 2),
            kind: StepKind::Observation,
            text: String::new(),
            note: String::new(),
            arrow: None,
        };
        let without = |number| Counterfactual {
            what: String::new(),
            step: Some(number),
            verdict: Verdict::Pass,
            reproduced: false,
        };
        let (check, message, given) = (String::new(), String::new(), String::new());
        Story {
            steps: (1..=4).map(step).collect(),
            critical: Some(CriticalPair { first: 2, second: 4, about: String::new() }),
            critical_sought: true,
            counterfactuals: vec![without(2), without(3)],
            consequence: Some(Consequence { at_ns: 5_000, check, message, given }),
            ..Story::default()
        }
    }

    #[test]
    fn nothing_is_said_of_steps_that_are_not_told() {
        let cut_at = |slots: &[Slot], until| cut(story(), slots, until);
        assert_eq!(cut_at(&[], None), story());
        let early = cut_at(&[], Some(Time::from_nanos(3_000)));
        assert_eq!((early.steps.len(), early.critical, early.critical_sought), (3, None, false));
        assert_eq!((early.counterfactuals.len(), early.consequence), (2, None));
        let here = cut_at(&[Slot(0)], None);
        assert_eq!((here.steps.len(), here.counterfactuals.len()), (2, 1));
        assert!(here.critical.is_some() && here.consequence.is_some());
    }
}
