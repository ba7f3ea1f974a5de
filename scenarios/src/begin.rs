//! Starting a campaign in a folder that may hold an unfinished one: earlier results are overwritten only if asked.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::artefact::{LockError, WriteError, path_text};

/// How a campaign begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// From nothing; an unfinished campaign in the folder is refused.
    #[default]
    Fresh,
    /// From nothing; an unfinished campaign in the folder is dropped.
    Over,
    /// From what is in the folder.
    Resume,
    /// From what is in the folder if it is of the campaign that begins, otherwise as [`Begin::Fresh`]: for programs that start
    /// a campaign again without knowing how far it came.
    GoOn,
}

/// An unfinished campaign that stands where another one was to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The file of its state.
    pub path: PathBuf,
    /// What there is, in words.
    pub what: String,
    /// Who can go on with it.
    pub ahead: Ahead,
}

/// Who can go on with an unfinished campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// The campaign that was to begin.
    Same,
    /// Another one; why not this.
    Other(String),
    /// Nobody: it is damaged.
    Nobody(String),
}

/// Why a campaign cannot have its folder, or cannot keep what it did there. Each reads on from "failed to".
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Somebody else works in it, or it cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file could not be written; what was written before is kept.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is nothing to go on with.
    #[error("resume {}: {why}; --start-over begins from nothing", path_text(path))]
    Resume {
        /// The file of the state.
        path: PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// Another campaign there is unfinished.
    #[error("{0}")]
    Unfinished(Unfinished),
}

impl FolderError {
    /// There is nothing to go on with in a file.
    pub(crate) fn resume(path: &Path, why: String) -> Self {
        Self::Resume { path: path.to_owned(), why }
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, what, ahead } = self;
        write!(f, "begin in {}: {what}", path_text(path))?;
        match ahead {
            Ahead::Same => write!(f, "\n  = --resume goes on with it")?,
            Ahead::Nobody(why) => write!(f, "\n  = it cannot be gone on with: {why}")?,
            Ahead::Other(why) => {
                write!(f, ",\n  = and this is not the same campaign: {why}")?;
                write!(f, "\n  = --resume, with what it was begun with, goes on with it")?;
            }
        }
        write!(f, "\n  = --out DIR leaves it alone, --start-over drops it\n  = nothing was run or replaced")
    }
}
