//! The file of runs: a header, then one line for each run in order. It only grows, and a torn last line is dropped.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sim_core::tree;

use super::line::LineReader;
use super::lines::LineFile;
use super::order::Order;
use super::reading::READ;
use super::{Row, Sweep, SweepOptions};
use crate::ENGINE;
use crate::artefact::{self, WriteError, whole_lines, whole_lines_from};
use crate::begin::{Ahead, Begin, FolderError, Unfinished};
use crate::shard::Shard;

/// The file in the folder.
pub const RUNS: &str = "runs.jsonl";

/// The same as a table, beside it.
pub const RUNS_CSV: &str = "runs.csv";

/// The longest line of a run, in bytes.
pub(super) const LONGEST_LINE: u64 = 1 << 20;

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    schema: String,
    engine: u32,
    build: String,
    sweep_hash: String,
    /// How many runs follow in a finished sweep; where points may stop early, how many at most.
    #[serde(default)]
    runs: u64,
    #[serde(default, skip_serializing_if = "Shard::is_whole")]
    shard: Shard,
}

impl Header {
    fn new(sweep: &Sweep, shard: Shard, build: &str) -> Self {
        Self {
            schema: "seedstorm.sweep-runs/1".to_owned(),
            engine: ENGINE,
            build: build.to_owned(),
            sweep_hash: sweep.hash.clone(),
            runs: sweep.runs_of(shard),
            shard,
        }
    }
}

/// The open file.
pub(super) struct Store {
    path: PathBuf,
    /// The header's line.
    header: String,
    /// Absent while the file of another campaign stands there: it is kept until there are runs to put in its place.
    file: Option<File>,
}

impl Store {
    /// Starts the file, or goes on with it behind the runs that are there already.
    pub(super) fn open<'a>(
        sweep: &'a Sweep,
        folder: &Path,
        options: &SweepOptions,
    ) -> Result<(Self, Order<'a>), FolderError> {
        let path = folder.join(RUNS);
        let header = Header::new(sweep, options.shard, &options.build);
        let resumed = match options.begin {
            Begin::Resume => {
                Some(valid(sweep, &header, &path).map_err(|why| FolderError::resume(&path, why))?)
            }
            Begin::GoOn => valid(sweep, &header, &path).ok(),
            Begin::Fresh | Begin::Over => None,
        };
        let resumes = resumed.is_some();
        let order = if let Some((order, length)) = resumed {
            let file = OpenOptions::new().write(true).open(&path).and_then(|file| {
                file.set_len(length)?;
                file.sync_all()
            });
            file.map_err(|error| WriteError { path: path.clone(), error })?;
            order
        } else {
            if options.begin != Begin::Over {
                refuse_unfinished(sweep, &header, &path)?;
            }
            Order::new(sweep, options.shard)
        };
        let mut store = Self { header: line(&path, &header)?, path, file: None };
        if resumes {
            store.file = Some(store.go_on()?);
        } else if !store.path.exists() {
            store.file = Some(store.begin("")?);
        }
        Ok((store, order))
    }

    /// Puts a new file with runs in place.
    fn begin(&self, runs: &str) -> Result<File, WriteError> {
        artefact::write(&self.path, format!("{}{runs}", self.header).as_bytes())?;
        self.go_on()
    }

    fn go_on(&self) -> Result<File, WriteError> {
        let file = OpenOptions::new().append(true).open(&self.path);
        file.map_err(|error| WriteError { path: self.path.clone(), error })
    }

    /// Adds runs and brings them to the disk.
    pub(super) fn append(&mut self, rows: &[Row]) -> Result<(), WriteError> {
        let mut text = String::new();
        for row in rows {
            text += &line(&self.path, row)?;
        }
        let failed = |error| WriteError { path: self.path.clone(), error };
        match &mut self.file {
            Some(file) => file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?,
            None if rows.is_empty() => {}
            None => self.file = Some(self.begin(&text)?),
        }
        Ok(())
    }
}

/// Refuses to replace what somebody waited for: a sweep that has runs and is not at its end.
fn refuse_unfinished(sweep: &Sweep, ours: &Header, path: &Path) -> Result<(), FolderError> {
    artefact::ours(path)?;
    let failed = |error| WriteError { path: path.to_owned(), error };
    let mut lines = match whole_lines(path, LONGEST_LINE) {
        Ok(lines) => lines,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error).into()),
    };
    let header = lines.next().and_then(|first| tree::parse::<Header>(&first.ok()?).ok());
    let empty = std::fs::metadata(path).map_err(failed)?.len() == 0;
    // More of them than a sweep has would be counted without end.
    let most = header.as_ref().map_or(0, |header| header.runs).saturating_add(1);
    let runs = lines.take_while(Result::is_ok).take(usize::try_from(most).unwrap_or(usize::MAX)).count();
    let (what, ahead) = match (header, runs as u64) {
        (None, _) if empty => return Ok(()),
        (Some(header), runs) if runs == 0 || runs == header.runs => return Ok(()),
        (Some(header), runs) => {
            let what = format!("an unfinished sweep is there, with {runs} of {} runs", header.runs);
            match valid(sweep, ours, path) {
                Ok((order, _)) if order.is_at_end() => return Ok(()),
                Ok(_) => (what, Ahead::Same),
                Err(why) => (what, Ahead::Other(why)),
            }
        }
        (None, _) => {
            let why = "its first line cannot be read".to_owned();
            ("the runs of a sweep are there".to_owned(), Ahead::Nobody(why))
        }
    };
    Err(FolderError::Unfinished(Unfinished { path: path.to_owned(), what, ahead }))
}

fn line<T: Serialize>(path: &Path, value: &T) -> Result<String, WriteError> {
    let text = serde_json::to_string(value).map_err(io::Error::from);
    text.map(|text| text + "\n").map_err(|error| WriteError { path: path.to_owned(), error })
}

/// The line that a sweep in one piece begins with.
pub(super) fn whole_header(sweep: &Sweep, build: &str, path: &Path) -> Result<String, WriteError> {
    line(path, &Header::new(sweep, Shard::WHOLE, build))
}

/// Where a file of runs is, and how many of its bytes they take; why not if it is not of this sweep.
fn valid<'a>(sweep: &'a Sweep, expected: &Header, path: &Path) -> Result<(Order<'a>, u64), String> {
    let (mut length, mut lines) = lines(expected, path)?;
    let (mut order, reader) = (Order::new(sweep, expected.shard), LineReader::new(sweep));
    loop {
        let place = order.taken() + 2;
        let Some(line) = lines.next().map_err(|error| format!("line {place}: {error}"))? else { break };
        if !reader.read(place, line, |row| order.take_view(row))? {
            return Err(out_of_order(place));
        }
        length += line.len() as u64;
    }
    Ok((order, length))
}

/// Whether a folder holds a sweep in one piece, at its end; why not.
pub(super) fn whole(sweep: &Sweep, build: &str, path: &Path) -> Result<(), String> {
    let header = Header::new(sweep, Shard::WHOLE, build);
    let (order, _) = valid(sweep, &header, path)?;
    let (runs, most) = (order.taken(), header.runs);
    if order.is_at_end() { Ok(()) } else { Err(format!("it has {runs} of its {most} runs")) }
}

/// The length of a file's first line, and the lines of its runs; why not if it is not of this sweep.
pub(super) fn open_runs(
    sweep: &Sweep,
    shard: Shard,
    build: &str,
    path: &Path,
) -> Result<(u64, LineFile), String> {
    lines(&Header::new(sweep, shard, build), path)
}

fn lines(expected: &Header, path: &Path) -> Result<(u64, LineFile), String> {
    let mut lines = LineFile::new(path, 0, READ);
    let first = lines.next()?.ok_or("it is empty")?;
    is_header(first, expected)?;
    Ok((first.len() as u64, lines))
}

/// Lines of runs, or why no more can be read.
type ReadLines = Box<dyn Iterator<Item = Result<String, String>>>;

/// The lines of runs from where one begins.
pub(super) fn lines_from(path: &Path, at: u64) -> Result<ReadLines, String> {
    let told = |error: io::Error| error.to_string();
    let lines = whole_lines_from(path, at, LONGEST_LINE).map_err(told)?;
    Ok(Box::new(lines.map(move |line| line.map_err(told))))
}

/// Whether a first line is that of a shard of this sweep; why not.
pub(super) fn begins(sweep: &Sweep, shard: Shard, build: &str, first: &str) -> Result<(), String> {
    is_header(first, &Header::new(sweep, shard, build))
}

fn is_header(first: &str, expected: &Header) -> Result<(), String> {
    let header: Header = tree::parse(first).map_err(|_| "it is not a file of runs")?;
    same(&header, expected)
}

/// A line of a run as a row; why not if it is none. There are millions of them: they are read without a tree in between,
/// which only tells what is wrong with a line.
pub(super) fn read_row(place: u64, line: &str) -> Result<Row, String> {
    serde_json::from_str(line)
        .or_else(|_| tree::parse(line))
        .map_err(|error| format!("line {place}: {error}"))
}

/// Why a line is refused that is not the one of the next run.
pub(super) fn out_of_order(place: u64) -> String {
    format!("line {place} is out of order")
}

/// Why a file of runs is not of this sweep.
fn same(header: &Header, expected: &Header) -> Result<(), String> {
    if header.schema != expected.schema {
        Err("it is not a file of runs of this version".to_owned())
    } else if header.sweep_hash != expected.sweep_hash {
        Err("it is of another sweep: its points, seeds or scenarios differ".to_owned())
    } else if header.engine != expected.engine {
        Err(format!("it is of engine {}, and this is engine {}", header.engine, expected.engine))
    } else if header.shard != expected.shard {
        Err(format!("it is shard {}, not {}", header.shard, expected.shard))
    } else if header.build != expected.build {
        Err("it is of another build of this program".to_owned())
    } else {
        Ok(())
    }
}
