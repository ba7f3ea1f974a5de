//! The arguments.

use std::ops::Range;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};
use scenarios::begin::Begin;
use scenarios::plan::SEEDS_END;
use scenarios::program::{self, own};
use scenarios::shard::Shard;
use sim_core::ratio::Ratio;

use super::command::check::CheckArguments;
use super::command::compare::CompareArguments;
use super::command::completions::CompletionsArguments;
use super::command::corpus::CorpusArguments;
use super::command::demo::DemoArguments;
use super::command::explain::ExplainArguments;
use super::command::explore::ExploreArguments;
use super::command::likelihood::LikelihoodArguments;
use super::command::list::ListArguments;
use super::command::merge::MergeArguments;
use super::command::replay::ReplayArguments;
use super::command::report::ReportArguments;
use super::command::reproduce::ReproduceArguments;
use super::command::schema::SchemaArguments;
use super::command::shrink::ShrinkArguments;
use super::command::sweep::SweepArguments;
use super::command::validate::ValidateArguments;
use super::export::FileFormat;
use super::watch::speed;

/// Deterministic simulation and chaos testing for coordination protocols.
#[derive(Debug, Parser)]
#[command(name = "seedstorm", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print one JSON document on stdout.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print results only.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The command line, with the examples of its help written for the program that runs.
pub(crate) fn command() -> clap::Command {
    written_for_this_program(Arguments::command().name(program::name()).bin_name(program::name()))
}

fn written_for_this_program(command: clap::Command) -> clap::Command {
    let examples = command.get_after_help().map(|text| own(&text.to_string()));
    let command = match examples {
        Some(examples) => command.after_help(examples),
        None => command,
    };
    command.mut_subcommands(written_for_this_program)
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find, shrink and explain a real bug in a few seconds.
    Demo(DemoArguments),
    /// Run a scenario once and report what happened.
    Run(RunArguments),
    /// Replay a capsule.
    Replay(ReplayArguments),
    /// Draw the report of a run, a capsule, an exploration or a sweep: an HTML page and its figures.
    Report(ReportArguments),
    /// Compare two runs: the first event that differs, and each figure with its difference.
    Compare(CompareArguments),
    /// Run a scenario under many seeds and collect the failures.
    Explore(ExploreArguments),
    /// Run published experiments and compare the results with the published figures.
    Reproduce(ReproduceArguments),
    /// Run the same seeds at every point of a parameter grid.
    Sweep(SweepArguments),
    /// Put the shards of an exploration or a sweep together.
    Merge(MergeArguments),
    /// Print the JSON Schema of scenario files, for editors, or of a document that --json prints.
    Schema(SchemaArguments),
    /// Shrink the run of a capsule as far as possible.
    Shrink(ShrinkArguments),
    /// Tell from which moment on the run of a capsule was doomed.
    Likelihood(LikelihoodArguments),
    /// Check whether a recorded history is linearizable, and explain why if it is not.
    Check(CheckArguments),
    /// Keep capsules of failing runs as regression tests.
    Corpus(CorpusArguments),
    /// Check scenario files without running them.
    Validate(ValidateArguments),
    /// List protocols, scenarios, checks, faults, plants and other names.
    List(ListArguments),
    /// Explain a check, fault, plant, scenario, target, verdict, knob or exit code
    Explain(ExplainArguments),
    /// Print the completion script of a shell.
    Completions(CompletionsArguments),
}

/// Which scenario, changed how.
#[derive(Clone, Debug, Args)]
pub(crate) struct ScenarioArguments {
    /// A scenario file, or the name of a built-in scenario (see `list scenarios`).
    pub(crate) scenario: String,
    /// Set a value of the scenario, such as `--set cluster.nodes=7`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overlays: Vec<String>,
    /// Switch on a planted bug, by name or number (see `list plants`).
    #[arg(long = "plant", value_name = "NAME")]
    pub(crate) plants: Vec<String>,
    /// Where files are written [default: seedstorm-out/SCENARIO].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What becomes of a campaign that is in the folder.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct BeginArguments {
    /// Continue the campaign in the folder of --out.
    #[arg(long)]
    resume: bool,
    /// Discard an unfinished campaign in the folder of --out (refused without this option).
    #[arg(long, conflicts_with = "resume")]
    start_over: bool,
    /// Continue the campaign in the folder of --out if it is this one; otherwise begin.
    #[arg(long, hide = true, conflicts_with_all = ["resume", "start_over"])]
    go_on: bool,
}

impl BeginArguments {
    pub(crate) const fn begin(self) -> Begin {
        match self {
            Self { resume: true, .. } => Begin::Resume,
            Self { start_over: true, .. } => Begin::Over,
            Self { go_on: true, .. } => Begin::GoOn,
            Self { .. } => Begin::Fresh,
        }
    }
}

/// Where a shard is written if nobody says: beside the others of its campaign.
pub(crate) fn shard_folder(whole: PathBuf, out: &Option<PathBuf>, shard: Option<Shard>) -> PathBuf {
    match (out, shard) {
        (None, Some(shard)) => whole.join("shards").join(shard.folder_name()),
        _ => whole,
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) scenario: ScenarioArguments,
    /// The seed.
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub(crate) seed: u64,
    /// Run twice and compare; on a mismatch, print the first event that differs.
    #[arg(long)]
    pub(crate) twice: bool,
    /// Play the run back in the terminal: roles, faults in force, operations, findings.
    #[arg(long)]
    pub(crate) watch: bool,
    /// How fast it is played back, such as 10x: virtual time against real time.
    #[arg(long, value_name = "FACTOR", default_value = "10x", value_parser = speed, requires = "watch")]
    pub(crate) speed: f64,
    /// Write the clients' history for `check`: JSON lines, or Jepsen's EDN (*.edn).
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Write how long operations took: an HdrHistogram log, or a table of percentiles (*.hgrm).
    #[arg(long, value_name = "FILE")]
    pub(crate) latencies: Option<PathBuf>,
    /// Write every event: text, JSON lines (*.jsonl), a trace for Perfetto and Chrome (*.perfetto.json) or for ShiViz
    /// (*.shiviz). "-" is stdout; with --json no other document follows it.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// The format of such a file, if its name does not say it; may be repeated, for several files.
    #[arg(long = "format", value_name = "FORMAT")]
    pub(crate) formats: Vec<FileFormat>,
}

pub(crate) fn seed(text: &str) -> Result<u64, String> {
    let seed: Option<u64> = text.parse().ok().filter(|seed| *seed < SEEDS_END);
    seed.ok_or_else(|| "expected a whole number below 2^53".to_owned())
}

/// A range of seeds, as `0..1000`. One without a seed is a mistake, here as in the file of a sweep.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)));
    match ends {
        Some((start, end)) if start < end && end <= SEEDS_END => Ok(start..end),
        _ => Err("expected A..B with A < B <= 2^53, as in 0..1000".to_owned()),
    }
}

/// A share above zero.
pub(crate) fn share(text: &str) -> Result<Ratio, String> {
    let share: Ratio = ratio(text).map_err(|error| error.to_string())?;
    if share.is_zero() { Err("expected more than nothing".to_owned()) } else { Ok(share) }
}

/// A fingerprint of a failure: 16 hexadecimal digits, as in the names of capsules.
pub(crate) fn fingerprint(text: &str) -> Result<String, String> {
    let fits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let print = text.to_ascii_lowercase();
    fits.then_some(print)
        .ok_or_else(|| "expected 16 hexadecimal digits, as in the name of a capsule".to_owned())
}

/// A share, as `95%` or `19/20`.
pub(crate) fn ratio(text: &str) -> Result<Ratio, sim_core::ratio::ParseRatioError> {
    text.parse()
}
