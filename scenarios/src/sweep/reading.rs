//! Runs are read in batches from the file in which they stand: as many as a sweep has, in the memory of one batch.

use std::io;
use std::path::{Path, PathBuf};

use sim_core::sweep::SweepTable;
use sim_core::text::csv_line;

use super::columns::columns;
use super::compare::PointRows;
use super::csv::{keys, plain};
use super::store::{RUNS, Shape, lines_from, open_runs};
use super::tabulate::{Part, Tabulator};
use super::{Row, Sweep, SweepError};
use crate::artefact::{Growing, WriteError};
use crate::begin::FolderError;
use crate::parallel::Threads;
use crate::shard::Shard;

/// How many lines one thread takes at once.
const PIECE: usize = 1_024;
/// How many pieces there are in memory.
const PIECES: usize = 8;

/// The runs of a sweep in their file, and what they come to.
#[derive(Debug)]
pub struct Tabulated<'a> {
    /// What the runs come to.
    pub table: SweepTable,
    sweep: &'a Sweep,
    file: RunsFile,
    /// Every column in which something was measured, by name.
    columns: Vec<String>,
}

/// A file of runs that was read once.
#[derive(Debug)]
struct RunsFile {
    path: PathBuf,
    shape: Shape,
    /// For each point its first run, and where its line begins.
    starts: Vec<(u64, u64, u64)>,
    /// How many runs there are.
    runs: u64,
}

/// Runs under way from lines to a table.
pub(super) struct Counting<'a> {
    sweep: &'a Sweep,
    shape: Shape,
    tabulator: Tabulator<'a>,
    starts: Vec<(u64, u64, u64)>,
    runs: u64,
    /// Where the next line begins.
    at: u64,
}

impl<'a> Counting<'a> {
    /// Begins behind the first line, whose length is given.
    pub(super) fn new(sweep: &'a Sweep, header: u64) -> Self {
        let shape = Shape::of(sweep, Shard::WHOLE);
        Self { sweep, shape, tabulator: Tabulator::new(sweep), starts: Vec::new(), runs: 0, at: header }
    }

    /// How many lines fit a batch.
    pub(super) const fn batch() -> usize {
        PIECE * PIECES
    }

    /// Takes in the next lines.
    ///
    /// # Errors
    /// The number of the first run that is not what it should be, and why.
    pub(super) fn take(&mut self, lines: &[String], threads: &Threads) -> Result<(), (u64, String)> {
        let shape = self.shape;
        for part in threads.map(pieces(self.runs, lines), |(first, lines)| Part::of(shape, first, lines)) {
            self.tabulator.absorb(part?);
        }
        for line in lines {
            let point = self.shape.point(self.runs);
            if self.starts.last().is_none_or(|(last, ..)| *last != point) {
                self.starts.push((point, self.runs, self.at));
            }
            self.runs += 1;
            self.at += line.len() as u64;
        }
        Ok(())
    }

    /// The table, with the comparisons of runs that stand in a file.
    pub(super) fn finish(self, path: &Path) -> Result<Tabulated<'a>, SweepError> {
        let Self { sweep, shape, tabulator, starts, runs, .. } = self;
        let file = RunsFile { path: path.to_owned(), shape, starts, runs };
        let (table, columns) =
            tabulator.finish(&|point| file.of_point(point)).map_err(|why| file.failed(why))?;
        Ok(Tabulated { table, sweep, file, columns })
    }
}

impl RunsFile {
    fn failed(&self, why: String) -> SweepError {
        let error = io::Error::new(io::ErrorKind::InvalidData, why);
        FolderError::from(WriteError { path: self.path.clone(), error }).into()
    }

    /// The runs of a point, none if there are none.
    fn of_point(&self, point: usize) -> Result<PointRows, String> {
        let Some((_, first, at)) = self.starts.iter().find(|(known, ..)| *known == point as u64) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let (shape, first) = (self.shape, *first);
        let numbers = (first..self.runs).take_while(move |number| shape.point(*number) == point as u64);
        let lines = lines_from(&self.path, *at)?;
        Ok(Box::new(numbers.zip(lines).map(move |(number, line)| shape.row(number, &line?))))
    }

    /// Calls with every batch of lines.
    fn batches(
        &self,
        mut call: impl FnMut(u64, &[String]) -> Result<(), SweepError>,
    ) -> Result<(), SweepError> {
        let Some((_, _, at)) = self.starts.first() else { return Ok(()) };
        let lines = lines_from(&self.path, *at).map_err(|why| self.failed(why))?;
        let (mut first, mut batch) = (0, Vec::with_capacity(Counting::batch()));
        for line in lines.take(usize::try_from(self.runs).unwrap_or(usize::MAX)) {
            batch.push(line.map_err(|why| self.failed(why))?);
            if batch.len() == Counting::batch() {
                call(first, &batch)?;
                first += batch.len() as u64;
                batch.clear();
            }
        }
        call(first, &batch)
    }
}

impl<'a> Tabulated<'a> {
    /// Reads the runs that a whole sweep left in a folder; the first `runs` of them, which may be none.
    ///
    /// # Errors
    /// If they cannot be read, or are not of this sweep.
    pub fn read(
        sweep: &'a Sweep,
        folder: &Path,
        build: &str,
        runs: u64,
        threads: &Threads,
    ) -> Result<Self, SweepError> {
        let path = folder.join(RUNS);
        let failed = |why: String| {
            let error = io::Error::new(io::ErrorKind::InvalidData, why);
            SweepError::from(FolderError::from(WriteError { path: path.clone(), error }))
        };
        if runs == 0 {
            return Counting::new(sweep, 0).finish(&path);
        }
        let (header, lines) = open_runs(sweep, Shard::WHOLE, build, &path).map_err(failed)?;
        let mut counting = Counting::new(sweep, header);
        let mut batch = Vec::with_capacity(Counting::batch());
        for line in lines.take(usize::try_from(runs).unwrap_or(usize::MAX)) {
            batch.push(line.map_err(failed)?);
            if batch.len() == Counting::batch() {
                counting.take(&batch, threads).map_err(|(_, why)| failed(why))?;
                batch.clear();
            }
        }
        counting.take(&batch, threads).map_err(|(_, why)| failed(why))?;
        counting.finish(&path)
    }

    /// Calls with every run, in order.
    ///
    /// # Errors
    /// If the file cannot be read any more, or the first of `call`.
    pub fn each(&self, mut call: impl FnMut(&Row) -> Result<(), WriteError>) -> Result<(), SweepError> {
        self.file.batches(|first, lines| {
            for (number, line) in (first..).zip(lines) {
                let row = self.file.shape.row(number, line).map_err(|why| self.file.failed(why))?;
                call(&row).map_err(FolderError::from)?;
            }
            Ok(())
        })
    }

    /// Writes a row for each run, with the columns in which something was measured.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn write_runs_csv(&self, path: &Path, threads: &Threads) -> Result<(), SweepError> {
        let keys =
            keys(self.sweep.points.iter().flat_map(|point| point.at.iter().map(|(key, _)| key.as_str())));
        let mut heads = vec!["base".to_owned()];
        heads.extend(keys.iter().cloned());
        heads.extend(["seed", "verdict", "digest"].map(str::to_owned));
        heads.extend(self.columns.iter().cloned());
        let mut file = Growing::begin(path).map_err(FolderError::from)?;
        file.add(csv_line(heads).as_bytes()).map_err(FolderError::from)?;
        let shape = self.file.shape;
        self.file.batches(|first, lines| {
            let csv = |(first, lines): (u64, &[String])| {
                let mut text = String::new();
                for (number, line) in (first..).zip(lines) {
                    text += &csv_row(&shape.row(number, line)?, &keys, &self.columns);
                }
                Ok(text)
            };
            for text in threads.map(pieces(first, lines), csv) {
                let text = text.map_err(|why| self.file.failed(why))?;
                file.add(text.as_bytes()).map_err(FolderError::from)?;
            }
            Ok(())
        })?;
        Ok(file.finish().map_err(FolderError::from)?)
    }
}

/// Lines in pieces, each with the number of its first run.
fn pieces(first: u64, lines: &[String]) -> Vec<(u64, &[String])> {
    (first..).step_by(PIECE).zip(lines.chunks(PIECE)).collect()
}

fn csv_row(row: &Row, keys: &[String], names: &[String]) -> String {
    let numbers = columns(row);
    let mut cells = vec![row.base.clone()];
    cells.extend(keys.iter().map(|key| row.at.get(key).map(plain).unwrap_or_default()));
    cells.extend([row.seed.to_string(), row.verdict.clone(), row.digest.to_string()]);
    cells.extend(names.iter().map(|name| numbers.get(name).map(f64::to_string).unwrap_or_default()));
    csv_line(cells)
}
