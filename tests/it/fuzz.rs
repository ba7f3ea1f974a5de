//! A share of the fuzzing that `cargo run --release --example fuzz` does without end.

#![allow(clippy::disallowed_types, reason = "it takes a few seconds and no more; no run sees the clock")]

#[path = "../fuzz/corpus.rs"]
mod corpus;
#[path = "../fuzz/drive.rs"]
mod drive;
#[path = "../fuzz/mutate.rs"]
mod mutate;
#[path = "../fuzz/targets.rs"]
mod targets;

use std::time::{Duration, Instant};

/// So long it may take beside the other tests.
const SHARE: Duration = Duration::from_secs(4);

#[test]
fn what_is_read_is_taken_or_refused_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus::Corpus::new(folder.path());
    let started = Instant::now();
    let driven = drive::drive(&corpus, 0, 0..2_000, None, |_| (), |_| started.elapsed() < SHARE);
    let wrong: Vec<String> =
        driven.wrong.iter().map(|it| format!("{} ({:?}): {}", it.number, it.target, it.why)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(driven.inputs > 50, "{} inputs", driven.inputs);
    // Some of the changed files are still valid, and some are not.
    assert!(driven.taken > 5 && driven.taken < driven.inputs, "{} of {}", driven.taken, driven.inputs);
}
