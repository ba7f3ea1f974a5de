//! What a run leaves for other programs, and the one place that decides in which format.

use std::path::Path;

use clap::ValueEnum;
use scenarios::artefact;
use scenarios::plan::Plan;
use scenarios::runs_table::{RowFormat, TableFile};
use scenarios::trace_file::{TraceFormat, TraceText, parts};
use sim_core::history::{write_edn, write_history};
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::trace::TraceRequest;

use super::error::CliError;
use super::terminal::Terminal;

/// The formats of files for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Text for people, one line per event (*.txt).
    Text,
    /// JSON lines (*.jsonl, *.json).
    Jsonl,
    /// Comma-separated values (*.csv).
    Csv,
    /// Apache Parquet (*.parquet); only of a program built with the feature `parquet`.
    Parquet,
    /// The Trace Event Format, for Perfetto and Chrome (*.perfetto.json, *.chrome.json).
    Perfetto,
    /// Events with vector clocks, for ShiViz (*.shiviz).
    Shiviz,
    /// A history as Jepsen writes it (*.edn).
    Edn,
    /// An HdrHistogram log, one histogram per second of virtual time (*.hlog).
    Hlog,
    /// A table of percentiles, as HdrHistogram prints it (*.hgrm).
    Hgrm,
}

/// What endings of names say; of several that fit, the first.
const ENDINGS: [(&str, FileFormat); 11] = [
    (".perfetto.json", FileFormat::Perfetto),
    (".chrome.json", FileFormat::Perfetto),
    (".json", FileFormat::Jsonl),
    (".jsonl", FileFormat::Jsonl),
    (".txt", FileFormat::Text),
    (".csv", FileFormat::Csv),
    (".parquet", FileFormat::Parquet),
    (".shiviz", FileFormat::Shiviz),
    (".edn", FileFormat::Edn),
    (".hlog", FileFormat::Hlog),
    (".hgrm", FileFormat::Hgrm),
];

/// What can be written, each with its formats: the first is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// Every event of a run.
    Trace,
    /// What clients asked and were told.
    History,
    /// How long operations took.
    Latencies,
    /// The runs of a campaign.
    Runs,
}

impl Export {
    const fn formats(self) -> &'static [FileFormat] {
        match self {
            Self::Trace => &[FileFormat::Text, FileFormat::Jsonl, FileFormat::Perfetto, FileFormat::Shiviz],
            Self::History => &[FileFormat::Jsonl, FileFormat::Edn],
            Self::Latencies => &[FileFormat::Hlog, FileFormat::Hgrm],
            Self::Runs => &[FileFormat::Csv, FileFormat::Jsonl, FileFormat::Parquet],
        }
    }

    /// The format of a file: what was asked for, else what its name says, else the default. Of several formats that were
    /// asked for, it is the first that fits.
    pub(crate) fn format(self, path: &Path, asked: &[FileFormat]) -> FileFormat {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let fits = |format: &FileFormat| self.formats().contains(format);
        let named = ENDINGS.iter().filter(|(ending, _)| name.ends_with(ending)).map(|(_, format)| *format);
        asked.iter().copied().chain(named).find(fits).unwrap_or(self.formats()[0])
    }
}

/// Refuses formats that none of the files can have.
pub(crate) fn check_formats(asked: &[FileFormat], files: &[(Export, bool)]) -> Result<(), CliError> {
    let fits = |format: &FileFormat| {
        files.iter().any(|(export, written)| *written && export.formats().contains(format))
    };
    let name = |format: &FileFormat| {
        format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    };
    match asked.iter().find(|format| !fits(format)) {
        Some(format) => Err(CliError::NoFileFor { format: name(format) }),
        None => Ok(()),
    }
}

/// Where the runs of a campaign are written, after a look whether they can be.
pub(crate) fn runs_file(
    path: Option<&Path>,
    asked: Option<FileFormat>,
) -> Result<Option<TableFile>, CliError> {
    check_formats(asked.as_slice(), &[(Export::Runs, path.is_some())])?;
    let Some(path) = path else { return Ok(None) };
    artefact::fit_file(path)?;
    let format = match Export::Runs.format(path, asked.as_slice()) {
        FileFormat::Jsonl => RowFormat::JsonLines,
        #[cfg(feature = "parquet")]
        FileFormat::Parquet => RowFormat::Parquet,
        #[cfg(not(feature = "parquet"))]
        FileFormat::Parquet => return Err(CliError::NoParquet),
        _ => RowFormat::Csv,
    };
    Ok(Some(TableFile { path: path.to_owned(), format }))
}

/// Writes what clients saw.
pub(crate) fn write_clients_history(
    path: &Path,
    format: FileFormat,
    model: ObjectModel,
    outcome: &Outcome,
) -> Result<(), CliError> {
    let mut text = Vec::new();
    let written = match format {
        FileFormat::Edn => write_edn(model, &outcome.history, &mut text),
        _ => write_history(&outcome.history, &mut text),
    };
    written.map_err(|error| CliError::Read { path: path.to_owned(), error })?;
    Ok(artefact::write(path, &text)?)
}

/// Writes how long operations took.
pub(crate) fn write_latencies(path: &Path, format: FileFormat, outcome: &Outcome) -> Result<(), CliError> {
    let text = match format {
        FileFormat::Hgrm => reports::latency::percentiles(&outcome.history).into_bytes(),
        _ => reports::latency::log(&outcome.history)?,
    };
    Ok(artefact::write(path, &text)?)
}

/// A trace to be written.
pub(crate) struct TraceFile<'a> {
    pub(crate) path: &'a Path,
    pub(crate) format: FileFormat,
    /// The name of the scenario.
    pub(crate) scenario: &'a str,
    pub(crate) request: &'a TraceRequest,
}

impl TraceFile<'_> {
    /// Writes every event of a run that was traced; "-" is stdout.
    pub(crate) fn write(&self, plan: &Plan, outcome: &Outcome, terminal: &Terminal) -> Result<(), CliError> {
        let Some(first) = &outcome.trace else { return Ok(()) };
        let mut writing = TraceText::new(match self.format {
            FileFormat::Jsonl => TraceFormat::JsonLines,
            FileFormat::Perfetto => TraceFormat::Chrome,
            FileFormat::Shiviz => TraceFormat::ShiViz,
            _ => TraceFormat::Text,
        });
        let head = writing.head(self.scenario, plan.setup.seed);
        if self.path == Path::new("-") {
            terminal.write(&head)?;
            parts(plan, self.request, first, |part| terminal.write(&writing.part(part)))?;
            return terminal.write(&writing.tail());
        }
        let mut file = artefact::Growing::begin(self.path)?;
        file.add(head.as_bytes())?;
        parts(plan, self.request, first, |part| Ok::<_, CliError>(file.add(writing.part(part).as_bytes())?))?;
        file.add(writing.tail().as_bytes())?;
        Ok(file.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_asked_for_or_named_or_the_default() {
        let of = |export: Export, name: &str, asked: &[FileFormat]| export.format(Path::new(name), asked);
        for (name, format) in [
            ("t", FileFormat::Text),
            ("t.log", FileFormat::Text),
            ("a/t.JSONL", FileFormat::Jsonl),
            ("t.json", FileFormat::Jsonl),
            ("t.perfetto.json", FileFormat::Perfetto),
            ("t.chrome.json", FileFormat::Perfetto),
            ("t.shiviz", FileFormat::Shiviz),
            // A history's ending says nothing of a trace.
            ("t.edn", FileFormat::Text),
        ] {
            assert_eq!(of(Export::Trace, name, &[]), format, "{name}");
        }
        assert_eq!(of(Export::History, "h.edn", &[]), FileFormat::Edn);
        assert_eq!(of(Export::History, "h", &[FileFormat::Perfetto, FileFormat::Edn]), FileFormat::Edn);
        assert_eq!(of(Export::Latencies, "l.hgrm", &[FileFormat::Hlog]), FileFormat::Hlog);
        assert_eq!(of(Export::Runs, "runs.jsonl", &[]), FileFormat::Jsonl);
        assert_eq!(of(Export::Runs, "runs.parquet", &[]), FileFormat::Parquet);
    }

    #[test]
    fn a_format_that_no_file_can_have_is_refused() {
        let files = [(Export::Trace, true), (Export::History, false)];
        assert!(check_formats(&[FileFormat::Shiviz], &files).is_ok());
        let refused = check_formats(&[FileFormat::Text, FileFormat::Edn], &files).unwrap_err();
        assert!(refused.to_string().contains("edn"), "{refused}");
    }
}
