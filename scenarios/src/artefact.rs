//! Files that are there whole or not at all, and folders that one campaign at a time works in.

mod lock;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use lock::{FolderLock, LockError, lock};

/// A file that could not be written; whatever stood there before still does.
#[derive(Debug, thiserror::Error)]
#[error("write {path}: {error}")]
pub struct WriteError {
    /// Which file.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub error: io::Error,
}

/// Writes a file beside its place, brings it to the disk and then moves it there. Folders are made as needed.
///
/// # Errors
/// If any step fails; nothing half-written is left behind.
pub fn write(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    replace(path, content).map_err(|error| WriteError { path: path.to_owned(), error })
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.part", std::process::id()));
    let written = fill(&beside, content).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // The write's own error is the one to report; the part may not even exist.
        let _ = std::fs::remove_file(&beside);
    }
    written?;
    // The new name is durable only once its folder is; not every system lets a folder be opened for this.
    File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
}

fn fill(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"one").unwrap();
        let error = write(&path.join("below"), b"two").unwrap_err();
        assert!(error.to_string().starts_with("write "), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        // A folder in the place of the file cannot be replaced.
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(write(&folder.path().join("folder"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
