//! The candidates for the event queue under the hold model: pop the smallest, push it again after a random delay.
//!
//! `cargo bench -p sim-core --bench queue [pattern]` prints CPU nanoseconds an event (one pop, one push, and the random
//! numbers) for each candidate, pattern of delays and depth.

#[path = "support/measure.rs"]
mod measure;
#[path = "support/random.rs"]
mod random;

use measure::median_of_5;
use random::{Exponential, Random};
use sim_core::queue::{
    EventQueue, LazyCalendar, LazyWheel, Pending, QuadHeap, StdHeap, key, payload_of, time_of,
};

const SECOND: u64 = 1_000_000_000;
const DEPTHS: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// How long until an event comes back.
#[derive(Clone, Copy)]
enum Delay {
    /// 0.1 s and an exponential with mean 1 s.
    Exponential,
    /// The same in milliseconds: another place among the digits of time.
    ExponentialMillis,
    /// Uniform from 1 to 10 ms.
    Uniform,
    /// Nine in ten about 1 ms, one in ten about 10 s.
    Bimodal,
    /// All after 1 s: all at one instant, for ever.
    Rounds,
    /// Half at the present instant, half after a second.
    Present,
    /// Nearly all within 1 us, one in 1024 after up to 5 hours.
    Jumps,
}

const PATTERNS: [(&str, Delay); 7] = [
    ("exponential", Delay::Exponential),
    ("exponential-ms", Delay::ExponentialMillis),
    ("uniform", Delay::Uniform),
    ("bimodal", Delay::Bimodal),
    ("rounds", Delay::Rounds),
    ("present", Delay::Present),
    ("jumps", Delay::Jumps),
];

struct Source {
    random: Random,
    exponential: Exponential,
    delay: Delay,
}

impl Source {
    #[inline]
    fn exponential(&mut self, mean: u64) -> u64 {
        let drawn = self.exponential.draw(&mut self.random);
        mean / 10 + (drawn * mean as f64) as u64
    }

    #[inline]
    fn draw(&mut self) -> u64 {
        match self.delay {
            Delay::Exponential => self.exponential(SECOND),
            Delay::ExponentialMillis => self.exponential(SECOND / 1000),
            Delay::Uniform => SECOND / 1000 + u64::from(self.random.below(9_000_000)),
            Delay::Bimodal if self.random.below(10) == 0 => self.exponential(10 * SECOND),
            Delay::Bimodal => self.exponential(SECOND / 1000),
            Delay::Rounds => SECOND,
            Delay::Present => u64::from(self.random.below(2)) * SECOND,
            Delay::Jumps if self.random.below(1024) == 0 => self.random.word() >> 20,
            Delay::Jumps => u64::from(self.random.below(1000)),
        }
    }
}

fn hold<Q: Pending>(depth: u32, delay: Delay) -> measure::Measured {
    let mut source = Source { random: Random::new(1), exponential: Exponential::new(), delay };
    let mut queue = Q::default();
    for payload in 0..depth {
        let tie = source.random.word() as u32;
        queue.push(key(source.draw(), tie, payload));
    }
    let events = u64::from(depth).clamp(1_000_000, 2_000_000);
    median_of_5(events, |events| {
        let mut fold = 0u64;
        for _ in 0..events {
            let Some(popped) = queue.pop() else { break };
            fold = fold.rotate_left(1) ^ popped as u64;
            let time = time_of(popped).saturating_add(source.draw());
            let tie = (popped as u32).wrapping_mul(0x9e37_79b9) ^ time as u32;
            queue.push(key(time, tie, payload_of(popped)));
        }
        fold
    })
}

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("CPU ns an event: pop, push and random numbers (median of 5)");
    println!(
        "{:15} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "delays", "depth", "std", "4-ary", "calendar", "wheel", "queue"
    );
    for (name, delay) in PATTERNS {
        if wanted.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        for depth in DEPTHS {
            let measured = [
                hold::<StdHeap>(depth, delay),
                hold::<QuadHeap>(depth, delay),
                hold::<LazyCalendar>(depth, delay),
                hold::<LazyWheel>(depth, delay),
                hold::<EventQueue>(depth, delay),
            ];
            assert!(measured.iter().all(|other| other.fold == measured[0].fold), "the orders differ");
            let cells = measured.map(|one| format!("{:8.1}", one.ns)).join(" ");
            println!("{name:15} {depth:8} {cells}");
        }
    }
}
