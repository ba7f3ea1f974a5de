//! A corpus on the disk: a folder of capsules.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use scenarios::artefact;
use scenarios::capsule::Capsule;
use scenarios::corpus::{Kept, Told, file_name, sort, surplus};

use super::error::CliError;
use super::files;

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// Its capsules, the smallest and fastest first.
    pub(crate) kept: Vec<Kept>,
    /// Files that are named as capsules and are none, by name.
    pub(crate) damaged: Vec<Damaged>,
}

/// A file that is named as a capsule and cannot be read as one.
#[derive(Debug)]
pub(crate) struct Damaged {
    /// The file's name.
    pub(crate) name: String,
    /// What is wrong with it, without where it is.
    pub(crate) why: String,
}

impl Damaged {
    fn new(path: &Path, error: CliError) -> Self {
        let why = match error {
            CliError::Capsule { error, .. } => error.to_string(),
            CliError::Read { error, .. } => format!("read it: {error}"),
            other => other.to_string(),
        };
        Self { name: name_of(path), why }
    }

    /// What is told of it.
    pub(crate) fn told(&self) -> Told {
        Told::damaged(&self.name, &self.why)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Every capsule of a folder; what is damaged keeps nobody from the others. A folder that is not there has none.
pub(crate) fn read(folder: &Path, edited: bool) -> Result<Folder, CliError> {
    let failed = |error| CliError::Read { path: folder.to_owned(), error };
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
        match files::capsule(path, edited) {
            Ok((capsule, intact)) => found.kept.push(Kept { name: name_of(path), capsule, intact }),
            // Somebody else put it out in the meantime.
            Err(CliError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => found.damaged.push(Damaged::new(path, error)),
        }
    }
    sort(&mut found.kept);
    Ok(found)
}

/// Takes capsules in, and puts those out that are too many then; the names of either.
pub(crate) fn add(
    folder: &Path,
    capsules: &[Capsule],
    keep: usize,
) -> Result<(Vec<String>, Vec<String>), CliError> {
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
        files::write_capsule(folder, &kept.name, &kept.capsule)?;
    }
    remove(folder, &gone)?;
    Ok((added, gone))
}

/// Puts out the capsules of these names, and of those that stay the ones that are too many: the names of all that went,
/// and what is damaged, which stays.
pub(crate) fn put_out(
    folder: &Path,
    gone: &[String],
    keep: usize,
) -> Result<(Vec<String>, Vec<Damaged>), CliError> {
    if !folder.exists() {
        return Ok((Vec::new(), Vec::new()));
    }
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
fn remove(folder: &Path, names: &[String]) -> Result<(), CliError> {
    for path in names.iter().map(|name| folder.join(name)) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(CliError::Remove { path, error });
            }
            _ => {}
        }
    }
    Ok(())
}
