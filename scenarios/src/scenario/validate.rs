//! Rules across fields, after everything has its type. All problems are reported, not only the first.

mod adversaries;
mod faults;

use sim_core::operation::ObjectModel;
use sim_core::registry::{Cluster, ProtocolInfo};
use sim_core::setup::MeasureOf;
use sim_core::time::Duration;

use super::checks::LINEARIZABLE;
use super::{NodeName, Range, Safety, Scenario, Traitors};
use crate::document::Places;
use crate::problem::Problem;

/// No simulation here has more agents.
const MOST_NODES: u32 = 10_000_000;
/// No one simulates more clients.
const MOST_CLIENTS: u32 = 100_000;
/// The longest phase of a run: 365 days.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Checks that every run has: progress after the heal, and panics.
const ENGINE_CHECKS: [&str; 4] = ["progress", "process/panic", "coalition/panic", "engine/panic"];

/// Collects problems with their places.
struct Validator<'a> {
    scenario: &'a Scenario,
    protocol: &'static ProtocolInfo,
    places: &'a Places,
    problems: Vec<Problem>,
}

pub(super) fn validate(
    scenario: &Scenario,
    protocol: &'static ProtocolInfo,
    cluster: &dyn Cluster,
    places: &Places,
) -> Vec<Problem> {
    let mut validator = Validator { scenario, protocol, places, problems: Vec::new() };
    validator.sizes();
    validator.times();
    validator.distributions();
    validator.workload();
    validator.swarm(cluster);
    validator.initial();
    validator.names();
    validator.adversaries();
    validator.expectation();
    validator.checks_off();
    // Faults are judged against a cluster that can be.
    if scenario.cluster.nodes <= MOST_NODES && scenario.clients <= MOST_CLIENTS {
        validator.problems.extend(faults::check(scenario, protocol, places));
    }
    validator.problems
}

impl Validator<'_> {
    fn problem(&mut self, path: &[&str], title: impl Into<String>) {
        self.problems.push(Problem::new(title).at(self.places.value_at(path)));
    }

    fn sizes(&mut self) {
        let (nodes, clients) = (self.scenario.cluster.nodes, self.scenario.clients);
        if nodes == 0 {
            self.problem(&["cluster", "nodes"], "a cluster needs at least one node");
        }
        if nodes > MOST_NODES {
            self.problem(&["cluster", "nodes"], format!("{nodes} nodes are more than {MOST_NODES}"));
        }
        if clients > MOST_CLIENTS {
            self.problem(&["workload", "clients"], format!("{clients} clients are more than {MOST_CLIENTS}"));
        }
        if self.scenario.cluster.max_events == 0 {
            self.problem(&["cluster", "max_events"], "a run of no events shows nothing");
        }
    }

    fn times(&mut self) {
        let duration = self.scenario.cluster.duration;
        let within = self.scenario.checks.progress.within(Duration::ZERO).unwrap_or(Duration::from_secs(1));
        for (path, value) in [(["cluster", "duration"], duration), (["checks", "progress"], within)] {
            if value.is_zero() {
                self.problem(&path, "this must be above zero");
            } else if value > LONGEST {
                self.problem(&path, "this is above 365 days");
            }
        }
    }

    fn distributions(&mut self) {
        let scenario = self.scenario;
        let network = &scenario.network;
        let named = [
            (["network", "latency"], Some(&network.latency)),
            (["network", "client_latency"], network.client_latency.as_ref()),
            (["disk", "sync"], Some(&scenario.disk.sync)),
            (["clock", "offset"], scenario.clock.offset.as_ref()),
        ];
        for (path, distribution) in named {
            if let Some(Err(error)) = distribution.map(sim_core::distribution::Distribution::validate) {
                self.problem(&path, plain(&error));
            }
        }
        if let Some(Err(error)) = network.regions.as_ref().map(sim_core::distribution::RegionMatrix::validate)
        {
            self.problem(&["network", "regions"], plain(&error));
        }
        if network.bandwidth == Some(0) {
            self.problem(&["network", "bandwidth"], "nothing gets through a bandwidth of 0");
        }
        if scenario.clock.drift_ppm > 100_000 {
            self.problem(&["clock", "drift_ppm"], "a clock cannot drift by more than 100000 ppm (a tenth)");
        }
    }

    fn workload(&mut self) {
        let Some(workload) = &self.scenario.workload else { return };
        if let Err(error) = workload.validate(self.scenario.clients) {
            self.problem(&["workload"], plain(&error));
        }
        let offered = self.protocol.objects;
        if !offered.contains(&workload.model) {
            let title = format!("{} offers its clients no {}", self.protocol.name, workload.model);
            let names: Vec<String> = offered.iter().map(ToString::to_string).collect();
            let expected = match names.len() {
                0 => "it has no clients: leave [workload] out".to_owned(),
                _ => format!("expected one of {}", names.join(", ")),
            };
            let problem = Problem::new(title).at(self.places.value_at(&["workload", "model"]));
            self.problems.push(problem.note(expected));
        }
    }

    fn swarm(&mut self, cluster: &dyn Cluster) {
        let Some(swarm) = &self.scenario.swarm else { return };
        for (key, range) in [("nodes", swarm.nodes), ("operations", swarm.operations)] {
            if let Some(Range { min, max }) = range
                && (min > max || min == 0 || max > MOST_NODES)
            {
                let title = format!("expected 1 <= min <= max <= {MOST_NODES}, found {min} and {max}");
                self.problem(&["swarm", key], title);
            }
        }
        if swarm.operations.is_some() && self.scenario.workload.is_none() {
            self.problem(&["swarm", "operations"], "there is no [workload] whose operations could be drawn");
        }
        let nodes = swarm.nodes.map_or(self.scenario.cluster.nodes, |range| range.min);
        if let Traitors::Beyond(more) = swarm.traitors
            && cluster.fault_model(nodes).byzantine.saturating_add(more) > nodes
        {
            self.problem(&["swarm", "traitors"], "there would be more traitors than nodes");
        }
    }

    fn initial(&mut self) {
        let named: Vec<_> = self.scenario.initial.named().collect();
        for (path, name) in named {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            self.node_exists(&path, name);
        }
    }

    fn node_exists(&mut self, path: &[&str], name: NodeName) {
        let drawn = self.scenario.swarm.as_ref().and_then(|swarm| swarm.nodes);
        let nodes = drawn.map_or(self.scenario.cluster.nodes, |range| range.min);
        if name.0 >= nodes {
            let problem = Problem::new(format!("there is no node {name}")).at(self.places.value_at(path));
            self.problems.push(problem.note(format!("the nodes are n1 to n{nodes}")));
        }
    }

    /// Kinds and roles that stop rules and measures name.
    fn names(&mut self) {
        let scenario = self.scenario;
        let (observations, roles) = (self.protocol.observations, self.protocol.roles);
        if let Some(rule) = &scenario.stop.observed {
            self.known(&["stop", "observed", "kind"], "observation", &rule.kind, observations);
        }
        if let Some(role) = &scenario.stop.all_in_role {
            self.known(&["stop", "all_in_role"], "role", role, roles);
        }
        for (index, measure) in scenario.measure.iter().enumerate() {
            let (key, kind, name, names) = match &measure.what {
                MeasureOf::FirstTime(name) => ("first_time", "observation", name, observations),
                MeasureOf::LastTime(name) => ("last_time", "observation", name, observations),
                MeasureOf::Count(name) => ("count", "observation", name, observations),
                MeasureOf::ShareInRole(name) => ("share_in_role", "role", name, roles),
                MeasureOf::Sent(name) => ("sent", "kind of message", name, self.protocol.messages),
            };
            self.known(&["measure", &index.to_string(), "what", key], kind, name, names);
        }
        if let Some(behavior) = &scenario.initial.behavior {
            let behaviors: Vec<&str> = self.protocol.behaviors.iter().map(|named| named.name).collect();
            self.known(&["initial", "behavior"], "behavior", behavior, &behaviors);
        }
    }

    /// Checks that are switched off, or alone left on.
    fn checks_off(&mut self) {
        let mut checks: Vec<&str> = self.protocol.checks.iter().map(|check| check.name).collect();
        if let Safety::Only(names) = &self.scenario.checks.safety {
            for (index, check) in names.iter().enumerate() {
                self.known(&["checks", "safety", "only", &index.to_string()], "check", check, &checks);
            }
        }
        checks.push(LINEARIZABLE);
        for (index, check) in self.scenario.checks.off.iter().enumerate() {
            self.known(&["checks", "off", &index.to_string()], "check", check, &checks);
        }
    }

    /// The check that `expect` names, beside those of the protocol one of the engine's own.
    fn expectation(&mut self) {
        let Some(check) = &self.scenario.expect.check else { return };
        let own = self.protocol.checks.iter().map(|check| check.name);
        let models = ObjectModel::ALL.map(sim_core::history::check_name);
        let checks: Vec<&str> = own.chain(ENGINE_CHECKS).chain(models).collect();
        if !checks.contains(&check.as_str()) {
            let problem = Problem::new(format!("unknown check \"{check}\" in what is expected"));
            let problem = problem.at(self.places.value_at(&["expect"]));
            self.problems.push(problem.suggest(check, checks));
        }
    }

    fn known(&mut self, path: &[&str], kind: &str, name: &str, names: &[&str]) {
        if !names.contains(&name) {
            let problem = Problem::new(format!("unknown {kind} \"{name}\"")).at(self.places.value_at(path));
            self.problems.push(problem.suggest(name, names.iter().copied()));
        }
    }
}

/// An error's text without the "use ...: " or "read ...: " that makes sense behind "failed to".
fn plain(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}
