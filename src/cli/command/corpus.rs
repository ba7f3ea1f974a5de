//! `corpus`: capsules as regression tests.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use scenarios::corpus::{KEPT_PER_FINGERPRINT, Kept, Tally, replay_all};
use scenarios::replay::{Replay, ReplayError, Replayed};
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::cli::build::build_name;
use crate::cli::corpus::{Damaged, Folder};
use crate::cli::document::replayed_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;
use crate::cli::{corpus, files};

#[derive(Debug, Args)]
pub(crate) struct CorpusArguments {
    #[command(subcommand)]
    pub(crate) action: CorpusAction,
}

/// What to do with a corpus.
#[derive(Debug, Subcommand)]
pub(crate) enum CorpusAction {
    /// Take capsules in.
    Add {
        /// The folder of the corpus; made if it is not there.
        folder: PathBuf,
        /// Capsule files of runs that failed.
        #[arg(required = true)]
        capsules: Vec<PathBuf>,
        /// How many of one fingerprint are kept, the smallest first.
        #[arg(long, value_name = "N", default_value_t = KEPT_PER_FINGERPRINT)]
        keep: usize,
    },
    /// Run every capsule again, the smallest first: 0 if nothing fails any more, 1 if something does, 2 if a capsule is
    /// damaged or cannot be run by this program (the others are run all the same).
    Run {
        /// The folder of the corpus.
        folder: PathBuf,
        /// Accept capsules that were changed by hand.
        #[arg(long)]
        edited: bool,
    },
    /// Put capsules out that are too many.
    Prune {
        /// The folder of the corpus.
        folder: PathBuf,
        /// How many of one fingerprint are kept, the smallest first.
        #[arg(long, value_name = "N", default_value_t = KEPT_PER_FINGERPRINT)]
        keep: usize,
        /// Also put out what fails no more.
        #[arg(long)]
        gone: bool,
    },
}

/// Adds to, runs or prunes a corpus.
pub(crate) fn corpus(
    registry: &Registry,
    arguments: &CorpusArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    match &arguments.action {
        CorpusAction::Add { folder, capsules, keep } => add(folder, capsules, *keep, terminal),
        CorpusAction::Run { folder, edited } => run(registry, folder, *edited, terminal),
        CorpusAction::Prune { folder, keep, gone } => prune(registry, folder, *keep, *gone, terminal),
    }
}

fn add(folder: &Path, paths: &[PathBuf], keep: usize, terminal: &Terminal) -> Result<Exit, CliError> {
    let mut capsules = Vec::new();
    for path in paths {
        let (capsule, _) = files::capsule(path, false)?;
        if capsule.fingerprint.is_none() {
            return Err(CliError::NoFinding { path: path.clone() });
        }
        capsules.push(capsule);
    }
    let (added, gone) = corpus::add(folder, &capsules, keep)?;
    let document = || json!({ "schema": "seedstorm.corpus-add/1", "added": added, "put_out": gone });
    terminal.result(document, &changes(&added, &gone))?;
    Ok(Exit::AsExpected)
}

fn changes(added: &[String], gone: &[String]) -> String {
    let mut text = String::new();
    for name in added {
        let _ = writeln!(text, "added    {name}");
    }
    for name in gone {
        let _ = writeln!(text, "put out  {name}");
    }
    if text.is_empty() { "nothing to do\n".to_owned() } else { text }
}

fn run(registry: &Registry, folder: &Path, edited: bool, terminal: &Terminal) -> Result<Exit, CliError> {
    let watch = Stopwatch::start();
    let there = corpus::read(folder, edited)?;
    let ran = Ran::new(registry, there);
    let document = || {
        let mut document = json!({ "schema": "seedstorm.corpus-run/1" });
        document["capsules"] = ran.capsules();
        document["damaged"] = ran.damaged();
        document["wall"] = json!({ "elapsed_ms": watch.milliseconds() });
        document
    };
    terminal.result(document, &words(&ran, watch))?;
    Ok(ran.exit())
}

/// A corpus that was run.
pub(crate) struct Ran {
    there: Folder,
    results: Vec<Result<Replay, ReplayError>>,
}

impl Ran {
    /// Runs every capsule of a folder.
    pub(crate) fn new(registry: &Registry, there: Folder) -> Self {
        let results = replay_all(registry, &there.kept, &build_name());
        Self { there, results }
    }

    /// How it ends. A corpus that is not whole proves nothing, whatever the rest of it came to.
    pub(crate) fn exit(&self) -> Exit {
        match Tally::of(&self.results) {
            Tally { nondeterministic: 1.., .. } => Exit::Internal,
            Tally { refused: 1.., .. } => Exit::Usage,
            _ if !self.there.damaged.is_empty() => Exit::Usage,
            Tally { reproduced: 1.., .. } | Tally { changed: 1.., .. } => Exit::Finding,
            Tally { gone: 1.., .. } => Exit::AsExpected,
            _ => Exit::NothingRan,
        }
    }

    /// What every capsule came to.
    pub(crate) fn capsules(&self) -> Value {
        let one = |(kept, result): (&Kept, &Result<Replay, ReplayError>)| {
            json!({
                "capsule": kept.name,
                "check": kept.capsule.check,
                "fingerprint": kept.capsule.fingerprint,
                "engine": kept.capsule.engine,
                "replayed": result.as_ref().map_or("refused", |replay| replayed_name(replay.replayed)),
                "error": result.as_ref().err().map(ToString::to_string),
            })
        };
        self.there.kept.iter().zip(&self.results).map(one).collect()
    }

    /// What could not be read.
    pub(crate) fn damaged(&self) -> Value {
        let one = |damaged: &Damaged| json!({ "capsule": damaged.name, "error": damaged.why });
        self.there.damaged.iter().map(one).collect()
    }
}

/// One line per capsule.
pub(crate) fn words(ran: &Ran, watch: Stopwatch) -> String {
    let Ran { there: Folder { kept, damaged }, results } = ran;
    let mut text = String::new();
    for damaged in damaged {
        let _ = writeln!(text, "{}", damaged.words());
    }
    for (kept, result) in kept.iter().zip(results) {
        let (what, more) = match result {
            Ok(replay) => (replayed_name(replay.replayed).to_uppercase(), now(kept, replay)),
            Err(error) => ("REFUSED".to_owned(), format!(": failed to {error}")),
        };
        let _ = writeln!(text, "{what:<12}{}{more}", kept.name);
    }
    let Tally { reproduced, changed, gone, nondeterministic, refused } = Tally::of(results);
    let counted = [
        (reproduced, "reproduced"),
        (changed, "changed"),
        (gone, "gone"),
        (nondeterministic, "nondeterministic"),
        (refused, "refused"),
        (damaged.len() as u64, "damaged"),
    ];
    let counted = counted.iter().filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted.map(|(count, what)| format!("{count} {what}")).collect();
    let _ = match results.len() + damaged.len() {
        0 => writeln!(text, "there are no capsules here; corpus add takes them in"),
        1 => writeln!(text, "1 capsule in {}: {}", watch.words(), counted.join(", ")),
        total => writeln!(text, "{total} capsules in {}: {}", watch.words(), counted.join(", ")),
    };
    text
}

/// What a capsule comes to that failed in another way when it was kept.
fn now(kept: &Kept, replay: &Replay) -> String {
    let then = kept.capsule.message.as_deref().unwrap_or_default();
    match (replay.replayed, replay.outcome.violations.first()) {
        (Replayed::Changed, Some(violation)) => format!("  now {}: {}", violation.check, violation.message),
        _ => format!("  {then}"),
    }
}

fn prune(
    registry: &Registry,
    folder: &Path,
    keep: usize,
    gone_too: bool,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let Folder { mut kept, damaged } = corpus::read(folder, true)?;
    for damaged in &damaged {
        terminal.remark(&format!("{} (left where it is)", damaged.words()));
    }
    let mut out = Vec::new();
    if gone_too {
        let results = replay_all(registry, &kept, &build_name());
        let is_gone = |result: &Result<Replay, ReplayError>| {
            matches!(result, Ok(Replay { replayed: Replayed::Gone, .. }))
        };
        let gone = kept.iter().zip(&results).filter(|(_, result)| is_gone(result));
        out.extend(gone.map(|(kept, _)| kept.name.clone()));
        kept.retain(|kept| !out.contains(&kept.name));
    }
    out.extend(scenarios::corpus::surplus(&kept, keep));
    corpus::remove(folder, &out)?;
    let document = || json!({ "schema": "seedstorm.corpus-prune/1", "put_out": out });
    terminal.result(document, &changes(&[], &out))?;
    Ok(if damaged.is_empty() { Exit::AsExpected } else { Exit::Usage })
}
