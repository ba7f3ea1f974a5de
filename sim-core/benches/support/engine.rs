//! The same workloads through the engine, with everything on that a run has.

use cpu_time::ThreadTime;
use sim_core::process::Lane;
use sim_core::workbench::Phold;

use crate::hops::Load;
use crate::measure::{Measured, median_of_5};

/// W2 through the engine: CPU time a delivered message, building the world included.
pub(crate) fn w2_engine(load: Load) -> Measured {
    let mut fold = 0;
    let mut rounds = [0.0; 6];
    for ns in &mut rounds {
        let start = ThreadTime::now();
        let outcome = load.run();
        *ns = start.elapsed().as_nanos() as f64 / outcome.messages.delivered as f64;
        fold ^= outcome.digest.0 as u64;
    }
    let measured = &mut rounds[1..];
    measured.sort_unstable_by(f64::total_cmp);
    Measured { ns: measured[2], fold }
}

/// The same load on the datagram lane and on the stream lane.
pub(crate) fn w2_lanes(load: Load) -> [Measured; 2] {
    [Lane::Datagram, Lane::Stream].map(|lane| w2_engine(Load { lane, ..load }))
}

/// W1 through the kernel: agenda, keyed ties and draws, digest.
pub(crate) fn w1_kernel(n: u32, events: u64) -> Measured {
    let mut phold = Phold::new(n);
    median_of_5(events, |events| phold.run(events))
}
