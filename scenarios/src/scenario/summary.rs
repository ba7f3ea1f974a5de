//! A summary of a scenario in a few lines, before anything is run.

use sim_core::ordered::OrderedMap;

use super::{Loaded, ProgressRule, Scenario};

/// Labels and words.
pub fn summary(loaded: &Loaded) -> Vec<(&'static str, String)> {
    let scenario = &loaded.scenario;
    let lines = [
        ("cluster", cluster(scenario)),
        ("clients", clients(scenario)),
        ("faults", faults(scenario)),
        ("drawn", drawn(scenario)),
        ("checks", checks(loaded)),
        ("expects", scenario.expect.to_string()),
        ("hash", loaded.hash.clone()),
    ];
    lines.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

fn cluster(scenario: &Scenario) -> String {
    let table = &scenario.cluster;
    let nodes = match scenario.swarm.as_ref().and_then(|swarm| swarm.nodes) {
        Some(range) => format!("{} to {} nodes", range.min, range.max),
        None if table.nodes == 1 => "1 node".to_owned(),
        None => format!("{} nodes", table.nodes),
    };
    let then = match scenario.checks.progress {
        ProgressRule::None => String::new(),
        ProgressRule::Auto => ", then progress is owed".to_owned(),
        ProgressRule::Within(limit) => format!(", then progress is owed, best within {limit}"),
    };
    format!("{} · {nodes} · {}{then}", table.protocol, table.duration)
}

fn clients(scenario: &Scenario) -> String {
    let Some(workload) = &scenario.workload else { return String::new() };
    let pace = match (workload.open_rate(), workload.think) {
        (Some(rate), _) => format!("{rate} in all"),
        (None, think) => format!("one after the other, {} apart", think.unwrap_or_default()),
    };
    format!("{} on a {} · {pace}", scenario.clients, workload.model)
}

/// How many faults of each key.
fn faults(scenario: &Scenario) -> String {
    let mut keys: OrderedMap<&str, u32> = OrderedMap::new();
    scenario.faults.iter().for_each(|entry| *keys.entry(entry.what.key()).or_default() += 1);
    if keys.is_empty() {
        return String::new();
    }
    let keys: Vec<String> = keys.iter().map(|(key, count)| format!("{count} {key}")).collect();
    let beyond = if scenario.over_budget { " · over budget on purpose" } else { "" };
    format!("{}: {}{beyond}", scenario.faults.len(), keys.join(", "))
}

fn drawn(scenario: &Scenario) -> String {
    let Some(swarm) = &scenario.swarm else { return String::new() };
    let families = swarm.families.list().into_iter().map(|family| format!("{} faults", family.name()));
    let parts = [
        (swarm.nodes.is_some(), "the number of nodes"),
        (swarm.operations.is_some(), "the number of operations"),
        (swarm.clients.is_some(), "the number of clients"),
        (swarm.duration.is_some(), "the duration"),
        (swarm.workload, "what clients do"),
        (swarm.knobs, "knobs"),
        (swarm.network, "the network"),
        (swarm.disk, "disks"),
        (swarm.behaviors, "what traitors do"),
        (swarm.rules, "rules for traitors"),
        (swarm.detours, "detours"),
        (swarm.rounds.is_some(), "rounds"),
        (swarm.byzzfuzz.is_some(), "a bounded number of faults in rounds"),
        (swarm.corrupt_clients, "corrupt clients"),
    ];
    let parts = parts.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned());
    parts.chain(families).collect::<Vec<_>>().join(", ")
}

fn checks(loaded: &Loaded) -> String {
    let off = loaded.scenario.checks.names_off(loaded.protocol);
    let own = loaded.protocol.checks.len();
    let on = loaded.protocol.checks.iter().filter(|check| !off.iter().any(|name| name == check.name)).count();
    let least = loaded.scenario.checks.at_least.iter().map(|(name, least)| format!("{name} >= {least}"));
    let least = least.collect::<Vec<_>>().join(", ");
    let counts = if least.is_empty() { String::new() } else { format!(" · counts if {least}") };
    format!("{on} of {own} of {}'s own{counts}", loaded.protocol.name)
}
