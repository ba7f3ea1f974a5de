//! How a campaign begins in a folder where an unfinished one may be: what somebody waited for is never replaced unasked.

use std::fmt;
use std::path::PathBuf;

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

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, what, ahead } = self;
        write!(f, "begin in {}: {what}", path.display())?;
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
