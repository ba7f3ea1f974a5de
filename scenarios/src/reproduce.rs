//! The literature: published experiments run again, each from its scenario file, and what they published beside what
//! comes out here.
//!
//! Experiments stand in a table, family by family ([`raft`], [`gossip`], [`byzantine`]). An [`Experiment`] has cases (a scenario with
//! overlays, over the seeds from 0 on) and claims (a figure that was published, and how near ours must be). Fewer
//! seeds are a prefix of more; tolerances then widen by the root of what is left out, since that is how chance grows.
//! Nothing here is tuned to a figure: what an experiment needs stands in its scenario.

pub mod byzantine;
mod experiment;
pub mod gossip;
mod judge;
pub mod raft;
mod sample;

use std::fmt;

use sim_core::ratio::Ratio;
use sim_core::registry::{LaunchError, Registry};

use crate::parallel::{Hooks, Threads, ThreadsError};
use crate::problem::{Problems, nearest};

pub use experiment::{Case, Claim, Column, Comparison, Drawing, Experiment, Plot, Statistic, Tolerance};
pub use judge::{Allowed, Published, Row};
pub use sample::Sample;

/// What to reproduce.
#[derive(Clone, Copy, Debug)]
pub struct ReproduceOptions {
    /// Which share of its seeds each case gets.
    pub scale: Ratio,
    /// Threads; all cores if absent.
    pub jobs: Option<usize>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// The experiments that were run to their end.
    pub results: Vec<ExperimentResult>,
    /// Which share of its seeds each case got.
    pub scale: Ratio,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// What came of one experiment.
#[derive(Clone, Debug)]
pub struct ExperimentResult {
    /// The experiment.
    pub experiment: Experiment,
    /// What was measured, case by case.
    pub samples: Vec<Sample>,
    /// Published and measured, claim by claim.
    pub rows: Vec<Row>,
}

impl Reproduction {
    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.results.iter().flat_map(|result| &result.rows)
    }

    /// Whether it came to its end, and every row passes.
    pub fn passes(&self) -> bool {
        !self.interrupted && self.rows().next().is_some() && self.rows().all(|row| row.pass)
    }

    /// Whether every case got all its seeds.
    pub fn is_full(&self) -> bool {
        self.scale == Ratio::ONE
    }
}

/// Why the literature could not be reproduced.
#[derive(Debug, thiserror::Error)]
pub enum ReproduceError {
    /// No such experiment.
    #[error("reproduce \"{word}\": expected {expected}{}", Hint(nearest.as_deref()))]
    Unknown {
        /// As it was written.
        word: String,
        /// What there is.
        expected: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// The scenario of a case makes no sense: a bug of this program.
    #[error("read the scenario of {case}: {}", problems.render(false))]
    Scenario {
        /// Which case.
        case: String,
        /// What is wrong.
        problems: Problems,
    },
    /// A run could not be launched.
    #[error("reproduce {case}, seed {seed}: {error}")]
    Launch {
        /// Which case.
        case: String,
        /// Which seed.
        seed: u64,
        /// Why not.
        #[source]
        error: LaunchError,
    },
    /// The threads could not be started.
    #[error("reproduce: {0}")]
    Threads(#[from] ThreadsError),
}

/// The end of a sentence that names what may have been meant.
struct Hint<'a>(Option<&'a str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |nearest| write!(f, "; did you mean \"{nearest}\"?"))
    }
}

/// Every experiment, in the order of its row.
pub fn experiments() -> Vec<Experiment> {
    [raft::experiments(), gossip::experiments(), byzantine::experiments()].concat()
}

/// The experiments that are meant by protocols (`raft`), rows (`2`) or `all`; all of them by no word at all.
///
/// # Errors
/// The first word that means nothing.
pub fn select(words: &[String]) -> Result<Vec<Experiment>, ReproduceError> {
    let all = experiments();
    let means = |word: &str, experiment: &Experiment| {
        word == "all" || word == experiment.protocol || word == experiment.row.to_string()
    };
    if let Some(word) = words.iter().find(|word| !all.iter().any(|experiment| means(word, experiment))) {
        let mut protocols: Vec<&'static str> = all.iter().map(|experiment| experiment.protocol).collect();
        protocols.dedup();
        let nearest = nearest(word, &[&protocols[..], &["all"]].concat()).map(str::to_owned);
        let mut rows: Vec<String> = all.iter().map(|experiment| experiment.row.to_string()).collect();
        rows.dedup();
        let rows = rows.join(", ");
        let expected = format!("{}, a row ({rows}) or all", protocols.join(", "));
        return Err(ReproduceError::Unknown { word: word.clone(), expected, nearest });
    }
    let wanted =
        |experiment: &Experiment| words.is_empty() || words.iter().any(|word| means(word, experiment));
    Ok(all.into_iter().filter(wanted).collect())
}

/// How many runs that takes.
pub fn count_runs(experiments: &[Experiment], scale: Ratio) -> u64 {
    experiments.iter().flat_map(|experiment| &experiment.cases).map(|case| case.runs_at(scale)).sum()
}

/// Runs experiments and judges their claims. What comes out does not depend on the number of threads.
///
/// # Errors
/// If a scenario makes no sense or cannot be run.
pub fn reproduce(
    registry: &Registry,
    experiments: Vec<Experiment>,
    options: &ReproduceOptions,
    hooks: Hooks<'_>,
) -> Result<Reproduction, ReproduceError> {
    let threads = Threads::start(options.jobs)?;
    let mut reproduction = Reproduction { results: Vec::new(), scale: options.scale, interrupted: false };
    for experiment in experiments {
        let mut samples = Vec::new();
        for case in &experiment.cases {
            let sample = sample::take(registry, case, options.scale, &threads, hooks)?;
            let Some(sample) = sample else {
                reproduction.interrupted = true;
                return Ok(reproduction);
            };
            samples.push(sample);
        }
        let rows = experiment.claims.iter().map(|claim| judge::judge(&experiment, claim, &samples)).collect();
        reproduction.results.push(ExperimentResult { experiment, samples, rows });
    }
    Ok(reproduction)
}

#[cfg(test)]
mod tests;
