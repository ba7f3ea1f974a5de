//! Compiles a scenario and a seed into a plan: whatever the scenario leaves open is drawn, each part from its own stream.

mod bursts;
mod disorder;
mod draw;
mod limits;
mod shuffle;

use std::fmt;
use std::sync::Arc;

use sim_core::operation::ObjectModel;
use sim_core::random::{StreamName, stream};
use sim_core::registry::{Cluster, ProtocolInfo};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};
use sim_core::workload::WorkloadModel;

use crate::scenario::{Loaded, Swarm, adversaries, byzzfuzz, domains, rounds, versions};

/// Seeds end here, so that every program that reads JSON reads them exactly.
pub const SEEDS_END: u64 = 1 << 53;

/// One run, ready to start.
#[derive(Clone)]
pub struct Plan {
    /// What the world needs.
    pub setup: Setup,
    /// The protocol, with its knobs as drawn.
    pub cluster: Arc<dyn Cluster>,
    /// What is known of the protocol.
    pub protocol: &'static ProtocolInfo,
    /// The plants that are on.
    pub plants: Vec<String>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setup, protocol, plants, .. } = self;
        f.debug_struct("Plan")
            .field("protocol", &protocol.name)
            .field("plants", plants)
            .field("setup", setup)
            .finish_non_exhaustive()
    }
}

/// Draws what clients do, as a swarm does that draws the workload and how it is spread.
pub fn draw_workload(
    protocol: &ProtocolInfo,
    size: (u32, Duration),
    operations: u64,
    seed: u64,
) -> WorkloadModel {
    let on = Swarm { workload: true, spread: true, readers: true, ..Swarm::default() };
    let first = protocol.objects.first().copied().unwrap_or(ObjectModel::Register);
    let written = WorkloadModel { operations: Some(operations), ..WorkloadModel::new(first) };
    draw::workload(&on, &written, size, protocol, seed)
}

/// Draws what a scenario leaves open, for one seed. Which plants are on changes nothing in what is drawn.
pub fn compile(loaded: &Loaded, seed: u64, plants: &[String]) -> Plan {
    let nothing = Swarm::default();
    let swarm = loaded.scenario.swarm.as_ref().unwrap_or(&nothing);
    let mut configuration = stream(seed, StreamName::Configuration);
    let members = draw::members(swarm, loaded.scenario.cluster.nodes, seed, &mut configuration);
    let drawn = swarm.knobs.then(|| Arc::from(loaded.cluster.drawn(&mut configuration)));
    // Where drawn parameters do not suit the versions, which were written for others, or so many members, the written ones stay.
    let suits = |cluster: &Arc<dyn Cluster>| {
        versions::fit(&loaded.scenario.versions, cluster.as_ref())
            && cluster.accepts(&loaded.setup(seed, members, cluster.as_ref())).is_ok()
    };
    let drawn = drawn.map(|drawn| disorder::bare(swarm, drawn, loaded.protocol, seed)).filter(suits);
    let cluster: Arc<dyn Cluster> = drawn.unwrap_or_else(|| Arc::clone(&loaded.cluster));
    let mut setup = loaded.setup(seed, members, cluster.as_ref());
    setup.clients = draw::count(swarm.clients, setup.clients, &mut configuration).max(setup.clients);
    setup.duration = draw::length(swarm.duration, setup.duration, &mut configuration);
    // Disorder is dense: more of it in one run costs more than in another one.
    if disorder::disorder(swarm, seed).is_some() {
        setup.duration = draw::length(swarm.duration, setup.duration, &mut configuration);
    }
    let workload = loaded.scenario.workload.as_ref();
    let size = (setup.clients, setup.duration);
    setup.workload = workload.map(|workload| draw::workload(swarm, workload, size, loaded.protocol, seed));
    if swarm.past && setup.initial.state.is_none() {
        setup.initial.state = draw::past(cluster.as_ref(), members, seed);
    }
    if let Some(workload) = setup.workload.as_mut().filter(|_| swarm.corrupt_clients) {
        workload.corrupt = draw::corrupt_clients(seed, setup.clients).or(workload.corrupt);
    }
    if loaded.scenario.initial.shuffle {
        shuffle::members(&mut setup);
    }
    adversaries::apply(&loaded.scenario.adversaries, loaded.protocol, &mut setup);
    draw::environment(swarm, &mut setup, seed);
    if let Some(drawn) = &swarm.rounds {
        rounds::draw(drawn, &loaded.rounds, cluster.as_ref(), &mut setup);
    }
    let twins = u32::try_from(setup.initial.beside.len()).unwrap_or(u32::MAX);
    let mut budget = cluster.fault_model(members).byzantine.saturating_sub(twins);
    if let Some(drawn) = &swarm.byzzfuzz {
        let written = setup.initial.corrupt.len();
        let left = budget.saturating_sub(u32::try_from(written).unwrap_or(u32::MAX));
        let lasts = cluster.largest_timeout().saturating_mul(rounds::TIMEOUTS);
        byzzfuzz::draw(drawn, loaded.protocol, left, lasts, &mut setup);
        let drawn = setup.initial.corrupt.len() - written;
        budget = budget.saturating_sub(u32::try_from(drawn).unwrap_or(u32::MAX));
    }
    draw::traitors(swarm, &mut setup, loaded.protocol, budget, cluster.largest_timeout());
    let domains = loaded.domains(members);
    domains::place(&mut setup.faults.entries, &domains, true);
    setup.faults.number();
    setup.faults.write_out(seed, Time::ZERO.saturating_add(setup.duration));
    // The regions of a network can be named by a fault; whole domains are drawn where somebody wrote that they fail so.
    let failing = if loaded.scenario.domains.is_some() { domains } else { Vec::new() };
    let written = setup.faults.entries.len();
    draw::faults(swarm, &mut setup, loaded.protocol, cluster.as_ref(), &failing);
    bursts::after_faults(swarm, &mut setup, written);
    draw::upgrades(&mut setup, written);
    setup.faults.sort();
    setup.faults.number();
    limits::set(&loaded.scenario.cluster, &mut setup);
    Plan { setup, cluster, protocol: loaded.protocol, plants: plants.to_vec() }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Duration;

    use super::*;
    use crate::testing::{LEAST, toml};

    #[test]
    fn the_base_timeout_is_the_protocols_whatever_the_environment_and_a_level_is_a_level() {
        let owed = |rule: &str| {
            let setup = compile(&toml(&format!("{LEAST}{rule}\n")).unwrap(), 1, &[]).setup;
            (setup.progress_timeout, setup.recovery_within)
        };
        // What the toy waits at most, and no longer for a slow network.
        let timeout = Some(Duration::from_millis(150));
        assert_eq!(owed(""), (timeout, None));
        assert_eq!(owed("[network]\nlatency = \"9s\"\nloss = \"1/2\""), (timeout, None));
        assert_eq!(owed("[checks]\nprogress = { within = \"5s\" }"), (timeout, Some(Duration::from_secs(5))));
        assert_eq!(owed("[checks]\nprogress = \"none\""), (None, None));
    }

    #[test]
    fn why_there_is_no_second_phase_is_told() {
        let registry = crate::testing::real();
        let source = crate::builtin::find("raft-calm").unwrap();
        let overlays = ["cluster.duration=1s", "checks.at_least={}", "checks.progress=\"none\""];
        let overlays = overlays.map(str::to_owned);
        let loaded =
            crate::scenario::load(&registry, source, crate::document::Format::Toml, &overlays).unwrap();
        let outcome = crate::run::run(&compile(&loaded, 1, &[]), &sim_core::registry::Launch::default());
        let why = format!("{:?}", outcome.unwrap().progress);
        assert!(why.contains("no recovery phase"), "{why}");
    }
}
