//! Rules across fields, after everything has its type. All problems are reported, not only the first.

mod adversaries;
mod demands;
mod faults;
mod measures;

use sim_core::distribution::RegionError;
use sim_core::fault::domain::DomainName;
use sim_core::fault::rounds::MOST_ROUNDS;
use sim_core::fault::swarm::MOST_STRIKES;
use sim_core::fault::{Family, Fault};
use sim_core::limit::Limit;
use sim_core::network::Bandwidth;
use sim_core::operation::ObjectModel;
use sim_core::registry::{Cluster, ProtocolInfo};
use sim_core::setup::{FIRST_VERSION, Setup};
use sim_core::time::Duration;

pub(super) use faults::is_late;

use super::domains::{Domains, Misplaced};
use super::versions;
use super::{
    DrawnRounds, Families, LINEARIZABLE, Lengths, NodeName, Range, Safety, Scenario, Swarm, Traitors, Twins,
};
use crate::document::{Complaint, Places};
use crate::problem::Problem;

/// Nobody asks for more in one run.
const MOST_OPERATIONS: u32 = 10_000_000;
/// No one simulates more clients.
const MOST_CLIENTS: u32 = 100_000;
/// The shortest first phase that a seed may draw: there must be room for a storm and a calm.
const SHORTEST_DRAWN: Duration = Duration::from_secs(1);
/// The longest phase of a run: 365 days.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);
/// The longest phase of a capsule: progress may be owed for longer than a scenario says, by what clocks went back.
const LONGEST_WITH_DRAWN: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// Checks that every run has: progress after the heal, panics, and runs that would never end.
const ENGINE_CHECKS: [&str; 7] = [
    "progress",
    "process/panic",
    "process/hang",
    "coalition/panic",
    "coalition/hang",
    "engine/panic",
    "run/storm",
];

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
    validator.service();
    validator.times();
    validator.distributions();
    validator.regions();
    validator.topology();
    let domains = validator.domains();
    validator.workload();
    validator.swarm(cluster);
    validator.initial(cluster);
    validator.versions(cluster);
    validator.names();
    validator.measures();
    validator.adversaries(cluster);
    validator.expectation();
    validator.checks_off();
    validator.demands(cluster);
    // Faults are judged against a cluster that can be.
    if scenario.cluster.nodes <= protocol.most_nodes && scenario.clients <= MOST_CLIENTS {
        validator.problems.extend(faults::check(scenario, protocol, &domains, places));
    }
    validator.problems
}

/// Whether a setup that was read from a file keeps to the limits of what a scenario may ask for.
///
/// # Errors
/// Which it exceeds.
pub(crate) fn within_limits(setup: &Setup, protocol: &ProtocolInfo) -> Result<(), String> {
    let Setup { members, clients, .. } = *setup;
    if members > protocol.most_nodes {
        let most = protocol.most_nodes;
        return Err(format!("{members} nodes are more than the {most} of a run of {}", protocol.name));
    }
    if clients > MOST_CLIENTS {
        return Err(format!("{clients} clients are more than {MOST_CLIENTS}"));
    }
    let phases = [Some(setup.duration), setup.progress_timeout, setup.recovery_within];
    if phases.into_iter().flatten().any(|phase| phase > LONGEST_WITH_DRAWN) {
        return Err(format!("a phase of it is longer than {LONGEST_WITH_DRAWN}"));
    }
    Ok(())
}

impl Validator<'_> {
    fn problem<S: AsRef<str>>(&mut self, path: &[S], title: impl Into<String>) {
        self.problems.push(Problem::new(title).at(self.places.value_at(path)));
    }

    fn service(&mut self) {
        if self.scenario.service.inbox == Some(0) {
            self.problem(&["service", "inbox"], "in an inbox of no places nothing ever arrives");
        }
    }

    fn sizes(&mut self) {
        let (nodes, clients) = (self.scenario.cluster.nodes, self.scenario.clients);
        if nodes == 0 {
            self.problem(&["cluster", "nodes"], "a cluster needs at least one node");
        }
        let most = self.protocol.most_nodes;
        if nodes > most {
            let title = format!("{nodes} nodes are more than the {most} of a run of {}", self.protocol.name);
            self.problem(&["cluster", "nodes"], title);
        }
        if clients > MOST_CLIENTS {
            self.problem(&["workload", "clients"], format!("{clients} clients are more than {MOST_CLIENTS}"));
        }
        let cluster = &self.scenario.cluster;
        let limits =
            [("max_events", cluster.max_events), ("max_events_per_second", cluster.max_events_per_second)];
        for (key, limit) in limits {
            if limit == Some(0) {
                self.problem(&["cluster", key], "a run of no events shows nothing");
            }
        }
    }

    fn times(&mut self) {
        let duration = self.scenario.cluster.duration;
        let within = self.scenario.checks.progress.level().unwrap_or(Duration::from_secs(1));
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
            (["service", "per_message"], Some(&scenario.service.per_message)),
        ];
        for (path, distribution) in named {
            if let Some(Err(error)) = distribution.map(sim_core::distribution::Distribution::validate) {
                self.problem(&path, plain(&error));
            }
        }
        let hosts = network.hosts.iter().map(|hosts| ("hosts", "jitter", &hosts.jitter));
        let links = network
            .links
            .iter()
            .flat_map(|links| [("links", "latency", &links.latency), ("links", "jitter", &links.jitter)]);
        for (table, key, distribution) in hosts.chain(links) {
            if let Err(error) = distribution.validate() {
                self.problem(&["network", table, key], plain(&error));
            }
        }
        let laws = [network.hosts.is_some(), network.links.is_some(), network.regions.is_some()];
        if laws.into_iter().filter(|given| *given).count() > 1 {
            let table = if network.hosts.is_some() { "hosts" } else { "links" };
            self.problem(&["network", table], "latency is by host, by link or by region, one of them");
        }
        let least = network.bandwidth.as_ref().map(Bandwidth::least);
        if least == Some(Some(0)) {
            self.problem(&["network", "bandwidth"], "nothing gets through a bandwidth of 0");
        } else if least == Some(None) {
            self.problem(&["network", "bandwidth"], "expected the bandwidth of one host at least");
        }
        let lengths: [(&[&str], Duration); 4] = [
            (&["service", "per_kilobyte"], scenario.service.per_kilobyte),
            (&["service", "per_signature"], scenario.service.per_signature),
            (&["network", "retransmit_after"], network.retransmit_after),
            (&["network", "coalition_delay"], network.coalition_delay.unwrap_or_default()),
        ];
        for (path, _) in lengths.iter().filter(|(_, length)| *length > LONGEST) {
            self.problem(path, "this is above 365 days");
        }
        if scenario.clock.timer_jitter > Duration::from_secs(10) {
            self.problem(&["clock", "timer_jitter"], "a timer cannot be late by more than 10 s");
        }
        if scenario.clock.drift_ppm > 100_000 {
            self.problem(&["clock", "drift_ppm"], "a clock cannot drift by more than 100000 ppm (a tenth)");
        }
    }

    /// Whether the regions fit together, and everybody of every cluster that may be drawn has a place in them.
    fn regions(&mut self) {
        let Some(regions) = &self.scenario.network.regions else { return };
        if let Err(error) = regions.validate() {
            return self.problem(&["network", "regions"], plain(&error));
        }
        let Some((least, most)) = self.members() else { return };
        if let Err(error) = regions.fit_members(least).and_then(|()| regions.fit_members(most)) {
            self.misplaced("placement", &error);
        }
        if self.scenario.clients <= MOST_CLIENTS
            && let Err(error) = regions.fit_clients(self.scenario.clients)
        {
            self.misplaced("clients", &error);
        }
    }

    fn misplaced(&mut self, key: &str, error: &RegionError) {
        let problem = Problem::new(plain(error)).at(self.places.value_at(&["network", "regions", key]));
        let note = match error {
            RegionError::Places { .. }
                if self.scenario.swarm.as_ref().is_some_and(|it| it.nodes.is_some()) =>
            {
                "the number of nodes is drawn: use \"round-robin\" or \"blocks\"".to_owned()
            }
            RegionError::Places { count, .. } => {
                format!("expected \"round-robin\", \"blocks\", or {count} names of regions")
            }
            RegionError::Unknown { name, .. } => {
                let regions = self.scenario.network.regions.iter().flat_map(|regions| &regions.regions);
                let names: Vec<&str> = regions.map(String::as_str).collect();
                return self.problems.push(problem.suggest(name, names));
            }
            _ => return self.problems.push(problem),
        };
        self.problems.push(problem.note(note));
    }

    /// The names of failure domains; they must make sense in every cluster that may be drawn.
    fn domains(&mut self) -> Vec<DomainName> {
        let nothing = Domains::default();
        let written = self.scenario.domains.as_ref();
        let Some((least, most)) = self.members() else { return Vec::new() };
        if self.scenario.clients > MOST_CLIENTS {
            return Vec::new();
        }
        let regions = self.scenario.network.regions.as_ref();
        let of = |members| written.unwrap_or(&nothing).of(regions, members, self.scenario.clients);
        match of(least).and_then(|_| of(most)) {
            Ok(domains) => domains.into_iter().map(|domain| domain.name).collect(),
            Err(Misplaced { path, title, unknown }) => {
                let path: Vec<String> = ["domains".to_owned()].into_iter().chain(path).collect();
                let problem = Problem::new(title).at(self.places.value_at(&path));
                self.problems.push(match unknown {
                    Some((text, known)) => problem.suggest(&text, known.iter().map(String::as_str)),
                    None => problem,
                });
                Vec::new()
            }
        }
    }

    /// The fewest and the most members that a run of it has; none where the scenario says what cannot be.
    fn members(&self) -> Option<(u32, u32)> {
        let drawn = self.scenario.swarm.as_ref().and_then(|swarm| swarm.nodes);
        let most = drawn.map_or(self.scenario.cluster.nodes, |range| range.max);
        let least = self.least_nodes();
        (least > 0 && least <= most && most <= self.protocol.most_nodes).then_some((least, most))
    }

    /// Whether the topology fits every cluster that may be drawn: the smallest and the largest tell.
    fn topology(&mut self) {
        let Some(topology) = &self.scenario.network.topology else { return };
        let Some((least, most)) = self.members() else { return };
        let fit = |nodes: u32| sim_core::graph::fit_topology(topology, nodes);
        if let Err(error) = fit(least).and_then(|()| fit(most)) {
            self.problem(&["network", "topology"], plain(&error));
        }
    }

    fn workload(&mut self) {
        let Some(workload) = &self.scenario.workload else { return };
        if let Err(error) = workload.validate(self.scenario.clients) {
            self.problem(&["workload"], plain(&error));
        }
        if workload.corrupt.is_some() && !self.protocol.corrupt_clients {
            self.problem(&["workload", "corrupt"], no_corrupt_clients(self.protocol));
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
        let most_nodes = self.protocol.most_nodes;
        for (key, range, most) in [
            ("nodes", swarm.nodes, most_nodes),
            ("operations", swarm.operations, MOST_OPERATIONS),
            ("clients", swarm.clients, MOST_CLIENTS),
        ] {
            if let Some(Range { min, max }) = range
                && (min > max || min == 0 || max > most)
            {
                let title = format!("expected 1 <= min <= max <= {most}, found {min} and {max}");
                self.problem(&["swarm", key], title);
            }
        }
        self.drawn_clients_and_duration(swarm);
        if let Families::Only(families) = &swarm.families
            && let Some(index) = families.iter().position(|family| *family == Family::Disk)
            && !self.protocol.journals
        {
            let path = ["swarm", "families", "only", &index.to_string()];
            self.problems.push(faults::no_disk(self.protocol.name).at(self.places.value_at(&path)));
        }
        if swarm.max_faults.is_some_and(|most| most as usize > MOST_STRIKES) {
            self.problem(&["swarm", "max_faults"], format!("a seed draws at most {MOST_STRIKES} faults"));
        }
        let nobody = self.protocol.clients_change_members && self.scenario.clients == 0;
        let why = self.protocol.fixed_members.or(nobody.then_some(faults::NOBODY_ASKS));
        if let Some(why) = why.filter(|_| swarm.membership) {
            self.problem(&["swarm", "membership"], why);
        }
        if swarm.detours && !swarm.families.list().contains(&Family::Process) {
            self.problem(&["swarm", "detours"], "a seed draws no detours without the family process");
        }
        if swarm.corrupt_clients && !self.protocol.corrupt_clients {
            self.problem(&["swarm", "corrupt_clients"], no_corrupt_clients(self.protocol));
        }
        if let Some(drawn) = &swarm.rounds {
            self.drawn_rounds(drawn, cluster);
        }
        if let Some(drawn) = &swarm.byzzfuzz {
            self.byzzfuzz(drawn, cluster);
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

    fn drawn_rounds(&mut self, drawn: &DrawnRounds, cluster: &dyn Cluster) {
        let known = self.protocol.rounds;
        if known.is_empty() {
            let title = format!("messages of {} tell no round", self.protocol.name);
            return self.problem(&["swarm", "rounds"], title);
        }
        if self.scenario.faults.iter().any(|entry| matches!(entry.what, Fault::Round(_))) {
            self.problem(&["swarm", "rounds"], "rounds are drawn here or written among the faults, not both");
        }
        if drawn.count == 0 || drawn.count > MOST_ROUNDS {
            let title = format!("expected 1 to {MOST_ROUNDS} rounds, found {}", drawn.count);
            self.problem(&["swarm", "rounds", "count"], title);
        }
        for (index, kind) in drawn.kinds.iter().enumerate() {
            if !known.contains(&kind.as_str()) {
                let title = format!("\"{kind}\" is no message that tells its round: {}", known.join(", "));
                self.problem(&["swarm", "rounds", "kinds", &index.to_string()], title);
            }
        }
        let borne = cluster.fault_model(self.least_nodes()).byzantine;
        if let Some(Twins { min, max }) = drawn.twins
            && (min > max || min > borne)
        {
            let title = format!("expected min <= max, and a min of at most the {borne} that are borne");
            self.problem(&["swarm", "rounds", "twins"], title);
        }
    }

    fn drawn_clients_and_duration(&mut self, swarm: &Swarm) {
        if swarm.clients.is_some() && self.scenario.workload.is_none() {
            self.problem(&["swarm", "clients"], "there is no [workload] whose clients could be drawn");
        }
        if let Some(Lengths { min, max }) = swarm.duration
            && (min > max || min < SHORTEST_DRAWN || max > LONGEST)
        {
            let title = format!("expected {SHORTEST_DRAWN} <= min <= max, found {min} and {max}");
            self.problem(&["swarm", "duration"], title);
        }
        if swarm.small && swarm.nodes.is_none() {
            self.problem(&["swarm", "small"], "no number of members is drawn: give swarm.nodes");
        }
        if swarm.spread && !(swarm.workload && swarm.operations.is_some()) {
            self.problem(&["swarm", "spread"], "only drawn operations of a drawn workload can be spread");
        }
    }

    fn initial(&mut self, cluster: &dyn Cluster) {
        let named: Vec<_> = self.scenario.initial.named().collect();
        for (path, name) in named {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            self.node_exists(&path, name);
        }
        for (index, twin) in self.scenario.initial.twins.iter().enumerate() {
            if twin.at == Some(twin.of) {
                let title = format!("{} runs in its own place already", twin.of);
                self.problem(&["initial", "twins", &index.to_string(), "at"], title);
            }
            if self.scenario.initial.twins[..index].contains(twin) {
                let title = format!("the twin of {} is there already", twin.of);
                self.problem(&["initial", "twins", &index.to_string()], title);
            }
        }
        if !self.scenario.initial.corrupt.is_empty() && !self.moves_traitors() {
            let title =
                format!("nobody moves traitors of {}: they would follow the protocol", self.protocol.name);
            let problem = Problem::new(title).at(self.places.value_at(&["initial", "corrupt"]));
            let note = "it has no behaviors of its own; say what they do in [[adversaries]]";
            self.problems.push(problem.note(note.to_owned()));
        }
        if let Some(state) = &self.scenario.initial.state
            && let Err(error) = cluster.check_state(state, self.least_nodes())
        {
            let inner = error.path.iter().map(|segment| segment.trim_matches(['[', ']']).to_owned());
            let path = ["initial", self.protocol.name].map(str::to_owned).into_iter().chain(inner);
            let complaint = Complaint { path: path.collect(), message: error.message };
            self.problems.push(complaint.explain(self.places));
        }
    }

    fn versions(&mut self, cluster: &dyn Cluster) {
        let scenario = self.scenario;
        for (name, changes) in &scenario.versions {
            if let Some(error) = versions::problem(name, changes, cluster) {
                let inner = error.path.iter().map(|segment| segment.trim_matches(['[', ']']).to_owned());
                let path = ["versions", name].map(str::to_owned).into_iter().chain(inner);
                let complaint = Complaint { path: path.collect(), message: error.message };
                self.problems.push(complaint.explain(self.places));
            }
        }
        let names: Vec<&str> =
            std::iter::once(FIRST_VERSION).chain(scenario.versions.keys().map(String::as_str)).collect();
        for (entry, fault) in scenario.faults.iter().enumerate() {
            let key = if matches!(fault.what, Fault::Upgrade(_)) { "to" } else { "version" };
            if let Some(version) = fault.what.version() {
                let path = ["faults", &entry.to_string(), fault.what.key(), key];
                self.known(&path, "version", version, &names);
            }
        }
    }

    /// Whether a traitor does anything that an honest member does not.
    fn moves_traitors(&self) -> bool {
        !self.protocol.behaviors.is_empty() || !self.scenario.adversaries.is_empty()
    }

    /// The fewest members that a run of it has.
    fn least_nodes(&self) -> u32 {
        let drawn = self.scenario.swarm.as_ref().and_then(|swarm| swarm.nodes);
        drawn.map_or(self.scenario.cluster.nodes, |range| range.min)
    }

    fn node_exists<S: AsRef<str>>(&mut self, path: &[S], name: NodeName) {
        let nodes = self.least_nodes();
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
        checks.extend(ObjectModel::ALL.map(sim_core::history::check_name));
        for (index, check) in self.scenario.checks.off.iter().enumerate() {
            self.known(&["checks", "off", &index.to_string()], "check", check, &checks);
        }
    }

    /// The check that `expect` names, beside those of the protocol one of the engine's own.
    fn expectation(&mut self) {
        let Some(check) = &self.scenario.expect.check else { return };
        let own = self.protocol.checks.iter().map(|check| check.name);
        let models = ObjectModel::ALL.map(sim_core::history::check_name);
        let limits: Vec<String> = self.scenario.limit.iter().map(Limit::check).collect();
        let limits = limits.iter().map(String::as_str);
        let checks: Vec<&str> = own.chain(ENGINE_CHECKS).chain(models).chain(limits).collect();
        if !checks.contains(&check.as_str()) {
            let problem = Problem::new(format!("unknown check \"{check}\" in what is expected"));
            let problem = problem.at(self.places.value_at(&["expect"]));
            self.problems.push(problem.suggest(check, checks));
        }
    }

    fn known<S: AsRef<str>>(&mut self, path: &[S], kind: &str, name: &str, names: &[&str]) {
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

/// Why no client is corrupt.
fn no_corrupt_clients(protocol: &ProtocolInfo) -> String {
    format!("{} does not say what corrupt clients do: pbft, hotstuff and tendermint do", protocol.name)
}

#[cfg(test)]
mod tests {
    use crate::testing::{LEAST, toml};

    fn complaint(more: &str) -> String {
        toml(&format!("{LEAST}{more}")).map_or_else(|problems| problems.render(false), |_| String::new())
    }

    #[test]
    fn a_topology_fits_every_cluster_that_may_be_drawn() {
        let topology = |topology: &str| format!("[network]\ntopology = {topology}\n");
        let swarm = |nodes: &str| format!("[swarm]\nnodes = {nodes}\n");
        for (text, expected) in [
            (topology("{ star = { hub = 4 } }"), ""),
            (topology("{ star = { hub = \"n4\" } }"), ""),
            (topology("{ star = { hub = 0 } }"), "nodes count from 1"),
            (topology("{ star = { hub = 99 } }"), "n99 does not exist, there are 4 members"),
            (topology("{ star = { hub = 4 } }") + &swarm("{ min = 3, max = 5 }"), "there are 3 members"),
            (topology("{ edges = [[1, 2], [2, 3], [3, 4]] }"), ""),
            (topology("{ edges = [[\"n1\", \"n2\"], [2, \"n3\"], [3, 4]] }"), ""),
            (topology("{ edges = [[1, 2], [2, 3], [3, 5]] }"), "n5 does not exist, there are 4 members"),
            (topology("{ edges = [[0, 1], [1, 2], [2, 3]] }"), "nodes count from 1"),
            (
                topology("{ edges = [[1, 2], [2, 3], [3, 4]] }") + &swarm("{ min = 4, max = 5 }"),
                "n5 cannot be reached",
            ),
            (topology("{ tree = { fan_out = 0 } }"), "fan-out"),
            (topology("{ random_regular = { degree = 3 } }"), ""),
            (topology("{ random_regular = { degree = 4 } }"), "cannot have 4 links"),
            (topology("{ random_regular = { degree = 1 } }"), "cannot have 1 links"),
            (topology("{ small_world = { degree = 3, rewire = \"1/10\" } }"), "must be even"),
        ] {
            let found = complaint(&text);
            assert_eq!(found.is_empty(), expected.is_empty(), "{text}: {found}");
            assert!(found.contains(expected), "{text}: {found}");
            assert!(found.is_empty() || found.contains("test.toml:8:"), "{text}: {found}");
        }
    }

    #[test]
    fn everybody_has_a_place_in_the_regions() {
        let regions = |more: &str, rest: &str| {
            complaint(&format!(
                "[network.regions]\nregions = [\"a\", \"b\"]\nlatency = [[\"1ms\", \"9ms\"], [\"9ms\", \"1ms\"]]\n{more}\n{rest}"
            ))
        };
        let two = "[workload]\nmodel = \"cas-register\"\nclients = 2\n";
        let drawn = "[swarm]\nnodes = { min = 3, max = 5 }\n";
        let named = |key: &str, names: &str| format!("{key} = {{ named = [{names}] }}");
        let all = named("placement", r#""a", "b", "a", "b""#);
        for (placement, rest, expected) in [
            ("placement = \"blocks\"\nclients = \"blocks\"", two, ""),
            (all.as_str(), "", ""),
            (&format!("{all}\n{}", named("clients", r#""b", "b""#)), two, ""),
            (&named("placement", r#""a", "b""#), "", "2 places are given for 4 members"),
            (
                &named("placement", r#""a", "b", "a", "mars""#),
                "",
                "n4 is placed in \"mars\", which is not a region",
            ),
            (&all, drawn, "4 places are given for 3 members"),
            (&format!("{all}\n{}", named("clients", r#""b""#)), two, "1 places are given for 2 clients"),
            (&named("clients", r#""a", "A""#), two, "c2 is placed in \"A\", which is not a region"),
            (&named("clients", r#""a""#), "", "1 places are given for 0 clients"),
        ] {
            let found = regions(placement, rest);
            assert_eq!(found.is_empty(), expected.is_empty(), "{placement}: {found}");
            assert!(found.contains(expected), "{placement}: {found}");
        }
    }

    #[test]
    fn bandwidth_and_jitter_have_bounds() {
        for (text, expected) in [
            ("[network]\nbandwidth = 1000\n", ""),
            ("[network]\nbandwidth = 0\n", "nothing gets through"),
            ("[network]\nbandwidth = { hosts = [1000, 10] }\n", ""),
            ("[network]\nbandwidth = { hosts = [1000, 0] }\n", "nothing gets through"),
            ("[network]\nbandwidth = { hosts = [] }\n", "of one host at least"),
            ("[network]\nbandwidth = { host = [5] }\n", "hosts"),
            ("[clock]\ntimer_jitter = \"2ms\"\n", ""),
            ("[clock]\ntimer_jitter = \"11s\"\n", "more than 10 s"),
            ("[initial]\nabsent = [\"n4\"]\nshuffle = true\n", ""),
        ] {
            let found = complaint(text);
            assert_eq!(found.is_empty(), expected.is_empty(), "{text}: {found}");
            assert!(found.contains(expected), "{text}: {found}");
        }
    }

    #[test]
    fn nobody_is_the_twin_of_itself() {
        let twins = |of: &str, at: &str| {
            complaint(&format!("[initial]\ntwins = [{{ of = \"{of}\", at = \"{at}\" }}]\n"))
        };
        assert_eq!(twins("n1", "n2"), "");
        assert!(twins("n1", "n1").contains("n1 runs in its own place already"));
    }
}
