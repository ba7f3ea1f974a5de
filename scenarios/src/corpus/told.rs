//! The result of each capsule of a corpus, for people, test reports and GitHub.

use std::fmt::Write;

use super::Kept;
use crate::capsule::replay_command;
use crate::github::{cell, data, property};
use crate::junit::{Case, CaseOutcome, Suite};
use crate::replay::{Replay, ReplayError, Replayed};

/// What one capsule came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The name of its file.
    pub name: String,
    /// What it came to.
    pub came: Came,
    /// What breaks, or why it could not be run.
    pub message: String,
}

/// What came of a capsule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It was run.
    Ran(Replayed),
    /// It cannot be run by this program.
    Refused,
    /// It cannot be read.
    Damaged,
}

impl Came {
    /// Its name, as documents and terminals show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ran(replayed) => replayed.name(),
            Self::Refused => "refused",
            Self::Damaged => "damaged",
        }
    }
}

impl Told {
    /// What came of a capsule that was to be run.
    pub fn of(kept: &Kept, result: &Result<Replay, ReplayError>) -> Self {
        let then = || kept.capsule.message.clone().unwrap_or_default();
        let (came, message) = match result {
            Ok(Replay { replayed, outcome, .. }) => {
                let now = outcome.violations.first().filter(|_| *replayed == Replayed::Changed);
                let now = now.map(|now| format!("now {}: {}", now.check, now.message));
                (Came::Ran(*replayed), now.unwrap_or_else(then))
            }
            Err(error) => (Came::Refused, format!("failed to {error}")),
        };
        Self { name: kept.name.clone(), came, message }
    }

    /// A file that is named as a capsule and cannot be read as one; `why` reads on from "failed to".
    pub fn damaged(name: &str, why: &str) -> Self {
        Self { name: name.to_owned(), came: Came::Damaged, message: format!("failed to {why}") }
    }

    /// One line for people.
    pub fn words(&self) -> String {
        let gap = if matches!(self.came, Came::Ran(_)) { "  " } else { ": " };
        format!("{:<11} {}{gap}{}", self.came.name().to_uppercase(), self.name, self.message)
    }

    fn case(&self, path: &dyn Fn(&str) -> String) -> Case {
        let message = format!("{}: {}", self.came.name(), self.message);
        let outcome = match self.came {
            Came::Ran(Replayed::Gone) => CaseOutcome::Held,
            Came::Ran(replayed @ (Replayed::Reproduced | Replayed::Changed)) => CaseOutcome::Failed {
                kind: replayed.name(),
                message,
                text: replay_command(&path(&self.name)),
            },
            Came::Ran(Replayed::Nondeterministic { .. }) | Came::Refused | Came::Damaged => {
                CaseOutcome::Erred { message }
            }
        };
        Case { name: self.name.clone(), class: "corpus".to_owned(), outcome }
    }
}

/// A corpus as a suite of JUnit: a test case for each capsule, which holds if nothing fails any more. `path` gives the
/// place of a capsule by its name.
pub fn suite(told: &[Told], path: &dyn Fn(&str) -> String) -> Suite {
    Suite { name: "corpus".to_owned(), cases: told.iter().map(|one| one.case(path)).collect() }
}

/// The workflow commands of GitHub: an error for each capsule that does not hold.
pub fn annotations(told: &[Told], path: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    for one in told.iter().filter(|one| one.came != Came::Ran(Replayed::Gone)) {
        let title = format!("corpus: {} {}", one.came.name(), one.name);
        let message = format!("{}\n{}", one.message, replay_command(&path(&one.name)));
        let _ = writeln!(text, "::error title={}::{}", property(&title), data(&message));
    }
    text
}

/// The corpus in the summary of a GitHub job, in Markdown.
pub fn summary(told: &[Told], path: &dyn Fn(&str) -> String) -> String {
    let gone = told.iter().filter(|one| one.came == Came::Ran(Replayed::Gone)).count();
    let mut text = format!("### corpus: {gone} of {} capsules hold\n\n", told.len());
    text += "| capsule | came to | what | replay |\n|---|---|---|---|\n";
    for one in told {
        let replay = replay_command(&path(&one.name)).replace('`', "'");
        let (name, message) = (cell(&one.name), cell(&one.message));
        let _ = writeln!(text, "| {name} | {} | {message} | `{replay}` |", one.came.name());
    }
    text.push('\n');
    text
}
