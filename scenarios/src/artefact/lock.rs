//! One campaign at a time in a folder, and one who changes a corpus. A lock belongs to the process: it is gone with it,
//! however it ends.

use std::fs::{File, OpenOptions, TryLockError, create_dir_all};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::WriteError;

/// The file that is locked. It stays, since removing it would race with the next one who locks it.
const NAME: &str = ".seedstorm.lock";

/// A folder that nobody else works in, for as long as this lives.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    /// Closing the file gives the lock back.
    _file: File,
}

impl FolderLock {
    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Why a folder could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else works in it.
    #[error(
        "use the folder {0}: another campaign is at work in it; wait for it, or choose another one with --out"
    )]
    Held(PathBuf),
    /// It cannot be written to.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Locks a folder, made if needed. Where a file system knows no locks there is none.
///
/// # Errors
/// If another process holds it, or the folder cannot be made or written to.
pub fn lock(folder: &Path) -> Result<FolderLock, LockError> {
    let path = folder.join(NAME);
    let failed = |error| WriteError { path: folder.to_owned(), error };
    create_dir_all(folder).map_err(failed)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(LockError::Held(folder.to_owned())),
        Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
            Err(failed(error).into())
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(FolderLock { folder: folder.to_owned(), _file: file }),
    }
}

/// Waits until nobody else changes what a folder holds; the folder is made if needed. Who has it keeps it for as long
/// as it takes to read and write some files. It has nothing to do with [`lock`]: a campaign may keep its corpus in its own
/// folder.
///
/// # Errors
/// If the folder cannot be made or read.
pub fn wait_for(folder: &Path) -> Result<FolderLock, WriteError> {
    let failed = |error| WriteError { path: folder.to_owned(), error };
    create_dir_all(folder).map_err(failed)?;
    let file = handle(folder).map_err(failed)?;
    match file.lock() {
        Err(error) if error.kind() != ErrorKind::Unsupported => Err(failed(error)),
        Ok(()) | Err(_) => Ok(FolderLock { folder: folder.to_owned(), _file: file }),
    }
}

/// The folder itself, so that nothing is left in it: a corpus is kept in a repository.
#[cfg(unix)]
fn handle(folder: &Path) -> std::io::Result<File> {
    File::open(folder)
}

#[cfg(not(unix))]
fn handle(folder: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".seedstorm-corpus.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_changes_a_folder_is_waited_for_and_a_campaign_is_not() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("made/here");
        let held = wait_for(&inner).unwrap();
        assert!(lock(&inner).is_ok(), "a campaign may have the folder besides");
        let released = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let _held = wait_for(&inner).unwrap();
                assert!(released.load(Ordering::SeqCst), "two have it at once");
            });
            // Time for the other one to be wrong in; it is never wrong about being right.
            std::thread::sleep(std::time::Duration::from_millis(50));
            released.store(true, Ordering::SeqCst);
            drop(held);
            waiting.join().unwrap();
        });
    }

    #[test]
    fn a_folder_is_held_by_one_and_free_again() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("made/here");
        let held = lock(&inner).unwrap();
        assert!(matches!(lock(&inner), Err(LockError::Held(path)) if path == inner));
        drop(held);
        assert!(lock(&inner).is_ok());
        std::fs::write(folder.path().join("file"), "x").unwrap();
        assert!(matches!(lock(&folder.path().join("file")), Err(LockError::Write(_))));
    }
}
