//! The `Choices` scheduler: what is enabled now, and what was chosen.
//!
//! Deliveries, sync ends, link notices and timeouts may come in any order, but for streams, which stay first in, first
//! out. Choosing a timeout before its time puts that slot's clock forward to its deadline, within a bound on how far
//! clocks may be apart.

use super::World;
use crate::agenda::Agenda;
use crate::identity::Slot;
use crate::outcome::Ended;
use crate::process::{Factory, Lane, Protocol};
use crate::queue;
use crate::time::{Duration, Time};
use crate::world::event::{Control, Event};

impl<P: Protocol, F: Factory<P>> World<P, F> {
    /// Picks the next event by the list of choices, at one nanosecond after the last.
    pub(super) fn choose(&mut self) -> Result<Option<u128>, Ended> {
        self.drop_stale_timers();
        let enabled = self.enabled();
        if enabled.is_empty() {
            return Ok(None);
        }
        let Agenda::Choices(agenda) = &mut self.kernel.agenda else { return Ok(None) };
        let choice = agenda.choose(enabled.len()).ok_or(Ended::OutOfChoices)?;
        let key = agenda.pending.remove(enabled[choice]);
        let now = self.kernel.now + Duration::from_nanos(1);
        if let Event::Timer(index) = Event::decode(queue::payload_of(key)) {
            self.bring_forward(index, now);
        }
        Ok(Some(queue::key(now.as_nanos(), 0, queue::payload_of(key))))
    }

    fn bring_forward(&mut self, index: u32, now: Time) {
        if let Some((slot, local)) = self.timers.local_deadline(index) {
            self.kernel.clocks.advance_to(slot, now, local);
            self.timers.force(index, now);
        }
    }

    fn pending(&self) -> &[u128] {
        match &self.kernel.agenda {
            Agenda::Choices(agenda) => &agenda.pending,
            Agenda::Timed(_) => &[],
        }
    }

    fn drop_stale_timers(&mut self) {
        let Agenda::Choices(agenda) = &mut self.kernel.agenda else { return };
        let timers = &self.timers;
        agenda.pending.retain(|key| match Event::decode(queue::payload_of(*key)) {
            Event::Timer(index) => timers.counts(index, Time::from_nanos(queue::time_of(*key))),
            _ => true,
        });
    }

    /// The places of the pending events that may come next, in the order in which they were queued.
    fn enabled(&self) -> Vec<usize> {
        let pending = self.pending();
        (0..pending.len()).filter(|place| self.may_come(pending, *place)).collect()
    }

    fn may_come(&self, pending: &[u128], place: usize) -> bool {
        match Event::decode(queue::payload_of(pending[place])) {
            Event::Control(control) => control == Control::Arrival,
            Event::Deliver(envelope) => self.first_of_its_stream(pending, envelope, pending[place]),
            Event::Timer(index) => self.within_drift(index),
            _ => true,
        }
    }

    fn first_of_its_stream(&self, pending: &[u128], envelope: u32, key: u128) -> bool {
        let own = &self.kernel.envelopes[envelope];
        own.lane == Lane::Datagram
            || !pending.iter().any(|other| {
                let Event::Deliver(other_envelope) = Event::decode(queue::payload_of(*other)) else {
                    return false;
                };
                let before = &self.kernel.envelopes[other_envelope];
                *other < key
                    && before.lane == Lane::Stream
                    && (before.from_slot, before.to, before.priority) == (own.from_slot, own.to, own.priority)
            })
    }

    /// Whether choosing this timeout keeps clocks within the drift bound of the slowest running slot.
    fn within_drift(&self, index: u32) -> bool {
        let Agenda::Choices(agenda) = &self.kernel.agenda else { return true };
        let Some((_, local)) = self.timers.local_deadline(index) else { return false };
        let now = self.kernel.now;
        let slowest = (0..self.nodes.len())
            .filter(|slot| self.kernel.hot[*slot].up)
            .map(|slot| self.kernel.clocks.read(Slot(u32::try_from(slot).unwrap_or(u32::MAX)), now))
            .min()
            .unwrap_or(now);
        local.since(slowest) <= agenda.drift_bound
    }
}
