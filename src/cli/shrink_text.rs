//! The result of shrinking, as text and as JSON.

use std::fmt::Write;
use std::path::Path;

use scenarios::capsule::{Capsule, replay_command, shell_word};
use scenarios::program;
use scenarios::shrink::{ShrinkLog, Shrunk, Size};
use serde_json::{Value, json};

use super::table::{counted, thousands};
use super::wall::Stopwatch;

/// The quantities that people look at: name, before, after.
fn quantities(before: &Size, after: &Size) -> [(&'static str, u64, u64); 5] {
    [
        ("faults", before.faults, after.faults),
        ("nodes", before.nodes, after.nodes),
        ("operations", before.operations, after.operations),
        ("messages", before.messages, after.messages),
        ("events", before.events, after.events),
    ]
}

/// `faults 23 -> 2 · nodes 5 -> 3 · messages 1,904 -> 9`.
pub(crate) fn line(capsule: &Capsule) -> String {
    let Some(log) = &capsule.shrunk else { return String::new() };
    let words = quantities(&log.before, &log.after)
        .map(|(name, before, after)| format!("{name} {} -> {}", thousands(before), thousands(after)));
    words.join(" · ")
}

/// How far shrinking came, and how to go on with it: `every pass was tried under 15 other seeds; for more, run: ..`.
pub(crate) fn how_far(log: &ShrinkLog, path: &Path) -> String {
    let tried = match log.tried {
        None => "the budget ran out before every pass was tried".to_owned(),
        Some(0) => "every pass was tried under the seed of the run".to_owned(),
        Some(seeds) => format!("every pass was tried under {seeds} other seeds"),
    };
    if log.finished() {
        return tried;
    }
    let budget = log.runs.saturating_mul(4).next_multiple_of(10_000);
    let path = path.display().to_string();
    format!("{tried}; for more, run: {} shrink {} --budget {budget}", program::name(), shell_word(&path))
}

/// `shrink`, of a capsule that had taken so many runs before. Without a path it could not be written, and there is nothing to
/// replay or to shrink further.
pub(crate) fn words(capsule: &Capsule, before: u64, path: Option<&Path>, watch: Stopwatch) -> String {
    let mut text = String::new();
    let message = capsule.message.as_deref().unwrap_or_default();
    let _ = writeln!(text, "{:<12}{} · {message}", "kept", capsule.check.as_deref().unwrap_or_default());
    let _ = writeln!(text, "{:<12}{}", "shrunk", line(capsule));
    if let Some(log) = &capsule.shrunk {
        let mut names: Vec<&str> = log.passes.iter().map(|line| line.pass.name()).collect();
        if names.is_empty() {
            names.push("no smaller run was found");
        }
        let took = counted(log.runs.saturating_sub(before), "run");
        let earlier =
            if before > 0 { format!(", after {} before", thousands(before)) } else { String::new() };
        let _ = writeln!(text, "{:<12}{took} in {}{earlier} · {}", "took", watch.words(), names.join(", "));
        if let Some(path) = path {
            let _ = writeln!(text, "{:<12}{}", "", how_far(log, path));
        }
    }
    if let Some(path) = path {
        let _ = writeln!(text, "{:<12}{}", "replay", replay_command(&path.display().to_string()));
    }
    text
}

/// `shrink --json`.
pub(crate) fn document(shrunk: &Shrunk, path: Option<&Path>, watch: Stopwatch) -> Value {
    let capsule = &shrunk.capsule;
    json!({
        "schema": "seedstorm.shrink/1",
        "scenario": capsule.name,
        "seed": capsule.seed,
        "check": capsule.check,
        "message": capsule.message,
        "fingerprint": capsule.fingerprint,
        "digest": capsule.digest,
        "log": capsule.shrunk,
        "interrupted": shrunk.interrupted,
        "capsule": path,
        "wall": { "elapsed_ms": watch.milliseconds() },
    })
}
