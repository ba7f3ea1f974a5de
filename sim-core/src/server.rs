//! Slots as servers: service times, bounded inboxes with priorities, and what waits while a slot is busy or paused.
//!
//! Off while every cost is zero and nobody was ever paused or slowed: then an arrival is one branch.

use std::collections::VecDeque;

use crate::identity::Slot;
use crate::process::{Lane, Priority};
use crate::setup::ServiceModel;
use crate::time::{Duration, Time};

/// What became of a message that arrived at a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It waits.
    Waits,
    /// The inbox is full: this message is shed (the new one, or one of lower priority).
    Shed(u32),
}

/// What a server turns to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is occupied, or nothing waits.
    Nothing,
    /// A message whose time is over.
    Served(u32),
    /// An event that came up while it was occupied.
    Deferred(u32),
    /// The next message.
    Next(u32),
}

/// One slot's server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    /// Something is being served: a `Served` event is queued.
    pub(crate) busy: bool,
    /// When that will be over.
    until: Time,
    /// Stands still.
    pub(crate) paused: bool,
    /// The message being served.
    serving: Option<u32>,
    /// How many messages wait in the inbox.
    waiting: u32,
    inbox: [VecDeque<(u32, Lane)>; 3],
    blocked: VecDeque<(u32, Priority)>,
    /// Events (not messages) that came up while busy or paused, in order.
    pub(crate) deferred: VecDeque<u32>,
    slow_percent: u32,
    floor: Duration,
    /// Work that the step in progress asked for.
    pub(crate) work: Duration,
    /// Nanoseconds spent on messages and signatures.
    pub(crate) coordinating: u64,
    /// Nanoseconds spent on work.
    pub(crate) working: u64,
}

impl Server {
    fn put(&mut self, envelope: u32, lane: Lane, priority: Priority) {
        self.inbox[priority as usize].push_back((envelope, lane));
        self.waiting += 1;
    }

    /// Whether events of this slot must wait.
    #[inline]
    pub(crate) fn occupied(&self) -> bool {
        self.busy || self.paused
    }

    /// What comes next.
    #[inline]
    pub(crate) fn turn(&mut self) -> Turn {
        if self.occupied() {
            Turn::Nothing
        } else if let Some(key) = self.serving.take() {
            Turn::Served(key)
        } else if let Some(event) = self.deferred.pop_front() {
            Turn::Deferred(event)
        } else {
            self.next().map_or(Turn::Nothing, Turn::Next)
        }
    }

    /// Whether what came up at `now` ends what it is busy with: a crash may have ended that before, whatever it was.
    #[inline]
    pub(crate) fn finished(&mut self, now: Time) -> bool {
        let finished = self.busy && self.until == now;
        self.busy &= !finished;
        finished
    }

    /// The end of a service, which was to be at `until`, is now: it was chosen to come next. A stale end stays stale.
    pub(crate) fn bring_forward(&mut self, until: Time, now: Time) {
        if self.until == until {
            self.until = now;
        }
    }

    /// Is busy until then.
    #[inline]
    pub(crate) fn occupy(&mut self, until: Time) {
        self.busy = true;
        self.until = until;
    }

    /// Takes a message up.
    #[inline]
    pub(crate) fn serve(&mut self, envelope: u32, cost: Duration, until: Time) {
        self.serving = Some(envelope);
        self.coordinating += cost.as_nanos();
        self.occupy(until);
    }

    /// Takes the next message to serve, most urgent first, and lets a blocked one in.
    fn next(&mut self) -> Option<u32> {
        if self.waiting == 0 {
            return None;
        }
        let (next, _) = self.inbox.iter_mut().find_map(VecDeque::pop_front)?;
        self.waiting -= 1;
        if let Some((envelope, priority)) = self.blocked.pop_front() {
            self.put(envelope, Lane::Stream, priority);
        }
        Some(next)
    }

    /// Makes room: the youngest datagram of the least priority below this one. A stream never loses a message.
    fn shed_below(&mut self, priority: Priority) -> Option<u32> {
        let shed = self.inbox[priority as usize + 1..].iter_mut().rev().find_map(|queue| {
            let place = queue.iter().rposition(|(_, lane)| *lane == Lane::Datagram)?;
            queue.remove(place).map(|(envelope, _)| envelope)
        });
        self.waiting -= u32::from(shed.is_some());
        shed
    }

    /// Everything that waits, as a crash finds it.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.deferred.clear();
        self.waiting = 0;
        let serving = self.serving.take();
        let waiting = self.inbox.iter_mut().flat_map(|queue| queue.drain(..)).map(|(envelope, _)| envelope);
        serving.into_iter().chain(waiting).chain(self.blocked.drain(..).map(|(envelope, _)| envelope))
    }
}

/// The servers of all slots.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    model: ServiceModel,
    table: Vec<Server>,
    slots: usize,
}

impl Servers {
    pub(crate) fn new(model: &ServiceModel, slots: usize) -> Self {
        let mut servers = Self { model: model.clone(), table: Vec::new(), slots };
        if model != (&ServiceModel { inbox: model.inbox, ..ServiceModel::default() }) {
            servers.turn_on();
        }
        servers
    }

    /// Whether arrivals must go through the servers.
    #[inline]
    pub(crate) fn on(&self) -> bool {
        !self.table.is_empty()
    }

    /// From now on arrivals go through the servers.
    pub(crate) fn turn_on(&mut self) {
        if self.table.is_empty() {
            self.table.resize_with(self.slots, Server::default);
        }
    }

    pub(crate) fn add_slot(&mut self) {
        self.slots += 1;
        if self.on() {
            self.table.push(Server::default());
        }
    }

    #[inline]
    pub(crate) fn of(&mut self, slot: Slot) -> &mut Server {
        &mut self.table[slot.index()]
    }

    /// Whether an event of this slot must wait.
    pub(crate) fn occupied(&self, slot: Slot) -> bool {
        self.table.get(slot.index()).is_some_and(Server::occupied)
    }

    /// Whether a message that arrives now is before all others, and need not wait.
    #[inline]
    pub(crate) fn idle(&self, slot: Slot) -> bool {
        let server = &self.table[slot.index()];
        let nothing = server.waiting == 0 && server.deferred.is_empty() && server.serving.is_none();
        nothing && !server.occupied() && self.model.inbox != Some(0)
    }

    /// A message arrives.
    pub(crate) fn offer(&mut self, slot: Slot, envelope: u32, lane: Lane, priority: Priority) -> Offer {
        let limit = self.model.inbox.unwrap_or(u32::MAX);
        let server = &mut self.table[slot.index()];
        if server.waiting < limit {
            server.put(envelope, lane, priority);
            return Offer::Waits;
        }
        if lane == Lane::Stream {
            server.blocked.push_back((envelope, priority));
            return Offer::Waits;
        }
        match server.shed_below(priority) {
            Some(shed) => {
                server.put(envelope, lane, priority);
                Offer::Shed(shed)
            }
            None => Offer::Shed(envelope),
        }
    }

    /// The service time of a message.
    #[inline]
    pub(crate) fn message_cost(&self, slot: Slot, size: u32) -> Duration {
        let model = &self.model;
        if model.per_kilobyte.is_zero() {
            return self.slowed(slot, model.per_message);
        }
        let bytes = u128::from(model.per_kilobyte.as_nanos()) * u128::from(size) / 1_000;
        let plain = model.per_message + Duration::from_nanos(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.slowed(slot, plain)
    }

    /// The time that signatures take.
    #[inline]
    pub(crate) fn signature_cost(&self, slot: Slot, signatures: u32) -> Duration {
        if signatures == 0 || self.model.per_signature.is_zero() {
            return Duration::ZERO;
        }
        self.slowed(slot, self.model.per_signature * u64::from(signatures))
    }

    #[inline]
    fn slowed(&self, slot: Slot, plain: Duration) -> Duration {
        let server = &self.table[slot.index()];
        match server.slow_percent {
            0 | 100 => plain,
            percent => Duration::from_nanos(plain.as_nanos() * u64::from(percent) / 100).max(server.floor),
        }
    }

    pub(crate) fn slow(&mut self, slot: Slot, percent: u32, floor: Duration) {
        self.turn_on();
        let server = self.of(slot);
        server.slow_percent = percent;
        server.floor = floor;
    }

    /// Nanoseconds spent `(coordinating, working)` by all slots.
    pub(crate) fn booked(&self) -> (u64, u64) {
        self.table.iter().fold((0, 0), |sum, server| (sum.0 + server.coordinating, sum.1 + server.working))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(inbox: u32) -> Servers {
        let model = ServiceModel {
            per_message: Duration::from_micros(10),
            per_kilobyte: Duration::from_micros(1),
            per_signature: Duration::from_micros(50),
            inbox: Some(inbox),
        };
        Servers::new(&model, 1)
    }

    #[test]
    fn urgent_messages_are_served_first() {
        let mut servers = servers(9);
        for (envelope, priority) in [(1, Priority::Low), (2, Priority::Normal), (3, Priority::Critical)] {
            servers.offer(Slot(0), envelope, Lane::Datagram, priority);
        }
        let order: Vec<_> = std::iter::from_fn(|| servers.of(Slot(0)).next()).collect();
        assert_eq!(order, [3, 2, 1]);
    }

    #[test]
    fn a_full_inbox_sheds_the_least_urgent_datagram_and_blocks_streams() {
        let mut servers = servers(2);
        servers.offer(Slot(0), 1, Lane::Datagram, Priority::Low);
        servers.offer(Slot(0), 2, Lane::Datagram, Priority::Normal);
        assert_eq!(servers.offer(Slot(0), 3, Lane::Datagram, Priority::Low), Offer::Shed(3));
        assert_eq!(servers.offer(Slot(0), 4, Lane::Datagram, Priority::Critical), Offer::Shed(1));
        assert_eq!(servers.offer(Slot(0), 5, Lane::Stream, Priority::Normal), Offer::Waits);
        assert_eq!(servers.of(Slot(0)).waiting, 2, "the bound holds");
        let order: Vec<_> = std::iter::from_fn(|| servers.of(Slot(0)).next()).collect();
        assert_eq!(order, [4, 2, 5]);
    }

    #[test]
    fn costs_follow_size_and_slowness() {
        let mut servers = servers(2);
        assert_eq!(servers.message_cost(Slot(0), 2_000), Duration::from_micros(12));
        assert_eq!(servers.signature_cost(Slot(0), 3), Duration::from_micros(150));
        servers.slow(Slot(0), 300, Duration::from_micros(40));
        assert_eq!(servers.message_cost(Slot(0), 0), Duration::from_micros(40));
        servers.slow(Slot(0), 100, Duration::ZERO);
        assert_eq!(servers.message_cost(Slot(0), 0), Duration::from_micros(10));
    }

    #[test]
    fn free_service_is_off_until_needed() {
        let mut servers = Servers::new(&ServiceModel::default(), 2);
        assert!(!servers.on());
        servers.slow(Slot(1), 200, Duration::from_micros(1));
        assert!(servers.on());
        assert_eq!(servers.message_cost(Slot(1), 100), Duration::from_micros(1));
    }
}
