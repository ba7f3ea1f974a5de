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
//! - `latency`, `bandwidth`, `route`: how long it takes, and which way
//! - `rounds`: who hears whom in which round of the protocol
//! - `cut`, `degrade`: faults in force; `session`, `lifecycle`: what they do to streams

mod bandwidth;
mod cut;
mod degrade;
mod fate;
mod hosts;
mod latency;
mod lifecycle;
mod links;
mod model;
mod pairs;
mod pin;
mod rounds;
mod route;
mod row;
mod sending;
mod session;
#[cfg(test)]
mod tests;

pub use bandwidth::Bandwidth;
pub use cut::{CutId, Reach};
pub use degrade::{Degradation, DegradeId};
pub use hosts::{HostError, HostLatency, HostMatrix};
pub use model::NetworkModel;
pub use pairs::LinkLatency;
pub use pin::{CHANGES_KEPT, ChangedFate, Changes, FateChange, Pin, PinnedFate, Pins};

use crate::distribution::{DistributionError, RegionError};
use crate::graph::{Graph, TopologyError};
use crate::identity::Slot;
use crate::process::{Lane, LinkState, Priority, Role};
use crate::time::{Duration, Time};

use bandwidth::Lines;
use cut::{Cuts, SlotSet};
use degrade::Windows;
use fate::{Chance, Chances, Dice, Name, damage};
use latency::Latency;
use links::Links;
use rounds::Rounds;
use route::Routes;

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
    /// The plan of rounds keeps its ends apart in the round that it tells.
    Round,
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
    changes: Changes,
    /// Who hears whom in which round.
    pub(crate) rounds: Rounds,
}

impl Network {
    /// The network of `members` member slots followed by `clients` client slots, all up. `seed` is the run's.
    ///
    /// # Errors
    /// The first thing in the model that makes no sense or does not fit the number of slots.
    pub fn new(model: &NetworkModel, members: u32, clients: u32, seed: u64) -> Result<Self, NetworkError> {
        if model.bandwidth.as_ref().is_some_and(|bandwidth| bandwidth.least().is_none_or(|least| least == 0))
        {
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
            latency: Latency::new(model, members, clients, seed)?,
            retransmit_after: model.retransmit_after,
            queue_bytes: model.queue_bytes,
            lines: model.bandwidth.as_ref().map(|bandwidth| Lines::of(bandwidth, members)),
            routes: graph.flatten().map(Routes::new),
            cuts: Cuts::default(),
            windows: Windows::default(),
            links: Links::new(members + clients),
            down: SlotSet::default(),
            loopback: Vec::new(),
            pins: Pins::default(),
            pins_only: false,
            changes: Changes::default(),
            rounds: Rounds::default(),
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
    #[inline]
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

    /// From now on, fates are those of another seed, and none is fixed by hand. Latencies that links keep stay.
    pub(crate) fn draw_anew(&mut self, seed: u64) {
        self.dice = Dice::new(seed);
        self.pin(Pins::default(), false);
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
    #[inline]
    fn passes(&self, from: Slot, to: Slot) -> bool {
        match &self.routes {
            None => self.cuts.pass(from.index(), to.index()),
            Some(routes) => routes.path(from.index(), to.index()).all(|(a, b)| self.cuts.pass(a, b)),
        }
    }
}
