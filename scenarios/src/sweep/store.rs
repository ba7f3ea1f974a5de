//! The file of runs: a header, then one line for each run in order. It only grows, and a torn last line is dropped.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Row, Sweep, SweepError, SweepOptions};
use crate::ENGINE;
use crate::artefact::{self, WriteError};
use crate::begin::{Ahead, Begin, Unfinished};

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
    file: File,
}

impl Store {
    /// Starts the file, or goes on with it; the runs that are there already.
    pub(super) fn open(
        sweep: &Sweep,
        folder: &Path,
        options: &SweepOptions,
    ) -> Result<(Self, Vec<Row>), SweepError> {
        let path = folder.join("runs.jsonl");
        let header = Header {
            schema: "seedstorm.sweep-runs/1".to_owned(),
            engine: ENGINE,
            build: options.build.clone(),
            sweep_hash: sweep.hash.clone(),
            runs: sweep.runs(),
        };
        let rows = if options.begin == Begin::Resume {
            let text = std::fs::read_to_string(&path).map_err(|error| refuse(&path, error.to_string()))?;
            let (rows, length) = valid(sweep, &header, &text).map_err(|why| refuse(&path, why))?;
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
            artefact::write(&path, line(&path, &header)?.as_bytes())?;
            Vec::new()
        };
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|error| WriteError { path: path.clone(), error })?;
        Ok((Self { path, file }, rows))
    }

    /// Adds runs and brings them to the disk. Gives the runs as they will be read again: a sweep that goes on counts with
    /// the very same numbers as one that was never interrupted.
    pub(super) fn append(&mut self, rows: &[Row]) -> Result<Vec<Row>, WriteError> {
        let mut text = String::new();
        for row in rows {
            text += &line(&self.path, row)?;
        }
        let failed = |error| WriteError { path: self.path.clone(), error };
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data()).map_err(failed)?;
        let reread = text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from));
        reread.collect::<io::Result<Vec<Row>>>().map_err(failed)
    }
}

/// Refuses to replace what somebody waited for: a sweep that has runs and is not at its end.
fn refuse_unfinished(sweep: &Sweep, ours: &Header, path: &Path) -> Result<(), SweepError> {
    artefact::ours(path)?;
    let text = match std::fs::read(path) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(WriteError { path: path.to_owned(), error }.into()),
    };
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let header = lines.next().and_then(|first| serde_json::from_str::<Header>(first).ok());
    let (what, ahead) = match (header, lines.count() as u64) {
        (None, _) if text.is_empty() => return Ok(()),
        (Some(header), runs) if runs == 0 || runs == header.runs => return Ok(()),
        (Some(header), runs) => {
            let what = format!("an unfinished sweep is there, with {runs} of {} runs", header.runs);
            (what, valid(sweep, ours, &text).err().map_or(Ahead::Same, Ahead::Other))
        }
        (None, _) => {
            let why = "its first line cannot be read".to_owned();
            ("the runs of a sweep are there".to_owned(), Ahead::Nobody(why))
        }
    };
    Err(SweepError::Unfinished(Unfinished { path: path.to_owned(), what, ahead }))
}

fn refuse(path: &Path, why: String) -> SweepError {
    SweepError::Resume { path: path.to_owned(), why }
}

fn line<T: Serialize>(path: &Path, value: &T) -> Result<String, WriteError> {
    let text = serde_json::to_string(value).map_err(io::Error::from);
    text.map(|text| text + "\n").map_err(|error| WriteError { path: path.to_owned(), error })
}

/// The runs of a file and how many of its bytes they take; why not if it is not of this sweep.
fn valid(sweep: &Sweep, expected: &Header, text: &str) -> Result<(Vec<Row>, u64), String> {
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let first = lines.next().ok_or("it is empty")?;
    let header: Header = serde_json::from_str(first).map_err(|_| "it is not a file of runs")?;
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
        let row: Row =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", rows.len() + 2))?;
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
