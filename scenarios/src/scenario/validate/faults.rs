//! `[[faults]]` against the cluster: the fault plan judges itself, this finds the place of what it refuses.

use sim_core::fault::validate::{FaultError, Problem as FaultProblem};
use sim_core::fault::{FaultPlan, Vocabulary};
use sim_core::registry::ProtocolInfo;

use super::plain;
use crate::document::{Origin, Places};
use crate::problem::Problem;
use crate::scenario::Scenario;

/// What is wrong with the faults.
pub(super) fn check(scenario: &Scenario, protocol: &'static ProtocolInfo, places: &Places) -> Vec<Problem> {
    let drawn = scenario.swarm.as_ref().and_then(|swarm| swarm.nodes);
    let members = drawn.map_or(scenario.cluster.nodes, |range| range.min);
    let vocabulary = Vocabulary {
        protocol: protocol.name,
        members,
        clients: scenario.clients,
        roles: protocol.roles,
        observations: protocol.observations,
        messages: protocol.messages,
    };
    let plan = FaultPlan { entries: scenario.faults.clone(), over_budget: scenario.over_budget };
    let errors = plan.problems(members, scenario.clients, Some(&vocabulary));
    errors.map(|error| explain(&error, protocol.name, places)).collect()
}

fn explain(error: &FaultError, protocol: &str, places: &Places) -> Problem {
    match error {
        FaultError::Entry { entry, key, problem } => {
            let path = ["faults", &entry.to_string(), key];
            explain_entry(problem, protocol, places.follow(&path).0)
        }
        FaultError::Overlap { second, second_key, .. } => {
            let path = ["faults", &second.to_string(), second_key];
            Problem::new(plain(error)).at(places.key_at(&path))
        }
    }
}

fn explain_entry(problem: &FaultProblem, protocol: &str, entry: &Places) -> Problem {
    let (title, text, near, allowed) = match problem {
        FaultProblem::Target(unknown) => {
            ("target", &unknown.text, unknown.nearest.as_deref(), unknown.allowed.clone())
        }
        FaultProblem::Kind { what, text, nearest, allowed } => {
            (*what, text, nearest.as_deref(), format!("for {protocol}: one of {allowed}"))
        }
        other => return Problem::new(other.to_string()).at(entry.value.clone()),
    };
    let origin = find_text(entry, text).unwrap_or_else(|| entry.value.clone());
    let problem = Problem::new(format!("unknown {title} \"{text}\"")).at(origin);
    let problem = match near {
        Some(near) => problem.label(format!("did you mean \"{near}\"?")),
        None => problem,
    };
    problem.note(allowed)
}

/// Where a text stands inside of a value, as a whole value if it does, or else as a part of one.
fn find_text(places: &Places, text: &str) -> Option<Origin> {
    let matches = |origin: &Origin| origin.text().trim_matches(['"', '\'']) == text;
    leaves(places).find(|origin| matches(origin)).or_else(|| leaves(places).find(|o| o.text().contains(text)))
}

fn leaves(places: &Places) -> Box<dyn Iterator<Item = Origin> + '_> {
    if places.children.is_empty() {
        return Box::new(std::iter::once(places.value.clone()));
    }
    Box::new(places.children.values().flat_map(leaves))
}
