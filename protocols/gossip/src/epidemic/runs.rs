//! Whole runs in a world.

use protocol_testing::swarm::{finds_nothing, weather};
use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::fault::SwarmSpace;
use sim_core::outcome::{Ended, Outcome};
use sim_core::ratio::Ratio;
use sim_core::registry::{Cluster, Entry, Launch};
use sim_core::setup::{Measure, MeasureOf, Pattern, Setup, Stop};
use sim_core::time::Duration;

use super::entry::ENTRY;

fn cluster(parameters: &Value) -> Box<dyn Cluster> {
    ENTRY.configure(parameters).unwrap()
}

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    cluster(parameters).launch(setup, &Launch::default()).unwrap()
}

#[test]
fn everybody_is_reached_in_every_mode() {
    for mode in ["push", "pull", "push-pull"] {
        let mut setup = Setup::new(5, 500);
        setup.network.loss = Ratio::new(1, 100);
        setup.stop = vec![Stop::AllInRole("infected".to_owned())];
        let outcome = run(&json!({ "mode": mode, "rumors": 3 }), &setup);
        assert_eq!((outcome.ended, outcome.verdict), (Ended::StopRule, Verdict::Pass), "{mode}");
        assert!(outcome.violations.is_empty());
    }
}

#[test]
fn a_published_row_comes_out_of_the_world_as_well() {
    // Demers et al., table 3, k = 1, with a network: s .031, m 2.7, t_last 17.6.
    let parameters =
        json!({ "mode": "pull", "rhythm": "synchronous", "interest": "feedback-counter", "k": 1 });
    let (mut residue, mut traffic, mut last, runs) = (0.0, 0.0, 0.0, 40_u64);
    for seed in 0..runs {
        let mut setup = Setup::new(seed, 1_000);
        setup.network.latency = Distribution::Fixed(Duration::from_millis(10));
        let measure = |name: &str, what| Measure { name: name.to_owned(), what };
        setup.measures = vec![
            measure("infected", MeasureOf::Count(Pattern::of("Infected"))),
            measure("last", MeasureOf::LastTime(Pattern::of("Infected"))),
            measure("traffic", MeasureOf::Sent(Pattern::of("Rumor"))),
        ];
        let outcome = run(&parameters, &setup);
        let of = |name: &str| outcome.measures[name].unwrap_or(0);
        residue += 1.0 - of("infected") as f64 / 1_000.0;
        traffic += of("traffic") as f64 / 1_000.0;
        last += (of("last") / 1_000_000_000) as f64;
    }
    let mean = [residue, traffic, last].map(|sum| sum / runs as f64);
    assert!((mean[0] / 0.031 - 1.0).abs() < 0.15, "{mean:?}");
    assert!((mean[1] / 2.7 - 1.0).abs() < 0.04, "{mean:?}");
    assert!((mean[2] / 17.6 - 1.0).abs() < 0.06, "{mean:?}");
}

#[test]
fn nothing_is_found_in_a_swarm_and_the_core_is_reached() {
    let cluster = cluster(&json!({ "period": "100ms" }));
    let made = finds_nothing(200, |seed| {
        let members = 5 + (seed % 30) as u32;
        let setup = Setup { duration: Duration::from_secs(8), ..Setup::new(seed, members) };
        weather(cluster.as_ref(), setup, 20, &SwarmSpace::default())
    });
    assert!(made >= 180, "{made} of 200 made progress");
}
