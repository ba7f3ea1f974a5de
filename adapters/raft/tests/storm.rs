//! Mistakes at the boundary of the crate are found, each by a check that is about it, or by the crate itself, which panics
//! when what it has acknowledged is gone.

use seedstorm::storm::{Storm, StormFailure};

#[test]
fn mistakes_at_the_boundary_are_found() {
    let registry = raft_under_test::registry();
    for (plant, checks) in [
        ("ack-before-sync", &["process/panic", "raft-rs/durable"][..]),
        ("forget-vote", &["raft-rs/term-monotone"]),
    ] {
        // What is found is kept beside the scenario.
        let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("raft-rs").join(plant);
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
