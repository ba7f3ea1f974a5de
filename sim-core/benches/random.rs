//! What a draw costs: the keyed function, a process's dice, and a sample of each law.
//!
//! Each figure is for one draw; a loop of 1,000 with results folded together lets calls overlap, as they do in a run.

use std::hint::black_box;

use divan::counter::ItemsCount;
use sim_core::distribution::{Distribution, Sampler};
use sim_core::random::{Draw, Keyed, ProcessRng, Purpose, WordsDrawn};
use sim_core::time::Duration;

fn main() {
    divan::main();
}

const DRAWS: u64 = 1_000;
const KEYED: Keyed = Keyed::new(1, Purpose::Fate);

/// Times a thousand draws; `draw` maps an index to something that depends on every bit drawn.
fn time(bencher: divan::Bencher<'_, '_>, draw: impl Fn(u64) -> u64 + Sync) {
    bencher.counter(ItemsCount::new(DRAWS)).bench(|| (0..black_box(DRAWS)).fold(0, |sum, i| sum ^ draw(i)));
}

#[divan::bench]
fn words(bencher: divan::Bencher<'_, '_>) {
    time(bencher, |i| {
        let [first, second] = KEYED.words(i, 7);
        first ^ second
    });
}

/// Each counter is the word before it, so that no two calls overlap.
#[divan::bench]
fn words_one_after_the_other(bencher: divan::Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(DRAWS))
        .bench(|| (0..black_box(DRAWS)).fold(0, |word, _| KEYED.words(word, 7)[1]));
}

/// One draw per step: the second word of a block waits for the next step.
#[divan::bench]
fn process_one_draw_a_step(bencher: divan::Bencher<'_, '_>) {
    let key = Keyed::new(1, Purpose::Process);
    bencher.counter(ItemsCount::new(DRAWS)).bench(|| {
        let mut drawn = WordsDrawn::default();
        (0..black_box(DRAWS)).fold(0, |sum, _| sum ^ ProcessRng::new(key, 3, 0, &mut drawn).next_u64())
    });
}

#[divan::bench]
fn process_many_draws_a_step(bencher: divan::Bencher<'_, '_>) {
    let key = Keyed::new(1, Purpose::Process);
    bencher.counter(ItemsCount::new(DRAWS)).bench(|| {
        let mut drawn = WordsDrawn::default();
        let mut rng = ProcessRng::new(key, 3, 0, &mut drawn);
        (0..black_box(DRAWS)).fold(0, |sum, _| sum ^ rng.next_u64())
    });
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A sample with the words that it takes: subtract `words` for the law alone.
#[divan::bench(args = ["fixed", "uniform", "exponential", "normal", "log_normal", "pareto"])]
fn sample(bencher: divan::Bencher<'_, '_>, law: &str) {
    let sampler: Sampler = match law {
        "fixed" => Distribution::Fixed(ms(5)),
        "uniform" => Distribution::Uniform { min: ms(1), max: ms(10) },
        "exponential" => Distribution::Exponential { mean: ms(5) },
        "normal" => Distribution::Normal { mean: ms(10), std_dev: ms(1) },
        "log_normal" => Distribution::LogNormal { median: ms(8), p99: ms(60) },
        _ => pareto(),
    }
    .compile();
    time(bencher, |i| {
        let [word, _] = KEYED.words(i, 7);
        sampler.sample(word, &mut Draw::after(KEYED, i, 7)).as_nanos()
    });
}

fn pareto() -> Distribution {
    let shape = sim_core::distribution::Shape::new(3, 2);
    Distribution::Pareto { scale: ms(5), shape, cap: Some(ms(2_000)) }
}
