//! How far the plain swarms get with every planted bug: the seed that finds it first, and the CPU seconds to there.
//!
//! `cargo bench --bench plants` looks at the first 1,000 seeds of the swarm of each protocol, with all checks and once more
//! with what clients can see alone. Name protocols or plants to look at those only, and a number for fewer seeds:
//! `cargo bench --bench plants -- raft 200`. The table goes to stdout.

use cpu_time::ThreadTime;

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;
use seedstorm::sim_core::registry::Plant;

fn main() {
    seedstorm::memory::keep();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let seeds: u64 = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000);
    let named: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| word.parse::<u64>().is_err()).collect();
    let registry = seedstorm::registry();
    println!("| plant | protocol | all checks | CPU s | from outside | CPU s |\n|---|---|---|---|---|---|");
    let (mut plants, mut inside, mut outside) = (0, 0, 0);
    for entry in registry.iter() {
        let protocol = entry.info().name;
        for plant in entry.info().plants.iter().filter(|plant| plant.breaks != "nothing") {
            if !named.is_empty() && !named.contains(&protocol) && !named.contains(&plant.name) {
                continue;
            }
            let (with, without) = (first(protocol, plant, seeds, false), first(protocol, plant, seeds, true));
            plants += 1;
            inside += u32::from(with.0.is_some());
            outside += u32::from(without.0.is_some());
            let shown = |(seed, took): (Option<u64>, f64)| {
                let seed = seed.map_or("-".to_owned(), |seed| seed.to_string());
                format!("{seed} | {took:.1}")
            };
            println!("| {} `{}` | {protocol} | {} | {} |", plant.id, plant.name, shown(with), shown(without));
        }
    }
    println!("\n{inside} of {plants} within {seeds} seeds, {outside} of them from outside");
}

/// The first seed under which something is found, and how long it took to get there.
fn first(protocol: &str, plant: &Plant, seeds: u64, outside: bool) -> (Option<u64>, f64) {
    let registry = seedstorm::registry();
    let source = builtin::find(&format!("{protocol}-swarm")).expect("every protocol has a swarm");
    // As `explore --outcome-only` has it.
    let overlays = if outside { vec!["checks.safety=\"none\"".to_owned()] } else { Vec::new() };
    let loaded = load(&registry, source, Format::Toml, &overlays).expect("a legal scenario");
    let plants = [plant.name.to_owned()];
    let started = ThreadTime::now();
    let found = (0..seeds).find(|seed| {
        let outcome = run(&compile(&loaded, *seed, &plants), &Launch::default()).expect("a known bug");
        outcome.verdict > Verdict::Service
    });
    (found, started.elapsed().as_secs_f64())
}
