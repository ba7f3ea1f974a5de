//! Progress of a story, on stderr: it is told after many runs, and those of a long run take long.

use std::cell::Cell;

use indicatif::ProgressBar;
use scenarios::story::StoryStage;

use super::terminal::Terminal;
use super::wall::Stopwatch;

/// Each run for the story of a run with more events than this takes so long that people wonder.
const LONG: u64 = 50_000;

/// Seconds between two lines where there is no terminal.
const EVERY: f64 = 10.0;

/// Shows what is under way: a line that changes on a terminal, otherwise a line now and then.
pub(crate) struct StoryProgress<'a> {
    /// What the story is of.
    of: String,
    long: bool,
    line: ProgressBar,
    /// How many lines were due so far.
    lines: Cell<u64>,
    terminal: &'a Terminal,
    watch: Stopwatch,
}

impl<'a> StoryProgress<'a> {
    /// Of a run with so many events. Nothing is shown in the first second, unless the run is long.
    pub(crate) fn of(what: &str, events: u64, terminal: &'a Terminal) -> Self {
        let (line, long) = (terminal.spinner(), events > LONG);
        if long && !Terminal::is_interactive() {
            terminal.remark("note: to tell how it came about, it is run again many times");
        }
        let of = what.to_owned();
        Self { of, long, line, lines: Cell::new(0), terminal, watch: Stopwatch::start() }
    }

    /// A stage begins.
    pub(crate) fn begins(&self, stage: StoryStage) {
        let seconds = self.watch.seconds();
        let words = format!("telling {}: {stage}", self.of);
        if Terminal::is_interactive() {
            self.line.set_message(words);
            if self.long || seconds > 1.0 {
                self.terminal.show_spinner(&self.line);
            }
            return;
        }
        let due = (seconds / EVERY) as u64;
        if self.lines.replace(due) < due {
            self.terminal.remark(&format!("{words} · {seconds:.0} s"));
        }
    }
}

/// The line goes.
impl Drop for StoryProgress<'_> {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}
