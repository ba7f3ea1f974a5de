//! `completions`: what a shell needs to complete this program's arguments.

use clap::Args;
use clap_complete::{Shell, generate};
use scenarios::program;

use crate::cli::arguments::command;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// Which shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm completions bash > ~/.local/share/bash-completion/completions/seedstorm
  seedstorm completions zsh  > ~/.zfunc/_seedstorm
  seedstorm completions fish > ~/.config/fish/completions/seedstorm.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell.
    pub(crate) shell: Shell,
}

/// Prints the completions of a shell.
pub(crate) fn completions(arguments: &CompletionsArguments, terminal: &Terminal) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command(), program::name(), &mut script);
    let script = String::from_utf8_lossy(&script);
    let document = || {
        serde_json::json!({
            "schema": "seedstorm.completions/1",
            "shell": arguments.shell.to_string(),
            "script": script,
        })
    };
    terminal.result(document, &script)?;
    Ok(Exit::AsExpected)
}
