//! `validate`: checks scenario files and summarizes them. Nothing is run.

use clap::Args;
use scenarios::problem::Problems;
use scenarios::run::fits;
use scenarios::scenario::{Loaded, summary};
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::cli::terminal::Terminal;

#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    /// Scenario files, or names of built-in scenarios.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Set a value in each of them, such as `--set cluster.nodes=7`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overlays: Vec<String>,
}

/// What became of one file.
type Validated<'a> = (&'a str, Result<Loaded, CliError>);

/// Checks files: every problem of every one of them is told.
pub(crate) fn validate(
    registry: &Registry,
    arguments: &ValidateArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let check = |name: &String| {
        let loaded = files::load(registry, name, &arguments.overlays)?;
        fits(&loaded)?;
        Ok(loaded)
    };
    let files =
        arguments.files.iter().map(|name| (name.as_str(), check(name))).collect::<Vec<Validated<'_>>>();
    for error in files.iter().filter_map(|(_, result)| result.as_ref().err()) {
        terminal.complain(&error.render(terminal.color()));
    }
    let good = files.iter().filter_map(|(_, result)| result.as_ref().ok());
    let words: String = good.map(words).collect();
    terminal.result(|| document(&files), &words)?;
    let all_good = files.iter().all(|(_, result)| result.is_ok());
    Ok(if all_good { Exit::AsExpected } else { Exit::Usage })
}

fn words(loaded: &Loaded) -> String {
    let lines = summary(loaded).into_iter().map(|(label, words)| format!("  {label:<10}{words}\n"));
    format!("{} is a scenario: {}\n{}", loaded.name, loaded.scenario.title, lines.collect::<String>())
}

fn document(files: &[Validated<'_>]) -> Value {
    let files = files.iter().map(|(name, result)| match result {
        Ok(loaded) => json!({
            "file": name,
            "valid": true,
            "title": loaded.scenario.title,
            "protocol": loaded.protocol.name,
            "scenario_hash": loaded.hash,
            "resolved": loaded.resolved,
            "problems": [],
        }),
        Err(CliError::Scenario(problems)) => {
            json!({ "file": name, "valid": false, "problems": of_problems(problems) })
        }
        Err(other) => {
            let problem = json!({ "title": format!("failed to {other}") });
            json!({ "file": name, "valid": false, "problems": [problem] })
        }
    });
    json!({ "schema": "seedstorm.validate/1", "files": files.collect::<Vec<_>>() })
}

fn of_problems(problems: &Problems) -> Vec<Value> {
    let document = |problem: &scenarios::problem::Problem| {
        let place = problem.line_and_column();
        let text = problem.origin.as_ref().map(|origin| (origin.source.name.as_str(), origin.text()));
        json!({
            "title": problem.title,
            "file": text.map(|(file, _)| file),
            "line": place.map(|(line, _)| line),
            "column": place.map(|(_, column)| column),
            "text": text.map(|(_, text)| text),
            "label": problem.label,
            "notes": problem.notes,
        })
    };
    problems.list.iter().map(document).collect()
}
