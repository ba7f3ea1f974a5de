//! Measuring: CPU time of the thread, median of five, so that a neighbor on the machine disturbs little.

use cpu_time::ThreadTime;

/// What a loop cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// CPU nanoseconds an event: the median of five rounds.
    pub(crate) ns: f64,
    /// Something that depends on each event, so that no work is optimized away; equal for equal work.
    pub(crate) fold: u64,
}

/// Runs `round` once to warm up and five times more; `round` runs that many events and returns a fold of them.
pub(crate) fn median_of_5(events: u64, mut round: impl FnMut(u64) -> u64) -> Measured {
    let mut fold = round(events);
    let mut rounds = [0.0; 5];
    for ns in &mut rounds {
        let start = ThreadTime::now();
        fold ^= round(events);
        *ns = start.elapsed().as_nanos() as f64 / events as f64;
    }
    rounds.sort_unstable_by(f64::total_cmp);
    Measured { ns: rounds[2], fold }
}
