//! The limits of speed, and what is measured against them in the same process.
//!
//! `cargo bench -p sim-core --bench limits` prints CPU nanoseconds an event, millions of events a second, and two ratios:
//! to the limit, which is the fastest bare queue with the same random numbers, and to the same work by hand around std's
//! binary heap, which needs no queue of one's own. Absolute figures drift from machine to machine; ratios are what counts.

#[path = "support/bare.rs"]
mod bare;
#[path = "support/engine.rs"]
mod engine;
#[path = "support/hops.rs"]
mod hops;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/random.rs"]
mod random;

use bare::{w1_bare, w1_random, w2_bare};
use engine::{w1_kernel, w2_engine, w2_lanes};
use hops::Load;
use measure::Measured;
use sim_core::process::Lane;
use sim_core::queue::{EventQueue, LazyCalendar, QuadHeap, StdHeap};

/// Events in a round.
const EVENTS: u64 = 2_000_000;

/// What one workload costs on each queue, by hand.
type Bare = [(&'static str, Measured); 4];

fn phold_bare(n: u32) -> Bare {
    [
        ("bare, event queue", w1_bare::<EventQueue>(n, EVENTS)),
        ("bare, lazy calendar", w1_bare::<LazyCalendar>(n, EVENTS)),
        ("bare, 4-ary heap", w1_bare::<QuadHeap>(n, EVENTS)),
        ("bare, std heap", w1_bare::<StdHeap>(n, EVENTS)),
    ]
}

fn messages_bare(n: u32) -> Bare {
    [
        ("bare, event queue", w2_bare::<EventQueue>(n, EVENTS)),
        ("bare, lazy calendar", w2_bare::<LazyCalendar>(n, EVENTS)),
        ("bare, 4-ary heap", w2_bare::<QuadHeap>(n, EVENTS)),
        ("bare, std heap", w2_bare::<StdHeap>(n, EVENTS)),
    ]
}

/// What a row is compared with.
#[derive(Clone, Copy)]
struct Limits {
    /// The fastest of the bare queues, so that a slow choice of our own does not lower the bar.
    best: Measured,
    /// std's heap.
    heap: Measured,
}

impl Limits {
    fn of(bare: &Bare) -> Self {
        let orders_agree = bare.iter().all(|(_, measured)| measured.fold == bare[0].1.fold);
        assert!(orders_agree, "the queues popped in different orders");
        let best = bare
            .iter()
            .map(|(_, measured)| *measured)
            .fold(bare[0].1, |a, b| if b.ns < a.ns { b } else { a });
        Self { best, heap: bare[3].1 }
    }
}

/// Prints one line.
fn row(workload: &str, n: u32, what: &str, measured: Measured, limits: Limits) {
    let (ns, rate) = (measured.ns, 1e3 / measured.ns);
    let (to_best, to_heap) = (ns / limits.best.ns, ns / limits.heap.ns);
    println!("{workload:12} {n:9} {what:22} {ns:8.1} {rate:8.1} {to_best:8.2} {to_heap:8.2}");
}

fn phold(n: u32) {
    let bare = phold_bare(n);
    let limits = Limits::of(&bare);
    row("W1 phold", n, "random numbers alone", w1_random(n, EVENTS), limits);
    bare.iter().for_each(|(what, measured)| row("W1 phold", n, what, *measured, limits));
    row("W1 phold", n, "kernel", w1_kernel(n, EVENTS), limits);
}

/// The engine's rows without a limit beside them, for profilers.
fn engine_alone(n: u32, burdened_too: bool) {
    for burdened in [false, true].into_iter().filter(|burdened| burdened_too || !burdened) {
        let measured = w2_engine(load(n, burdened));
        row("W2 messages", n, engine_name(burdened), measured, Limits { best: measured, heap: measured });
    }
}

fn load(n: u32, burdened: bool) -> Load {
    Load { n, events: EVENTS.min(2_000 * u64::from(n)), lane: Lane::Datagram, burdened }
}

const fn engine_name(burdened: bool) -> &'static str {
    if burdened { "engine, traitors, work" } else { "engine, all on" }
}

fn messages(n: u32) {
    let bare = messages_bare(n);
    let limits = Limits::of(&bare);
    bare.iter().for_each(|(what, measured)| row("W2 messages", n, what, *measured, limits));
    for burdened in [false, true] {
        row("W2 messages", n, engine_name(burdened), w2_engine(load(n, burdened)), limits);
    }
}

/// The two lanes beside each other; the ratios are to the datagram lane.
fn lanes(n: u32) {
    let [datagram, stream] = w2_lanes(load(n, false));
    let limits = Limits { best: datagram, heap: datagram };
    row("W2 lanes", n, "datagram", datagram, limits);
    row("W2 lanes", n, "stream", stream, limits);
}

/// Arguments name what to measure, all of it by default: `w1`, `w2`, `lanes`, sizes, and `engine` (with `calm`: the
/// first of them) for our rows of W2 alone, as a profiler wants them.
fn main() {
    // Cargo passes flags of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let sizes: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let named = |name: &str| words.iter().any(|word| word == name);
    let wanted = |size: &u32| sizes.is_empty() || sizes.contains(size);
    println!(
        "{:12} {:>9} {:22} {:>8} {:>8} {:>8} {:>8}",
        "workload", "n", "what", "ns", "M/s", "to best", "to heap"
    );
    if named("engine") {
        sizes.iter().for_each(|n| engine_alone(*n, !named("calm")));
        return;
    }
    let everything = !["w1", "w2", "lanes"].into_iter().any(named);
    if everything || named("w1") {
        [1_000, 100_000, 1_000_000].into_iter().filter(wanted).for_each(phold);
    }
    if everything || named("w2") {
        [100, 1_000, 100_000].into_iter().filter(wanted).for_each(messages);
    }
    if everything || named("lanes") {
        [100, 512, 1_000, 10_000, 100_000].into_iter().filter(wanted).for_each(lanes);
    }
}
