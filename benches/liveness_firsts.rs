//! Runs to the first finding of each bug of liveness: in how many of the first seeds of a swarm each of them is found, and after
//! how many runs in the middle.
//!
//! `cargo bench --bench liveness_firsts -- 1000` looks at so many seeds; names of bugs behind it pick some. A back-off has
//! to grow before it shows: its first phase is longer.

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;

const BUGS: &[(&str, &str, Option<&str>)] = &[
    ("raft-swarm", "stall-never-learns-terms", None),
    ("raft-swarm", "stall-refuses-longer-logs", None),
    ("raft-swarm", "stall-resets-timers-on-refusals", None),
    ("raft-swarm", "stall-endless-back-off", Some("cluster.duration=10min")),
    ("raft-swarm", "stall-stops-at-old-terms", None),
    ("bracha-swarm", "stall-never-says-again", None),
    ("bracha-swarm", "stall-forgets-early-votes", None),
    ("bracha-swarm", "stall-gives-up-its-disk", None),
    ("epidemic-swarm", "stall-deaf-after-restart", None),
    ("epidemic-swarm", "stall-tires", None),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let most: u64 = words.first().and_then(|word| word.parse().ok()).unwrap_or(1_000);
    let registry = seedstorm::registry();
    let wanted = |plant: &str| words.len() < 2 || words.iter().any(|word| word == plant);
    for (name, plant, overlay) in BUGS.iter().filter(|(_, plant, _)| wanted(plant)) {
        let source = builtin::find(name).expect("a built-in scenario");
        let overlays: Vec<String> = overlay.iter().map(ToString::to_string).collect();
        let loaded = load(&registry, source, Format::Toml, &overlays).expect("a legal scenario");
        let plants = [(*plant).to_owned()];
        let (mut gaps, mut from) = (Vec::new(), 0);
        for seed in 0..most {
            let outcome = run(&compile(&loaded, seed, &plants), &Launch::default()).expect("a known bug");
            if outcome.verdict == Verdict::Liveness {
                gaps.push(seed + 1 - from);
                from = seed + 1;
            }
        }
        let (first, found) = (gaps.first().copied(), gaps.len());
        gaps.sort_unstable();
        let median = gaps.get(gaps.len() / 2).copied();
        println!("{plant}: found in {found} of {most} runs, first in run {first:?}, median gap {median:?}");
    }
}
