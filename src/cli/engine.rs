//! Running a campaign as shards: with processes of this machine, or as jobs of Slurm. One description of the campaign serves
//! both; whatever ran the shards, what they left is merged in the same way.

mod local;
mod resources;
mod slurm;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use scenarios::artefact::WriteError;
use scenarios::campaign::{Campaign, Seal};
use scenarios::merge::SHARDS;
use scenarios::shard::{MOST_SHARDS, Shard};
use sim_core::registry::Registry;

use self::resources::ResourceArguments;
use super::command::merge::{MergeArguments, merge};
use super::error::CliError;
use super::exit::Exit;
use super::machines::MachineArguments;
use super::terminal::Terminal;
use crate::build::build_name;

/// What runs the shards of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Processes on this machine.
    Local,
    /// Jobs of Slurm: an array with a task for each shard, and a merge that depends on it.
    Slurm,
}

/// Whether and how a campaign is divided.
#[derive(Clone, Debug, Args)]
pub(crate) struct EngineArguments {
    /// Divide the campaign into shards, have them run, and merge them. A second call runs only the shards that are missing.
    #[arg(long, value_name = "ENGINE", requires = "shards")]
    pub(crate) engine: Option<Engine>,
    /// How many shards.
    #[arg(long, value_name = "N", requires = "engine", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_SHARDS)))]
    shards: Option<u32>,
    /// Print the scripts or commands, and run nothing.
    #[arg(long, requires = "engine")]
    dry_run: bool,
    /// With --engine slurm, follow the jobs to their end, and tell what the campaign came to.
    #[arg(long, requires = "engine")]
    wait: bool,
    #[command(flatten)]
    resources: ResourceArguments,
}

/// A campaign whose shards are run by an engine.
pub(crate) struct Sharded<'a> {
    pub(crate) campaign: Campaign,
    /// The command and what it was called with, without what an engine decides.
    pub(crate) command: Vec<String>,
    /// Where the campaign is kept.
    pub(crate) folder: PathBuf,
    /// Threads of each shard.
    pub(crate) jobs: u16,
    /// Whether to drop what was done before.
    pub(crate) over: bool,
    pub(crate) machines: &'a MachineArguments,
}

impl Sharded<'_> {
    /// Runs the shards that are missing and merges all of them.
    pub(crate) fn run(
        &self,
        engine: Engine,
        arguments: &EngineArguments,
        registry: &Registry,
        terminal: &Terminal,
    ) -> Result<Exit, CliError> {
        let of = arguments.shards.unwrap_or(1);
        let work = Work::new(self, of)?;
        let missing = work.missing();
        if arguments.dry_run {
            let text = match engine {
                Engine::Local => local::commands(&work, &missing),
                Engine::Slurm => slurm::scripts(&work, &missing, &arguments.resources)?,
            };
            terminal
                .result(|| serde_json::json!({ "schema": "seedstorm.dry-run/1", "text": text }), &text)?;
            return Ok(Exit::AsExpected);
        }
        scenarios::artefact::fit(&work.folder, &[])?;
        if !missing.is_empty() {
            let ended = match engine {
                Engine::Local => local::run(&work, &missing, terminal)?,
                Engine::Slurm => slurm::run(&work, &missing, &arguments.resources, arguments.wait, terminal)?,
            };
            if let Some(exit) = ended {
                return Ok(exit);
            }
        }
        let merging = MergeArguments {
            folders: vec![self.folder.join(SHARDS)],
            out: Some(self.folder.clone()),
            machines: self.machines.clone(),
        };
        merge(registry, &merging, terminal)
    }
}

/// What an engine needs to know.
struct Work<'a> {
    sharded: &'a Sharded<'a>,
    of: u32,
    /// This program.
    program: PathBuf,
    /// Where it was called.
    here: PathBuf,
    /// The campaign's folder, from the root.
    folder: PathBuf,
    build: String,
}

impl<'a> Work<'a> {
    fn new(sharded: &'a Sharded<'a>, of: u32) -> Result<Self, CliError> {
        let failed = |error: io::Error| CliError::from(WriteError { path: sharded.folder.clone(), error });
        let here = std::env::current_dir().map_err(failed)?;
        let folder = here.join(&sharded.folder);
        let program = std::env::current_exe().map_err(failed)?;
        Ok(Self { sharded, of, program, here, folder, build: build_name() })
    }

    /// The folder of a shard; of all tasks of an array if the index is a variable of a shell.
    fn shard_folder(&self, index: &str) -> String {
        self.folder.join(SHARDS).join(format!("{index}-of-{}", self.of)).display().to_string()
    }

    /// The shards that are not whole.
    fn missing(&self) -> Vec<Shard> {
        let whole = |shard: &Shard| {
            let seal = Seal::read(Path::new(&self.shard_folder(&shard.index().to_string())));
            seal.is_ok_and(|seal| {
                seal.campaign == self.sharded.campaign && seal.shard == *shard && seal.build == self.build
            })
        };
        Shard::all(self.of).filter(|shard| self.sharded.over || !whole(shard)).collect()
    }

    /// What the program is called with for a shard, but for the shard's number and folder.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = self.sharded.command.clone();
        let begin = if self.sharded.over { "--start-over" } else { "--go-on" };
        arguments.extend(["--quiet".to_owned(), begin.to_owned()]);
        arguments
    }

    /// The program, called for a shard.
    fn command(&self, shard: Shard) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.arguments()).current_dir(&self.here);
        command.args(["--jobs", &self.sharded.jobs.to_string(), "--shard", &shard.to_string(), "--out"]);
        command.arg(self.shard_folder(&shard.index().to_string()));
        command
    }
}
