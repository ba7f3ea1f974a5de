//! `checks.at_least`: counters by their full names, or by shorter ones that need no quotes.

use sim_core::activity::counter_names;
use sim_core::fault::plan::same_kind;
use sim_core::registry::ProtocolInfo;
use sim_core::setup::Amount;

use super::checks::{AtLeast, Checks};
use crate::document::Places;
use crate::problem::Problem;

/// Shorter names of counters that every run has.
pub(super) const SHORT: [(&str, &str); 5] = [
    ("operations", "operations.succeeded"),
    ("faults_fired", "faults.fired"),
    ("messages_cut", "dropped.cut"),
    ("messages_lost", "dropped.loss"),
    ("messages_shed", "dropped.inbox_full"),
];

/// Brings every name to its full form, and tells of those that no run of the protocol counts.
pub(super) fn resolve(checks: &mut Checks, protocol: &ProtocolInfo, places: &Places) -> Vec<Problem> {
    let known = counter_names(protocol.observations);
    let mut problems = Vec::new();
    let mut resolved = AtLeast::new();
    for (name, least) in std::mem::take(&mut checks.at_least) {
        let origin = places.key_at(&["checks", "at_least", &name]);
        let full = full_name(&name, &known, protocol);
        match full {
            None => {
                let problem = Problem::new(format!("unknown counter \"{name}\"")).at(origin);
                let short = SHORT.iter().map(|(short, _)| *short);
                problems.push(problem.suggest(&name, short.chain(known.iter().map(String::as_str))));
            }
            Some(full) if resolved.contains_key(&full) => {
                problems.push(Problem::new(format!("{full} stands twice, under two names")).at(origin));
            }
            Some(full) if matches!(least, Amount::Members(_)) && !has_shares(&full) => {
                let title = format!("{full} is no share of anything");
                let note = "a share is for what members observe and for operations; expected a number";
                problems
                    .push(Problem::new(title).at(places.value_at(&["checks", "at_least", &name])).note(note));
            }
            Some(full) => drop(resolved.insert(full, least)),
        }
    }
    checks.at_least = resolved;
    problems
}

/// Whether a counter has a whole that a share can be of.
fn has_shares(full: &str) -> bool {
    full.starts_with("observed.") || is_of_operations(full)
}

/// Whether a counter is one of the operations that a workload asks for.
pub(super) fn is_of_operations(full: &str) -> bool {
    matches!(full, "operations.invoked" | "operations.returned" | "operations.succeeded")
}

/// The full name of a counter that is written in full or in short.
pub(super) fn full_name(name: &str, known: &[String], protocol: &ProtocolInfo) -> Option<String> {
    if known.iter().any(|known| known == name) {
        return Some(name.to_owned());
    }
    if let Some((_, full)) = SHORT.iter().find(|(short, _)| *short == name) {
        return Some((*full).to_owned());
    }
    let kind = protocol.observations.iter().find(|kind| same_kind(name, kind))?;
    Some(format!("observed.{kind}"))
}
