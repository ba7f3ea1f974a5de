//! `schema`: the JSON Schema of a scenario, for editors, and those of the documents that `--json` prints, for programs.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// Which schema.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm schema
  seedstorm schema run
  seedstorm schema explore
  seedstorm schema corpus-run")]
pub(crate) struct SchemaArguments {
    /// A scenario file, or the --json document of a command.
    #[arg(default_value = "scenario")]
    pub(crate) what: Described,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Described {
    /// A scenario file.
    Scenario,
    /// What `run --json` prints.
    Run,
    /// What `explore --json` prints.
    Explore,
    /// What `replay --json` prints.
    Replay,
    /// What `shrink --json` prints.
    Shrink,
    /// What `check --json` prints.
    Check,
    /// What `validate --json` prints.
    Validate,
    /// What `likelihood --json` prints.
    Likelihood,
    /// What `demo --json` prints.
    Demo,
    /// What `report --json` prints.
    Report,
    /// What `compare --json` prints.
    Compare,
    /// What `reproduce --json` prints.
    Reproduce,
    /// What `sweep --json` prints.
    Sweep,
    /// What `merge --json` prints while shards are missing.
    Merge,
    /// What `corpus add --json` prints.
    CorpusAdd,
    /// What `corpus run --json` prints.
    CorpusRun,
    /// What `corpus prune --json` prints.
    CorpusPrune,
    /// What `list --json` prints.
    List,
    /// What `explain --json` prints.
    Explain,
    /// What `completions --json` prints.
    Completions,
    /// What `--shard` prints with `--json`.
    ShardRun,
    /// What `--dry-run` prints with `--json`.
    DryRun,
    /// What `--engine slurm` prints with `--json`.
    Slurm,
    /// What is printed with `--json` if a step of a process never ends.
    Hang,
    /// The file `evidence.json` of a run's folder.
    Evidence,
}

macro_rules! published {
    ($name:literal) => {
        include_str!(concat!("../../../docs/schemas/", $name, ".schema.json"))
    };
}

impl Described {
    /// The published text; nothing for scenarios, whose schema knows the protocols of this program.
    const fn published(self) -> Option<&'static str> {
        Some(match self {
            Self::Scenario => return None,
            Self::Run => published!("run"),
            Self::Evidence => published!("evidence"),
            Self::Explore => published!("explore"),
            Self::Replay => published!("replay"),
            Self::Shrink => published!("shrink"),
            Self::Check => published!("check"),
            Self::Validate => published!("validate"),
            Self::Demo => published!("demo"),
            Self::Report => published!("report"),
            Self::Compare => published!("compare"),
            Self::Reproduce => published!("reproduce"),
            Self::Sweep => published!("sweep"),
            Self::Merge => published!("merge"),
            Self::CorpusAdd => published!("corpus-add"),
            Self::CorpusRun => published!("corpus-run"),
            Self::CorpusPrune => published!("corpus-prune"),
            Self::List => published!("list"),
            Self::Explain => published!("explain"),
            Self::Completions => published!("completions"),
            Self::ShardRun => published!("shard-run"),
            Self::DryRun => published!("dry-run"),
            Self::Likelihood => published!("likelihood"),
            Self::Slurm => published!("slurm"),
            Self::Hang => published!("hang"),
        })
    }
}

/// Prints the schema; it is a JSON document in any case.
pub(crate) fn schema(
    registry: &Registry,
    arguments: &SchemaArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let schema = match arguments.what.published() {
        None => scenarios::schema::scenario(registry),
        Some(text) => serde_json::from_str(text).unwrap_or_else(|error| broken(&error)),
    };
    terminal.result(|| schema.clone(), &format!("{schema:#}\n"))?;
    Ok(Exit::AsExpected)
}

/// A published text is JSON: a test reads each of them.
fn broken(error: &serde_json::Error) -> Value {
    json!({ "error": error.to_string() })
}
