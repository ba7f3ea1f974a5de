//! Shards that cannot be merged yet are kept in the folder of the merged campaign.

use std::fs;
use std::io;
use std::path::Path;

use super::Gathered;
use crate::artefact::{WriteError, read_bytes, write};
use crate::campaign::Seal;
use crate::shard::Shard;

/// The folder in which shards are kept until the others are there.
pub const KEPT: &str = "merged-shards";

/// Copies shards into a folder, but for those that are in it.
///
/// # Errors
/// If one cannot be read or written.
pub fn keep(gathered: &Gathered, out: &Path) -> Result<(), WriteError> {
    for (shard, part) in &gathered.parts {
        let to = out.join(KEPT).join(shard.folder_name());
        if is_in(part, out) || Seal::read(&to).is_ok() {
            continue;
        }
        let failed = |error| WriteError { path: to.clone(), error };
        let seal = Seal::read(part).map_err(|error| failed(io::Error::other(error)))?;
        // The seal comes last: without it, the copy is not whole.
        for name in seal.files.keys().map(String::as_str).chain([Seal::NAME]) {
            write(&to.join(name), &read_bytes(&part.join(name)).map_err(failed)?)?;
        }
    }
    Ok(())
}

fn is_in(part: &Path, out: &Path) -> bool {
    part.canonicalize().ok().zip(out.canonicalize().ok()).is_some_and(|(part, out)| part.starts_with(out))
}

/// Removes the copies of shards, since the whole campaign is there now.
///
/// # Errors
/// If one cannot be removed.
pub fn drop_kept(gathered: &Gathered, out: &Path) -> Result<(), WriteError> {
    let kept = out.join(KEPT);
    let failed = |error| WriteError { path: kept.clone(), error };
    if !kept.is_dir() {
        return Ok(());
    }
    for shard in Shard::all(gathered.of).map(|shard| kept.join(shard.folder_name())) {
        if shard.is_dir() {
            fs::remove_dir_all(&shard).map_err(failed)?;
        }
    }
    // Something else in it is of somebody else.
    match fs::remove_dir(&kept) {
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(failed(error)),
        _ => Ok(()),
    }
}
