//! Mistakes at the boundary of the crate are found, each by the check that is about it.

#[test]
fn mistakes_at_the_boundary_are_found() {
    let plants = [
        ("forget-boots", &["foca/own-word"][..]),
        ("drop-refutations", &["foca/refutation"]),
        ("drop-turn-undead", &["foca/convergence"]),
        ("lose-suspicions", &["foca/completeness"]),
    ];
    adapter_kit::storm::finds(&foca_under_test::registry(), include_str!("../swarm.toml"), &plants);
}
