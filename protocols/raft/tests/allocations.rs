//! What a read costs the allocator: nothing for the answers that are counted, for the reads that wait, or for faults that wait
//! for something else.

use std::alloc::System;

use raft::entry::ENTRY;
use serde_json::json;
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// So many allocations and reads of a run of so many seconds, in which clients do nothing but read.
fn run(seconds: u64, learners: u32) -> (usize, u64) {
    let mut setup = Setup::new(1, 5);
    setup.clients = 3;
    setup.duration = Duration::from_secs(seconds);
    setup.network.latency =
        Distribution::Uniform { min: Duration::from_millis(1), max: Duration::from_millis(4) };
    setup.workload =
        serde_json::from_value(json!({ "model": "register", "rate": "100/s", "readers": 3 })).ok();
    // Waits for a message that is sent all the time, and never long enough.
    setup.faults.entries = serde_json::from_value(json!([
        { "on": { "send": "AppendEntries", "nth": 1_000_000 }, "crash": { "target": "leader" } },
        { "on": { "send": "RequestVote", "nth": 1_000_000 }, "crash": { "target": "leader" } },
    ]))
    .expect("two faults");
    let parameters = json!({ "reads": "read-index", "learners": learners });
    let cluster = ENTRY.configure(&parameters).expect("parameters");
    let region = Region::new(ALLOCATOR);
    let outcome = cluster.launch(&setup, &Launch::default()).expect("a run");
    let allocations = region.change().allocations;
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
    (allocations, outcome.activity["operations.succeeded"])
}

#[test]
fn a_read_allocates_nothing_but_what_a_majority_by_configuration_is_found_with() {
    // Where not all members vote, each confirmed round is found by sorting.
    for learners in [0, 1] {
        // What runs the test allocates now and then as well, in a thread of its own: the least of three runs has none of that.
        let least = |seconds| (0..3).map(|_| run(seconds, learners)).min().expect("three runs");
        let ((short, few), (long, many)) = (least(10), least(30));
        let (allocations, reads) = (long.saturating_sub(short) as u64, many - few);
        assert!(reads > 1_500, "{reads} reads");
        let most = u64::from(learners) * reads;
        assert!(allocations <= most, "{allocations} allocations for {reads} reads, {learners} learners");
    }
}
