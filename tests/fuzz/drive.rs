//! Reads one input after the other and says which ones went wrong. Input number i is a function of the seed and i: an input
//! that went wrong is made again by its number.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a harness looks at the clock from a thread of its own; no run sees it"
)]
#![allow(dead_code, reason = "the program tells more of it than the test")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::corpus::Corpus;
use super::mutate::Dice;
use super::targets::{TARGETS, Target, input, read};

/// An input that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// An input that went wrong.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) number: u64,
    pub(crate) target: Target,
    pub(crate) why: String,
    pub(crate) input: Vec<u8>,
}

/// What came of a range of inputs.
#[derive(Debug, Default)]
pub(crate) struct Driven {
    pub(crate) inputs: u64,
    /// How many were taken for what they were meant to be.
    pub(crate) taken: u64,
    pub(crate) slowest: (u64, Duration),
    pub(crate) wrong: Vec<Wrong>,
}

/// What kind of file the input of a number is, and the dice that make it.
fn draw(seed: u64, number: u64) -> (Target, Dice) {
    let mut dice = Dice::new(seed.wrapping_mul(0x9E37_79B9) ^ number);
    (*dice.pick(TARGETS), dice)
}

/// The input of a number.
pub(crate) fn made(corpus: &Corpus, seed: u64, number: u64) -> (Target, Vec<u8>) {
    let (target, mut dice) = draw(seed, number);
    (target, input(corpus, target, &mut dice))
}

/// Reads the inputs of some numbers, as long as `go_on` says so. `before` is told each number first, for what ends the process.
pub(crate) fn drive(
    corpus: &Corpus,
    seed: u64,
    numbers: std::ops::Range<u64>,
    only: Option<Target>,
    before: impl Fn(u64),
    mut go_on: impl FnMut(&Driven) -> bool,
) -> Driven {
    let at = Arc::new(AtomicU64::new(u64::MAX));
    watch(Arc::clone(&at));
    let mut driven = Driven::default();
    for number in numbers {
        let (target, mut dice) = draw(seed, number);
        if only.is_some_and(|only| only != target) {
            continue;
        }
        at.store(number, Ordering::Relaxed);
        before(number);
        let started = Instant::now();
        let mut bytes = Vec::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            bytes = input(corpus, target, &mut dice);
            read(corpus, target, &bytes, &mut dice)
        }));
        let took = started.elapsed();
        driven.inputs += 1;
        if took > driven.slowest.1 {
            driven.slowest = (number, took);
        }
        match result {
            Ok(taken) => driven.taken += u64::from(taken),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(ToString::to_string);
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                driven.wrong.push(Wrong { number, target, why: text, input: bytes });
            }
        }
        if !go_on(&driven) {
            break;
        }
    }
    at.store(u64::MAX, Ordering::Relaxed);
    driven
}

/// Ends the process where an input hangs: nothing else ends it.
fn watch(at: Arc<AtomicU64>) {
    std::thread::spawn(move || {
        let (mut last, mut since) = (u64::MAX, Instant::now());
        while Arc::strong_count(&at) > 1 {
            std::thread::sleep(Duration::from_millis(200));
            let now = at.load(Ordering::Relaxed);
            if now != last || now == u64::MAX {
                (last, since) = (now, Instant::now());
            } else if since.elapsed() > PATIENCE {
                eprintln!("input {now} hangs");
                std::process::exit(1);
            }
        }
    });
}
