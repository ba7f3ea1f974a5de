//! The world of one run: a thin typed shell over the kernel, moving from event to event.
//!
//! Read in this order: [`lifecycle`] (how processes come and go), [`step`] (one input in), [`effects`] (effects out),
//! [`deliver`] (messages arriving), [`storage`] (journals and holds), [`actions`] (faults), [`clients`] (operations),
//! [`observe`] (observations), [`storm`] (limits and storms), [`phases`] (heal and progress), [`conclude`] (the outcome).
//! Whatever names no type of a protocol is in the kernel, in files of the same names.

mod actions;
mod choose;
mod clients;
mod conclude;
mod deliver;
mod effects;
mod invariants;
mod lifecycle;
mod new;
mod observe;
mod phases;
mod state;
mod step;
mod storage;
mod storm;
#[cfg(test)]
mod tests;
mod tracing;
mod versions;

use std::rc::Rc;

use crate::agenda::{Agenda, ChoiceAgenda, Chooser};
use crate::aside::Aside;
use crate::check::{CheckReport, Judge};
use crate::coalition::{Coalition, CoalitionDice, Plot};
use crate::identity::{NodeId, Slot};
use crate::kernel::Kernel;
use crate::kernel::event::{Control, Event, Payload};
use crate::kernel::report::Title;
use crate::operation::{MemberChange, Service};
use crate::outcome::{Ended, Expectation};
use crate::process::{Effects, Factory, Process, Protocol};
use crate::queue;
use crate::slab::Slab;
use crate::subject::Liveness;
use crate::time::{Duration, Time};
use crate::timers::Timers;

use self::observe::Audience;
use self::storage::Storage;
use self::versions::Versions;

/// Worlds of more slots than this do not fit in a processor's cache.
const CACHED: usize = 20_000;

/// So many events are prepared at once.
const BATCH: usize = 16;

/// One run.
pub(crate) struct World<P: Protocol, N: Process<P>> {
    title: Title,
    kernel: Kernel,
    factory: Box<dyn Factory<P, Node = N>>,
    nodes: Vec<Option<N>>,
    members: Rc<[NodeId]>,
    /// Who leads which round, where the plan says so.
    leaders: Rc<[Option<NodeId>]>,
    payloads: Slab<Payload<P::Message>>,
    timers: Timers<P::Timer>,
    storage: Storage<P>,
    effects: Effects<P>,
    /// Whether the effects of a step are being carried out: no other step may begin.
    carrying_out: bool,
    checks: Vec<Judge<P>>,
    /// For each kind of observation, who is told of it.
    audiences: Vec<Audience>,
    /// For each kind of message, the checks that read it.
    readers: Vec<Vec<usize>>,
    /// For each kind of message, the checks that hear of its arrival.
    takers: Vec<Vec<usize>>,
    /// The checks that watch what clients ask and are told.
    watchers: Vec<usize>,
    /// Checks that do not apply to this run, or that the scenario switched off.
    checks_off: Vec<CheckReport>,
    coalition: Option<Box<dyn Coalition<P>>>,
    coalition_dice: CoalitionDice,
    plots: Vec<Plot<P>>,
    wakes: Slab<u64>,
    versions: Versions,
    /// Requests that wait until their clients have time for them, by number.
    waiting_requests: Aside<P::Request>,
    service: Box<dyn Service<P>>,
    liveness: Box<dyn Liveness<P>>,
    /// What theory says of this run, for its picture.
    expected: Option<Expectation>,
    /// Who came and left, as far as clients are told.
    member_changes: Vec<MemberChange>,
    /// Where in the queue's day [`World::touch_ahead`] began its last batch.
    touched: usize,
    /// Where the events of its next batch take place, as far as could be seen.
    sighted: [Slot; BATCH],
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Runs to the end.
    pub(crate) fn run(mut self) -> crate::outcome::Outcome {
        self.begin();
        let ended = self.turn();
        if let Some(lookout) = &self.kernel.lookout {
            lookout.ended();
        }
        self.conclude(ended)
    }

    /// Runs to the end under the `Choices` scheduler; returns what was chosen among what as well.
    pub(crate) fn run_choices(mut self) -> (crate::outcome::Outcome, ChoiceAgenda) {
        self.begin();
        let ended = self.turn();
        let none = Agenda::Choices(ChoiceAgenda::new(Chooser::List(Vec::new()), Duration::ZERO));
        let agenda = match std::mem::replace(&mut self.kernel.agenda, none) {
            Agenda::Choices(agenda) => agenda,
            Agenda::Timed(_) => unreachable!("a world keeps its scheduler"),
        };
        (self.conclude(ended), agenda)
    }

    fn begin(&mut self) {
        self.kernel.queue_controls();
        self.kernel.watch.running = self.kernel.ground.members().filter(|(_, place)| place.up).count() as u64;
        let rounds = self.kernel.rounds_due();
        self.perform(rounds);
        for index in 0..self.nodes.len() {
            let slot = Slot(u32::try_from(index).expect("fewer than 2^32 slots"));
            self.fill_disk(slot);
            if self.kernel.hot[index].up {
                self.boot(slot, crate::process::Start::Genesis);
            }
        }
    }

    /// Handles events until something ends the run.
    fn turn(&mut self) -> Ended {
        loop {
            if let Some(ended) = self.kernel.ended {
                return ended;
            }
            if self.kernel.events >= self.kernel.pace.next
                && let Some(ended) = self.look_up()
            {
                return ended;
            }
            match self.next_event() {
                // By far the most frequent.
                Ok(Event::Deliver(envelope)) => self.arrive(envelope),
                Ok(other) => self.handle(other),
                Err(ended) => return ended,
            }
            if cfg!(debug_assertions) {
                self.between_events();
            }
        }
    }

    /// Takes the next event, and moves time to it.
    #[inline(always)]
    fn next_event(&mut self) -> Result<Event, Ended> {
        let next = match &mut self.kernel.agenda {
            Agenda::Timed(queue) => queue.pop(),
            Agenda::Choices(_) => self.choose()?,
        };
        let Some(key) = next else { return Err(Ended::Quiescent) };
        if self.nodes.len() > CACHED {
            self.touch_ahead();
        }
        self.kernel.advance(Time::from_nanos(queue::time_of(key)));
        if self.kernel.painter.samples_at(self.kernel.now) {
            self.kernel.sample();
        }
        Ok(Event::decode(queue::payload_of(key)))
    }

    /// Reads what the next events will need, so that the processor fetches it all at once while others are handled: in
    /// a large world every access misses its cache. What names a slot is read a batch before what belongs to the slot.
    #[inline(always)]
    fn touch_ahead(&mut self) {
        let Agenda::Timed(queue) = &self.kernel.agenda else { return };
        // Batches begin with the day of the queue, so that its first events are among those that are prepared.
        let next = queue.taken_ahead();
        if next % BATCH == 1 && next != self.touched {
            self.touched = next;
            self.touch_batch(next == 1);
        }
    }

    /// Nothing but reads, and as few instructions as there can be: the processor waits for as many as it looks at.
    #[inline(never)]
    fn touch_batch(&mut self, begins_day: bool) {
        if begins_day {
            self.sighted = self.sight(0);
        }
        let (hot, nodes) = (&self.kernel.hot, &self.nodes);
        let stepped = self.sighted.iter().fold(0, |sum, slot| sum ^ hot[slot.index()].steps);
        let there = self.sighted.iter().fold(false, |sum, slot| sum ^ nodes[slot.index()].is_some());
        let busy = self.sighted.iter().fold(false, |sum, slot| sum ^ self.kernel.servers.touch(*slot));
        std::hint::black_box((stepped, there, busy));
        self.sighted = self.sight(BATCH);
    }

    /// Where a batch of events takes place, after so many others; the first slot for those that take place nowhere.
    #[inline(always)]
    fn sight(&self, after: usize) -> [Slot; BATCH] {
        let Agenda::Timed(queue) = &self.kernel.agenda else { return [Slot(0); BATCH] };
        std::array::from_fn(|place| {
            let event = queue.ahead(after + place).map(|key| Event::decode(queue::payload_of(key)));
            event.and_then(|event| self.slot_of(event)).unwrap_or(Slot(0))
        })
    }

    /// Where an event takes place, if that matters for speed.
    #[inline]
    fn slot_of(&self, event: Event) -> Option<Slot> {
        match event {
            Event::Deliver(envelope) => self.kernel.envelopes.get(envelope).map(|envelope| envelope.to),
            Event::Timer(index) => Some(self.timers.touch(index)),
            Event::Served(slot) => Some(slot),
            _ => None,
        }
    }

    #[inline]
    fn handle(&mut self, event: Event) {
        match event {
            Event::Deliver(envelope) => self.arrive(envelope),
            Event::Timer(index) => self.timer_came_up(index),
            Event::Synced(job) => self.sync_ended(job),
            Event::Served(slot) => self.served(slot),
            Event::Notice(notice) => self.notice_arrived(notice),
            Event::Wake(token) => self.coalition_wakes(token),
            Event::Request(request) => self.request_waits(request),
            Event::Control(control) => self.control(control),
        }
    }

    #[cold]
    fn control(&mut self, control: Control) {
        if self.kernel.idled() {
            self.kernel.ended = self.look_up();
        }
        match control {
            Control::Faults => self.faults_due(),
            Control::Arrival => self.arrival(),
            Control::Heal => self.heal(),
            Control::Probe => self.probe(),
            Control::Ask => self.ask_clients(),
            Control::End => self.kernel.ended = Some(Ended::Horizon),
            Control::Redraw => self.draw_anew(),
            Control::Supervise => self.restart_aborted(),
        }
    }
}
