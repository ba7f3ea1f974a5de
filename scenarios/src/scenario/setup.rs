//! The setup of a scenario as it is written, before anything is drawn.

use sim_core::fault::FaultPlan;
use sim_core::registry::Cluster;
use sim_core::setup::{Amount, Setup};
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

use super::counters::is_of_operations;
use super::versions;
use super::{Domain, Domains, Loaded, ProgressRule};

impl Loaded {
    /// Why no run of a scenario can be made although each key makes sense: asked for the fewest and the most members.
    pub(super) fn refused(&self) -> Option<String> {
        let (scenario, cluster) = (&self.scenario, self.cluster.as_ref());
        let drawn = scenario.swarm.as_ref().and_then(|swarm| swarm.nodes);
        let nodes = scenario.cluster.nodes;
        drawn.map_or([nodes, nodes], |range| [range.min, range.max]).into_iter().find_map(|members| {
            let setup = self.setup(0, members, cluster);
            let refused = setup.validate().err().map(|error| error.to_string());
            refused.or_else(|| cluster.accepts(&setup).err().map(|error| error.to_string()))
        })
    }

    /// The failure domains in a run of so many members.
    pub(crate) fn domains(&self, members: u32) -> Vec<Domain> {
        let scenario = &self.scenario;
        let nothing = Domains::default();
        let domains = scenario.domains.as_ref().unwrap_or(&nothing);
        domains.of(scenario.network.regions.as_ref(), members, scenario.clients).unwrap_or_default()
    }

    /// The setup as written, for so many members and this cluster.
    pub(crate) fn setup(&self, seed: u64, members: u32, cluster: &dyn Cluster) -> Setup {
        let scenario = &self.scenario;
        let progress = scenario.checks.progress;
        // A share of what has no limit is refused before.
        let operations =
            scenario.workload.as_ref().and_then(WorkloadModel::most_operations).unwrap_or(u64::MAX);
        let in_numbers = |(name, least): (&String, &Amount)| {
            let least = if is_of_operations(name) { Amount::Times(least.of(operations)) } else { *least };
            (name.clone(), least)
        };
        let versions = versions::of(&scenario.versions, cluster);
        let waits = versions.iter().map(|(_, version)| version.largest_timeout());
        let longest = waits.fold(cluster.largest_timeout(), Duration::max);
        Setup {
            clients: scenario.clients,
            duration: scenario.cluster.duration,
            progress_timeout: (progress != ProgressRule::None).then_some(longest),
            recovery_within: progress.level(),
            network: scenario.network.clone(),
            disk: scenario.disk.clone(),
            clocks: scenario.clock.clone(),
            service: scenario.service.clone(),
            faults: FaultPlan { entries: scenario.faults.clone(), over_budget: scenario.over_budget },
            behavior: scenario.initial.behavior.clone(),
            stop: scenario.stop.list(operations),
            measures: scenario.measure.clone(),
            limits: scenario.limit.clone(),
            initial: scenario.initial.by_slot(),
            at_least: scenario.checks.at_least.iter().map(in_numbers).collect(),
            history_budget: scenario.checks.linearizable.budget_steps,
            checks_off: scenario.checks.names_off(self.protocol),
            versions: versions::with_parameters(versions),
            ..Setup::new(seed, members)
        }
    }
}
