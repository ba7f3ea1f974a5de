//! Mistakes at the boundary of the crate are found, each by a check that is about it.

#[test]
fn mistakes_at_the_boundary_are_found() {
    let plants = [
        ("ack-before-sync", &["omnipaxos/durable", "omnipaxos/promise-monotone"][..]),
        ("forget-promise", &["omnipaxos/promise-monotone"]),
    ];
    adapter_kit::storm::finds(&omnipaxos_under_test::registry(), include_str!("../swarm.toml"), &plants);
}
