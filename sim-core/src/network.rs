//! The network: what becomes of a message, and when both ends of a session learn that it is over.
//!
//! Pure logic: no protocol, no queue of events. The world asks [`Network::send`] at each send, schedules the
//! [`Flight`]s that it gets, and asks [`Network::admits`] at each arrival. Faults change the network at once; what ends
//! of sessions hear of it comes back as [`LinkNotice`]s to schedule.
//!
//! **What the key keeps stable.** The fate of a message is a function of the seed, its ends, its send time and its
//! ordinal. The same instant between the same ends meets the same fate, whatever else is sent, cut, degraded or
//! removed: more loss loses all that less loss did and more, each window's spikes and each retransmission are decided
//! by words of their own. What is not a function of the message alone is what must not be: waiting for bandwidth, the
//! order of a stream, and cuts.
//!
//! **Two lanes.** A datagram may be lost, doubled, damaged, late. A stream is a session between two slots: strictly
//! first in, first out for each direction and priority, where loss is delay; its life is told in `network/session.rs`.
//!
//! - `fate`: the dice, and what each bit decides; `pin`: fates that changed something, and fates fixed by hand
//! - `latency`, `bandwidth`, `topology`, `route`: how long it takes, and which way
//! - `cut`, `degrade`: faults in force; `session`, `lifecycle`: what they do to streams

mod bandwidth;
mod cut;
mod degrade;
mod fate;
mod latency;
mod lifecycle;
mod links;
mod model;
mod pin;
mod route;
mod row;
mod session;
#[cfg(test)]
mod tests;
mod topology;

pub use cut::{CutId, Reach};
pub use degrade::{Degradation, DegradeId};
pub use model::{NetworkModel, Topology};
pub use pin::{CHANGES_KEPT, ChangedFate, Changes, FateChange, Pin, PinnedFate, Pins};
pub use topology::{TopologyError, fit_topology};

use crate::distribution::{DistributionError, RegionError};
use crate::identity::Slot;
use crate::process::{Lane, LinkState, Priority, Role};
use crate::random::Draw;
use crate::time::{Duration, Time};

use bandwidth::Lines;
use cut::{Cuts, SlotSet};
use degrade::Windows;
use fate::{Chance, Chances, Dice, Name, backoff, damage};
use latency::Latency;
use links::Links;
use route::Routes;
use topology::Graph;

/// A message, as far as the network looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// True time of the send.
    pub now: Time,
    /// Who sends.
    pub from: Slot,
    /// To whom.
    pub to: Slot,
    /// Bytes on the wire.
    pub size: u32,
    /// Which service carries it.
    pub lane: Lane,
    /// In which order it is served; a stream keeps the order within a priority only.
    pub priority: Priority,
    /// Tells messages apart that are sent at one instant between the same ends. Counting only those keeps the fate of
    /// each as it is when a message to somebody else is added.
    pub ordinal: u32,
}

/// A message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// True time of the arrival.
    pub at: Time,
    /// The session that carries it, counted from 1 for each pair of slots; 0 for a datagram.
    pub session: u32,
    /// Whether a bit flipped: a checksum finds it at the receiver.
    pub damaged: bool,
}

/// What became of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// It is under way.
    One(Flight),
    /// It is under way twice: the message, and its copy, which may arrive first and is never damaged.
    Two(Flight, Flight),
    /// It will not arrive.
    Lost(Lost),
}

/// Why a message will not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// By chance.
    Loss,
    /// A cut is in between.
    Cut,
    /// A stream message without a live session that its sender heard of.
    NoSession,
    /// One of the ends does not exist.
    NoRoute,
    /// The sender's line is busy and its queue is full.
    QueueFull,
}

/// What one end of a session hears. Ask [`Network::concerns`] before it is delivered: the process that it was for may
/// be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkNotice {
    /// Who hears it.
    pub slot: Slot,
    /// The other end.
    pub peer: Slot,
    /// What became of the session.
    pub state: LinkState,
    /// When, true time.
    pub at: Time,
    /// Which session.
    pub session: u32,
}

/// Why a model is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The latency cannot be drawn from.
    #[error("build the network: latency: failed to {0}")]
    Latency(DistributionError),
    /// The latency of clients cannot be drawn from.
    #[error("build the network: client latency: failed to {0}")]
    ClientLatency(DistributionError),
    /// The regions do not fit together or do not fit the slots.
    #[error("build the network: failed to {0}")]
    Regions(#[from] RegionError),
    /// The topology does not fit the members.
    #[error("build the network: failed to {0}")]
    Topology(#[from] TopologyError),
    /// A bandwidth of zero, over which nothing would ever arrive.
    #[error("build the network: bandwidth must be above zero")]
    Bandwidth,
}

/// The links between all slots. State is kept for pairs that use streams, and for senders of limited bandwidth.
#[derive(Clone, Debug)]
pub struct Network {
    /// Nothing rare is in force: a datagram needs the words of its fate and a latency.
    quiet: bool,
    slots: u32,
    chances: Chances,
    /// That a segment is lost or damaged, and sent again, where no window makes it worse.
    retransmission: Chance,
    dice: Dice,
    latency: Latency,
    retransmit_after: Duration,
    queue_bytes: Option<u64>,
    lines: Option<Lines>,
    routes: Option<Routes>,
    cuts: Cuts,
    windows: Windows,
    links: Links,
    /// Slots without a process.
    down: SlotSet,
    /// The latest arrival of a stream message from each slot to itself; slots that sent none may be missing.
    loopback: Vec<Time>,
    pins: Pins,
    /// Whether what is not pinned is left to no chance.
    pins_only: bool,
    /// How long the message that was sent last waits on its sender's line behind others.
    queued: Duration,
    changes: Changes,
}

/// The fate of a message, before the order of a stream and after the sender's line.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    lost: bool,
    damaged: bool,
    delay: Duration,
    /// The delay of a second copy, which is never damaged.
    copy: Option<Duration>,
}

impl Network {
    /// The network of `members` member slots followed by `clients` client slots, all up. `seed` is the run's.
    ///
    /// # Errors
    /// The first thing in the model that makes no sense or does not fit the number of slots.
    pub fn new(model: &NetworkModel, members: u32, clients: u32, seed: u64) -> Result<Self, NetworkError> {
        if model.bandwidth == Some(0) {
            return Err(NetworkError::Bandwidth);
        }
        let graph =
            model.topology.as_ref().map(|topology| Graph::build(topology, members, seed)).transpose()?;
        let chances = Chances::new(model.loss, model.duplicate, model.corrupt);
        let mut network = Self {
            quiet: false,
            slots: members + clients,
            chances,
            retransmission: chances.retransmission(),
            dice: Dice::new(seed),
            latency: Latency::new(model, members, clients)?,
            retransmit_after: model.retransmit_after,
            queue_bytes: model.queue_bytes,
            lines: model.bandwidth.map(Lines::new),
            routes: graph.flatten().map(Routes::new),
            cuts: Cuts::default(),
            windows: Windows::default(),
            links: Links::new(members + clients),
            down: SlotSet::default(),
            loopback: Vec::new(),
            pins: Pins::default(),
            pins_only: false,
            queued: Duration::ZERO,
            changes: Changes::default(),
        };
        network.settle();
        Ok(network)
    }

    /// Sends a message. Times beyond [`Time::MAX`] stop there.
    #[inline(always)]
    pub fn send(&mut self, packet: &Packet) -> Sent {
        if !self.quiet || packet.from == packet.to {
            return self.send_with_care(packet, Duration::ZERO);
        }
        if packet.from.0.max(packet.to.0) >= self.slots {
            return Sent::Lost(Lost::NoRoute);
        }
        if packet.lane == Lane::Stream {
            return self.send_quietly(packet);
        }
        let name = Name::of(packet);
        let (words @ [chance, word], mut more) = self.dice.fate(name);
        let chances = &self.chances;
        let plain = !chances.loss.upper(chance) && !chances.duplicate.lower(chance);
        if !plain || damage(words, chances.corrupt) {
            return self.send_with_care(packet, Duration::ZERO);
        }
        let delay = self.latency.hop(packet.from.index(), packet.to.index(), word, &mut more);
        Sent::One(Flight { at: packet.now.saturating_add(delay), session: 0, damaged: false })
    }

    /// Sends on the stream lane while nothing rare is in force.
    #[inline(never)]
    fn send_quietly(&mut self, packet: &Packet) -> Sent {
        let &Packet { now, from, to, priority, .. } = packet;
        let ([chance, word], mut more) = self.dice.fate(Name::of(packet));
        if self.retransmission.upper(chance) {
            return self.send_with_care(packet, Duration::ZERO);
        }
        let delay = self.latency.hop(from.index(), to.index(), word, &mut more);
        match self.links.follow(from, to, priority, now.saturating_add(delay)) {
            Some((at, session)) => Sent::One(Flight { at, session, damaged: false }),
            None => self.send_with_care(packet, Duration::ZERO),
        }
    }

    /// [`Network::send`] of a message that is held back for a time after it left its sender.
    pub fn send_late(&mut self, packet: &Packet, late: Duration) -> Sent {
        if late.is_zero() {
            return self.send(packet);
        }
        self.send_with_care(packet, late)
    }

    /// Whether a message that was sent at `sent` in `session` (0: a datagram) may be delivered now: no cut keeps a
    /// datagram off, and what a session had under way was not lost with it.
    #[inline]
    pub fn admits(&self, from: Slot, to: Slot, session: u32, sent: Time) -> bool {
        if session == 0 {
            return self.cuts.is_empty() || self.passes(from, to);
        }
        self.links.admits(from, to, session, sent)
    }

    /// Whether a notice is still for the process at its slot: false if that process, or its slot, went down since.
    pub fn concerns(&self, notice: &LinkNotice) -> bool {
        let link = self.links.record(notice.slot, notice.peer);
        link.is_some_and(|link| link.concerns(notice))
    }

    /// Whether no cut is in the way now. A slot always reaches itself. Slots that are down can be reached.
    pub fn reachable(&self, from: Slot, to: Slot) -> bool {
        self.cuts.is_empty() || self.passes(from, to)
    }

    /// Makes links worse from now on; a degradation of the same name is replaced. What is under way stays as it is.
    ///
    /// # Panics
    /// If the delay of its spikes is a distribution that
    /// [`validate`](crate::distribution::Distribution::validate) refuses.
    pub fn degrade(&mut self, id: DegradeId, how: &Degradation) {
        self.windows.open(id, how);
        self.settle();
    }

    /// Ends a degradation, if there is one of this name.
    pub fn restore(&mut self, id: DegradeId) {
        self.windows.close(id);
        self.settle();
    }

    /// Adds the next slot, which is up. In a topology, a joiner is linked to everybody.
    pub fn add_slot(&mut self, role: Role) {
        self.latency.assign(self.slots as usize, role);
        self.slots += 1;
        self.links.add_slot();
    }

    /// Fixes fates by hand, in place of those that were fixed before. With `only`, messages that are not pinned meet
    /// their plain latency: no loss, duplicate, damage or spike.
    pub fn pin(&mut self, pins: Pins, only: bool) {
        self.pins = pins;
        self.pins_only = only;
        self.settle();
    }

    /// The fates that changed something, so far.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// What is true of a network at any time: a session is alive only between slots that are up and reach each other.
    pub(crate) fn invariants(&self) {
        self.links.invariants(|ends| self.may_open(ends));
        assert_eq!(self.quiet, self.is_quiet(), "what is rare is looked at");
    }

    /// Works out whether anything rare is in force.
    fn settle(&mut self) {
        self.quiet = self.is_quiet();
    }

    fn is_quiet(&self) -> bool {
        self.cuts.is_empty()
            && self.windows.is_empty()
            && self.pins.is_empty()
            && !self.pins_only
            && self.lines.is_none()
            && self.routes.is_none()
    }

    /// Whether every hop of the way passes the cuts.
    fn passes(&self, from: Slot, to: Slot) -> bool {
        match &self.routes {
            None => self.cuts.pass(from.index(), to.index()),
            Some(routes) => routes.path(from.index(), to.index()).all(|(a, b)| self.cuts.pass(a, b)),
        }
    }

    /// [`Network::send`] with everything that may be in force; somebody keeps the message for `late` as well.
    #[inline(never)]
    fn send_with_care(&mut self, packet: &Packet, late: Duration) -> Sent {
        let &Packet { from, to, lane, .. } = packet;
        if from.0.max(to.0) >= self.slots {
            return Sent::Lost(Lost::NoRoute);
        }
        if from == to {
            return Sent::One(self.send_to_itself(packet));
        }
        if let Some(routes) = &mut self.routes {
            routes.prepare(from.index(), to.index());
        }
        match lane {
            Lane::Datagram if !self.reachable(from, to) => Sent::Lost(Lost::Cut),
            Lane::Datagram => self.send_datagram(packet, late),
            Lane::Stream if !self.carries(packet) => Sent::Lost(Lost::NoSession),
            Lane::Stream => Sent::One(self.send_segment(packet, late)),
        }
    }

    /// At once; on the stream lane, a nanosecond after the message before it where they would meet.
    fn send_to_itself(&mut self, packet: &Packet) -> Flight {
        let mut at = packet.now;
        if packet.lane == Lane::Stream {
            let slot = packet.from.index();
            if self.loopback.len() <= slot {
                self.loopback.resize(slot + 1, Time::ZERO);
            }
            let last = &mut self.loopback[slot];
            if *last >= at {
                at = last.saturating_add(Duration::from_nanos(1));
            }
            *last = at;
        }
        Flight { at, session: 0, damaged: false }
    }

    fn send_datagram(&mut self, packet: &Packet, late: Duration) -> Sent {
        let Some((left, _)) = self.depart(packet, self.queue_bytes, late) else {
            return Sent::Lost(Lost::QueueFull);
        };
        let fate = if self.pinned(packet) { self.pinned_fate(packet) } else { self.drawn_fate(packet) };
        if fate.lost {
            return Sent::Lost(Lost::Loss);
        }
        let flight = |delay, damaged| Flight { at: left.saturating_add(delay), session: 0, damaged };
        let first = flight(fate.delay, fate.damaged);
        fate.copy.map_or(Sent::One(first), |delay| Sent::Two(first, flight(delay, false)))
    }

    fn send_segment(&mut self, packet: &Packet, late: Duration) -> Flight {
        // A stream waits however long the queue is.
        let (left, kept) = self.depart(packet, None, late).unwrap_or((packet.now, Duration::ZERO));
        let pinned = self.pinned(packet);
        let (delay, late) = if pinned { self.pinned_delay(packet) } else { self.drawn_delay(packet) };
        let held = kept.saturating_add(late);
        let held = (!held.is_zero()).then(|| packet.now.saturating_add(held));
        let ends = (packet.from, packet.to);
        let (at, session) = self.links.arrive(ends, packet.priority, left.saturating_add(delay), held);
        Flight { at, session, damaged: false }
    }

    /// When a message has left its sender, and how much of that faults kept it; `None` if it does not fit into the
    /// `room` of a busy line.
    fn depart(&mut self, packet: &Packet, room: Option<u64>, late: Duration) -> Option<(Time, Duration)> {
        let &Packet { now, from, to, size, .. } = packet;
        let left = match &mut self.lines {
            Some(lines) => {
                self.queued = lines.wait(from, now);
                lines.send(from, now, size, room)?
            }
            None => now,
        };
        let late = self.windows.depart((from, to), left, size, room)?.saturating_add(late);
        Some((late, late.since(left)))
    }

    /// How long the message that was sent last waits on its sender's line behind others, and how long it takes to leave.
    pub(crate) fn on_line(&self, packet: &Packet) -> (Duration, Duration) {
        match &self.lines {
            Some(lines) if packet.from != packet.to => (self.queued, lines.time_of(packet.size)),
            _ => (Duration::ZERO, Duration::ZERO),
        }
    }

    /// Bytes that may wait on a line, if they are limited.
    pub(crate) fn room(&self) -> Option<u64> {
        self.queue_bytes
    }

    fn pinned(&self, packet: &Packet) -> bool {
        self.pins_only || !self.pins.is_empty() && !self.pins.of(packet).is_empty()
    }

    /// The latencies of all hops, the first from a given word.
    fn way(&self, packet: &Packet, word: u64, mut more: Draw) -> Duration {
        self.way_between(packet.from, packet.to, word, &mut more)
    }

    fn way_between(&self, from: Slot, to: Slot, word: u64, more: &mut Draw) -> Duration {
        let Some(routes) = &self.routes else {
            return self.latency.hop(from.index(), to.index(), word, more);
        };
        let mut word = Some(word);
        let mut total = Duration::ZERO;
        for (a, b) in routes.path(from.index(), to.index()) {
            let word = word.take().unwrap_or_else(|| more.next_u64());
            total = total.saturating_add(self.latency.hop(a, b, word, more));
        }
        total
    }

    fn drawn_fate(&mut self, packet: &Packet) -> Fate {
        let name = Name::of(packet);
        let (words @ [chance, word], more) = self.dice.fate(name);
        let chances = self.windows.chances(packet.from, packet.to, self.chances);
        if chances.loss.upper(chance) {
            self.changes.add(packet, FateChange::Lost);
            return Fate { lost: true, ..Fate::default() };
        }
        let spike = self.windows.spikes(packet.from, packet.to, name, &self.dice);
        let delay = self.way(packet, word, more).saturating_add(spike);
        let damaged = damage(words, chances.corrupt);
        let copy = chances.duplicate.lower(chance).then(|| {
            let (word, more) = self.dice.copy(name);
            self.way(packet, word, more)
        });
        if !spike.is_zero() {
            self.changes.add(packet, FateChange::Delayed { delay });
        }
        if damaged {
            self.changes.add(packet, FateChange::Damaged);
        }
        if let Some(delay) = copy {
            self.changes.add(packet, FateChange::Duplicated { delay });
        }
        Fate { lost: false, damaged, delay, copy }
    }

    /// How long a segment takes, and how much of that it is held up.
    fn drawn_delay(&mut self, packet: &Packet) -> (Duration, Duration) {
        let name = Name::of(packet);
        let ([chance, word], more) = self.dice.fate(name);
        let chances = self.windows.chances(packet.from, packet.to, self.chances);
        let mut late = self.windows.spikes(packet.from, packet.to, name, &self.dice);
        let loss = chances.retransmission();
        if loss.upper(chance) {
            late = late.saturating_add(backoff(self.retransmit_after, self.dice.losses(name, loss)));
        }
        let delay = self.way(packet, word, more).saturating_add(late);
        if !late.is_zero() {
            self.changes.add(packet, FateChange::Delayed { delay });
        }
        (delay, late)
    }

    fn pinned_fate(&self, packet: &Packet) -> Fate {
        let ([_, word], more) = self.dice.fate(Name::of(packet));
        let mut fate = Fate { delay: self.way(packet, word, more), ..Fate::default() };
        for pin in self.pins.of(packet) {
            match pin.fate {
                PinnedFate::Drop => fate.lost = true,
                PinnedFate::Delay(delay) => fate.delay = delay,
                PinnedFate::Duplicate(delay) => fate.copy = Some(delay),
                PinnedFate::Damage => fate.damaged = true,
            }
        }
        fate
    }

    fn pinned_delay(&self, packet: &Packet) -> (Duration, Duration) {
        let ([_, word], more) = self.dice.fate(Name::of(packet));
        let way = self.way(packet, word, more);
        let (mut delay, mut late) = (way, Duration::ZERO);
        for pin in self.pins.of(packet) {
            match pin.fate {
                PinnedFate::Drop | PinnedFate::Damage => late = backoff(self.retransmit_after, 1),
                PinnedFate::Delay(pinned) => delay = pinned,
                PinnedFate::Duplicate(_) => {}
            }
        }
        let delay = delay.saturating_add(late);
        (delay, delay.max(way) - way)
    }
}
