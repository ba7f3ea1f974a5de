//! Shards of an exploration put together: the sums, and for each fingerprint the finding of the lowest seed.

use sim_core::sorting::SortSeldom;
use std::path::Path;

use super::state::{self, State};
use super::{Exploration, ExploreError, ExploreOptions, Finding};
use crate::artefact::FolderLock;
use crate::begin::Begin;
use crate::scenario::Loaded;

/// The name of the file that an exploration goes on from.
pub const STATE: &str = state::NAME;

/// Reads a shard that is at its end.
///
/// # Errors
/// Why it cannot be taken: it is of another campaign, has not all of its runs, or is damaged.
pub fn read(folder: &Path, loaded: &Loaded, options: &ExploreOptions) -> Result<Exploration, String> {
    state::read_whole(folder, loaded, options)
}

/// Writes an exploration that is at its end, as one that was made in this folder leaves it.
///
/// # Errors
/// If the folder cannot be written to, is in use, or holds an unfinished campaign.
pub fn keep(
    folder: &Path,
    loaded: &Loaded,
    options: &ExploreOptions,
    exploration: &Exploration,
) -> Result<FolderLock, ExploreError> {
    let (mut state, _) = State::open(folder, Begin::Fresh, loaded, options)?;
    state.save(exploration)?;
    Ok(state.into_lock())
}

impl Exploration {
    /// Takes in another shard of the same campaign. The order in which shards are taken in does not matter.
    pub fn absorb(&mut self, other: Self) {
        self.runs += other.runs;
        self.known += other.known;
        self.activity.absorb(&other.activity);
        self.totals.absorb(&other.totals);
        self.limits.absorb(&other.limits);
        for finding in other.findings {
            match self.findings.iter_mut().find(|known| known.fingerprint == finding.fingerprint) {
                Some(known) => known.absorb(finding),
                None => self.findings.push(finding),
            }
        }
        self.findings.sort_seldom_by_key(|finding| finding.seed);
    }
}

impl Finding {
    /// The lower seed shows it: what one machine would have found first.
    fn absorb(&mut self, other: Self) {
        let runs = self.runs + other.runs;
        if other.seed < self.seed {
            *self = other;
        }
        self.runs = runs;
    }
}
