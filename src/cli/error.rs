//! What can go wrong before or beside a run. Each reads on from "failed to".

use std::error::Error;
use std::io;
use std::path::PathBuf;

use reports::figure::FigureError;
use reports::record::RecordError;
use scenarios::artefact::{WriteError, path_text};
use scenarios::capsule::{CapsuleError, LARGEST};
use scenarios::corpus::folder::CorpusError;
use scenarios::explore::ExploreError;
use scenarios::merge::MergeError;
use scenarios::problem::Problems;
use scenarios::program::own;
use scenarios::replay::ReplayError;
use scenarios::reproduce::ReproduceError;
use scenarios::shrink::ShrinkError;
use scenarios::sweep::SweepError;
use sim_core::registry::LaunchError;
use sim_core::text::{clipped, one_line};

use super::exit::Exit;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The scenario makes no sense.
    #[error("{0}")]
    Scenario(#[from] Problems),
    /// Neither a file nor a built-in scenario.
    #[error("find a scenario \"{}\": there is no such file or built-in scenario{}", shown(name), hint(nearest.as_deref()))]
    NoScenario { name: String, nearest: Option<&'static str> },
    /// A file that cannot be read.
    #[error("read {}: {error}", path_text(path))]
    Read { path: PathBuf, error: io::Error },
    /// A file that is too large to be what it should be.
    #[error("read {}: it has more than {limit} bytes", path_text(path))]
    TooLarge { path: PathBuf, limit: u64 },
    /// No such planted bug.
    #[error("switch on \"{}\": {protocol} has no such plant{}; {known}", shown(name), hint(nearest.as_deref()))]
    NoPlant { name: String, protocol: &'static str, nearest: Option<&'static str>, known: String },
    /// A name that nothing has.
    #[error("explain \"{}\": nothing has this name{}; `seedstorm list` shows every name", shown(name), hint(nearest.as_deref()))]
    NoTerm { name: String, nearest: Option<String> },
    /// No history.
    #[error("{error}\n  in {path}\n  nothing was judged")]
    History { path: PathBuf, error: sim_core::history::ReadHistoryError },
    /// No capsule.
    #[error("{error}\n  in {}\n  nothing was run or written", path_text(path))]
    Capsule { path: PathBuf, error: CapsuleError },
    /// A folder or file that no page can be made of.
    #[error("draw {}: {why}", path_text(path))]
    NothingToDraw { path: PathBuf, why: &'static str },
    /// Something that is no run.
    #[error(
        "compare {}: it is no run; a side is the folder of a run, its record.json, a capsule or SCENARIO@SEED",
        path_text(path)
    )]
    NothingToCompare { path: PathBuf },
    /// A number that is no seed.
    #[error("run the seed \"{}\": {why}", shown(text))]
    NoSeed { text: String, why: String },
    /// No record of an exploration.
    #[error("{error}\n  in {}\n  nothing was written", path_text(path))]
    Campaign { path: PathBuf, error: reports::campaign::CampaignError },
    /// No table of a sweep.
    #[error("{error}\n  in {}\n  nothing was written", path_text(path))]
    SweepTable { path: PathBuf, error: reports::sweep::SweepTableError },
    /// No record.
    #[error("{error}\n  in {}\n  nothing was written", path_text(path))]
    Record { path: PathBuf, error: RecordError },
    /// A figure that cannot be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// A capsule that this program cannot run.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A capsule that cannot be shrunk.
    #[error(transparent)]
    Shrink(#[from] ShrinkError),
    /// A capsule of a run that broke nothing.
    #[error("add {} to the corpus: its run broke nothing", path_text(path))]
    NoFinding { path: PathBuf },
    /// The resolved scenario would take the place of the one that is run.
    #[error(
        "write the results beside {}: the resolved scenario would replace it; nothing was run or written",
        path_text(path)
    )]
    OwnScenario { path: PathBuf },
    /// Two results that would be written to one file.
    #[error(
        "write two results to {}: one would replace the other; nothing was run or written",
        path_text(path)
    )]
    OneForTwo { path: PathBuf },
    /// A file that cannot be removed.
    #[error("remove {}: {error}", path_text(path))]
    Remove { path: PathBuf, error: io::Error },
    /// No such node.
    #[error("find node \"{}\": this run has members n1..n{members} and {}", shown(name), clients_of(*clients))]
    NoNode { name: String, members: u32, clients: u32 },
    /// A run that failed as it was shrunk, and not as it was told.
    #[error("tell the story: the shrunk run does not fail any more, so it is not deterministic")]
    Untold,
    /// A scenario that cannot be run.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A campaign that could not go on.
    #[error(transparent)]
    Explore(#[from] ExploreError),
    /// The literature.
    #[error(transparent)]
    Reproduce(#[from] ReproduceError),
    /// Shards that cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// An engine could not do something; what, and why.
    #[error("{what}: {error}")]
    Engine { what: String, error: io::Error },
    /// The jobs of an earlier call are not at their end.
    #[error(
        "submit the campaign: job array {array} and the merge {merge} are still in the queue; --wait follows them, `scancel \
         {array} {merge}` ends them; nothing was submitted"
    )]
    UnderWay { array: String, merge: String },
    /// A format that no file of the command can have.
    #[error(
        "write in the format {format}: no file that the command writes can have it; nothing was run or written"
    )]
    NoFileFor { format: String },
    /// A format that this program was built without.
    #[cfg(not(feature = "parquet"))]
    #[error(
        "write Parquet: this program was built without it; `cargo build --release --features parquet` builds one with it"
    )]
    NoParquet,
    /// A log of latencies that cannot be made.
    #[error(transparent)]
    Latencies(#[from] reports::latency::LatencyError),
    /// Several folders, and none to write to.
    #[error("merge: --out DIR must say where the merged campaign is written; nothing was read or written")]
    NoOut,
    /// A sweep has no JUnit report.
    #[error(
        "merge: --junit and --github are for explorations, and these are shards of a sweep; nothing was written"
    )]
    SweepForMachines,
    /// A sweep that could not go on.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// Neither a file nor a built-in sweep.
    #[error("find a sweep \"{}\": there is no such file or built-in sweep{}", shown(name), hint(nearest.as_deref()))]
    NoSweep { name: String, nearest: Option<&'static str> },
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What was found could not be kept; why, reading on from "failed to".
    #[error("{0}")]
    Unkept(String),
    /// A document that cannot be made.
    #[error("make a document: {0}")]
    Document(#[from] serde_json::Error),
    /// A JUnit report that cannot be made.
    #[error("make a JUnit report: {0}")]
    Junit(io::Error),
    /// Stdout.
    #[error("write the result: {0}")]
    Output(io::Error),
}

/// A name that somebody wrote, as it is told.
fn shown(name: &str) -> String {
    clipped(&one_line(name), 200).into_owned()
}

fn clients_of(clients: u32) -> String {
    match clients {
        0 => "no clients".to_owned(),
        1 => "one client, c1".to_owned(),
        _ => format!("clients c1..c{clients}"),
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean \"{nearest}\"?"))
}

impl From<CorpusError> for CliError {
    fn from(error: CorpusError) -> Self {
        match error {
            CorpusError::Read { path, error } if error.kind() == io::ErrorKind::FileTooLarge => {
                Self::TooLarge { path, limit: LARGEST }
            }
            CorpusError::Read { path, error } => Self::Read { path, error },
            CorpusError::Capsule { path, error } => Self::Capsule { path, error },
            CorpusError::Remove { path, error } => Self::Remove { path, error },
            CorpusError::Write(error) => error.into(),
            CorpusError::Document(error) => error.into(),
        }
    }
}

impl CliError {
    /// Exit codes.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Untold
            | Self::Document(_)
            | Self::Junit(_)
            | Self::Figure(_)
            | Self::Latencies(_)
            | Self::Explore(ExploreError::Threads(_))
            | Self::Sweep(SweepError::Threads(_))
            | Self::Shrink(ShrinkError::Threads(_))
            | Self::Reproduce(
                ReproduceError::Threads(_) | ReproduceError::Scenario { .. } | ReproduceError::Launch { .. },
            ) => Exit::Internal,
            Self::Merge(MergeError::Clash { .. }) => Exit::Internal,
            Self::Merge(MergeError::NoShard(_)) => Exit::Inconclusive,
            Self::Unkept(_) | Self::Output(_) => Exit::Unkept,
            _ if self.lacks_room() => Exit::Unkept,
            _ => Exit::Usage,
        }
    }

    /// Whether a file could not be written for want of room. That is found when there is something to write, so it is not the
    /// arguments that are wrong.
    fn lacks_room(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let mut cause = self.source();
        while let Some(error) = cause {
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            if matches!(kind, Some(FileTooLarge | QuotaExceeded | StorageFull)) {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// The error for people.
    pub(crate) fn render(&self, color: bool) -> String {
        match self {
            Self::Scenario(problems) => problems.render(color),
            other => own(&format!("error: failed to {other}")),
        }
    }
}
