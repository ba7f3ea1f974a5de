//! What a member says rests on what it wrote down, so it waits for the disk.
//!
//! One sync is under way at a time; what is signed meanwhile waits for the next one, so that a slow disk is asked once for
//! many votes. Everything leaves in the order in which it was said.
//!
//! What waits is bounded. A disk may fail for as long as the run lasts, and everything that is asked meanwhile would pile up.
//! So a member for which too much waits is deaf: it takes in nothing but the disk's answers, and hears again once its disk
//! has worked. Then it tells the others how far it is, like one that was restarted, since it may have missed anything.

use sim_core::identity::NodeId;
use sim_core::process::{Context, Input, JournalId, Protocol, SyncId, SyncResult, TimerId};
use sim_core::time::Duration;

/// The only journal of a member.
pub const JOURNAL: JournalId = JournalId(0);

/// With so many outputs that wait for the disk, a member is deaf.
const ROOM: usize = 1 << 14;

/// Something that others will see.
#[derive(Debug)]
enum Output<P: Protocol> {
    /// A message to one, or to all other members.
    Send(Option<NodeId>, P::Message),
    Observe(P::Observation),
}

impl<P: Protocol> Clone for Output<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Send(to, message) => Self::Send(*to, message.clone()),
            Self::Observe(observation) => Self::Observe(observation.clone()),
        }
    }
}

/// The outputs of one incarnation that are not settled yet.
#[derive(Debug)]
pub struct Outbox<P: Protocol> {
    me: NodeId,
    members: u32,
    last_sync: u64,
    syncing: Option<SyncId>,
    /// What the sync under way settles: shown by the world once it is done, and kept in case it fails.
    under: Vec<Output<P>>,
    /// What the next sync settles.
    waiting: Vec<Output<P>>,
    /// What was said in this step.
    said: Vec<Output<P>>,
    /// Whether something was written that no sync covers yet.
    uncovered: bool,
    /// Whether the last sync failed: the next one waits until the disk is tried again.
    failed: bool,
    /// Whether the sync under way tries a disk that failed. What it settles is shown once it is done, and not given to the
    /// world before: a disk that fails for hours must not cost everything that waits at every attempt.
    trying: bool,
    /// Whether something was not heard since too much waited.
    deaf: bool,
}

impl<P: Protocol> Outbox<P> {
    /// For one of so many members.
    pub fn new(me: NodeId, members: u32) -> Self {
        Self {
            me,
            members,
            last_sync: 0,
            syncing: None,
            under: Vec::new(),
            waiting: Vec::new(),
            said: Vec::new(),
            uncovered: false,
            failed: false,
            trying: false,
            deaf: false,
        }
    }

    /// Whether an input is not taken in, since too much waits for the disk. A timer, unless it is the disk's, then fires
    /// again after a while.
    pub fn shuts_out(
        &mut self,
        input: &Input<'_, P>,
        (disk, again): (TimerId, Duration),
        cx: &mut Context<'_, P>,
    ) -> bool {
        if self.waiting.len() + self.under.len() < ROOM {
            return false;
        }
        match input {
            Input::Start | Input::Synced { .. } => return false,
            Input::Timer { id, .. } if *id == disk => return false,
            Input::Timer { id, timer } => cx.set_timer(*id, again, timer.clone()),
            Input::Message { .. } | Input::Link { .. } | Input::Request { .. } => {}
        }
        self.deaf = true;
        true
    }

    /// Whether it hears again, after it had been deaf: said once.
    pub fn hears_again(&mut self) -> bool {
        let again = self.deaf && self.waiting.len() + self.under.len() < ROOM;
        self.deaf &= !again;
        again
    }

    /// Writes something down that everything said from this step on rests on.
    pub fn record(&mut self, record: P::Record, cx: &mut Context<'_, P>) {
        cx.append(JOURNAL, record);
        self.uncovered = true;
    }

    /// Replaces the journal.
    pub fn rewrite(&mut self, records: Vec<P::Record>, cx: &mut Context<'_, P>) {
        cx.rewrite(JOURNAL, records);
        self.uncovered = true;
    }

    /// Sends to all other members.
    pub fn tell_all(&mut self, message: P::Message) {
        self.said.push(Output::Send(None, message));
    }

    /// Sends to one node.
    pub fn tell(&mut self, to: NodeId, message: P::Message) {
        self.said.push(Output::Send(Some(to), message));
    }

    /// Reports a fact.
    pub fn report(&mut self, observation: P::Observation) {
        self.said.push(Output::Observe(observation));
    }

    /// The step is over: shows what may be shown.
    pub fn flush(&mut self, cx: &mut Context<'_, P>) {
        if self.uncovered || !self.waiting.is_empty() {
            self.waiting.append(&mut self.said);
            return self.begin(cx);
        }
        if self.said.is_empty() {
            return;
        }
        if self.trying {
            return self.under.append(&mut self.said);
        }
        if let Some(id) = self.syncing {
            cx.hold(id);
            self.under.extend_from_slice(&self.said);
        }
        for output in std::mem::take(&mut self.said) {
            self.show(output, cx);
        }
    }

    /// Begins a sync for what waits, unless one is under way or the disk has just failed.
    fn begin(&mut self, cx: &mut Context<'_, P>) {
        if self.syncing.is_some() || self.failed {
            return;
        }
        self.last_sync += 1;
        let id = SyncId(self.last_sync);
        self.syncing = Some(id);
        self.uncovered = false;
        cx.sync(JOURNAL, id);
        self.under = std::mem::take(&mut self.waiting);
        if self.trying {
            return;
        }
        cx.hold(id);
        for output in self.under.clone() {
            self.show(output, cx);
        }
    }

    fn show(&self, output: Output<P>, cx: &mut Context<'_, P>) {
        let me = self.me;
        match output {
            Output::Send(Some(to), message) => cx.send(to, message),
            Output::Send(None, message) => {
                cx.send_all((0..self.members).map(NodeId).filter(|node| *node != me), message);
            }
            Output::Observe(observation) => cx.observe(observation),
        }
    }

    /// A sync ended. What was held back by one that failed is lost to the world, so it waits again, before everything
    /// else. Whether the disk must be tried again later.
    pub fn synced(&mut self, id: SyncId, result: SyncResult, cx: &mut Context<'_, P>) -> bool {
        if self.syncing != Some(id) {
            return false;
        }
        self.syncing = None;
        self.failed = result != SyncResult::Ok;
        let tried = std::mem::take(&mut self.trying);
        let mut under = std::mem::take(&mut self.under);
        if self.failed {
            self.uncovered = true;
            under.append(&mut self.waiting);
            self.waiting = under;
            return true;
        }
        if tried {
            under.into_iter().for_each(|output| self.show(output, cx));
        }
        if self.uncovered || !self.waiting.is_empty() {
            self.begin(cx);
        }
        false
    }

    /// A disk that failed is tried again.
    pub fn retry(&mut self, cx: &mut Context<'_, P>) {
        self.failed = false;
        self.trying = self.syncing.is_none();
        self.begin(cx);
    }
}

#[cfg(test)]
mod tests;
