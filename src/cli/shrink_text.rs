//! What shrinking came to, in words and as a document.

use std::fmt::Write;
use std::path::Path;

use scenarios::capsule::{Capsule, replay_command};
use scenarios::shrink::{Shrunk, Size};
use serde_json::{Value, json};

use super::table::thousands;
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

/// `shrink`.
pub(crate) fn words(capsule: &Capsule, path: &Path, watch: Stopwatch) -> String {
    let mut text = String::new();
    let message = capsule.message.as_deref().unwrap_or_default();
    let _ = writeln!(text, "{:<12}{} · {message}", "kept", capsule.check.as_deref().unwrap_or_default());
    let _ = writeln!(text, "{:<12}{}", "shrunk", line(capsule));
    if let Some(log) = &capsule.shrunk {
        let mut names: Vec<&str> = log.passes.iter().map(|line| line.pass.name()).collect();
        if names.is_empty() {
            names.push("nothing smaller was found");
        }
        let _ = writeln!(
            text,
            "{:<12}{} runs in {} · {}",
            "took",
            thousands(log.runs),
            watch.words(),
            names.join(", ")
        );
    }
    let _ = writeln!(text, "{:<12}{}", "replay", replay_command(&path.display().to_string()));
    text
}

/// `shrink --json`.
pub(crate) fn document(shrunk: &Shrunk, path: &Path, watch: Stopwatch) -> Value {
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
