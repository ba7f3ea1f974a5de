//! Mistakes at the boundary of the crate are found, each by a check that is about it.

use seedstorm::storm::{Storm, StormFailure};

#[test]
fn mistakes_at_the_boundary_are_found() {
    let registry = omnipaxos_under_test::registry();
    for (plant, checks) in [
        ("ack-before-sync", &["omnipaxos/durable", "omnipaxos/promise-monotone"][..]),
        ("forget-promise", &["omnipaxos/promise-monotone"]),
    ] {
        // What is found is kept beside the scenario.
        let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("omnipaxos").join(plant);
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("swarm.toml"), include_str!("../swarm.toml")).unwrap();
        match Storm::new(&registry, home, "swarm.toml").seeds(200).plant(plant).run() {
            Err(StormFailure::Found(found)) => {
                assert!(checks.contains(&found.check.as_str()), "{plant}: {found}");
            }
            other => panic!("{plant}: {other:?}"),
        }
    }
}
