//! Shards of a sweep put together: their lines, one after the other in the order of the whole sweep.
//!
//! Each shard is read in pieces, so that as many shards as there may be need little memory and no open files.

use std::path::{Path, PathBuf};

use super::reading::{Counting, Tabulated};
use super::store::{LONGEST_LINE, RUNS, Store, begins, whole, whole_header};
use super::{Sweep, SweepError, SweepOptions, SweepRun};
use crate::artefact::{Growing, path_text, read_piece};
use crate::begin::{Begin, FolderError};
use crate::parallel::Threads;
use crate::shard::Shard;

/// How many bytes of all shards are in memory.
const IN_MEMORY: u64 = 64 << 20;
/// And of each, at least and at most.
const PIECES: (u64, u64) = (4 << 10, 1 << 20);

/// Why shards could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum MergeShardsError {
    /// A shard cannot be taken.
    #[error("{}: {why}", path_text(folder))]
    Shard {
        /// Its folder.
        folder: PathBuf,
        /// Why not: it is of another sweep, has not all of its runs, or is damaged.
        why: String,
    },
    /// The whole cannot be written.
    #[error(transparent)]
    Sweep(#[from] SweepError),
}

/// Whether a folder holds the sweep in one piece, at its end.
///
/// # Errors
/// Why not.
pub fn holds_whole(sweep: &Sweep, build: &str, folder: &Path) -> Result<(), String> {
    whole(sweep, build, &folder.join(RUNS))
}

/// Puts shards together, all of them and in their order: writes the file of runs as the whole sweep leaves it, and counts
/// what they come to.
///
/// # Errors
/// If a shard cannot be taken, or the folder cannot be written to or holds an unfinished sweep. What stood there before still
/// does then.
pub fn merge_shards<'a>(
    sweep: &'a Sweep,
    build: &str,
    shards: &[(Shard, PathBuf)],
    folder: &Path,
    threads: &Threads,
) -> Result<(SweepRun, Tabulated<'a>), MergeShardsError> {
    let mut readers = Vec::with_capacity(shards.len());
    for (shard, place) in shards {
        let reader = Reader::open(sweep, *shard, build, place, shards.len() as u64);
        readers.push(reader.map_err(|why| MergeShardsError::Shard { folder: place.clone(), why })?);
    }
    let fresh = SweepOptions { begin: Begin::Fresh, build: build.to_owned(), ..SweepOptions::default() };
    Store::open(sweep, folder, &fresh).map_err(SweepError::from)?;
    let path = folder.join(RUNS);
    let unwritten = |error| MergeShardsError::from(SweepError::from(FolderError::from(error)));
    let header = whole_header(sweep, build, &path).map_err(unwritten)?;
    let mut file = Growing::begin(&path).map_err(unwritten)?;
    file.add(header.as_bytes()).map_err(unwritten)?;
    let mut counting = Counting::new(sweep, header.len() as u64);
    let (runs, of) = (sweep.runs(), readers.len() as u64);
    let mut next = 0;
    while next < runs {
        let end = runs.min(next + Counting::batch() as u64);
        let lines: Result<Vec<String>, _> =
            (next..end).map(|number| readers[(number % of) as usize].line(number / of)).collect();
        let lines = lines?;
        counting.take(&lines, threads).map_err(|(number, why)| {
            readers[(number % of) as usize].refused(format!("run {}: {why}", number / of))
        })?;
        file.add(lines.concat().as_bytes()).map_err(unwritten)?;
        next = end;
    }
    for reader in &mut readers {
        if reader.next()?.is_some() {
            return Err(reader.refused("it has more runs than it should".to_owned()));
        }
    }
    file.finish().map_err(unwritten)?;
    let run = SweepRun { made: runs, resumed: 0, interrupted: false };
    Ok((run, counting.finish(&path)?))
}

/// A shard that is read piece by piece.
struct Reader {
    folder: PathBuf,
    path: PathBuf,
    /// How many runs it should have.
    runs: u64,
    piece: u64,
    /// Where the next piece begins.
    at: u64,
    bytes: Vec<u8>,
    /// How many of the bytes were given out.
    used: usize,
}

impl Reader {
    fn open(sweep: &Sweep, shard: Shard, build: &str, folder: &Path, of: u64) -> Result<Self, String> {
        let mut reader = Self {
            folder: folder.to_owned(),
            path: folder.join(RUNS),
            runs: shard.count(sweep.runs()),
            piece: (IN_MEMORY / of).clamp(PIECES.0, PIECES.1),
            at: 0,
            bytes: Vec::new(),
            used: 0,
        };
        let first = reader.read().map_err(|error| error.to_string())?.ok_or("it is empty")?;
        begins(sweep, shard, build, &first)?;
        Ok(reader)
    }

    /// The line of its run `own`.
    fn line(&mut self, own: u64) -> Result<String, MergeShardsError> {
        let runs = self.runs;
        self.next()?.ok_or_else(|| self.refused(format!("it has {own} of its {runs} runs")))
    }

    fn next(&mut self) -> Result<Option<String>, MergeShardsError> {
        self.read().map_err(|why| self.refused(why))
    }

    /// The next line, with its end; what is behind the last one may be torn.
    fn read(&mut self) -> Result<Option<String>, String> {
        loop {
            let rest = &self.bytes[self.used..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = std::str::from_utf8(&rest[..=end]).map_err(|_| "a line is not UTF-8")?;
                self.used += end + 1;
                return Ok(Some(line.to_owned()));
            }
            if rest.len() as u64 > LONGEST_LINE {
                return Err(format!("a line has more than {LONGEST_LINE} bytes"));
            }
            let piece = read_piece(&self.path, self.at, self.piece).map_err(|error| error.to_string())?;
            if piece.is_empty() {
                return Ok(None);
            }
            self.at += piece.len() as u64;
            self.bytes.drain(..self.used);
            self.used = 0;
            self.bytes.extend(piece);
        }
    }

    fn refused(&self, why: String) -> MergeShardsError {
        MergeShardsError::Shard { folder: self.folder.clone(), why }
    }
}
