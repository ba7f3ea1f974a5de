//! Strategies for proptest: plans of a scenario, fault plans and workloads as values of property tests.
//!
//! Everything is drawn by the same dice as in a swarm, from a seed that proptest chooses. Proptest does not shrink any of it: half of a
//! fault plan is another run, and fails for another reason. [`Storm::verify`](crate::storm::Storm::verify) shrinks what fails, and
//! keeps it.
//!
//! ```
//! use proptest::prelude::*;
//! use seedstorm::storm::Storm;
//! use seedstorm::strategies;
//!
//! proptest! {
//!     // What fails is kept as a capsule, so that proptest need not keep its own file.
//!     #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
//!     // Behind an attribute `test`, as always.
//!     fn raft_bears_these_faults(plan in strategies::plans(strategies::scenario(&seedstorm::registry(), "raft-swarm"))) {
//!         Storm::new(&seedstorm::registry(), env!("CARGO_MANIFEST_DIR"), "raft-swarm").verify(&plan)?;
//!     }
//! }
//! # raft_bears_these_faults();
//! ```

use std::sync::Arc;

use proptest::prelude::Strategy;
use scenarios::plan::{Plan, SEEDS_END, compile, draw_workload};
use scenarios::scenario::{Loaded, load};
use sim_core::fault::swarm::{SwarmSpace, draw};
use sim_core::fault::{FaultModel, FaultPlan};
use sim_core::random::{StreamName, stream};
use sim_core::registry::{ProtocolInfo, Registry};
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

/// How large a cluster is, and how long its faults may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Members.
    pub members: u32,
    /// Clients.
    pub clients: u32,
    /// The length of the first phase.
    pub duration: Duration,
}

/// A built-in scenario.
///
/// # Panics
/// If there is none of this name, or its protocol is not in the registry.
pub fn scenario(registry: &Registry, name: &str) -> Loaded {
    let source = scenarios::builtin::find(name).unwrap_or_else(|| panic!("no scenario is called {name}"));
    let loaded = load(registry, source, scenarios::document::Format::Toml, &[]);
    loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Seeds.
pub fn seeds() -> impl Strategy<Value = u64> {
    (0..SEEDS_END).no_shrink()
}

/// Plans of a scenario: what `explore` runs, with the seed as the only choice.
pub fn plans(loaded: Loaded) -> impl Strategy<Value = Plan> {
    let loaded = Arc::new(loaded);
    seeds().prop_map(move |seed| compile(&loaded, seed, &[])).no_shrink()
}

/// Fault plans that such a cluster must bear, or that exceed what the model bears nowhere by intent: the governor refuses the rest.
pub fn fault_plans(space: SwarmSpace, size: Size, model: FaultModel) -> impl Strategy<Value = FaultPlan> {
    let Size { members, clients, duration } = size;
    let drawn = move |seed| {
        let mut rng = stream(seed, StreamName::Plan);
        let mut plan = draw(&mut rng, &space, members, clients, duration, model);
        plan.sort();
        plan.number();
        plan
    };
    seeds().prop_map(drawn).no_shrink()
}

/// Workloads of what a protocol offers its clients: the model, the number of objects, the mix and the pace.
pub fn workloads(
    protocol: &'static ProtocolInfo,
    size: Size,
    operations: u64,
) -> impl Strategy<Value = WorkloadModel> {
    let drawn = move |seed| draw_workload(protocol, (size.clients, size.duration), operations, seed);
    seeds().prop_map(drawn).no_shrink()
}

#[cfg(test)]
mod tests {
    use sim_core::ordered::OrderedSet;

    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::storm::{Storm, StormFailure};

    const SIZE: Size = Size { members: 5, clients: 3, duration: Duration::from_secs(10) };

    /// So many values of a strategy, none of which shrinks.
    fn drawn<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
        let mut runner = TestRunner::deterministic();
        let one = |_| {
            let mut tree = strategy.new_tree(&mut runner).unwrap();
            assert!(!tree.simplify(), "proptest must not shrink it");
            tree.current()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn plans_are_those_of_the_scenario() {
        let registry = crate::registry();
        let plans = drawn(&plans(scenario(&registry, "raft-swarm")), 20);
        let seeds: OrderedSet<u64> = plans.iter().map(|plan| plan.setup.seed).collect();
        assert_eq!(seeds.len(), 20);
        let again = compile(&scenario(&registry, "raft-swarm"), plans[3].setup.seed, &[]);
        assert_eq!(format!("{:?}", again.setup), format!("{:?}", plans[3].setup));
        let storm = || Storm::new(&registry, std::env::temp_dir(), "raft-swarm");
        for plan in &plans {
            storm().verify(plan).unwrap();
        }
    }

    #[test]
    fn what_fails_is_shrunk_and_told_and_kept() {
        let registry = crate::registry();
        let home = tempfile::tempdir().unwrap();
        let loaded = scenario(&registry, "demo-bug");
        let failure = (0..50).find_map(|seed| {
            let plan = compile(&loaded, seed, &["vote-not-durable".to_owned()]);
            Storm::new(&registry, home.path(), "demo-bug").plant("vote-not-durable").verify(&plan).err()
        });
        let Some(StormFailure::Found(found)) = failure else { panic!("{failure:?}") };
        assert!(found.faults <= 3 && found.story.is_some(), "{found}");
        assert!(home.path().join(&found.capsule).exists(), "{}", found.capsule.display());
    }

    #[test]
    fn fault_plans_and_workloads_differ_and_can_be_run() {
        let registry = crate::registry();
        let model = FaultModel { crashed: 2, lost_disks: 0, byzantine: 0, outages: false };
        let plans = drawn(&fault_plans(SwarmSpace::default(), SIZE, model), 50);
        let sizes: OrderedSet<usize> = plans.iter().map(|plan| plan.entries.len()).collect();
        assert!(sizes.len() > 5, "{sizes:?}");
        let protocol = registry.find("raft").unwrap().info();
        let loads = drawn(&workloads(protocol, SIZE, 100), 200);
        let models: OrderedSet<_> = loads.iter().map(|load| load.model).collect();
        assert_eq!(models.len(), protocol.objects.len());
        for load in &loads {
            assert_eq!(load.validate(SIZE.clients), Ok(()));
        }
        let loaded = scenario(&registry, "raft-calm");
        for (faults, load) in plans.into_iter().zip(loads).take(10) {
            let mut plan = compile(&loaded, 1, &[]);
            (plan.setup.faults, plan.setup.workload) = (faults, Some(load));
            (plan.setup.clients, plan.setup.duration) = (SIZE.clients, SIZE.duration);
            Storm::new(&registry, std::env::temp_dir(), "raft-calm").verify(&plan).unwrap();
        }
    }
}
