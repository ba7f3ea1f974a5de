//! Names that exist for every protocol: checks of histories and of progress, and general behaviors of traitors.

use serde_json::Value;
use sim_core::history::{WITNESS, check_name};
use sim_core::operation::ObjectModel;

use super::{Term, TermKind, details, sentence};
use crate::run::HANG;
use crate::scenario::{EVERYWHERE, LINEARIZABLE, meaning};

/// The name of the check of progress after the heal.
const PROGRESS: &str = "progress";

/// The check that finds runs in which too much happens at once.
const STORM: &str = "run/storm";

/// Checks that belong to no protocol.
pub(super) fn checks() -> Vec<Term> {
    let models = ObjectModel::ALL.map(|model| {
        let name = check_name(model);
        let object = model.name();
        let line = format!("the clients' operations on a {object} are linearizable");
        let about = format!(
            "What must hold of every object whatever the protocol: {} It is judged after each run whose workload has the \
             model {object}, from calls and returns alone; beyond `checks.linearizable.budget_steps` the answer is unknown.",
            sentence(&line)
        );
        history_check(name, line, about)
    });
    let line = "the order of operations that the protocol reports explains every reply";
    let about = format!(
        "A proof of linearizability without a search: {} It is judged where the protocol tells positions of operations, and \
         believed only as far as the replay of that order gives the very replies that clients saw.",
        sentence(line)
    );
    let witness = history_check(WITNESS, line.to_owned(), about);
    models.into_iter().chain([witness, progress(), hang(), storm()]).collect()
}

fn history_check(name: &str, line: String, about: String) -> Term {
    Term {
        kind: TermKind::Check,
        name: name.to_owned(),
        aliases: [LINEARIZABLE]
            .into_iter()
            .chain(name.split_once('/').map(|(_, bare)| bare))
            .map(str::to_owned)
            .collect(),
        protocol: None,
        line,
        about,
        written: format!("expect = \"safety:{name}\", or [checks] off = [\"{LINEARIZABLE}\"]"),
        example: "seedstorm run raft-calm".to_owned(),
        related: Vec::new(),
        entries: Vec::new(),
        details: details([("protocol", Value::Null)]),
    }
}

fn progress() -> Term {
    Term {
        kind: TermKind::Check,
        name: PROGRESS.to_owned(),
        aliases: Vec::new(),
        protocol: None,
        line: "after the heal, a core of healthy members makes progress within the bound".to_owned(),
        about: "Whether progress comes where it is owed. At the end of the first phase a random core of honest members with \
                intact disks is healed; it must make progress within a multiple of the largest timeout, or within what \
                the scenario says. A stall with an explanation is inconclusive and no finding."
            .to_owned(),
        written: "[checks] progress = \"auto\", \"none\" or { within = \"5s\" }; expect = \"liveness\"".to_owned(),
        example: "seedstorm run raft-calm --set 'checks.progress={ within = \"5s\" }'".to_owned(),
        related: vec!["liveness".to_owned()],
        entries: Vec::new(),
        details: details([("protocol", Value::Null)]),
    }
}

fn hang() -> Term {
    Term {
        kind: TermKind::Check,
        name: HANG.to_owned(),
        aliases: vec!["hang".to_owned()],
        protocol: None,
        line: "every step of a process ends".to_owned(),
        about: "A step that asks for a million things (messages, timers, records, observations) and for more never ends: it is \
                cut off, the process counts as crashed, and the run goes on. A step that only computes is found from \
                outside: if one step takes five seconds, the program reports the seed and the slot, writes a capsule and \
                ends, since nothing can end such a step. Replaying the capsule reports it again."
            .to_owned(),
        written: "expect = \"crash:process/hang\"".to_owned(),
        example: "seedstorm explore raft-swarm --seeds 0..100".to_owned(),
        related: vec!["crash".to_owned(), STORM.to_owned()],
        entries: Vec::new(),
        details: details([("protocol", Value::Null)]),
    }
}

fn storm() -> Term {
    Term {
        kind: TermKind::Check,
        name: STORM.to_owned(),
        aliases: vec!["storm".to_owned()],
        protocol: None,
        line: "the number of events per virtual second stays within the limit".to_owned(),
        about: "A run with millions of events and messages within a second of virtual time never gets to its end: two members \
                that answer each other at once, or a timer that fires at once again. It ends there, and the finding names the \
                node that takes most steps and the message that is sent most. A burst that ends is no storm: a storm has more than \
                the limit in two seconds on end, or four times as much within one. The limit is \
                `cluster.max_events_per_second`: by default at least a million, and more for more members, clients and \
                operations."
            .to_owned(),
        written: "[cluster] max_events_per_second = 5_000_000; expect = \"liveness:run/storm\"".to_owned(),
        example: "seedstorm run raft-calm --set cluster.max_events_per_second=100".to_owned(),
        related: vec!["liveness".to_owned(), HANG.to_owned()],
        entries: Vec::new(),
        details: details([("protocol", Value::Null)]),
    }
}

/// What traitors of every protocol can be told to do, by `[[adversaries]]`.
pub(super) fn behaviors() -> Vec<Term> {
    EVERYWHERE.into_iter().map(behavior).collect()
}

fn behavior(name: &'static str) -> Term {
    let (act, about) = meaning(name);
    let nodes = if name == "adaptive" { "" } else { "nodes = [\"n1\"], " };
    let grants = if name == "order" { "--set network.coalition_delay=20ms " } else { "" };
    Term {
        kind: TermKind::Behavior,
        name: name.to_owned(),
        aliases: Vec::new(),
        protocol: None,
        line: format!("{about} (every protocol)"),
        about: format!(
            "What a traitor of any protocol may be told to do: it {about}. An entry of `[[adversaries]]` says who, and with \
             `on` about which messages and in which role; the first entry that fits a message decides."
        ),
        written: format!("[[adversaries]] {nodes}do = {act}"),
        example: format!("seedstorm run bracha-calm {grants}--set 'adversaries=[{{ {nodes}do = {act} }}]'"),
        related: vec!["corrupt".to_owned()],
        entries: Vec::new(),
        details: details([("protocol", Value::Null)]),
    }
}
