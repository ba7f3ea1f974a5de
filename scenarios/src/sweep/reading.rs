//! Runs are read in batches from the file in which they stand: as many as a sweep has, in the memory of one batch.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sim_core::ordered::OrderedSet;
use sim_core::sorting::SortSeldom;
use sim_core::sweep::SweepTable;

use super::compare::PointRows;
use super::csv::RunsCsv;
use super::line::LineReader;
use super::lines::{LineFile, Lines, Piece};
use super::order::Order;
use super::store::{RUNS, RUNS_CSV, lines_from, open_runs, out_of_order, read_row};
use super::tabulate::{Counted, Tabulator, Worker};
use super::{Row, Sweep, SweepError};
use crate::artefact::{Growing, WriteError};
use crate::begin::FolderError;
use crate::parallel::Threads;
use crate::shard::Shard;

/// How many pieces of a batch there are for each thread: the more there are, the less threads wait for each other at its end.
const PIECES: usize = 8;
/// How many bytes of a file are read at once.
pub(super) const READ: u64 = 1 << 20;

/// The runs of a sweep in their file, and what they come to.
#[derive(Debug)]
pub struct Tabulated<'a> {
    /// What the runs come to.
    pub table: SweepTable,
    sweep: &'a Sweep,
    file: RunsFile,
    /// Every column in which something was measured, by name.
    columns: Vec<String>,
    /// The table of runs, if it was written while they were counted.
    csv: RefCell<Option<CsvFile>>,
}

/// A table of runs in the making.
#[derive(Debug)]
struct CsvFile {
    path: PathBuf,
    file: Growing,
    table: Arc<RunsCsv>,
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
    reader: LineReader,
    /// Each counts pieces of batches, one at a time, and waits here in between: there are as many as threads. What they have counted is put
    /// together at the end of a point: that is the same whichever of them counted what.
    workers: Mutex<Vec<Worker>>,
    tabulator: Tabulator<'a>,
    starts: Vec<(u64, u64, u64)>,
    /// Where the next line begins.
    at: u64,
    /// The table of runs. Which columns it has is seen in the first batch; if a later run has others, it is given up.
    csv: Option<CsvFile>,
    /// Rows of the last batch, which are written while the next one is counted.
    rows: Vec<Option<String>>,
    /// Where the table of runs is begun with the first batch.
    csv_path: Option<PathBuf>,
}

impl<'a> Counting<'a> {
    /// Begins behind the first line, whose length is given. A table of runs is written meanwhile if it has a path.
    pub(super) fn new(sweep: &'a Sweep, header: u64, csv_path: Option<PathBuf>) -> Self {
        Self {
            csv: None,
            rows: Vec::new(),
            csv_path,
            sweep,
            order: Order::new(sweep, Shard::WHOLE),
            reader: LineReader::new(sweep),
            workers: Mutex::new(Vec::new()),
            tabulator: Tabulator::new(sweep),
            starts: Vec::new(),
            at: header,
        }
    }

    /// Takes in the next lines.
    ///
    /// # Errors
    /// The number of the first run that is not what it should be, and why.
    pub(super) fn take(&mut self, lines: &Lines, threads: &Threads) -> Result<(), (u64, String)> {
        let (rule, reader) = (self.sweep.file.stop.as_ref(), &self.reader);
        let table = self.csv.as_ref().map(|csv| csv.table.clone());
        let (first, mut rows) = (self.order.taken(), Vec::new());
        let (csv, before) = (&mut self.csv, std::mem::take(&mut self.rows));
        let pieces = lines.pieces(first, threads.count() * PIECES);
        let workers = &self.workers;
        let free = || workers.lock().unwrap_or_else(PoisonError::into_inner);
        let take = |piece| {
            let mut worker = free().pop().unwrap_or_default();
            let taken = worker.take(reader, rule, table.as_deref(), piece);
            free().push(worker);
            taken
        };
        let (all_taken, ()) =
            threads.both(|| threads.map(pieces, take), || *csv = csv.take().and_then(|csv| csv.with(before)));
        for taken in all_taken {
            for Counted { point, seed, watched, length } in taken.runs {
                let number = self.order.taken();
                if !self.order.take_value(point, seed, watched) {
                    return Err((number, out_of_order(number + 2)));
                }
                if self.starts.last().is_none_or(|(last, ..)| *last != point) {
                    self.starts.push((point, number, self.at));
                }
                self.at += length;
            }
            taken.failed.map_or(Ok(()), Err)?;
            rows.push(taken.rows);
        }
        if let Some(path) = self.csv_path.take() {
            self.csv = self.begin_csv(path, lines.pieces(first, 1));
        } else {
            self.rows = rows;
        }
        if let Some((under_way, ..)) = self.starts.last() {
            let under_way = *under_way;
            self.end_points(|point| point as u64 != under_way);
        }
        Ok(())
    }

    /// Begins the table of runs with the first batch. What cannot be written is told where the table is asked for.
    fn begin_csv(&self, path: PathBuf, batch: Vec<Piece<'_>>) -> Option<CsvFile> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let columns: OrderedSet<&str> = workers.iter().flat_map(Worker::columns).collect();
        let table = Arc::new(RunsCsv::new(self.sweep, columns.into_iter().map(str::to_owned).collect()));
        let rows = batch.into_iter().map(|piece| table.rows(&self.reader, piece).ok());
        let rows: Vec<_> = std::iter::once(Some(table.head())).chain(rows).collect();
        let file = Growing::begin(&path).ok()?;
        CsvFile { path, file, table }.with(rows)
    }

    /// Puts together what was counted of points that are at their end.
    fn end_points(&mut self, ended: impl Fn(usize) -> bool) {
        let workers = self.workers.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut points: Vec<_> = workers.iter_mut().flat_map(|worker| worker.end(&ended)).collect();
        points.sort_seldom_by_key(|(point, _)| *point);
        points.into_iter().for_each(|(point, tally)| self.tabulator.absorb(point, tally));
    }

    /// The point of the next run, if one follows.
    pub(super) fn next_point(&self) -> Option<u64> {
        self.order.next_point()
    }

    /// The table, with the comparisons of runs that stand in a file.
    pub(super) fn finish(mut self, path: &Path) -> Result<Tabulated<'a>, SweepError> {
        self.end_points(|_| true);
        let Self { sweep, order, tabulator, starts, csv, rows, .. } = self;
        let csv = csv.and_then(|csv| csv.with(rows));
        let file = RunsFile { path: path.to_owned(), starts, runs: order.taken() };
        let (table, columns) =
            tabulator.finish(&|point| file.of_point(point)).map_err(|why| file.failed(why))?;
        let csv = RefCell::new(csv.filter(|csv| csv.table.columns() == columns));
        Ok(Tabulated { table, sweep, file, columns, csv })
    }
}

impl CsvFile {
    /// With more rows; nothing if some do not fit its columns, or cannot be written.
    fn with(mut self, rows: Vec<Option<String>>) -> Option<Self> {
        let added =
            rows.into_iter().all(|rows| rows.is_some_and(|rows| self.file.add(rows.as_bytes()).is_ok()));
        added.then_some(self)
    }
}

impl RunsFile {
    fn failed(&self, why: String) -> SweepError {
        failed(&self.path, why)
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

    /// Calls with every batch of lines, and the number of its first run.
    fn batches(&self, mut call: impl FnMut(u64, &Lines) -> Result<(), SweepError>) -> Result<(), SweepError> {
        let Some((_, _, at)) = self.starts.first() else { return Ok(()) };
        let mut lines = LineFile::new(&self.path, *at, READ);
        let (mut first, mut batch) = (0, Lines::default());
        while first < self.runs {
            batch.clear();
            while !batch.is_full() && first + (batch.len() as u64) < self.runs {
                let line = lines.next().and_then(|line| line.ok_or_else(|| "it lacks runs".to_owned()));
                batch.push(line.map_err(|why| self.failed(why))?);
            }
            call(first, &batch)?;
            first += batch.len() as u64;
        }
        Ok(())
    }
}

fn failed(path: &Path, why: String) -> SweepError {
    let error = io::Error::new(io::ErrorKind::InvalidData, why);
    FolderError::from(WriteError { path: path.to_owned(), error }).into()
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
        let failed = |why: String| failed(&path, why);
        if runs == 0 {
            return Counting::new(sweep, 0, None).finish(&path);
        }
        let (header, mut lines) = open_runs(sweep, Shard::WHOLE, build, &path).map_err(failed)?;
        let mut counting = Counting::new(sweep, header, Some(folder.join(RUNS_CSV)));
        let mut left = runs;
        let mut batch = || {
            let mut batch = Lines::default();
            while left > 0 && !batch.is_full() {
                let Some(line) = lines.next()? else { break };
                batch.push(line);
                left -= 1;
            }
            Ok(batch)
        };
        let mut now = batch().map_err(failed)?;
        while now.len() > 0 {
            // The next lines are read while these are counted.
            let (counted, next) = threads.both(|| counting.take(&now, threads), &mut batch);
            counted.map_err(|(_, why)| failed(why))?;
            now = next.map_err(failed)?;
        }
        counting.finish(&path)
    }

    /// Calls with every run, in order.
    ///
    /// # Errors
    /// If the file cannot be read any more, or the first of `call`.
    pub fn each(&self, mut call: impl FnMut(&Row) -> Result<(), WriteError>) -> Result<(), SweepError> {
        self.file.batches(|first, lines| {
            for (number, line) in lines.pieces(first, 1).into_iter().flat_map(Piece::lines) {
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
        if let Some(csv) = self.csv.borrow_mut().take_if(|csv| csv.path == path) {
            return Ok(csv.file.finish().map_err(FolderError::from)?);
        }
        let (reader, table) = (LineReader::new(self.sweep), RunsCsv::new(self.sweep, self.columns.clone()));
        let mut file = Growing::begin(path).map_err(FolderError::from)?;
        file.add(table.head().as_bytes()).map_err(FolderError::from)?;
        self.file.batches(|first, lines| {
            let pieces = lines.pieces(first, threads.count() * PIECES);
            for text in threads.map(pieces, |piece| table.rows(&reader, piece)) {
                let text = text.map_err(|why| self.file.failed(why))?;
                file.add(text.as_bytes()).map_err(FolderError::from)?;
            }
            Ok(())
        })?;
        Ok(file.finish().map_err(FolderError::from)?)
    }
}

#[cfg(test)]
mod tests;
