//! The limits of speed, and what is measured against them in the same process.
//!
//! `cargo bench -p sim-core --bench limits` prints CPU nanoseconds an event, millions of events a second, and the ratio
//! to the limit: a bare event queue with the same random numbers. Absolute figures drift from machine to machine;
//! the ratio is what counts.

#[path = "support/bare.rs"]
mod bare;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/random.rs"]
mod random;

use bare::{w1_bare, w1_random, w2_bare};
use measure::Measured;
use sim_core::queue::{EventQueue, LazyCalendar, QuadHeap, StdHeap};

/// Events in a round.
const EVENTS: u64 = 2_000_000;

/// Prints one line; the ratio is to `limit`.
fn row(workload: &str, n: u32, what: &str, measured: Measured, limit: Measured) {
    let (ns, rate, ratio) = (measured.ns, measured.millions_per_second(), measured.ns / limit.ns);
    println!("{workload:12} {n:9} {what:22} {ns:8.1} {rate:8.1} {ratio:8.2}");
}

fn phold(n: u32) {
    let limit = w1_bare::<EventQueue>(n, EVENTS);
    let others = [
        ("lazy calendar", w1_bare::<LazyCalendar>(n, EVENTS)),
        ("4-ary heap", w1_bare::<QuadHeap>(n, EVENTS)),
        ("std heap", w1_bare::<StdHeap>(n, EVENTS)),
    ];
    row("W1 phold", n, "bare: the limit", limit, limit);
    row("W1 phold", n, "random numbers alone", w1_random(n, EVENTS), limit);
    for (what, measured) in others {
        assert_eq!(measured.fold, limit.fold, "{what} has another order");
        row("W1 phold", n, what, measured, limit);
    }
}

fn messages(n: u32) {
    let limit = w2_bare::<EventQueue>(n, EVENTS);
    let std_heap = w2_bare::<StdHeap>(n, EVENTS);
    assert_eq!(std_heap.fold, limit.fold, "the std heap has another order");
    row("W2 messages", n, "bare: the limit", limit, limit);
    row("W2 messages", n, "std heap", std_heap, limit);
}

fn main() {
    println!("{:12} {:>9} {:22} {:>8} {:>8} {:>8}", "workload", "n", "what", "ns", "M/s", "ratio");
    [1_000, 100_000, 1_000_000].into_iter().for_each(phold);
    [100, 1_000, 100_000].into_iter().for_each(messages);
}
