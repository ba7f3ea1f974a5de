//! A scenario and a seed make a plan: everything that is left open is drawn, each part from its own stream.

mod draw;
mod limits;

use std::fmt;
use std::sync::Arc;

use sim_core::distribution::Distribution;
use sim_core::fault::FaultPlan;
use sim_core::random::{StreamName, stream};
use sim_core::registry::{Cluster, ProtocolInfo};
use sim_core::setup::Setup;
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

use crate::scenario::{Loaded, ProgressRule, Swarm, adversaries};

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

/// Draws what a scenario leaves open, for one seed. Which plants are on changes nothing in what is drawn.
pub fn compile(loaded: &Loaded, seed: u64, plants: &[String]) -> Plan {
    let nothing = Swarm::default();
    let swarm = loaded.scenario.swarm.as_ref().unwrap_or(&nothing);
    let mut configuration = stream(seed, StreamName::Configuration);
    let members = draw::count(swarm.nodes, loaded.scenario.cluster.nodes, &mut configuration);
    let cluster = if swarm.knobs {
        Arc::from(loaded.cluster.drawn(&mut configuration))
    } else {
        Arc::clone(&loaded.cluster)
    };
    let mut setup = base(loaded, seed, members, cluster.as_ref());
    setup.workload = loaded.scenario.workload.as_ref().map(|workload| WorkloadModel {
        operations: draw::operations(swarm.operations, workload.operations, seed),
        ..workload.clone()
    });
    adversaries::apply(&loaded.scenario.adversaries, loaded.protocol, &mut setup);
    draw::environment(swarm, &mut setup, seed);
    draw::traitors(swarm, &mut setup, loaded.protocol, cluster.fault_model(members).byzantine);
    setup.faults.number();
    draw::faults(swarm, &mut setup, loaded.protocol, cluster.fault_model(members));
    setup.faults.sort();
    setup.faults.number();
    if loaded.scenario.checks.progress == ProgressRule::Auto {
        let held_up = setup.faults.held_up();
        let under_way = under_way(&setup);
        setup.progress_unbounded = under_way.is_none();
        let within = setup.progress_within.zip(under_way);
        setup.progress_within =
            within.map(|(within, under_way)| within.max(under_way).saturating_add(held_up));
    }
    limits::set(&loaded.scenario.cluster, &mut setup);
    Plan { setup, cluster, protocol: loaded.protocol, plants: plants.to_vec() }
}

/// How long the messages of one step forward may be under way on a network without faults; `None` if it loses more than
/// two in five, for which no useful bound holds. A protocol needs several rounds of messages, each of which may take
/// several times what is usual. A stream sends a lost message again after a time that doubles: long enough for all but
/// one in a million.
fn under_way(setup: &Setup) -> Option<Duration> {
    const HOPS: u64 = 128;
    const MOST_LOST: f64 = 2.0 / 5.0;
    const RARE: f64 = 1e-6;
    let network = &setup.network;
    let to_clients = network.client_latency.as_ref().map(Distribution::usual);
    let hop = setup.usual_way().max(to_clients.unwrap_or_default());
    // What is damaged is lost, too.
    let loss = network.loss.as_f64() + network.corrupt.as_f64();
    if loss > MOST_LOST {
        return None;
    }
    let (mut again, mut unlucky) = (Duration::ZERO, loss);
    while unlucky > RARE {
        again = network.retransmit_after.max(again.saturating_mul(2));
        unlucky *= loss;
    }
    Some(hop.saturating_mul(HOPS).max(again))
}

/// The setup as written, before anything is drawn.
fn base(loaded: &Loaded, seed: u64, members: u32, cluster: &dyn Cluster) -> Setup {
    let scenario = &loaded.scenario;
    Setup {
        clients: scenario.clients,
        duration: scenario.cluster.duration,
        progress_within: scenario.checks.progress.within(cluster.largest_timeout()),
        network: scenario.network.clone(),
        disk: scenario.disk.clone(),
        clocks: scenario.clock.clone(),
        service: scenario.service.clone(),
        faults: FaultPlan { entries: scenario.faults.clone(), over_budget: scenario.over_budget },
        behavior: scenario.initial.behavior.clone(),
        stop: scenario.stop.list(),
        measures: scenario.measure.clone(),
        initial: scenario.initial.by_slot(),
        at_least: scenario.checks.at_least.clone().into_iter().collect(),
        history_budget: scenario.checks.linearizable.budget_steps,
        checks_off: scenario.checks.names_off(loaded.protocol),
        ..Setup::new(seed, members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{LEAST, toml};

    #[test]
    fn clocks_that_went_back_leave_more_time_for_progress_unless_it_is_written() {
        let within = |rule: &str| {
            let faults = "[[faults]]\nat = \"1s\"\nclock = { target = \"n1\", back = \"7s\" }\n\
                          [[faults]]\nat = \"1s\"\nfor = \"1s\"\nclock = { target = \"n2\", forward = \"2s\" }\n";
            let calm = compile(&toml(&format!("{LEAST}[checks]\n{rule}")).unwrap(), 1, &[]);
            let stepped = compile(&toml(&format!("{LEAST}[checks]\n{rule}\n{faults}")).unwrap(), 1, &[]);
            (calm.setup.progress_within.unwrap(), stepped.setup.progress_within.unwrap())
        };
        let (calm, stepped) = within("progress = \"auto\"");
        assert_eq!(stepped, calm.saturating_add(Duration::from_secs(9)));
        let (calm, stepped) = within("progress = { within = \"5s\" }");
        assert_eq!(stepped, calm);
    }

    #[test]
    fn slow_and_lossy_networks_leave_more_time_and_hopeless_ones_no_bound() {
        let within = |network: &str| {
            let text = format!("{LEAST}[network]\n{network}\n");
            compile(&toml(&text).unwrap(), 1, &[]).setup.progress_within
        };
        let usual = within("latency = \"10ms\"").unwrap();
        assert_eq!(
            within("latency = \"10ms\"\nloss = \"1/50\""),
            Some(usual),
            "a protocol's timeouts say more"
        );
        assert_eq!(within("latency = \"2s\""), Some(Duration::from_secs(256)));
        // Fifteen losses in a row are rarer than one in a million.
        let lossy = within("latency = \"10ms\"\nloss = \"2/5\"").unwrap();
        assert_eq!(lossy, Duration::from_millis(200 << 14));
        assert_eq!(within("latency = \"10ms\"\nloss = \"1/2\""), None);
        assert_eq!(within("latency = \"10ms\"\nloss = \"1/4\"\ncorrupt = \"1/4\""), None);
        assert_eq!(within("client_latency = \"2s\""), Some(Duration::from_secs(256)));
        let measured = "latency = { empirical = { values = [[\"1ms\", 1], [\"2s\", 3]] } }";
        assert_eq!(within(measured), Some(Duration::from_secs(256)));
    }

    /// Two causes, and the outcome names the one that holds.
    #[test]
    fn why_there_is_no_second_phase_is_told() {
        let registry = crate::testing::real();
        let why = |overlay: &str| {
            let source = crate::builtin::find("raft-calm").unwrap();
            let overlays = ["cluster.duration=1s", "checks.at_least={}", overlay].map(str::to_owned);
            let loaded =
                crate::scenario::load(&registry, source, crate::document::Format::Toml, &overlays).unwrap();
            let outcome = crate::run::run(&compile(&loaded, 1, &[]), &sim_core::registry::Launch::default());
            format!("{:?}", outcome.unwrap().progress)
        };
        let (lossy, unasked) = (why("network.loss=\"1/2\""), why("checks.progress=\"none\""));
        assert!(lossy.contains("the network loses too much"), "{lossy}");
        assert!(unasked.contains("none was asked for"), "{unasked}");
    }
}
