//! `merge`.

use std::path::{Path, PathBuf};

use clap::Args;
use reports::folder::PAGE;
use reports::sweep::FILE_NAME;
use scenarios::artefact::{self, path_text};
use scenarios::begin::FolderError;
use scenarios::campaign::{Campaign, Exploring, Sweeping};
use scenarios::explore::{self, Exploration};
use scenarios::merge::{Gathered, drop_kept, gather, keep};
use scenarios::parallel::Threads;
use scenarios::shard::Shard;
use scenarios::sweep::{MergeShardsError, SweepError, holds_whole, merge_shards};
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::build::build_name;
use crate::cli::command::explore::Found;
use crate::cli::command::sweep::Swept;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::machines::MachineArguments;
use crate::cli::table::thousands;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;

/// Which shards.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm merge shards/0 shards/1 shards/2 --out results
  seedstorm merge shards --out results
  seedstorm merge results late-shard --out results

The merged folder holds what one machine would have written. While shards are missing, those that are there are kept in
DIR/merged-shards. Exit codes: those of `explore` and `sweep` for a campaign that is whole; 2 if a folder was refused, 3 if
shards are missing, 70 if two folders hold one shard with different runs.")]
pub(crate) struct MergeArguments {
    /// Folders of shards, folders that hold such folders, and folders that `merge` left.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// Where the merged campaign is written [default: DIR, if it is only one].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) machines: MachineArguments,
}

/// Puts shards together.
pub(crate) fn merge(
    registry: &Registry,
    arguments: &MergeArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let out = match (&arguments.out, &arguments.folders[..]) {
        (Some(out), _) | (None, [out]) => out.clone(),
        (None, _) => return Err(CliError::NoOut),
    };
    arguments.machines.fit()?;
    let mut merging = Merging {
        gathered: gather(&arguments.folders, &build_name())?,
        build: build_name(),
        machines: &arguments.machines,
        out,
        watch: Stopwatch::start(),
        terminal,
    };
    match merging.gathered.campaign.clone() {
        Campaign::Explore(campaign) => merging.explorations(registry, &campaign),
        Campaign::Sweep(campaign) => merging.sweeps(registry, &campaign),
    }
}

/// A merge under way.
struct Merging<'a> {
    gathered: Gathered,
    build: String,
    machines: &'a MachineArguments,
    out: PathBuf,
    watch: Stopwatch,
    terminal: &'a Terminal,
}

impl Merging<'_> {
    fn explorations(&mut self, registry: &Registry, campaign: &Exploring) -> Result<Exit, CliError> {
        let loaded = campaign.load(registry)?;
        let options = campaign.options(Shard::WHOLE, &self.build);
        let read = |shard: Shard, folder: &Path| {
            explore::read(folder, &loaded, &campaign.options(shard, &self.build))
        };
        let whole = find_whole(&mut self.gathered, &self.out, |folder| read(Shard::WHOLE, folder));
        let exploration = match whole {
            Some(exploration) => exploration,
            None => {
                let mut together = Exploration::default();
                for (shard, folder) in self.gathered.parts.clone() {
                    match read(shard, &folder) {
                        Ok(part) => together.absorb(part),
                        Err(why) => self.gathered.refuse(&folder, why),
                    }
                }
                if !self.gathered.missing().is_empty() {
                    return self.keep(Some(&together));
                }
                together
            }
        };
        let _lock = explore::keep(&self.out, &loaded, &options, &exploration)?;
        self.tell_refused();
        let merged = Some(self.document());
        let found =
            Found { loaded: &loaded, options: &options, exploration, folder: &self.out, watch: self.watch };
        let (exit, mut unkept) =
            found.tell(registry, campaign.min_conclusive, self.machines, None, merged, self.terminal)?;
        // Shards stay where what they came to could not be kept.
        if unkept.is_empty() {
            unkept.kept(drop_kept(&self.gathered, &self.out));
        }
        let exit = self.worse(exit);
        Ok(unkept.end(exit, self.terminal))
    }

    fn sweeps(&mut self, registry: &Registry, campaign: &Sweeping) -> Result<Exit, CliError> {
        if self.machines.asked() {
            return Err(CliError::SweepForMachines);
        }
        let sweep = campaign.load(registry)?;
        let one = |folder: &Path| {
            holds_whole(&sweep, &self.build, folder).map(|()| vec![(Shard::WHOLE, folder.to_owned())])
        };
        let whole = find_whole(&mut self.gathered, &self.out, one);
        let threads = Threads::start(None).map_err(SweepError::from)?;
        loop {
            let parts =
                || self.gathered.parts.iter().map(|(shard, folder)| (*shard, folder.clone())).collect();
            let shards: Vec<(Shard, PathBuf)> = match &whole {
                Some(whole) => whole.clone(),
                None if self.gathered.missing().is_empty() => parts(),
                None => return self.keep(None),
            };
            artefact::fit(&self.out, &[scenarios::sweep::RUNS, FILE_NAME, PAGE])?;
            let _held = artefact::lock(&self.out).map_err(FolderError::from).map_err(SweepError::from)?;
            match merge_shards(&sweep, &self.build, &shards, &self.out, &threads) {
                Ok((run, tabulated)) => {
                    self.tell_refused();
                    let (folder, watch) = (&*self.out, self.watch);
                    let swept = Swept { sweep: &sweep, run, tabulated, threads, folder, watch };
                    let exit = swept.tell(Some(self.document()), Unkept::default(), self.terminal)?;
                    drop_kept(&self.gathered, &self.out)?;
                    return Ok(self.worse(exit));
                }
                Err(MergeShardsError::Shard { folder, why }) if whole.is_none() => {
                    self.gathered.refuse(&folder, why);
                }
                Err(MergeShardsError::Sweep(error)) => return Err(error.into()),
                Err(MergeShardsError::Shard { folder, why }) => {
                    let error = std::io::Error::new(std::io::ErrorKind::InvalidData, why);
                    return Err(artefact::WriteError { path: folder, error }.into());
                }
            }
        }
    }

    /// Keeps shards until the others are there, and names those.
    fn keep(&mut self, so_far: Option<&Exploration>) -> Result<Exit, CliError> {
        self.tell_refused();
        let held = artefact::lock(&self.out).map_err(FolderError::from).map_err(SweepError::from)?;
        keep(&self.gathered, held.folder())?;
        let Gathered { campaign, parts, of, .. } = &self.gathered;
        let missing: Vec<String> = self.gathered.missing().iter().map(ToString::to_string).collect();
        let mut words = format!("{} of {of} shards of {}\n", parts.len(), campaign.words());
        if let Some(exploration) = so_far {
            let (runs, findings) = (thousands(exploration.runs), exploration.findings.len());
            words += &format!("so far    {runs} runs, {findings} findings\n");
        }
        words += &format!("missing   {}\nkept in   {}\n", missing.join(" "), path_text(&self.out));
        let document = || {
            let mut document = self.document();
            document["schema"] = "seedstorm.merge/1".into();
            document["wall"] = json!({ "elapsed_ms": self.watch.milliseconds() });
            document
        };
        self.terminal.result(document, &words)?;
        Ok(Exit::Inconclusive)
    }

    /// What was merged, and what was not.
    fn document(&self) -> Value {
        let Gathered { campaign, of, parts, refused, .. } = &self.gathered;
        let refused = refused.iter().map(|refused| json!({ "path": refused.path, "why": refused.why }));
        json!({
            "campaign": campaign.words(),
            "of": of,
            "shards": parts.keys().collect::<Vec<&Shard>>(),
            "missing": self.gathered.missing(),
            "refused": refused.collect::<Vec<Value>>(),
        })
    }

    fn tell_refused(&mut self) {
        self.gathered.refused.sort_unstable();
        for refused in &self.gathered.refused {
            let text = format!("refused   {}: {}", path_text(&refused.path), refused.why);
            self.terminal.complain(&text);
        }
    }

    /// A campaign that is whole ends as it does; but that a folder was refused must be seen.
    fn worse(&self, exit: Exit) -> Exit {
        if exit == Exit::AsExpected && !self.gathered.refused.is_empty() { Exit::Usage } else { exit }
    }
}

/// The campaign in one piece, if a folder holds it. Another campaign is refused, unless it stands where this one will be: it
/// is replaced then.
fn find_whole<T>(
    gathered: &mut Gathered,
    out: &Path,
    read: impl Fn(&Path) -> Result<T, String>,
) -> Option<T> {
    let mut found = None;
    for folder in std::mem::take(&mut gathered.wholes) {
        match read(&folder) {
            Ok(whole) => found = Some(whole),
            Err(_) if folder == out => {}
            Err(why) => gathered.refuse(&folder, why),
        }
    }
    found
}
