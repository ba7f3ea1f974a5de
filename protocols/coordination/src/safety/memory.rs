//! Shared memory keeps what its strategy promises.

mod counts;
mod judging;

use sim_core::check::{Check, Findings, Lifecycle, Seen, Table};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::time::{Duration, Time};

use crate::memory::{Keeps, is_claim, kept_for, name};
use crate::parameters::{CLOCK_DRIFT_PPM, Parameters};
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

use counts::Counts;

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
    /// At how many replicas it is.
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
    /// How long a note has to be there at least, in true time; zero for ever.
    ttl: Duration,
    replicas: u32,
    notes: OrderedMap<u64, Note>,
    /// By key. Of versions of different lives of a coordinator that keeps nothing, only the last one's count.
    latest: Vec<Option<Latest>>,
    forgotten: Vec<u64>,
    /// Which note has a version.
    versions: OrderedMap<u64, u64>,
    /// By agent.
    reads: Vec<Option<Read>>,
    /// By replica: notes that it returned or acknowledged, and those that it gave up, and since when somebody knew so.
    held: Vec<OrderedMap<u64, Time>>,
    given_up: Vec<OrderedMap<u64, Time>>,
    /// By key: acknowledged and not replaced.
    live: Vec<OrderedSet<u64>>,
    /// By member of a core: when it started or crashed last, and since when it answers reads although it is cut off.
    booted: Vec<Time>,
    cut_off: Vec<Option<Time>>,
    /// What such members returned in this life of theirs: the version of a key, and when somebody had read it.
    old: OrderedMap<(NodeId, u32), (u64, Time)>,
    /// When the first phase was over, and notes that are not everywhere since then.
    healed: Option<(Time, OrderedSet<u64>)>,
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
            replicas: parameters.replicas(agents),
            notes: OrderedMap::new(),
            latest: vec![None; all],
            forgotten: vec![0; all],
            versions: OrderedMap::new(),
            reads: vec![None; agents as usize],
            held: vec![OrderedMap::new(); agents as usize],
            given_up: vec![OrderedMap::new(); agents as usize],
            live: vec![OrderedSet::new(); all],
            booted: vec![Time::ZERO; agents as usize],
            cut_off: vec![None; agents as usize],
            old: OrderedMap::new(),
            healed: None,
            counts: Counts::default(),
        }
    }

    /// On clocks that run wrong by so many parts per million, and that a fault may make run worse by what the protocol bears. A store keeps a
    /// note for a time by its own clock: where clocks run faster than it allows for, that ends sooner.
    #[must_use]
    pub fn on_clocks(mut self, drift_ppm: u32) -> Self {
        const MILLION: u64 = 1_000_000;
        let fast = MILLION + u64::from(drift_ppm) + u64::from(CLOCK_DRIFT_PPM);
        let kept = u128::from(kept_for(self.ttl).as_nanos()) * u128::from(MILLION) / u128::from(fast);
        self.ttl = self.ttl.min(Duration::from_nanos(u64::try_from(kept).unwrap_or(u64::MAX)));
        self
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
        (note, version): (u64, u64),
        (by, node): (NodeId, NodeId),
        now: Time,
        findings: &mut Findings,
    ) {
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
                self.held[by.index()].insert(note, now);
            }
            return;
        }
        if !self.is_one_place() {
            return;
        }
        findings.exercised();
        self.check_version(note, version, node, findings);
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
        (by, current): (NodeId, bool),
        seen: &Seen<'_, Coordination>,
        now: Time,
        findings: &mut Findings,
    ) {
        let node = seen.node;
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
            Keeps::Decided if !current => self.judge_old(&read, (by, version), node, now, findings),
            Keeps::UntilCrash | Keeps::Decided => {
                self.judge_one_place(&read, (notes, version), node, now, findings);
            }
            Keeps::Merged => self.judge_replica(&read, (by, notes), node, now, findings),
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

    /// The first phase is over: how long it takes from now on until every note that was acknowledged is everywhere.
    fn is_healed(&mut self, now: Time) {
        if self.keeps == Keeps::Merged && self.healed.is_none() {
            let Self { notes, live, replicas, .. } = self;
            let apart = live
                .iter()
                .flatten()
                .filter(|note| notes.get(note).is_some_and(|known| known.at < *replicas));
            self.healed = Some((now, apart.copied().collect()));
        }
    }

    /// A note is everywhere, or is gone.
    fn is_settled(&mut self, note: u64, now: Time, findings: &mut Findings) {
        let Some((healed, apart)) = &mut self.healed else { return };
        if apart.remove(&note) && apart.is_empty() {
            findings.record("memory_converged_ns", now.since(*healed).as_nanos());
        }
    }

    fn is_forgotten(&mut self, (note, version): (u64, u64), slot: Slot, now: Time) {
        self.counts.forgotten += 1;
        self.retire(note);
        if self.keeps == Keeps::Merged {
            self.given_up[slot.index()].insert(note, now);
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
            "NoteDenied",
            "WentReadOnly",
            "LeftReadOnly",
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
            Observation::NoteKept { note, version, by } => {
                self.is_kept((note, version), (by, seen.node), now, findings);
            }
            Observation::NoteDenied { .. } => self.counts.denied += 1,
            Observation::WentReadOnly => self.cut_off[seen.slot.index()] = Some(now),
            Observation::LeftReadOnly => {
                if let Some(since) = self.cut_off[seen.slot.index()].take() {
                    findings.record("memory_read_only_ns", now.since(since).as_nanos());
                }
            }
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
            Observation::NotesFound { key, ref notes, version, by, current } => {
                self.is_found((key, notes, version), (by, current), seen, now, findings);
            }
            Observation::NoteForgotten { note, version } => {
                self.is_forgotten((note, version), seen.slot, now);
                self.is_settled(note, now, findings);
            }
            Observation::NoteReplaced { note, .. } => {
                self.retire(note);
                self.is_settled(note, now, findings);
            }
            Observation::NoteLearned { note } => {
                let replicas = self.replicas;
                let Some(known) = self.notes.get_mut(&note) else { return };
                known.at += 1;
                if known.at == replicas {
                    let asked = known.asked;
                    self.is_settled(note, now, findings);
                    findings.record("memory_spread_ns", now.since(asked).as_nanos());
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if event == Lifecycle::Healed {
            return self.is_healed(ground.now);
        }
        let Some(read) = self.reads.get_mut(slot.index()) else { return };
        self.cut_off[slot.index()] = None;
        match event {
            Lifecycle::Booted | Lifecycle::Crashed => {
                *read = None;
                self.booted[slot.index()] = ground.now;
                self.old.retain(|(by, _), _| by.index() != slot.index());
            }
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
        self.counts.record(findings);
    }

    fn table(&self, _: &Ground) -> Option<Table> {
        (self.keeps != Keeps::Nothing).then(|| self.counts.table())
    }
}

#[cfg(test)]
mod tests;
