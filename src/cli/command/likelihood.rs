//! `likelihood`.

use std::path::PathBuf;

use clap::Args;
use scenarios::replay::plan_of;
use scenarios::story::{LikelihoodOptions, likelihood as likelihood_of};
use serde_json::json;
use sim_core::registry::Registry;
use sim_core::story::of_likelihood;

use crate::cli::capsule_page;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::cli::story_progress::StoryProgress;
use crate::cli::terminal::Terminal;

/// Of which run, and how much is run for it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm likelihood seedstorm-out/raft-swarm/raft-election-safety.capsule.json
  seedstorm likelihood found.capsule.json --moments 40 --draws 200

The run is made again up to a moment. From there on chance is drawn anew, many times: how often is the same property broken?
Half of the moments are spread evenly over the run, the others stand where the rate rises most. The plan of faults stays as it
is. The chart is also drawn into the page beside the capsule. Exit codes: 1 if the violation is found, 0 if the capsule's run
has none any more.")]
pub(crate) struct LikelihoodArguments {
    /// A capsule file.
    pub(crate) capsule: PathBuf,
    /// How many moments there are.
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub(crate) moments: u32,
    /// How often chance is drawn anew at each moment.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) draws: u32,
    /// Accept a capsule that was changed by hand.
    #[arg(long)]
    pub(crate) edited: bool,
}

/// Tells how likely a failure was, from the start to the moment at which it was found.
pub(crate) fn likelihood(
    registry: &Registry,
    arguments: &LikelihoodArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (capsule, _) = files::capsule(&arguments.capsule, arguments.edited)?;
    let plan = plan_of(registry, &capsule, capsule.setup.clone())?;
    let options = LikelihoodOptions { moments: arguments.moments, draws: arguments.draws };
    let progress = StoryProgress::of("the likelihood", 0, terminal);
    let found =
        likelihood_of(&plan, capsule.fingerprint.as_deref(), options, &|stage| progress.begins(stage))?;
    drop(progress);
    let mut page = None;
    if let Some(found) = &found {
        let mut record = capsule_page::drawn(registry, &capsule, &arguments.capsule, terminal)?;
        if let Some(story) = &mut record.story {
            story.likelihood = Some(found.clone());
        }
        let path = capsule_page::beside(&arguments.capsule);
        match capsule_page::write(record, &path) {
            Ok(()) => page = Some(path),
            Err(error) => terminal.remark(&format!("note: no page was written: failed to {error}")),
        }
    }
    let message = capsule.message.as_deref().unwrap_or_default();
    let check = capsule.check.as_deref().unwrap_or_default();
    let words = match &found {
        Some(found) => format!("{check}: {message}\n\n{}", of_likelihood(found)),
        None => "the run of the capsule has no such violation any more\n".to_owned(),
    };
    let report = page.as_ref().map_or_else(String::new, |page| format!("\nreport    {}\n", page.display()));
    let document = || {
        json!({
            "schema": "seedstorm.likelihood/1",
            "capsule": arguments.capsule,
            "check": check,
            "found": found.is_some(),
            "likelihood": found,
            "report": page,
        })
    };
    terminal.result(document, &format!("{words}{report}"))?;
    Ok(if found.is_some() { Exit::Finding } else { Exit::AsExpected })
}
