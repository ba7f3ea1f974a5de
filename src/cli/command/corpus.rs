//! `corpus`: capsules as regression tests.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use scenarios::corpus::{KEPT_PER_FINGERPRINT, Kept, Tally, Told, replay_all};
use scenarios::junit::Suite;
use scenarios::program;
use scenarios::replay::{Replay, ReplayError, Replayed};
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::build::build_name;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::cli::machines::MachineArguments;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use scenarios::corpus::folder::{self, Damaged, Folder};

#[derive(Debug, Args)]
pub(crate) struct CorpusArguments {
    #[command(subcommand)]
    pub(crate) action: CorpusAction,
}

/// What to do with a corpus.
#[derive(Debug, Subcommand)]
pub(crate) enum CorpusAction {
    /// Add capsules.
    Add {
        /// The folder of the corpus; created if it does not exist.
        folder: PathBuf,
        /// Capsule files of runs that failed.
        #[arg(required = true)]
        capsules: Vec<PathBuf>,
        /// How many capsules are kept for each fingerprint, smallest first.
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
        #[command(flatten)]
        machines: MachineArguments,
    },
    /// Delete surplus capsules.
    Prune {
        /// The folder of the corpus.
        folder: PathBuf,
        /// How many capsules are kept for each fingerprint, smallest first.
        #[arg(long, value_name = "N", default_value_t = KEPT_PER_FINGERPRINT)]
        keep: usize,
        /// Also delete capsules that no longer fail.
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
        CorpusAction::Run { folder, edited, machines } => run(registry, folder, *edited, machines, terminal),
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
    let (added, gone) = folder::add(folder, &capsules, keep)?;
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

fn run(
    registry: &Registry,
    folder: &Path,
    edited: bool,
    machines: &MachineArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    machines.fit()?;
    let watch = Stopwatch::start();
    folder::exists(folder)?;
    let there = folder::read(folder, edited)?;
    let ran = Ran::new(registry, folder, there);
    let document = || {
        let mut document = json!({ "schema": "seedstorm.corpus-run/1" });
        document["capsules"] = ran.capsules();
        document["damaged"] = ran.damaged();
        document["wall"] = json!({ "elapsed_ms": watch.milliseconds() });
        document
    };
    terminal.result(document, &words(&ran, watch))?;
    let command = format!("{} corpus run", program::name());
    let mut unkept = Unkept::default();
    unkept.kept(machines.tell(&command, &[ran.suite()], &ran.annotations(), &ran.summary(), terminal));
    Ok(unkept.end(ran.exit(), terminal))
}

/// A corpus that was run.
pub(crate) struct Ran {
    folder: PathBuf,
    there: Folder,
    results: Vec<Result<Replay, ReplayError>>,
    /// What each came to, the damaged ones first.
    told: Vec<Told>,
}

impl Ran {
    /// Runs every capsule of a folder.
    pub(crate) fn new(registry: &Registry, folder: &Path, there: Folder) -> Self {
        let results = replay_all(registry, &there.kept, &build_name());
        let ran = there.kept.iter().zip(&results).map(|(kept, result)| Told::of(kept, result));
        let told = there.damaged.iter().map(Damaged::told).chain(ran).collect();
        Self { folder: folder.to_owned(), there, results, told }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// A test case for each capsule.
    pub(crate) fn suite(&self) -> Suite {
        scenarios::corpus::suite(&self.told, &|name| self.path(name))
    }

    /// What GitHub is told of capsules that do not hold.
    pub(crate) fn annotations(&self) -> String {
        scenarios::corpus::annotations(&self.told, &|name| self.path(name))
    }

    /// What a GitHub job's summary says of the corpus.
    pub(crate) fn summary(&self) -> String {
        scenarios::corpus::summary(&self.told, &|name| self.path(name))
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
                "replayed": result.as_ref().map_or("refused", |replay| replay.replayed.name()),
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
    let Ran { there: Folder { damaged, .. }, results, told, .. } = ran;
    let mut text = String::new();
    for one in told {
        let _ = writeln!(text, "{}", one.words());
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

fn prune(
    registry: &Registry,
    folder: &Path,
    keep: usize,
    gone_too: bool,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    // Runs take long, and nobody has to wait for them.
    let gone = if gone_too { gone(registry, folder)? } else { Vec::new() };
    let (out, damaged) = folder::put_out(folder, &gone, keep)?;
    for damaged in &damaged {
        terminal.remark(&format!("{} (left where it is)", damaged.told().words()));
    }
    let document = || json!({ "schema": "seedstorm.corpus-prune/1", "put_out": out });
    terminal.result(document, &changes(&[], &out))?;
    Ok(if damaged.is_empty() { Exit::AsExpected } else { Exit::Usage })
}

/// The names of the capsules that fail no more.
fn gone(registry: &Registry, folder: &Path) -> Result<Vec<String>, CliError> {
    let kept = folder::read(folder, true)?.kept;
    let results = replay_all(registry, &kept, &build_name());
    let is_gone =
        |result: &Result<Replay, ReplayError>| matches!(result, Ok(Replay { replayed: Replayed::Gone, .. }));
    let gone = kept.iter().zip(&results).filter(|(_, result)| is_gone(result));
    Ok(gone.map(|(kept, _)| kept.name.clone()).collect())
}
