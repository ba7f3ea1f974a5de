//! Sessions of the stream lane: the record of a pair of slots whose link is not, or was not always, quiet.
//!
//! What an end sees is a sequence without overlaps: messages of session 1, `Down`, `Up`, messages of session 2 ...
//! Each `Down` comes after the last message that is still under way to that end, each `Up` after the `Down` before
//! it, each message after the `Up` of its session. So one number per end is enough to tell at arrival whether a
//! message may be delivered: the last session whose messages to this end were lost.

use crate::identity::Slot;
use crate::process::{LinkState, Priority};
use crate::time::{Duration, Time};

use super::LinkNotice;
use super::row::Word;

const TICK: Duration = Duration::from_nanos(1);

/// One end of a link.
#[derive(Clone, Debug)]
pub(super) struct StreamEnd {
    pub(super) slot: Slot,
    /// From when this end may use the latest session.
    up_at: Time,
    /// When this end hears, or heard, of the latest end of a session.
    down_at: Time,
    /// The latest arrival at this end, for each priority.
    last: [Time; Priority::ALL.len()],
    /// Until when something to this end is held up beyond what its way takes: by losses, spikes, a narrow link.
    held: Time,
    /// Messages to this end of sessions up to this one are lost.
    severed: u32,
    /// Notices to this end about sessions up to this one went to a process that is gone.
    forgotten: u32,
}

impl StreamEnd {
    fn new(slot: Slot) -> Self {
        let (zero, last) = (Time::ZERO, [Time::ZERO; Priority::ALL.len()]);
        Self { slot, up_at: zero, down_at: zero, last, held: zero, severed: 0, forgotten: 0 }
    }
}

/// What becomes of one end when a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// What is under way to this end arrives, then it hears of the end.
    Drained,
    /// What is under way to this end is lost, and it hears of the end.
    Severed,
    /// This end is gone with all it had.
    Gone,
}

/// Two slots that use the stream lane between them.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// The lower slot first.
    pub(super) ends: [StreamEnd; 2],
    /// The latest session; 0 before the first.
    pub(super) session: u32,
    /// Whether the latest session is alive.
    pub(super) alive: bool,
}

impl Link {
    /// A pair that has no session yet.
    pub(super) fn new(a: Slot, b: Slot) -> Self {
        Self { ends: [StreamEnd::new(a.min(b)), StreamEnd::new(a.max(b))], session: 0, alive: false }
    }

    /// Which end a slot is.
    pub(super) fn side(&self, slot: Slot) -> usize {
        usize::from(self.ends[1].slot == slot)
    }

    /// Starts the first session, which is not announced.
    pub(super) fn open_quietly(&mut self) {
        self.session = 1;
        self.alive = true;
    }

    /// Starts a new session, of which both ends hear `latency` from now, or as soon as they heard of the end before.
    pub(super) fn open(&mut self, now: Time, latency: Duration, notices: &mut Vec<LinkNotice>) {
        self.session += 1;
        self.alive = true;
        for side in 0..2 {
            let end = &mut self.ends[side];
            end.up_at = now.saturating_add(latency).max(end.down_at.saturating_add(TICK));
            end.last = [end.up_at; Priority::ALL.len()];
            self.announce(side, LinkState::Up, self.ends[side].up_at, notices);
        }
    }

    /// Ends the latest session, if it is alive. An end hears of it its latency from now, if it is told, and after
    /// all that still arrives.
    pub(super) fn end(
        &mut self,
        now: Time,
        endings: [Ending; 2],
        latencies: [Duration; 2],
        notices: &mut Vec<LinkNotice>,
    ) {
        let alive = std::mem::replace(&mut self.alive, false);
        for side in 0..2 {
            let end = &mut self.ends[side];
            if endings[side] != Ending::Drained {
                end.severed = self.session;
                // Nothing arrives any more, so there is nothing to wait for.
                end.last = [end.up_at; Priority::ALL.len()];
                end.held = end.held.min(end.up_at.max(end.down_at));
            }
            if endings[side] == Ending::Gone {
                *end =
                    StreamEnd { severed: self.session, forgotten: self.session, ..StreamEnd::new(end.slot) };
            } else if alive {
                let after = end.last.into_iter().fold(end.up_at, Time::max).saturating_add(TICK);
                end.down_at = now.saturating_add(latencies[side]).max(after);
                self.announce(side, LinkState::Down, self.ends[side].down_at, notices);
            }
        }
    }

    fn announce(&self, side: usize, state: LinkState, at: Time, notices: &mut Vec<LinkNotice>) {
        let (slot, peer) = (self.ends[side].slot, self.ends[1 - side].slot);
        notices.push(LinkNotice { slot, peer, state, at, session: self.session });
    }

    /// An end hears of the latest session sooner than it was to.
    pub(super) fn hears(&mut self, notice: &LinkNotice, now: Time) {
        let session = self.session;
        let end = &mut self.ends[usize::from(self.ends[1].slot == notice.slot)];
        if notice.state == LinkState::Up && notice.session == session {
            end.up_at = end.up_at.min(now);
        }
    }

    /// Whether a slot may send at this moment.
    pub(super) fn carries(&self, from: Slot, now: Time) -> bool {
        self.alive && now >= self.ends[self.side(from)].up_at
    }

    /// Takes over what a word knows of the way to this end.
    pub(super) fn take(&mut self, to: Slot, word: Word) {
        if !word.is_none() {
            debug_assert!(self.alive && self.session == word.session(), "words are of live sessions");
            let side = self.side(to);
            self.ends[side].last[word.priority()] = word.last();
        }
    }

    /// The arrival of a message that would come at `at`, after what was sent before it; it may be held up until `held`.
    pub(super) fn arrive(&mut self, to: Slot, priority: Priority, at: Time, held: Option<Time>) -> Time {
        let side = self.side(to);
        let end = &mut self.ends[side];
        end.held = held.map_or(end.held, |held| end.held.max(held));
        let last = &mut end.last[priority as usize];
        *last = at.max(last.saturating_add(TICK));
        *last
    }

    /// The latest arrival at this end of what was sent so far, as far as it was recorded.
    pub(super) fn last_arrival(&self, to: Slot) -> Time {
        self.ends[self.side(to)].last.into_iter().fold(Time::ZERO, Time::max)
    }

    /// Until when something that is under way, to either end, is held up.
    pub(super) fn held_until(&self) -> Time {
        self.ends[0].held.max(self.ends[1].held)
    }

    /// Ends whatever session there is with everything that is under way, announced notices too; both ends hear `Down`.
    pub(super) fn abandon(&mut self, now: Time, latencies: [Duration; 2], notices: &mut Vec<LinkNotice>) {
        // A session of its own for the notice: those of the sessions before are forgotten.
        let before = self.session;
        self.session += 1;
        self.alive = false;
        for (side, latency) in latencies.into_iter().enumerate() {
            let slot = self.ends[side].slot;
            let down_at = now.saturating_add(latency);
            self.ends[side] =
                StreamEnd { severed: self.session, forgotten: before, down_at, ..StreamEnd::new(slot) };
            self.announce(side, LinkState::Down, down_at, notices);
        }
    }

    /// Whether a message of a session still arrives at this end.
    pub(super) fn admits(&self, to: Slot, session: u32) -> bool {
        session > self.ends[self.side(to)].severed
    }

    /// Whether a notice is still for the process that runs at its slot.
    pub(super) fn concerns(&self, notice: &LinkNotice) -> bool {
        notice.session > self.ends[self.side(notice.slot)].forgotten
    }
}
