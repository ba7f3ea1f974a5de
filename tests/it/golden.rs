//! Golden digests: a hundred seeds of each swarm come to the digests in `tests/golden/`, here without optimization, in
//! `.ci/run` by the optimized program. So a run is the same in both, and a change that moves one is seen.

use std::path::PathBuf;

use seedstorm::prelude::*;
use seedstorm::scenarios::{ENGINE, builtin};
use seedstorm::sim_core::digest::{Digest, RunDigest};

const SEEDS: u64 = 100;

const ADVICE: &str = "If it was meant to: raise ENGINE in scenarios/src/lib.rs, unless that was done since the last \
                      release; say why in CHANGELOG.md; then write the files anew with\n\
                      \n    UPDATE_EXPECT=1 cargo test --test it golden\n\n\
                      If not: behavior changed, or a run is not deterministic any more; \
                      seedstorm run SCENARIO --seed N --twice tells which.";

/// A golden file: the engine, the digest of all seeds together as `explore` prints it, and that of each seed.
struct Golden {
    engine: String,
    together: String,
    each: Vec<String>,
}

impl Golden {
    fn now(name: &str) -> Self {
        let source = builtin::find(name).unwrap();
        let loaded = load(&seedstorm::registry(), source, Format::Toml, &[]).unwrap();
        let mut together = 0_u128;
        let mut each = Vec::new();
        for seed in 0..SEEDS {
            let RunDigest(digest) = run(&compile(&loaded, seed, &[]), &Launch::default()).unwrap().digest;
            let mut one = Digest::new();
            one.word(seed);
            one.word((digest >> 64) as u64);
            one.word(digest as u64);
            together = together.wrapping_add(one.whole().0);
            each.push(RunDigest(digest).to_string());
        }
        Self { engine: ENGINE.to_string(), together: RunDigest(together).to_string(), each }
    }

    fn text(&self) -> String {
        let Self { engine, together, each } = self;
        let seeds = each.iter().enumerate().map(|(seed, digest)| format!("{seed} {digest}\n"));
        format!("engine {engine}\n0..{SEEDS} {together}\n{}", seeds.collect::<String>())
    }

    fn read(text: &str) -> Self {
        let value = |line: &str| line.split_once(' ').map_or("", |(_, value)| value).to_owned();
        let mut values: Vec<String> = text.lines().map(value).collect();
        values.resize(values.len().max(2), String::new());
        let each = values.split_off(2);
        Self { engine: values[0].clone(), together: values[1].clone(), each }
    }
}

#[expect(clippy::disallowed_methods, reason = "the switch that writes golden files anew is read by no run")]
fn updating() -> bool {
    std::env::var("UPDATE_EXPECT").is_ok()
}

fn check(name: &str) {
    let file = format!("tests/golden/{name}.txt");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(&file);
    let now = Golden::now(name);
    if updating() {
        std::fs::write(&path, now.text()).unwrap();
    }
    let golden = Golden::read(&std::fs::read_to_string(&path).unwrap_or_default());
    let moved = (0..now.each.len()).find(|seed| golden.each.get(*seed) != Some(&now.each[*seed]));
    assert!(
        moved.is_none(),
        "{name}: the digest of seed {} moved, against {file}.\n{ADVICE}",
        moved.unwrap()
    );
    assert_eq!(golden.together, now.together, "{name}: all seeds together, against {file}.\n{ADVICE}");
    assert_eq!(golden.engine, now.engine, "{file} is of another engine: write it anew.\n{ADVICE}");
}

#[test]
fn golden_digests_of_raft_are_met() {
    check("raft-swarm");
}

#[test]
fn golden_digests_of_reliable_broadcast_are_met() {
    check("bracha-swarm");
}

#[test]
fn golden_digests_of_epidemic_broadcast_are_met() {
    check("epidemic-swarm");
}

#[test]
fn golden_digests_of_pbft_are_met() {
    check("pbft-swarm");
}

#[test]
fn golden_digests_of_swim_are_met() {
    check("swim-swarm");
}

#[test]
fn golden_digests_of_hotstuff_are_met() {
    check("hotstuff-swarm");
}

#[test]
fn golden_digests_of_schedules_of_rounds_are_met() {
    check("twins-swarm");
    check("tendermint-twins-swarm");
    check("pbft-twins-swarm");
}

#[test]
fn golden_digests_of_a_few_faults_in_a_few_rounds_are_met() {
    check("pbft-byzzfuzz-swarm");
    check("hotstuff-byzzfuzz-swarm");
    check("tendermint-byzzfuzz-swarm");
    check("zyzzyva-byzzfuzz-swarm");
    check("fab-byzzfuzz-swarm");
}

#[test]
fn golden_digests_of_tendermint_are_met() {
    check("tendermint-swarm");
}

#[test]
fn golden_digests_of_fast_agreement_are_met() {
    check("zyzzyva-swarm");
    check("fab-swarm");
}

#[test]
fn golden_digests_of_coordination_are_met() {
    check("coordination-swarm");
}

#[test]
fn golden_digests_of_broadcast_trees_are_met() {
    check("plumtree-swarm");
}

#[test]
fn golden_digests_of_heartbeats_are_met() {
    check("heartbeat-swarm");
}

#[test]
fn golden_digests_of_the_store_are_met() {
    check("store-swarm");
}
