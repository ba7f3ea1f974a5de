//! Sending with care: what may be in force on a link, and what chance or a pin makes of a message.

use super::fate::{Name, backoff, damage};
use super::{FateChange, Flight, Lost, Network, Packet, PinnedFate, Sent};
use crate::identity::Slot;
use crate::process::Lane;
use crate::random::Draw;
use crate::time::{Duration, Time};

/// The fate of a message, before the order of a stream and after the sender's line.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    lost: bool,
    damaged: bool,
    delay: Duration,
    /// The delay of a second copy, which is never damaged.
    copy: Option<Duration>,
}

impl Network {
    /// [`Network::send`] with everything that may be in force; somebody keeps the message for `late` as well.
    #[inline(never)]
    pub(super) fn send_with_care(&mut self, packet: &Packet, late: Duration) -> Sent {
        let &Packet { from, to, lane, .. } = packet;
        if from.0.max(to.0) >= self.slots {
            return Sent::Lost(Lost::NoRoute);
        }
        if from == to {
            return Sent::One(self.send_to_itself(packet));
        }
        if let Some(routes) = &mut self.routes {
            routes.prepare(from.index(), to.index());
        }
        match lane {
            Lane::Datagram if !self.reachable(from, to) => Sent::Lost(Lost::Cut),
            Lane::Datagram => self.send_datagram(packet, late),
            Lane::Stream if !self.carries(packet) => Sent::Lost(Lost::NoSession),
            Lane::Stream => Sent::One(self.send_segment(packet, late)),
        }
    }

    /// At once; on the stream lane, a nanosecond after the message before it where they would meet.
    fn send_to_itself(&mut self, packet: &Packet) -> Flight {
        let mut at = packet.now;
        if packet.lane == Lane::Stream {
            let slot = packet.from.index();
            if self.loopback.len() <= slot {
                self.loopback.resize(slot + 1, Time::ZERO);
            }
            let last = &mut self.loopback[slot];
            if *last >= at {
                at = last.saturating_add(Duration::from_nanos(1));
            }
            *last = at;
        }
        Flight { at, session: 0, damaged: false }
    }

    fn send_datagram(&mut self, packet: &Packet, late: Duration) -> Sent {
        let Some((left, _)) = self.depart(packet, self.queue_bytes, late) else {
            return Sent::Lost(Lost::QueueFull);
        };
        let fate = if self.pinned(packet) { self.pinned_fate(packet) } else { self.drawn_fate(packet) };
        if fate.lost {
            return Sent::Lost(Lost::Loss);
        }
        let flight = |delay, damaged| Flight { at: left.saturating_add(delay), session: 0, damaged };
        let first = flight(fate.delay, fate.damaged);
        fate.copy.map_or(Sent::One(first), |delay| Sent::Two(first, flight(delay, false)))
    }

    fn send_segment(&mut self, packet: &Packet, late: Duration) -> Flight {
        // A stream waits however long the queue is.
        let (left, kept) = self.depart(packet, None, late).unwrap_or((packet.now, Duration::ZERO));
        let pinned = self.pinned(packet);
        let (delay, late) = if pinned { self.pinned_delay(packet) } else { self.drawn_delay(packet) };
        let held = kept.saturating_add(late);
        let held = (!held.is_zero()).then(|| packet.now.saturating_add(held));
        let ends = (packet.from, packet.to);
        let (at, session) = self.links.arrive(ends, packet.priority, left.saturating_add(delay), held);
        Flight { at, session, damaged: false }
    }

    /// When a message has left its sender, and how much of that faults kept it; `None` if it does not fit into the
    /// `room` of a busy line.
    fn depart(&mut self, packet: &Packet, room: Option<u64>, late: Duration) -> Option<(Time, Duration)> {
        let &Packet { now, from, to, size, .. } = packet;
        let left = match &mut self.lines {
            Some(lines) => lines.send(from, now, size, room)?,
            None => now,
        };
        let late = self.windows.depart((from, to), left, size, room)?.saturating_add(late);
        Some((late, late.since(left)))
    }

    /// How long the message that was sent last waits on its sender's line behind others, and how long it takes to leave.
    pub(crate) fn on_line(&self, packet: &Packet) -> (Duration, Duration) {
        match &self.lines {
            Some(lines) if packet.from != packet.to => lines.of_last(packet.from, packet.now, packet.size),
            _ => (Duration::ZERO, Duration::ZERO),
        }
    }

    /// Bytes that may wait on a line, if they are limited.
    pub(crate) fn room(&self) -> Option<u64> {
        self.queue_bytes
    }

    fn pinned(&self, packet: &Packet) -> bool {
        self.pins_only || !self.pins.is_empty() && !self.pins.of(packet).is_empty()
    }

    /// The latencies of all hops, the first from a given word.
    fn way(&self, packet: &Packet, word: u64, mut more: Draw) -> Duration {
        self.way_between(packet.from, packet.to, word, &mut more)
    }

    pub(super) fn way_between(&self, from: Slot, to: Slot, word: u64, more: &mut Draw) -> Duration {
        let Some(routes) = &self.routes else {
            return self.latency.hop(from.index(), to.index(), word, more);
        };
        let mut word = Some(word);
        let mut total = Duration::ZERO;
        for (a, b) in routes.path(from.index(), to.index()) {
            let word = word.take().unwrap_or_else(|| more.next_u64());
            total = total.saturating_add(self.latency.hop(a, b, word, more));
        }
        total
    }

    fn drawn_fate(&mut self, packet: &Packet) -> Fate {
        let name = Name::of(packet);
        let (words @ [chance, word], more) = self.dice.fate(name);
        let chances = self.windows.chances(packet.from, packet.to, self.chances);
        if chances.loss.upper(chance) {
            self.changes.add(packet, FateChange::Lost);
            return Fate { lost: true, ..Fate::default() };
        }
        let spike = self.windows.spikes(packet.from, packet.to, name, &self.dice);
        let delay = self.way(packet, word, more).saturating_add(spike);
        let damaged = damage(words, chances.corrupt);
        let copy = chances.duplicate.lower(chance).then(|| {
            let (word, more) = self.dice.copy(name);
            self.way(packet, word, more)
        });
        if !spike.is_zero() {
            self.changes.add(packet, FateChange::Delayed { delay });
        }
        if damaged {
            self.changes.add(packet, FateChange::Damaged);
        }
        if let Some(delay) = copy {
            self.changes.add(packet, FateChange::Duplicated { delay });
        }
        Fate { lost: false, damaged, delay, copy }
    }

    /// How long a segment takes, and how much of that it is held up.
    fn drawn_delay(&mut self, packet: &Packet) -> (Duration, Duration) {
        let name = Name::of(packet);
        let ([chance, word], more) = self.dice.fate(name);
        let chances = self.windows.chances(packet.from, packet.to, self.chances);
        let mut late = self.windows.spikes(packet.from, packet.to, name, &self.dice);
        let loss = chances.retransmission();
        if loss.upper(chance) {
            late = late.saturating_add(backoff(self.retransmit_after, self.dice.losses(name, loss)));
        }
        let delay = self.way(packet, word, more).saturating_add(late);
        if !late.is_zero() {
            self.changes.add(packet, FateChange::Delayed { delay });
        }
        (delay, late)
    }

    fn pinned_fate(&self, packet: &Packet) -> Fate {
        let ([_, word], more) = self.dice.fate(Name::of(packet));
        let mut fate = Fate { delay: self.way(packet, word, more), ..Fate::default() };
        for pin in self.pins.of(packet) {
            match pin.fate {
                PinnedFate::Drop => fate.lost = true,
                PinnedFate::Delay(delay) => fate.delay = delay,
                PinnedFate::Duplicate(delay) => fate.copy = Some(delay),
                PinnedFate::Damage => fate.damaged = true,
            }
        }
        fate
    }

    fn pinned_delay(&self, packet: &Packet) -> (Duration, Duration) {
        let ([_, word], more) = self.dice.fate(Name::of(packet));
        let way = self.way(packet, word, more);
        let (mut delay, mut late) = (way, Duration::ZERO);
        for pin in self.pins.of(packet) {
            match pin.fate {
                PinnedFate::Drop | PinnedFate::Damage => late = backoff(self.retransmit_after, 1),
                PinnedFate::Delay(pinned) => delay = pinned,
                PinnedFate::Duplicate(_) => {}
            }
        }
        let delay = delay.saturating_add(late);
        (delay, delay.max(way) - way)
    }
}
