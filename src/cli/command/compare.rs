//! `compare`.

mod side;

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use reports::compare::{Comparison, FigureRow, SIDES, figures, headline, page, scenario_differences};
use scenarios::artefact;
use scenarios::compare::parting_of;
use scenarios::scenario::verdict_name;
use serde_json::{Value, json};
use sim_core::registry::Registry;

use crate::cli::capsule_page::verdict_line;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;

use side::Side;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  seedstorm compare raft-storm@1 raft-storm@2
  seedstorm compare before after --out compared.html
  seedstorm compare a.capsule.json b.capsule.json --json

Each side is the folder of a run (what `run --out` named), its record.json, a capsule, or SCENARIO@SEED. Both runs are
made again to find the first event that differs. The exit code is 0 whether they differ or not.")]
pub(crate) struct CompareArguments {
    /// The first run.
    pub(crate) a: String,
    /// The second run.
    pub(crate) b: String,
    /// Write the comparison as an HTML page.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Shows two runs side by side.
pub(crate) fn compare(
    registry: &Registry,
    arguments: &CompareArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    if let Some(out) = &arguments.out {
        artefact::fit_file(out)?;
    }
    let [a, b] = [Side::read(registry, &arguments.a)?, Side::read(registry, &arguments.b)?];
    let (parting, untraced) = match (&a.plan, &b.plan) {
        (Ok(one), Ok(other)) => (parting_of(one, other)?, None),
        (Err(why), _) => (None, Some(format!("A {why}"))),
        (_, Err(why)) => (None, Some(format!("B {why}"))),
    };
    let comparison = Comparison { runs: [a.record, b.record], parting, untraced };
    let mut words = words(&comparison, terminal.width());
    let mut unkept = Unkept::default();
    let out = arguments.out.as_ref();
    let out = out.filter(|out| unkept.kept(artefact::write(out, page(&comparison).as_bytes())).is_some());
    if let Some(out) = out {
        let _ = writeln!(words, "report       {}", out.display());
    }
    terminal.result(|| document(&comparison, out), &words)?;
    Ok(unkept.end(Exit::AsExpected, terminal))
}

fn words(comparison: &Comparison, columns: usize) -> String {
    let mut text = String::new();
    for (side, run) in SIDES.into_iter().zip(&comparison.runs) {
        let plants: String = run.outcome.plants.iter().map(|plant| format!(" · plant {plant}")).collect();
        let _ = writeln!(text, "{side}            {} · seed {}{plants}", run.name, run.outcome.seed);
        let _ = writeln!(text, "             {}", verdict_line(&run.outcome));
    }
    let _ = writeln!(text, "compared     {}", headline(comparison));
    text += &events(comparison);
    text += &keys(comparison);
    text + &numbers(&figures(comparison), columns)
}

/// The events around the place where the runs part.
fn events(comparison: &Comparison) -> String {
    let Some(parting) = &comparison.parting else { return String::new() };
    let mut text = String::from("\n");
    let mut lines = |mark: &str, lines: &[String]| {
        for line in lines {
            let _ = writeln!(text, "  {mark}  {line}");
        }
        if lines.is_empty() {
            let _ = writeln!(text, "  {mark}  the run had ended");
        }
    };
    if !parting.before.is_empty() {
        lines("=", &parting.before);
    }
    for (side, own) in SIDES.into_iter().zip(&parting.sides) {
        lines(side, own);
    }
    text
}

/// How many keys are told.
const MOST_KEYS: usize = 20;

/// The keys of the scenarios that differ.
fn keys(comparison: &Comparison) -> String {
    let found = scenario_differences(comparison);
    let mut text = String::new();
    for (index, (key, [a, b])) in found.iter().take(MOST_KEYS).enumerate() {
        let label = if index == 0 { "\nbefore it" } else { "" };
        let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        let pad = if index == 0 { 14 } else { 13 };
        let _ = writeln!(text, "{label:<pad$}{key}: {} -> {}", shown(a), shown(b));
    }
    if found.len() > MOST_KEYS {
        let _ = writeln!(text, "             and {} more keys", found.len() - MOST_KEYS);
    }
    text
}

/// The figures that differ, a line for each. On a narrow terminal, shares are left out.
fn numbers(rows: &[FigureRow], columns: usize) -> String {
    let equal = rows.iter().filter(|row| row.is_equal()).count();
    let differ = rows.iter().filter(|row| !row.is_equal());
    let heads = ["figure", "A", "B", "B against A"].map(str::to_owned);
    let cells =
        |row: &FigureRow| [row.name.clone(), row.value_words(0), row.value_words(1), row.difference_words()];
    let mut table: Vec<[String; 4]> = std::iter::once(heads).chain(differ.map(cells)).collect();
    let wide = |table: &[[String; 4]], at: usize| {
        table.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()
    };
    let [name, a, b, difference] = [0, 1, 2, 3].map(|at| wide(&table, at));
    if name + a + b + difference + 6 > columns {
        for row in &mut table {
            let bare = row[3].split(" (").next().unwrap_or_default().to_owned();
            row[3] = bare;
        }
    }
    let mut text = String::from("\n");
    if table.len() > 1 {
        for row in &table {
            let line = format!("{:<name$}  {:>a$}  {:>b$}  {}", row[0], row[1], row[2], row[3]);
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let _ = writeln!(text, "{equal} more figures are equal");
    text
}

fn document(comparison: &Comparison, out: Option<&PathBuf>) -> Value {
    let side = |run: &reports::record::RunRecord| {
        json!({
            "scenario": run.name,
            "scenario_hash": run.scenario_hash,
            "seed": run.outcome.seed,
            "protocol": run.outcome.protocol,
            "plants": run.outcome.plants,
            "verdict": verdict_name(run.outcome.verdict),
            "digest": run.outcome.digest,
            "replay": run.replay,
        })
    };
    let [a, b] = comparison.runs.each_ref();
    let first = comparison.parting.as_ref().map(|parting| {
        json!({
            "index": parting.index,
            "at_ns": parting.at_ns,
            "before": parting.before,
            "a": parting.sides[0],
            "b": parting.sides[1],
        })
    });
    let keys = scenario_differences(comparison);
    let keys = keys.into_iter().map(|(key, [a, b])| json!({ "key": key, "a": a, "b": b }));
    let figures = figures(comparison);
    let figures = figures.iter().map(|row| {
        json!({
            "name": row.name,
            "unit": row.unit.name(),
            "a": row.values[0],
            "b": row.values[1],
            // A number of JSON holds what two runs can differ by; a larger one stands at its end.
            "difference": row.difference().map(|found| i64::try_from(found).unwrap_or(i64::MAX)),
        })
    });
    json!({
        "schema": "seedstorm.compare/1",
        "a": side(a),
        "b": side(b),
        "same": a.outcome.digest == b.outcome.digest,
        "headline": headline(comparison),
        "first_difference": first,
        "untraced": comparison.untraced,
        "scenario": keys.collect::<Vec<_>>(),
        "figures": figures.collect::<Vec<_>>(),
        "report": out,
    })
}
