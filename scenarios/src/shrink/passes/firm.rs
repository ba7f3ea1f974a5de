//! Runs of the same shape that may fail more firmly: a violation that hangs on one lucky tie is gone with the first
//! unrelated change, one in the middle of its window stays.

use sim_core::distribution::Distribution;
use sim_core::fault::{Fault, Moment};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use super::super::pass::Candidates;
use super::super::tester::Tested;
use super::background::LATENCIES;
use super::faults::set_length;

/// How far a fault is moved, either way, in microseconds: over the edges of windows of every usual width.
const MOVES: [u64; 8] = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

/// The same run, for other seeds; with another latency; with faults that last longer; with faults earlier or later.
pub(in super::super) fn variants(best: &Tested) -> Candidates<'_> {
    let lengths = (0..entries(best)).flat_map(move |entry| longer(best, entry));
    let moves = (0..entries(best)).flat_map(move |entry| moved(best, entry));
    Box::new(plain(best).chain(lengths).chain(moves))
}

/// The same run, for other seeds, and with another latency.
pub(in super::super) fn plain(best: &Tested) -> Candidates<'_> {
    let fixed = matches!(best.candidate.setup.network.latency, Distribution::Fixed(_));
    let latencies = LATENCIES
        .into_iter()
        .filter(move |_| fixed)
        .map(|latency| best.candidate.with(|setup| setup.network.latency = Distribution::Fixed(latency)));
    Box::new(std::iter::once(best.candidate.clone()).chain(latencies))
}

fn entries(best: &Tested) -> usize {
    best.candidate.setup.faults.entries.len()
}

fn longer(best: &Tested, entry: usize) -> impl Iterator<Item = super::super::candidate::Candidate> {
    let lasts = best.candidate.setup.faults.entries[entry].duration();
    let lengths =
        lasts.map(|lasts| [Some(10), Some(2), Some(5), None].map(|by| by.map(|by| lasts.saturating_mul(by))));
    let set = move |lasts| {
        best.candidate.with(|setup| {
            set_length(setup, entry, lasts);
            later_end(setup, lasts.unwrap_or_default());
        })
    };
    lengths.into_iter().flatten().map(set)
}

fn moved(best: &Tested, entry: usize) -> impl Iterator<Item = super::super::candidate::Candidate> {
    let entry_now = &best.candidate.setup.faults.entries[entry];
    let at = match entry_now.at {
        // A round is in force from the start.
        Moment::At(at) if !matches!(entry_now.what, Fault::Round(_)) => Some(at),
        Moment::At(_) | Moment::On(_) => None,
    };
    let moments = at.into_iter().flat_map(|at| {
        MOVES.into_iter().map(Duration::from_micros).flat_map(move |by| {
            let earlier =
                at.as_nanos().checked_sub(by.as_nanos()).map(|at| (Time::from_nanos(at), Duration::ZERO));
            [Some((at.saturating_add(by), by)), earlier]
        })
    });
    moments.flatten().map(move |(at, by)| {
        best.candidate.with(|setup| {
            setup.faults.entries[entry].at = Moment::At(at);
            setup.faults.sort();
            later_end(setup, by);
        })
    })
}

/// What comes later must not come after the end, which is no heal that the run needs.
fn later_end(setup: &mut Setup, by: Duration) {
    if setup.progress_timeout.is_none() {
        setup.duration = setup.duration.saturating_add(by);
    }
}
