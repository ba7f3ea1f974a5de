//! The scheduler seam: who decides what comes next.
//!
//! Under `Timed`, the default, network and clocks decide: the agenda is a queue by time. Under `Choices`, a list of
//! indices decides which pending event comes next; priority schedules, abstract timers and exhaustive search stand on
//! it. The world computes what is enabled, the agenda remembers what was chosen and how many choices there were.

mod priorities;

pub(crate) use self::priorities::Priorities;

use crate::hash::FixedSet;
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
#[derive(Clone, Debug)]
pub(crate) struct ChoiceAgenda {
    pub(crate) pending: Vec<u128>,
    chooser: Chooser,
    /// What was chosen.
    pub(crate) taken: Vec<u32>,
    /// How many alternatives there were at each choice made.
    pub(crate) widths: Vec<u32>,
    /// How far slot clocks may be apart: timeouts whose deadlines are no further apart may come in either order.
    pub(crate) drift_bound: Duration,
    /// The states that were seen, for a run that ends where it comes to one of them.
    pub(crate) seen: Option<Seen>,
}

/// Who chooses.
#[derive(Clone, Debug)]
pub(crate) enum Chooser {
    /// A list, until it has run out.
    List(Vec<u32>),
    /// Priorities, for so many steps.
    Priorities(Priorities, usize),
}

/// States of earlier runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) states: FixedSet<u128>,
    /// Choices that only repeat an earlier run: no state before them is new.
    pub(crate) repeated: usize,
    /// Whether this run came to a state that was seen.
    pub(crate) again: bool,
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

impl Agenda {
    /// Whether nothing is to come.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Timed(queue) => queue.is_empty(),
            Self::Choices(choices) => choices.pending.is_empty(),
        }
    }
}

impl ChoiceAgenda {
    pub(crate) fn new(chooser: Chooser, drift_bound: Duration) -> Self {
        let (pending, taken, widths) = (Vec::new(), Vec::new(), Vec::new());
        Self { pending, chooser, taken, widths, drift_bound, seen: None }
    }

    /// Whether it matters what the chains of the alternatives are called.
    pub(crate) const fn wants_chains(&self) -> bool {
        matches!(self.chooser, Chooser::Priorities(..))
    }

    /// Picks one of `width` alternatives; `None` when there are no choices left.
    pub(crate) fn choose(&mut self, width: usize, chains: &[u64]) -> Option<usize> {
        let step = self.taken.len();
        let choice = match &mut self.chooser {
            Chooser::List(choices) => *choices.get(step)? as usize % width,
            Chooser::Priorities(_, steps) if step >= *steps => return None,
            Chooser::Priorities(priorities, _) => priorities.pick(step as u64, chains),
        };
        self.taken.push(u32::try_from(choice).unwrap_or(u32::MAX));
        self.widths.push(u32::try_from(width).unwrap_or(u32::MAX));
        Some(choice)
    }

    /// Whether the state that the run is in now has to be looked up.
    pub(crate) fn looks_up(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| self.taken.len() >= seen.repeated)
    }

    /// Remembers a state after so many choices; whether it was seen before.
    pub(crate) fn knows(&mut self, state: u128) -> bool {
        let Some(seen) = &mut self.seen else { return false };
        seen.again = !seen.states.insert(state);
        seen.again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_recorded_with_their_width_and_run_out() {
        let mut agenda = ChoiceAgenda::new(Chooser::List(vec![0, 5]), Duration::ZERO);
        assert_eq!(agenda.choose(3, &[]), Some(0));
        assert_eq!(agenda.choose(2, &[]), Some(1));
        assert_eq!(agenda.choose(2, &[]), None);
        assert_eq!((agenda.widths, agenda.taken), (vec![3, 2], vec![0, 1]));
    }
}
