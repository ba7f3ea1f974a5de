//! `[[faults]]` against the cluster: the fault plan judges itself, this finds the place of what it refuses.

use sim_core::fault::action::DiskFault;
use sim_core::fault::domain::DomainName;
use sim_core::fault::spec::Disk;
use sim_core::fault::validate::{FaultError, Problem as FaultProblem};
use sim_core::fault::{Fault, FaultEntry, FaultPlan, Moment, Vocabulary};
use sim_core::registry::ProtocolInfo;
use sim_core::setup::{DiskModel, ServiceModel};
use sim_core::time::Time;

use super::plain;
use crate::document::{Origin, Places};
use crate::problem::Problem;
use crate::scenario::Scenario;

/// What is wrong with the faults.
pub(super) fn check(
    scenario: &Scenario,
    protocol: &'static ProtocolInfo,
    domains: &[DomainName],
    places: &Places,
) -> Vec<Problem> {
    let drawn = scenario.swarm.as_ref().and_then(|swarm| swarm.nodes);
    let members = drawn.map_or(scenario.cluster.nodes, |range| range.min);
    let vocabulary = Vocabulary {
        protocol: protocol.name,
        members,
        clients: scenario.clients,
        grows: scenario.faults.iter().any(|fault| fault.what.adds_slots())
            || scenario.initial.twins.iter().any(|twin| twin.at.is_none()),
        roles: protocol.roles,
        observations: protocol.observations,
        messages: protocol.messages,
        rounds: protocol.rounds,
        domains,
    };
    let mut plan = FaultPlan { entries: scenario.faults.clone(), over_budget: scenario.over_budget };
    for repeat in plan.entries.iter_mut().filter_map(|entry| entry.repeat.as_mut()) {
        repeat.until.get_or_insert(scenario.cluster.duration);
    }
    let errors = plan.problems(members, scenario.clients, Some(&vocabulary));
    let end = places.value_at(&["cluster", "duration"]);
    let late = scenario.faults.iter().enumerate().filter(|(_, fault)| is_late(scenario, fault));
    let late = late.filter_map(|(entry, _)| {
        let at = places.value_at(&["faults", &entry.to_string(), "at"]);
        // What shortens a scenario from outside leaves its late faults out, and is no slip.
        (at.source.name == end.source.name).then(|| too_late(scenario).at(at))
    });
    let diskless = scenario.faults.iter().enumerate().filter_map(|(entry, fault)| {
        let path = ["faults", &entry.to_string(), "disk"];
        let strikes = matches!(fault.what, Fault::Disk(_)) && !protocol.journals;
        strikes.then(|| no_disk(protocol.name).at(places.key_at(&path)))
    });
    let idle = scenario.faults.iter().enumerate().filter_map(|(entry, fault)| {
        let (key, why) = changes_nothing(scenario, protocol, &fault.what)?;
        let problem = Problem::new(why).at(places.key_at(&["faults", &entry.to_string(), key]));
        let members = matches!(fault.what, Fault::Leave(_) | Fault::Replace(_));
        let note = "crash without restart_after takes a member away for good";
        Some(if members && protocol.fixed_members.is_some() { problem.note(note) } else { problem })
    });
    errors
        .map(|error| explain(&error, protocol.name, places))
        .chain(late)
        .chain(diskless)
        .chain(idle)
        .collect()
}

/// Whether a fault is of a moment that never comes: after the first phase the world is healed, or the run over.
pub(crate) fn is_late(scenario: &Scenario, fault: &FaultEntry) -> bool {
    matches!(fault.at, Moment::At(at) if at.since(Time::ZERO) > scenario.cluster.duration)
}

fn too_late(scenario: &Scenario) -> Problem {
    let end = scenario.cluster.duration;
    let title = format!("it would never strike: none begins after cluster.duration, which is {end}");
    Problem::new(title).note("expected an earlier time, or a longer cluster.duration")
}

/// A fault of disks that nobody has.
pub(super) fn no_disk(protocol: &str) -> Problem {
    Problem::new(format!("it would change nothing: {protocol} keeps nothing on disks"))
        .note("crash stops a process, amnesia also makes it forget who it was")
}

/// Why a fault would strike and change nothing, or nothing that means something, and its key: a multiple of no time is no
/// time, and a newcomer that nobody counts is no member.
fn changes_nothing(
    scenario: &Scenario,
    protocol: &ProtocolInfo,
    fault: &Fault,
) -> Option<(&'static str, &'static str)> {
    let nobody_moves_them = protocol.behaviors.is_empty() && scenario.adversaries.is_empty();
    let free_service = ServiceModel { inbox: None, ..scenario.service.clone() } == ServiceModel::default();
    match fault {
        Fault::Slow(slow) if slow.floor.is_zero() && free_service => Some((
            "slow",
            "it would change nothing: messages take no time here; give it a `floor`, or a [service] time",
        )),
        Fault::Disk(Disk { fault: DiskFault::Slow { extra, .. }, .. })
            if extra.is_zero() && scenario.disk == DiskModel::default() && scenario.swarm.is_none() =>
        {
            Some((
                "disk",
                "it would change nothing: syncs take no time here; give it an `extra`, or disk.sync a time",
            ))
        }
        Fault::Join(_) | Fault::Leave(_) | Fault::Replace(_) | Fault::Churn(_) => {
            let nobody = protocol.clients_change_members && scenario.clients == 0;
            let why = protocol.fixed_members.or(nobody.then_some(NOBODY_ASKS))?;
            Some((fault.key(), why))
        }
        Fault::Corrupt(_) | Fault::Adaptive(_) if nobody_moves_them => Some((
            fault.key(),
            "it would change nothing: traitors of this protocol have no behaviors; say in [[adversaries]] what they do",
        )),
        _ => None,
    }
}

/// Why nobody joins or leaves where a client would have to ask for it.
pub(super) const NOBODY_ASKS: &str = "nobody would ask the members for it: a client does, and there are none; give it a [workload] with `clients`";

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
