//! Progress of a campaign, on stderr: a bar on a terminal, otherwise a line now and then.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::ProgressBar;

use super::table::{thousands, two_digits};
use super::terminal::Terminal;
use super::wall::Stopwatch;

/// Seconds between two lines where there is no terminal.
const EVERY: u64 = 10;

/// The progress of a campaign; told from any thread.
pub(crate) struct Progress<'a> {
    name: String,
    total: u64,
    /// How many runs were made before.
    resumed: AtomicU64,
    /// How many runs were made since.
    made: AtomicU64,
    /// How many lines were due so far.
    lines: AtomicU64,
    bar: ProgressBar,
    terminal: &'a Terminal,
    watch: Stopwatch,
}

impl<'a> Progress<'a> {
    /// Of so many runs; nothing is shown in the first second.
    pub(crate) fn new(name: &str, total: u64, terminal: &'a Terminal, watch: Stopwatch) -> Self {
        Self {
            name: name.to_owned(),
            total,
            resumed: AtomicU64::new(0),
            made: AtomicU64::new(0),
            lines: AtomicU64::new(0),
            bar: terminal.progress(total),
            terminal,
            watch,
        }
    }

    /// So many runs were made before.
    pub(crate) fn resume(&self, runs: u64) {
        self.resumed.store(runs, Ordering::Relaxed);
        self.bar.set_position(runs);
        self.bar.reset_eta();
    }

    /// One more run is done.
    pub(crate) fn step(&self) {
        let made = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.inc(1);
        let seconds = self.watch.seconds();
        if seconds < 1.0 {
            return;
        }
        if Terminal::is_interactive() {
            self.terminal.show(&self.bar);
            return;
        }
        let due = seconds as u64 / EVERY;
        if self.lines.fetch_max(due, Ordering::Relaxed) < due {
            let done = self.resumed.load(Ordering::Relaxed) + made;
            let (done, total) = (thousands(done), thousands(self.total));
            let rate = made as f64 / seconds;
            self.terminal.remark(&format!(
                "{}: {done} of {total} runs · {} runs/s",
                self.name,
                two_digits(rate)
            ));
        }
    }

    /// The campaign is over: the bar goes.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
