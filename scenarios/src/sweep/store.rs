//! The file of runs: a header, then one line for each run in order. It only grows, and a torn last line is dropped.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sim_core::tree;

use super::{Row, Sweep, SweepOptions};
use crate::ENGINE;
use crate::artefact::{self, WriteError, whole_lines};
use crate::begin::{Ahead, Begin, FolderError, Unfinished};

/// The longest line of a run, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    schema: String,
    engine: u32,
    build: String,
    sweep_hash: String,
    /// How many runs follow in a finished sweep.
    #[serde(default)]
    runs: u64,
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
    /// Starts the file, or goes on with it; the runs that are there already.
    pub(super) fn open(
        sweep: &Sweep,
        folder: &Path,
        options: &SweepOptions,
    ) -> Result<(Self, Vec<Row>), FolderError> {
        let path = folder.join("runs.jsonl");
        let header = Header {
            schema: "seedstorm.sweep-runs/1".to_owned(),
            engine: ENGINE,
            build: options.build.clone(),
            sweep_hash: sweep.hash.clone(),
            runs: sweep.runs(),
        };
        let rows = if options.begin == Begin::Resume {
            let (rows, length) =
                valid(sweep, &header, &path).map_err(|why| FolderError::resume(&path, why))?;
            let file = OpenOptions::new().write(true).open(&path).and_then(|file| {
                file.set_len(length)?;
                file.sync_all()
            });
            file.map_err(|error| WriteError { path: path.clone(), error })?;
            rows
        } else {
            if options.begin == Begin::Fresh {
                refuse_unfinished(sweep, &header, &path)?;
            }
            Vec::new()
        };
        let mut store = Self { header: line(&path, &header)?, path, file: None };
        if options.begin == Begin::Resume {
            store.file = Some(store.go_on()?);
        } else if !store.path.exists() {
            store.file = Some(store.begin("")?);
        }
        Ok((store, rows))
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

    /// Adds runs and brings them to the disk. Gives the runs as they will be read again: a sweep that goes on counts with
    /// the very same numbers as one that was never interrupted.
    pub(super) fn append(&mut self, rows: &[Row]) -> Result<Vec<Row>, WriteError> {
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
        let reread = text.lines().map(|line| tree::parse(line).map_err(io::Error::other));
        reread.collect::<io::Result<Vec<Row>>>().map_err(failed)
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
            (what, valid(sweep, ours, path).err().map_or(Ahead::Same, Ahead::Other))
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

/// The runs of a file and how many of its bytes they take; why not if it is not of this sweep.
fn valid(sweep: &Sweep, expected: &Header, path: &Path) -> Result<(Vec<Row>, u64), String> {
    let told = |error: io::Error| error.to_string();
    let mut lines = whole_lines(path, LONGEST_LINE).map_err(told)?;
    let first = lines.next().ok_or("it is empty")?.map_err(told)?;
    let header: Header = tree::parse(&first).map_err(|_| "it is not a file of runs")?;
    if header.schema != expected.schema {
        return Err("it is not a file of runs of this version".to_owned());
    }
    if header.sweep_hash != expected.sweep_hash {
        return Err("it is of another sweep: its points, seeds or scenarios differ".to_owned());
    }
    if header.engine != expected.engine {
        return Err(format!("it is of engine {}, and this is engine {}", header.engine, expected.engine));
    }
    if header.build != expected.build {
        return Err("it is of another build of this program".to_owned());
    }
    let seeds = sweep.seeds();
    let per_point = seeds.end - seeds.start;
    let (mut rows, mut length) = (Vec::new(), first.len() as u64);
    for line in lines {
        let line = line.map_err(|error| format!("line {}: {error}", rows.len() + 2))?;
        let row: Row = tree::parse(&line).map_err(|error| format!("line {}: {error}", rows.len() + 2))?;
        let number = rows.len() as u64;
        let in_order = row.point as u64 == number / per_point && row.seed == seeds.start + number % per_point;
        if !in_order || number >= sweep.runs() {
            return Err(format!("line {} is out of order", rows.len() + 2));
        }
        length += line.len() as u64;
        rows.push(row);
    }
    Ok((rows, length))
}
