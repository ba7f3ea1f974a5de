//! When bursts of operations come: shortly after faults.
//!
//! What a fault breaks, clients see only if they ask while it is broken: a leader that has lost its majority, and another one that was just
//! elected. So where a swarm spreads operations in bursts, each burst follows a drawn fault.

use rand_core::Rng;
use sim_core::fault::Moment;
use sim_core::random::{StreamName, below, stream};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use crate::scenario::Swarm;

/// A burst comes at most so long after its fault begins: time enough for an election.
const LATEST: Duration = Duration::from_millis(800);

/// Moves the bursts that were drawn, if there are any, to shortly after drawn faults: those from `written` on. Faults that wait for an
/// event have no time yet, and attract none.
pub(super) fn after_faults(swarm: &Swarm, setup: &mut Setup, written: usize) {
    let drawn = setup.faults.entries.iter().skip(written);
    let starts: Vec<Duration> = drawn
        .filter_map(|entry| match entry.at {
            Moment::At(at) => Some(at.since(Time::ZERO)),
            Moment::On(_) => None,
        })
        .collect();
    let Some(workload) = setup.workload.as_mut().filter(|workload| !workload.more.is_empty()) else { return };
    if !(swarm.workload && swarm.spread) || starts.is_empty() {
        return;
    }
    let mut rng = stream(setup.seed, StreamName::Bursts);
    let mut pick = |n: u64| below(rng.next_u64(), n);
    let latest = setup.duration * 7 / 8;
    let mut start = || {
        let fault = starts[pick(starts.len() as u64) as usize];
        (fault + Duration::from_nanos(pick(LATEST.as_nanos()))).min(latest)
    };
    workload.start = start();
    workload.more.iter_mut().for_each(|load| load.start = start());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compile;
    use crate::testing::real;

    #[test]
    fn bursts_come_shortly_after_drawn_faults() {
        let source = crate::builtin::find("raft-swarm").unwrap();
        let loaded = crate::scenario::load(&real(), source, crate::document::Format::Toml, &[]).unwrap();
        let mut bursts = 0;
        for seed in 0..200 {
            let setup = compile(&loaded, seed, &[]).setup;
            let timed = setup.faults.entries.iter().filter_map(|entry| match entry.at {
                Moment::At(at) => Some(at.since(Time::ZERO)),
                Moment::On(_) => None,
            });
            let timed: Vec<Duration> = timed.collect();
            let workload = setup.workload.unwrap();
            assert_eq!(workload.validate(setup.clients), Ok(()));
            if workload.more.is_empty() || timed.is_empty() {
                continue;
            }
            for start in workload.loads().iter().map(|load| load.start) {
                let follows = |fault: &Duration| *fault <= start && start <= *fault + LATEST;
                let last = start == setup.duration * 7 / 8;
                assert!(
                    last || timed.iter().any(follows),
                    "seed {seed}: a burst at {start:?} follows nothing"
                );
                bursts += 1;
            }
        }
        assert!(bursts > 100, "{bursts} bursts in 200 seeds");
    }
}
