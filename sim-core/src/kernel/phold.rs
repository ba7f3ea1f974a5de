//! PHOLD through the kernel alone, for the benchmark of speed against a bare queue (Fujimoto 1990).

use super::{Folded, Kernel, Vocabulary};
use crate::agenda::Agenda;
use crate::distribution::Distribution;
use crate::fault::FaultModel;
use crate::identity::Slot;
use crate::kernel::event::Event;
use crate::launch::Launch;
use crate::queue::{self, EventQueue};
use crate::random::{Draw, Keyed, Purpose, below};
use crate::setup::Setup;
use crate::time::{Duration, Time};

/// `n` logical processes with one event each in flight; an event schedules one on a random process after 0.1 s and an
/// exponential time with mean 1 s. Everything that the kernel does for an event is on: the agenda, keyed ties, keyed
/// draws, the digest.
pub struct Phold {
    kernel: Kernel,
    n: u32,
}

impl Phold {
    /// `n` processes, each with an event.
    ///
    /// # Panics
    /// Never: the model is sound.
    pub fn new(n: u32) -> Self {
        let model = FaultModel { crashed: 0, lost_disks: 0, byzantine: 0, outages: false };
        let vocabulary = Vocabulary { observations: &[], messages: &["Event"] };
        let agenda = Agenda::Timed(EventQueue::new());
        let mut kernel = Kernel::new(&Setup::new(1, n), &Launch::default(), model, vocabulary, agenda)
            .expect("the default setup is sound");
        for process in 0..n {
            let at = Time::from_nanos(u64::from(process) * 1_000);
            kernel.queue(at, u64::from(process), Event::Wake(process));
        }
        Self { kernel, n }
    }

    /// Handles so many events; returns the digest so far.
    pub fn run(&mut self, events: u64) -> u64 {
        let dice = Keyed::new(1, Purpose::Work);
        let sampler = Distribution::Exponential { mean: Duration::from_secs(1) }.compile();
        let kernel = &mut self.kernel;
        for _ in 0..events {
            let Agenda::Timed(pending) = &mut kernel.agenda else { break };
            let Some(key) = pending.pop() else { break };
            kernel.advance(Time::from_nanos(queue::time_of(key)));
            let Event::Wake(process) = Event::decode(queue::payload_of(key)) else { break };
            kernel.events += 1;
            kernel.fold(Folded::Wake, Slot(process), kernel.events);
            let (a, b) = (u64::from(process), kernel.now.as_nanos());
            let [place, delay] = dice.words(a, b);
            let next = below(place, u64::from(self.n)) as u32;
            let delay = sampler.sample(delay, &mut Draw::after(dice, a, b));
            let at = kernel.now + Duration::from_millis(100) + delay;
            kernel.queue(at, a << 32 | u64::from(next), Event::Wake(next));
        }
        kernel.digest.short()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_population_is_kept_and_the_order_repeats() {
        let (mut one, mut two) = (Phold::new(10), Phold::new(10));
        assert_eq!(one.run(1_000), two.run(1_000));
        assert_ne!(one.run(1), two.run(2));
        let Agenda::Timed(queue) = &one.kernel.agenda else { panic!("timed") };
        assert_eq!(queue.len(), 10);
    }
}
