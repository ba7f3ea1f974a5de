//! `list`: the names in the registries.

use clap::{Args, ValueEnum};
use scenarios::glossary::{Term, TermKind, glossary};
use serde_json::{Map, Value};
use sim_core::registry::Registry;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::{Terminal, wrap};

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm list
  seedstorm list plants
  seedstorm list faults --json

`seedstorm explain NAME` tells more about each of them.")]
pub(crate) struct ListArguments {
    /// What to list [default: everything].
    pub(crate) what: Option<Listed>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// Protocols.
    Protocols,
    /// Built-in scenarios.
    Scenarios,
    /// Built-in sweeps.
    Sweeps,
    /// Checks.
    Checks,
    /// Faults.
    Faults,
    /// Families of faults.
    Families,
    /// Targets of faults.
    Targets,
    /// Planted bugs.
    Plants,
    /// Parameters of protocols.
    Knobs,
    /// Behaviors of traitors.
    Behaviors,
    /// Verdicts.
    Verdicts,
    /// Exit codes.
    ExitCodes,
    /// Tables of a scenario.
    Tables,
    /// Words of this program's own.
    Concepts,
}

impl Listed {
    const fn kind(self) -> TermKind {
        match self {
            Self::Protocols => TermKind::Protocol,
            Self::Scenarios => TermKind::Scenario,
            Self::Sweeps => TermKind::Sweep,
            Self::Checks => TermKind::Check,
            Self::Faults => TermKind::Fault,
            Self::Families => TermKind::Family,
            Self::Targets => TermKind::Target,
            Self::Plants => TermKind::Plant,
            Self::Knobs => TermKind::Knob,
            Self::Behaviors => TermKind::Behavior,
            Self::Verdicts => TermKind::Verdict,
            Self::ExitCodes => TermKind::ExitCode,
            Self::Tables => TermKind::Table,
            Self::Concepts => TermKind::Concept,
        }
    }
}

/// Lists one thing or everything.
pub(crate) fn list(
    registry: &Registry,
    arguments: &ListArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let terms = glossary(registry);
    let wanted = |kind: &TermKind| arguments.what.is_none_or(|what| what.kind() == *kind);
    let of_kind = |kind: TermKind| (kind, terms.iter().filter(|term| term.kind == kind).collect());
    let lists: Vec<(TermKind, Vec<&Term>)> = TermKind::ALL.into_iter().filter(wanted).map(of_kind).collect();
    terminal.result(|| document(&lists), &words(&lists, terminal.width()))?;
    Ok(Exit::AsExpected)
}

fn document(lists: &[(TermKind, Vec<&Term>)]) -> Value {
    let mut document = Map::new();
    document.insert("schema".to_owned(), "seedstorm.list/1".into());
    for (kind, terms) in lists {
        let rows = terms.iter().map(|term| {
            let mut row = term.details.clone();
            row.insert("name".to_owned(), term.name.as_str().into());
            row.insert("about".to_owned(), term.line.as_str().into());
            Value::Object(row)
        });
        document.insert(kind.plural().to_owned(), rows.collect());
    }
    Value::Object(document)
}

fn words(lists: &[(TermKind, Vec<&Term>)], columns: usize) -> String {
    let mut text = String::new();
    for (kind, terms) in lists {
        let width = terms.iter().map(|term| term.name.chars().count()).max().unwrap_or(0);
        let indent = " ".repeat(width + 4);
        text += &format!("{}\n", kind.plural().replace('_', " "));
        for term in terms {
            text += &wrap(&format!("  {:width$}  {}", term.name, term.line), &indent, columns);
        }
        if lists.len() > 1 {
            text.push('\n');
        }
    }
    text
}
