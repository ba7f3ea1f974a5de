//! Whole runs in a world: swarms of faults, traitors of every behavior, twins, and one traitor too many.

use protocol_testing::swarm::{brave, finds_nothing};
use serde_json::json;
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::fault::{SwarmSpace, swarm::draw};
use sim_core::outcome::{Outcome, Progress};
use sim_core::random::{StreamName, stream};
use sim_core::registry::{Cluster, Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::entry::ENTRY;
use super::traitors::BEHAVIORS;

fn cluster(broadcasters: u32, broadcasts: u64) -> Box<dyn Cluster> {
    let parameters = json!({ "broadcasters": broadcasters, "broadcasts": broadcasts });
    ENTRY.configure(&parameters).unwrap()
}

/// A setup with a second phase.
fn setup(seed: u64, members: u32) -> Setup {
    Setup {
        duration: Duration::from_secs(3),
        progress_timeout: Some(Duration::from_millis(100)),
        ..Setup::new(seed, members)
    }
}

fn run(cluster: &dyn Cluster, setup: &Setup) -> Outcome {
    cluster.launch(setup, &Launch::default()).unwrap()
}

/// Runs with a drawn plan of everything that the protocol bears.
fn swarm(seed: u64, members: u32, behavior: Option<&str>) -> Outcome {
    let cluster = cluster(members.min(3), 10);
    let setup = Setup { behavior: behavior.map(str::to_owned), ..setup(seed, members) };
    brave(cluster.as_ref(), setup, 50, &SwarmSpace::default())
}

#[test]
fn a_calm_run_costs_what_the_paper_says_and_delivers_everything() {
    for n in [1, 4, 7] {
        let setup = Setup { progress_timeout: None, ..setup(1, n) };
        let outcome = run(cluster(1, 5).as_ref(), &setup);
        // One member alone says nothing to anybody, which proves nothing.
        let expected = if n == 1 { Verdict::Inconclusive } else { Verdict::Pass };
        assert_eq!(outcome.verdict, expected, "{:?} {:?}", outcome.violations, outcome.reasons);
        assert_eq!(outcome.messages.sent, u64::from(5 * (n - 1) * (2 * n + 1)));
        assert_eq!(outcome.activity["observed.Delivered"], u64::from(5 * n));
    }
}

#[test]
fn nothing_is_found_in_a_swarm_and_progress_is_made() {
    let made = finds_nothing(300, |seed| {
        swarm(seed, 4 + 3 * (seed % 3) as u32, Some(BEHAVIORS[(seed % 6) as usize].name))
    });
    assert!(made >= 270, "{made} of 300 made progress");
}

#[test]
fn f_equivocators_split_nothing_and_f_plus_one_split_the_honest() {
    for (n, traitors, breaks) in
        [(4, 1, false), (7, 2, false), (4, 2, true), (7, 3, true), (3, 1, true), (6, 2, true)]
    {
        let mut forks = 0;
        for seed in 0..20 {
            let mut setup = setup(seed, n);
            setup.initial.corrupt = (0..traitors).collect();
            let outcome = run(cluster(1, 3).as_ref(), &setup);
            let fork = outcome.violations.iter().find(|violation| violation.check == "bracha/agreement");
            forks += u32::from(fork.is_some());
            if !breaks {
                assert!(outcome.violations.is_empty(), "n {n}: {:?}", outcome.violations);
            } else if n % 3 == 1 {
                let blamed =
                    outcome.violations.iter().find(|violation| violation.check == "bracha/accountability");
                let nodes: Vec<u32> =
                    blamed.map(|v| v.nodes.iter().map(|node| node.0).collect()).unwrap_or_default();
                assert!(fork.is_none() || nodes == setup.initial.corrupt, "n {n}: {nodes:?}");
            }
        }
        assert_eq!(forks > 0, breaks, "n = {n}, {traitors} traitors: {forks} forks");
    }
}

/// A rule that names no broadcast splits nothing while each traitor tells a story of its own; they tell one.
#[test]
fn rules_let_f_plus_one_equivocators_split_the_honest_and_f_never() {
    for (n, traitors, breaks) in [(4, 1, false), (7, 2, false), (10, 3, false), (4, 2, true), (7, 3, true)] {
        let mut forks = 0;
        for seed in 0..60 {
            let mut setup = setup(seed, n);
            setup.initial.corrupt = (0..traitors).collect();
            setup.adversaries = serde_json::from_value(
                json!([{ "act": { "own": { "behavior": "equivocate", "ways": 2 } } }]),
            )
            .unwrap();
            let outcome = run(cluster(1, 3).as_ref(), &setup);
            assert!(outcome.activity["traitors.equivocated"] > 0, "n {n}, seed {seed}");
            forks +=
                u32::from(outcome.violations.iter().any(|violation| violation.check == "bracha/agreement"));
            assert!(breaks || outcome.violations.is_empty(), "n {n}, seed {seed}: {:?}", outcome.violations);
        }
        assert_eq!(forks > 0, breaks, "n = {n}, {traitors} traitors: {forks} forks");
    }
}

/// What the coalition may hold back between others breaks nothing by itself.
#[test]
fn a_coalition_that_orders_the_network_breaks_nothing_within_the_model() {
    for seed in 0..20 {
        let mut setup = setup(seed, 7);
        setup.initial.corrupt = vec![0, 3];
        setup.network.coalition_delay = Some(Duration::from_millis(200));
        let how = if seed % 2 == 0 { "halves" } else { "shuffle" };
        setup.adversaries = serde_json::from_value(json!([{ "act": { "order": { "how": how } } }])).unwrap();
        let outcome = run(cluster(2, 5).as_ref(), &setup);
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        assert!(matches!(outcome.progress, Progress::Made { .. }), "seed {seed}: {:?}", outcome.progress);
        setup.network.coalition_delay = None;
        assert_ne!(run(cluster(2, 5).as_ref(), &setup).digest, outcome.digest, "seed {seed}: it was used");
    }
}

#[test]
fn twins_of_the_broadcaster_equivocate_and_split_nothing() {
    let mut twice = 0;
    for seed in 0..40 {
        let mut setup = setup(seed, 7);
        setup.initial.twins = vec![(6, 0)];
        let outcome = run(cluster(1, 3).as_ref(), &setup);
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        twice += u32::from(outcome.activity["observed.Broadcast"] == 6);
    }
    assert!(twice > 0, "both twins broadcast");
}

#[test]
fn members_that_have_too_much_to_do_are_not_accused() {
    let slow: [fn(&mut Setup); 5] = [
        |setup| setup.service.per_message = Duration::from_millis(100).into(),
        |setup| setup.service.per_signature = Duration::from_millis(100),
        |setup| setup.service.per_kilobyte = Duration::from_millis(700),
        |setup| setup.network.bandwidth = Some(2_000.into()),
        |setup| setup.network.latency = Distribution::Fixed(Duration::from_secs(9)),
    ];
    for (which, slow) in slow.into_iter().enumerate() {
        for seed in 0..20 {
            let mut setup = setup(seed, 7);
            slow(&mut setup);
            let outcome = run(cluster(1, 10).as_ref(), &setup);
            assert!(outcome.violations.is_empty(), "{which}, seed {seed}: {:?}", outcome.violations);
        }
    }
}

#[test]
fn a_swarm_of_busy_members_makes_progress() {
    let mut made = 0;
    for seed in 0..200 {
        let members = 4 + 3 * (seed % 3) as u32;
        let mut setup = setup(seed, members);
        setup.behavior = Some(BEHAVIORS[(seed % 6) as usize].name.to_owned());
        setup.service.per_message = Duration::from_millis(1 + seed % 40).into();
        setup.network.bandwidth = (seed % 2 == 0).then(|| (2_000 + 100 * seed).into());
        let cluster = cluster(3, 10);
        let mut rng = stream(seed, StreamName::Plan);
        let model = cluster.fault_model(members);
        setup.faults = draw(&mut rng, &SwarmSpace::default(), members, 0, setup.duration, model);
        let outcome = run(cluster.as_ref(), &setup);
        assert!(outcome.violations.is_empty(), "seed {seed}: {:?}", outcome.violations);
        made += u32::from(matches!(outcome.progress, Progress::Made { .. }));
    }
    assert!(made >= 180, "{made} of 200 made progress");
}

#[test]
fn a_run_is_repeated_to_the_bit() {
    for seed in [3, 8] {
        let digests = [0, 1].map(|_| swarm(seed, 7, Some("random")).digest);
        assert_eq!(digests[0], digests[1]);
    }
}
