//! The part of the world that knows no protocol type: time, the agenda, the truth about slots, the network, clocks,
//! faults, digest and counts; when a run ends and what it came to. The typed world is a thin shell over it, so a dozen
//! protocols build quickly.

pub(crate) mod arrange;
pub(crate) mod choices;
pub(crate) mod clients;
mod counts;
pub(crate) mod event;
mod hot;
mod invariants;
pub(crate) mod lifecycle;
mod limits;
mod linearizable;
mod measures;
pub(crate) mod pace;
pub(crate) mod phases;
pub(crate) mod phold;
pub(crate) mod report;
mod sending;
mod serving;
pub(crate) mod tie;
mod tracing;
mod triggers;
mod watch;

use std::sync::Arc;

use crate::agenda::Agenda;
use crate::check::Findings;
use crate::clock::Clocks;
use crate::coalition::{Deeds, Member};
use crate::digest::Digest;
use crate::fault::{Action, Awaited, ClockChange, FaultDriver, FaultModel};
use crate::ground::Ground;
use crate::history::HistoryCheck;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::{Control, Envelope, Event};
use crate::launch::{Launch, LaunchError, Redraw};
use crate::lookout::Lookout;
use crate::metrics::Metrics;
use crate::network::{LinkNotice, Network};
use crate::ordered::OrderedSet;
use crate::outcome::{Ended, MessageCounts};
use crate::picture::{Counts, Painter};
use crate::process::{Keys, Lane, Marks, SyncId};
use crate::progress::Ledger;
use crate::queue;
use crate::random::{Keyed, Purpose, mix64};
use crate::server::Servers;
use crate::setup::Setup;
use crate::slab::Slab;
use crate::time::Time;
use crate::trace::Tracer;

pub(crate) use self::counts::{DiskCounts, Dropped};
pub(crate) use self::hot::Hot;

use self::clients::Clients;
use self::limits::Windows;
use self::measures::Gauges;
use self::pace::Pace;
use self::phases::Phase;
use self::sending::SendOrder;
use self::watch::Watch;

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

/// Everything that is not typed by a protocol.
pub(crate) struct Kernel {
    pub(crate) seed: u64,
    pub(crate) redraw: Option<Redraw>,
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
    /// A message went as a datagram whose protocol counts on a stream.
    pub(crate) demoted: bool,
    pub(crate) notices: Vec<LinkNotice>,
    /// Processes that ended themselves: when they start again, and as which incarnation.
    pub(crate) supervised: OrderedSet<(Time, Slot, u32)>,
    pub(crate) pending_notices: Slab<Notice>,
    pub(crate) envelopes: Slab<Envelope>,
    pub(crate) syncs: Slab<SyncJob>,
    pub(crate) keys: Keys,
    pub(crate) dice: Keyed,
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    pub(crate) messages: MessageCounts,
    pub(crate) dropped: [u64; Dropped::NAMES.len()],
    pub(crate) findings: Findings,
    pub(crate) metrics: Metrics,
    pub(crate) painter: Painter,
    /// What was late in the second phase.
    pub(crate) ledger: Ledger,
    pub(crate) sends: SendOrder,
    pub(crate) setup: Setup,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) clients: Clients,
    /// How what clients saw is judged, if it is.
    pub(crate) history_check: Option<HistoryCheck>,
    pub(crate) disks: DiskCounts,
    /// The slots of traitors, in order.
    pub(crate) traitors: Vec<Member>,
    pub(crate) deeds: Deeds,
    /// What processes marked; the world hands it over at the end.
    pub(crate) marks: Marks,
    pub(crate) phase: Phase,
    pub(crate) pace: Pace,
    pub(crate) watch: Watch,
    pub(crate) gauges: Gauges,
    pub(crate) windows: Windows,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) lookout: Option<Arc<dyn Lookout>>,
    pub(crate) ended: Option<Ended>,
    /// The name of the next newcomer.
    next_identity: u32,
    /// How often the hot copy of some place's truth was made anew: while it stands, nobody came or went.
    pub(crate) refreshed: u64,
    tie_key: u64,
}

/// Which protocol events the fault driver wants to hear of: of most kinds, nobody does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches {
    observations: Kinds,
    messages: Kinds,
    pub(crate) syncs: bool,
}

/// Who waits for events of each kind of a vocabulary, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds(Box<[Option<Awaited>]>);

impl Kinds {
    fn of(vocabulary: &[&str], awaiting: impl Fn(&str) -> Option<Awaited>) -> Self {
        Self(vocabulary.iter().map(|kind| awaiting(kind)).collect())
    }

    #[inline]
    fn who(&self, kind: u8) -> Option<Awaited> {
        self.0.get(usize::from(kind)).copied().flatten()
    }
}

impl Watches {
    fn of(driver: &FaultDriver, vocabulary: Vocabulary) -> Self {
        let observations = Kinds::of(vocabulary.observations, |kind| driver.awaiting_observation(kind));
        let messages = Kinds::of(vocabulary.messages, |kind| driver.awaiting_message(kind));
        Self { observations, messages, syncs: driver.watches_syncs() }
    }
}

/// What a protocol calls its observations and messages, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vocabulary {
    pub(crate) observations: &'static [&'static str],
    pub(crate) messages: &'static [&'static str],
}

/// What carries out the faults of a run.
fn driver(setup: &Setup, model: FaultModel) -> Result<FaultDriver, LaunchError> {
    let (members, clients, seed) = (setup.members, setup.clients, setup.seed);
    let mut faults = setup.faults.clone();
    faults.write_out(seed, Time::ZERO.saturating_add(setup.duration));
    FaultDriver::new(faults, model, members, clients, seed)
        .map_err(|error| LaunchError::Setup(error.to_string()))
}

impl Kernel {
    /// The kernel of a run at time zero.
    ///
    /// # Errors
    /// If the setup is absurd.
    pub(crate) fn new(
        setup: &Setup,
        launch: &Launch,
        model: FaultModel,
        vocabulary: Vocabulary,
        agenda: Agenda,
    ) -> Result<Self, LaunchError> {
        let (members, clients, seed) = (setup.members, setup.clients, setup.seed);
        let mut network = Network::new(&setup.network, members, clients, seed)
            .map_err(|error| LaunchError::Setup(error.to_string()))?;
        network.pin(setup.pins.clone(), setup.pins_only);
        let driver = driver(setup, model)?;
        let slots = (members + clients) as usize;
        let keys = Keys::new(seed);
        let ground = Ground { keys, ..Ground::new(members, clients) };
        let hot = ground.places.iter().map(Hot::at).collect();
        let mut metrics = Metrics::default();
        let latency = metrics.histogram(crate::metrics::OPERATION_LATENCY);
        Ok(Self {
            seed,
            redraw: launch.redraw,
            now: Time::ZERO,
            agenda,
            hot,
            network,
            clocks: Clocks::new(setup.clocks.timers),
            servers: Servers::new(&setup.service, slots, seed),
            watches: Watches::of(&driver, vocabulary),
            driver,
            actions: Vec::new(),
            late: Vec::new(),
            demoted: false,
            notices: Vec::new(),
            supervised: OrderedSet::new(),
            pending_notices: Slab::default(),
            envelopes: Slab::default(),
            syncs: Slab::default(),
            keys,
            dice: Keyed::new(seed, Purpose::Process),
            digest: Digest::new(),
            events: 0,
            messages: MessageCounts::default(),
            dropped: [0; Dropped::NAMES.len()],
            findings: Findings::new(),
            metrics,
            painter: Painter::new(&ground, launch.picture),
            ledger: Ledger::closed(),
            sends: SendOrder::new(slots, vocabulary.messages.len()),
            vocabulary,
            clients: Clients::of(setup, latency),
            history_check: clients::history_check(setup),
            disks: DiskCounts::default(),
            traitors: Vec::new(),
            deeds: Deeds::default(),
            marks: Marks::default(),
            phase: Phase::Faults,
            pace: Pace::new(setup),
            watch: Watch::new(setup, vocabulary.observations, slots),
            gauges: Gauges::new(setup, vocabulary),
            windows: Windows::new(setup),
            tracer: launch.trace.clone().map(|request| Tracer::new(request, ground.slot_names())),
            lookout: launch.lookout.clone(),
            ended: None,
            next_identity: members + clients,
            refreshed: 0,
            tie_key: Keyed::new(seed, Purpose::Tie).word(0, 0),
            setup: setup.clone(),
            ground,
        })
    }

    /// The seed of what is drawn now.
    pub(crate) fn chance(&self) -> u64 {
        self.redraw.filter(|redraw| self.now >= redraw.at).map_or(self.seed, |redraw| redraw.seed)
    }

    /// From now on, chance is that of another seed.
    pub(crate) fn draw_anew(&mut self, seed: u64) {
        self.dice = Keyed::new(seed, Purpose::Process);
        self.tie_key = Keyed::new(seed, Purpose::Tie).word(0, 0);
        self.network.draw_anew(seed);
        self.servers.draw_anew(seed);
        self.driver.draw_anew(seed);
        if let Some(workload) = &mut self.clients.workload {
            workload.draw_anew(seed);
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
        debug_assert!(at >= self.now, "nothing is queued for the past");
        self.agenda.push(queue::key(at.as_nanos(), tie, event.encode()));
    }

    fn queue_word(&mut self, at: Time, what: u64, event: u32) {
        debug_assert!(at >= self.now, "nothing is queued for the past");
        let tie = self.tie(at, what);
        self.agenda.push(queue::key(at.as_nanos(), tie, event));
    }

    /// Queues something that the world does itself, before (`first`) or after everything else at that instant.
    pub(crate) fn queue_control(&mut self, at: Time, control: Control, first: bool) {
        let tie = if first { control as u32 } else { u32::MAX };
        self.agenda.push(queue::key(at.as_nanos(), tie, Event::Control(control).encode()));
    }

    /// The lane of a message whose protocol wants this one.
    #[inline]
    pub(crate) fn lane(&mut self, wanted: Lane) -> Lane {
        let Some(lane) = self.setup.network.lane else { return wanted };
        self.demoted |= lane < wanted;
        lane
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
        self.painter.sample(self.now, Counts { sent, delivered, dropped, in_flight }, &self.ground);
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
            let name = tie::notice(notice.slot, notice.peer);
            self.queue(notice.at.max(self.now), name, Event::Notice(key));
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
        let hot = &mut self.hot[slot.index()];
        let Hot { drawn, stepped, steps, .. } = *hot;
        *hot = Hot { drawn, stepped, steps, ..Hot::at(&self.ground.places[slot.index()]) };
    }
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
    HoldUntilDurable,
    Abort,
}
