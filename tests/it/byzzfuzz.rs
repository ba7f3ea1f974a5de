//! A few faults in a few rounds: rules for one round, and the swarms that draw them.

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;

fn loaded(scenario: &str, overlays: &[&str]) -> Result<Loaded, String> {
    let overlays: Vec<String> = overlays.iter().map(|overlay| (*overlay).to_owned()).collect();
    let source = builtin::find(scenario).unwrap();
    load(&seedstorm::registry(), source, Format::Toml, &overlays).map_err(|problems| problems.render(false))
}

fn silenced(round: u32) -> u64 {
    let rule =
        format!("adversaries=[{{nodes=[\"n4\"],on={{send=\"Prepare\",round={round}}},do=\"silent\"}}]");
    let loaded = loaded("pbft-calm", &[&rule]).unwrap();
    let outcome = run(&compile(&loaded, 1, &[]), &Launch::default()).unwrap();
    outcome.activity.get("traitors.silent").copied().unwrap_or(0)
}

/// A calm cluster stays in its first view, which is round 1.
#[test]
fn a_rule_for_a_round_is_about_the_messages_that_tell_it() {
    assert!(silenced(1) > 0);
    assert_eq!(silenced(2), 0);
}

/// What a seed draws finds a bug, and nothing where there is none.
#[test]
fn a_few_faults_find_who_accepts_a_second_proposal() {
    let loaded = loaded("pbft-byzzfuzz-swarm", &[]).unwrap();
    let verdict = |seed: u64, plants: &[String]| {
        let plan = compile(&loaded, seed, plants);
        let drawn = &plan.setup;
        assert!(drawn.adversaries.iter().all(|rule| matches!(rule.on.round, Some(1..=3))));
        assert!((1..=2).contains(&drawn.initial.corrupt.len()) && drawn.adversaries.len() <= 4);
        run(&plan, &Launch::default()).unwrap().verdict
    };
    let plants = ["second-proposal-accepted".to_owned()];
    let found = (0..200).find(|seed| verdict(*seed, &plants) == Verdict::Safety);
    let found = found.expect("200 seeds find nothing");
    assert_eq!(verdict(found, &[]), Verdict::Pass);
}

/// One traitor more than a cluster bears may lead the honest to the last round that there is. That is no reason to panic.
#[test]
fn more_traitors_than_are_borne_crash_nobody() {
    for swarm in ["pbft-swarm", "hotstuff-swarm", "tendermint-swarm"] {
        let loaded = loaded(swarm, &["swarm.traitors={ beyond = 1 }"]).unwrap();
        for seed in 0..40 {
            let outcome = run(&compile(&loaded, seed, &[]), &Launch::default()).unwrap();
            let panicked = outcome.violations.iter().find(|found| found.verdict == Verdict::Crash);
            assert_eq!(panicked.map(|found| &found.message), None, "{swarm} {seed}");
        }
    }
}

#[test]
fn what_could_never_be_drawn_or_apply_is_refused() {
    let byzzfuzz = |inner: &str| format!("swarm.byzzfuzz={{ {inner} }}");
    for (scenario, overlay, said) in [
        ("raft-swarm", byzzfuzz("within = 3, network = 1"), "messages of raft tell no round"),
        ("pbft-byzzfuzz-swarm", byzzfuzz("within = 0, network = 1"), "expected 1 to 64 rounds, found 0"),
        (
            "pbft-byzzfuzz-swarm",
            byzzfuzz("within = 3"),
            "expected faults: of the network, of processes, or both",
        ),
        ("pbft-byzzfuzz-swarm", byzzfuzz("within = 3, process = 1, corrupt = 0"), "0 of them may be drawn"),
        ("pbft-byzzfuzz-swarm", byzzfuzz("withing = 3"), "did you mean \"within\"?"),
        (
            "pbft-calm",
            "adversaries=[{nodes=[\"n4\"],on={round=0},do=\"silent\"}]".to_owned(),
            "expected a round from 1 to 4096, found 0",
        ),
        (
            "pbft-calm",
            "adversaries=[{nodes=[\"n4\"],on={send=\"Reply\",round=1},do=\"silent\"}]".to_owned(),
            "\"Reply\" is no message that tells its round",
        ),
    ] {
        let error = loaded(scenario, &[&overlay]).expect_err("accepted");
        assert!(error.contains(said), "{overlay}: {error}");
    }
}
