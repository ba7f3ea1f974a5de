//! The runs of one case.

use std::ops::ControlFlow;

use sim_core::check::Verdict;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Ended;
use sim_core::ratio::Ratio;
use sim_core::registry::{Launch, Registry};

use super::{Case, Column, ReproduceError};
use crate::builtin;
use crate::document::Format;
use crate::parallel::{Hooks, Threads};
use crate::plan::compile;
use crate::problem::{Problem, Problems};
use crate::run::run;
use crate::scenario::{Loaded, load};

/// How many seeds are run before the interrupt is looked at.
const ROUND: u64 = 256;

/// What was measured in the runs of one case, in the order of their seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// How many runs.
    pub runs: u64,
    /// How many it has in full.
    pub full_runs: u64,
    /// Runs in which a check found something: a protocol that breaks its promises reproduces nothing.
    pub broken: Vec<u64>,
    measures: OrderedMap<String, Vec<Option<u64>>>,
}

/// One run: what it measured, and whether a check found something.
type Measured = (OrderedMap<String, Option<u64>>, bool);

/// Runs a case; nothing if it was interrupted.
pub(super) fn take(
    registry: &Registry,
    case: &Case,
    scale: Ratio,
    threads: &Threads,
    hooks: Hooks<'_>,
) -> Result<Option<Sample>, ReproduceError> {
    let loaded = read(registry, case)?;
    let runs = case.runs_at(scale);
    let mut sample = Sample { full_runs: case.runs, ..Sample::default() };
    let mut interrupted = false;
    let merge = |results: Vec<Result<Option<Measured>, ReproduceError>>| {
        for measured in results {
            match measured? {
                Some(measured) => sample.add(measured),
                None => interrupted = true,
            }
        }
        Ok(if interrupted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    threads.rounds(ROUND, 0..runs, hooks, |seed, launch| measure(&loaded, case, seed, launch), merge)?;
    Ok((!interrupted).then_some(sample))
}

fn read(registry: &Registry, case: &Case) -> Result<Loaded, ReproduceError> {
    let failed = |problems| ReproduceError::Scenario { case: case.name.clone(), problems };
    let missing = || Problems::from(Problem::new(format!("no scenario \"{}\" is built in", case.scenario)));
    let source = builtin::find(case.scenario).ok_or_else(missing).map_err(failed)?;
    load(registry, source, Format::Toml, &case.overlays).map_err(failed)
}

/// What a run measures; nothing if it was stopped.
fn measure(
    loaded: &Loaded,
    case: &Case,
    seed: u64,
    launch: &Launch,
) -> Result<Option<Measured>, ReproduceError> {
    let plants: Vec<String> = case.plant.map(str::to_owned).into_iter().collect();
    let plan = compile(loaded, seed, &plants);
    let outcome = run(&plan, launch).map_err(|error| ReproduceError::Launch {
        case: case.name.clone(),
        seed,
        error,
    })?;
    // With more traitors than it bears, a protocol breaks no promise; a planted bug is there to break one.
    let broken = outcome.verdict > Verdict::Assumption && case.plant.is_none();
    let found = |name: &str| outcome.violations.iter().any(|violation| violation.check == name);
    let checks = outcome
        .checks
        .iter()
        .map(|check| (format!("found.{}", check.name), Some(u64::from(found(&check.name)))));
    let mut measures = outcome.measures.clone();
    measures.extend(checks);
    Ok((outcome.ended != Ended::Stopped).then_some((measures, broken)))
}

impl Sample {
    fn add(&mut self, (measures, broken): Measured) {
        if broken {
            self.broken.push(self.runs);
        }
        self.runs += 1;
        for (name, value) in measures {
            self.measures.entry(name).or_default().push(value);
        }
    }

    /// The numbers of a column in the order of seeds, and how many runs have none.
    pub fn column(&self, column: &Column) -> (Vec<f64>, u64) {
        let runs = usize::try_from(self.runs).unwrap_or(usize::MAX);
        let values: Vec<f64> = (0..runs).filter_map(|run| self.value(run, column)).collect();
        let missing = self.runs - values.len() as u64;
        (values, missing)
    }

    fn value(&self, run: usize, column: &Column) -> Option<f64> {
        let one = |name: &&str| self.measures.get(*name)?.get(run).copied().flatten();
        let sum = |names: &[&str]| names.iter().map(|name| one(name).map(|value| value as f64)).sum();
        let (plus, minus): (Option<f64>, Option<f64>) = (sum(column.plus), sum(column.minus));
        let value = plus.zip(minus).map(|(plus, minus)| (plus - minus) / column.divide_by);
        match column.censored_at {
            Some(end) => Some(value.map_or(end, |value| value.min(end))),
            None => value,
        }
    }
}
