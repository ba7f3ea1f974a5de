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
    let (mut made, mut turns) = (0, Turns::new(sweep, readers.len() as u64));
    let mut batch = turns.batch(&mut readers)?;
    while !batch.0.is_empty() {
        // The next lines are read while these are counted.
        let (counted, next) = threads.both(|| counting.take(&batch.0, threads), || turns.batch(&mut readers));
        let (lines, whose) = &batch;
        counted.map_err(|(number, why)| {
            let Turn { reader, own, point } = whose[(number - made) as usize];
            // A line too few of a point shows at the first one of the next point, which is of another shard.
            let short = counting.next_point().filter(|expected| *expected < point);
            match short.and_then(|point| turns.of_point(point)) {
                Some(reader) => readers[reader].refused("it lacks runs of a point".to_owned()),
                None => readers[reader].refused(format!("run {own}: {why}")),
            }
        })?;
        file.add(lines.concat().as_bytes()).map_err(unwritten)?;
        made += lines.len() as u64;
        batch = next?;
    }
    if let Some(reader) = counting.next_point().and_then(|point| turns.of_point(point)) {
        return Err(readers[reader].refused("it lacks runs of a point".to_owned()));
    }
    for reader in &mut readers {
        if reader.next()?.is_some() {
            return Err(reader.refused("it has more runs than it should".to_owned()));
        }
    }
    file.finish().map_err(unwritten)?;
    let run = SweepRun { made, resumed: 0, interrupted: false };
    Ok((run, counting.finish(&path)?))
}

/// A line as one of a shard.
#[derive(Clone, Copy)]
struct Turn {
    /// The shard's place among all.
    reader: usize,
    /// Which of its own runs it is.
    own: u64,
    /// The point that it should be of.
    point: u64,
}

/// Which shard has the next line: each in turn has a run, or a point where points may stop early.
struct Turns<'a> {
    sweep: &'a Sweep,
    of: u64,
    /// How many runs there were, or of which point the next one is.
    next: u64,
    /// How many runs each shard has given. Only under a rule.
    given: Vec<u64>,
}

impl<'a> Turns<'a> {
    fn new(sweep: &'a Sweep, of: u64) -> Self {
        Self { sweep, of, next: 0, given: vec![0; of as usize] }
    }

    /// The shard that has a point whole.
    fn of_point(&self, point: u64) -> Option<usize> {
        self.sweep.file.stop.is_some().then_some((point % self.of) as usize)
    }

    /// The next lines, and whose each is; none at the end.
    fn batch(&mut self, readers: &mut [Reader]) -> Result<(Vec<String>, Vec<Turn>), MergeShardsError> {
        let (mut lines, mut whose) = (Vec::new(), Vec::new());
        while lines.len() < Counting::batch() {
            let Some((line, turn)) = self.next(readers)? else { break };
            lines.push(line);
            whose.push(turn);
        }
        Ok((lines, whose))
    }

    /// The next line, and whose it is.
    fn next(&mut self, readers: &mut [Reader]) -> Result<Option<(String, Turn)>, MergeShardsError> {
        if self.sweep.file.stop.is_none() {
            let number = self.next;
            if number == self.sweep.runs() {
                return Ok(None);
            }
            self.next += 1;
            let seeds = self.sweep.seeds();
            let point = number / (seeds.end - seeds.start);
            let turn = Turn { reader: (number % self.of) as usize, own: number / self.of, point };
            return Ok(Some((readers[turn.reader].line(turn.own)?, turn)));
        }
        while self.next < self.sweep.points.len() as u64 {
            let (point, reader) = (self.next, (self.next % self.of) as usize);
            if let Some(line) = readers[reader].line_of(point)? {
                let own = self.given[reader];
                self.given[reader] += 1;
                return Ok(Some((line, Turn { reader, own, point })));
            }
            self.next += 1;
        }
        Ok(None)
    }
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
            runs: sweep.runs_of(shard),
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

    /// The next line if it is of a point.
    fn line_of(&mut self, point: u64) -> Result<Option<String>, MergeShardsError> {
        let begin = format!("{{\"point\":{point},");
        let end = self.fill().map_err(|why| self.refused(why))?;
        match end {
            Some(end) if self.bytes[self.used..end].starts_with(begin.as_bytes()) => self.next(),
            _ => Ok(None),
        }
    }

    /// The next line, with its end; what is behind the last one may be torn.
    fn read(&mut self) -> Result<Option<String>, String> {
        let Some(end) = self.fill()? else { return Ok(None) };
        let line = std::str::from_utf8(&self.bytes[self.used..end]).map_err(|_| "a line is not UTF-8")?;
        let line = line.to_owned();
        self.used = end;
        Ok(Some(line))
    }

    /// Where the next line ends among the bytes, if there is one.
    fn fill(&mut self) -> Result<Option<usize>, String> {
        loop {
            let rest = &self.bytes[self.used..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.used + end + 1));
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
