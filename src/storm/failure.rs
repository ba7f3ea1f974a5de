//! What a storm found, as a test that fails says it.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use scenarios::capsule::{Capsule, shell_word};
use scenarios::corpus::folder::CorpusError;
use scenarios::explore::{Demand, ExploreError};
use scenarios::replay::ReplayError;
use scenarios::shrink::ShrinkError;
use sim_core::registry::LaunchError;
use sim_core::story::Story;

use super::BadSetting;

/// Why a storm was not weathered.
#[derive(Debug, thiserror::Error)]
pub enum StormFailure {
    /// A run fails.
    #[error("{0}")]
    Found(Box<Found>),
    /// Nothing was found, but not enough happened for that to count.
    #[error("{}", missed(scenario, *runs, demands))]
    Demands {
        /// The scenario's name.
        scenario: String,
        /// How many runs were made.
        runs: u64,
        /// What was demanded.
        demands: Vec<Demand>,
    },
    /// Limits on all runs together were missed; a sentence for each, with its worst runs.
    #[error("{scenario}: {} in {runs} runs\n  {}", if limits.len() == 1 { "a limit was missed" } else { "limits were missed" }, limits.join("\n  "))]
    Limits {
        /// The scenario's name.
        scenario: String,
        /// How many runs were made.
        runs: u64,
        /// What was missed.
        limits: Vec<String>,
    },
    /// The scenario cannot be used.
    #[error("{0}")]
    Scenario(String),
    /// A variable of the environment makes no sense.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// The corpus cannot be used.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A capsule cannot be run any more.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A run could not be launched.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// Exploring could not go on.
    #[error(transparent)]
    Explore(#[from] ExploreError),
    /// What was found cannot be shrunk.
    #[error(transparent)]
    Shrink(#[from] ShrinkError),
}

/// A run that fails, shrunk and told.
#[derive(Clone, Debug)]
pub struct Found {
    /// The check that found it.
    pub check: String,
    /// What it said.
    pub message: String,
    /// The seed.
    pub seed: u64,
    /// The file that replays it, from the root of the package.
    pub capsule: PathBuf,
    /// How many runs it took; nothing if it had failed before and was kept.
    pub runs: Option<u64>,
    /// How many faults it needs.
    pub faults: usize,
    /// What happened.
    pub story: Option<Story>,
}

impl Found {
    pub(super) fn new(capsule: &Capsule, path: PathBuf, runs: Option<u64>, story: Option<Story>) -> Self {
        Self {
            check: capsule.check.clone().unwrap_or_else(|| capsule.verdict.name().to_owned()),
            message: capsule.message.clone().unwrap_or_default(),
            seed: capsule.seed,
            capsule: path,
            runs,
            faults: capsule.setup.faults.entries.len(),
            story,
        }
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { check, message, seed, capsule, runs, faults, story } = self;
        write!(f, "{check} · seed {seed} · {faults} faults")?;
        match runs {
            Some(runs) => writeln!(f, " · run {runs}")?,
            None => writeln!(f, " · it failed before")?,
        }
        writeln!(f, "{message}\n")?;
        if let Some(story) = story {
            writeln!(f, "{story}")?;
        }
        let path = capsule.display().to_string();
        let thread = std::thread::current();
        let test = thread.name().filter(|name| *name != "main").unwrap_or_default();
        write!(f, "replay it: SEEDSTORM_CAPSULE={} cargo test {test}", shell_word(&path))
    }
}

fn missed(scenario: &str, runs: u64, demands: &[Demand]) -> String {
    let mut text =
        format!("{scenario}: nothing was found in {runs} runs, but too little happened for that to count");
    for demand in demands.iter().filter(|demand| !demand.met) {
        let (found, needed) = (demand.found * 100.0, demand.needed * 100.0);
        text += &format!("\n  {}: {found:.1} % of the runs, at least {needed:.1} % are needed", demand.what);
    }
    text
}
