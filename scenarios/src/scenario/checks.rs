//! `[checks]`: which checks are on, and what must happen in a run for it to be conclusive.

use serde::{Deserialize, Serialize};
use sim_core::ordered::OrderedMap;
use sim_core::registry::ProtocolInfo;
use sim_core::setup::Amount;
use sim_core::time::Duration;

/// What is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// Which of the protocol's checks are on.
    pub safety: Safety,
    /// Checks that are off, by name.
    pub off: Vec<String>,
    /// Whether progress is owed after the heal, and how soon.
    pub progress: ProgressRule,
    /// What a run must show to count; else it is inconclusive.
    pub at_least: AtLeast,
    /// How long to search for a linearization of what clients saw.
    pub linearizable: Linearizable,
}

/// Which of the protocol's checks are on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// All but those in `off`.
    #[default]
    All,
    /// None: for measuring what checks cost.
    None,
    /// These alone.
    Only(Vec<String>),
}

impl Checks {
    /// The names of all checks that are off, among those of a protocol.
    pub fn names_off(&self, protocol: &ProtocolInfo) -> Vec<String> {
        let own = protocol.checks.iter().map(|check| check.name);
        let off = own.filter(|name| match &self.safety {
            Safety::All => false,
            Safety::None => true,
            Safety::Only(names) => !names.iter().any(|on| on == name),
        });
        let mut names: Vec<String> = self.off.iter().cloned().chain(off.map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// How long to search for a linearization of what clients saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Linearizable {
    /// Steps of the search for each object; beyond them the answer is "unknown".
    pub budget_steps: u64,
}

impl Default for Linearizable {
    fn default() -> Self {
        Self { budget_steps: 1_000_000 }
    }
}

/// Activity counters and the least value of each; of what members observe also at how many of them.
pub type AtLeast = OrderedMap<String, Amount>;

/// Whether there is a second phase in which progress is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressRule {
    /// Yes, by the rule of [`sim_core::progress`]: opportunities are counted, and not seconds.
    #[default]
    Auto,
    /// No: the run ends with its first phase.
    None,
    /// The same, and that it comes so soon after the heal is a service level.
    Within(Duration),
}

impl ProgressRule {
    /// The service level that is asked for.
    pub const fn level(self) -> Option<Duration> {
        match self {
            Self::Within(limit) => Some(limit),
            Self::Auto | Self::None => None,
        }
    }
}
