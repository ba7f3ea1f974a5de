//! `explain`: what a name means, from the registries.

use std::fmt::Write;

use clap::Args;
use scenarios::glossary::{Term, explain as explain_name, glossary};
use serde_json::{Map, Value, json};
use sim_core::registry::Registry;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::{Terminal, wrap};

/// Which name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm explain vote-not-durable
  seedstorm explain raft/election-safety
  seedstorm explain torn-tail
  seedstorm explain 'random(2)'
  seedstorm explain swarm
  seedstorm explain network.regions
  seedstorm explain inconclusive")]
pub(crate) struct ExplainArguments {
    /// A check, fault, target, plant, scenario, protocol, knob, behavior, verdict, sweep, exit code, table or key of a scenario, or
    /// a word such as "capsule".
    pub(crate) name: String,
}

/// Explains everything that goes by a name.
pub(crate) fn explain(
    registry: &Registry,
    arguments: &ExplainArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let terms = glossary(registry);
    let found = explain_name(&terms, &arguments.name)
        .map_err(|nearest| CliError::NoTerm { name: arguments.name.clone(), nearest })?;
    let width = terminal.width();
    let words: Vec<String> = found.iter().map(|term| words(term, width)).collect();
    terminal.result(|| document(&arguments.name, &found), &words.join("\n"))?;
    Ok(Exit::AsExpected)
}

fn words(term: &Term, width: usize) -> String {
    let mut text = String::new();
    let of = term.protocol.filter(|_| !term.name.contains(['/', '.']));
    let of = of.map_or_else(String::new, |protocol| format!(" of {protocol}"));
    let also =
        if term.aliases.is_empty() { String::new() } else { format!(" (also {})", term.aliases.join(", ")) };
    let _ = writeln!(text, "{} · {}{of}{also}\n", term.name, term.kind.singular());
    text += &wrap(&term.about, "", width);
    text += &entries(term, width);
    let written = term.written.replace('\n', "\n          ");
    let _ =
        writeln!(text, "\nwritten   {}\ntry       {}", written.replace("          \n", "\n"), term.example);
    if !term.related.is_empty() {
        text += &wrap(&format!("see also  {}", term.related.join(", ")), "          ", width);
    }
    text
}

/// What stands in a table: each key with what it says beside it.
fn entries(term: &Term, width: usize) -> String {
    let widest = term.entries.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let indent = " ".repeat(widest + 4);
    let row = |(key, says): &(String, String)| wrap(&format!("  {key:widest$}  {says}"), &indent, width);
    let rows: String = term.entries.iter().map(row).collect();
    if rows.is_empty() { rows } else { format!("\n{rows}") }
}

fn document(name: &str, found: &[&Term]) -> Value {
    let one = |term: &&Term| {
        let mut value: Map<String, Value> = term.details.clone();
        value.insert("kind".to_owned(), term.kind.singular().into());
        value.insert("name".to_owned(), term.name.as_str().into());
        value.insert("aliases".to_owned(), term.aliases.clone().into());
        value.insert("line".to_owned(), term.line.as_str().into());
        value.insert("about".to_owned(), term.about.as_str().into());
        value.insert("written".to_owned(), term.written.as_str().into());
        value.insert("example".to_owned(), term.example.as_str().into());
        value.insert("related".to_owned(), term.related.clone().into());
        Value::Object(value)
    };
    json!({
        "schema": "seedstorm.explain/1",
        "asked": name,
        "terms": found.iter().map(one).collect::<Vec<_>>(),
    })
}
