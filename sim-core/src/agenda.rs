//! The scheduler seam: who decides what comes next.
//!
//! Under `Timed`, the default, network and clocks decide: the agenda is a queue by time. Under `Choices`, a list of
//! indices decides which pending event comes next; priority schedules, abstract timers and exhaustive search stand on
//! it. The world computes what is enabled, the agenda remembers what was chosen and how many choices there were.

use crate::queue::EventQueue;
use crate::time::Duration;

/// Pending events and the rule that orders them.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a world has one, and reaches it at every event: no box in between"
)]
pub(crate) enum Agenda {
    /// By time.
    Timed(EventQueue),
    /// By explicit choices.
    Choices(ChoiceAgenda),
}

/// Events in the order in which they were queued, and the choices between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChoiceAgenda {
    pub(crate) pending: Vec<u128>,
    choices: Vec<u32>,
    taken: usize,
    /// How many alternatives there were at each choice made.
    pub(crate) widths: Vec<u32>,
    /// How far slot clocks may be apart: timeouts whose deadlines are no further apart may come in either order.
    pub(crate) drift_bound: Duration,
}

impl Agenda {
    #[inline]
    pub(crate) fn push(&mut self, key: u128) {
        match self {
            Self::Timed(queue) => queue.push(key),
            Self::Choices(choices) => choices.pending.push(key),
        }
    }
}

impl ChoiceAgenda {
    pub(crate) fn new(choices: Vec<u32>, drift_bound: Duration) -> Self {
        Self { choices, drift_bound, ..Self::default() }
    }

    /// Picks one of `width` alternatives; `None` when the list of choices has run out.
    pub(crate) fn choose(&mut self, width: usize) -> Option<usize> {
        let choice = *self.choices.get(self.taken)?;
        self.taken += 1;
        self.widths.push(u32::try_from(width).unwrap_or(u32::MAX));
        Some(choice as usize % width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_recorded_with_their_width_and_run_out() {
        let mut agenda = ChoiceAgenda::new(vec![0, 5], Duration::ZERO);
        assert_eq!(agenda.choose(3), Some(0));
        assert_eq!(agenda.choose(2), Some(1));
        assert_eq!(agenda.choose(2), None);
        assert_eq!(agenda.widths, [3, 2]);
    }
}
