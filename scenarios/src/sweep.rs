//! Sweeps: the same seeds at every point of a grid over the keys of scenarios.
//!
//! A sweep file names scenarios, keys with their values, and seeds. Every run is a line in `runs.jsonl`, written in a
//! fixed order whatever the threads, so that an interrupted sweep goes on where it stopped and comes to the same bytes.
//! What it comes to is a [`sim_core::sweep::SweepTable`]: plain data, from which pages and figures are drawn.

mod asked;
mod columns;
mod compare;
mod csv;
mod error;
mod file;
mod grid;
mod law;
mod line;
mod lines;
mod merged;
mod order;
mod plots;
mod points;
mod reading;
mod row;
mod run;
mod stop;
mod store;
mod tabulate;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

use crate::document::Source;
use crate::scenario::Loaded;
use crate::shard::Shard;

pub(crate) use columns::{columns, names as column_names};
pub use csv::{comparisons_csv, points_csv, rates_csv};
pub use error::SweepError;
pub use file::{Base, ParseSeedsError, Seeds, SweepFile};
pub use law::Law;
pub use merged::{MergeShardsError, holds_whole, merge_shards};
pub use points::Draft;
pub use reading::Tabulated;
pub use row::Row;
pub use run::{SweepOptions, SweepRun, sweep};
pub use stop::StopRule;
pub use store::{RUNS, RUNS_CSV};
pub use tabulate::tabulate;

/// A sweep, ready to run.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// As people call it: a path or a built-in name.
    pub name: String,
    /// What the file says.
    pub file: SweepFile,
    /// The points, in the order in which they are run.
    pub points: Vec<PlannedPoint>,
    /// The hash of everything that its results depend on, but for the engine: 32 hexadecimal digits.
    pub hash: String,
}

/// A point of the grid, ready to run.
#[derive(Clone, Debug)]
pub struct PlannedPoint {
    /// The scenario's place among the bases.
    pub base: usize,
    /// The swept keys and their values, keys in alphabetical order.
    pub at: Vec<(String, Value)>,
    /// The scenario with these values.
    pub loaded: Loaded,
}

impl Sweep {
    /// The base of a point.
    pub fn base(&self, point: &PlannedPoint) -> &Base {
        &self.file.bases[point.base]
    }

    /// The seeds at every point.
    pub fn seeds(&self) -> Range<u64> {
        self.file.seeds.0.clone()
    }

    /// How many runs it has; where points may stop early, how many at most.
    pub fn runs(&self) -> u64 {
        let seeds = self.seeds();
        (self.points.len() as u64).saturating_mul(seeds.end - seeds.start)
    }

    /// How many of them are a shard's own. Where points may stop early, a shard has whole points.
    pub fn runs_of(&self, shard: Shard) -> u64 {
        if self.file.stop.is_none() {
            return shard.count(self.runs());
        }
        let seeds = self.seeds();
        shard.count(self.points.len() as u64).saturating_mul(seeds.end - seeds.start)
    }
}

/// A built-in sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinSweep {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every built-in sweep.
pub const SWEEPS: &[BuiltinSweep] = &[
    BuiltinSweep { name: "overhead-vs-n", text: include_str!("../sweeps/overhead-vs-n.toml") },
    BuiltinSweep { name: "tolerance-boundary", text: include_str!("../sweeps/tolerance-boundary.toml") },
    BuiltinSweep { name: "agents-per-limit", text: include_str!("../sweeps/agents-per-limit.toml") },
    BuiltinSweep { name: "agents-per-strategy", text: include_str!("../sweeps/agents-per-strategy.toml") },
];

/// The built-in sweep of a name, as a source.
pub fn find(name: &str) -> Option<Source> {
    let found = SWEEPS.iter().find(|sweep| sweep.name == name)?;
    Some(Source { name: found.name.to_owned(), text: found.text.to_owned() })
}
