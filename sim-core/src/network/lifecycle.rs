//! What happens to sessions: cuts, crashes, restarts, closing, and the first message between two slots.

use crate::identity::Slot;
use crate::network::{CutId, Reach};
use crate::time::{Duration, Time};

use super::fate::Name;
use super::session::Ending;
use super::{LinkNotice, Network, Packet};

/// Tell the words of an end of a session from those of a beginning at the same instant.
const ENDS: u32 = 0;
const BEGINS: u32 = 1;

/// A pair, the lower slot first.
fn sorted(a: Slot, b: Slot) -> [Slot; 2] {
    [a.min(b), a.max(b)]
}

impl Network {
    /// Starts a cut; one of the same name is replaced, and what it kept apart alone comes back as by
    /// [`Network::mend`].
    ///
    /// Sessions that do not reach both ways end. What is under way against the cut is lost; what is under way in a
    /// direction that is not cut arrives. Both ends hear `Down` a latency from now, and after what still arrives.
    pub fn cut(&mut self, now: Time, id: CutId, reach: &Reach, notices: &mut Vec<LinkNotice>) {
        self.cuts.add(id, reach);
        self.settle();
        for index in 0..self.links.len() {
            let [a, b] = self.links.ends(index);
            let ending = |passes| if passes { Ending::Drained } else { Ending::Severed };
            let endings = [ending(self.reachable(b, a)), ending(self.reachable(a, b))];
            if endings != [Ending::Drained; 2] {
                self.end([a, b], now, endings, notices);
            } else {
                self.open_if_possible([a, b], now, notices);
            }
        }
    }

    /// Ends a cut, if there is one of this name. Pairs that had a session and now reach each other get a new one: both
    /// ends hear `Up` after one latency, and never before the `Down` of the session before.
    pub fn mend(&mut self, now: Time, id: CutId, notices: &mut Vec<LinkNotice>) {
        if !self.cuts.remove(id) {
            return;
        }
        self.settle();
        for index in 0..self.links.len() {
            self.open_if_possible(self.links.ends(index), now, notices);
        }
    }

    /// The process at a slot is gone: its sessions end. What it sent still arrives, and then its peers hear `Down`;
    /// what was under way to it is lost, and so are notices to it. Nothing happens if it was down already.
    pub fn down(&mut self, now: Time, slot: Slot, notices: &mut Vec<LinkNotice>) {
        if self.down.has(slot.index()) {
            return;
        }
        self.down.insert(slot.index());
        for n in 0..self.links.count_of(slot) {
            let peer = self.links.peer(slot, n);
            let ends = sorted(slot, peer);
            let endings = ends.map(|end| if end == slot { Ending::Gone } else { Ending::Drained });
            self.end(ends, now, endings, notices);
        }
    }

    /// A process starts at a slot that was down: it gets a new session with each peer that it, or a process before
    /// it, had one with, if both are up and reach each other. Nothing happens if it was up already.
    pub fn up(&mut self, now: Time, slot: Slot, notices: &mut Vec<LinkNotice>) {
        if !self.down.has(slot.index()) {
            return;
        }
        self.down.remove(slot.index());
        for n in 0..self.links.count_of(slot) {
            self.open_if_possible(sorted(slot, self.links.peer(slot, n)), now, notices);
        }
    }

    /// A slot closes its session with a peer, if there is one: what is under way arrives in both directions, then both
    /// ends hear `Down`, and `Up` on a new session.
    pub fn close(&mut self, now: Time, slot: Slot, peer: Slot, notices: &mut Vec<LinkNotice>) {
        self.begin_again(now, slot, peer, Ending::Drained, notices);
    }

    /// As [`Network::close`], but what is under way is lost, in both directions.
    pub fn reset(&mut self, now: Time, slot: Slot, peer: Slot, notices: &mut Vec<LinkNotice>) {
        self.begin_again(now, slot, peer, Ending::Severed, notices);
    }

    /// Sessions between two of these slots on which something is held up for longer than `patience` from now begin
    /// again, and lose it: healing a link helps nobody as long as what was lost on it waits for its next
    /// retransmission, which may be minutes away. What only takes its way, however long, is left to arrive.
    pub fn renew(
        &mut self,
        now: Time,
        patience: Duration,
        among: impl Fn(Slot) -> bool,
        notices: &mut Vec<LinkNotice>,
    ) {
        for index in 0..self.links.len() {
            let ends @ [a, b] = self.links.ends(index);
            let waits = self.links.held_until(a, b) > now.saturating_add(patience);
            if waits && ends.into_iter().all(&among) {
                let latencies = self.link_latencies(ends, now, ENDS);
                self.links.abandon(ends, now, latencies, notices);
                self.open_if_possible(ends, now, notices);
            }
        }
    }

    /// Until when something is under way on streams or lines among these slots, and between which.
    pub(crate) fn busy_until(&self, among: impl Fn(Slot) -> bool) -> Option<(Slot, Slot, Time)> {
        let links = (0..self.links.len()).flat_map(|index| {
            let [a, b] = self.links.ends(index);
            [(b, a), (a, b)].map(|(from, to)| (from, to, self.links.last_arrival(from, to)))
        });
        let lines = self
            .lines
            .iter()
            .flat_map(|lines| (0..self.slots).map(Slot).map(|slot| (slot, slot, lines.free_at(slot))));
        links
            .filter(|(from, to, _)| among(*from) && among(*to))
            .chain(lines.filter(|(slot, _, _)| among(*slot)))
            .max_by_key(|(_, _, until)| *until)
    }

    /// A notice comes now, whenever it was to come: an end that hears `Up` may use the session from now on. For a
    /// scheduler that does not go by time.
    pub(crate) fn hears(&mut self, notice: &LinkNotice, now: Time) {
        if let Some(link) = self.links.record_mut(notice.slot, notice.peer) {
            link.hears(notice, now);
        }
    }

    /// These slots (sorted) and whoever is on the ways between them, sorted.
    pub fn with_ways_between(&self, slots: &[Slot]) -> Vec<Slot> {
        let Some(routes) = &self.routes else { return slots.to_vec() };
        let ends: Vec<usize> = slots.iter().map(|slot| slot.index()).collect();
        let between = routes.between(&ends).into_iter().filter_map(|member| u32::try_from(member).ok());
        let mut all: Vec<Slot> = between.map(Slot).chain(slots.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether something on a session between this slot and one of `among` (sorted) is held up for longer than
    /// `patience` from now, or has no way.
    pub fn holds_up(&mut self, now: Time, patience: Duration, slot: Slot, among: &[Slot]) -> bool {
        let limit = now.saturating_add(patience);
        (0..self.links.count_of(slot)).any(|n| {
            let other = self.links.peer(slot, n);
            let late = || self.links.alive(slot, other) && self.links.held_until(slot, other) > limit;
            let cut_off = || !self.reachable(slot, other) || !self.reachable(other, slot);
            among.binary_search(&other).is_ok() && (late() || cut_off())
        })
    }

    fn begin_again(
        &mut self,
        now: Time,
        slot: Slot,
        peer: Slot,
        ending: Ending,
        notices: &mut Vec<LinkNotice>,
    ) {
        if self.links.alive(slot, peer) {
            self.end(sorted(slot, peer), now, [ending; 2], notices);
            self.open_if_possible(sorted(slot, peer), now, notices);
        }
    }

    /// Whether a stream message may go: the first message between two slots starts their first session, if they are up
    /// and reach each other.
    pub(super) fn carries(&mut self, &Packet { now, from, to, priority, .. }: &Packet) -> bool {
        self.links.carries(from, to, now).unwrap_or_else(|| {
            let opens = self.may_open(sorted(from, to));
            self.links.add(from, to, priority, opens);
            opens
        })
    }

    pub(super) fn may_open(&self, [a, b]: [Slot; 2]) -> bool {
        let up = !self.down.has(a.index()) && !self.down.has(b.index());
        up && self.reachable(a, b) && self.reachable(b, a)
    }

    fn open_if_possible(&mut self, ends @ [a, b]: [Slot; 2], now: Time, notices: &mut Vec<LinkNotice>) {
        if self.links.alive(a, b) || !self.may_open(ends) {
            return;
        }
        let [latency, _] = self.link_latencies(ends, now, BEGINS);
        self.links.open(ends, now, latency, notices);
    }

    fn end(&mut self, ends: [Slot; 2], now: Time, endings: [Ending; 2], notices: &mut Vec<LinkNotice>) {
        let latencies = self.link_latencies(ends, now, ENDS);
        self.links.end(ends, now, endings, latencies, notices);
    }

    /// How long it takes each end to hear of something that happens to their session now.
    fn link_latencies(&self, [a, b]: [Slot; 2], now: Time, what: u32) -> [Duration; 2] {
        let ([first, second], mut more) = self.dice.link(Name::new(a.0, b.0, now.as_nanos(), what));
        [self.way_between(b, a, first, &mut more), self.way_between(a, b, second, &mut more)]
    }
}
