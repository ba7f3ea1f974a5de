//! Atomic files (complete or absent), and folders that only one campaign at a time may use.

mod abandoned;
mod bounded;
mod growing;
mod lock;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sim_core::text::one_line;

pub use bounded::{digest_of, read_bytes, read_piece, read_text, text_of, whole_lines, whole_lines_from};
pub use growing::Growing;
pub use lock::{FolderLock, LockError, lock, wait_for};

/// A file that could not be written; whatever stood there before still does.
#[derive(Debug, thiserror::Error)]
#[error("write {}: {error}", path_text(path))]
pub struct WriteError {
    /// Which file.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub error: io::Error,
}

/// A path as it is told: names of files may hold anything.
pub fn path_text(path: &Path) -> String {
    one_line(&path.display().to_string()).into_owned()
}

/// Writes a file beside its place, brings it to the disk and then moves it there. Folders are made as needed. Two
/// programs that write one file at once do not mix: the file is one of the two, whole.
///
/// # Errors
/// If any step fails, or a JSON file stands there that is not of this program; nothing half-written is left behind,
/// and whatever stood there still does.
pub fn write(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    replace(path, content).map_err(|error| WriteError { path: path.to_owned(), error })
}

/// Whether results can be written into a folder, asked before anything is run: it is one or can become one, something
/// can be written there, and what stands there under these names is of this program.
///
/// # Errors
/// Why not. Nothing is left behind.
pub fn fit(folder: &Path, names: &[&str]) -> Result<(), WriteError> {
    let refused = |error| WriteError { path: folder.to_owned(), error };
    let nearest = folder.ancestors().find(|ancestor| ancestor.as_os_str().is_empty() || ancestor.exists());
    let nearest = nearest.filter(|ancestor| !ancestor.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !nearest.is_dir() {
        let why = format!("{} is a file, not a folder; nothing was run or written", nearest.display());
        return Err(refused(io::Error::new(io::ErrorKind::NotADirectory, why)));
    }
    for name in names {
        own(&folder.join(name)).map_err(refused)?;
    }
    let probe = beside(nearest, "probe");
    let probed = File::create(&probe).and_then(|made| {
        abandoned::clear(nearest, &made);
        std::fs::remove_file(&probe)
    });
    probed.map_err(|error| {
        refused(io::Error::new(error.kind(), format!("{error}; nothing was run or written")))
    })
}

/// [`fit`] for one file.
///
/// # Errors
/// Why it cannot be written. Nothing is left behind.
pub fn fit_file(path: &Path) -> Result<(), WriteError> {
    let refused = |error| WriteError { path: path.to_owned(), error };
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => {
            let why = "it is a folder, not a file; nothing was run or written";
            Err(refused(io::Error::new(io::ErrorKind::IsADirectory, why)))
        }
        // A device or a pipe is written to as it is.
        Ok(there) if !there.is_file() => Ok(()),
        _ => {
            fit(path.parent().unwrap_or(Path::new("")), &[])?;
            ours(path)
        }
    }
}

/// A name that nobody else uses at this time. [`abandoned`] knows it again.
fn beside(folder: &Path, name: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    folder.join(format!(".{name}.{}.{count}.part", std::process::id()))
}

/// A file in the making, locked for as long as it is one. Where a file system knows no locks there is none.
fn begin_part(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    // Nobody else knows the name.
    let _ = file.try_lock();
    Ok(file)
}

/// Whether a file may be replaced: nothing stands there, or something that this program has written.
///
/// # Errors
/// If it is of somebody else, or cannot be read.
pub fn ours(path: &Path) -> Result<(), WriteError> {
    own(path).map_err(|error| WriteError { path: path.to_owned(), error })
}

/// By what a file of this program is known: documents name their schema, pages what made them.
fn mark(path: &Path) -> Option<&'static [u8]> {
    match path.extension()?.to_str()? {
        "json" | "jsonl" => Some(b"\"seedstorm."),
        "html" => Some(b"Made by seedstorm from"),
        _ => None,
    }
}

/// Refuses to replace a document or a page that is not of this program.
fn own(path: &Path) -> io::Result<()> {
    let Some(mark) = mark(path) else { return Ok(()) };
    match bounded::is_empty_or_has(path, mark) {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let why = format!("{} is not a file of this program; nothing was replaced", path.display());
    Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        // A device or a pipe is written to: to replace it would take it from everybody.
        return OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    own(path)?;
    let beside = beside(folder, &name);
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
    let mut file = begin_part(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.csv");
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

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        std::fs::write(&path, b"{\"mine\": 1}").unwrap();
        assert!(write(&path, b"{}").unwrap_err().to_string().contains("not a file of this program"));
        assert!(fit(folder.path(), &["record.json"]).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"mine\": 1}");
        std::fs::write(&path, b"{\"schema\": \"seedstorm.record/1\"}").unwrap();
        write(&path, b"{}").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_fit_if_it_is_one_or_can_become_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "new", "new/er/still"] {
            fit(&folder.path().join(name), &[]).unwrap();
        }
        std::fs::write(folder.path().join("file"), b"x").unwrap();
        for name in ["file", "file/below"] {
            let error = fit(&folder.path().join(name), &[]).unwrap_err();
            assert!(error.to_string().contains("is a file, not a folder"), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_to_and_stays_one() {
        use std::os::unix::fs::FileTypeExt;
        let is_device = |path: &Path| std::fs::metadata(path).unwrap().file_type().is_char_device();
        let (null, full) = (Path::new("/dev/null"), Path::new("/dev/full"));
        write(null, b"x").unwrap();
        assert!(write(full, b"x").is_err());
        assert!(is_device(null) && is_device(full));
    }

    #[test]
    fn what_others_have_written_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for (name, theirs, own) in [
            ("a.json", "{}", "{\"schema\": \"seedstorm.x/1\"}"),
            ("a.jsonl", "{}\n", "{\"schema\": \"seedstorm.x/1\"}\n"),
            ("a.html", "<p>mine", "<footer>Made by seedstorm from "),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, theirs).unwrap();
            assert!(write(&path, own.as_bytes()).is_err() && ours(&path).is_err(), "{name}");
            assert!(fit(folder.path(), &[name]).is_err(), "{name}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
            std::fs::write(&path, own).unwrap();
            assert!(fit(folder.path(), &[name]).is_ok() && write(&path, own.as_bytes()).is_ok(), "{name}");
        }
    }

    #[test]
    fn many_writers_of_one_file_leave_one_of_theirs_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content = |writer: u8| vec![writer; 100_000];
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || write(path, &content(writer)).unwrap());
            }
        });
        let left = std::fs::read(&path).unwrap();
        assert_eq!(left, content(left[0]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
