//! Theory against runs, in both directions: it fits the runs that it is about, and no others.

use serde_json::{Value, json};
use sim_core::distribution::Distribution;
use sim_core::fault::FaultPlan;
use sim_core::outcome::{Outcome, Series};
use sim_core::picture::Detail;
use sim_core::ratio::Ratio;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Stop;

use super::*;
use crate::epidemic::entry::ENTRY;

const MODES: [&str; 3] = ["push", "pull", "push-pull"];

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    let launch = Launch { picture: Detail::Full, ..Launch::default() };
    ENTRY.configure(parameters).unwrap().launch(setup, &launch).unwrap()
}

/// A calm epidemic that ends when all are infected.
fn calm(seed: u64, members: u32) -> Setup {
    Setup { stop: vec![Stop::AllInRole("infected".to_owned())], ..Setup::new(seed, members) }
}

fn course(outcome: &Outcome) -> &Course {
    &outcome.picture.expected.as_ref().expect("an expectation").course
}

/// The measured share at each moment at which it was read.
fn measured(outcome: &Outcome) -> Vec<(u64, f64)> {
    let is_census = |series: &&Series| series.unit == Series::MEMBERS && series.name == "infected";
    let series = outcome.picture.series.items.iter().find(is_census).expect("a census");
    series.points.iter().map(|(at, count)| (*at, count / f64::from(outcome.members))).collect()
}

/// The largest distance between what was measured and what is expected, leaving out moments at which the expectation jumps.
fn distance(outcome: &Outcome, expected: &Course, blur_ns: u64) -> f64 {
    let off = |(at, share): (u64, f64)| {
        let around = [at.saturating_sub(blur_ns), at, at + blur_ns].map(|at| expected.at(at).unwrap());
        let (low, high) =
            around.iter().fold((1.0_f64, 0.0_f64), |(low, high), share| (low.min(*share), high.max(*share)));
        (low - share).max(share - high).max(0.0)
    };
    measured(outcome).into_iter().map(off).fold(0.0, f64::max)
}

/// With m agents that know the rumor at the start, what chance does to the growth is a factor with a relative standard deviation of
/// at most 1 / sqrt(m): each of them begins an epidemic of its own, whose size relative to its mean has a variance of at most 1 (a Yule
/// process; cycles are less random). Such a factor moves the curve in time, by which the share changes by at most a quarter of it
/// (the slope of a logistic curve) times the power that the mode doubles with: a half for push-pull. Five standard deviations of
/// m = 2,000 are 5 x 0.022 / 2 = 0.056.
const TOLERANCE: f64 = 0.056;

#[test]
fn the_share_grows_as_theory_says_in_each_mode_with_each_fan_out() {
    for rhythm in ["free-running", "synchronous"] {
        for (mode, fan_out, loss) in
            MODES.into_iter().flat_map(|mode| [(mode, 1, 0), (mode, 3, 0), (mode, 1, 30)])
        {
            let mut setup = calm(7, 40_000);
            setup.network.loss = Ratio::new(loss, 100);
            let parameters = json!({ "mode": mode, "rhythm": rhythm, "fan_out": fan_out, "initial": 2_000 });
            let outcome = run(&parameters, &setup);
            // All of a cycle arrives within 20 ms of its beginning.
            let off =
                distance(&outcome, course(&outcome), if rhythm == "synchronous" { 20_000_000 } else { 0 });
            assert!(off < TOLERANCE, "{rhythm} {mode} fan-out {fan_out} loss {loss} %: off by {off}");
        }
    }
}

#[test]
fn the_theory_of_another_mode_fan_out_or_loss_does_not_fit() {
    let of = |mode: &str, fan_out: u32, loss: u32| {
        let mut setup = calm(7, 40_000);
        setup.network.loss = Ratio::new(loss, 100);
        run(&json!({ "mode": mode, "fan_out": fan_out, "initial": 2_000 }), &setup)
    };
    let runs =
        [of("push", 1, 0), of("pull", 1, 0), of("push-pull", 1, 0), of("push", 2, 0), of("push", 1, 30)];
    for (index, outcome) in runs.iter().enumerate() {
        for (other, expected) in runs.iter().enumerate().filter(|(other, _)| *other != index) {
            let off = distance(outcome, course(expected), 0);
            assert!(off > TOLERANCE, "run {index} under the theory of run {other}: off by {off}");
        }
    }
}

/// Of a single agent, chance shifts the curve. The mean shift is what the logarithm of a Yule process' limit has, 0.577 over the rate
/// of growth, or less where cycles are less random; its standard deviation is at most 1.28 over that rate (a Gumbel law).
#[test]
fn one_agent_begins_late_by_less_than_a_period() {
    for (mode, rate) in [("push", 1.0), ("pull", 1.0), ("push-pull", 2.0)] {
        let runs = 60_u64;
        let half =
            |points: &[(u64, f64)]| points.iter().find(|(_, share)| *share >= 0.5).unwrap().0 as f64 / 1e9;
        let late = |seed| {
            let outcome = run(&json!({ "mode": mode }), &calm(seed, 2_000));
            let Course::Shares(theory) = course(&outcome) else { panic!("no theory") };
            half(&measured(&outcome)) - half(theory)
        };
        let mean: f64 = (0..runs).map(late).sum::<f64>() / runs as f64;
        let spread = 4.0 * 1.28 / rate / math::sqrt(runs as f64);
        // Both curves are read at steps: the theory at eighths of a period.
        assert!(
            (-0.125 - spread..=0.577 / rate + spread + 0.125).contains(&mean),
            "{mode}: late by {mean} periods"
        );
    }
}

#[test]
fn runs_that_the_theory_is_not_about_have_none() {
    let why = |parameters: Value, change: &dyn Fn(&mut Setup)| {
        let mut setup = Setup { duration: Duration::from_secs(3), ..Setup::new(1, 60) };
        change(&mut setup);
        match course(&run(&parameters, &setup)) {
            Course::Unknown(why) => why.clone(),
            Course::Shares(_) => "a curve".to_owned(),
        }
    };
    let plain = |_: &mut Setup| {};
    assert_eq!(why(json!({}), &plain), "a curve");
    for (parameters, expected) in [
        (json!({ "overlay": "ring" }), "overlay"),
        (json!({ "overlay": "line", "spatial_tenths": 20 }), "overlay"),
        (json!({ "connection_limit": 1 }), "refused"),
        (json!({ "interest": "blind-coin" }), "interest"),
        (json!({ "rumors": 2 }), "several rumors"),
        (json!({ "jitter": "10%" }), "vary in length"),
        (json!({ "period": "90ms" }), "a tenth of a period"),
    ] {
        let said = why(parameters, &plain);
        assert!(said.contains(expected), "{said}");
    }
    let faults: FaultPlan =
        serde_json::from_value(json!({ "entries": [{ "at": "1s", "crash": { "target": "n3" } }] })).unwrap();
    assert_eq!(why(json!({}), &|setup| setup.faults = faults.clone()), "there were faults");
    let line = Some(Topology::Line);
    assert!(why(json!({}), &|setup| setup.network.topology = line.clone()).contains("relayed"));
    assert!(why(json!({}), &|setup| setup.network.lane = Some(Lane::Stream)).contains("a curve"));
    let slow = Distribution::Exponential { mean: Duration::from_millis(1) };
    assert!(why(json!({}), &|setup| setup.network.latency = slow.clone()).contains("a tenth of a period"));
    let few = run(&json!({}), &Setup { duration: Duration::from_secs(1), ..Setup::new(1, 50) });
    assert_eq!(few.picture.expected, None, "fifty have a lane each");
    let bare = ENTRY.configure(&json!({})).unwrap().launch(&Setup::new(1, 60), &Launch::default()).unwrap();
    assert_eq!(bare.picture.expected, None, "nobody asked for it");
}
