//! Whole runs, each beside the gate and the goal that the project has set itself.
//!
//! `cargo bench --bench runs` prints CPU time of the one thread that a run uses. Absolute figures drift from machine to
//! machine; the shares (checks, trace) are ratios of runs that alternate in this process. Name rows to see only them:
//! `cargo bench --bench runs -- raft`. SWIM among 100,000 takes minutes, and is measured if it is named in full.

#[path = "../sim-core/benches/support/hops.rs"]
mod hops;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/runs.rs"]
mod runs;

use hops::Load;
use measure::{peak_memory, quantile, timed};
use runs::{Run, built_in, built_in_with, hotstuff_faults, many, one, raft_faults, twelve_rounds};
use seedstorm::prelude::{Launch, Verdict};
use seedstorm::sim_core::process::Lane;
use seedstorm::sim_core::trace::{TraceForm, TraceRequest};

/// Seeds of the Raft run.
const SEEDS: u64 = 200;
/// Seeds of the exploration.
const EXPLORED: u64 = 1_000;

/// A row of the table.
struct Row {
    name: &'static str,
    measure: fn(),
}

const ROWS: &[Row] = &[
    // First, since the most memory of a process is never forgotten.
    Row { name: "epidemic", measure: epidemic },
    Row { name: "plumtree", measure: plumtree },
    Row { name: "swim", measure: swim },
    Row { name: "raft", measure: raft },
    Row { name: "pbft", measure: pbft },
    Row { name: "hotstuff", measure: hotstuff },
    Row { name: "twins", measure: twins },
    Row { name: "coordination", measure: coordination },
    Row { name: "explore", measure: explore },
    Row { name: "checks", measure: checks },
    Row { name: "trace", measure: trace },
    Row { name: "lanes", measure: lanes },
    Row { name: "growth", measure: growth },
];

/// Rows that take minutes: measured only if they are named in full.
const LONG: &[Row] = &[Row { name: "swim-100000", measure: swim_100_000 }];

fn main() {
    // As the program does.
    seedstorm::memory::keep();
    // Cargo passes flags of its own.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    println!("{:44} {:>10} {:>8} {:>8} {:>6}", "row", "measured", "gate", "goal", "ratio");
    for row in
        ROWS.iter().filter(|row| wanted.is_empty() || wanted.iter().any(|word| row.name.contains(word)))
    {
        (row.measure)();
    }
    for row in LONG.iter().filter(|row| wanted.iter().any(|word| word == row.name)) {
        (row.measure)();
    }
}

/// Prints one line; the ratio is to the gate, so that above 1 a gate is missed.
fn line(what: &str, measured: f64, gate: f64, goal: f64) {
    println!("{what:44} {measured:10.2} {gate:8.1} {goal:8.1} {:6.2}", measured / gate);
}

/// Prints a figure that explains others and has no gate.
fn note(what: &str, value: f64) {
    println!("    {what:40} {value:10.2}");
}

fn median(runs: &[Run]) -> f64 {
    quantile(&mut runs.iter().map(|run| run.ms).collect::<Vec<_>>(), 500)
}

/// The push-pull epidemic until a million agents are reached.
fn epidemic() {
    let loaded = built_in("epidemic-million");
    let (outcome, ms) = one(&loaded, 1, &Launch::default());
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
    line("epidemic, 1,000,000 agents: ns an event", ms * 1e6 / outcome.events as f64, 170.0, f64::INFINITY);
    line("epidemic, in all: s", ms / 1e3, f64::INFINITY, 2.0);
    note("events, millions", outcome.events as f64 / 1e6);
    if let Some(mebibytes) = peak_memory() {
        line("epidemic, most memory: MiB", mebibytes, 320.0, f64::INFINITY);
    }
}

/// HyParView and Plumtree among 100,000 members, from their joins to the last of 100 broadcasts.
fn plumtree() {
    let (outcome, ms) = one(&built_in("plumtree-100000"), 1, &Launch::default());
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
    line("plumtree, 100,000 members: s", ms / 1e3, 90.0, 45.0);
    note("ns an event", ms * 1e6 / outcome.events as f64);
    if let Some(mebibytes) = peak_memory() {
        line("plumtree, most memory: MiB", mebibytes, 2_048.0, 1_024.0);
    }
}

/// SWIM from a warm start on a network that loses 1 %, of which 1 % of the members crash, until all have noticed.
fn swim() {
    let minute = 60;
    for (members, gate, goal, whole) in [(1_000_u64, 1.0, 0.3, true), (10_000, 20.0, 8.0, false)] {
        // Each of those that are left learns of each crash.
        let crashed = members / 100;
        let learned = if whole { u64::MAX >> 1 } else { crashed * (members - crashed) };
        let overlays = [
            format!("cluster.nodes={members}"),
            format!("stop.observed.count={learned}"),
            format!("cluster.duration=\"{minute}s\""),
        ];
        let (outcome, ms) = one(&built_in_with("swim-10000", &overlays), 1, &Launch::default());
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
        line(&format!("swim, {members} members: s"), ms / 1e3, gate, goal);
        note("us an event", ms * 1e3 / outcome.events as f64);
    }
    if let Some(mebibytes) = peak_memory() {
        line("swim, 10000 members, most memory: MiB", mebibytes, 1_024.0, 410.0);
    }
}

/// The same with a hundred thousand members.
fn swim_100_000() {
    let (outcome, ms) = one(&built_in("swim-100000"), 1, &Launch::default());
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
    line("swim, 100000 members: s", ms / 1e3, f64::INFINITY, 120.0);
    note("us an event", ms * 1e3 / outcome.events as f64);
    if let Some(mebibytes) = peak_memory() {
        line("swim, 100000 members, most memory: MiB", mebibytes, 16_384.0, 4_096.0);
    }
}

/// A thousand agents and ten thousand tasks in ten minutes; and four times as many tasks in four times as long, of which each must
/// cost the same: a task costs no scan over tasks.
fn coordination() {
    for name in ["coordination-hybrid-1000", "coordination-gossip-1000"] {
        let (outcome, ms) = one(&built_in(name), 0, &Launch::default());
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.reasons);
        line(&format!("{name}: s"), ms / 1e3, 10.0, 3.0);
        note("us an event", ms * 1e3 / outcome.events as f64);
        let overlays = ["cluster.coordination.layers=40", "cluster.duration=\"40min\""].map(str::to_owned);
        let (longer, longer_ms) = one(&built_in_with(name, &overlays), 0, &Launch::default());
        assert_eq!(longer.metrics["tasks_done"].max, 40_000);
        line("a task among 40,000 against 10,000", longer_ms / ms / 4.0, 2.0, f64::INFINITY);
    }
}

/// The five-node Raft run under a fixed mix of faults, all checks on.
fn raft() {
    let runs = many(&raft_faults(&[]), 0..SEEDS, |outcome| outcome.verdict == Verdict::Pass);
    line("raft, 5 nodes, 60 s, all faults: ms, median", median(&runs), 25.0, 10.0);
    let sum = |of: fn(&Run) -> u64| runs.iter().map(of).sum::<u64>() as f64;
    let completed = sum(|run| run.succeeded) / sum(|run| run.invoked);
    assert!(completed >= 0.95, "only {:.1} % of the requests were completed", completed * 100.0);
    note("requests completed, %", completed * 100.0);
    note("events a run", sum(|run| run.events) / runs.len() as f64);
    note("ns an event", runs.iter().map(|run| run.ms).sum::<f64>() * 1e6 / sum(|run| run.events));
    let calm = many(&built_in("raft-calm"), 0..SEEDS / 4, |outcome| outcome.verdict == Verdict::Pass);
    note("the built-in raft-calm: ms, median", median(&calm));
}

/// One decision of PBFT, in which everybody speaks to everybody twice; and runs of its swarm.
fn pbft() {
    for (members, seeds, gate, goal) in [(100, 20, 20.0, 8.0), (512, 3, 1_000.0, 300.0)] {
        let loaded = built_in_with("pbft-messages", &[format!("cluster.nodes={members}")]);
        let runs = many(&loaded, 0..seeds, |outcome| outcome.verdict == Verdict::Pass);
        line(&format!("pbft, one decision, n={members}: ms"), median(&runs), gate, goal);
        note("events a run", runs[0].events as f64);
        note("ns an event", median(&runs) * 1e6 / runs[0].events as f64);
    }
    let runs = many(&built_in("pbft-swarm"), 0..EXPLORED / 4, |outcome| outcome.violations.is_empty());
    line("explore pbft-swarm: ms a run, median", median(&runs), 6.0, 6.0);
}

/// Four replicas under a fixed mix of faults, all checks on; one decision of many; and runs of its swarm.
fn hotstuff() {
    let runs = many(&hotstuff_faults(), 0..SEEDS / 4, |outcome| outcome.verdict == Verdict::Pass);
    line("hotstuff, 4 nodes, 60 s, all faults: ms", median(&runs), 50.0, 20.0);
    note("events a run", runs[0].events as f64);
    let loaded = built_in_with("hotstuff-messages", &["cluster.nodes=512".to_owned()]);
    let runs = many(&loaded, 0..3, |outcome| outcome.verdict == Verdict::Pass);
    note("one decision, n=512: ms, median", median(&runs));
    let runs = many(&built_in("hotstuff-swarm"), 0..EXPLORED / 4, |outcome| outcome.violations.is_empty());
    line("explore hotstuff-swarm: ms a run, median", median(&runs), 6.0, 6.0);
}

/// Schedules of twelve rounds, drawn and run one after the other by one thread: four replicas, one of them with a twin.
fn twins() {
    let loaded = twelve_rounds();
    let seeds = EXPLORED * 4;
    let mut behind = 0_u32;
    let (runs, ms) = timed(|| {
        many(&loaded, 0..seeds, |outcome| {
            behind += u32::from(outcome.measures.values().any(|view| view.is_none_or(|view| view < 13)));
            outcome.violations.is_empty()
        })
    });
    let per_second = seeds as f64 * 1e3 / ms;
    println!(
        "{:44} {per_second:10.0} {:>8} {:>8} {:6.2}",
        "twins, twelve rounds: schedules/s",
        3_000,
        3_000,
        3e3 / per_second
    );
    note("events a schedule", runs.iter().map(|run| run.events).sum::<u64>() as f64 / runs.len() as f64);
    note("of these not through all rounds, %", 100.0 * f64::from(behind) / runs.len() as f64);
    let runs = many(&built_in("twins-swarm"), 0..EXPLORED / 4, |outcome| outcome.violations.is_empty());
    line("explore twins-swarm: ms a run, median", median(&runs), 6.0, 6.0);
}

/// Runs as an exploration makes them, one thread.
fn explore() {
    let runs = many(&built_in("raft-swarm"), 0..EXPLORED, |outcome| outcome.violations.is_empty());
    let mut times: Vec<f64> = runs.iter().map(|run| run.ms).collect();
    line("explore raft-swarm: ms a run, median", quantile(&mut times, 500), 2.0, 1.0);
    line("explore raft-swarm: ms a run, p99", quantile(&mut times, 990), f64::INFINITY, f64::INFINITY);
    note("mean", times.iter().sum::<f64>() / times.len() as f64);
}

/// What the online checks cost: the same seeds with all of them off, alternating.
fn checks() {
    let with = raft_faults(&[]);
    let names: Vec<String> = with.protocol.checks.iter().map(|check| format!("{:?}", check.name)).collect();
    let without = raft_faults(&[format!("checks.off=[{}]", names.join(","))]);
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS / 4 {
        on.extend(many(&with, seed..seed + 1, |_| true));
        off.extend(many(&without, seed..seed + 1, |_| true));
    }
    let share = 100.0 * (1.0 - median(&off) / median(&on));
    line("online checks: % of the Raft run", share, 15.0, 8.0);
}

/// What it costs to leave a trace on the disk: the same seeds without one, alternating.
fn trace() {
    let loaded = raft_faults(&[]);
    let request = TraceRequest { limit: u64::MAX, form: TraceForm::File, ..TraceRequest::default() };
    let traced = Launch { trace: Some(request), ..Launch::default() };
    let folder = tempfile::tempdir().expect("a folder for traces");
    let (mut with, mut without, mut bytes) = (Vec::new(), Vec::new(), 0);
    for seed in 0..SEEDS / 8 {
        without.push(one(&loaded, seed, &Launch::default()).1);
        let (length, ms) = timed(|| {
            let file = one(&loaded, seed, &traced).0.trace_file.expect("it was asked for");
            std::fs::write(folder.path().join(seed.to_string()), &file).expect("the disk has room");
            file.len()
        });
        with.push(ms);
        bytes += length;
    }
    let ratio = quantile(&mut with, 500) / quantile(&mut without, 500);
    line("a trace to disk: times the run without", ratio, 2.0, 1.3);
    note("MiB a trace", bytes as f64 / with.len() as f64 / f64::from(1 << 20));
}

/// CPU time of a message through the engine, the world included: the median of five runs after one to warm up.
fn message(n: u32, lane: Lane) -> f64 {
    let load = Load { n, events: 2_000 * u64::from(n.min(1_000)), lane, burdened: false };
    let mut times: Vec<f64> = (0..6)
        .map(|_| {
            let (outcome, ms) = timed(|| load.run());
            ms * 1e6 / outcome.messages.delivered as f64
        })
        .collect();
    quantile(&mut times[1..], 500)
}

/// The stream lane beside the datagram lane. Two messages for each pair at a thousand nodes, so that half of all sends
/// find a link that was never used.
fn lanes() {
    for (n, gate, goal) in [(100, 1.5, 1.2), (512, 2.5, 1.6), (1_000, 2.5, 1.6)] {
        let [datagram, stream] = [Lane::Datagram, Lane::Stream].map(|lane| message(n, lane));
        line(&format!("stream lane, n = {n}: times datagrams"), stream / datagram, gate, goal);
        note("datagram, ns a message", datagram);
        note("stream, ns a message", stream);
    }
}

/// Prints how the cost of a message, or of an event, grows with n.
fn grows(what: &str, sizes: [u32; 2], cost: impl Fn(u32) -> f64) {
    let [small, large] = sizes.map(cost);
    line(&format!("{what}, {} to {}: times", sizes[0], sizes[1]), large / small, 2.0, 2.0);
    note("ns at the smaller", small);
    note("ns at the larger", large);
}

/// The cost of a message where there are ten times as many nodes, beside its cost at the smaller number.
fn growth() {
    for (what, lane) in [("datagrams", Lane::Datagram), ("streams", Lane::Stream)] {
        grows(what, [100, 1_000], |n| message(n, lane));
        grows(what, [1_000, 10_000], |n| message(n, lane));
    }
    grows("bracha", [30, 300], |n| event("bracha-calm", n, &["checks.at_least={}"]));
    grows("epidemic", [10_000, 100_000], |n| event("epidemic-million", n, &[]));
}

/// CPU time of an event of a built-in scenario at another size, the median of three seeds.
fn event(name: &str, nodes: u32, more: &[&str]) -> f64 {
    let mut overlays = vec![format!("cluster.nodes={nodes}")];
    overlays.extend(more.iter().map(|overlay| (*overlay).to_owned()));
    let loaded = built_in_with(name, &overlays);
    let one = |seed| one(&loaded, seed, &Launch::default());
    let mut times: Vec<f64> = (0..3).map(one).map(|(outcome, ms)| ms * 1e6 / outcome.events as f64).collect();
    quantile(&mut times, 500)
}
