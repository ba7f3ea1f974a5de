//! Shards of a sweep put together: their lines, one after the other in the order of the whole sweep.
//!
//! Each shard is read in pieces, so that as many shards as there may be need little memory and no open files.

use std::path::{Path, PathBuf};

use super::lines::{LineFile, Lines};
use super::reading::{Counting, Tabulated};
use super::store::{RUNS, RUNS_CSV, Store, begins, whole, whole_header};
use super::{Sweep, SweepError, SweepOptions, SweepRun};
use crate::artefact::{Growing, path_text};
use crate::begin::{Begin, FolderError};
use crate::parallel::Threads;
use crate::shard::Shard;

/// How many bytes of all shards are in memory.
const IN_MEMORY: u64 = 256 << 20;
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
    let mut counting = Counting::new(sweep, header.len() as u64, Some(folder.join(RUNS_CSV)));
    let (mut made, mut turns) = (0, Turns::new(sweep, readers.len() as u64));
    let (mut batch, mut next) = (Batch::default(), Batch::default());
    turns.fill(&mut batch, &mut readers)?;
    while !batch.whose.is_empty() {
        // These lines are counted and written while the next ones are read.
        let Batch { lines, whose } = &batch;
        let (counted, (written, read)) = threads.both(
            || counting.take(lines, threads),
            || threads.both(|| file.add(lines.text().as_bytes()), || turns.fill(&mut next, &mut readers)),
        );
        counted.map_err(|(number, why)| {
            let Turn { reader, own, point } = whose[(number - made) as usize];
            // A line too few of a point shows at the first one of the next point, which is of another shard.
            let short = counting.next_point().filter(|expected| *expected < point);
            match short.and_then(|point| turns.of_point(point)) {
                Some(reader) => readers[reader].refused("it lacks runs of a point".to_owned()),
                None => readers[reader].refused(format!("run {own}: {why}")),
            }
        })?;
        written.map_err(unwritten)?;
        read?;
        made += lines.len() as u64;
        std::mem::swap(&mut batch, &mut next);
    }
    if let Some(reader) = counting.next_point().and_then(|point| turns.of_point(point)) {
        return Err(readers[reader].refused("it lacks runs of a point".to_owned()));
    }
    for reader in &mut readers {
        if reader.has_more()? {
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

    /// Makes a batch of the next lines; of none at the end.
    fn fill(&mut self, batch: &mut Batch, readers: &mut [Reader]) -> Result<(), MergeShardsError> {
        batch.lines.clear();
        batch.whose.clear();
        while !batch.lines.is_full() {
            let Some(turn) = self.next(readers)? else { break };
            batch.lines.push(readers[turn.reader].line(turn.own)?);
            batch.whose.push(turn);
        }
        Ok(())
    }

    /// Whose the next line is.
    fn next(&mut self, readers: &mut [Reader]) -> Result<Option<Turn>, MergeShardsError> {
        if self.sweep.file.stop.is_none() {
            let number = self.next;
            if number == self.sweep.runs() {
                return Ok(None);
            }
            self.next += 1;
            let seeds = self.sweep.seeds();
            let point = number / (seeds.end - seeds.start);
            return Ok(Some(Turn { reader: (number % self.of) as usize, own: number / self.of, point }));
        }
        while self.next < self.sweep.points.len() as u64 {
            let (point, reader) = (self.next, (self.next % self.of) as usize);
            if readers[reader].has(point)? {
                let own = self.given[reader];
                self.given[reader] += 1;
                return Ok(Some(Turn { reader, own, point }));
            }
            self.next += 1;
        }
        Ok(None)
    }
}

/// Some lines, and whose each is.
#[derive(Default)]
struct Batch {
    lines: Lines,
    whose: Vec<Turn>,
}

/// A shard that is read piece by piece.
struct Reader {
    folder: PathBuf,
    /// How many runs it should have.
    runs: u64,
    lines: LineFile,
}

impl Reader {
    fn open(sweep: &Sweep, shard: Shard, build: &str, folder: &Path, of: u64) -> Result<Self, String> {
        let mut lines = LineFile::new(&folder.join(RUNS), 0, (IN_MEMORY / of).clamp(PIECES.0, PIECES.1));
        begins(sweep, shard, build, lines.next()?.ok_or("it is empty")?)?;
        Ok(Self { folder: folder.to_owned(), runs: sweep.runs_of(shard), lines })
    }

    /// The line of its run `own`, which comes next.
    fn line(&mut self, own: u64) -> Result<&str, MergeShardsError> {
        let Self { folder, runs, lines } = self;
        let refused = |why| MergeShardsError::Shard { folder: folder.clone(), why };
        let line = lines.next().map_err(refused)?;
        line.ok_or_else(|| refused(format!("it has {own} of its {runs} runs")))
    }

    /// Whether it has a further line.
    fn has_more(&mut self) -> Result<bool, MergeShardsError> {
        self.lines.next_begins("").map_err(|why| self.refused(why))
    }

    /// Whether its next line is of a point.
    fn has(&mut self, point: u64) -> Result<bool, MergeShardsError> {
        let begins = self.lines.next_begins(&format!("{{\"point\":{point},"));
        begins.map_err(|why| self.refused(why))
    }

    fn refused(&self, why: String) -> MergeShardsError {
        MergeShardsError::Shard { folder: self.folder.clone(), why }
    }
}
