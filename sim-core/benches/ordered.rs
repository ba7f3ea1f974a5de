//! What an ordered map costs at each size, beside the tree of std: a row is found, one is taken out and another put in.
//!
//! `cargo bench -p sim-core --bench ordered` prints CPU nanoseconds for the three together, with keys in no order, and for a queue
//! that is filled at the end and emptied at the start.

#![expect(clippy::disallowed_types, reason = "the tree of std is what is measured against")]

#[path = "support/measure.rs"]
mod measure;

use std::collections::BTreeMap;

use measure::median_of_5;
use sim_core::ordered::OrderedMap;
use sim_core::random::{Keyed, Purpose};

const KEYED: Keyed = Keyed::new(1, Purpose::Campaign);
const ROUNDS: u64 = 200_000;

/// A map under test: what is found and taken out, folded.
trait Map: Default {
    fn put(&mut self, key: u64);
    fn find(&self, key: u64) -> u64;
    fn take(&mut self, key: u64) -> u64;
    fn take_first(&mut self) -> u64;
}

macro_rules! map {
    ($map:ident) => {
        impl Map for $map<u64, u64> {
            fn put(&mut self, key: u64) {
                self.insert(key, key);
            }

            fn find(&self, key: u64) -> u64 {
                self.get(&key).copied().unwrap_or_default()
            }

            fn take(&mut self, key: u64) -> u64 {
                self.remove(&key).unwrap_or_default()
            }

            fn take_first(&mut self) -> u64 {
                self.pop_first().map_or(0, |(key, _)| key)
            }
        }
    };
}

map!(OrderedMap);
map!(BTreeMap);

/// Keys in no order: the key of a number.
fn key(number: u64) -> u64 {
    KEYED.words(number, 0)[0]
}

/// In a map of `size` rows, finds a row, takes out the oldest and puts a new one in, each time.
fn scattered<M: Map>(size: u64) -> f64 {
    let mut map = M::default();
    (0..size).for_each(|number| map.put(key(number)));
    let mut next = size;
    let measured = median_of_5(ROUNDS, |rounds| {
        let mut fold = 0;
        for _ in 0..rounds {
            fold ^= map.find(key(next - size / 2 - 1)) ^ map.take(key(next - size));
            map.put(key(next));
            next += 1;
        }
        fold
    });
    assert_ne!(measured.fold, 0, "nothing was found");
    measured.ns
}

/// A queue of `size` rows: takes out the first and puts one in near the end, each time.
fn queue<M: Map>(size: u64) -> f64 {
    let mut map = M::default();
    (0..size).for_each(|number| map.put(number * 8));
    let mut next = size;
    let measured = median_of_5(ROUNDS, |rounds| {
        let mut fold = 0;
        for _ in 0..rounds {
            fold ^= map.take_first();
            map.put(next * 8 - key(next) % 64 % (8 * size));
            next += 1;
        }
        fold
    });
    assert_ne!(measured.fold, 0, "nothing was taken out");
    measured.ns
}

fn main() {
    println!("{:>9} {:>22} {:>22}", "rows", "in no order: ours, std", "a queue: ours, std");
    for size in [10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let (scattered, queued) = (
            [scattered::<OrderedMap<u64, u64>>(size), scattered::<BTreeMap<u64, u64>>(size)],
            [queue::<OrderedMap<u64, u64>>(size), queue::<BTreeMap<u64, u64>>(size)],
        );
        let [first, second] = [scattered, queued].map(|[ours, std]| format!("{ours:.0}, {std:.0} ns"));
        println!("{size:>9} {first:>22} {second:>22}");
    }
}
