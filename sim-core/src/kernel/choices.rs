//! The `Choices` scheduler: what is enabled now, and what was chosen.
//!
//! Deliveries, sync ends, link notices, timeouts and faults may come in any order, but for what has an order of its
//! own: what an end of a stream sees (first in, first out, `Down` after what was under way, `Up` of the next session
//! after that, its messages last), the syncs of a slot, the moments of a plan, and timeouts whose deadlines are further
//! apart than clocks can be. Time has no length here: it passes as timeouts are chosen. Choosing one puts its slot's
//! clock forward to the deadline, and drags along every clock that would be left behind by more than the drift bound.
//! Choosing a fault brings the plan forward to its next moment, and puts no clock forward.

use super::Kernel;
use crate::agenda::Agenda;
use crate::digest::hash_words;
use crate::identity::Slot;
use crate::kernel::event::{Control, Envelope, Event};
use crate::process::{Lane, Priority};
use crate::queue;
use crate::time::{Duration, Time};
use crate::timers::Deadlines;

/// What a choice looks up in the typed world.
pub(crate) struct Typed<'a> {
    pub(crate) timers: &'a mut dyn Deadlines,
    /// The kind of a payload's message.
    pub(crate) kind: &'a dyn Fn(u32) -> u8,
}

impl Kernel {
    /// The places of the pending events that may come next, in the order in which they were queued.
    pub(crate) fn enabled(&mut self, timers: &mut dyn Deadlines) -> Vec<usize> {
        self.drop_stale_timers(timers);
        let pending = self.pending();
        (0..pending.len()).filter(|place| self.may_come(pending, *place, timers)).collect()
    }

    /// Picks one of the enabled events by the list of choices, at one nanosecond after the last. `None` at the end of
    /// the list.
    pub(crate) fn pick(&mut self, enabled: &[usize], typed: &mut Typed<'_>) -> Option<u128> {
        let chains = self.chains(enabled, typed);
        let Agenda::Choices(agenda) = &mut self.agenda else { return None };
        let choice = agenda.choose(enabled.len(), &chains)?;
        let key = agenda.pending.remove(enabled[choice]);
        let drift = agenda.drift_bound;
        let now = self.now + Duration::from_nanos(1);
        match Event::decode(queue::payload_of(key)) {
            Event::Timer(index) => self.bring_forward(index, now, drift, typed.timers),
            Event::Notice(notice) => {
                self.network.hears(&self.pending_notices[notice].link, now);
            }
            Event::Served(slot) => {
                self.servers.of(slot).bring_forward(Time::from_nanos(queue::time_of(key)), now);
            }
            Event::Control(Control::Faults) => self.bring_plan_forward(now),
            _ => {}
        }
        Some(queue::key(now.as_nanos(), 0, queue::payload_of(key)))
    }

    /// The next moment of the plan is now. One entry of the agenda stands for all that are to come, and was chosen.
    fn bring_plan_forward(&mut self, now: Time) {
        self.driver.bring_forward(now);
        self.watch.faults_queued = None;
        if let Agenda::Choices(agenda) = &mut self.agenda {
            let faults = Event::Control(Control::Faults).encode();
            agenda.pending.retain(|key| queue::payload_of(*key) != faults);
        }
    }

    fn bring_forward(&mut self, index: u32, now: Time, drift: Duration, timers: &mut dyn Deadlines) {
        let Some((slot, local)) = timers.local_deadline(index) else { return };
        timers.force(index, now);
        self.clocks.advance_to(slot, now, local);
        let least = Time::ZERO + local.since(Time::ZERO + drift);
        for other in (0..self.hot.len()).filter(|other| *other != slot.index()) {
            let other = Slot(u32::try_from(other).unwrap_or(u32::MAX));
            self.clocks.advance_to(other, now, least);
        }
    }

    fn pending(&self) -> &[u128] {
        match &self.agenda {
            Agenda::Choices(agenda) => &agenda.pending,
            Agenda::Timed(_) => &[],
        }
    }

    fn drop_stale_timers(&mut self, timers: &mut dyn Deadlines) {
        let Agenda::Choices(agenda) = &mut self.agenda else { return };
        agenda.pending.retain(|key| match Event::decode(queue::payload_of(*key)) {
            Event::Timer(index) => timers.keeps(index, Time::from_nanos(queue::time_of(*key))),
            _ => true,
        });
    }

    /// What chain of events each of these belongs to, for a scheduler by priorities.
    fn chains(&self, enabled: &[usize], typed: &Typed<'_>) -> Vec<u64> {
        match &self.agenda {
            Agenda::Choices(agenda) if agenda.wants_chains() => {
                let event = |place: &usize| Event::decode(queue::payload_of(agenda.pending[*place]));
                enabled.iter().map(|place| self.chain(event(place), typed)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn chain(&self, event: Event, typed: &Typed<'_>) -> u64 {
        let sort = u64::from(event.encode() >> 29);
        let [one, other] = match event {
            Event::Deliver(envelope) => {
                let envelope = &self.envelopes[envelope];
                let link = u64::from(envelope.from_slot.0) << 32 | u64::from(envelope.to.0);
                [link, u64::from((typed.kind)(envelope.payload))]
            }
            Event::Timer(index) => {
                let (slot, id) = typed.timers.owner(index);
                [u64::from(slot.0), u64::from(id.0)]
            }
            Event::Synced(job) => [u64::from(self.syncs[job].slot.0), 0],
            Event::Notice(notice) => {
                let link = &self.pending_notices[notice].link;
                [u64::from(link.slot.0) << 32 | u64::from(link.peer.0), 0]
            }
            Event::Served(slot) => [u64::from(slot.0), 0],
            Event::Wake(token) | Event::Request(token) => [u64::from(token), 0],
            Event::Control(control) => [control as u64, 0],
        };
        hash_words(&[sort, one, other])
    }

    fn may_come(&self, pending: &[u128], place: usize, timers: &dyn Deadlines) -> bool {
        let event = Event::decode(queue::payload_of(pending[place]));
        let first = |same: &dyn Fn(Event) -> bool| {
            !pending[..place].iter().any(|before| same(Event::decode(queue::payload_of(*before))))
        };
        match event {
            Event::Control(Control::Arrival) => true,
            Event::Control(Control::Faults) => first(&|before| before == event),
            // How long a run lasts has no meaning here, and there is no second phase.
            Event::Control(_) => false,
            Event::Timer(index) => self.within_drift(pending, index, timers),
            Event::Synced(job) => first(&|before| self.syncs_before(before, job)),
            _ => match self.on_a_stream(event) {
                Some(turn) => {
                    first(&|before| self.on_a_stream(before).is_some_and(|other| other.precedes(turn)))
                }
                None => true,
            },
        }
    }

    /// Whether this is a sync of the same slot and incarnation; what a crash left behind means nothing.
    fn syncs_before(&self, before: Event, job: u32) -> bool {
        let Event::Synced(before) = before else { return false };
        let (before, job) = (self.syncs[before], self.syncs[job]);
        (before.slot, before.incarnation) == (job.slot, job.incarnation)
    }

    /// What an event is to an end of a stream: `None` for all others, and for what will be lost when it comes.
    fn on_a_stream(&self, event: Event) -> Option<Turn> {
        let network = &self.network;
        match event {
            Event::Deliver(envelope) => {
                let envelope = &self.envelopes[envelope];
                let &Envelope { from_slot: peer, to: at, session, sent, .. } = envelope;
                let lives = envelope.lane == Lane::Stream && network.admits(peer, at, session, sent);
                lives.then_some(Turn { at, peer, priority: Some(envelope.priority) })
            }
            Event::Notice(notice) => {
                let link = &self.pending_notices[notice].link;
                let turn = Turn { at: link.slot, peer: link.peer, priority: None };
                network.concerns(link).then_some(turn)
            }
            _ => None,
        }
    }

    /// Whether this timeout may come before all others that are pending: no clock passes a deadline of its own.
    fn within_drift(&self, pending: &[u128], index: u32, timers: &dyn Deadlines) -> bool {
        let Agenda::Choices(agenda) = &self.agenda else { return true };
        let Some((slot, deadline)) = timers.local_deadline(index) else { return false };
        pending.iter().all(|key| {
            let Event::Timer(other) = Event::decode(queue::payload_of(*key)) else { return true };
            let Some((owner, earliest)) = timers.local_deadline(other) else { return true };
            let apart = if owner == slot { Duration::ZERO } else { agenda.drift_bound };
            deadline.since(earliest) <= apart
        })
    }
}

/// A message or (without a priority) a notice on its way to an end of a stream.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: Slot,
    peer: Slot,
    priority: Option<Priority>,
}

impl Turn {
    /// Whether what was queued before must come before: only messages of different priorities overtake each other.
    fn precedes(self, later: Self) -> bool {
        let overtaken = self.priority.zip(later.priority).is_some_and(|(one, other)| one != other);
        (self.at, self.peer) == (later.at, later.peer) && !overtaken
    }
}
