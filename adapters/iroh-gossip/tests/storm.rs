//! Mistakes at the boundary of the crate are found, each by the check that is about it; a run is the same twice.

use iroh_gossip_under_test::registry;
use seedstorm::prelude::{Format, Launch, Source, compile, load, run};

#[test]
fn mistakes_at_the_boundary_are_found() {
    let plants = [("drop-joins", &["iroh-gossip/heard"][..]), ("hands-over-twice", &["iroh-gossip/once"])];
    adapter_kit::storm::finds(&registry(), include_str!("../swarm.toml"), &plants);
}

/// With the check of it on, exploration finds that broadcasts are announced to those who are no neighbors (see the other tests).
#[test]
fn announcements_to_strangers_are_found() {
    let on = include_str!("../swarm.toml").replace("off = [\"iroh-gossip/tree-in-view\"]", "");
    adapter_kit::storm::finds_unplanted(&registry(), &on, "iroh-gossip/tree-in-view");
}

/// The crate has hash maps of its own: none of their order may be seen.
#[test]
fn a_seed_is_one_run() {
    let source = Source { name: "swarm.toml".to_owned(), text: include_str!("../swarm.toml").to_owned() };
    let loaded = load(&registry(), source, Format::Toml, &[]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    for seed in 0..20 {
        let digest = || run(&compile(&loaded, seed, &[]), &Launch::default()).expect("it runs").digest;
        assert_eq!(digest(), digest(), "seed {seed}");
    }
}
