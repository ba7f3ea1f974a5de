//! The `Choices` scheduler: what is enabled now, and what was chosen.
//!
//! Deliveries, sync ends, link notices and timeouts may come in any order, but for streams, which stay first in, first
//! out, with the notices of their beginning and end, and for timeouts whose deadlines are further apart than clocks can be. Time has no length of its own here: it
//! passes as timeouts are chosen. Choosing one puts its slot's clock forward to the deadline, and drags along every
//! clock that would be left behind by more than the drift bound.

use super::World;
use crate::agenda::Agenda;
use crate::identity::Slot;
use crate::outcome::Ended;
use crate::process::{Factory, Lane, Priority, Protocol};
use crate::queue;
use crate::time::{Duration, Time};
use crate::world::event::{Control, Envelope, Event};

/// Something that a stream carries: messages of one priority in their order, and notices in order with all of them.
struct Streamed {
    from: Slot,
    to: Slot,
    priority: Option<Priority>,
}

impl Streamed {
    fn orders(&self, other: &Self) -> bool {
        let same = self.priority == other.priority || self.priority.is_none() || other.priority.is_none();
        same && (self.from, self.to) == (other.from, other.to)
    }
}

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
        let drift = agenda.drift_bound;
        let now = self.kernel.now + Duration::from_nanos(1);
        if let Event::Timer(index) = Event::decode(queue::payload_of(key)) {
            self.bring_forward(index, now, drift);
        }
        Ok(Some(queue::key(now.as_nanos(), 0, queue::payload_of(key))))
    }

    fn bring_forward(&mut self, index: u32, now: Time, drift: Duration) {
        let Some((slot, local)) = self.timers.local_deadline(index) else { return };
        self.timers.force(index, now);
        self.kernel.clocks.advance_to(slot, now, local);
        let least = Time::ZERO + local.since(Time::ZERO + drift);
        for other in (0..self.nodes.len()).filter(|other| *other != slot.index()) {
            let other = Slot(u32::try_from(other).unwrap_or(u32::MAX));
            self.kernel.clocks.advance_to(other, now, least);
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
        let timers = &mut self.timers;
        agenda.pending.retain(|key| match Event::decode(queue::payload_of(*key)) {
            Event::Timer(index) => timers.keeps(index, Time::from_nanos(queue::time_of(*key))),
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
            event @ (Event::Deliver(_) | Event::Notice(_)) => {
                self.first_of_its_stream(pending, event, pending[place])
            }
            Event::Timer(index) => self.within_drift(pending, index),
            _ => true,
        }
    }

    /// Whether nothing is pending that comes before this on its stream.
    fn first_of_its_stream(&self, pending: &[u128], event: Event, key: u128) -> bool {
        let Some(own) = self.stream_of(event) else { return true };
        !pending.iter().any(|other| {
            let before = (*other < key).then(|| self.stream_of(Event::decode(queue::payload_of(*other))));
            before.flatten().is_some_and(|before| before.orders(&own))
        })
    }

    fn stream_of(&self, event: Event) -> Option<Streamed> {
        match event {
            Event::Deliver(envelope) => {
                let &Envelope { from_slot, to, priority, lane, .. } = &self.kernel.envelopes[envelope];
                (lane == Lane::Stream).then_some(Streamed { from: from_slot, to, priority: Some(priority) })
            }
            Event::Notice(notice) => {
                let link = self.kernel.pending_notices[notice].link;
                Some(Streamed { from: link.peer, to: link.slot, priority: None })
            }
            _ => None,
        }
    }

    /// Whether this timeout may come before all others that are pending: no clock passes a deadline of its own.
    fn within_drift(&self, pending: &[u128], index: u32) -> bool {
        let Agenda::Choices(agenda) = &self.kernel.agenda else { return true };
        let Some((slot, deadline)) = self.timers.local_deadline(index) else { return false };
        pending.iter().all(|key| {
            let Event::Timer(other) = Event::decode(queue::payload_of(*key)) else { return true };
            let Some((owner, earliest)) = self.timers.local_deadline(other) else { return true };
            let apart = if owner == slot { Duration::ZERO } else { agenda.drift_bound };
            deadline.since(earliest) <= apart
        })
    }
}
