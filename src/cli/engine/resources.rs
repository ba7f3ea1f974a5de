//! What a shard asks of Slurm.

use std::path::PathBuf;

use clap::Args;
use scenarios::artefact::path_text;
use scenarios::document::{self, Source};
use serde::Deserialize;

use crate::cli::error::CliError;
use crate::cli::files;

/// The largest file of resources that is read, in bytes: 64 KiB.
const LARGEST: u64 = 64 << 10;

/// Resources of each shard, on the command line; they win over those of the file.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Slurm")]
pub(crate) struct ResourceArguments {
    /// A TOML file with a table [slurm]: partition, account, time, memory, cpus, sbatch = ["..."], setup = ["..."].
    #[arg(long, value_name = "FILE", requires = "engine")]
    resources: Option<PathBuf>,
    /// The partition.
    #[arg(long, value_name = "NAME", requires = "engine")]
    partition: Option<String>,
    /// The account that is charged.
    #[arg(long, value_name = "NAME", requires = "engine")]
    account: Option<String>,
    /// The limit of time of each shard, as Slurm writes it: 2:00:00.
    #[arg(long, value_name = "TIME", requires = "engine")]
    job_time: Option<String>,
    /// The memory of each shard, as Slurm writes it: 2G.
    #[arg(long, value_name = "SIZE", requires = "engine")]
    memory: Option<String>,
    /// Any other option of sbatch, such as --sbatch=--qos=low; may be repeated.
    #[arg(long, value_name = "OPTION", requires = "engine", allow_hyphen_values = true)]
    sbatch: Vec<String>,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    slurm: Resources,
}

/// Resources of each shard.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Resources {
    partition: Option<String>,
    account: Option<String>,
    time: Option<String>,
    memory: Option<String>,
    /// Cores of each shard; `--jobs` if absent.
    pub(super) cpus: Option<u16>,
    sbatch: Vec<String>,
    /// Lines of the shell before the program is called.
    pub(super) setup: Vec<String>,
}

impl ResourceArguments {
    /// The resources of file and flags together.
    pub(super) fn read(&self) -> Result<Resources, CliError> {
        let mut resources = match &self.resources {
            None => Resources::default(),
            Some(path) => {
                let name = path_text(path);
                let text = files::read(path, LARGEST)?;
                document::read::<File>(Source { name, text })?.slurm
            }
        };
        for (flag, value) in [
            (&self.partition, &mut resources.partition),
            (&self.account, &mut resources.account),
            (&self.job_time, &mut resources.time),
            (&self.memory, &mut resources.memory),
        ] {
            if flag.is_some() {
                value.clone_from(flag);
            }
        }
        resources.sbatch.extend(self.sbatch.iter().cloned());
        Ok(resources)
    }
}

impl Resources {
    /// The `#SBATCH` lines.
    pub(super) fn lines(&self) -> String {
        let options = [
            ("partition", &self.partition),
            ("account", &self.account),
            ("time", &self.time),
            ("mem", &self.memory),
        ];
        let options =
            options.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?)));
        let own = self.sbatch.iter().map(|line| {
            let line = line.trim_start_matches("#SBATCH").trim();
            if line.starts_with('-') { line.to_owned() } else { format!("--{line}") }
        });
        options.chain(own).map(|option| format!("#SBATCH {}\n", option.replace(['\n', '\r'], " "))).collect()
    }
}
