//! Gossip between neighbors against a model of ten lines: each agent that has something to say or to ask draws neighbors.

use sim_core::graph::{Graph, Topology};
use sim_core::ratio::Ratio;

use super::paper::Village;
use super::parameters::{Mode, Parameters, Rhythm};

const RUNS: u32 = 400;

/// The mean number of rounds until a rumor that begins at the first member has reached all, and the least.
fn rounds(parameters: &Parameters, members: u32) -> (f64, f64) {
    let parameters = Parameters { rhythm: Rhythm::Synchronous, ..parameters.clone() };
    let mut village = Village::new(members);
    let last: Vec<f64> = (0..RUNS).map(|_| village.run(&parameters).last).collect();
    (last.iter().sum::<f64>() / f64::from(RUNS), last.iter().copied().fold(f64::MAX, f64::min))
}

/// The same by a model that shares nothing with the protocol but the graph.
fn modeled(mode: Mode, fan_out: usize, graph: &Graph) -> f64 {
    let (mut word, mut total) = (1_u64, 0_u32);
    let mut below = |n: usize| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (word >> 33) as usize % n
    };
    for _ in 0..RUNS {
        let mut knows = vec![false; graph.members()];
        knows[0] = true;
        while knows.contains(&false) {
            total += 1;
            let before = knows.clone();
            for agent in 0..graph.members() {
                let mut others = graph.neighbors(agent).to_vec();
                for _ in 0..fan_out.min(others.len()) {
                    let other = others.swap_remove(below(others.len())) as usize;
                    knows[other] |= before[agent] && mode != Mode::Pull;
                    knows[agent] |= before[other] && mode != Mode::Push;
                }
            }
        }
    }
    f64::from(total) / f64::from(RUNS)
}

#[test]
fn a_rumor_at_the_end_of_a_line_of_30_takes_57_rounds() {
    let parameters = Parameters { mode: Mode::Push, overlay: Topology::Line, ..Parameters::default() };
    let (mean, least) = rounds(&parameters, 30);
    // The first step is certain, each of the other 28 takes two rounds in the mean. The deviation of the mean is 0.37.
    assert!((mean - 57.0).abs() < 1.5, "{mean} rounds");
    assert!(least >= 29.0, "{least} rounds");
}

#[test]
fn overlays_modes_and_fan_outs_agree_with_a_model() {
    for (overlay, mode, fan_out) in [
        (Topology::Line, Mode::Pull, 1),
        (Topology::Line, Mode::PushPull, 1),
        (Topology::Ring, Mode::Push, 2),
        (Topology::Grid { columns: 6 }, Mode::Push, 1),
        (Topology::Tree { fan_out: 3 }, Mode::PushPull, 2),
        (Topology::RandomRegular { degree: 4 }, Mode::Push, 3),
        (Topology::SmallWorld { degree: 4, rewire: Ratio::new(1, 5) }, Mode::Pull, 1),
        (Topology::ScaleFree { links: 2 }, Mode::Push, 2),
    ] {
        let parameters = Parameters { mode, fan_out, overlay: overlay.clone(), ..Parameters::default() };
        let seed = sim_core::digest::hash_words(&[0, super::contacts::OVERLAY]);
        let graph = Graph::build(&overlay, 40, seed).unwrap().unwrap();
        let ((mean, _), model) = (rounds(&parameters, 40), modeled(mode, fan_out.into(), &graph));
        assert!((mean / model - 1.0).abs() < 0.05, "{overlay:?} {mode:?} {fan_out}: {mean}, model {model}");
    }
}

#[test]
fn a_connection_limit_costs_pull_rounds_and_hunting_wins_them_back() {
    let parameters = Parameters { mode: Mode::Pull, ..Parameters::default() };
    let free = rounds(&parameters, 200).0;
    let limited = rounds(&Parameters { connection_limit: 1, ..parameters.clone() }, 200).0;
    let hunting = rounds(&Parameters { connection_limit: 1, hunt: 8, ..parameters }, 200).0;
    assert!(limited > free + 1.0, "{free} rounds, with a limit {limited}");
    assert!(hunting < limited - 0.5, "hunting {hunting}, without {limited}");
}
