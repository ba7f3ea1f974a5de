//! Reports of a campaign for other programs: JUnit and GitHub.

use std::path::PathBuf;

use clap::Args;
use scenarios::artefact;
use scenarios::junit::{self, Suite};

use super::error::CliError;
use super::files;
use super::terminal::Terminal;

/// Which other programs are told what a campaign came to.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct MachineArguments {
    /// Write a JUnit report too: a case for each capsule of a corpus, each check, and each demand on the campaign.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Annotate a GitHub workflow (on stderr), and add to the job's summary if there is one.
    #[arg(long)]
    github: bool,
}

impl MachineArguments {
    /// Whether anybody is told.
    pub(crate) const fn asked(&self) -> bool {
        self.github || self.junit.is_some()
    }

    /// Makes sure that what is asked for can be written, before anything runs.
    pub(crate) fn fit(&self) -> Result<(), CliError> {
        self.junit.as_deref().map_or(Ok(()), |path| Ok(artefact::fit_file(path)?))
    }

    /// Tells them.
    pub(crate) fn tell(
        &self,
        command: &str,
        suites: &[Suite],
        annotations: &str,
        summary: &str,
        terminal: &Terminal,
    ) -> Result<(), CliError> {
        if let Some(path) = &self.junit {
            let text = junit::document(command, suites).map_err(CliError::Junit)?;
            artefact::write(path, text.as_bytes())?;
        }
        if self.github {
            if !annotations.is_empty() {
                terminal.complain(annotations.trim_end());
            }
            files::add_to_job_summary(summary)?;
        }
        Ok(())
    }
}
