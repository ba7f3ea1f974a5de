//! What a step asks of the world, kept in the order in which it was asked.

use std::ops::Range;

use super::{Detours, JournalId, Marks, Protocol, RequestId, SyncId, TimerId};
use crate::identity::NodeId;
use crate::time::Duration;

/// One thing that a step asks for.
#[derive(Clone, Debug)]
pub enum Effect<P: Protocol> {
    /// Send one message to each recipient; they share the payload.
    Send {
        /// Which of [`Effects::recipients`] it goes to.
        to: Range<u32>,
        /// What is said.
        message: P::Message,
    },
    /// Set a timer, or move it if it is set.
    SetTimer {
        /// Which timer.
        id: TimerId,
        /// How long from now, by the clock of the slot's timers.
        after: Duration,
        /// What it carries.
        timer: P::Timer,
    },
    /// Stop a timer: it will not fire. Nothing if it is not set.
    CancelTimer(TimerId),
    /// Append to a journal, in memory until a sync.
    Append {
        /// Which journal.
        journal: JournalId,
        /// What is appended.
        record: P::Record,
    },
    /// Replace a journal's whole content, as by writing a new file and renaming it: until a sync has made it durable, a
    /// crash brings back what was there before.
    Rewrite {
        /// Which journal.
        journal: JournalId,
        /// The new content.
        records: Vec<P::Record>,
    },
    /// Make durable what was appended so far.
    Sync {
        /// Which journal.
        journal: JournalId,
        /// Comes back in [`Input::Synced`](super::Input::Synced).
        id: SyncId,
    },
    /// Gate every visible effect that follows in this step until the sync has succeeded.
    Hold(SyncId),
    /// Gate every visible effect that follows in this step until all that was appended to a journal so far is durable,
    /// by whichever sync.
    HoldUntilDurable(JournalId),
    /// End a request.
    Return {
        /// Which request.
        id: RequestId,
        /// The answer.
        response: P::Response,
    },
    /// End the session with a peer.
    CloseLink(NodeId),
    /// Report a fact.
    Observe(P::Observation),
    /// Occupy this slot for a time that counts as work, not as coordination.
    Work(Duration),
    /// End the process. Nothing that the step asked for afterward happens.
    Abort {
        /// When a supervisor starts it again; never if absent.
        restart_after: Option<Duration>,
    },
}

impl<P: Protocol> Effect<P> {
    /// Takes it out; what is left owns nothing, and asks for nothing.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Work(Duration::ZERO))
    }
}

/// The effects of one step. The world reuses one buffer for all steps.
#[derive(Clone, Debug)]
pub struct Effects<P: Protocol> {
    pub(crate) list: Vec<Effect<P>>,
    pub(crate) recipients: Vec<NodeId>,
    /// What was passed that a campaign should reach; kept from step to step.
    pub(crate) marks: Marks,
    /// How many timers without numbers each process has set, in the order of identities; kept from step to step.
    pub(crate) unnumbered: Vec<u32>,
    /// Which detours are taken; kept from step to step.
    pub(crate) detours: Detours,
    /// How many effects, and how many recipients, one step may ask for.
    most: usize,
}

/// What a step panics with that asks for more than it may: it would never end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endless {
    /// How much it asked for.
    pub(crate) asked: usize,
}

/// A step may ask for so much in a small world. An honest one asks for a few things for each member at most.
const MOST: usize = 1_000_000;

/// In a large world it may ask for so much for each slot.
const MOST_PER_SLOT: usize = 32;

impl<P: Protocol> Default for Effects<P> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            recipients: Vec::new(),
            marks: Marks::default(),
            unnumbered: Vec::new(),
            detours: Detours::default(),
            most: MOST,
        }
    }
}

impl<P: Protocol> Effects<P> {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer for steps in a world of so many slots.
    pub(crate) fn for_slots(slots: usize) -> Self {
        Self { most: MOST.max(slots.saturating_mul(MOST_PER_SLOT)), ..Self::default() }
    }

    /// An empty buffer after a step that asked for too much; what was counted and what is in force stays.
    pub(crate) fn afresh(&mut self, slots: usize) -> Self {
        let (marks, detours) = (std::mem::take(&mut self.marks), std::mem::take(&mut self.detours));
        Self { marks, detours, unnumbered: std::mem::take(&mut self.unnumbered), ..Self::for_slots(slots) }
    }

    /// Appends an effect, which is made where it stays: one that is made first and moved there at once is read before it is
    /// written, which takes a processor as long as a dozen instructions. That a step never ends is noticed where its effects
    /// need more room.
    #[inline(always)]
    pub(crate) fn add(&mut self, make: impl FnOnce() -> Effect<P>) {
        if self.list.len() == self.list.capacity() {
            self.grow();
        }
        self.list.extend(std::iter::once_with(make));
    }

    #[cold]
    fn grow(&mut self) {
        self.bound(self.list.len());
        self.list.reserve(1);
    }

    #[inline]
    fn bound(&self, asked: usize) {
        if asked >= self.most {
            endless(asked);
        }
    }

    /// The effects in order.
    pub fn list(&self) -> &[Effect<P>] {
        &self.list
    }

    /// The recipients of a [`Effect::Send`].
    pub fn recipients(&self, to: &Range<u32>) -> &[NodeId] {
        &self.recipients[to.start as usize..to.end as usize]
    }

    /// Appends an effect.
    #[inline]
    pub fn push(&mut self, effect: Effect<P>) {
        self.add(|| effect);
    }

    /// Appends a send of one message to all the given recipients.
    #[inline]
    pub fn push_send(&mut self, to: impl IntoIterator<Item = NodeId>, message: P::Message) {
        let start = self.recipients.len();
        self.recipients.extend(to.into_iter().take(self.most.saturating_sub(start)));
        self.bound(self.recipients.len());
        let range = index(start)..index(self.recipients.len());
        if !range.is_empty() {
            self.add(|| Effect::Send { to: range, message });
        }
    }

    /// Appends a send to one recipient.
    #[inline]
    pub(crate) fn push_send_to(&mut self, to: NodeId, message: P::Message) {
        self.add_send_to(to, || message);
    }

    /// The same with a message that is made where it stays.
    #[inline(always)]
    pub(crate) fn add_send_to(&mut self, to: NodeId, make: impl FnOnce() -> P::Message) {
        let start = index(self.recipients.len());
        self.recipients.push(to);
        self.add(|| Effect::Send { to: start..start + 1, message: make() });
    }

    /// Forgets all effects, keeping the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.list.clear();
        self.recipients.clear();
    }

    /// Changes whom messages go to; `None` leaves one as it is. What goes to nobody is not sent. The order stays.
    pub fn redirect(&mut self, mut change: impl FnMut(&[NodeId], &P::Message) -> Option<Vec<NodeId>>) {
        for effect in std::mem::take(&mut self.list) {
            match effect {
                Effect::Send { to, message } => match change(self.recipients(&to), &message) {
                    None => self.list.push(Effect::Send { to, message }),
                    Some(kept) => self.push_send(kept, message),
                },
                other => self.list.push(other),
            }
        }
    }

    /// Keeps the effects that the predicate accepts: how a traitor withholds.
    pub fn retain(&mut self, keep: impl FnMut(&Effect<P>) -> bool) {
        self.list.retain(keep);
    }
}

#[cold]
fn endless(asked: usize) -> ! {
    std::panic::panic_any(Endless { asked })
}

#[inline]
fn index(length: usize) -> u32 {
    u32::try_from(length).expect("a step has fewer than 2^32 recipients")
}
