//! Schedules by random priorities, which find a bug of small depth in few runs.
//!
//! Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding
//! Bugs", ASPLOS 2010: each thread has a random priority, the highest that can run does, and at d - 1 random steps the
//! one that runs falls below all that have not fallen. A bug that needs d orderings among n threads in k steps is found
//! with a probability of at least 1 / (n k^(d-1)). A thread is here a chain of events with one cause: what a slot says to
//! another in one kind of message, a timer of a slot, a disk.

use crate::ordered::OrderedMap;
use crate::random::{Keyed, Purpose, below};

/// One schedule, a function of (seed, number).
#[derive(Clone, Debug)]
pub(crate) struct Priorities {
    dice: Keyed,
    /// The steps at which the chain that would run falls, in no order.
    changes: Vec<u64>,
    /// What such chains are left with, by the place of their step in that list.
    fallen: OrderedMap<u64, u64>,
}

impl Priorities {
    /// The `number`-th schedule under a seed, with so many change points in the first `steps` steps.
    pub(crate) fn new(seed: u64, number: u64, changes: u32, steps: u64) -> Self {
        let dice = Keyed::new(seed, Purpose::Schedule).labeled(number);
        let changes = (0..changes).map(|change| below(dice.word(u64::from(change), CHANGE), steps.max(1)));
        Self { dice, changes: changes.collect(), fallen: OrderedMap::new() }
    }

    /// Which of these chains runs at a step; of several events of one chain, the first.
    pub(crate) fn pick(&mut self, step: u64, chains: &[u64]) -> usize {
        for change in 0..self.changes.len() {
            if self.changes[change] == step {
                let left = (self.changes.len() - change) as u64;
                self.fallen.insert(chains[self.highest(chains)], left);
            }
        }
        self.highest(chains)
    }

    fn highest(&self, chains: &[u64]) -> usize {
        let mut best = 0;
        for place in 1..chains.len() {
            if self.priority(chains[place]) > self.priority(chains[best]) {
                best = place;
            }
        }
        best
    }

    /// Who fell has less than all others.
    fn priority(&self, chain: u64) -> u64 {
        self.fallen.get(&chain).copied().unwrap_or_else(|| self.dice.word(chain, PRIORITY) | 1 << 63)
    }
}

/// Tell the draws of priorities from those of change points.
const PRIORITY: u64 = 0;
const CHANGE: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_runs_until_it_falls() {
        let mut calm = Priorities::new(1, 0, 0, 10);
        let chains = [5, 6, 7, 5];
        let first = calm.pick(0, &chains);
        assert!((1..9).all(|step| calm.pick(step, &chains) == first));
        let mut changing = Priorities::new(1, 0, 1, 10);
        let at = changing.changes[0];
        let picks: Vec<usize> = (0..10).map(|step| changing.pick(step, &chains)).collect();
        assert_eq!(picks.iter().position(|pick| *pick != first), usize::try_from(at).ok());
    }

    #[test]
    fn every_order_of_chains_comes_up_and_a_number_names_one() {
        let picks: Vec<usize> = (0..300).map(|n| Priorities::new(7, n, 0, 10).pick(0, &[1, 2, 3])).collect();
        assert!((0..3).all(|chain| picks.iter().filter(|pick| **pick == chain).count() > 70), "{picks:?}");
        let again: Vec<usize> = (0..300).map(|n| Priorities::new(7, n, 0, 10).pick(0, &[1, 2, 3])).collect();
        assert_eq!(picks, again);
    }
}
