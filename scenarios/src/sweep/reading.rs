//! Runs are read in batches from the file in which they stand: as many as a sweep has, in the memory of one batch.

use std::io;
use std::path::{Path, PathBuf};

use sim_core::sweep::SweepTable;
use sim_core::text::csv_line;

use super::columns::columns;
use super::compare::PointRows;
use super::csv::{keys, plain};
use super::order::Order;
use super::store::{RUNS, lines_from, open_runs, out_of_order, read_row};
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
    /// For each point its first run, and where its line begins.
    starts: Vec<(u64, u64, u64)>,
    /// How many runs there are.
    runs: u64,
}

/// Runs under way from lines to a table.
pub(super) struct Counting<'a> {
    sweep: &'a Sweep,
    order: Order<'a>,
    tabulator: Tabulator<'a>,
    starts: Vec<(u64, u64, u64)>,
    /// Where the next line begins.
    at: u64,
}

impl<'a> Counting<'a> {
    /// Begins behind the first line, whose length is given.
    pub(super) fn new(sweep: &'a Sweep, header: u64) -> Self {
        let order = Order::new(sweep, Shard::WHOLE);
        Self { sweep, order, tabulator: Tabulator::new(sweep), starts: Vec::new(), at: header }
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
        let rule = self.sweep.file.stop.as_ref();
        let mut lengths = lines.iter().map(|line| line.len() as u64);
        let of = |(first, lines): (u64, &[String])| Part::of(rule, first, lines);
        for part in threads.map(pieces(self.order.taken(), lines), of) {
            let part = part?;
            for ((point, seed, watched), length) in part.runs.iter().zip(lengths.by_ref()) {
                let number = self.order.taken();
                if !self.order.take_value(*point, *seed, *watched) {
                    return Err((number, out_of_order(number + 2)));
                }
                if self.starts.last().is_none_or(|(last, ..)| last != point) {
                    self.starts.push((*point, number, self.at));
                }
                self.at += length;
            }
            self.tabulator.absorb(part);
        }
        Ok(())
    }

    /// The point of the next run, if one follows.
    pub(super) fn next_point(&self) -> Option<u64> {
        self.order.next_point()
    }

    /// The table, with the comparisons of runs that stand in a file.
    pub(super) fn finish(self, path: &Path) -> Result<Tabulated<'a>, SweepError> {
        let Self { sweep, order, tabulator, starts, .. } = self;
        let file = RunsFile { path: path.to_owned(), starts, runs: order.taken() };
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
        let Some(place) = self.starts.iter().position(|(known, ..)| *known == point as u64) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let (_, first, at) = self.starts[place];
        let end = self.starts.get(place + 1).map_or(self.runs, |(_, first, _)| *first);
        let lines = lines_from(&self.path, at)?;
        Ok(Box::new((first..end).zip(lines).map(move |(number, line)| read_row(number + 2, &line?))))
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
                let row = read_row(number + 2, line).map_err(|why| self.file.failed(why))?;
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
        self.file.batches(|first, lines| {
            let csv = |(first, lines): (u64, &[String])| {
                let mut text = String::new();
                for (number, line) in (first..).zip(lines) {
                    text += &csv_row(&read_row(number + 2, line)?, &keys, &self.columns);
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
