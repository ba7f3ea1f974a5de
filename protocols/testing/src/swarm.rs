//! Swarms of whole runs: drawn parameters, a lossy network, and a drawn plan of everything that the protocol bears.

use sim_core::fault::{SwarmSpace, swarm::draw};
use sim_core::outcome::{Outcome, Progress};
use sim_core::random::{StreamName, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::{Cluster, Launch};
use sim_core::setup::Setup;

/// Runs a cluster whose parameters are drawn from the setup's seed, while one in so many messages is lost and anything of a
/// space breaks.
///
/// # Panics
/// If the drawn run is not valid.
pub fn weather(cluster: &dyn Cluster, setup: Setup, lost_in: u32, space: &SwarmSpace) -> Outcome {
    let cluster = cluster.drawn(&mut stream(setup.seed, StreamName::Configuration));
    let setup = Setup { progress_timeout: Some(cluster.largest_timeout()), ..setup };
    brave(cluster.as_ref(), setup, lost_in, space)
}

/// The same with the parameters and the timeout that are given.
///
/// # Panics
/// If the drawn run is not valid.
pub fn brave(cluster: &dyn Cluster, mut setup: Setup, lost_in: u32, space: &SwarmSpace) -> Outcome {
    setup.network.loss = Ratio::new(1, lost_in);
    let mut rng = stream(setup.seed, StreamName::Plan);
    let model = cluster.fault_model(setup.members);
    setup.faults = draw(&mut rng, space, setup.members, setup.clients, setup.duration, model);
    cluster.launch(&setup, &Launch::default()).expect("a valid run")
}

/// Runs seeds, none of which may find anything; gives in how many of them progress was made.
///
/// # Panics
/// If something is found.
pub fn finds_nothing(seeds: u64, mut run: impl FnMut(u64) -> Outcome) -> u64 {
    let mut made = 0;
    for seed in 0..seeds {
        let outcome = run(seed);
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        made += u64::from(matches!(outcome.progress, Progress::Made { .. }));
    }
    made
}
