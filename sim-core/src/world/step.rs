//! Steps: one input goes to a process, or to the coalition that controls it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::World;
use super::tracing::trace_input;
use crate::check::{Verdict, ask};
use crate::coalition::{CoalitionContext, Crossing, Deed, Plot, Puppet};
use crate::facts::Facts;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::{Event, Payload};
use crate::kernel::{Folded, Hot, tie};
use crate::network::Packet;
use crate::process::{
    Context, Effects, Endless, Input, Keys, LinkState, Process, ProcessPlace, Protocol, RequestId, SyncId,
    SyncResult, TimerId,
};
use crate::random::{Draw, Keyed, ProcessRng, Purpose, WordsDrawn};
use crate::slab::Slab;
use crate::time::Duration;

/// An input before its message is borrowed from the payloads.
pub(super) enum Stimulus<P: Protocol> {
    Start,
    Message { from: NodeId, payload: u32 },
    Timer { id: TimerId, timer: P::Timer },
    Request { id: RequestId, request: P::Request },
    Link { peer: NodeId, state: LinkState },
    Synced { id: SyncId, result: SyncResult },
}

impl<P: Protocol> Stimulus<P> {
    /// The message, where it lies: looked up once for all who look at it.
    #[inline(always)]
    fn heard<'a>(
        &self,
        payloads: &'a Slab<Payload<P::Message>>,
    ) -> Option<(NodeId, &'a Payload<P::Message>)> {
        if let Self::Message { from, payload } = self { Some((*from, &payloads[*payload])) } else { None }
    }

    #[inline(always)]
    fn fold(&self, heard: Option<(NodeId, &Payload<P::Message>)>) -> (Folded, u64) {
        match self {
            Self::Start => (Folded::Start, 0),
            Self::Message { .. } => {
                let (from, payload) = heard.expect("it was looked up");
                (Folded::Message, payload.content ^ u64::from(from.0).rotate_left(32))
            }
            Self::Timer { id, timer } => (Folded::Timer, timer.content() ^ u64::from(id.0).rotate_left(32)),
            Self::Request { id, request } => (Folded::Request, request.content() ^ id.0),
            Self::Link { peer, state } => (Folded::Link, u64::from(peer.0) << 1 | *state as u64),
            Self::Synced { id, result } => (Folded::Synced, id.0 << 2 | *result as u64),
        }
    }

    #[inline(always)]
    fn input(self, heard: Option<(NodeId, &Payload<P::Message>)>) -> Input<'_, P> {
        match self {
            Self::Start => Input::Start,
            Self::Message { .. } => {
                let (from, payload) = heard.expect("it was looked up");
                Input::Message { from, message: &payload.message }
            }
            Self::Timer { id, timer } => Input::Timer { id, timer },
            Self::Request { id, request } => Input::Request { id, request },
            Self::Link { peer, state } => Input::Link { peer, state },
            Self::Synced { id, result } => Input::Synced { id, result },
        }
    }
}

/// How many signatures a step made and verified, or how it panicked.
type Stepped = std::thread::Result<u32>;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Steps the process in a slot that is up, and carries out what it asks for.
    #[inline(never)]
    pub(super) fn step(&mut self, slot: Slot, stimulus: Stimulus<P>) {
        self.step_on(slot, stimulus);
    }

    /// [`World::step`] on a message, which most steps take: its sort is known where this is compiled.
    #[inline(never)]
    pub(super) fn step_on_message(&mut self, slot: Slot, from: NodeId, payload: u32) {
        self.step_on(slot, Stimulus::Message { from, payload });
    }

    #[inline(always)]
    fn step_on(&mut self, slot: Slot, stimulus: Stimulus<P>) {
        let hot = self.enter_step(slot);
        let heard = stimulus.heard(&self.payloads);
        let (folded, content) = stimulus.fold(heard);
        self.kernel.fold(folded, slot, content);
        trace_input(&mut self.kernel, slot, &stimulus);
        let (now, monotonic) = self.kernel.clocks.read_both(slot, self.kernel.now);
        (self.kernel.ground.stepping, self.kernel.ground.monotonic) = (slot, monotonic);
        // Some checks judge by what a process has heard.
        if let Some((from, Payload { message, kind, .. })) = heard {
            let (ground, takers) = (&self.kernel.ground, &self.takers[usize::from(*kind)]);
            let findings = (self.kernel.now, &mut self.kernel.findings);
            ask((&mut self.checks, takers), findings, |check, findings| {
                check.received(ground, slot, from, message, findings);
            });
        } else if let Stimulus::Synced { result: SyncResult::Full | SyncResult::Io, .. } = stimulus {
            let told = self.checks.iter_mut().filter(|judge| !judge.check.takes().is_empty());
            told.for_each(|judge| judge.check.sync_failed(&self.kernel.ground, slot));
        }
        let place = ProcessPlace { now, monotonic, node: hot.node, incarnation: hot.incarnation };
        if self.effects.detours.on {
            self.effects.detours.enter(slot, self.kernel.now);
        }
        let stepped = if hot.corrupt && self.coalition.is_some() {
            self.pull_strings(slot, place, stimulus)
        } else if let Some(process) = self.nodes[slot.index()].as_mut() {
            let mut signatures = 0;
            let drawn = &mut self.kernel.hot[slot.index()].drawn;
            let rng = ProcessRng::new(self.kernel.dice, place.node.0, place.incarnation, drawn);
            let mut cx = Context::new(place, rng, &self.kernel.keys, &mut self.effects, &mut signatures);
            let input = stimulus.input(heard);
            catch_unwind(AssertUnwindSafe(|| process.step(input, &mut cx))).map(|()| signatures)
        } else {
            Ok(0)
        };
        if self.effects.detours.on && !self.effects.detours.taken.is_empty() {
            self.detoured();
        }
        match stepped {
            Ok(signatures) => self.leave_step(slot, &hot, signatures),
            Err(panic) => self.panicked(slot, panic.as_ref()),
        }
    }

    /// Lets the coalition take a step with one of its processes.
    #[inline(never)]
    fn pull_strings(&mut self, slot: Slot, place: ProcessPlace, stimulus: Stimulus<P>) -> Stepped {
        let mut signatures = 0;
        let Some(process) = self.nodes[slot.index()].as_mut() else { return Ok(0) };
        let Some(coalition) = self.coalition.as_deref_mut() else { return Ok(0) };
        let mut strings = Strings {
            process,
            place,
            dice: self.kernel.dice,
            drawn: &mut self.kernel.hot[slot.index()].drawn,
            keys: &self.kernel.keys,
            effects: &mut self.effects,
            signatures: &mut signatures,
        };
        let mut cx = CoalitionContext {
            now: self.kernel.now,
            role: self.kernel.ground.places[slot.index()].status.role,
            members: &self.kernel.traitors,
            keys: &self.kernel.keys,
            draw: self.coalition_dice.step(slot),
            plots: &mut self.plots,
            deeds: &mut self.kernel.deeds,
        };
        let heard = stimulus.heard(&self.payloads);
        let input = stimulus.input(heard);
        catch_unwind(AssertUnwindSafe(|| coalition.step(slot, input, &mut strings, &mut cx)))?;
        Ok(signatures)
    }

    #[inline]
    fn enter_step(&mut self, slot: Slot) -> Hot {
        self.kernel.events += 1;
        self.kernel.begin_burst(slot)
    }

    #[inline]
    fn leave_step(&mut self, slot: Slot, hot: &Hot, signatures: u32) {
        if !self.effects.list.is_empty() {
            self.carry_out(slot, hot.node, hot.incarnation);
        }
        if !self.plots.is_empty() {
            self.carry_out_plots();
        }
        if self.kernel.servers.on() {
            self.kernel.book(slot, signatures);
        }
        if self.kernel.awaits_end_of_step() {
            self.step_ended();
        }
    }

    /// A step took detours: they are faults that struck before what it asks for.
    #[cold]
    fn detoured(&mut self) {
        for taken in std::mem::take(&mut self.effects.detours.taken) {
            self.kernel.detoured(taken);
        }
    }

    /// A panic is caught, crashes the slot, and is a finding. So is a step that asks for things without end.
    #[cold]
    fn panicked(&mut self, slot: Slot, panic: &(dyn std::any::Any + Send)) {
        // What a step without end asked for took much memory.
        self.effects = self.effects.afresh(self.kernel.hot.len());
        self.plots.clear();
        let node = self.kernel.hot[slot.index()].node;
        self.kernel.fold(Folded::Panic, slot, 0);
        let (check, message) = match panic.downcast_ref::<Endless>() {
            Some(endless) => ("process/hang", format!("{node} {}", endless_text(*endless))),
            None => ("process/panic", format!("{node} panicked: {}", panic_text(panic))),
        };
        self.kernel.report(Verdict::Crash, (check, ""), &[node], message);
        self.crash(slot);
    }

    pub(super) fn coalition_wakes(&mut self, key: u32) {
        let token = self.wakes.remove(key);
        let Some(coalition) = self.coalition.as_deref_mut() else { return };
        self.kernel.events += 1;
        self.kernel.fold(Folded::Wake, Slot(0), token);
        let mut cx = CoalitionContext {
            now: self.kernel.now,
            role: None,
            members: &self.kernel.traitors,
            keys: &self.kernel.keys,
            draw: self.coalition_dice.wake(),
            plots: &mut self.plots,
            deeds: &mut self.kernel.deeds,
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| coalition.wake(token, &mut cx))) {
            self.plots = Vec::new();
            let (check, message) = match panic.downcast_ref::<Endless>() {
                Some(endless) => ("coalition/hang", format!("the coalition {}", endless_text(*endless))),
                None => {
                    ("coalition/panic", format!("the coalition panicked: {}", panic_text(panic.as_ref())))
                }
            };
            self.kernel.report(Verdict::Crash, (check, ""), &[], message);
            self.kernel.found_something();
        }
        self.carry_out_plots();
    }

    pub(super) fn carry_out_plots(&mut self) {
        let mut plots = std::mem::take(&mut self.plots);
        for plot in plots.drain(..) {
            match plot {
                Plot::Send { from, to, message } => {
                    if self.kernel.hot[from.index()].up {
                        let sender = self.kernel.begin_burst(from).node;
                        let parcel = self.pack(from, sender, message);
                        let copies = self.post(&parcel, to);
                        self.hand_over(parcel.payload, copies);
                    }
                }
                Plot::Wake { after, token } => {
                    let key = self.wakes.insert(token);
                    let at = self.kernel.now.saturating_add(after);
                    self.kernel.queue(at, tie::wake(token), Event::Wake(key));
                }
            }
        }
        self.plots = plots;
    }
}

fn endless_text(endless: Endless) -> String {
    format!("asked for {} things in one step and for more: the step never ends", endless.asked)
}

/// What a panic says of itself.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// How long the coalition holds back a message between two others, where the network grants it.
    #[cold]
    pub(super) fn held_back(&mut self, packet: &Packet, payload: u32, granted: Duration) -> Duration {
        let Packet { now, from, to, ordinal, .. } = *packet;
        let corrupt = |slot: Slot| self.kernel.hot[slot.index()].corrupt;
        if self.kernel.traitors.is_empty() || from == to || corrupt(from) || corrupt(to) {
            return Duration::ZERO;
        }
        let Some(coalition) = self.coalition.as_deref_mut() else { return Duration::ZERO };
        let message = &self.payloads[payload].message;
        let (members, traitors) = (self.kernel.setup.members, self.kernel.traitors.as_slice());
        let crossing = Crossing { from, to, message, granted, members, traitors };
        let seed = self.kernel.chance();
        let dice = Keyed::new(seed, Purpose::Coalition).labeled(HOLDING_BACK);
        let ends = u64::from(from.0) << 32 | u64::from(to.0);
        let mut draw = Draw::new(dice, ends, now.as_nanos() ^ u64::from(ordinal).rotate_left(48));
        let held = coalition.order(&crossing, &mut draw).min(granted);
        if !held.is_zero() {
            self.kernel.deeds.add(Deed::Ordered);
        }
        held
    }
}

/// The coalition's dice for messages between others are not those of its steps.
const HOLDING_BACK: u64 = 1 << 40;

/// A process with everything that its step needs: what a coalition pulls.
struct Strings<'a, P: Protocol, N> {
    process: &'a mut N,
    place: ProcessPlace,
    dice: Keyed,
    drawn: &'a mut WordsDrawn,
    keys: &'a Keys,
    effects: &'a mut Effects<P>,
    signatures: &'a mut u32,
}

impl<P: Protocol, N: Process<P>> Puppet<P> for Strings<'_, P, N> {
    #[inline]
    fn run(&mut self, input: Input<'_, P>) {
        let rng = ProcessRng::new(self.dice, self.place.node.0, self.place.incarnation, self.drawn);
        let mut cx = Context::new(self.place, rng, self.keys, self.effects, self.signatures);
        self.process.step(input, &mut cx);
    }

    fn effects(&mut self) -> &mut Effects<P> {
        self.effects
    }
}
