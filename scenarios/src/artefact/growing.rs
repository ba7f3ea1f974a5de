//! A file that is written piece by piece and appears under its name only when it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{WriteError, begin_part, beside, own};

/// A file in the making, beside its place. If it is dropped before it is finished, nothing of it is left.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    file: File,
    /// Where it grows; a device or a pipe is written to as it is.
    part: Option<PathBuf>,
}

impl Growing {
    /// Begins a file. Folders are made as needed.
    ///
    /// # Errors
    /// If nothing can be written there, or what stands there is not of this program.
    pub fn begin(path: &Path) -> Result<Self, WriteError> {
        let failed = |error| WriteError { path: path.to_owned(), error };
        let (file, part) = open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, part })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, piece: &[u8]) -> Result<(), WriteError> {
        self.file.write_all(piece).map_err(|error| WriteError { path: self.path.clone(), error })
    }

    /// Brings the file to the disk, and then to its place.
    ///
    /// # Errors
    /// If either fails; whatever stood there before still does then.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let failed = |error| WriteError { path: self.path.clone(), error };
        if let Some(part) = &self.part {
            self.file.sync_all().and_then(|()| std::fs::rename(part, &self.path)).map_err(failed)?;
        }
        self.part = None;
        Ok(())
    }
}

/// For writers of formats, which write in pieces of their own.
impl Write for Growing {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.file.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            // Whatever went wrong before is what is reported.
            let _ = std::fs::remove_file(part);
        }
    }
}

fn open(path: &Path) -> io::Result<(File, Option<PathBuf>)> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => return Ok((OpenOptions::new().write(true).open(path)?, None)),
        _ => {}
    }
    own(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let part = beside(folder, &name);
    Ok((begin_part(&part)?, Some(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/trace.txt");
        let mut file = Growing::begin(&path).unwrap();
        file.add(b"one ").unwrap();
        file.add(b"two").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        let mut given_up = Growing::begin(&path).unwrap();
        given_up.add(b"other").unwrap();
        drop(given_up);
        assert_eq!(std::fs::read(&path).unwrap(), b"one two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(Growing::begin(folder.path()).is_err());
    }
}
