//! What a campaign is, as data: enough to make any shard of it anywhere, and to tell whether two shards belong together.

mod seal;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::ordered::OrderedMap;
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::document::Source;
use crate::explore::ExploreOptions;
use crate::problem::Problems;
use crate::scenario::{Loaded, reload};
use crate::shard::Shard;
use crate::sweep::{Draft, Seeds, Sweep};

pub use seal::{Seal, SealError, seal};

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Campaign {
    /// `explore`.
    Explore(Box<Exploring>),
    /// `sweep`.
    Sweep(Box<Sweeping>),
}

/// An exploration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exploring {
    /// What people call the scenario.
    pub scenario: String,
    /// The scenario, resolved and whole.
    pub resolved: Value,
    /// Its hash.
    pub scenario_hash: String,
    /// Plants that are on.
    pub plants: Vec<String>,
    /// The range of seeds; the end is excluded.
    pub seeds: (u64, u64),
    /// Fingerprints of failures that are known.
    pub known: Vec<String>,
    /// The share of runs that must be conclusive.
    pub min_conclusive: Ratio,
    /// Whether what is found is shrunk.
    pub shrinks: bool,
}

/// A sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweeping {
    /// The sweep file.
    pub sweep: Text,
    /// The seeds at every point.
    pub seeds: Seeds,
    /// The scenarios that the file names.
    pub scenarios: OrderedMap<String, Text>,
    /// The hash of points, seeds and scenarios.
    pub sweep_hash: String,
}

/// A text and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// A path, or a built-in name.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Text {
    /// The text of a source.
    pub fn of(source: &Source) -> Self {
        Self { name: source.name.clone(), text: source.text.clone() }
    }

    fn source(&self) -> Source {
        Source { name: self.name.clone(), text: self.text.clone() }
    }
}

impl Exploring {
    /// An exploration as its options say.
    pub fn new(loaded: &Loaded, options: &ExploreOptions, min_conclusive: Ratio, shrinks: bool) -> Self {
        Self {
            scenario: loaded.name.clone(),
            resolved: loaded.resolved.clone(),
            scenario_hash: loaded.hash.clone(),
            plants: options.plants.clone(),
            seeds: (options.seeds.start, options.seeds.end),
            known: options.known.clone(),
            min_conclusive,
            shrinks,
        }
    }

    /// The scenario.
    ///
    /// # Errors
    /// If this program knows another format or other protocols than the one that wrote it.
    pub fn load(&self, registry: &Registry) -> Result<Loaded, Problems> {
        reload(registry, &self.scenario, &self.resolved)
    }

    /// How a shard of it is run.
    pub fn options(&self, shard: Shard, build: &str) -> ExploreOptions {
        ExploreOptions {
            seeds: self.seeds.0..self.seeds.1,
            shard,
            plants: self.plants.clone(),
            jobs: None,
            stop_on_first: false,
            known: self.known.clone(),
            build: build.to_owned(),
            table: None,
        }
    }
}

impl Sweeping {
    /// The sweep.
    ///
    /// # Errors
    /// If this program knows another format or other protocols than the one that wrote it.
    pub fn load(&self, registry: &Registry) -> Result<Sweep, Problems> {
        let mut draft = Draft::parse(self.sweep.source())?;
        draft.set_seeds(self.seeds.clone());
        let sources = self.scenarios.iter().map(|(name, text)| (name.clone(), text.source()));
        draft.build(registry, &sources.collect())
    }
}

impl Campaign {
    /// What it is, in a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Explore(explore) => {
                let (start, end) = explore.seeds;
                let plants: String = explore.plants.iter().map(|plant| format!(", plant {plant}")).collect();
                format!("exploration of {}{plants}, seeds {start}..{end}", explore.scenario)
            }
            Self::Sweep(sweep) => {
                let range = &sweep.seeds.0;
                format!("sweep {}, seeds {}..{}", sweep.sweep.name, range.start, range.end)
            }
        }
    }

    /// The hash of what is run.
    fn hash(&self) -> &str {
        match self {
            Self::Explore(explore) => &explore.scenario_hash,
            Self::Sweep(sweep) => &sweep.sweep_hash,
        }
    }

    /// Why a shard of this campaign is not one of another.
    pub fn unlike(&self, other: &Self) -> String {
        let (this, that) = (self.words(), other.words());
        if this != that {
            format!("it is of another campaign: {this}, not {that}")
        } else if self.hash() != other.hash() {
            format!("it is of another scenario under the same name: {} is not {}", self.hash(), other.hash())
        } else {
            "it was run with other options".to_owned()
        }
    }
}
