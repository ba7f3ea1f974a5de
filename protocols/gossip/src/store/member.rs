//! One member: a home of some keys, a coordinator for clients, and a keeper of what others could not be told.

use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Input, Process, Stored, TimerId};
use sim_core::time::Duration;

use super::collection::Collection;
use super::coordinating::{Answer, PendingRead, PendingWrite};
use super::joining::Roster;
use super::journal::{JOURNAL, Journal};
use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::ring::Ring;
use super::siblings::{Siblings, Written};
use super::vocabulary::{
    Record, Sent, Store, StoreMessage, StoreObservation, StoreRecord, StoreTimer, Version,
};

pub(super) const UNANSWERED: TimerId = TimerId(0);
pub(super) const EXCHANGE: TimerId = TimerId(1);
pub(super) const HANDOFF: TimerId = TimerId(2);
pub(super) const COLLECT: TimerId = TimerId(3);

/// What all members have in common.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The parameters.
    pub parameters: Parameters,
    /// Which bugs are on.
    pub plants: Plants,
    /// Where keys have their homes.
    pub ring: Ring,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) shared: Arc<Shared>,
    /// Its place on the ring, which is the name of whoever ran there first.
    pub(super) me: NodeId,
    pub(super) roster: Roster,
    /// Whether its disk is damaged: it does nothing.
    halted: bool,
    pub(super) journal: Journal,
    pub(super) replica: Replica,
    /// What it keeps for others: for whom, and which key.
    pub(super) hints: OrderedMap<(NodeId, u64), Siblings>,
    /// The last of them that was handed over, if there are more behind it.
    pub(super) handed: Option<(NodeId, u64)>,
    /// The latest time of all versions that it has seen.
    pub(super) clock: u64,
    /// By collector: the latest of its collections that this member has confirmed, and its tombstones.
    pub(super) confirmed: Vec<(u64, Box<[Written]>)>,
    /// By collector: the latest of its collections in which this member dropped something.
    pub(super) dropped: Vec<u64>,
    /// Writes up to this version are not taken any more: a tombstone that is newer may be gone.
    pub(super) fence: Version,
    pub(super) writes: Vec<PendingWrite>,
    pub(super) reads: Vec<PendingRead>,
    pub(super) next_operation: u64,
    /// Whom it compares its records with, in turns, and whose turn it is.
    pub(super) neighbors: Vec<NodeId>,
    pub(super) turn: usize,
    pub(super) collection: Collection,
}

/// What became of a record that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// It is held now, or something newer is.
    Held,
    /// Its sender has not confirmed a collection that this member has: the record may be older than a tombstone that is gone.
    Outdated,
}

/// How a record that came relates to what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is held, or superseded by what is held.
    Held,
    /// It adds something.
    New,
    /// Its sender has not confirmed a collection that this member has.
    Outdated,
}

impl Member {
    /// Starts from what the disk holds.
    pub fn new(shared: &Arc<Shared>, boot: &Boot<'_, Store>) -> Self {
        let members = shared.ring.members();
        let me = boot.replaces().unwrap_or(boot.node);
        let mut own = Self {
            shared: Arc::clone(shared),
            me,
            roster: Roster::new(boot, members),
            halted: false,
            journal: Journal::default(),
            replica: Replica::new(members),
            hints: OrderedMap::new(),
            handed: None,
            clock: 0,
            confirmed: vec![(0, Box::default()); members],
            dropped: vec![0; members],
            fence: Version { time: 0, actor: NodeId(0), session: 0 },
            writes: Vec::new(),
            reads: Vec::new(),
            next_operation: 0,
            neighbors: shared.ring.neighbors(me),
            turn: 0,
            collection: Collection::default(),
        };
        let records = boot.journal(JOURNAL).records;
        own.journal.found(records.len() as u64);
        for stored in records {
            match stored {
                Stored::Intact(record) => own.recall(record),
                Stored::Damaged => own.halted = true,
            }
        }
        own
    }

    fn recall(&mut self, record: &StoreRecord) {
        match *record {
            StoreRecord::Kept { ref written } => {
                self.clock = self.clock.max(written.record.version.time);
                self.replica.put(self.me, written.clone(), &self.shared.ring);
            }
            StoreRecord::Dropped { key, version, collection } => self.remove(key, version, collection),
            StoreRecord::Hinted { target, ref written } => {
                self.clock = self.clock.max(written.record.version.time);
                self.hints.entry((target, written.record.key)).or_default().hold(written.clone());
            }
            StoreRecord::Unhinted { target, key, version } => self.remove_hint(target, key, version),
            StoreRecord::Confirmed { collector, collection, ref tombstones } => {
                tombstones.iter().for_each(|tombstone| self.raise_fence(tombstone.record.version));
                self.confirmed[collector.index()] = (collection, tombstones.clone());
            }
            StoreRecord::Renewed { place, actor } => {
                self.roster.renew(place, actor);
            }
            StoreRecord::Joined => self.roster.joined = true,
            StoreRecord::Began { collection } => self.collection.number = collection,
            StoreRecord::Compacted { clock, fence, began } => {
                (self.clock, self.fence, self.collection.number) = (clock, fence, began);
            }
            StoreRecord::DroppedLast { collector, collection } => {
                self.dropped[collector.index()] = collection;
            }
        }
    }

    fn start(&mut self, cx: &mut Context<'_, Store>) {
        // Answers to an earlier incarnation may still come.
        self.next_operation = cx.rng().next_u64() >> 1;
        cx.observe(StoreObservation::Started);
        let stored = self.replica.iter().map(|held| held.record);
        stored.for_each(|record| cx.observe(StoreObservation::Stored { record }));
        for ((target, _), hints) in &self.hints {
            let hinted = hints.iter().map(|held| held.record);
            hinted.for_each(|record| cx.observe(StoreObservation::Hinted { target: *target, record }));
        }
        self.tell_what_it_knows(cx);
        for (place, actor) in self.roster.renewed().filter(|(place, _)| *place != self.me) {
            cx.observe(StoreObservation::Renewed { place, actor });
        }
        cx.observe(StoreObservation::Recovered);
        if self.roster.joined {
            self.begin_timers(cx);
        } else {
            self.ask_to_join(cx);
        }
    }

    pub(super) fn begin_timers(&mut self, cx: &mut Context<'_, Store>) {
        let Parameters { exchange_every, handoff_every, collect_every, tombstone_grace, .. } =
            self.shared.parameters;
        if !exchange_every.is_zero() && !self.neighbors.is_empty() {
            self.turn = cx.rng().below(self.neighbors.len() as u64) as usize;
            begin(EXCHANGE, exchange_every, StoreTimer::Exchange, cx);
        }
        begin(HANDOFF, handoff_every, StoreTimer::HandOff, cx);
        if !collect_every.is_zero() || !tombstone_grace.is_zero() {
            begin(COLLECT, self.collect_every(), StoreTimer::Collect, cx);
        }
    }

    fn ring(&mut self, timer: StoreTimer, cx: &mut Context<'_, Store>) {
        match timer {
            StoreTimer::Unanswered => self.unanswered(cx),
            StoreTimer::Exchange => self.compare(cx),
            StoreTimer::HandOff => self.hand_off(cx),
            StoreTimer::Collect => self.collect(cx),
            StoreTimer::Disk => self.journal.try_again(),
            StoreTimer::Join => self.ask_to_join(cx),
            StoreTimer::Retry { .. } => {}
        }
    }

    /// A message comes, from a client or from whoever runs in some place. Whoever has been replaced is not listened to.
    fn receive(&mut self, from: NodeId, message: &StoreMessage, cx: &mut Context<'_, Store>) {
        match *message {
            StoreMessage::Join { place } => self.wants_to_join(from, place, cx),
            StoreMessage::Welcome { ref confirmed, fence, clock, ref renewed } => {
                self.welcomed(from, confirmed, (fence, clock), renewed, cx);
            }
            _ if !self.roster.joined => {}
            StoreMessage::Get { operation, key } => self.get(from, operation, key, cx),
            StoreMessage::Put { operation, ref written } => self.put(from, operation, written, cx),
            _ => {
                if let Some(place) = self.roster.place(from) {
                    self.hear(place, message, cx);
                }
            }
        }
    }

    /// The member in a place says something.
    fn hear(&mut self, from: NodeId, message: &StoreMessage, cx: &mut Context<'_, Store>) {
        match *message {
            StoreMessage::Write { operation, ref sent, hint } => self.write(from, operation, sent, hint, cx),
            StoreMessage::Wrote { operation, hint } => self.wrote(hint.unwrap_or(from), hint, operation, cx),
            StoreMessage::Read { operation, key } => self.read(from, operation, key, cx),
            StoreMessage::ReadReply { operation, ref found, confirmed, dropped } => {
                let found = found.clone();
                self.read_reply(from, operation, Answer { found, confirmed, dropped }, cx);
            }
            StoreMessage::Repair { ref sent } => self.repaired(from, sent, cx),
            StoreMessage::HandOff { ref sent } => self.handed(from, sent, cx),
            StoreMessage::HandedOff { key, version } => self.handed_off(from, key, version, cx),
            StoreMessage::Root { root } => self.compared(from, root, cx),
            StoreMessage::Leaves { ref leaves } => self.differ(from, leaves, cx),
            StoreMessage::Exchange { buckets, ref sent, answer } => {
                self.exchanged(from, buckets, sent, answer, cx);
            }
            StoreMessage::Confirm { collector, collection, ref tombstones } => {
                self.confirm(collector, collection, tombstones, cx);
            }
            StoreMessage::Confirmed { collection, ref renewed } => {
                renewed.iter().for_each(|(place, actor)| self.renew(*place, *actor, cx));
                self.is_confirmed(from, collection, cx);
            }
            StoreMessage::Collect { collection, ref tombstones } => self.drop_all(collection, tombstones, cx),
            // For clients.
            StoreMessage::Got { .. } | StoreMessage::Done { .. } | StoreMessage::Refused { .. } => {}
            // They are heard of before.
            StoreMessage::Get { .. }
            | StoreMessage::Put { .. }
            | StoreMessage::Join { .. }
            | StoreMessage::Welcome { .. } => {}
        }
    }

    /// Says what need not wait for the disk any longer, and asks the disk for the rest.
    fn settle(&mut self, cx: &mut Context<'_, Store>) {
        while let Some((to, message)) = self.journal.next() {
            self.tell(to, message, cx);
        }
        self.compact(cx);
        self.journal.flush(cx);
    }

    /// Says something to a member, which may be this one.
    pub(super) fn tell(&mut self, to: NodeId, message: StoreMessage, cx: &mut Context<'_, Store>) {
        if to == self.me {
            self.hear(to, &message, cx);
        } else {
            cx.send(self.roster.actor(to), message);
        }
    }

    /// Says something to those in several other places.
    pub(super) fn tell_all(
        &self,
        to: impl IntoIterator<Item = NodeId>,
        message: StoreMessage,
        cx: &mut Context<'_, Store>,
    ) {
        cx.send_all(to.into_iter().map(|place| self.roster.actor(place)), message);
    }

    /// A record as it is sent now.
    pub(super) fn sent(&self, written: Written) -> Sent {
        let confirmed = self.confirmed_of(written.record.key);
        Sent { written, confirmed }
    }

    /// The latest collection that this member has confirmed, of a key's collector.
    pub(super) fn confirmed_of(&self, key: u64) -> u64 {
        self.confirmed[self.shared.ring.collector(key).index()].0
    }

    /// Whether a record may be older than a tombstone that this member has seen collected.
    pub(super) fn is_outdated(&self, sent: &Sent) -> bool {
        let Record { key, version, .. } = sent.written.record;
        sent.confirmed < self.confirmed_of(key) && version <= self.fence
    }

    /// Whether a record would add nothing to what is held, or may not be taken. A last writer replaces whatever is held,
    /// so that it is not older than a tombstone which that replaced; a sibling may be.
    pub(super) fn compare_with(&self, held: Option<&Siblings>, sent: &Sent) -> Compared {
        let Written { record, past } = &sent.written;
        match held {
            Some(held) if held.includes(record.version) => Compared::Held,
            Some(_) if past.is_none() => Compared::New,
            _ if self.is_outdated(sent) => Compared::Outdated,
            _ => Compared::New,
        }
    }

    /// Holds a record if what is held does not include it.
    pub(super) fn merge(&mut self, sent: &Sent, cx: &mut Context<'_, Store>) -> Merged {
        let record = sent.written.record;
        self.clock = self.clock.max(record.version.time);
        match self.compare_with(self.replica.get(record.key), sent) {
            Compared::Outdated => return Merged::Outdated,
            Compared::Held => {}
            Compared::New => self.hold(sent.written.clone(), cx),
        }
        Merged::Held
    }

    pub(super) fn hold(&mut self, written: Written, cx: &mut Context<'_, Store>) {
        let record = written.record;
        self.journal.append(StoreRecord::Kept { written: written.clone() }, cx);
        if let Some(held) = self.replica.get(record.key).filter(|_| written.past.is_some()) {
            let (key, by) = (record.key, record.version);
            let versions = held.iter().map(|held| held.record.version);
            let superseded = versions.filter(|version| *version != by && written.includes(*version));
            superseded.for_each(|version| cx.observe(StoreObservation::Superseded { key, version, by }));
        }
        self.replica.put(self.me, written, &self.shared.ring);
        cx.observe(StoreObservation::Stored { record });
    }

    fn repaired(&mut self, from: NodeId, sent: &Sent, cx: &mut Context<'_, Store>) {
        if self.repair(sent, cx) == Merged::Outdated {
            self.pass_on(from, sent.written.record.key);
        }
    }

    /// What a repair or a hint brings.
    pub(super) fn repair(&mut self, sent: &Sent, cx: &mut Context<'_, Store>) -> Merged {
        let Record { key, version, .. } = sent.written.record;
        let held = self.replica.get(key).and_then(|held| held.get(version));
        if self.shared.plants.blind_repair && held.is_none() {
            self.hold(sent.written.clone(), cx);
            return Merged::Held;
        }
        self.merge(sent, cx)
    }
}

/// Sets a timer for the first time: members are not in step.
fn begin(id: TimerId, every: Duration, timer: StoreTimer, cx: &mut Context<'_, Store>) {
    let phase = cx.rng().duration_between(Duration::ZERO, every);
    cx.set_timer(id, phase, timer);
}

impl Process<Store> for Member {
    fn step(&mut self, input: Input<'_, Store>, cx: &mut Context<'_, Store>) {
        if self.halted {
            return;
        }
        match input {
            Input::Message { from, message } => self.receive(from, message, cx),
            Input::Timer { timer, .. } => self.ring(timer, cx),
            Input::Start => self.start(cx),
            Input::Synced { id, result } => {
                self.journal.synced(id, result, self.shared.parameters.disk_retry, cx);
            }
            Input::Link { .. } | Input::Request { .. } => {}
        }
        self.settle(cx);
    }
}
