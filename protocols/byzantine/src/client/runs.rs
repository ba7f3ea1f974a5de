//! Runs in which clients sign two operations under one timestamp, with traitors that order both.

use serde_json::json;
use sim_core::check::Verdict;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;

use crate::testing::{cluster, setup};
use crate::{hotstuff, pbft, tendermint};

fn with_corrupt(seed: u64, corrupt: u32) -> Setup {
    let mut setup = setup(seed, 4, 60);
    if let Some(workload) = &mut setup.workload {
        workload.corrupt = Some(corrupt);
    }
    setup.initial.corrupt = if seed.is_multiple_of(2) { vec![0] } else { Vec::new() };
    setup.behavior = Some("random".to_owned());
    setup
}

/// Honest clients see nothing of two that lie, whose operations end as nobody knows.
#[test]
fn honest_clients_are_unharmed_by_corrupt_ones() {
    let entries: [&dyn Entry; 3] = [&pbft::entry::ENTRY, &hotstuff::entry::ENTRY, &tendermint::entry::ENTRY];
    for entry in entries {
        let name = entry.info().name;
        let cluster = cluster(entry, &json!({}));
        for seed in 0..30 {
            let launch = Launch { keep_history: true, ..Launch::default() };
            let outcome = cluster.launch(&with_corrupt(seed, 2), &launch).unwrap();
            let told = format!("{name}, seed {seed}: {:?} {:?}", outcome.violations, outcome.reasons);
            assert_eq!(outcome.verdict, Verdict::Pass, "{told}");
            let (asked, done) =
                (outcome.activity["operations.invoked"], outcome.activity["operations.succeeded"]);
            assert!(done * 5 >= asked && done < asked, "{told}: {done} of {asked}");
        }
    }
}
