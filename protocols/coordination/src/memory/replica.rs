//! Notes that an agent has on its own disk and merges with those of others: every agent, or every member of a core.
//!
//! All notes of a replica are one set from which only what was seen is removed ([`OrSet`]). A write adds its note and removes those of its
//! key that it has seen; so of notes that were written at the same time none is lost, and a key may have several until
//! somebody writes who has seen them all. A note that has expired is removed alike, and a copy that comes late does not bring it back.
//!
//! What is not durable is neither returned nor told to others, so that a replica never takes back what it said.

use std::rc::Rc;
use std::sync::Arc;

use gossip::crdt::Merge;
use gossip::crdt::set::OrSet;
use sim_core::digest::Digest;
use sim_core::facts::{Field, Value, Visitor};
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, JournalId, Stored, SyncId, SyncResult};
use sim_core::time::{Duration, Time};

use super::store::life;
use super::{is_claim, kept_for};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, CoordinationRecord,
};

/// Members of a core keep Raft's journal first.
pub const JOURNAL: JournalId = JournalId(1);

/// Where a note belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Under which key.
    pub key: u32,
    /// Who wrote it.
    pub owner: NodeId,
}

/// Notes, as they are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    set: OrSet,
    notes: OrderedMap<u64, About>,
}

/// The notes of a replica, as they are told to others and kept on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared(pub Rc<State>);

impl Field for Shared {
    fn fold(&self, digest: &mut Digest) {
        for (note, about) in &self.0.notes {
            [*note, about.key.into(), about.owner.0.into()].into_iter().for_each(|word| digest.word(word));
        }
        for (actor, count) in self.0.set.known().iter() {
            digest.word(actor.0.into());
            digest.word(count);
        }
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.group(name, "notes", &mut |visitor| {
            for (note, about) in &self.0.notes {
                visitor.value("key", Value::Unsigned(about.key.into()));
                visitor.value("owner", Value::Node(about.owner));
                visitor.value("note", Value::Unsigned(*note));
            }
        });
    }
}

impl Shared {
    /// How many notes there are.
    pub fn len(&self) -> u32 {
        self.0.notes.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.notes.is_empty()
    }

    /// Bytes that it takes without the content of notes: keys, owners and numbers, and how far each writer's notes are known.
    pub fn wire_size(&self) -> u32 {
        24 * self.0.notes.len() as u32 + 12 * self.0.set.known().iter().count() as u32
    }
}

/// A change that is told once it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Wrote(u64, NodeId),
    Replaced(u64, u64),
    Learned(u64),
    Forgot(u64),
}

/// A note went: another one took its place, or it expired, if there is none.
const fn went(note: u64, by: u64) -> Observation {
    if by > 0 {
        Observation::NoteReplaced { note, by }
    } else {
        Observation::NoteForgotten { note, version: 0 }
    }
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was written before, and is durable.
    Kept,
    /// It is answered once it is durable.
    Waits,
    /// Its writer went on to another one: nothing is written, and nobody waits for an answer.
    Old,
    /// The key belongs to somebody else.
    Owned(NodeId),
}

/// The notes of one agent.
#[derive(Debug)]
pub struct Replica {
    own: NodeId,
    keys: u32,
    ttl: Duration,
    /// Plant H04: of notes that were written at the same time, the last one wins.
    last_writer_wins: bool,
    /// What is on disk: it is returned, and told to others.
    durable: Shared,
    /// The same with what is not on disk yet.
    working: Shared,
    /// What is written just now.
    writing: Option<(SyncId, Shared, Vec<Change>)>,
    changes: Vec<Change>,
    expires: OrderedMap<u64, Time>,
    /// The last note that was written here in each life of an agent: a write that comes again, however late, takes effect once. Nobody
    /// writes one note at two replicas.
    last: OrderedMap<(NodeId, u64), u64>,
    syncs: u64,
    /// Notes that went with the last change that was written before it crashed: nobody may have heard of that.
    untold: Arc<[(u64, u64)]>,
}

impl Replica {
    /// A replica on what its disk holds. From when on a note would have expired the disk does not say: each is kept for as long
    /// as was left when it was written there, from [`Replica::start`] on.
    pub fn new(boot: &Boot<'_, Coordination>, (keys, ttl): (u32, Duration), last_writer_wins: bool) -> Self {
        let mut own = Self {
            own: boot.node,
            keys,
            ttl,
            last_writer_wins,
            durable: Shared::default(),
            working: Shared::default(),
            writing: None,
            changes: Vec::new(),
            expires: OrderedMap::new(),
            last: OrderedMap::new(),
            syncs: 0,
            untold: Arc::new([]),
        };
        if let Some(Stored::Intact(CoordinationRecord::Notes { notes, left, gone, last })) =
            boot.journal(JOURNAL).records.last()
        {
            own.durable = notes.clone();
            own.untold = gone.clone();
            own.last = last.iter().map(|(owner, note)| ((*owner, life(*note)), *note)).collect();
            own.working = notes.clone();
            own.expires = left.iter().map(|(note, left)| (*note, Time::ZERO.saturating_add(*left))).collect();
        }
        own
    }

    /// The agent starts now.
    pub fn start(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        for (note, by) in std::mem::take(&mut self.untold).iter().copied() {
            cx.observe(went(note, by));
        }
        self.expires.values_mut().for_each(|at| *at = now.saturating_add(at.since(Time::ZERO)));
    }

    /// What is under a key, in ascending order.
    pub fn read(&self, key: u32) -> Arc<[u64]> {
        self.durable.0.notes.iter().filter(|(_, about)| about.key == key).map(|(note, _)| *note).collect()
    }

    /// An agent writes a note here, which takes the place of those that it has seen.
    pub fn write(&mut self, (key, note): (u32, u64), owner: NodeId, seen: &[u64], now: Time) -> Outcome {
        let last = self.last.get(&(owner, life(note))).copied().unwrap_or_default();
        if note <= last {
            return if note < last { Outcome::Old } else { self.again(note) };
        }
        let notes = &self.working.0.notes;
        if is_claim(key, self.keys)
            && let Some(other) = notes.values().find(|about| about.key == key && about.owner != owner)
        {
            return Outcome::Owned(other.owner);
        }
        self.last.insert((owner, life(note)), note);
        let is_under_key = |note: &&u64| notes.get(note).is_some_and(|about| about.key == key);
        let replaced: Vec<u64> = seen.iter().filter(is_under_key).copied().collect();
        let state = Rc::make_mut(&mut self.working.0);
        for before in replaced {
            state.set.remove(before);
            state.notes.remove(&before);
            self.expires.remove(&before);
            self.changes.push(Change::Replaced(before, note));
        }
        state.set.add(self.own, note);
        state.notes.insert(note, About { key, owner });
        if self.ttl > Duration::ZERO {
            self.expires.insert(note, now.saturating_add(kept_for(self.ttl)));
        }
        self.changes.push(Change::Wrote(note, owner));
        Outcome::Waits
    }

    /// A note that was written before comes again.
    fn again(&self, note: u64) -> Outcome {
        let writing = self.writing.iter().flat_map(|(_, _, changes)| changes);
        let waits = self
            .changes
            .iter()
            .chain(writing)
            .any(|change| matches!(change, Change::Wrote(own, _) if *own == note));
        if waits { Outcome::Waits } else { Outcome::Kept }
    }

    /// What is under a key, also what is not durable yet.
    pub fn newest(&self, key: u32) -> Arc<[u64]> {
        self.working.0.notes.iter().filter(|(_, about)| about.key == key).map(|(note, _)| *note).collect()
    }

    /// Takes in the notes of another replica.
    pub fn merge(&mut self, other: &Shared, left: &[(u64, Duration)], now: Time) {
        if *self.working.0 == *other.0 {
            return;
        }
        let state = Rc::make_mut(&mut self.working.0);
        state.set.merge(&other.0.set);
        let set = &state.set;
        state.notes.retain(|note, _| set.contains(*note));
        for (note, about) in &other.0.notes {
            if state.set.contains(*note) && state.notes.insert(*note, *about).is_none() {
                self.changes.push(Change::Learned(*note));
            }
        }
        for (note, left) in left {
            if state.notes.contains_key(note) {
                self.expires.entry(*note).or_insert(now.saturating_add(*left));
            }
        }
        let notes = &state.notes;
        self.expires.retain(|note, _| notes.contains_key(note));
        if self.last_writer_wins {
            self.drop_all_but_the_last();
        }
    }

    /// Plant H04.
    fn drop_all_but_the_last(&mut self) {
        let state = Rc::make_mut(&mut self.working.0);
        let mut last: OrderedMap<u32, u64> = OrderedMap::new();
        for (note, about) in &state.notes {
            let known = last.entry(about.key).or_insert(*note);
            *known = (*known).max(*note);
        }
        let lost: Vec<u64> = state
            .notes
            .iter()
            .filter(|(note, about)| last[&about.key] != **note)
            .map(|(note, _)| *note)
            .collect();
        for note in lost {
            state.set.remove(note);
            state.notes.remove(&note);
        }
    }

    /// Gives up what has expired.
    pub fn expire(&mut self, now: Time) {
        let over: Vec<u64> =
            self.expires.iter().filter(|(_, at)| **at <= now).map(|(note, _)| *note).collect();
        for note in over {
            self.expires.remove(&note);
            let state = Rc::make_mut(&mut self.working.0);
            state.set.remove(note);
            if state.notes.remove(&note).is_some() {
                self.changes.push(Change::Forgot(note));
            }
        }
    }

    /// How long each note is kept still.
    fn left(&self, now: Time) -> Arc<[(u64, Duration)]> {
        self.expires.iter().map(|(note, at)| (*note, at.since(now))).collect()
    }

    /// Its notes, for another replica.
    pub fn told(&self, answer: bool, now: Time) -> Message {
        Message::Share { answer, notes: self.durable.clone(), left: self.left(now) }
    }

    /// Writes what has changed to its disk, unless that is under way.
    pub fn flush(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.writing.is_some() || self.working == self.durable {
            return;
        }
        let id = SyncId(self.syncs);
        self.syncs += 1;
        let (notes, left) = (self.working.clone(), self.left(cx.monotonic()));
        let gone = self.changes.iter().filter_map(|change| match *change {
            Change::Replaced(note, by) => Some((note, by)),
            Change::Forgot(note) => Some((note, 0)),
            Change::Wrote(..) | Change::Learned(_) => None,
        });
        let last = self.last.iter().map(|((owner, _), note)| (*owner, *note)).collect();
        let record = CoordinationRecord::Notes { notes: notes.clone(), left, gone: gone.collect(), last };
        cx.rewrite(JOURNAL, vec![record]);
        cx.sync(JOURNAL, id);
        self.writing = Some((id, notes, std::mem::take(&mut self.changes)));
    }

    /// What it wrote is durable, or is not; notes that are kept from now on, and whose they are.
    pub fn synced(
        &mut self,
        id: SyncId,
        result: SyncResult,
        cx: &mut Context<'_, Coordination>,
    ) -> Vec<(u64, NodeId)> {
        let Some((_, notes, changes)) = self.writing.take_if(|(writing, ..)| *writing == id) else {
            return Vec::new();
        };
        if result != SyncResult::Ok {
            // It is written again with the next change; whoever waits is not told before.
            self.changes.splice(0..0, changes);
            return Vec::new();
        }
        self.durable = notes;
        let mut kept = Vec::new();
        for change in changes {
            match change {
                Change::Wrote(note, owner) => kept.push((note, owner)),
                Change::Replaced(note, by) => cx.observe(went(note, by)),
                Change::Learned(note) => cx.observe(Observation::NoteLearned { note }),
                Change::Forgot(note) => cx.observe(went(note, 0)),
            }
        }
        self.flush(cx);
        kept
    }
}

#[cfg(test)]
mod tests;
