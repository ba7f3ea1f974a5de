//! What a member says rests on what it wrote down: answers wait until everything appended before them is durable.
//!
//! One sync is under way at a time. What is appended meanwhile waits for the next one, so that a slow disk is asked once for
//! many writes.
//!
//! What waits is bounded. A disk may fail for as long as the run lasts; then what is beyond the bound is not said at all, as if
//! the network had lost it.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::process::{Context, JournalId, SyncId, SyncResult, TimerId};
use sim_core::time::Duration;

use super::vocabulary::{Store, StoreMessage, StoreRecord, StoreTimer};

/// The only journal of a member.
pub(super) const JOURNAL: JournalId = JournalId(0);

pub(super) const DISK: TimerId = TimerId(4);

/// How many messages may wait for the disk.
const ROOM: usize = 1 << 14;

/// The journal of one incarnation, and what waits for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// How many writes this incarnation has made, and how many of them are durable.
    appended: u64,
    durable: u64,
    /// How many records the journal has, and how many it had when it was last rewritten.
    pub(super) records: u64,
    rewritten: u64,
    /// The sync under way, and how many records it makes durable.
    under: Option<(SyncId, u64)>,
    syncs: u64,
    /// Whether the last sync failed: the next one waits until the disk is tried again.
    failed: bool,
    /// Messages, each with how many records must be durable before it is sent; in order.
    waiting: VecDeque<(u64, NodeId, StoreMessage)>,
}

impl Journal {
    pub(super) fn append(&mut self, record: StoreRecord, cx: &mut Context<'_, Store>) {
        cx.append(JOURNAL, record);
        self.appended += 1;
        self.records += 1;
    }

    /// The disk held so many records at the start.
    pub(super) fn found(&mut self, records: u64) {
        self.records = records;
    }

    /// Whether there are at least so many records beyond twice those of the last rewriting.
    pub(super) fn has_grown_by(&self, records: u64) -> bool {
        self.records >= 2 * self.rewritten + records
    }

    /// Writes these records instead of all that were written before.
    pub(super) fn rewrite(&mut self, records: Vec<StoreRecord>, cx: &mut Context<'_, Store>) {
        self.records = records.len() as u64;
        self.rewritten = self.records;
        self.appended += 1;
        cx.rewrite(JOURNAL, records);
    }

    /// How many records there are: what was written up to here is durable once [`Journal::is_durable`] says so.
    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    pub(super) fn is_durable(&self, appended: u64) -> bool {
        self.durable >= appended
    }

    /// Keeps a message until all that was appended so far is durable, if there is room.
    pub(super) fn say(&mut self, to: NodeId, message: StoreMessage) {
        if self.waiting.len() < ROOM {
            self.waiting.push_back((self.appended, to, message));
        }
    }

    /// Somebody new runs in a place: what waits there was meant for the one before.
    pub(super) fn forget(&mut self, place: NodeId) {
        self.waiting.retain(|(_, to, _)| *to != place);
    }

    /// The next message that need not wait any longer.
    pub(super) fn next(&mut self) -> Option<(NodeId, StoreMessage)> {
        let ready = self.waiting.front().is_some_and(|(after, ..)| self.is_durable(*after));
        let (_, to, message) = if ready { self.waiting.pop_front() } else { None }?;
        Some((to, message))
    }

    /// Begins a sync if there is something to make durable.
    pub(super) fn flush(&mut self, cx: &mut Context<'_, Store>) {
        if self.under.is_none() && !self.failed && self.appended > self.durable {
            self.syncs += 1;
            let id = SyncId(self.syncs);
            self.under = Some((id, self.appended));
            cx.sync(JOURNAL, id);
        }
    }

    /// A sync ended. One that failed is tried again after a while.
    pub(super) fn synced(
        &mut self,
        id: SyncId,
        result: SyncResult,
        retry: Duration,
        cx: &mut Context<'_, Store>,
    ) {
        let Some((_, appended)) = self.under.take_if(|(under, _)| *under == id) else { return };
        if result == SyncResult::Ok {
            self.durable = appended;
        } else {
            self.failed = true;
            cx.set_timer(DISK, retry, StoreTimer::Disk);
        }
    }

    pub(super) fn try_again(&mut self) {
        self.failed = false;
    }
}
