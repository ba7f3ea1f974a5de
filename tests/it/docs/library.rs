//! The guide's example of the library; a test holds the guide to this text.

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;

/// Explores a range of seeds as `explore` does.
pub(super) fn explore_a_swarm() -> Result<Exploration, Box<dyn std::error::Error>> {
    let registry = seedstorm::registry();
    let source = builtin::find("raft-swarm").ok_or("it is built in")?;
    let loaded = load(&registry, source, Format::Toml, &[])?;
    let options = ExploreOptions {
        seeds: 0..20,
        stop_on_first: true,
        build: "test".to_owned(),
        ..ExploreOptions::default()
    };
    Ok(explore(&loaded, &options, Hooks::NONE)?)
}
