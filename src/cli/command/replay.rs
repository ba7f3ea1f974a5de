//! `replay`.

use scenarios::explore::is_finding;
use scenarios::replay::{Replay, ReplayOptions, Replayed, replay as replay_capsule};
use scenarios::story::tell_whole;
use sim_core::check::Verdict;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, Registry};

use crate::cli::arguments::ReplayArguments;
use crate::cli::build::build_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, steps, story};

/// Runs a capsule again and says what became of its finding.
pub(crate) fn replay(
    registry: &Registry,
    arguments: &ReplayArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (capsule, intact) = files::capsule(&arguments.capsule, arguments.edited)?;
    let build = build_name();
    let watch = Stopwatch::start();
    let launch = Launch { picture: Detail::Full, ..Launch::default() };
    let replay = replay_capsule(registry, &capsule, ReplayOptions { build: &build, intact }, &launch)?;
    let told = tell_whole(&replay.plan, capsule.fingerprint.as_deref())?;
    let mut words = story::of_replay(&capsule, &replay, watch);
    if let Some(told) = &told {
        words += &format!("\n{}", steps::words(&told.story, terminal.color_of_results()));
    }
    let story = told.map(|told| told.story);
    terminal.result(|| document::of_replay(&capsule, &replay, story.as_ref(), watch), &words)?;
    Ok(exit(&replay))
}

fn exit(replay: &Replay) -> Exit {
    let verdict = replay.outcome.verdict;
    match replay.replayed {
        Replayed::Nondeterministic { .. } => Exit::Internal,
        Replayed::Changed => Exit::Finding,
        Replayed::Reproduced if is_finding(verdict) || verdict == Verdict::Assumption => Exit::Finding,
        Replayed::Reproduced | Replayed::Gone => Exit::AsExpected,
    }
}
