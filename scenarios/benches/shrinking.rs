//! How small failing runs become, how long that takes, and how firmly the small ones fail.
//!
//! `cargo bench -p scenarios --bench shrinking` explores generic swarms with a plant on, shrinks the first findings, one
//! per seed, tells their stories and runs their neighbors, with the plant and without it. The exploration is the one that
//! `explore` makes: it knows nothing of plants. Words after `--` choose rows (`raft-swarm`, `demo-bug`, `R01` ...), a
//! number how many seeds each has, `stories` prints what is told.

#![expect(clippy::unwrap_used, reason = "a benchmark whose parts fail has nothing to go on with")]

use std::ops::Range;

use protocols::byzantine::bracha;
use protocols::raft;
use scenarios::builtin;
use scenarios::capsule::Capsule;
use scenarios::document::Format;
use scenarios::explore::{ExploreOptions, Hooks, explore};
use scenarios::neighbors::neighbors;
use scenarios::plan::Plan;
use scenarios::replay::plan_of;
use scenarios::scenario::{Loaded, load};
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink};
use scenarios::story::tell_whole;
use sim_core::registry::Registry;
use sim_core::stats::median;
use sim_core::story::{Step, StepKind, Story};

/// Failing seeds of each row.
const SEEDS: usize = 20;
/// Seeds explored at once.
const ROUND: u64 = 32;
/// Neighbors of each shrunk run with the plant.
const NEIGHBORS: u64 = 200;
/// Neighbors of each shrunk run without the plant: 1,000 for twenty.
const CLEAN: u64 = 50;

/// What is explored with which plant, and the least known depth of that bug (in events).
const ROWS: [(&str, &str, &str, u64); 4] = [
    ("raft-swarm", "R01", "vote-not-durable", 8),
    ("raft-swarm", "R03", "commit-old-term-by-counting", 14),
    ("demo-bug", "R01", "vote-not-durable", 8),
    ("demo-bug", "R03", "commit-old-term-by-counting", 14),
];

/// What one shrink came to.
struct Line {
    faults: u64,
    lines: u64,
    events: u64,
    seconds: f64,
    runs: u64,
    rate: f64,
    clean: u64,
    pair: bool,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let seeds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(SEEDS);
    let stories = words.iter().any(|word| word == "stories");
    let names: Vec<&String> =
        words.iter().filter(|word| word.parse::<usize>().is_err() && *word != "stories").collect();
    for (scenario, id, plant, depth) in ROWS {
        if names.iter().all(|name| *name == scenario || *name == id || *name == plant) {
            row(scenario, id, plant, depth, seeds, stories);
        }
    }
}

fn row(scenario: &str, id: &str, plant: &str, depth: u64, seeds: usize, stories: bool) {
    println!("{scenario} {id}, least known depth {depth}");
    println!("  seed     faults   nodes  lines events seconds   runs neighbors clean pair  check");
    let mut registry = Registry::new();
    registry.register(raft::entry::ENTRY);
    registry.register(bracha::entry::ENTRY);
    let loaded = load(&registry, builtin::find(scenario).unwrap(), Format::Toml, &[]).unwrap();
    let found = found(&loaded, plant, seeds);
    let lines: Vec<Line> = found.iter().map(|capsule| measure(&registry, capsule, stories)).collect();
    let of = |pick: fn(&Line) -> f64| {
        let mut values: Vec<f64> = lines.iter().map(pick).collect();
        values.sort_unstable_by(f64::total_cmp);
        format!("{:.1} ({:.1}..{:.1})", median(&values).unwrap(), values[0], values[values.len() - 1])
    };
    println!("  median (least..most) of {}:", lines.len());
    println!("    faults {}", of(|line| line.faults as f64));
    println!("    lines of the story {}", of(|line| line.lines as f64));
    println!("    events of the story {}", of(|line| line.events as f64));
    println!("    seconds {}", of(|line| line.seconds));
    println!("    candidates {}", of(|line| line.runs as f64));
    println!("    neighbors that fail, in % {}", of(|line| line.rate * 100.0));
    println!("    clean neighbors that fail {}", lines.iter().map(|line| line.clean).sum::<u64>());
    println!("    with a critical pair {}", lines.iter().filter(|line| line.pair).count());
}

/// The capsules of the first failing seeds.
fn found(loaded: &Loaded, plant: &str, seeds: usize) -> Vec<Capsule> {
    let mut found: Vec<Capsule> = Vec::new();
    let mut from = 0;
    while found.len() < seeds {
        let first = first(loaded, plant, from..from + ROUND);
        from = first.as_ref().map_or(from + ROUND, |capsule| capsule.seed + 1);
        found.extend(first);
    }
    found
}

fn first(loaded: &Loaded, plant: &str, seeds: Range<u64>) -> Option<Capsule> {
    let options = ExploreOptions {
        seeds,
        plants: vec![plant.to_owned()],
        jobs: None,
        stop_on_first: true,
        build: "bench".to_owned(),
    };
    let findings = explore(loaded, &options, Hooks::NONE).unwrap().findings;
    findings.into_iter().next().map(|finding| *finding.capsule)
}

#[expect(clippy::disallowed_types, reason = "how long it takes is what is measured")]
fn measure(registry: &Registry, capsule: &Capsule, stories: bool) -> Line {
    let options = ShrinkOptions { budget: ShrinkOptions::BUDGET, jobs: None, build: "bench".to_owned() };
    let start = std::time::Instant::now();
    let small = shrink(registry, capsule, &options, ShrinkHooks::NONE).unwrap().capsule;
    let seconds = start.elapsed().as_secs_f64();
    let print = small.fingerprint.clone().unwrap();
    let plan = plan_of(registry, &small, small.setup.clone()).unwrap();
    let story = tell_whole(&plan, Some(&print)).unwrap().unwrap().story;
    let around = neighbors(&plan, &print, NEIGHBORS).unwrap();
    let clean = neighbors(&Plan { plants: Vec::new(), ..plan }, &print, CLEAN).unwrap();
    let log = small.shrunk.clone().unwrap();
    let line = Line {
        faults: log.after.faults,
        lines: story.steps.len() as u64 + story.omitted,
        events: events(&story) + story.omitted,
        seconds,
        runs: log.runs,
        rate: around.rate(),
        clean: clean.failed + clean.failed_otherwise,
        pair: story.critical.is_some(),
    };
    println!(
        "  {:<8} {:>2} -> {:<2} {:>5}  {:>5}  {:>5} {:>7.1}  {:>5}    {:>5.1} % {:>4}  {:<5} {}",
        capsule.seed,
        log.before.faults,
        line.faults,
        log.after.nodes,
        line.lines,
        line.events,
        line.seconds,
        line.runs,
        line.rate * 100.0,
        line.clean,
        line.pair,
        small.check.as_deref().unwrap_or_default(),
    );
    if stories {
        tell(&story);
    }
    line
}

/// What arrives and what is reported because of it stand in two lines, and are one event.
fn events(story: &Story) -> u64 {
    let same = |pair: &[Step]| {
        let [first, second] = pair else { return false };
        let arrives = matches!(first.kind, StepKind::Message | StepKind::Client | StepKind::Timer);
        let reports = matches!(second.kind, StepKind::Observation | StepKind::Violation);
        arrives && reports && (first.at_ns, first.slot) == (second.at_ns, second.slot)
    };
    (story.steps.len() - story.steps.windows(2).filter(|pair| same(pair)).count()) as u64
}

fn tell(story: &Story) {
    for step in &story.steps {
        println!(
            "      {:>2} {:>9.3} ms  {}   {}",
            step.number,
            step.at_ns as f64 / 1e6,
            step.text,
            step.note
        );
    }
    if let Some(pair) = &story.critical {
        println!("      critical {} {}: {}", pair.first, pair.second, pair.about);
    }
}
