//! What a member says rests on what it wrote down, so it waits for the disk.
//!
//! One sync is under way at a time; what is signed meanwhile waits for the next one, so that a slow disk is asked once for
//! many votes. Everything leaves in the order in which it was said.

use sim_core::identity::NodeId;
use sim_core::process::{Context, JournalId, Protocol, SyncId, SyncResult};

/// The only journal of a member.
pub const JOURNAL: JournalId = JournalId(0);

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
        }
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
        cx.hold(id);
        self.under = std::mem::take(&mut self.waiting);
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
        let mut under = std::mem::take(&mut self.under);
        if self.failed {
            self.uncovered = true;
            under.append(&mut self.waiting);
            self.waiting = under;
        } else if self.uncovered || !self.waiting.is_empty() {
            self.begin(cx);
        }
        self.failed
    }

    /// A disk that failed is tried again.
    pub fn retry(&mut self, cx: &mut Context<'_, P>) {
        self.failed = false;
        self.begin(cx);
    }
}
