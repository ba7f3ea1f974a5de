//! The glossary: every name with its meaning. `list` and `explain` are made from this one table, and the table is made
//! from the registries.

mod codes;
mod concepts;
mod everywhere;
mod faults;
mod files;
mod near;
mod protocols;
mod tables;

use serde_json::{Map, Value};
use sim_core::registry::{Entry, Registry};
use sim_core::tree;

use crate::program::own;
use crate::scenario::Loaded;

pub use codes::EXIT_CODES;

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TermKind {
    /// A protocol.
    Protocol,
    /// A built-in scenario.
    Scenario,
    /// A built-in sweep.
    Sweep,
    /// A check.
    Check,
    /// A fault.
    Fault,
    /// A family of faults.
    Family,
    /// Whom a fault strikes.
    Target,
    /// A planted bug.
    Plant,
    /// A parameter of a protocol.
    Knob,
    /// Behaviors of traitors.
    Behavior,
    /// What a run is judged to be.
    Verdict,
    /// Exit codes.
    ExitCode,
    /// A table of a scenario.
    Table,
    /// A word of this program's own.
    Concept,
}

impl TermKind {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 14] = [
        Self::Protocol,
        Self::Scenario,
        Self::Sweep,
        Self::Check,
        Self::Fault,
        Self::Family,
        Self::Target,
        Self::Plant,
        Self::Knob,
        Self::Behavior,
        Self::Verdict,
        Self::ExitCode,
        Self::Table,
        Self::Concept,
    ];

    /// One of them, in words.
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Scenario => "scenario",
            Self::Sweep => "sweep",
            Self::Check => "check",
            Self::Fault => "fault",
            Self::Family => "family",
            Self::Target => "target",
            Self::Plant => "plant",
            Self::Knob => "knob",
            Self::Behavior => "behavior",
            Self::Verdict => "verdict",
            Self::ExitCode => "exit code",
            Self::Table => "table",
            Self::Concept => "concept",
        }
    }

    /// The list of them, as the command line and documents name it.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Protocol => "protocols",
            Self::Scenario => "scenarios",
            Self::Sweep => "sweeps",
            Self::Check => "checks",
            Self::Fault => "faults",
            Self::Family => "families",
            Self::Target => "targets",
            Self::Plant => "plants",
            Self::Knob => "knobs",
            Self::Behavior => "behaviors",
            Self::Verdict => "verdicts",
            Self::ExitCode => "exit_codes",
            Self::Table => "tables",
            Self::Concept => "concepts",
        }
    }
}

/// A name and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What kind of thing it is.
    pub kind: TermKind,
    /// The name.
    pub name: String,
    /// Other names that mean it.
    pub aliases: Vec<String>,
    /// The protocol that it belongs to, if it belongs to one.
    pub protocol: Option<&'static str>,
    /// One line.
    pub line: String,
    /// A paragraph.
    pub about: String,
    /// How a scenario or a command writes it.
    pub written: String,
    /// A command to try.
    pub example: String,
    /// Names to look at next.
    pub related: Vec<String>,
    /// What stands in it, each with what it says: the keys of a table.
    pub entries: Vec<(String, String)>,
    /// More about it, for JSON.
    pub details: Map<String, Value>,
}

impl Term {
    /// Whether it goes by this name.
    fn is_called(&self, name: &str) -> bool {
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        same(&self.name)
            || self.aliases.iter().any(|alias| same(alias))
            || self.protocol.is_some_and(|protocol| {
                name.strip_prefix(protocol).is_some_and(|rest| rest.strip_prefix('.').is_some_and(same))
            })
    }
}

/// Every name that there is, kind by kind.
pub fn glossary(registry: &Registry) -> Vec<Term> {
    let builtins = files::load_all(registry);
    let infos = || registry.iter().map(Entry::info);
    let mut terms: Vec<Term> = infos().map(|info| protocols::protocol(info, &builtins)).collect();
    terms.extend(builtins.iter().map(files::scenario));
    terms.extend(files::sweeps(&builtins));
    terms.extend(infos().flat_map(|info| protocols::checks(info, &builtins)));
    terms.extend(everywhere::checks());
    terms.extend(faults::faults());
    terms.extend(faults::families());
    terms.extend(faults::targets(registry));
    terms.extend(infos().flat_map(|info| protocols::plants(info, &builtins)));
    terms.extend(infos().flat_map(|info| protocols::knobs(info, &builtins)));
    terms.extend(infos().flat_map(|info| protocols::behaviors(info, &builtins)));
    terms.extend(everywhere::behaviors());
    terms.extend(codes::verdicts());
    terms.extend(codes::exit_codes());
    terms.extend(tables::tables(registry));
    terms.extend(concepts::concepts());
    terms.iter_mut().for_each(|term| term.example = own(&term.example));
    terms
}

/// What a name may mean, in the order of the table; a name may stand for several things.
///
/// # Errors
/// If it means nothing: the nearest name that means something, if one is near.
pub fn explain<'a>(terms: &'a [Term], name: &str) -> Result<Vec<&'a Term>, Option<String>> {
    let name = name.trim();
    let found: Vec<&Term> = terms.iter().filter(|term| term.is_called(name)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    if let Some(target) = faults::target_like(terms, name) {
        return Ok(vec![target]);
    }
    let tables = tables::with_key(terms, name);
    if !tables.is_empty() {
        return Ok(tables);
    }
    let faults = near::with_word(terms, name);
    if !faults.is_empty() {
        return Ok(faults);
    }
    Err(near::nearest_name(terms, name).map(str::to_owned))
}

/// The built-in scenario that shows a protocol best: for looking at one run, or for exploring.
fn shown_by<'a>(builtins: &'a [Loaded], protocol: &str, explored: bool) -> &'a str {
    let own = || builtins.iter().filter(|loaded| loaded.scenario.cluster.protocol == protocol);
    let best = own().find(|loaded| loaded.scenario.swarm.is_some() == explored);
    best.or_else(|| own().next()).map_or("SCENARIO", |loaded| &loaded.name)
}

/// A table of details from pairs.
fn details<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    tree::table(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A text as a sentence: it begins with a capital letter and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else { return String::new() };
    let stop = if text.trim().ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

#[cfg(test)]
mod tests;
