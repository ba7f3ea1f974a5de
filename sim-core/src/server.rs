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

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, Sampler};
use crate::identity::Slot;
use crate::process::{Lane, Priority};
use crate::random::{Draw, Keyed, Purpose};
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

/// No envelope, and no event, has this key.
const NONE: u32 = u32::MAX;

/// One slot's server: what every message looks at, in one cache line. What few need is behind `queues`.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Server {
    /// When what it is busy with will be over.
    until: Time,
    /// Work that the step in progress asked for.
    pub(crate) work: Duration,
    /// Nanoseconds spent on messages and signatures.
    pub(crate) coordinating: u64,
    /// Nanoseconds spent on work.
    pub(crate) working: u64,
    /// What waits, as soon as something ever waited.
    queues: Option<Box<Queues>>,
    /// The message being served, or [`NONE`].
    serving: u32,
    /// How many messages and notices wait in the inbox, and how many events until it is free.
    waiting: u32,
    /// Syncs that took no time, and of which the process hears at this very moment.
    pub(crate) syncing: u32,
    slow_percent: u32,
    /// Something is being served: a `Served` event is queued.
    pub(crate) busy: bool,
    /// Stands still.
    pub(crate) paused: bool,
}

/// What waits at a slot.
#[derive(Clone, Debug, Default)]
struct Queues {
    inbox: [VecDeque<Waiting>; 3],
    /// How many messages wait in the inbox.
    messages: u32,
    /// Streams' messages that found it full, and notices that came after them.
    blocked: VecDeque<(Waiting, Priority)>,
    /// Timers, syncs and requests that came up while busy or paused, in order.
    deferred: VecDeque<u32>,
    /// The least service time of a slow slot.
    floor: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            until: Time::ZERO,
            work: Duration::ZERO,
            coordinating: 0,
            working: 0,
            queues: None,
            serving: NONE,
            waiting: 0,
            syncing: 0,
            slow_percent: 0,
            busy: false,
            paused: false,
        }
    }
}

impl Server {
    fn queues(&mut self) -> &mut Queues {
        self.queues.get_or_insert_default()
    }

    fn put(&mut self, what: Waiting, priority: Priority) {
        let queues = self.queues();
        queues.inbox[priority as usize].push_back(what);
        queues.messages += u32::from(matches!(what, Waiting::Message(..)));
        self.waiting += 1;
    }

    /// An event of this slot waits until it is free.
    pub(crate) fn defer(&mut self, event: u32) {
        self.queues().deferred.push_back(event);
        self.waiting += 1;
    }

    /// Whether events of this slot must wait.
    #[inline]
    pub(crate) fn occupied(&self) -> bool {
        self.busy || self.paused
    }

    /// Whether nothing waits and nothing is being done.
    #[inline]
    fn idle(&self) -> bool {
        self.waiting == 0 && self.serving == NONE && self.syncing == 0 && !self.occupied()
    }

    /// What comes next.
    #[inline]
    pub(crate) fn turn(&mut self) -> Turn {
        if self.occupied() {
            Turn::Nothing
        } else if self.serving != NONE {
            Turn::Served(std::mem::replace(&mut self.serving, NONE))
        } else if self.waiting == 0 {
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

    /// When what it is busy with will be over, if it is busy.
    pub(crate) fn busy_until(&self) -> Option<Time> {
        self.busy.then_some(self.until)
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
        self.serving = envelope;
        self.coordinating = self.coordinating.saturating_add(cost.as_nanos());
        self.occupy(until);
    }

    /// Takes what is next: events that were deferred, then what is most urgent, and lets what is blocked in.
    fn next(&mut self) -> Turn {
        let syncing = self.syncing > 0;
        let Some(queues) = &mut self.queues else { return Turn::Nothing };
        if let Some(event) = queues.deferred.pop_front() {
            self.waiting -= 1;
            return Turn::Deferred(event);
        }
        if syncing {
            return Turn::Nothing;
        }
        let Some(next) = queues.inbox.iter_mut().find_map(VecDeque::pop_front) else { return Turn::Nothing };
        self.waiting -= 1;
        match next {
            Waiting::Message(envelope, _) => {
                queues.messages -= 1;
                self.let_in();
                Turn::Next(envelope)
            }
            Waiting::Notice(notice) => Turn::Told(notice),
        }
    }

    /// Lets one blocked message into the place that became free, and the notices before and after it.
    fn let_in(&mut self) {
        let mut free = true;
        while let Some(&(what, priority)) = self.queues().blocked.front() {
            let message = matches!(what, Waiting::Message(..));
            if message && !std::mem::take(&mut free) {
                return;
            }
            self.queues().blocked.pop_front();
            self.put(what, priority);
        }
    }

    /// A link notice comes up while this is occupied. It waits among the most urgent, and with it all that waits of
    /// the streams that it is about, in their order.
    pub(crate) fn tell(&mut self, notice: u32, about: impl Fn(u32) -> bool) {
        let lifted = |what: &Waiting| matches!(what, Waiting::Message(key, Lane::Stream) if about(*key));
        let queues = self.queues();
        let [urgent, lower @ ..] = &mut queues.inbox;
        for queue in lower {
            urgent.extend(queue.iter().filter(|what| lifted(what)));
            queue.retain(|what| !lifted(what));
        }
        for (_, priority) in queues.blocked.iter_mut().filter(|(what, _)| lifted(what)) {
            *priority = Priority::Critical;
        }
        if queues.blocked.is_empty() {
            self.put(Waiting::Notice(notice), Priority::Critical);
        } else {
            queues.blocked.push_back((Waiting::Notice(notice), Priority::Critical));
        }
    }

    /// Makes room: the youngest datagram of the least priority below this one. A stream never loses a message.
    fn shed_below(&mut self, priority: Priority) -> Option<u32> {
        let queues = self.queues();
        let shed = queues.inbox[priority as usize + 1..].iter_mut().rev().find_map(|queue| {
            let place = queue.iter().rposition(|what| matches!(what, Waiting::Message(_, Lane::Datagram)))?;
            queue.remove(place).and_then(Waiting::message)
        });
        queues.messages -= u32::from(shed.is_some());
        self.waiting -= u32::from(shed.is_some());
        shed
    }

    /// A message arrives that must wait, in an inbox of so many places.
    fn offer(&mut self, envelope: u32, lane: Lane, priority: Priority, limit: u32) -> Offer {
        let what = Waiting::Message(envelope, lane);
        if self.queues().messages < limit {
            self.put(what, priority);
            return Offer::Waits;
        }
        if lane == Lane::Stream {
            self.queues().blocked.push_back((what, priority));
            return Offer::Waits;
        }
        match self.shed_below(priority) {
            Some(shed) => {
                self.put(what, priority);
                Offer::Shed(shed)
            }
            None => Offer::Shed(envelope),
        }
    }

    /// What is true between two events, with so many syncs that take no time; the messages that wait.
    fn invariants(&self, limit: u32, syncing: u32) -> Vec<u32> {
        let serving = (self.serving != NONE).then_some(self.serving);
        assert_eq!(self.syncing, syncing, "syncs that take no time are counted");
        let nothing = self.waiting == 0 && serving.is_none();
        assert!(nothing || self.occupied() || self.syncing > 0, "nothing waits for a server that is free");
        let Some(queues) = &self.queues else {
            assert_eq!(self.waiting, 0, "what waits is in a queue");
            return serving.into_iter().collect();
        };
        let inbox = || queues.inbox.iter().flatten().copied();
        let waiting = inbox().count() + queues.deferred.len();
        assert_eq!(waiting, self.waiting as usize, "what waits is counted");
        assert_eq!(
            inbox().filter_map(Waiting::message).count(),
            queues.messages as usize,
            "messages are counted"
        );
        let full = queues.messages >= limit;
        assert!(queues.blocked.is_empty() || full, "a stream is blocked by a full inbox only");
        let blocked = queues.blocked.iter().map(|(what, _)| *what);
        serving.into_iter().chain(inbox().chain(blocked).filter_map(Waiting::message)).collect()
    }

    /// Takes away everything that waits, as a crash finds it.
    pub(crate) fn drain(&mut self) -> Left {
        (self.waiting, self.syncing) = (0, 0);
        let serving = std::mem::replace(&mut self.serving, NONE);
        let mut left = Left::default();
        left.messages.extend((serving != NONE).then_some(serving));
        let Some(queues) = &mut self.queues else { return left };
        queues.messages = 0;
        left.events.extend(queues.deferred.drain(..));
        let waiting = queues.inbox.iter_mut().flat_map(|queue| queue.drain(..));
        for what in waiting.chain(queues.blocked.drain(..).map(|(what, _)| what)) {
            match what {
                Waiting::Message(envelope, _) => left.messages.push(envelope),
                Waiting::Notice(notice) => left.notices.push(notice),
            }
        }
        left
    }

    #[cold]
    fn slowed(&self, plain: Duration) -> Duration {
        let floor = self.queues.as_ref().map_or(Duration::ZERO, |queues| queues.floor);
        Duration::from_nanos(plain.as_nanos().saturating_mul(self.slow_percent.into()) / 100).max(floor)
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
    per_message: PerMessage,
    table: Vec<Server>,
    slots: usize,
}

/// The service time of a message, ready to be asked for.
#[derive(Clone, Debug)]
enum PerMessage {
    Fixed(Duration),
    Drawn(Box<Sampler>, Keyed),
}

impl Servers {
    /// From now on, service times are drawn from another seed.
    pub(crate) fn draw_anew(&mut self, seed: u64) {
        if let PerMessage::Drawn(_, keyed) = &mut self.per_message {
            *keyed = Keyed::new(seed, Purpose::Work);
        }
    }

    pub(crate) fn new(model: &ServiceModel, slots: usize, seed: u64) -> Self {
        let per_message = match &model.per_message {
            Distribution::Fixed(time) => PerMessage::Fixed(*time),
            drawn => PerMessage::Drawn(Box::new(drawn.compile()), Keyed::new(seed, Purpose::Work)),
        };
        let mut servers = Self { model: model.clone(), per_message, table: Vec::new(), slots };
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

    /// What is true of a slot's server between two events, with so many syncs that take no time; the messages that wait.
    pub(crate) fn invariants(&self, slot: Slot, syncing: u32) -> Vec<u32> {
        self.table[slot.index()].invariants(self.model.inbox.unwrap_or(u32::MAX), syncing)
    }

    #[inline]
    pub(crate) fn of(&mut self, slot: Slot) -> &mut Server {
        &mut self.table[slot.index()]
    }

    /// Whether an event of this slot must wait.
    pub(crate) fn occupied(&self, slot: Slot) -> bool {
        self.table.get(slot.index()).is_some_and(Server::occupied)
    }

    /// When what a slot is busy with will be over, if it is busy.
    pub(crate) fn busy_until(&self, slot: Slot) -> Option<Time> {
        self.table.get(slot.index()).and_then(Server::busy_until)
    }

    /// Whether a message that arrives now is before all others, and need not wait.
    #[inline]
    pub(crate) fn idle(&self, slot: Slot) -> bool {
        self.table[slot.index()].idle() && self.model.inbox != Some(0)
    }

    /// Reads what the next events of a slot will need.
    #[inline]
    pub(crate) fn touch(&self, slot: Slot) -> bool {
        self.table.get(slot.index()).is_some_and(|server| server.busy)
    }

    /// A message arrives.
    pub(crate) fn offer(&mut self, slot: Slot, envelope: u32, lane: Lane, priority: Priority) -> Offer {
        let limit = self.model.inbox.unwrap_or(u32::MAX);
        self.of(slot).offer(envelope, lane, priority, limit)
    }

    /// The service time of a message from a slot, sent at a time. Copies of it take the same.
    #[inline]
    pub(crate) fn message_cost(&self, slot: Slot, size: u32, from: Slot, sent: Time) -> Duration {
        let per_message = match &self.per_message {
            PerMessage::Fixed(time) => *time,
            PerMessage::Drawn(law, keyed) => {
                let ends = u64::from(from.0) << 32 | u64::from(slot.0);
                let mut draw = Draw::new(*keyed, ends, sent.as_nanos());
                let word = draw.next_u64();
                law.sample(word, &mut draw)
            }
        };
        if self.model.per_kilobyte.is_zero() {
            return self.slowed(slot, per_message);
        }
        let bytes = u128::from(self.model.per_kilobyte.as_nanos()) * u128::from(size) / 1_000;
        let plain = per_message + Duration::from_nanos(u64::try_from(bytes).unwrap_or(u64::MAX));
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
            _ => server.slowed(plain),
        }
    }

    pub(crate) fn slow(&mut self, slot: Slot, percent: u32, floor: Duration) {
        self.turn_on();
        let server = self.of(slot);
        server.slow_percent = percent;
        server.queues().floor = floor;
    }

    /// How the time of all slots was spent.
    pub(crate) fn booked(&self) -> Booked {
        self.table.iter().fold(Booked::default(), |sum, server| Booked {
            coordinating: sum.coordinating + server.coordinating,
            working: sum.working + server.working,
        })
    }
}

/// How time was spent, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Booked {
    /// On messages and signatures.
    pub(crate) coordinating: u64,
    /// On work.
    pub(crate) working: u64,
}

/// What steps cost. All zero: nothing waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceModel {
    /// Time per message received.
    pub per_message: Distribution,
    /// Time per thousand bytes received.
    pub per_kilobyte: Duration,
    /// Time per signature made or verified.
    pub per_signature: Duration,
    /// Messages that may wait at a slot, at least one; unbounded if absent.
    pub inbox: Option<u32>,
}
