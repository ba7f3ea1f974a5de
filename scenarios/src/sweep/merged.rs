//! Shards of a sweep put together: their lines, one after the other in the order of the whole sweep.

use std::path::{Path, PathBuf};

use super::store::{RUNS, Store, whole_header, whole_shard};
use super::{Row, Sweep, SweepError, SweepOptions, SweepRun};
use crate::artefact::Growing;
use crate::begin::{Begin, FolderError};
use crate::shard::Shard;

/// The runs of a shard, and the lines that they stand in.
type Runs = (Vec<String>, Vec<Row>);

/// Every shard of a sweep, read.
#[derive(Debug)]
pub struct Shards(Vec<Runs>);

/// Reads a shard that is at its end.
fn read(sweep: &Sweep, shard: Shard, build: &str, folder: &Path) -> Result<Runs, String> {
    let runs = whole_shard(sweep, shard, build, &folder.join(RUNS))?;
    let (lines, rows): Runs = runs.collect::<Result<Vec<(String, Row)>, String>>()?.into_iter().unzip();
    let all = shard.count(sweep.runs());
    if rows.len() as u64 == all {
        Ok((lines, rows))
    } else {
        Err(format!("it has {} of its {all} runs", rows.len()))
    }
}

impl Shards {
    /// Reads the shards of a sweep, all of them and in their order.
    ///
    /// # Errors
    /// Which one cannot be taken, and why: it is of another sweep, has not all of its runs, or is damaged.
    pub fn read(sweep: &Sweep, build: &str, folders: &[(Shard, PathBuf)]) -> Result<Self, (PathBuf, String)> {
        let runs = folders
            .iter()
            .map(|(shard, folder)| read(sweep, *shard, build, folder).map_err(|why| (folder.clone(), why)));
        runs.collect::<Result<Vec<Runs>, _>>().map(Self)
    }

    /// Writes the file of runs as the whole sweep leaves it.
    ///
    /// # Errors
    /// If the folder cannot be written to, or holds an unfinished sweep.
    pub fn keep(self, sweep: &Sweep, build: &str, folder: &Path) -> Result<SweepRun, SweepError> {
        let options =
            SweepOptions { begin: Begin::Fresh, build: build.to_owned(), ..SweepOptions::default() };
        Store::open(sweep, folder, &options)?;
        let path = folder.join(RUNS);
        let written = || {
            let mut file = Growing::begin(&path)?;
            file.add(whole_header(sweep, build, &path)?.as_bytes())?;
            for number in 0..sweep.runs() {
                file.add(self.line(number).as_bytes())?;
            }
            file.finish()
        };
        written().map_err(FolderError::from)?;
        let mut shards: Vec<_> = self.0.into_iter().map(|(_, rows)| rows.into_iter()).collect();
        let of = shards.len();
        let rows = (0..).map_while(|number: usize| shards[number % of].next()).collect();
        Ok(SweepRun { rows, resumed: 0, interrupted: false })
    }

    /// The line of a run.
    fn line(&self, number: u64) -> &str {
        let of = self.0.len() as u64;
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        &self.0[place(number % of)].0[place(number / of)]
    }
}
