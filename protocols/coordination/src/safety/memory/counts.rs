//! What is counted of shared memory.

use sim_core::check::{Findings, Table};

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) writes: u64,
    pub(super) kept: u64,
    pub(super) reads: u64,
    pub(super) stale: u64,
    pub(super) refused: u64,
    pub(super) denied: u64,
    /// Reads at members that were cut off.
    pub(super) old: u64,
    pub(super) unanswered: u64,
    pub(super) forgotten: u64,
}

impl Counts {
    /// Records what a run came to.
    pub(super) fn record(&self, findings: &mut Findings) {
        let Self { writes, reads, stale, refused, denied, old, unanswered, .. } = *self;
        findings.record("memory_writes", writes);
        findings.record("memory_reads", reads);
        findings.record("memory_stale_reads", stale);
        findings.record("memory_refused", refused);
        findings.record("memory_denied", denied);
        findings.record("memory_old_reads", old);
        findings.record("memory_unanswered", unanswered);
    }

    /// What is shown.
    pub(super) fn table(&self) -> Table {
        let Self { writes, kept, reads, stale, refused, denied, old, unanswered, forgotten } = *self;
        let row = |name: &str, value: u64| vec![name.to_owned(), value.to_string()];
        Table {
            title: "Memory".to_owned(),
            columns: vec!["what".to_owned(), "value".to_owned()],
            rows: vec![
                row("writes", writes),
                row("acknowledged", kept),
                row("refused, since the key belongs to somebody else", refused),
                row("refused, since nobody coordinates", denied),
                row("reads", reads),
                row("of these at members that know no coordinator", old),
                row("stale reads", stale),
                row("without an answer", unanswered),
                row("notes that expired", forgotten),
            ],
            omitted: 0,
        }
    }
}
