//! A corpus on the disk: a folder of capsules.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use scenarios::capsule::Capsule;
use scenarios::corpus::{Kept, file_name, sort, surplus};

use super::error::CliError;
use super::files;

/// Every capsule of a folder, the smallest and fastest first. A folder that is not there has none.
pub(crate) fn read(folder: &Path, edited: bool) -> Result<Vec<Kept>, CliError> {
    let failed = |error| CliError::Read { path: folder.to_owned(), error };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.retain(|path| path.to_string_lossy().ends_with(".capsule.json"));
    let one = |path: &PathBuf| {
        let (capsule, intact) = match files::capsule(path, edited) {
            // Somebody else put it out in the meantime.
            Err(CliError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Some(Kept { name, capsule, intact }))
    };
    let read = paths.iter().map(one).collect::<Result<Vec<Option<Kept>>, CliError>>()?;
    let mut corpus: Vec<Kept> = read.into_iter().flatten().collect();
    sort(&mut corpus);
    Ok(corpus)
}

/// Takes capsules in, and puts those out that are too many then; the names of either.
pub(crate) fn add(
    folder: &Path,
    capsules: &[Capsule],
    keep: usize,
) -> Result<(Vec<String>, Vec<String>), CliError> {
    let mut corpus = read(folder, true)?;
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

/// Puts capsules out. One that was never written, or that somebody else put out, is not missed.
pub(crate) fn remove(folder: &Path, names: &[String]) -> Result<(), CliError> {
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
