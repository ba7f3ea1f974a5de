//! A corpus on the disk: a folder of capsules.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Kept, Told, file_name, sort, surplus};
use crate::artefact::{self, WriteError, path_text};
use crate::capsule::{Capsule, CapsuleError, LARGEST};

/// What can be wrong with the files of a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder that cannot be read.
    #[error("read {}: {error}", path_text(path))]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// A file that holds no capsule.
    #[error("{error}\n  in {}\n  nothing was run or written", path_text(path))]
    Capsule {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        error: CapsuleError,
    },
    /// A file that cannot be removed.
    #[error("remove {}: {error}", path_text(path))]
    Remove {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A document that cannot be made.
    #[error("make a document: {0}")]
    Document(#[from] serde_json::Error),
}

/// Reads a capsule; whether it is as it was written. With `edited`, one that was changed by hand is accepted.
///
/// # Errors
/// If it cannot be read, or is none.
pub fn read_capsule(path: &Path, edited: bool) -> Result<(Capsule, bool), CorpusError> {
    let text = artefact::read_text(path, LARGEST);
    let text = text.map_err(|error| CorpusError::Read { path: path.to_owned(), error })?;
    Capsule::from_json(&text, edited).map_err(|error| CorpusError::Capsule { path: path.to_owned(), error })
}

/// Writes a capsule to a place.
///
/// # Errors
/// If it cannot be written, or a file of somebody else stands there.
pub fn write_capsule(path: &Path, capsule: &Capsule) -> Result<(), CorpusError> {
    let text = capsule.to_json(&path.display().to_string())?;
    Ok(artefact::write(path, text.as_bytes())?)
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// Its capsules, the smallest and fastest first.
    pub kept: Vec<Kept>,
    /// Files that are named as capsules and are none, by name.
    pub damaged: Vec<Damaged>,
}

/// A file that is named as a capsule and cannot be read as one.
#[derive(Debug)]
pub struct Damaged {
    /// The file's name.
    pub name: String,
    /// What is wrong with it, without where it is.
    pub why: String,
}

impl Damaged {
    fn new(path: &Path, error: CorpusError) -> Self {
        let why = match error {
            CorpusError::Capsule { error, .. } => error.to_string(),
            CorpusError::Read { error, .. } => format!("read it: {error}"),
            other => other.to_string(),
        };
        Self { name: name_of(path), why }
    }

    /// What is told of it.
    pub fn told(&self) -> Told {
        Told::damaged(&self.name, &self.why)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Refuses a folder that is not there: that is a mistake, and no corpus in which nothing fails.
///
/// # Errors
/// If it is not there, or cannot be looked at.
pub fn exists(folder: &Path) -> Result<(), CorpusError> {
    let there = std::fs::metadata(folder).map(drop);
    there.map_err(|error| CorpusError::Read { path: folder.to_owned(), error })
}

/// Every capsule of a folder; what is damaged keeps nobody from the others. A folder that is not there has none.
///
/// # Errors
/// If the folder cannot be read.
pub fn read(folder: &Path, edited: bool) -> Result<Folder, CorpusError> {
    let failed = |error| CorpusError::Read { path: folder.to_owned(), error };
    let mut found = Folder::default();
    if !folder.exists() {
        return Ok(found);
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.retain(|path| path.to_string_lossy().ends_with(".capsule.json"));
    paths.sort_unstable();
    for path in &paths {
        match read_capsule(path, edited) {
            Ok((capsule, intact)) => found.kept.push(Kept { name: name_of(path), capsule, intact }),
            // Somebody else put it out in the meantime.
            Err(CorpusError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => found.damaged.push(Damaged::new(path, error)),
        }
    }
    sort(&mut found.kept);
    Ok(found)
}

/// Takes capsules in, and puts those out that are too many then; the names of either.
///
/// # Errors
/// If the folder cannot be read or written, or holds a capsule that cannot be removed.
pub fn add(
    folder: &Path,
    capsules: &[Capsule],
    keep: usize,
) -> Result<(Vec<String>, Vec<String>), CorpusError> {
    // Of two at once, the second one would not see what the first one takes in.
    artefact::fit(folder, &[])?;
    let _held = artefact::wait_for(folder)?;
    let mut corpus = read(folder, true)?.kept;
    let mut added = Vec::new();
    for capsule in capsules {
        let name = file_name(capsule);
        if corpus.iter().all(|kept| kept.name != name) {
            corpus.push(Kept { name: name.clone(), capsule: capsule.clone(), intact: true });
            added.push(name);
        }
    }
    sort(&mut corpus);
    let gone = surplus(&corpus, keep);
    added.retain(|name| !gone.contains(name));
    for kept in corpus.iter().filter(|kept| added.contains(&kept.name)) {
        write_capsule(&folder.join(&kept.name), &kept.capsule)?;
    }
    remove(folder, &gone)?;
    Ok((added, gone))
}

/// Puts out the capsules of these names, and of those that stay the ones that are too many: the names of all that went,
/// and what is damaged, which stays.
///
/// # Errors
/// If the folder is not there or cannot be read, or one cannot be removed.
pub fn put_out(
    folder: &Path,
    gone: &[String],
    keep: usize,
) -> Result<(Vec<String>, Vec<Damaged>), CorpusError> {
    exists(folder)?;
    artefact::fit(folder, &[])?;
    let _held = artefact::wait_for(folder)?;
    let Folder { mut kept, damaged } = read(folder, true)?;
    let mut out: Vec<String> =
        kept.iter().map(|kept| kept.name.clone()).filter(|name| gone.contains(name)).collect();
    kept.retain(|kept| !out.contains(&kept.name));
    out.extend(surplus(&kept, keep));
    remove(folder, &out)?;
    Ok((out, damaged))
}

/// Puts capsules out. One that was never written, or that somebody else put out, is not missed.
fn remove(folder: &Path, names: &[String]) -> Result<(), CorpusError> {
    for path in names.iter().map(|name| folder.join(name)) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(CorpusError::Remove { path, error });
            }
            _ => {}
        }
    }
    Ok(())
}
