//! Mistakes at the boundary of the crate are found, each by a check that is about it, or by the crate itself, which panics
//! when what it has acknowledged is gone.

#[test]
fn mistakes_at_the_boundary_are_found() {
    let plants = [
        ("ack-before-sync", &["process/panic", "raft-rs/durable"][..]),
        ("forget-vote", &["raft-rs/term-monotone"]),
    ];
    adapter_kit::storm::finds(&raft_under_test::registry(), include_str!("../swarm.toml"), &plants);
}
