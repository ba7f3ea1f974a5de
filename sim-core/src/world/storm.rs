//! When the world looks up from its events, and who makes a storm.

use super::World;
use crate::identity::Slot;
use crate::kernel::event::Event;
use crate::kernel::pace::{Outlook, Storm};
use crate::outcome::Ended;
use crate::process::{Process, Protocol};

/// So many events of a storm are looked at to see who makes it.
const LOOKED_AT: u64 = 10_000;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Looks up from the events: whether the run is over.
    #[cold]
    #[inline(never)]
    pub(super) fn look_up(&mut self) -> Option<Ended> {
        match self.kernel.look_up() {
            Outlook::Calm => None,
            Outlook::Over(ended) => Some(ended),
            Outlook::Storm(storm) => Some(self.storm(storm)),
        }
    }

    /// Reports a storm, and who makes it.
    fn storm(&mut self, storm: Storm) -> Ended {
        let before = self.kernel.sends.by_kind.clone();
        let steps = self.count_steps();
        self.kernel.report_storm(storm, &steps, &before);
        Ended::Storm
    }

    /// Goes on for a while and counts the steps of each slot.
    fn count_steps(&mut self) -> Vec<u64> {
        let mut steps = vec![0; self.kernel.hot.len()];
        let end = self.kernel.events + LOOKED_AT;
        // What is no step leads nowhere for ever in a storm of controls.
        let mut left = 4 * LOOKED_AT;
        while self.kernel.events < end && left > 0 && self.kernel.ended.is_none() {
            left -= 1;
            let Ok(event) = self.next_event() else { break };
            let slot = self.slot_of_step(event);
            let before = self.kernel.events;
            self.handle(event);
            if let Some(count) = slot.and_then(|slot| steps.get_mut(slot.index())) {
                *count += self.kernel.events - before;
            }
        }
        steps
    }

    /// Where an event takes place, if at one slot.
    fn slot_of_step(&self, event: Event) -> Option<Slot> {
        match event {
            Event::Synced(job) => self.kernel.syncs.get(job).map(|job| job.slot),
            Event::Served(slot) => Some(slot),
            other => self.slot_of(other),
        }
    }
}
