//! Slots as servers: service times, bounded inboxes with priorities, and what waits while a slot is busy or paused.
//!
//! What comes up inside a slot (timers, syncs, requests) goes before every message that waits: no protocol may count on
//! when a message comes. A link notice has a place among the messages: after all that came from that peer on streams
//! before, whatever their priority, and before all that came later from anybody. For that it waits among the most
//! urgent, and lifts what its session still had to say up there with it: the end of a session is never starved, what
//! was urgent and there before is served before, and what is urgent and comes later, on the next session too, after.
//! A sync that takes no time delays nothing: no message is taken up before the process has heard that it is done.
//!
//! Off while every cost is zero and nobody was ever paused or slowed: then an arrival is one branch.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::identity::Slot;
use crate::process::{Lane, Priority};
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
    /// A link notice whose turn it is.
    Told(u32),
}

/// What waits in an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Message(u32, Lane),
    /// Takes no place of those that the inbox has.
    Notice(u32),
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
    /// How many messages and notices wait in the inbox.
    waiting: u32,
    /// How many of them are notices.
    notices: u32,
    inbox: [VecDeque<Waiting>; 3],
    /// Streams' messages that found it full, and notices that came after them.
    blocked: VecDeque<(Waiting, Priority)>,
    /// Syncs that took no time, and of which the process hears at this very moment.
    pub(crate) syncing: u32,
    /// Timers, syncs and requests that came up while busy or paused, in order.
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
    fn put(&mut self, what: Waiting, priority: Priority) {
        self.inbox[priority as usize].push_back(what);
        self.waiting += 1;
        self.notices += u32::from(matches!(what, Waiting::Notice(_)));
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
        } else if self.syncing > 0 {
            Turn::Nothing
        } else {
            self.next()
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
        self.coordinating = self.coordinating.saturating_add(cost.as_nanos());
        self.occupy(until);
    }

    /// Takes what is next to serve, most urgent first, and lets what is blocked in.
    fn next(&mut self) -> Turn {
        if self.waiting == 0 {
            return Turn::Nothing;
        }
        let Some(next) = self.inbox.iter_mut().find_map(VecDeque::pop_front) else { return Turn::Nothing };
        self.waiting -= 1;
        match next {
            Waiting::Message(envelope, _) => {
                self.let_in();
                Turn::Next(envelope)
            }
            Waiting::Notice(notice) => {
                self.notices -= 1;
                Turn::Told(notice)
            }
        }
    }

    /// Lets one blocked message into the place that became free, and the notices before and after it.
    fn let_in(&mut self) {
        let mut free = true;
        while let Some(&(what, priority)) = self.blocked.front() {
            let message = matches!(what, Waiting::Message(..));
            if message && !std::mem::take(&mut free) {
                return;
            }
            self.blocked.pop_front();
            self.put(what, priority);
        }
    }

    /// A link notice comes up while this is occupied. It waits among the most urgent, and with it all that waits of
    /// the streams that it is about, in their order.
    pub(crate) fn tell(&mut self, notice: u32, about: impl Fn(u32) -> bool) {
        let lifted = |what: &Waiting| matches!(what, Waiting::Message(key, Lane::Stream) if about(*key));
        let [urgent, lower @ ..] = &mut self.inbox;
        for queue in lower {
            urgent.extend(queue.iter().filter(|what| lifted(what)));
            queue.retain(|what| !lifted(what));
        }
        for (_, priority) in self.blocked.iter_mut().filter(|(what, _)| lifted(what)) {
            *priority = Priority::Critical;
        }
        if self.blocked.is_empty() {
            self.put(Waiting::Notice(notice), Priority::Critical);
        } else {
            self.blocked.push_back((Waiting::Notice(notice), Priority::Critical));
        }
    }

    /// Makes room: the youngest datagram of the least priority below this one. A stream never loses a message.
    fn shed_below(&mut self, priority: Priority) -> Option<u32> {
        let shed = self.inbox[priority as usize + 1..].iter_mut().rev().find_map(|queue| {
            let place = queue.iter().rposition(|what| matches!(what, Waiting::Message(_, Lane::Datagram)))?;
            queue.remove(place).and_then(Waiting::message)
        });
        self.waiting -= u32::from(shed.is_some());
        shed
    }

    /// Takes away everything that waits, as a crash finds it.
    pub(crate) fn drain(&mut self) -> Left {
        (self.waiting, self.notices, self.syncing) = (0, 0, 0);
        let mut left = Left { messages: self.serving.take().into_iter().collect(), ..Left::default() };
        left.events.extend(self.deferred.drain(..));
        let waiting = self.inbox.iter_mut().flat_map(|queue| queue.drain(..));
        for what in waiting.chain(self.blocked.drain(..).map(|(what, _)| what)) {
            match what {
                Waiting::Message(envelope, _) => left.messages.push(envelope),
                Waiting::Notice(notice) => left.notices.push(notice),
            }
        }
        left
    }
}

impl Waiting {
    fn message(self) -> Option<u32> {
        match self {
            Self::Message(envelope, _) => Some(envelope),
            Self::Notice(_) => None,
        }
    }
}

/// What waited at a slot that crashed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    pub(crate) messages: Vec<u32>,
    pub(crate) notices: Vec<u32>,
    pub(crate) events: Vec<u32>,
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
        nothing && server.syncing == 0 && !server.occupied() && self.model.inbox != Some(0)
    }

    /// A message arrives.
    pub(crate) fn offer(&mut self, slot: Slot, envelope: u32, lane: Lane, priority: Priority) -> Offer {
        let limit = self.model.inbox.unwrap_or(u32::MAX);
        let server = &mut self.table[slot.index()];
        let what = Waiting::Message(envelope, lane);
        if server.waiting - server.notices < limit {
            server.put(what, priority);
            return Offer::Waits;
        }
        if lane == Lane::Stream {
            server.blocked.push_back((what, priority));
            return Offer::Waits;
        }
        match server.shed_below(priority) {
            Some(shed) => {
                server.put(what, priority);
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
            percent => {
                Duration::from_nanos(plain.as_nanos().saturating_mul(percent.into()) / 100).max(server.floor)
            }
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

/// What steps cost. All zero: nothing waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceModel {
    /// Time per message received.
    pub per_message: Duration,
    /// Time per thousand bytes received.
    pub per_kilobyte: Duration,
    /// Time per signature made or verified.
    pub per_signature: Duration,
    /// Messages that may wait at a slot, at least one; unbounded if absent.
    pub inbox: Option<u32>,
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

    /// All that waits, in the order in which it is served; notices as negative numbers.
    fn served(servers: &mut Servers) -> Vec<i64> {
        let mut next = || match servers.of(Slot(0)).next() {
            Turn::Next(envelope) => Some(i64::from(envelope)),
            Turn::Told(notice) => Some(-i64::from(notice)),
            _ => None,
        };
        std::iter::from_fn(&mut next).collect()
    }

    #[test]
    fn urgent_messages_are_served_first() {
        let mut servers = servers(9);
        for (envelope, priority) in [(1, Priority::Low), (2, Priority::Normal), (3, Priority::Critical)] {
            servers.offer(Slot(0), envelope, Lane::Datagram, priority);
        }
        assert_eq!(served(&mut servers), [3, 2, 1]);
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
        assert_eq!(served(&mut servers), [4, 2, 5]);
    }

    #[test]
    fn a_notice_comes_after_what_its_session_said_and_before_what_comes_later() {
        let mut servers = servers(99);
        // Even envelopes are of the peer that the notices are about.
        for (envelope, lane, priority) in [
            (2, Lane::Stream, Priority::Low),
            (3, Lane::Stream, Priority::Low),
            (4, Lane::Stream, Priority::Normal),
            (6, Lane::Datagram, Priority::Normal),
            (5, Lane::Stream, Priority::Critical),
            (8, Lane::Stream, Priority::Low),
        ] {
            servers.offer(Slot(0), envelope, lane, priority);
        }
        servers.of(Slot(0)).tell(1, |envelope| envelope % 2 == 0);
        servers.offer(Slot(0), 7, Lane::Stream, Priority::Critical);
        servers.of(Slot(0)).tell(2, |envelope| envelope % 2 == 0 && envelope < 10);
        servers.offer(Slot(0), 10, Lane::Stream, Priority::Critical);
        assert_eq!(served(&mut servers), [5, 4, 2, 8, -1, 7, -2, 10, 6, 3]);
    }

    #[test]
    fn a_notice_comes_after_what_found_the_inbox_full_and_takes_no_place_in_it() {
        let mut servers = servers(2);
        for envelope in 1..=5 {
            servers.offer(Slot(0), envelope, Lane::Stream, Priority::Normal);
        }
        servers.of(Slot(0)).tell(1, |envelope| envelope % 2 == 0);
        servers.of(Slot(0)).tell(2, |envelope| envelope % 2 == 0);
        servers.offer(Slot(0), 6, Lane::Stream, Priority::Critical);
        assert_eq!(servers.of(Slot(0)).waiting, 2, "the bound holds");
        // 3 comes in as 2 is taken, 4, which is lifted where it is blocked, as 1 is, and the notices behind 5.
        assert_eq!(served(&mut servers), [2, 1, 4, -1, -2, 3, 6, 5]);
        servers.of(Slot(0)).tell(3, |_| true);
        servers.offer(Slot(0), 7, Lane::Stream, Priority::Normal);
        servers.offer(Slot(0), 8, Lane::Stream, Priority::Normal);
        assert_eq!(servers.of(Slot(0)).waiting, 3, "two messages and a notice");
        assert_eq!(served(&mut servers), [-3, 7, 8]);
    }

    #[test]
    fn a_crash_takes_all_that_waits() {
        let mut servers = servers(2);
        for envelope in 1..=3 {
            servers.offer(Slot(0), envelope, Lane::Stream, Priority::Normal);
        }
        servers.of(Slot(0)).tell(9, |_| false);
        servers.of(Slot(0)).deferred.push_back(8);
        let left = servers.of(Slot(0)).drain();
        assert_eq!((left.messages, left.notices, left.events), (vec![1, 2, 3], vec![9], vec![8]));
        assert!(servers.idle(Slot(0)));
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
