//! Why a sweep could not go on. Each reads on from "failed to".

use std::path::PathBuf;

use sim_core::registry::LaunchError;

use crate::artefact::{LockError, WriteError};
use crate::begin::Unfinished;

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
    #[error("sweep: start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Somebody else works in the folder, or it cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A result could not be written; those before it are kept.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is nothing to go on with.
    #[error("resume {path}: {why}; --start-over begins from nothing")]
    Resume {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// Another sweep there is unfinished.
    #[error("{0}")]
    Unfinished(Unfinished),
}
