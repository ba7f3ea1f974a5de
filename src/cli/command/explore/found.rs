//! What an exploration came to, written and told: the same for one that was run here and for one that was merged.

use std::path::{Path, PathBuf};

use scenarios::artefact::path_text;
use scenarios::campaign::{Campaign, Exploring, seal};
use scenarios::explore::{Demand, Exploration, ExploreOptions, Finding, STATE, github, judge, junit};
use scenarios::junit::Suite;
use scenarios::program;
use scenarios::scenario::Loaded;
use scenarios::shard::Shard;
use serde_json::{Value, json};
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::cli::campaign::{self, Explored};
use crate::cli::command::corpus::Ran;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::machines::MachineArguments;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, interrupt, table};

/// An exploration at its end.
pub(crate) struct Found<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) options: &'a ExploreOptions,
    pub(crate) exploration: Exploration,
    /// Where it is kept.
    pub(crate) folder: &'a Path,
    pub(crate) watch: Stopwatch,
}

impl Found<'_> {
    /// Writes capsules and tells everybody who was asked for; how the exploration ends, and what could not be written.
    /// `merged` is what a merge adds to the document.
    pub(crate) fn tell(
        &self,
        registry: &Registry,
        min_conclusive: Ratio,
        machines: &MachineArguments,
        old: Option<&Ran>,
        merged: Option<Value>,
        terminal: &Terminal,
    ) -> Result<(Exit, Unkept), CliError> {
        let Self { loaded, options, exploration, folder, watch } = self;
        let (capsules, mut unkept) = self.write_capsules();
        let demands = judge(loaded, &exploration.activity, min_conclusive);
        let explored =
            Explored { loaded, options, exploration, demands: &demands, capsules: &capsules, folder };
        unkept.note(exploration.rows_unkept.as_deref());
        let page = campaign::write(registry, &explored, &mut unkept, terminal);
        let brief = terminal.is_quiet();
        let mut words =
            table::of_exploration(loaded, options, exploration, &demands, &capsules, *watch, brief);
        words +=
            &page.as_ref().map_or_else(String::new, |page| format!("report        {}\n", page.display()));
        let document = || {
            let mut whole =
                document::of_exploration(loaded, options, exploration, &demands, &capsules, *watch);
            whole["report"] = json!(page);
            if let Some(ran) = old {
                whole["corpus"] = json!({ "capsules": ran.capsules(), "damaged": ran.damaged() });
            }
            if let Some(merged) = merged {
                whole["merged"] = merged;
            }
            whole
        };
        terminal.result(document, &words)?;
        let older = files::older_capsules(folder, &capsules);
        if older > 0 {
            let (them, remain) = if older == 1 {
                ("a capsule".to_owned(), "remains")
            } else {
                (format!("{older} capsules"), "remain")
            };
            terminal
                .remark(&format!("note: {them} of earlier explorations {remain} in {}", folder.display()));
        }
        unkept.kept(self.tell_machines(&demands, machines, old, terminal));
        Ok((exploration.judge(&demands).into(), unkept))
    }

    /// Writes what was found; where, or where it would be. That it cannot be kept is no reason not to tell it.
    fn write_capsules(&self) -> (Vec<PathBuf>, Unkept) {
        let mut unkept = Unkept::default();
        unkept.note(self.exploration.unkept.as_deref());
        let mut write = |finding: &Finding| {
            let path = self.folder.join(finding.file_name());
            unkept.kept(files::write_capsule_at(&path, &finding.capsule));
            path
        };
        let capsules = self.exploration.findings.iter().map(&mut write).collect();
        (capsules, unkept)
    }

    /// Tells other programs, as far as they were asked for: of the corpus first, as it was run.
    fn tell_machines(
        &self,
        demands: &[Demand],
        machines: &MachineArguments,
        old: Option<&Ran>,
        terminal: &Terminal,
    ) -> Result<(), CliError> {
        let Self { loaded, exploration, .. } = self;
        let capsule = |finding: &Finding| self.folder.join(finding.file_name()).display().to_string();
        let mut suites: Vec<Suite> = old.map(Ran::suite).into_iter().collect();
        suites.push(junit::suite(loaded, exploration, demands, &capsule));
        let mut annotations = old.map(Ran::annotations).unwrap_or_default();
        annotations += &github::annotations(loaded, exploration, demands, &capsule);
        let mut summary = old.map(Ran::summary).unwrap_or_default();
        summary += &github::summary(loaded, exploration, demands, &capsule);
        let command = format!("{} explore", program::name());
        machines.tell(&command, &suites, &annotations, &summary, terminal)
    }

    /// Seals a shard that has all of its runs. What they found is for the merge to judge.
    pub(crate) fn end_shard(
        &self,
        shard: Shard,
        campaign: Exploring,
        terminal: &Terminal,
    ) -> Result<Exit, CliError> {
        let Self { options, exploration, folder, watch, .. } = self;
        let (capsules, mut unkept) = self.write_capsules();
        let interrupted = exploration.interrupted || interrupt::interrupted();
        let whole = !interrupted && unkept.is_empty() && exploration.runs == options.runs();
        let campaign = Campaign::Explore(Box::new(campaign));
        let sealed = whole && {
            let names = exploration.findings.iter().map(Finding::file_name);
            let names: Vec<String> = names.chain([STATE.to_owned()]).collect();
            unkept.kept(seal(folder, &options.build, shard, &campaign, &names)).is_some()
        };
        let told = ShardTold {
            shard,
            campaign: &campaign,
            made: exploration.runs,
            resumed: exploration.resumed,
            runs: options.runs(),
            sealed,
            folder,
        };
        let findings = exploration.findings.len();
        let mut words = told.words(*watch);
        if findings > 0 {
            words += &format!("findings  {findings}, to be merged with those of the other shards\n");
        }
        let document = || {
            let mut document = told.document(*watch);
            document["capsules"] = json!(capsules);
            document["digest"] = json!(exploration.totals.digest());
            document
        };
        terminal.result(document, &words)?;
        unkept.note(exploration.rows_unkept.as_deref());
        let exit = told.exit(interrupted);
        Ok(unkept.end(exit, terminal))
    }
}

/// A shard that was run, as it is told.
pub(crate) struct ShardTold<'a> {
    pub(crate) shard: Shard,
    pub(crate) campaign: &'a Campaign,
    pub(crate) made: u64,
    pub(crate) resumed: u64,
    pub(crate) runs: u64,
    pub(crate) sealed: bool,
    pub(crate) folder: &'a Path,
}

impl ShardTold<'_> {
    pub(crate) fn words(&self, watch: Stopwatch) -> String {
        let (made, runs) = (table::thousands(self.made), table::thousands(self.runs));
        let next = if self.sealed {
            format!("{} merge puts it together with the others", program::name())
        } else {
            "not at its end: --resume goes on with it".to_owned()
        };
        format!(
            "shard {} of {}\n{made} of {runs} runs · {} · {next}\nfolder    {}\n",
            self.shard,
            self.campaign.words(),
            watch.words(),
            path_text(self.folder),
        )
    }

    pub(crate) fn document(&self, watch: Stopwatch) -> Value {
        json!({
            "schema": "seedstorm.shard-run/1",
            "shard": self.shard,
            "campaign": self.campaign.words(),
            "runs": self.made,
            "complete": self.sealed,
            "folder": self.folder,
            "wall": { "elapsed_ms": watch.milliseconds(), "resumed_runs": self.resumed },
        })
    }

    pub(crate) const fn exit(&self, interrupted: bool) -> Exit {
        match (interrupted, self.sealed) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::AsExpected,
            (false, false) => Exit::Inconclusive,
        }
    }
}
