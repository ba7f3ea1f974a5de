//! How small failing runs become, how long that takes, and how firmly the small ones fail.
//!
//! `cargo bench -p scenarios --bench shrinking` explores generic swarms with a plant on, shrinks the first findings, one
//! per seed, tells their stories and runs their neighbors, with the plant and without it. The exploration is the one that
//! `explore` makes: it knows nothing of plants. Words after `--` choose rows (`raft-swarm`, `demo-bug`, `R01`, `equivocation`
//! ...), a number how many seeds each has, `budget=N` how many runs each shrink may make, `stories` prints what is told,
//! `keep=DIR` keeps the capsules that are found and takes them from there the next time.
//! The time is that of the processor, where the system tells it.

#![expect(clippy::unwrap_used, reason = "a benchmark whose parts fail has nothing to go on with")]

use std::ops::Range;
use std::path::PathBuf;

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
const ROWS: [(&str, &str, &str, u64); 6] = [
    ("raft-swarm", "R01", "vote-not-durable", 8),
    ("raft-swarm", "R03", "commit-old-term-by-counting", 14),
    ("demo-bug", "R01", "vote-not-durable", 8),
    ("demo-bug", "R03", "commit-old-term-by-counting", 14),
    ("bracha-swarm", "equivocation", "test-half-quorums", 6),
    ("bracha-swarm", "signature", "test-signatures-unchecked", 4),
];

/// What one shrink came to.
struct Line {
    faults: u64,
    nodes: u64,
    lines: u64,
    events: u64,
    seconds: f64,
    runs: u64,
    rate: f64,
    clean: u64,
    pair: bool,
    kept: bool,
}

/// What a row is made of.
struct Row {
    budget: u64,
    stories: bool,
    /// Where capsules are kept, if anywhere.
    keep: Option<PathBuf>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let seeds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(SEEDS);
    let budget = words.iter().find_map(|word| word.strip_prefix("budget=")?.parse().ok());
    let asked = Row {
        budget: budget.unwrap_or(ShrinkOptions::BUDGET),
        stories: words.iter().any(|word| word == "stories"),
        keep: words.iter().find_map(|word| word.strip_prefix("keep=").map(PathBuf::from)),
    };
    let is_name =
        |word: &&String| word.parse::<usize>().is_err() && *word != "stories" && !word.contains('=');
    let names: Vec<&String> = words.iter().filter(is_name).collect();
    for (scenario, id, plant, depth) in ROWS {
        if names.iter().all(|name| *name == scenario || *name == id || *name == plant) {
            row(scenario, id, plant, depth, seeds, &asked);
        }
    }
}

fn row(scenario: &str, id: &str, plant: &str, depth: u64, seeds: usize, asked: &Row) {
    println!("{scenario} {id}, least known depth {depth}, {} runs", asked.budget);
    println!("  seed     faults   nodes  lines events seconds   runs neighbors clean pair  check");
    let mut registry = Registry::new();
    registry.register(raft::entry::ENTRY);
    registry.register(bracha::entry::WITH_TEST_PLANTS);
    let loaded = load(&registry, builtin::find(scenario).unwrap(), Format::Toml, &[]).unwrap();
    let found = kept(&loaded, scenario, id, plant, seeds, asked);
    let lines: Vec<Line> = found.iter().map(|capsule| measure(&registry, capsule, asked)).collect();
    let of = |pick: fn(&Line) -> f64| {
        let mut values: Vec<f64> = lines.iter().map(pick).collect();
        values.sort_unstable_by(f64::total_cmp);
        format!("{:.1} ({:.1}..{:.1})", median(&values).unwrap(), values[0], values[values.len() - 1])
    };
    println!("  median (least..most) of {}:", lines.len());
    println!("    faults {}", of(|line| line.faults as f64));
    println!("    nodes {}", of(|line| line.nodes as f64));
    println!("    lines of the story {}", of(|line| line.lines as f64));
    println!("    events of the story {}", of(|line| line.events as f64));
    println!("    seconds {}", of(|line| line.seconds));
    println!("    candidates {}", of(|line| line.runs as f64));
    println!("    neighbors that fail, in % {}", of(|line| line.rate * 100.0));
    println!("    clean neighbors that fail {}", lines.iter().map(|line| line.clean).sum::<u64>());
    println!("    verdict and check kept {}", lines.iter().filter(|line| line.kept).count());
    println!("    with a critical pair {}", lines.iter().filter(|line| line.pair).count());
}

/// The capsules of the first failing seeds, from where they are kept if they are there.
fn kept(loaded: &Loaded, scenario: &str, id: &str, plant: &str, seeds: usize, asked: &Row) -> Vec<Capsule> {
    let Some(folder) = &asked.keep else { return found(loaded, plant, seeds) };
    let path = |index: usize| folder.join(format!("{scenario}-{id}-{index}.capsule.json"));
    let read =
        |index| Some(Capsule::from_json(&std::fs::read_to_string(path(index)).ok()?, false).unwrap().0);
    let kept: Vec<Capsule> = (0..seeds).map_while(read).collect();
    if kept.len() == seeds {
        return kept;
    }
    let found = found(loaded, plant, seeds);
    std::fs::create_dir_all(folder).unwrap();
    for (index, capsule) in found.iter().enumerate() {
        std::fs::write(path(index), capsule.to_json("").unwrap()).unwrap();
    }
    found
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
        known: Vec::new(),
        build: "bench".to_owned(),
        ..ExploreOptions::default()
    };
    let findings = explore(loaded, &options, Hooks::NONE).unwrap().findings;
    findings.into_iter().next().map(|finding| *finding.capsule)
}

fn measure(registry: &Registry, capsule: &Capsule, asked: &Row) -> Line {
    let options = ShrinkOptions { budget: asked.budget, jobs: None, build: "bench".to_owned() };
    let start = seconds();
    let small = shrink(registry, capsule, &options, ShrinkHooks::NONE).unwrap().capsule;
    let seconds = seconds() - start;
    let print = small.fingerprint.clone().unwrap();
    let plan = plan_of(registry, &small, small.setup.clone()).unwrap();
    let story = tell_whole(&plan, Some(&print), &|_| ()).unwrap().unwrap().story;
    let around = neighbors(&plan, &print, NEIGHBORS).unwrap();
    let clean = neighbors(&Plan { plants: Vec::new(), ..plan }, &print, CLEAN).unwrap();
    let log = small.shrunk.clone().unwrap();
    let line = Line {
        faults: log.after.faults,
        nodes: log.after.nodes,
        lines: story.steps.len() as u64 + story.omitted,
        events: events(&story) + story.omitted,
        seconds,
        runs: log.runs,
        rate: around.rate(),
        clean: clean.failed + clean.failed_otherwise,
        pair: story.critical.is_some(),
        kept: (small.verdict, &small.check) == (capsule.verdict, &capsule.check),
    };
    println!(
        "  {:<8} {:>2} -> {:<2} {:>5}  {:>5}  {:>5} {:>7.1}  {:>5}    {:>5.1} % {:>4}  {:<5} {}{}",
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
        if line.kept { "" } else { "  VERDICT OR CHECK LOST" },
    );
    if asked.stories {
        tell(&story);
    }
    line
}

/// Seconds that this program has taken of the processor; since some moment, where the system does not tell that.
#[expect(clippy::disallowed_types, reason = "how long it takes is what is measured")]
fn seconds() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    let since = START.elapsed().as_secs_f64();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses; times are the 14th and 15th, in hundredths.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if let [user, system] = ticks[..] { (user + system) / 100.0 } else { since }
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
