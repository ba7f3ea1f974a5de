//! Composition: several protocols inside one process, without erasing each other's timers, syncs or journals.
//!
//! A composite's vocabulary embeds each part's ([`Embed`]). A [`Part`] owns a number, and by it a range of timer and sync
//! ids and a range of journals; offered an input, it takes what is its own and gives back the rest. Holds add up in the
//! world, so a hold inside a part never cancels one outside it.

use std::ops::Range;

use crate::disk::Journal;
use crate::identity::NodeId;
use crate::process::{
    Boot, Context, Effect, Effects, Input, JournalId, Process, Protocol, Stored, SyncId, TimerId,
};

/// A vocabulary that has room for a part's.
pub trait Embed<A: Protocol>: Protocol {
    /// Wraps what the part says.
    fn message(message: A::Message) -> Self::Message;
    /// Unwraps it, if it is the part's.
    fn as_message(message: &Self::Message) -> Option<&A::Message>;
    /// Wraps what the part's timers carry.
    fn timer(timer: A::Timer) -> Self::Timer;
    /// Unwraps it, if it is the part's.
    fn into_timer(timer: Self::Timer) -> Option<A::Timer>;
    /// Wraps what the part keeps.
    fn record(record: A::Record) -> Self::Record;
    /// Unwraps it, if it is the part's.
    fn as_record(record: &Self::Record) -> Option<&A::Record>;
    /// Wraps what the part answers.
    fn response(response: A::Response) -> Self::Response;
    /// Wraps what the part reports.
    fn observation(observation: A::Observation) -> Self::Observation;
}

/// A process inside a process.
pub struct Part<A: Protocol, N> {
    process: N,
    place: PartPlace,
    effects: Effects<A>,
}

/// What a part may call its own.
#[derive(Clone, Debug)]
pub struct PartPlace {
    /// Tells the parts of one process apart, from 1: the ids of part 0 are those of the composite itself.
    pub number: u8,
    /// The journals of the process that are the part's: its journal 0 is the first of them.
    pub journals: Range<u8>,
}

const TIMER_BITS: u32 = 24;
const SYNC_BITS: u32 = 56;

impl PartPlace {
    fn timer(&self, id: TimerId) -> TimerId {
        assert!(id.0 >> TIMER_BITS == 0, "a part's timer ids are below 2^24");
        TimerId(u32::from(self.number) << TIMER_BITS | id.0)
    }

    fn own_timer(&self, id: TimerId) -> Option<TimerId> {
        (id.0 >> TIMER_BITS == u32::from(self.number)).then_some(TimerId(id.0 & ((1 << TIMER_BITS) - 1)))
    }

    fn sync(&self, id: SyncId) -> SyncId {
        assert!(id.0 >> SYNC_BITS == 0, "a part's sync ids are below 2^56");
        SyncId(u64::from(self.number) << SYNC_BITS | id.0)
    }

    fn own_sync(&self, id: SyncId) -> Option<SyncId> {
        (id.0 >> SYNC_BITS == u64::from(self.number)).then_some(SyncId(id.0 & ((1 << SYNC_BITS) - 1)))
    }

    fn journal(&self, id: JournalId) -> JournalId {
        let journal = self.journals.start + id.0;
        assert!(journal < self.journals.end, "a part writes to its own journals only");
        JournalId(journal)
    }

    /// The part's view of a boot: its own journals only.
    pub fn boot<A: Protocol, P: Embed<A>, N>(
        &self,
        boot: &Boot<'_, P>,
        make: impl FnOnce(Boot<'_, A>) -> N,
    ) -> N {
        let journals: Vec<Journal<A::Record>> =
            self.journals
                .clone()
                .map(|id| {
                    let recovered = boot.journal(JournalId(id));
                    let own = recovered.records.iter().map(|stored| match stored {
                        Stored::Intact(record) => P::as_record(record)
                            .map_or(Stored::Damaged, |record| Stored::Intact(record.clone())),
                        Stored::Damaged => Stored::Damaged,
                    });
                    Journal::holding(own.collect(), recovered.torn)
                })
                .collect();
        make(Boot {
            node: boot.node,
            slot: boot.slot,
            role: boot.role,
            members: boot.members,
            leaders: boot.leaders,
            start: boot.start,
            corrupt: boot.corrupt,
            version: boot.version,
            incarnation: boot.incarnation,
            run_seed: boot.run_seed,
            journals: &journals,
        })
    }
}

impl<A: Protocol, N: Process<A>> Part<A, N> {
    /// A part with a place of its own.
    ///
    /// # Panics
    /// If its number is 0.
    pub fn new(place: PartPlace, process: N) -> Self {
        assert!(place.number > 0, "parts are numbered from 1");
        Self { process, place, effects: Effects::new() }
    }

    /// The process inside.
    pub fn process(&self) -> &N {
        &self.process
    }

    /// The process inside, as to take what it has decided. What it wants to do to the world needs [`Part::call`].
    pub fn process_mut(&mut self) -> &mut N {
        &mut self.process
    }

    /// Takes an input that is the part's own, and gives back one that is not. `Start` and links concern every part and
    /// requests are routed by the composite: hand those to [`Part::step`].
    ///
    /// # Errors
    /// The input, if it is not the part's.
    pub fn offer<'i, P: Embed<A>>(
        &mut self,
        input: Input<'i, P>,
        cx: &mut Context<'_, P>,
    ) -> Result<(), Input<'i, P>> {
        let own = self.own(input)?;
        if let Some(own) = own {
            self.step(own, cx);
        }
        Ok(())
    }

    /// An input as the part knows it; none if it is the part's and means nothing to it.
    ///
    /// # Errors
    /// The input, if it is not the part's.
    pub fn own<'i, P: Embed<A>>(&self, input: Input<'i, P>) -> Result<Option<Input<'i, A>>, Input<'i, P>> {
        Ok(Some(match input {
            Input::Message { from, message } => match P::as_message(message) {
                Some(message) => Input::Message { from, message },
                None => return Err(Input::Message { from, message }),
            },
            Input::Timer { id, timer } => match self.place.own_timer(id) {
                Some(id) => match P::into_timer(timer) {
                    Some(timer) => Input::Timer { id, timer },
                    None => return Ok(None),
                },
                None => return Err(Input::Timer { id, timer }),
            },
            Input::Synced { id, result } => match self.place.own_sync(id) {
                Some(id) => Input::Synced { id, result },
                None => return Err(Input::Synced { id, result }),
            },
            other @ (Input::Start | Input::Request { .. } | Input::Link { .. }) => return Err(other),
        }))
    }

    /// Steps the part; what it asks for is asked of the composite's world, under the composite's names.
    pub fn step<P: Embed<A>>(&mut self, input: Input<'_, A>, cx: &mut Context<'_, P>) {
        self.call(cx, |process, cx| process.step(input, cx), broadcast::<A, P>);
    }

    /// Lets the composite call the part by a method of the part's own, as to propose something. What the part sends goes
    /// through `send`, so that a composite can lead it over ways of its own; [`Part::step`] sends it as it is.
    pub fn call<P: Embed<A>, R>(
        &mut self,
        cx: &mut Context<'_, P>,
        call: impl FnOnce(&mut N, &mut Context<'_, A>) -> R,
        mut send: impl FnMut(&[NodeId], A::Message, &mut Context<'_, P>),
    ) -> R {
        std::mem::swap(&mut cx.effects.detours, &mut self.effects.detours);
        let result = call(&mut self.process, &mut cx.reborrow(&mut self.effects));
        std::mem::swap(&mut cx.effects.detours, &mut self.effects.detours);
        cx.effects.marks.take_over(&mut self.effects.marks);
        let recipients = std::mem::take(&mut self.effects.recipients);
        for effect in self.effects.list.drain(..) {
            match effect {
                Effect::Send { to, message } => {
                    send(&recipients[to.start as usize..to.end as usize], message, cx);
                }
                Effect::SetTimer { id, after, timer } => {
                    cx.set_timer(self.place.timer(id), after, P::timer(timer));
                }
                Effect::CancelTimer(id) => cx.cancel_timer(self.place.timer(id)),
                Effect::Append { journal, record } => {
                    cx.append(self.place.journal(journal), P::record(record));
                }
                Effect::Rewrite { journal, records } => {
                    let records = records.into_iter().map(P::record).collect();
                    cx.rewrite(self.place.journal(journal), records);
                }
                Effect::Sync { journal, id } => cx.sync(self.place.journal(journal), self.place.sync(id)),
                Effect::Hold(id) => cx.hold(self.place.sync(id)),
                Effect::HoldUntilDurable(journal) => cx.hold_until_durable(self.place.journal(journal)),
                Effect::Return { id, response } => cx.respond(id, P::response(response)),
                Effect::CloseLink(peer) => cx.close_link(peer),
                Effect::Observe(observation) => cx.observe(P::observation(observation)),
                Effect::Work(cost) => cx.work(cost),
                // A part is no process of its own.
                Effect::Abort { restart_after } => cx.abort(restart_after),
            }
        }
        self.effects.recipients = recipients;
        self.effects.clear();
        result
    }
}

/// Sends what a part says as it is.
pub fn broadcast<A: Protocol, P: Embed<A>>(to: &[NodeId], message: A::Message, cx: &mut Context<'_, P>) {
    cx.send_all(to.iter().copied(), P::message(message));
}
