//! What a step asks of the world, kept in the order in which it was asked.

use std::ops::Range;

use super::{JournalId, Protocol, RequestId, SyncId, TimerId};
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
        /// How long from now, on the slot's own clock.
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
}

/// The effects of one step. The world reuses one buffer for all steps.
#[derive(Clone, Debug)]
pub struct Effects<P: Protocol> {
    pub(crate) list: Vec<Effect<P>>,
    pub(crate) recipients: Vec<NodeId>,
}

impl<P: Protocol> Default for Effects<P> {
    fn default() -> Self {
        Self { list: Vec::new(), recipients: Vec::new() }
    }
}

impl<P: Protocol> Effects<P> {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
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
        self.list.push(effect);
    }

    /// Appends a send of one message to all the given recipients.
    #[inline]
    pub fn push_send(&mut self, to: impl IntoIterator<Item = NodeId>, message: P::Message) {
        let start = self.recipients.len();
        self.recipients.extend(to);
        let range = index(start)..index(self.recipients.len());
        if !range.is_empty() {
            self.list.push(Effect::Send { to: range, message });
        }
    }

    /// Appends a send to one recipient.
    #[inline]
    pub(crate) fn push_send_to(&mut self, to: NodeId, message: P::Message) {
        let start = index(self.recipients.len());
        self.recipients.push(to);
        self.list.push(Effect::Send { to: start..start + 1, message });
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

#[inline]
fn index(length: usize) -> u32 {
    u32::try_from(length).expect("a step has fewer than 2^32 recipients")
}
