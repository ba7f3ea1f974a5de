//! Mistakes at the boundary of a crate are found: what each adapter's test of storms shows.

use seedstorm::prelude::{Format, Launch, Registry, Source, compile, load, run};

/// Within how many seeds a mistake must be found.
const SEEDS: u64 = 200;

/// Each of these plants is found in the swarm, first of all by one of the checks that are about it. Nothing is shrunk or kept:
/// that takes minutes where progress is what is missed.
///
/// # Panics
/// If one is not found, or by another check.
pub fn finds(registry: &Registry, swarm: &str, plants: &[(&str, &[&str])]) {
    let source = Source { name: "swarm.toml".to_owned(), text: swarm.to_owned() };
    let loaded = load(registry, source, Format::Toml, &[]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    for (plant, checks) in plants {
        let on = [(*plant).to_owned()];
        let found = (0..SEEDS).find_map(|seed| {
            let outcome = run(&compile(&loaded, seed, &on), &Launch::default()).expect("the plant is known");
            outcome.violations.into_iter().next().map(|violation| (seed, violation))
        });
        let (seed, violation) = found.unwrap_or_else(|| panic!("{plant} is not found in {SEEDS} seeds"));
        assert!(checks.contains(&violation.check.as_str()), "{plant}, seed {seed}: {violation:?}");
    }
}
