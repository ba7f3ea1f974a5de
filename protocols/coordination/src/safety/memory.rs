//! Shared memory keeps what its strategy promises.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::check::{Check, Findings, Lifecycle, Seen, Table};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use crate::memory::{Keeps, is_claim, name};
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// A note, as its writer told of it.
#[derive(Clone, Copy, Debug)]
struct Note {
    key: u32,
    owner: NodeId,
    asked: Time,
    /// When its writer heard that it is kept.
    kept: Option<Time>,
    /// Whether another note took its place, or it was given up after its time.
    gone: bool,
    /// At which place of the order it is.
    version: Option<u64>,
    /// At how many agents it is that merge notes.
    at: u32,
}

/// The latest note of a key that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Latest {
    version: u64,
    note: u64,
}

/// A read under way, and what was true when it began.
#[derive(Clone, Debug)]
struct Read {
    key: u32,
    at: Time,
    latest: Option<Latest>,
    /// The latest version under the key that had been given up.
    forgotten: u64,
    /// Notes that were acknowledged and had not been replaced.
    live: Vec<u64>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    writes: u64,
    kept: u64,
    reads: u64,
    stale: u64,
    refused: u64,
    unanswered: u64,
    forgotten: u64,
}

/// Judges what agents hear from shared memory.
///
/// What is read was written. Where one agent or a core keeps notes, a read returns the one that was acknowledged last, or a later
/// one; a note is there for its time to live, counted in true time from when its writer asked; a key of `claims` has one owner at a
/// time. Where agents merge notes, each of them goes on returning what it returned or acknowledged before, until
/// somebody who saw it wrote another one. What has been given up is not returned by whoever gave it up. All else is measured.
#[derive(Debug)]
pub struct SharedMemory {
    keeps: Keeps,
    keys: u32,
    ttl: Duration,
    agents: u32,
    notes: BTreeMap<u64, Note>,
    /// By key. Of versions of different lives of a coordinator that keeps nothing, only the last one's count.
    latest: Vec<Option<Latest>>,
    forgotten: Vec<u64>,
    /// Which note has a version.
    versions: BTreeMap<u64, u64>,
    /// By agent.
    reads: Vec<Option<Read>>,
    /// By agent: notes that it returned or acknowledged, and those that it gave up; only where agents merge notes.
    held: Vec<BTreeSet<u64>>,
    given_up: Vec<BTreeSet<u64>>,
    /// By key: acknowledged and not replaced.
    live: Vec<BTreeSet<u64>>,
    counts: Counts,
}

/// In which life of a coordinator that keeps nothing a version was given; the same for all of a core.
const fn epoch(version: u64) -> u64 {
    version >> 32
}

impl SharedMemory {
    /// No notes yet.
    pub fn new(parameters: &Parameters, agents: u32) -> Self {
        let all = 2 * parameters.memory_keys as usize;
        Self {
            keeps: parameters.memory(),
            keys: parameters.memory_keys,
            ttl: parameters.memory_ttl,
            agents,
            notes: BTreeMap::new(),
            latest: vec![None; all],
            forgotten: vec![0; all],
            versions: BTreeMap::new(),
            reads: vec![None; agents as usize],
            held: vec![BTreeSet::new(); agents as usize],
            given_up: vec![BTreeSet::new(); agents as usize],
            live: vec![BTreeSet::new(); all],
            counts: Counts::default(),
        }
    }

    /// Whether one agent or a core decides which note is under a key.
    const fn is_one_place(&self) -> bool {
        matches!(self.keeps, Keeps::UntilCrash | Keeps::Decided)
    }

    fn name(&self, key: u32) -> String {
        name(key, self.keys)
    }

    /// Until when a note has to be there, unless another one takes its place.
    fn until(&self, note: u64) -> Time {
        let asked = self.notes.get(&note).map_or(Time::ZERO, |known| known.asked);
        if self.ttl.is_zero() { Time::MAX } else { asked.saturating_add(self.ttl) }
    }

    fn is_kept(
        &mut self,
        note: u64,
        version: u64,
        ground: &Ground,
        seen: &Seen<'_, Coordination>,
        findings: &mut Findings,
    ) {
        let now = ground.now;
        let Some(known) = self.notes.get_mut(&note) else { return };
        known.kept = Some(now);
        let Note { key, asked, gone, owner, .. } = *known;
        self.counts.kept += 1;
        findings.record("memory_write_ns", now.since(asked).as_nanos());
        if !gone {
            self.live[key as usize].insert(note);
        }
        if self.keeps == Keeps::Merged {
            if !gone {
                self.held[seen.slot.index()].insert(note);
            }
            return;
        }
        if !self.is_one_place() {
            return;
        }
        findings.exercised();
        self.check_version(note, version, seen.node, findings);
        let before = self.latest[key as usize].filter(|latest| epoch(latest.version) == epoch(version));
        if let Some(before) = before.filter(|_| is_claim(key, self.keys)) {
            self.check_owner(before, (note, version), owner, now, findings);
        }
        let outdated = self.latest[key as usize].is_some_and(|latest| latest.version > version);
        if !outdated {
            let latest = self.latest[key as usize].replace(Latest { version, note });
            latest
                .into_iter()
                .filter(|latest| latest.note != note)
                .for_each(|latest| self.retire(latest.note));
        } else {
            self.retire(note);
        }
    }

    /// A claim that one agent has is not another one's before it has expired.
    fn check_owner(
        &self,
        other: Latest,
        (note, version): (u64, u64),
        owner: NodeId,
        now: Time,
        findings: &mut Findings,
    ) {
        let Some(theirs) = self.notes.get(&other.note).filter(|theirs| theirs.owner != owner) else { return };
        let (first, second, at) = if other.version < version {
            (other.note, note, now)
        } else {
            (note, other.note, theirs.kept.unwrap_or(now))
        };
        if at >= self.until(first) {
            return;
        }
        let of = |note| self.notes[&note];
        let (one, two) = (of(first).owner, of(second).owner);
        let message = format!(
            "{two} owns {} although {one}, who wrote it at {}, owns it still",
            self.name(of(first).key),
            of(first).asked.since(Time::ZERO).told()
        );
        findings.safety("owner", &[one, two], message);
    }

    /// A place of the order has one note, and a note one place.
    fn check_version(&mut self, note: u64, version: u64, node: NodeId, findings: &mut Findings) {
        let other = *self.versions.entry(version).or_insert(note);
        if other != note {
            let message =
                format!("{node} hears that note {note:#x} has version {version}, which note {other:#x} has");
            findings.safety("version", &[node], message);
        }
        let Some(known) = self.notes.get_mut(&note) else { return };
        if let Some(before) = known.version.replace(version)
            && before != version
            && epoch(before) == epoch(version)
        {
            let message = format!("note {note:#x} of {} has versions {before} and {version}", known.owner);
            findings.safety("twice", &[known.owner, node], message);
        }
    }

    /// Another note took its place, or it was given up.
    fn retire(&mut self, note: u64) {
        if let Some(known) = self.notes.get_mut(&note) {
            known.gone = true;
            let key = known.key as usize;
            self.live[key].remove(&note);
        }
    }

    fn is_found(
        &mut self,
        (key, notes, version): (u32, &[u64], u64),
        ground: &Ground,
        seen: &Seen<'_, Coordination>,
        findings: &mut Findings,
    ) {
        let (now, node) = (ground.now, seen.node);
        let Some(read) = self.reads[seen.slot.index()].take().filter(|read| read.key == key) else { return };
        findings.exercised();
        self.counts.reads += 1;
        findings.record("memory_read_ns", now.since(read.at).as_nanos());
        for note in notes {
            if self.notes.get(note).is_none_or(|known| known.key != key) {
                let message =
                    format!("{node} reads note {note:#x} under {}, which nobody wrote there", self.name(key));
                findings.safety("invented", &[node], message);
                return;
            }
            let over = self.until(*note);
            if now > over {
                findings.record("memory_kept_too_long_ns", now.since(over).as_nanos());
            }
        }
        self.measure_staleness(&read, (notes, version), now, findings);
        match self.keeps {
            Keeps::UntilCrash | Keeps::Decided => {
                self.judge_one_place(&read, (notes, version), node, now, findings);
            }
            Keeps::Merged => self.judge_replica(seen.slot, (key, notes), node, now, findings),
            Keeps::Nothing | Keeps::Forfeited => {}
        }
    }

    /// A read is stale if a note that was acknowledged before is not in it, is not over, and has no later one in its place.
    fn measure_staleness(
        &mut self,
        read: &Read,
        (notes, version): (&[u64], u64),
        now: Time,
        findings: &mut Findings,
    ) {
        let kept = |note: u64| self.notes.get(&note).and_then(|known| known.kept);
        let since = if self.keeps == Keeps::Merged {
            let missing = read.live.iter().filter(|note| !notes.contains(note) && now < self.until(**note));
            missing.filter(|note| !self.notes[*note].gone).filter_map(|note| kept(*note)).min()
        } else {
            let latest = read.latest.filter(|latest| epoch(latest.version) == epoch(version));
            latest.filter(|latest| version < latest.version).and_then(|latest| kept(latest.note))
        };
        if let Some(since) = since {
            self.counts.stale += 1;
            findings.record("memory_stale_ns", read.at.since(since).as_nanos());
        }
    }

    fn judge_one_place(
        &mut self,
        read: &Read,
        (notes, version): (&[u64], u64),
        node: NodeId,
        now: Time,
        findings: &mut Findings,
    ) {
        let name = self.name(read.key);
        if let Some(note) = notes.first() {
            self.check_version(*note, version, node, findings);
            if version <= read.forgotten && epoch(version) == epoch(read.forgotten) {
                let message = format!("{node} reads a note under {name} that had been given up as expired");
                findings.safety("expired", &[node], message);
            }
        }
        let Some(latest) = read.latest.filter(|latest| epoch(latest.version) == epoch(version)) else {
            return;
        };
        let writer = self.notes[&latest.note].owner;
        if version < latest.version {
            let message = format!(
                "{node} reads version {version} of {name}, after {writer} heard that its note is version {}",
                latest.version
            );
            findings.safety("lost", &[writer, node], message);
        } else if notes.is_empty() && now < self.until(latest.note) {
            let message =
                format!("{node} reads nothing under {name}, where the note of {writer} has not expired");
            findings.safety("lost", &[writer, node], message);
        }
    }

    fn judge_replica(
        &mut self,
        slot: Slot,
        (key, notes): (u32, &[u64]),
        node: NodeId,
        now: Time,
        findings: &mut Findings,
    ) {
        let held = &mut self.held[slot.index()];
        held.retain(|note| self.notes.get(note).is_some_and(|known| !known.gone));
        let until = |note: &u64| {
            let asked = self.notes.get(note).map_or(Time::ZERO, |known| known.asked);
            if self.ttl.is_zero() { Time::MAX } else { asked.saturating_add(self.ttl) }
        };
        let of_key = |note: &u64| self.notes.get(note).is_some_and(|known| known.key == key);
        let lost =
            held.iter().find(|note| of_key(note) && !notes.contains(note) && now < until(note)).copied();
        held.extend(notes.iter().filter(|note| self.notes.get(note).is_some_and(|known| !known.gone)));
        if let Some(lost) = lost {
            let writer = self.notes[&lost].owner;
            let message = format!(
                "{node} does not find the note of {writer} under {} any more, which nobody replaced",
                self.name(key)
            );
            findings.safety("lost", &[writer, node], message);
        }
        if notes.iter().any(|note| self.given_up[slot.index()].contains(note)) {
            let message =
                format!("{node} reads a note under {} that it had given up as expired", self.name(key));
            findings.safety("expired", &[node], message);
        }
    }

    fn is_forgotten(&mut self, (note, version): (u64, u64), slot: Slot) {
        self.counts.forgotten += 1;
        self.retire(note);
        if self.keeps == Keeps::Merged {
            self.given_up[slot.index()].insert(note);
        } else if let Some(known) = self.notes.get(&note) {
            let latest = &mut self.forgotten[known.key as usize];
            *latest = (*latest).max(version);
        }
    }
}

impl Check<Coordination> for SharedMemory {
    fn hears(&self) -> Option<&'static [&'static str]> {
        if self.keeps == Keeps::Nothing {
            return Some(&[]);
        }
        Some(&[
            "NoteAsked",
            "NoteKept",
            "NoteRefused",
            "NoteSought",
            "NotesFound",
            "NoteUnanswered",
            "NoteForgotten",
            "NoteReplaced",
            "NoteLearned",
        ])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let now = ground.now;
        match *seen.observation {
            Observation::NoteAsked { key, note } => {
                self.counts.writes += 1;
                let owner = seen.node;
                self.notes.insert(
                    note,
                    Note { key, owner, asked: now, kept: None, gone: false, version: None, at: 1 },
                );
            }
            Observation::NoteKept { note, version } => self.is_kept(note, version, ground, seen, findings),
            Observation::NoteRefused { .. } => self.counts.refused += 1,
            Observation::NoteUnanswered { .. } => {
                self.counts.unanswered += 1;
                self.reads[seen.slot.index()] = None;
            }
            Observation::NoteSought { key } => {
                let (latest, forgotten) = (self.latest[key as usize], self.forgotten[key as usize]);
                let live = self.live[key as usize].iter().copied().collect();
                self.reads[seen.slot.index()] = Some(Read { key, at: now, latest, forgotten, live });
            }
            Observation::NotesFound { key, ref notes, version } => {
                self.is_found((key, notes, version), ground, seen, findings);
            }
            Observation::NoteForgotten { note, version } => self.is_forgotten((note, version), seen.slot),
            Observation::NoteReplaced { note, .. } => self.retire(note),
            Observation::NoteLearned { note } => {
                let agents = self.agents;
                let Some(known) = self.notes.get_mut(&note) else { return };
                known.at += 1;
                if known.at == agents {
                    findings.record("memory_spread_ns", now.since(known.asked).as_nanos());
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        let Some(read) = self.reads.get_mut(slot.index()) else { return };
        match event {
            Lifecycle::Booted | Lifecycle::Crashed => *read = None,
            // What was on its disk is gone.
            Lifecycle::Wiped | Lifecycle::Corrupted => {
                *read = None;
                self.held[slot.index()].clear();
                self.given_up[slot.index()].clear();
            }
            Lifecycle::Healed => {}
        }
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        if self.keeps == Keeps::Nothing {
            return;
        }
        let Counts { writes, reads, stale, refused, unanswered, .. } = self.counts;
        findings.record("memory_writes", writes);
        findings.record("memory_reads", reads);
        findings.record("memory_stale_reads", stale);
        findings.record("memory_refused", refused);
        findings.record("memory_unanswered", unanswered);
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        let Counts { writes, kept, reads, stale, refused, unanswered, forgotten } = self.counts;
        let row = |name: &str, value: u64| vec![name.to_owned(), value.to_string()];
        (self.keeps != Keeps::Nothing).then(|| Table {
            title: "Memory".to_owned(),
            columns: vec!["what".to_owned(), "value".to_owned()],
            rows: vec![
                row("writes", writes),
                row("acknowledged", kept),
                row("refused, since the key belongs to somebody else", refused),
                row("reads", reads),
                row("stale reads", stale),
                row("without an answer", unanswered),
                row("notes that expired", forgotten),
            ],
            omitted: 0,
        })
    }
}

#[cfg(test)]
mod tests;
