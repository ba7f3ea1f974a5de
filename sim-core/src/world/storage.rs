//! Journals and syncs: what is durable.

mod gates;

use std::collections::VecDeque;

use super::World;
use super::step::Stimulus;
use crate::disk::{Journal, Tail};
use crate::distribution::Sampler;
use crate::facts::Facts;
use crate::fault::DiskFault;
use crate::ground::{Ground, Mark};
use crate::identity::Slot;
use crate::kernel::event::Event;
use crate::kernel::{Folded, SyncJob, tie};
use crate::process::{JournalId, Process, Protocol, Stored, SyncId, SyncResult};
use crate::random::{Draw, Keyed, Purpose};
use crate::time::{Duration, Time};
use crate::trace::{Known, What};

use gates::Gate;
pub(super) use gates::Gated;

/// What one slot stores.
struct Store<P: Protocol> {
    journals: Vec<Journal<P::Record>>,
    /// Syncs that have not ended, in the order in which they were asked for: nearly always the order in which they end.
    pending: VecDeque<Pending>,
    /// Syncs of this incarnation that failed.
    failed: Vec<SyncId>,
    gates: VecDeque<Box<Gate<P>>>,
    /// How many of the gates wait for journals.
    on_journals: u32,
    /// When the last sync that was asked for will have ended, and its place among what happens then.
    free_at: Time,
    tie: u32,
    fault: DiskFault,
    /// Syncs of this incarnation, by journal.
    syncs: Vec<u64>,
    /// How often records of this incarnation rotted.
    rots: u64,
}

/// A sync that has not ended.
#[derive(Clone, Copy)]
struct Pending {
    id: SyncId,
    /// How many gates wait for it: opening them looks no further than at the last of these.
    gates: u32,
}

impl<P: Protocol> Default for Store<P> {
    fn default() -> Self {
        Self {
            journals: Vec::new(),
            pending: VecDeque::new(),
            failed: Vec::new(),
            gates: VecDeque::new(),
            on_journals: 0,
            free_at: Time::ZERO,
            tie: 0,
            fault: DiskFault::Healthy,
            syncs: Vec::new(),
            rots: 0,
        }
    }
}

impl<P: Protocol> Store<P> {
    #[cold]
    fn boxed() -> Box<Self> {
        Box::default()
    }

    /// A journal is written to for the first time.
    #[cold]
    fn add_journals(&mut self, count: usize) {
        self.journals.resize_with(count, Journal::default);
    }

    /// The next sync ends at a moment, at the place that is drawn for it, but never before the one asked for earlier.
    #[inline]
    fn ends(&mut self, at: Time, drawn: u32) -> u32 {
        self.tie = if at == self.free_at { drawn.max(self.tie.saturating_add(1)) } else { drawn };
        self.free_at = at;
        self.tie
    }

    /// The number of the next sync of a journal, from 0.
    fn next_sync(&mut self, journal: JournalId) -> u64 {
        let index = usize::from(journal.0);
        if self.syncs.len() <= index {
            self.syncs.resize(index + 1, 0);
        }
        let number = self.syncs[index];
        self.syncs[index] += 1;
        number
    }
}

/// The dice of rot are not those of syncs; labels below 2^32 belong to [`Draw`].
const ROT: u64 = 1 << 40;

/// What all slots store; a slot that stores nothing costs eight bytes.
pub(super) struct Storage<P: Protocol> {
    stores: Vec<Option<Box<Store<P>>>>,
    sampler: Sampler,
    dice: Keyed,
    crash_dice: Keyed,
    /// The syncs that the step in progress holds on.
    holds: Vec<SyncId>,
    /// The journals that it holds on, and how much of each has to be durable.
    until: Vec<(JournalId, u64)>,
    /// A hold on a failed sync: whatever follows in the step is lost.
    lost: bool,
    /// Whether the step holds on anything at all of these.
    holding: bool,
    open: Box<Gate<P>>,
    #[expect(clippy::vec_box, reason = "gates are handed on by their pointers")]
    spare: Vec<Box<Gate<P>>>,
    last_journal: JournalId,
}

impl<P: Protocol> Storage<P> {
    /// From now on, what befalls disks is drawn from another seed.
    pub(super) const fn draw_anew(&mut self, seed: u64) {
        self.dice = Keyed::new(seed, Purpose::Disk);
        self.crash_dice = Keyed::new(seed, Purpose::Crash);
    }

    pub(super) fn new(slots: usize, sampler: Sampler, seed: u64) -> Self {
        Self {
            stores: std::iter::repeat_with(|| None).take(slots).collect(),
            sampler,
            dice: Keyed::new(seed, Purpose::Disk),
            crash_dice: Keyed::new(seed, Purpose::Crash),
            holds: Vec::new(),
            until: Vec::new(),
            lost: false,
            holding: false,
            open: Gate::boxed(),
            spare: Vec::new(),
            last_journal: JournalId(0),
        }
    }

    pub(super) fn add_slot(&mut self) {
        self.stores.push(None);
    }

    #[inline]
    fn of(&mut self, slot: Slot) -> &mut Store<P> {
        self.stores[slot.index()].get_or_insert_with(Store::boxed)
    }

    pub(super) fn journals(&self, slot: Slot) -> &[Journal<P::Record>] {
        self.stores[slot.index()].as_ref().map_or(&[], |store| &store.journals)
    }

    /// Whether nobody ever stored anything.
    pub(super) fn blank(&self) -> bool {
        self.stores.iter().all(Option::is_none)
    }

    /// What is true of all that is stored, between two events.
    pub(super) fn invariants(&self, ground: &Ground) {
        let held = !self.holds.is_empty() || !self.until.is_empty();
        assert!(!held && !self.lost && !self.holding, "a hold ends with its step");
        for (store, place) in self.stores.iter().zip(&ground.places) {
            let Some(store) = store else { continue };
            for (index, journal) in store.journals.iter().enumerate() {
                journal.invariants();
                let told = place.marks.get(index).copied().unwrap_or_default();
                assert_eq!(told, journal.mark(), "checks know how far a journal is");
            }
            store.gate_invariants();
        }
    }

    /// Until when the disk of a slot is busy with what was asked of it so far.
    pub(super) fn busy_until(&self, slot: Slot) -> Time {
        self.stores[slot.index()].as_ref().map_or(Time::ZERO, |store| store.free_at)
    }

    pub(super) fn set_fault(&mut self, slot: Slot, fault: DiskFault) {
        self.of(slot).fault = fault;
    }

    #[inline]
    pub(super) fn open_step(&mut self) {
        self.last_journal = JournalId(0);
    }

    pub(super) fn last_journal(&self) -> JournalId {
        self.last_journal
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// A record is about to be appended.
    #[inline(never)]
    pub(super) fn before_append(&mut self, slot: Slot, id: JournalId, record: &P::Record) {
        let content = record.content();
        self.kernel.fold(Folded::Append, slot, content ^ u64::from(id.0).rotate_left(56));
        if self.kernel.traced() {
            let record = &Known { facts: record, hash: content };
            self.kernel.trace(slot, What::Append { journal: id, record });
        }
        self.storage.last_journal = id;
    }

    /// It is moved from where it lies to its place, once.
    #[inline(always)]
    pub(super) fn append(&mut self, slot: Slot, id: JournalId, record: impl FnOnce() -> P::Record) {
        let journal = self.journal(slot, id);
        journal.append_with(record);
        let mark = journal.mark();
        self.publish(slot, id, mark);
    }

    #[inline(never)]
    pub(super) fn rewrite(&mut self, slot: Slot, id: JournalId, records: Vec<P::Record>) {
        let content = records.iter().fold(0, |sum: u64, record| sum.rotate_left(7) ^ record.content());
        self.kernel.fold(Folded::Rewrite, slot, content);
        self.kernel.trace(slot, What::Rewrite { journal: id, records: records.len() as u64 });
        self.journal(slot, id).rewrite(records);
        self.storage.last_journal = id;
        self.publish_mark(slot, id);
    }

    /// What a member's disk holds at genesis.
    pub(super) fn fill_disk(&mut self, slot: Slot) {
        let place = self.kernel.ground.place(slot);
        if place.role != crate::process::Role::Member {
            return;
        }
        for (id, records) in self.factory.disk(place.node) {
            let stored = records.into_iter().map(Stored::Intact).collect();
            *self.journal(slot, id) = Journal::holding(stored, false);
            self.publish_mark(slot, id);
        }
    }

    #[inline(always)]
    fn journal(&mut self, slot: Slot, id: JournalId) -> &mut Journal<P::Record> {
        let store = self.storage.of(slot);
        let index = usize::from(id.0);
        if store.journals.len() <= index {
            store.add_journals(index + 1);
        }
        &mut store.journals[index]
    }

    fn publish_mark(&mut self, slot: Slot, id: JournalId) {
        let mark = self.journal(slot, id).mark();
        self.publish(slot, id, mark);
    }

    /// Checks learn how far a journal is.
    #[inline]
    fn publish(&mut self, slot: Slot, id: JournalId, mark: Mark) {
        let marks = &mut self.kernel.ground.places[slot.index()].marks;
        let index = usize::from(id.0);
        if marks.len() <= index {
            marks.resize(index + 1, Mark::default());
        }
        marks[index] = mark;
    }

    #[inline(never)]
    pub(super) fn sync(&mut self, slot: Slot, journal: JournalId, id: SyncId) {
        self.kernel.fold(Folded::Sync, slot, id.0 ^ u64::from(journal.0).rotate_left(56));
        self.kernel.trace(slot, What::Sync { journal, id });
        let now = self.kernel.now;
        let upto = self.journal(slot, journal).mark().appended;
        let incarnation = self.kernel.hot[slot.index()].incarnation;
        let (latency, result) = self.sync_fate(slot, journal);
        let store = self.storage.of(slot);
        let at = store.free_at.max(now).saturating_add(latency);
        let tie = store.ends(at, self.kernel.tie(at, tie::sync(slot, id)));
        if self.kernel.ledger.on {
            self.kernel.ledger.sync(slot, latency, at);
        }
        if at == now && result == SyncResult::Ok {
            // A disk that takes no time is done before the step goes on: a hold on this sync is nothing.
            self.journal(slot, journal).make_durable(upto);
            self.publish_mark(slot, journal);
            self.kernel.disks.synced += 1;
            if self.kernel.watches.syncs
                && let Some(struck) = self.kernel.sync_triggers(slot)
            {
                self.strike(struck);
            }
        } else {
            store.pending.push_back(Pending { id, gates: 0 });
        }
        let at_once = at == now && self.kernel.servers.on();
        if at_once {
            self.kernel.servers.of(slot).syncing += 1;
        }
        let job = SyncJob { slot, incarnation, journal: journal.0, id, upto, result, at_once };
        let key = self.kernel.syncs.insert(job);
        self.kernel.queue_tied(at, tie, Event::Synced(key));
    }

    /// Names an incarnation of a slot for the dice of its disk.
    fn life(&self, slot: Slot) -> u64 {
        u64::from(slot.0) << 32 | u64::from(self.kernel.hot[slot.index()].incarnation)
    }

    /// How long the next sync of a journal takes and how it ends: by its number in this incarnation, never by the time,
    /// so that the same sync takes as long where everything is a little earlier or later.
    fn sync_fate(&mut self, slot: Slot, journal: JournalId) -> (Duration, SyncResult) {
        let (dice, life) = (self.storage.dice, self.life(slot));
        let store = self.storage.of(slot);
        let (fault, number) = (store.fault, store.next_sync(journal));
        let mut draw = Draw::new(dice, life, u64::from(journal.0) << 56 | number);
        let plain = self.storage.sampler.sample_from(&mut draw);
        match fault {
            DiskFault::Slow { percent, extra } => {
                let slowed = plain.as_nanos().saturating_mul(u64::from(percent)) / 100;
                (Duration::from_nanos(slowed).saturating_add(extra), SyncResult::Ok)
            }
            DiskFault::Failing => (plain, SyncResult::Io),
            DiskFault::Full => (plain, SyncResult::Full),
            DiskFault::Healthy | DiskFault::LoseTail | DiskFault::TearTail | DiskFault::Rot => {
                (plain, SyncResult::Ok)
            }
        }
    }

    /// A sync ends: what it covered is durable or not, what waited for it goes out or is lost, the process hears of it.
    pub(super) fn sync_ended(&mut self, key: u32) {
        let job = self.kernel.syncs[key];
        let hot = self.kernel.hot[job.slot.index()];
        if !hot.up || hot.incarnation != job.incarnation {
            self.kernel.syncs.remove(key);
            return;
        }
        if !self.finish_sync(&job) {
            self.kernel.syncs.remove(key);
            return;
        }
        if job.at_once {
            self.kernel.syncs[key].at_once = false;
            self.kernel.servers.of(job.slot).syncing -= 1;
        }
        if self.kernel.postponed(job.slot, Event::Synced(key)) {
            return;
        }
        self.kernel.syncs.remove(key);
        self.step(job.slot, Stimulus::Synced { id: job.id, result: job.result });
        if job.at_once {
            self.serve(job.slot);
        }
    }

    /// The device's side of it, which does not wait for a busy process; what a paused process gated goes out when it
    /// is resumed. Doing it twice changes nothing. Whether the process is still there: a fault may strike as soon as
    /// something is durable.
    fn finish_sync(&mut self, job: &SyncJob) -> bool {
        let journal = JournalId(job.journal);
        if job.result == SyncResult::Ok {
            let written = self.journal(job.slot, journal);
            written.make_durable(job.upto);
            let mark = written.mark();
            self.publish(job.slot, journal, mark);
            if self.kernel.watches.syncs
                && let Some(struck) = self.kernel.sync_triggers(job.slot)
            {
                self.strike(struck);
                let hot = self.kernel.hot[job.slot.index()];
                if !hot.up || hot.incarnation != job.incarnation {
                    return false;
                }
            }
        }
        if self.kernel.ground.places[job.slot.index()].paused {
            return true;
        }
        if job.result == SyncResult::Ok {
            self.open_durable(job.slot, journal);
        }
        let pending = &mut self.storage.of(job.slot).pending;
        let Some(place) = pending.iter().position(|sync| sync.id == job.id) else { return true };
        let ended = if place == 0 { pending.pop_front() } else { pending.remove(place) };
        let gates = ended.map_or(0, |sync| sync.gates);
        if job.result == SyncResult::Ok {
            self.kernel.disks.synced += 1;
            self.open_gates(job.slot, job.id, gates);
        } else {
            self.kernel.disks.failed += 1;
            self.storage.of(job.slot).failed.push(job.id);
            self.burn_gates(job.slot, Some(job.id));
        }
        true
    }

    /// The power of a slot goes: unsynced writes are lost as the disk's faults say.
    pub(super) fn crash_storage(&mut self, slot: Slot) {
        if self.storage.stores[slot.index()].is_none() {
            return;
        }
        self.burn_gates(slot, None);
        let (dice, life) = (self.storage.crash_dice, self.life(slot));
        let store = self.storage.of(slot);
        store.pending.clear();
        store.failed.clear();
        store.syncs.clear();
        store.rots = 0;
        store.free_at = Time::ZERO;
        let fault = store.fault;
        let (mut torn, mut lost_tails) = (0, 0);
        for (index, journal) in store.journals.iter_mut().enumerate() {
            let words = dice.words(life, index as u64);
            let most = journal.unsynced() as u64;
            let kept = usize::try_from(crate::random::below(words[0], most + 1)).unwrap_or(0);
            let before = journal.mark();
            let tore = journal.crash(match fault {
                DiskFault::LoseTail => Tail::Keep(0),
                DiskFault::TearTail => Tail::Tear(kept.min(journal.unsynced().saturating_sub(1))),
                _ if words[1] & 1 == 0 => Tail::Keep(kept),
                _ => Tail::Tear(kept),
            });
            torn += u64::from(tore);
            lost_tails += u64::from(journal.mark().appended < before.appended);
        }
        if matches!(fault, DiskFault::LoseTail | DiskFault::TearTail) {
            store.fault = DiskFault::Healthy;
        }
        self.kernel.disks.torn += torn;
        self.kernel.disks.lost_tails += lost_tails;
        for index in 0..self.storage.of(slot).journals.len() {
            self.publish_mark(slot, JournalId(u8::try_from(index).unwrap_or(u8::MAX)));
        }
    }

    /// One durable record of a slot no longer matches its checksum.
    pub(super) fn rot(&mut self, slot: Slot) {
        let (dice, life) = (self.storage.dice.labeled(ROT), self.life(slot));
        let store = self.storage.of(slot);
        let words = dice.words(life, store.rots);
        store.rots += 1;
        let journals = &mut store.journals;
        let count = journals.len() as u64;
        if count > 0 {
            let first = crate::random::below(words[0], count) as usize;
            let rots = (0..journals.len()).any(|step| {
                let index = (first + step) % journals.len();
                journals[index].rot(words[1])
            });
            self.kernel.disks.rotten += u64::from(rots);
            self.kernel.ground.places[slot.index()].rotten |= rots;
        }
    }

    /// What was on the disk of a slot is gone; a fault of the disk that is in force stays.
    pub(super) fn wipe_storage(&mut self, slot: Slot) {
        let store = &mut self.storage.stores[slot.index()];
        let fault = store.as_ref().map_or(DiskFault::Healthy, |store| store.fault);
        *store = (fault != DiskFault::Healthy).then(|| Box::new(Store { fault, ..Store::default() }));
        let place = &mut self.kernel.ground.places[slot.index()];
        place.marks.clear();
        place.rotten = false;
    }
}
