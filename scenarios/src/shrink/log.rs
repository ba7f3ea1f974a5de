//! What shrinking did, kept in the capsule.

use serde::{Deserialize, Serialize};

use super::pass::Pass;
use super::size::Size;

/// What shrinking did to a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShrinkLog {
    /// The seed of the run that was found, which the small one may not have any more.
    pub found_at_seed: u64,
    /// How large the run was.
    pub before: Size,
    /// How large it is now.
    pub after: Size,
    /// How many runs it took.
    pub runs: u64,
    /// The passes that helped, in order.
    pub passes: Vec<PassLine>,
    /// How firmly it fails, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmness: Option<Firmness>,
}

/// How many of the nearest neighbors of a run fail in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firmness {
    /// How many were run.
    pub neighbors: u64,
    /// How many of them failed.
    pub failed: u64,
}

/// What one pass did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassLine {
    /// Which.
    pub pass: Pass,
    /// How many other seeds each of its candidates was tried with.
    pub other_seeds: u64,
    /// How many runs it took.
    pub runs: u64,
    /// The size before it.
    pub before: Size,
    /// The size after it.
    pub after: Size,
}

impl ShrinkLog {
    pub(super) const fn new(found_at_seed: u64, size: Size) -> Self {
        Self { found_at_seed, after: size, before: size, runs: 0, passes: Vec::new(), firmness: None }
    }

    pub(super) fn add(&mut self, line: PassLine) {
        self.after = line.after;
        self.passes.push(line);
    }
}
