//! The commands of this program inside another one, such as an interpreter: nothing goes to its terminal, its signals stay its
//! own, and it does not end.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Once;

use sim_core::registry::Registry;

use super::exit::Exit;
use super::interrupt;
use super::terminal::Terminal;
use crate::build;

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The exit code that the program would have had.
    pub exit: u8,
    /// What it would have printed on stdout.
    pub result: String,
    /// What it would have printed on stderr.
    pub complaint: String,
}

/// The commands of this program for a program that hosts it.
#[derive(Clone, Copy, Debug)]
pub struct Embedded(());

impl Embedded {
    /// `library` is the file that holds this code: builds are told apart by it, since the program that runs is another one.
    /// What the first call says holds for the process.
    pub fn new(library: &Path) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            build::is_in(library);
            interrupt::leave_signals_alone();
            scenarios::run::keep_quiet_about_panics_in_runs();
        });
        Self(())
    }

    /// Runs the command that words name, the first of which is the program's name. Arguments that make no sense are an
    /// answer with exit code 2. A step that never ends is not noticed: only a program of its own can be ended then.
    pub fn answer(&self, registry: &Registry, words: &[String]) -> Answer {
        let exit = match super::read(words) {
            Ok(arguments) => {
                let terminal = Terminal::kept(arguments.quiet, arguments.json);
                super::caught(|| super::dispatch(registry, &arguments, terminal))
            }
            Err(error) if error.use_stderr() => {
                keep(Stream::Complaint, &error.to_string());
                Exit::Usage
            }
            Err(help) => {
                keep(Stream::Result, &help.to_string());
                Exit::AsExpected
            }
        };
        let Kept { result, complaint } = KEPT.take();
        Answer { exit: exit as u8, result, complaint }
    }

    /// Ends runs and campaigns that are under way, as Ctrl-C does.
    pub fn interrupt() {
        interrupt::set(true);
    }

    /// From now on, runs and campaigns begin again.
    pub fn forget_interrupt() {
        interrupt::set(false);
    }
}

/// Where a text belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Result,
    Complaint,
}

#[derive(Debug, Default)]
struct Kept {
    result: String,
    complaint: String,
}

thread_local! {
    /// What the command of this thread has told so far.
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Keeps a text instead of printing it.
pub(super) fn keep(stream: Stream, text: &str) {
    KEPT.with_borrow_mut(|kept| match stream {
        Stream::Result => kept.result += text,
        Stream::Complaint => {
            kept.complaint += text;
            kept.complaint.push('\n');
        }
    });
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Embedded;

    #[test]
    fn a_command_answers_and_prints_nothing() {
        let embedded = Embedded::new(Path::new("Cargo.toml"));
        let answer = |words: &str| {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            embedded.answer(&crate::registry(), &words)
        };
        let found = answer("seedstorm explain liveness --json");
        assert_eq!((found.exit, found.complaint.as_str()), (0, ""));
        assert!(found.result.starts_with('{') && found.result.ends_with("}\n"), "{}", found.result);
        assert_eq!(answer("seedstorm explain liveness --json"), found);
        let help = answer("seedstorm --help");
        assert!(help.exit == 0 && help.result.contains("explore"), "{help:?}");
        for (words, part) in
            [("seedstorm rum", "rum"), ("seedstorm run no-such-scenario", "no-such-scenario")]
        {
            let refused = answer(words);
            assert_eq!((refused.exit, refused.result.as_str()), (2, ""));
            assert!(refused.complaint.contains(part), "{}", refused.complaint);
        }
    }
}
