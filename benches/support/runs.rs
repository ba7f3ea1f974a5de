//! The runs that are measured.

use scenarios::builtin;
use scenarios::plan::compile;
use scenarios::run::run;
use scenarios::scenario::{Loaded, load};
use seedstorm::prelude::{Format, Launch, Outcome};
use seedstorm::scenarios;
use seedstorm::scenarios::document::Source;

use crate::measure::timed;

/// A built-in scenario.
pub(crate) fn built_in(name: &str) -> Loaded {
    built_in_with(name, &[])
}

/// A built-in scenario with other values for some keys.
pub(crate) fn built_in_with(name: &str, overlays: &[String]) -> Loaded {
    read(builtin::find(name).expect("it is built in"), overlays)
}

/// The Raft run of the speed table: one mix of faults for ever.
pub(crate) fn raft_faults(overlays: &[String]) -> Loaded {
    let text = include_str!("../raft-faults.toml").to_owned();
    read(Source { name: "raft-faults".to_owned(), text }, overlays)
}

/// The same for HotStuff.
pub(crate) fn hotstuff_faults() -> Loaded {
    let text = include_str!("../hotstuff-faults.toml").to_owned();
    read(Source { name: "hotstuff-faults".to_owned(), text }, &[])
}

/// Schedules of twelve rounds for HotStuff, which end once these are over.
pub(crate) fn twelve_rounds() -> Loaded {
    let text = include_str!("../twelve-rounds.toml").to_owned();
    read(Source { name: "twelve-rounds".to_owned(), text }, &[])
}

fn read(source: Source, overlays: &[String]) -> Loaded {
    load(&seedstorm::registry(), source, Format::Toml, overlays).expect("a sound scenario")
}

/// Runs one seed, plan included; its CPU time in milliseconds.
pub(crate) fn one(loaded: &Loaded, seed: u64, launch: &Launch) -> (Outcome, f64) {
    timed(|| run(&compile(loaded, seed, &[]), launch).expect("it can be run"))
}

/// What is remembered of a run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) ms: f64,
    pub(crate) events: u64,
    pub(crate) invoked: u64,
    pub(crate) succeeded: u64,
}

/// Runs a range of seeds; the outcome of each must satisfy `sound`.
pub(crate) fn many(
    loaded: &Loaded,
    seeds: std::ops::Range<u64>,
    mut sound: impl FnMut(&Outcome) -> bool,
) -> Vec<Run> {
    let launch = Launch::default();
    let mut one = |seed| {
        let (outcome, ms) = one(loaded, seed, &launch);
        assert!(sound(&outcome), "seed {seed} came to {:?}: {:?}", outcome.verdict, outcome.violations);
        let count = |name: &str| outcome.activity.get(name).copied().unwrap_or(0);
        Run {
            ms,
            events: outcome.events,
            invoked: count("operations.invoked"),
            succeeded: count("operations.succeeded"),
        }
    };
    seeds.map(&mut one).collect()
}
