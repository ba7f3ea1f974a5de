//! The dice of a coalition.

use crate::identity::Slot;
use crate::random::{Draw, Keyed, Purpose};

/// Wake-ups belong to no slot.
const WAKES: u64 = u64::MAX;

/// Dice for each step of a coalition: by the slot and how many of its steps came before, never by the time. What happens
/// elsewhere, or a little later, leaves a traitor's choices as they were.
#[derive(Debug)]
pub(crate) struct CoalitionDice {
    keyed: Keyed,
    /// Steps so far, by slot.
    steps: Vec<u64>,
    wakes: u64,
}

impl CoalitionDice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { keyed: Keyed::new(seed, Purpose::Coalition), steps: Vec::new(), wakes: 0 }
    }

    /// From now on, the dice are those of another seed.
    pub(crate) const fn draw_anew(&mut self, seed: u64) {
        self.keyed = Keyed::new(seed, Purpose::Coalition);
    }

    /// For what the coalition makes of the next input of a slot.
    pub(crate) fn step(&mut self, slot: Slot) -> Draw {
        if self.steps.len() <= slot.index() {
            self.steps.resize(slot.index() + 1, 0);
        }
        let number = &mut self.steps[slot.index()];
        *number += 1;
        Draw::new(self.keyed, slot.0.into(), *number)
    }

    /// For the next time that the coalition wakes.
    pub(crate) fn wake(&mut self) -> Draw {
        self.wakes += 1;
        Draw::new(self.keyed, WAKES, self.wakes)
    }
}

#[cfg(test)]
mod tests {
    use super::CoalitionDice;
    use crate::identity::Slot;

    #[test]
    fn a_slot_keeps_its_dice_whatever_happens_elsewhere() {
        let (mut one, mut other) = (CoalitionDice::new(3), CoalitionDice::new(3));
        let drawn: Vec<u64> = (0..8).map(|_| one.step(Slot(2)).next_u64()).collect();
        let among = |_| {
            let elsewhere = [other.step(Slot(5)).next_u64(), other.wake().next_u64()];
            assert!(elsewhere.iter().all(|word| !drawn.contains(word)));
            other.step(Slot(2)).next_u64()
        };
        assert_eq!((0..8).map(among).collect::<Vec<u64>>(), drawn);
    }
}
