//! Verdicts and exit codes.

use sim_core::check::Verdict;
use sim_core::registry::Named;

use super::{Term, TermKind, details};
use crate::scenario::VERDICTS;

/// Every code that the program ends with, and what it means.
pub const EXIT_CODES: [(u8, Named); 8] = [
    (0, Named { name: "as-expected", about: "the result was as expected" }),
    (1, Named { name: "finding", about: "a check failed, or the result was not as expected" }),
    (2, Named { name: "usage", about: "a wrong argument or an invalid file; nothing was run or written" }),
    (3, Named { name: "inconclusive", about: "too little happened for a verdict, or shards are missing" }),
    (4, Named { name: "nothing-ran", about: "nothing ran: the time was too short, or a corpus is empty" }),
    (70, Named { name: "internal", about: "an internal error, or two runs that should be identical differ" }),
    (
        74,
        Named {
            name: "unkept",
            about: "results could not be written (for example, the disk is full); they were still printed",
        },
    ),
    (130, Named { name: "interrupted", about: "interrupted with Ctrl-C; the work done so far is kept" }),
];

/// What a verdict means, and what follows from it.
const fn meaning(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => (
            "all properties held, and they were exercised",
            "Nothing was broken, progress came where it was owed, and the run did what the scenario asks of it at \
             least.",
        ),
        Verdict::Inconclusive => (
            "nothing failed, but too little happened for a verdict, or a stall is excused",
            "It is no pass, and says why. A campaign counts only if at least 95 % of its runs are conclusive.",
        ),
        Verdict::Assumption => (
            "a property failed, but the faults exceeded what the protocol promises to tolerate",
            "Something was broken, and nobody is accused: with one traitor too many, agreement may break. Only a \
             scenario with `over_budget = true` comes to it.",
        ),
        Verdict::Service => (
            "a service level was missed",
            "The protocol is safe and alive, and slower or less available than it should be. A check of your own may report \
             it; none that comes with the program does, and a scenario cannot state a level of its own yet.",
        ),
        Verdict::Liveness => (
            "the protocol made no progress although it should have",
            "After the first phase a core of honest members with intact disks is healed; within a bound it has to make \
             progress. A stall with an explanation (no quorum, lost data) is inconclusive instead.",
        ),
        Verdict::Safety => (
            "a safety property was violated",
            "A check saw its property broken, within what the protocol promises to bear.",
        ),
        Verdict::Crash => (
            "a process panicked",
            "A step of a process, or the engine itself, ended in a panic. The process counts as crashed, and the panic \
             is the finding.",
        ),
    }
}

pub(super) fn verdicts() -> Vec<Term> {
    let term = |(name, verdict): (&str, Verdict)| {
        let (line, more) = meaning(verdict);
        Term {
            kind: TermKind::Verdict,
            name: name.to_owned(),
            aliases: Vec::new(),
            protocol: None,
            line: line.to_owned(),
            about: format!(
                "The verdict on a run in which {line}. {more} Of several verdicts the worst counts: pass, inconclusive, \
                 assumption, service, liveness, safety, crash."
            ),
            written: format!("expect = \"{name}\""),
            // No built-in check reports a missed service level: a run that expects it would never meet that.
            example: match verdict {
                Verdict::Service => "seedstorm run raft-overload".to_owned(),
                _ => format!("seedstorm run raft-calm --set expect={name}"),
            },
            related: vec!["as-expected".to_owned(), "finding".to_owned(), "inconclusive".to_owned()]
                .into_iter()
                .filter(|other| other != name)
                .collect(),
            entries: Vec::new(),
            details: details([]),
        }
    };
    VERDICTS.into_iter().map(term).collect()
}

pub(super) fn exit_codes() -> Vec<Term> {
    let term = |(code, named): (u8, Named)| Term {
        kind: TermKind::ExitCode,
        name: code.to_string(),
        aliases: vec![named.name.to_owned(), format!("exit {code}")],
        protocol: None,
        line: named.about.to_owned(),
        about: format!("The program ends with {code} ({}): {}.", named.name, named.about),
        written: format!("an exit code; in a shell, test \"$?\" -eq {code}"),
        example: "seedstorm run raft-calm; echo $?".to_owned(),
        related: Vec::new(),
        entries: Vec::new(),
        details: details([("meaning", named.name.into())]),
    };
    EXIT_CODES.into_iter().map(term).collect()
}
