//! Why a sweep could not go on. Each reads on from "failed to".

use sim_core::registry::LaunchError;

use crate::artefact::WriteError;
use crate::begin::FolderError;
use crate::parallel::ThreadsError;

/// Why a sweep could not go on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A run could not be launched.
    #[error("sweep \"{base}\"{at}, seed {seed}: {error}")]
    Launch {
        /// The scenario's label.
        base: String,
        /// The point, as ` at key = value`.
        at: String,
        /// The seed.
        seed: u64,
        /// Why not.
        #[source]
        error: LaunchError,
    },
    /// The threads could not be started.
    #[error("sweep: {0}")]
    Threads(#[from] ThreadsError),
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Runs found no room; those before them are kept.
    #[error("{error}\n  = {kept} of {runs} runs are kept there; with more room, --resume goes on with them")]
    Unkept {
        /// How many runs are kept.
        kept: u64,
        /// How many there are in all.
        runs: u64,
        /// Why the next ones are not.
        #[source]
        error: WriteError,
    },
}
