//! Mistakes at the boundary of a crate are found: what each adapter's test of storms shows.

use seedstorm::prelude::{Format, Launch, Loaded, Registry, Source, compile, load, run};
use seedstorm::sim_core::check::Violation;

/// Within how many seeds a mistake must be found.
const SEEDS: u64 = 200;

/// This check finds something in the swarm as it is.
///
/// # Panics
/// If nothing is found, or by another check first.
pub fn finds_unplanted(registry: &Registry, swarm: &str, check: &str) {
    let loaded = loaded(registry, swarm);
    let (seed, violation) =
        first(&loaded, &[]).unwrap_or_else(|| panic!("nothing is found in {SEEDS} seeds"));
    assert_eq!(violation.check, check, "seed {seed}: {violation:?}");
}

/// Each of these plants is found in the swarm, first of all by one of the checks that are about it. Nothing is shrunk or kept:
/// that takes minutes where progress is what is missed.
///
/// # Panics
/// If one is not found, or by another check.
pub fn finds(registry: &Registry, swarm: &str, plants: &[(&str, &[&str])]) {
    let loaded = loaded(registry, swarm);
    for (plant, checks) in plants {
        let found = first(&loaded, &[(*plant).to_owned()]);
        let (seed, violation) = found.unwrap_or_else(|| panic!("{plant} is not found in {SEEDS} seeds"));
        assert!(checks.contains(&violation.check.as_str()), "{plant}, seed {seed}: {violation:?}");
    }
}

fn loaded(registry: &Registry, swarm: &str) -> Loaded {
    let source = Source { name: "swarm.toml".to_owned(), text: swarm.to_owned() };
    load(registry, source, Format::Toml, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// The first seed in which something is found, and what it is.
fn first(loaded: &Loaded, plants: &[String]) -> Option<(u64, Violation)> {
    (0..SEEDS).find_map(|seed| {
        let outcome = run(&compile(loaded, seed, plants), &Launch::default()).expect("the plants are known");
        outcome.violations.into_iter().next().map(|violation| (seed, violation))
    })
}
