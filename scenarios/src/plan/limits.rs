//! How many events a run may have, where its scenario does not say: many times what an honest run of its size has, so that
//! one that never ends is found within seconds.

use sim_core::setup::Setup;
use sim_core::time::Duration;

use crate::scenario::ClusterTable;

/// Every run may have so many events, and so many of them within a second.
const MOST: u64 = 5_000_000;
const MOST_PER_SECOND: u64 = 1_000_000;

/// A slot that is busy has so many events in a second, and one that storms so many.
const PER_SLOT: u64 = 200;
const STORM_PER_SLOT: u64 = 10_000;

/// Members that all speak to all do it so often in a second, and no more often than this.
const ROUNDS: u64 = 20;
const STORM_ROUNDS: u64 = 100;

/// The second phase lasts so many timeouts, if it takes as long as it may until a stall accuses. What clients ask for is not
/// counted in it: a phase in which they are served is over soon, and one in which they are not has no work of theirs.
const WINDOWS: u64 = 2_500;

/// An operation takes so many events at each member.
const PER_OPERATION: u64 = 20;

/// Sets what the scenario leaves open.
pub(super) fn set(cluster: &ClusterTable, setup: &mut Setup) {
    let members = u64::from(setup.members);
    let slots = members + u64::from(setup.clients);
    let pairs = members.saturating_mul(members);
    let second = Duration::from_secs(1).as_nanos();
    let rate = setup.workload.as_ref().and_then(sim_core::workload::WorkloadModel::open_rate);
    let operations = rate.map_or(0, |rate| second.div_ceil(rate.mean_gap().as_nanos().max(1)));
    let asked = operations.saturating_mul(members + 1).saturating_mul(PER_OPERATION);
    let sum = |parts: [u64; 3]| parts.into_iter().fold(0, u64::saturating_add);
    let waiting = (slots * PER_SLOT).saturating_add(pairs.saturating_mul(ROUNDS));
    let storm = sum([slots * STORM_PER_SLOT, pairs.saturating_mul(STORM_ROUNDS), asked]);
    let recovery = setup.progress_timeout.unwrap_or_default().saturating_mul(WINDOWS);
    let lasting = |each: u64, time: Duration| each.saturating_mul(time.as_nanos().div_ceil(second));
    let all = sum([lasting(waiting.saturating_add(asked), setup.duration), lasting(waiting, recovery), MOST]);
    setup.max_events = cluster.max_events.unwrap_or(all);
    setup.max_events_per_second =
        cluster.max_events_per_second.unwrap_or(storm.saturating_add(MOST_PER_SECOND));
}

#[cfg(test)]
mod tests {
    use sim_core::time::Duration;

    use crate::plan::compile;
    use crate::testing::{LEAST, toml};

    #[test]
    fn limits_grow_with_the_scenario_unless_they_are_written() {
        let of = |text: &str| {
            let setup = compile(&toml(text).unwrap(), 1, &[]).setup;
            (setup.max_events, setup.max_events_per_second)
        };
        let (events, storm) = of(LEAST);
        assert!((5_000_000..6_000_000).contains(&events), "{events}");
        assert!((1_000_000..1_100_000).contains(&storm), "{storm}");
        let recovering = |load: &str| {
            let loaded = toml(&format!("{LEAST}{load}")).unwrap();
            let mut setup = compile(&loaded, 1, &[]).setup;
            setup.progress_timeout = Some(Duration::from_secs(4));
            super::set(&loaded.scenario.cluster, &mut setup);
            setup.max_events
        };
        let load = "[workload]\nmodel = \"cas-register\"\nclients = 1\nrate = \"1000/s\"\n";
        let added = recovering(load) - recovering("");
        assert!(added < 5_000_000, "recovery has its clients' operations as well: {added} events");
        let large = LEAST.replace("nodes", "max_events = 7\nmax_events_per_second = 8\nnodes");
        assert_eq!(of(&large), (7, 8));
        let many = of(&LEAST.replace("nodes = 4", "nodes = 1000"));
        assert!(many.0 > 10 * events && many.1 > 100 * storm, "{many:?}");
    }
}
