//! `check`: is a recorded history linearizable, and if not, why?

mod stamps;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use sim_core::history::{
    History, HistoryCheck, HistoryVerdict, Illegal, Judgement, Record, Tier, Undecided, read_edn,
    read_history,
};
use sim_core::operation::ObjectModel;
use sim_core::time::Time;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files;
use crate::cli::table::counted;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;

use stamps::Stamps;

/// How many operations of the longest order are printed.
const LAST: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The history: JSON lines, or Jepsen's EDN; `-` is stdin.
    pub(crate) file: PathBuf,
    /// The type of the object: register, cas-register, kv, append, queue, set or bank.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: ObjectModel,
    /// The maximal number of search steps for each key.
    #[arg(long, value_name = "STEPS", default_value_t = HistoryCheck::default().budget_steps)]
    pub(crate) budget: u64,
    /// Megabytes for the history, and as many for what the search remembers; beyond it the answer is unknown.
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..1 << 20))]
    pub(crate) memory: u64,
    /// Write a page with a picture of the operations around the contradiction.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Judges a history.
pub(crate) fn check(arguments: &CheckArguments, terminal: &Terminal) -> Result<Exit, CliError> {
    let name = arguments.file.display().to_string();
    if let Some(page) = &arguments.html {
        scenarios::artefact::fit_file(page)?;
    }
    let limit = arguments.memory << 20;
    let text = read(&arguments.file, limit)?;
    let history = parse(&arguments.file, &text, arguments.model)
        .map_err(|error| CliError::History { path: arguments.file.clone(), error })?;
    let judge = HistoryCheck { budget_steps: arguments.budget, memory_bytes: limit };
    let mut judgement = judge.judge(&history);
    if judgement.operations == 0 {
        judgement.verdict = HistoryVerdict::Unknown(Undecided::Nothing);
    }
    let mut unkept = Unkept::default();
    let page = arguments.html.as_deref().filter(|page| {
        let html = reports::history::page(&history, &judgement, &name);
        unkept.kept(scenarios::artefact::write(page, html.as_bytes())).is_some()
    });
    let document = || document(&name, &history, &judgement);
    terminal.result(document, &words(&name, &history, &judgement, page))?;
    let exit = match judgement.verdict {
        HistoryVerdict::Linearizable => Exit::AsExpected,
        HistoryVerdict::Illegal(_) => Exit::Finding,
        HistoryVerdict::Unknown(_) => Exit::Inconclusive,
    };
    Ok(unkept.end(exit, terminal))
}

fn read(path: &Path, limit: u64) -> Result<String, CliError> {
    if path != Path::new("-") {
        return files::read(path, limit);
    }
    let failed = |error| CliError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(CliError::TooLarge { path: path.to_owned(), limit });
    }
    scenarios::artefact::text_of(bytes).map_err(failed)
}

/// JSON lines begin with an object whose first key is a text; everything else is read as EDN.
fn parse(
    path: &Path,
    text: &str,
    model: ObjectModel,
) -> Result<History, sim_core::history::ReadHistoryError> {
    let rest = text.trim_start();
    let json = rest.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']));
    let edn = path.extension().is_some_and(|extension| extension == "edn");
    if edn || !(json || rest.is_empty()) {
        read_edn(model, text.as_bytes())
    } else {
        read_history(model, text.as_bytes())
    }
}

const fn verdict(verdict: &HistoryVerdict) -> &'static str {
    match verdict {
        HistoryVerdict::Linearizable => "linearizable",
        HistoryVerdict::Illegal(_) => "illegal",
        HistoryVerdict::Unknown(_) => "unknown",
    }
}

const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Witness => "witness",
        Tier::Direct => "direct",
        Tier::Search => "search",
    }
}

fn words(name: &str, history: &History, judgement: &Judgement, page: Option<&Path>) -> String {
    let head = match &judgement.verdict {
        HistoryVerdict::Linearizable => "LINEARIZABLE",
        HistoryVerdict::Illegal(_) => "NOT LINEARIZABLE",
        HistoryVerdict::Unknown(_) => "UNKNOWN",
    };
    let mut words = format!(
        "{head}  {name}: {} on {}, model {}\n",
        counted(judgement.operations, "operation"),
        counted(judgement.keys, "key"),
        judgement.model
    );
    match &judgement.verdict {
        HistoryVerdict::Linearizable => {}
        HistoryVerdict::Unknown(Undecided::Nothing) => words += &format!("  {}\n", Undecided::Nothing),
        HistoryVerdict::Unknown(why) => {
            words += &format!("  {why}\n  next: --budget N for more steps, --memory MB for more memory\n");
        }
        HistoryVerdict::Illegal(illegal) => words += &contradiction(history, illegal),
    }
    if let Some(page) = page {
        words += &format!("  picture  {}\n", page.display());
    }
    words
}

fn contradiction(history: &History, illegal: &Illegal) -> String {
    let mut words = format!("  key {}: {}\n", history.key_in_words(illegal.key), illegal.conflict.reason);
    let mut operations = illegal.conflict.operations.clone();
    operations.dedup();
    let last = illegal.longest.len().saturating_sub(LAST);
    let refused = illegal.refused.iter().map(|(index, _)| index);
    let told = operations.iter().chain([&illegal.broken_by]).chain(&illegal.longest[last..]).chain(refused);
    let stamps = Stamps::of(told.flat_map(|index| stamps_of(&history.records()[*index])));
    let line = |index: usize| line(history, stamps, index);
    for index in &operations {
        words += &format!("    {}\n", line(*index));
    }
    words += &format!("  no order from the return of: {}\n", line(illegal.broken_by));
    words += &format!("  longest order: {}", counted(illegal.longest.len() as u64, "operation"));
    words += if last > 0 { ", the last of them\n" } else { "\n" };
    for (place, index) in illegal.longest.iter().enumerate().skip(last) {
        words += &format!("    {:>3}  {}\n", place + 1, line(*index));
    }
    if !illegal.refused.is_empty() {
        words += "  what could not come next, and why\n";
    }
    for (index, refusal) in &illegal.refused {
        words += &format!("    {}: {refusal}\n", line(*index));
    }
    words
}

/// When an operation returned, if it did.
fn returned(record: &Record) -> Option<Time> {
    Some(record.reply().and(record.end.as_ref())?.at)
}

fn stamps_of(record: &Record) -> impl Iterator<Item = Time> {
    std::iter::once(record.called).chain(returned(record))
}

/// One operation with its times.
fn line(history: &History, stamps: Stamps, index: usize) -> String {
    let record = &history.records()[index];
    let returned = returned(record).map_or_else(|| "no answer".to_owned(), |at| stamps.words(at));
    let (call, reply) = (history.call_in_words(record), history.reply_in_words(record));
    let called = stamps.words(record.called);
    format!("process {}  {call} -> {reply}  ({called} to {returned})", record.process)
}

fn document(name: &str, history: &History, judgement: &Judgement) -> Value {
    let tiers: serde_json::Map<String, Value> =
        judgement.tiers.iter().map(|(name, count)| (tier(*name).to_owned(), json!(count))).collect();
    let why = match &judgement.verdict {
        HistoryVerdict::Unknown(why) => Some(why.to_string()),
        _ => None,
    };
    let illegal = match &judgement.verdict {
        HistoryVerdict::Illegal(illegal) => Some(of_illegal(history, illegal)),
        _ => None,
    };
    json!({
        "schema": "seedstorm.check/1",
        "file": name,
        "model": judgement.model.name(),
        "verdict": verdict(&judgement.verdict),
        "ops": judgement.operations,
        "keys": judgement.keys,
        "decided_by": tiers,
        "why": why,
        "illegal": illegal,
    })
}

fn of_illegal(history: &History, illegal: &Illegal) -> Value {
    let all =
        |indexes: &[usize]| indexes.iter().map(|index| of_operation(history, *index)).collect::<Vec<_>>();
    let refused: Vec<Value> = illegal
        .refused
        .iter()
        .map(|(index, refusal)| {
            let mut operation = of_operation(history, *index);
            operation["reason"] = json!(refusal.to_string());
            operation
        })
        .collect();
    json!({
        "key": history.key_in_words(illegal.key),
        "reason": illegal.conflict.reason.to_string(),
        "shape": illegal.conflict.reason.shape(),
        "contradicting": all(&illegal.conflict.operations),
        "broken_by": of_operation(history, illegal.broken_by),
        "longest_prefix": all(&illegal.longest),
        "refused": refused,
    })
}

fn of_operation(history: &History, index: usize) -> Value {
    let record = &history.records()[index];
    json!({
        "index": index,
        "process": record.process,
        "call_ns": record.called.as_nanos(),
        "return_ns": returned(record).map(Time::as_nanos),
        "operation": history.call_in_words(record),
        "answer": history.reply_in_words(record),
    })
}
