//! All links that were ever used on the stream lane.
//!
//! A message of a quiet link (a live session, nothing of it held up) needs the [`Word`] in the row of its sender and
//! nothing else: at a thousand slots a million pairs lie in 8 MB, in the order in which a broadcast goes through them.
//! A [`Link`] is made for a pair when something happens to it, and tells all that words do not. So:
//!
//! - a word is there only while the session is alive and its sender has heard of it; it is newer than what the link's
//!   record says of the arrivals of its priority;
//! - a pair without a record is in its first session, which began with its first message;
//! - whoever changes a record first takes the words of the pair into it ([`Links::settle`]).

use crate::hash::FixedMap;
use crate::identity::Slot;
use crate::process::Priority;
use crate::time::{Duration, Time};

use super::LinkNotice;
use super::row::{Row, Word};
use super::session::{Ending, Link};

/// The arrival of a message, and the session that carries it.
pub(super) type Arrival = (Time, u32);

/// All links that were ever used.
#[derive(Clone, Debug)]
pub(super) struct Links {
    slots: usize,
    /// Their ends, the lower slot first, in the order of their first use.
    list: Vec<[Slot; 2]>,
    /// Words by sender.
    rows: Vec<Row>,
    records: Vec<Link>,
    /// Records by pair.
    index: FixedMap<u64, u32>,
    /// The peers of each slot, in the order of their first use, of the first `sorted` links.
    peers: Vec<Vec<Slot>>,
    sorted: usize,
    /// When something on its way to a slot was lost with its session for the last time.
    severed: Vec<Time>,
}

/// The name of an unordered pair.
fn pair(a: Slot, b: Slot) -> u64 {
    u64::from(a.0.min(b.0)) << 32 | u64::from(a.0.max(b.0))
}

impl Links {
    pub(super) fn new(slots: u32) -> Self {
        Self {
            slots: slots as usize,
            list: Vec::new(),
            rows: Vec::new(),
            records: Vec::new(),
            index: FixedMap::default(),
            peers: Vec::new(),
            sorted: 0,
            severed: Vec::new(),
        }
    }

    pub(super) fn add_slot(&mut self) {
        self.slots += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The ends of a link, the lower slot first; links are numbered in the order of their first use.
    pub(super) fn ends(&self, index: usize) -> [Slot; 2] {
        self.list[index]
    }

    /// How many links a slot has; [`Links::peer`] names the other ends.
    pub(super) fn count_of(&mut self, slot: Slot) -> usize {
        for [a, b] in &self.list[self.sorted..] {
            if self.peers.len() <= b.index() {
                self.peers.resize_with(self.slots.max(b.index() + 1), Vec::new);
            }
            self.peers[a.index()].push(*b);
            self.peers[b.index()].push(*a);
        }
        self.sorted = self.list.len();
        self.peers.get(slot.index()).map_or(0, Vec::len)
    }

    /// The other end of one of the links that were [counted](Links::count_of), in the order of their first use.
    pub(super) fn peer(&self, slot: Slot, n: usize) -> Slot {
        self.peers[slot.index()][n]
    }

    #[inline]
    fn word(&self, from: Slot, to: Slot) -> Word {
        self.rows.get(from.index()).map_or(Word::NONE, |row| row.get(to))
    }

    fn set_word(&mut self, from: Slot, to: Slot, word: Word) {
        if self.rows.len() <= from.index() {
            self.rows.resize_with(self.slots.max(from.index() + 1), Row::default);
        }
        self.rows[from.index()].set(to, word, self.slots);
    }

    fn has_word(&self, a: Slot, b: Slot) -> bool {
        !self.word(a, b).is_none() || !self.word(b, a).is_none()
    }

    fn find(&self, a: Slot, b: Slot) -> Option<usize> {
        if self.records.is_empty() {
            return None;
        }
        self.index.get(&pair(a, b)).map(|index| *index as usize)
    }

    /// The record of a pair, if something ever happened to it.
    pub(super) fn record(&self, a: Slot, b: Slot) -> Option<&Link> {
        self.find(a, b).map(|index| &self.records[index])
    }

    pub(super) fn record_mut(&mut self, a: Slot, b: Slot) -> Option<&mut Link> {
        self.find(a, b).map(|index| &mut self.records[index])
    }

    /// Whether a pair ever used the lane.
    pub(super) fn known(&self, a: Slot, b: Slot) -> bool {
        self.has_word(a, b) || self.find(a, b).is_some()
    }

    /// Whether a pair has a live session.
    pub(super) fn alive(&self, a: Slot, b: Slot) -> bool {
        self.has_word(a, b) || self.record(a, b).is_some_and(|link| link.alive)
    }

    /// Whether a slot may send to another at this moment; `None` if the two never used the lane.
    #[inline]
    pub(super) fn carries(&self, from: Slot, to: Slot, now: Time) -> Option<bool> {
        if !self.word(from, to).is_none() {
            return Some(true);
        }
        match self.record(from, to) {
            Some(link) => Some(link.carries(from, now)),
            None => (!self.word(to, from).is_none()).then_some(true),
        }
    }

    /// Adds a pair whose first message is about to be sent, and opens its first session if it may.
    pub(super) fn add(&mut self, from: Slot, to: Slot, priority: Priority, opens: bool) {
        debug_assert!(!self.known(from, to), "a link is added once");
        self.list.push([from.min(to), from.max(to)]);
        if opens {
            self.set_word(from, to, Word::first(priority));
        } else {
            self.make(Link::new(from, to));
        }
    }

    fn make(&mut self, link: Link) -> usize {
        let (index, [a, b]) = (self.records.len(), &link.ends);
        self.index.insert(pair(a.slot, b.slot), index as u32);
        self.records.push(link);
        index
    }

    /// The place of the record of a link; one that had none is in its first session.
    fn record_of(&mut self, a: Slot, b: Slot) -> usize {
        self.find(a, b).unwrap_or_else(|| {
            let mut link = Link::new(a, b);
            link.open_quietly();
            self.make(link)
        })
    }

    /// The arrival of a message of a quiet link, which would come at `at`, after what was sent before it; `None` if the
    /// link is not quiet.
    #[inline]
    pub(super) fn follow(&mut self, from: Slot, to: Slot, priority: Priority, at: Time) -> Option<Arrival> {
        let word = self.rows.get_mut(from.index())?.get_mut(to)?;
        let at = word.follow(priority, at)?;
        Some((at, word.session()))
    }

    /// As [`Links::follow`], of any link that [carries](Links::carries) the message, which may be held up until `held`.
    pub(super) fn arrive(
        &mut self,
        (from, to): (Slot, Slot),
        priority: Priority,
        at: Time,
        held: Option<Time>,
    ) -> Arrival {
        if self.word(from, to).is_none() && self.find(from, to).is_none() {
            self.set_word(from, to, Word::first(priority));
        }
        if held.is_none()
            && let Some(arrival) = self.follow(from, to, priority, at)
        {
            return arrival;
        }
        let index = self.record_of(from, to);
        let word = self.word(from, to);
        let link = &mut self.records[index];
        link.take(to, word);
        let at = link.arrive(to, priority, at, held);
        let session = link.session;
        self.set_word(from, to, Word::new(session, priority, at).unwrap_or(Word::NONE));
        (at, session)
    }

    /// Takes what words know into the record of a link, which is about to change.
    fn settle(&mut self, a: Slot, b: Slot) -> &mut Link {
        let index = self.record_of(a, b);
        let link = &mut self.records[index];
        for (from, to) in [(a, b), (b, a)] {
            if let Some(word) = self.rows.get_mut(from.index()).and_then(|row| row.get_mut(to)) {
                link.take(to, std::mem::replace(word, Word::NONE));
            }
        }
        link
    }

    /// Starts a new session; see [`Link::open`].
    pub(super) fn open(
        &mut self,
        [a, b]: [Slot; 2],
        now: Time,
        latency: Duration,
        notices: &mut Vec<LinkNotice>,
    ) {
        self.settle(a, b).open(now, latency, notices);
    }

    /// Ends the session of a link; see [`Link::end`].
    pub(super) fn end(
        &mut self,
        ends @ [a, b]: [Slot; 2],
        now: Time,
        endings: [Ending; 2],
        latencies: [Duration; 2],
        notices: &mut Vec<LinkNotice>,
    ) {
        self.settle(a, b).end(now, endings, latencies, notices);
        for (slot, ending) in std::iter::zip(ends, endings) {
            if ending != Ending::Drained {
                self.sever(slot, now);
            }
        }
    }

    /// Ends the session of a link with everything that is under way; see [`Link::abandon`].
    pub(super) fn abandon(
        &mut self,
        ends @ [a, b]: [Slot; 2],
        now: Time,
        latencies: [Duration; 2],
        notices: &mut Vec<LinkNotice>,
    ) {
        self.settle(a, b).abandon(now, latencies, notices);
        ends.into_iter().for_each(|slot| self.sever(slot, now));
    }

    fn sever(&mut self, slot: Slot, now: Time) {
        if self.severed.len() <= slot.index() {
            self.severed.resize(self.slots.max(slot.index() + 1), Time::ZERO);
        }
        let severed = &mut self.severed[slot.index()];
        *severed = now.max(*severed);
    }

    /// Whether a message that was sent at `sent` in a session still arrives. What was sent after everything that was
    /// lost on its way to this slot was not lost with it.
    #[inline]
    pub(super) fn admits(&self, from: Slot, to: Slot, session: u32, sent: Time) -> bool {
        let severed = self.severed.get(to.index()).copied().unwrap_or(Time::ZERO);
        sent > severed || self.looks_up(from, to, session)
    }

    #[inline(never)]
    fn looks_up(&self, from: Slot, to: Slot, session: u32) -> bool {
        match self.record(from, to) {
            Some(link) => link.admits(to, session),
            None => self.has_word(from, to),
        }
    }

    /// Until when something that is under way between two slots, to either, is held up.
    pub(super) fn held_until(&self, a: Slot, b: Slot) -> Time {
        self.record(a, b).map_or(Time::ZERO, Link::held_until)
    }

    /// The latest arrival of what was sent so far.
    pub(super) fn last_arrival(&self, from: Slot, to: Slot) -> Time {
        let recorded = self.record(from, to).map_or(Time::ZERO, |link| link.last_arrival(to));
        recorded.max(self.word(from, to).last())
    }

    /// What is true of all links at any time; `open` says whether a session may be alive.
    pub(super) fn invariants(&self, open: impl Fn([Slot; 2]) -> bool) {
        assert_eq!(self.records.len(), self.index.len(), "every record is found");
        for ends @ [a, b] in self.list.iter().copied() {
            assert!(a < b, "the lower slot comes first");
            let record = self.record(a, b);
            assert!(record.is_some() || self.has_word(a, b), "a link is not forgotten");
            assert!(!self.alive(a, b) || open(ends), "no session outlives what it needs");
            let words = [self.word(a, b), self.word(b, a)];
            for word in words.into_iter().filter(|word| !word.is_none()) {
                let live = record.map_or(1, |link| if link.alive { link.session } else { 0 });
                assert_eq!(word.session(), live, "words are of the live session");
            }
        }
    }

    /// Takes all words into records, so that nothing is quiet.
    #[cfg(test)]
    pub(super) fn settle_all(&mut self) {
        for index in 0..self.list.len() {
            let [a, b] = self.list[index];
            self.settle(a, b);
        }
    }
}
