//! The part of the world that knows no protocol type: time, the agenda, the truth about slots, the network, clocks,
//! faults, digest and counts. The typed world is a thin shell over it, so a dozen protocols build quickly.

pub(crate) mod event;
pub(crate) mod linearizable;
pub(crate) mod phold;
mod sending;
mod serving;

use crate::agenda::Agenda;
use crate::check::Findings;
use crate::clock::Clocks;
use crate::digest::Digest;
use crate::fault::{Action, ClockChange, FaultDriver};
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::{Control, Envelope, Event};
use crate::metrics::Metrics;
use crate::network::{LinkNotice, Lost, Network};
use crate::outcome::MessageCounts;
use crate::picture::{Counts, Detail, Painter};
use crate::process::{Keys, SyncId};
use crate::progress::Ledger;
use crate::queue;
use crate::random::{Drawn, Keyed, Purpose, mix64};
use crate::server::Servers;
use crate::slab::Slab;
use crate::time::Time;

use self::sending::SendOrder;

/// The hot facts about a slot, in half a cache line and never across two: what every delivery reads.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct Hot {
    /// What this incarnation drew.
    pub(crate) drawn: Drawn,
    /// When it was stepped last.
    pub(crate) stepped: Time,
    pub(crate) node: NodeId,
    pub(crate) incarnation: u32,
    /// Steps at that same instant.
    pub(crate) steps: u16,
    pub(crate) up: bool,
    pub(crate) corrupt: bool,
}

/// A sync under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SyncJob {
    pub(crate) slot: Slot,
    pub(crate) incarnation: u32,
    pub(crate) journal: u8,
    pub(crate) id: SyncId,
    pub(crate) upto: u64,
    pub(crate) result: crate::process::SyncResult,
    /// It takes no time, and the slot takes up no message before it hears of it.
    pub(crate) at_once: bool,
}

/// A link notice under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notice {
    pub(crate) link: LinkNotice,
    /// Who lived at the other end when it was given: somebody else may live there when it arrives.
    pub(crate) peer: NodeId,
}

/// Why messages did not arrive, beside what the network says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    Network(Lost),
    CutUnderway,
    ReceiverDown,
    Checksum,
    Shed,
    Nobody,
}

/// Everything that is not typed by a protocol.
pub(crate) struct Kernel {
    pub(crate) seed: u64,
    pub(crate) now: Time,
    pub(crate) agenda: Agenda,
    pub(crate) ground: Ground,
    pub(crate) hot: Vec<Hot>,
    pub(crate) network: Network,
    pub(crate) clocks: Clocks,
    pub(crate) servers: Servers,
    pub(crate) driver: FaultDriver,
    pub(crate) watches: Watches,
    pub(crate) actions: Vec<Action>,
    /// What faults want to start while a step is being carried out: it starts when the step is over.
    pub(crate) late: Vec<Action>,
    pub(crate) notices: Vec<LinkNotice>,
    pub(crate) pending_notices: Slab<Notice>,
    pub(crate) envelopes: Slab<Envelope>,
    pub(crate) syncs: Slab<SyncJob>,
    pub(crate) keys: Keys,
    pub(crate) dice: Keyed,
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    pub(crate) messages: MessageCounts,
    pub(crate) dropped: [u64; 10],
    pub(crate) findings: Findings,
    pub(crate) metrics: Metrics,
    pub(crate) painter: Painter,
    /// What was late in the second phase.
    pub(crate) ledger: Ledger,
    pub(crate) sends: SendOrder,
    /// How often the hot copy of some place's truth was made anew: while it stands, nobody came or went.
    pub(crate) refreshed: u64,
    tie_key: u64,
}

/// Which protocol events the fault driver wants to hear of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watches {
    pub(crate) observations: bool,
    pub(crate) messages: bool,
    pub(crate) syncs: bool,
}

/// What a [`Kernel`] is made of.
pub(crate) struct Parts {
    pub(crate) seed: u64,
    pub(crate) ground: Ground,
    pub(crate) network: Network,
    pub(crate) timers: crate::clock::TimerClock,
    pub(crate) servers: Servers,
    pub(crate) driver: FaultDriver,
    pub(crate) agenda: Agenda,
    pub(crate) kinds: usize,
    pub(crate) picture: Detail,
}

impl Kernel {
    pub(crate) fn new(parts: Parts) -> Self {
        let hot = parts
            .ground
            .places
            .iter()
            .map(|place| Hot {
                drawn: Drawn::default(),
                stepped: Time::MAX,
                node: place.node,
                incarnation: 0,
                steps: 0,
                up: place.up,
                corrupt: !place.honest && !place.twin,
            })
            .collect();
        let watches = Watches {
            observations: parts.driver.watches_observations(),
            messages: parts.driver.watches_messages(),
            syncs: parts.driver.watches_syncs(),
        };
        let slots = parts.ground.places.len();
        Self {
            seed: parts.seed,
            now: Time::ZERO,
            agenda: parts.agenda,
            hot,
            network: parts.network,
            clocks: Clocks::new(parts.timers),
            servers: parts.servers,
            driver: parts.driver,
            watches,
            actions: Vec::new(),
            late: Vec::new(),
            notices: Vec::new(),
            pending_notices: Slab::default(),
            envelopes: Slab::default(),
            syncs: Slab::default(),
            keys: Keys::new(parts.seed),
            dice: Keyed::new(parts.seed, Purpose::Process),
            digest: Digest::new(),
            events: 0,
            messages: MessageCounts::default(),
            dropped: [0; 10],
            findings: Findings::new(),
            metrics: Metrics::default(),
            painter: Painter::new(&parts.ground, parts.picture),
            ledger: Ledger::closed(),
            sends: SendOrder::new(slots, parts.kinds),
            refreshed: 0,
            tie_key: Keyed::new(parts.seed, Purpose::Tie).word(0, 0),
            ground: parts.ground,
        }
    }

    /// Moves time to an event.
    #[inline]
    pub(crate) fn advance(&mut self, at: Time) {
        debug_assert!(at >= self.now, "time never goes back");
        self.now = at;
        self.ground.now = at;
    }

    /// The keyed draw that orders events at one instant; a function of what the event is, never of when it was queued.
    #[inline]
    pub(crate) fn tie(&self, at: Time, what: u64) -> u32 {
        (mix64(self.tie_key ^ at.as_nanos().wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ what) >> 32) as u32
    }

    /// Queues an event. `what` names it for the tie.
    #[inline(always)]
    pub(crate) fn queue(&mut self, at: Time, what: u64, event: Event) {
        // Which sort of event it is, the caller knows while it is compiled.
        self.queue_word(at, what, event.encode());
    }

    /// Queues an event at a place among others of its instant that the caller knows.
    pub(crate) fn queue_tied(&mut self, at: Time, tie: u32, event: Event) {
        self.agenda.push(queue::key(at.as_nanos(), tie, event.encode()));
    }

    fn queue_word(&mut self, at: Time, what: u64, event: u32) {
        let tie = self.tie(at, what);
        self.agenda.push(queue::key(at.as_nanos(), tie, event));
    }

    /// Queues something that the world does itself, before (`first`) or after everything else at that instant.
    pub(crate) fn queue_control(&mut self, at: Time, control: Control, first: bool) {
        let tie = if first { control as u32 } else { u32::MAX };
        self.agenda.push(queue::key(at.as_nanos(), tie, Event::Control(control).encode()));
    }

    /// Changes what a slot's clock shows, from now on.
    pub(crate) fn change_clock(&mut self, slot: Slot, change: ClockChange) {
        let before = self.clocks.read(slot, self.now);
        self.clocks.change(slot, self.now, change);
        self.painter.clock(slot, self.now, before, self.clocks.read(slot, self.now));
    }

    /// Counts for a picture.
    #[cold]
    pub(crate) fn sample(&mut self) {
        let MessageCounts { sent, delivered, dropped, duplicated, .. } = self.messages;
        let in_flight = sent + duplicated - delivered - dropped;
        self.painter.sample(self.now, Counts { sent, delivered, dropped, in_flight });
    }

    /// Folds one thing that happened into the digest.
    #[inline]
    pub(crate) fn fold(&mut self, kind: Folded, slot: Slot, content: u64) {
        let place = u64::from(slot.0).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.digest.pair(self.now.as_nanos() ^ ((kind as u64) << 58), content.wrapping_add(place));
    }

    /// Queues link notices that the network gave.
    pub(crate) fn queue_notices(&mut self) {
        for index in 0..self.notices.len() {
            let notice = self.notices[index];
            let peer = self.hot[notice.peer.index()].node;
            let key = self.pending_notices.insert(Notice { link: notice, peer });
            let what = (u64::from(notice.slot.0) << 32) | u64::from(notice.peer.0);
            self.queue(notice.at.max(self.now), what ^ 0x11AA_0000_0000_0000, Event::Notice(key));
        }
        self.notices.clear();
    }

    /// A slot is about to send: what it sends now meets fates of its own, whatever it sent before at this instant.
    #[inline]
    pub(crate) fn begin_burst(&mut self, slot: Slot) -> Hot {
        let hot = &mut self.hot[slot.index()];
        hot.steps = if hot.stepped == self.now { hot.steps.wrapping_add(1) } else { 0 };
        hot.stepped = self.now;
        self.sends.begin(hot.steps);
        *hot
    }

    /// Counts a message that will not arrive.
    #[inline]
    pub(crate) fn drop_message(&mut self, why: Dropped) {
        self.messages.dropped += 1;
        self.dropped[why.index()] += 1;
    }

    /// Makes the hot copy of a place's truth follow the place.
    pub(crate) fn refresh(&mut self, slot: Slot) {
        self.refreshed += 1;
        let place = &self.ground.places[slot.index()];
        let hot = &mut self.hot[slot.index()];
        hot.up = place.up;
        hot.corrupt = !place.honest && !place.twin;
        hot.node = place.node;
        hot.incarnation = place.incarnation;
    }
}

impl Dropped {
    const fn index(self) -> usize {
        match self {
            Self::Network(Lost::Loss) => 0,
            Self::Network(Lost::Cut) => 1,
            Self::Network(Lost::NoSession) => 2,
            Self::Network(Lost::NoRoute) => 3,
            Self::Network(Lost::QueueFull) => 4,
            Self::CutUnderway => 5,
            Self::ReceiverDown => 6,
            Self::Checksum => 7,
            Self::Shed => 8,
            Self::Nobody => 9,
        }
    }

    /// Names in the order of the counters.
    pub(crate) const NAMES: [&'static str; 10] = [
        "loss",
        "cut",
        "no_session",
        "no_route",
        "queue_full",
        "cut_under_way",
        "receiver_down",
        "checksum",
        "inbox_full",
        "nobody",
    ];
}

/// What is folded into the digest, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Folded {
    Start = 1,
    Message,
    Timer,
    Request,
    Link,
    Synced,
    Send,
    SetTimer,
    CancelTimer,
    Append,
    Rewrite,
    Sync,
    Hold,
    Return,
    CloseLink,
    Observe,
    Work,
    Crash,
    Panic,
    Fault,
    Wake,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_facts_of_a_slot_take_half_a_cache_line() {
        assert_eq!((size_of::<Hot>(), align_of::<Hot>()), (32, 32));
    }
}
