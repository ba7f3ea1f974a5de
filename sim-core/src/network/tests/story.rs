//! Random lives of a network of streams, against what a stream promises.

use proptest::prelude::*;

use super::deed::{Deed, SLOTS, deed};
use super::{lost, segment};
use crate::graph::Topology;
use crate::identity::Slot;
use crate::network::NetworkModel;
use crate::network::{LinkNotice, Lost, Network, Packet, Sent};
use crate::ordered::OrderedMap;
use crate::process::{LinkState, Priority};
use crate::ratio::Ratio;
use crate::time::Time;

#[derive(Clone, Copy, Debug)]
enum Event {
    Message { packet: Packet, session: u32, number: u32 },
    Notice(LinkNotice),
}

/// What one end of a pair saw, since its process started.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The session it is in, after its first message or `Up` and before its `Down`.
    session: Option<u32>,
    /// The latest session it heard of.
    latest: u32,
    /// The next message of each priority.
    next: [u32; 3],
}

/// A world of streams: events by time, and what each end saw.
struct Story {
    network: Network,
    now: Time,
    events: OrderedMap<(Time, u32), Event>,
    sequence: u32,
    up: [bool; SLOTS as usize],
    /// The latest session of a pair when a process last crashed at either end: by (at, peer), for ends that crashed.
    before: OrderedMap<(Slot, Slot), u32>,
    /// By (at, peer).
    seen: OrderedMap<(Slot, Slot), Seen>,
    /// How many messages were sent, by (from, to, session, priority).
    sent: OrderedMap<(Slot, Slot, u32, usize), u32>,
}

impl Story {
    fn new(model: &NetworkModel, seed: u64) -> Self {
        let network = Network::new(model, SLOTS, 0, seed).unwrap();
        let (events, before, seen, sent) = Default::default();
        Self { network, now: Time::ZERO, events, sequence: 0, up: [true; SLOTS as usize], before, seen, sent }
    }

    fn schedule(&mut self, at: Time, event: Event) {
        assert!(at >= self.now);
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    fn act(&mut self, deed: &Deed) {
        let notices = deed.change(&mut self.network, self.now);
        match deed {
            Deed::Send(from, to, priority) => return self.send(*from, *to, *priority),
            Deed::Crash(slot) => {
                self.up[*slot as usize] = false;
                self.seen.retain(|(at, _), _| at.0 != *slot);
                for (from, to, session, _) in
                    self.sent.keys().filter(|key| key.0.0 == *slot || key.1.0 == *slot)
                {
                    let peer = if from.0 == *slot { *to } else { *from };
                    let before = self.before.entry((Slot(*slot), peer)).or_default();
                    *before = (*before).max(*session);
                }
            }
            Deed::Restart(slot) => self.up[*slot as usize] = true,
            _ => {}
        }
        notices.into_iter().for_each(|notice| self.schedule(notice.at, Event::Notice(notice)));
    }

    fn send(&mut self, from: u32, to: u32, priority: usize) {
        if !self.up[from as usize] || from == to {
            return;
        }
        let packet = Packet { priority: Priority::ALL[priority], ..segment(self.now, from, to) };
        match self.network.send(&packet) {
            Sent::One(flight) => {
                let both = |a, b| self.network.reachable(a, b) && self.network.reachable(b, a);
                assert!(both(packet.from, packet.to) && self.up[to as usize]);
                // A sender speaks in the session that it heard of.
                let seen = self.seen.get(&(packet.from, packet.to)).cloned().unwrap_or_default();
                let unannounced = seen.latest == 0 && flight.session == 1;
                assert!(seen.session == Some(flight.session) || unannounced, "{seen:?} {flight:?}");
                let sent = self.sent.entry((packet.from, packet.to, flight.session, priority)).or_default();
                let number = *sent;
                *sent += 1;
                self.schedule(flight.at, Event::Message { packet, session: flight.session, number });
            }
            other => assert_eq!(other, lost(Lost::NoSession)),
        }
    }

    fn pass(&mut self, until: Time) {
        while let Some(((at, _), event)) = self.events.pop_first_if(|due, _| due.0 <= until) {
            self.now = at;
            match event {
                Event::Message { packet, session, number } => self.deliver(&packet, session, number),
                Event::Notice(notice) => self.hear(&notice),
            }
        }
        self.now = until;
    }

    fn deliver(&mut self, packet: &Packet, session: u32, number: u32) {
        if !self.network.admits(packet.from, packet.to, session, packet.now) {
            return;
        }
        assert!(self.up[packet.to.index()]);
        assert!(self.network.reachable(packet.from, packet.to));
        // Nothing that was under way to a process that crashed arrives at the one after it.
        assert!(self.before.get(&(packet.to, packet.from)).is_none_or(|before| session > *before));
        let seen = self.seen.entry((packet.to, packet.from)).or_default();
        if seen.session != Some(session) {
            // Only the first session of a pair is not announced.
            assert!(seen.session.is_none() && session == 1 && seen.latest == 0, "{seen:?} {packet:?}");
            (seen.session, seen.latest) = (Some(1), 1);
        }
        // In order and without a gap.
        let next = &mut seen.next[packet.priority as usize];
        assert_eq!(number, *next);
        *next += 1;
    }

    fn hear(&mut self, notice: &LinkNotice) {
        if !self.network.concerns(notice) {
            return;
        }
        assert!(self.up[notice.slot.index()]);
        let seen = self.seen.entry((notice.slot, notice.peer)).or_default();
        match notice.state {
            LinkState::Up => {
                assert!(seen.session.is_none() && seen.latest < notice.session, "{seen:?} {notice:?}");
                *seen = Seen { session: Some(notice.session), latest: notice.session, next: [0; 3] };
            }
            LinkState::Down => {
                let quiet_first = notice.session == 1 && seen.latest == 0;
                assert!(seen.session == Some(notice.session) || quiet_first, "{seen:?} {notice:?}");
                (seen.session, seen.latest) = (None, notice.session);
            }
        }
    }

    /// Everything is repaired: each pair that ever spoke has a session, over which messages arrive.
    fn repair(&mut self) {
        (0..3).for_each(|id| self.act(&Deed::Mend(id)));
        (0..SLOTS).for_each(|slot| self.act(&Deed::Restart(slot)));
        self.pass(Time::from_nanos(self.now.as_nanos() * 2 + 1_000_000_000_000_000));
        for (from, to) in (0..SLOTS).flat_map(|a| (0..SLOTS).map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let before = self.seen.get(&(Slot(to), Slot(from))).map_or(0, |seen| seen.next[0]);
            self.send(from, to, 0);
            self.pass(Time::from_nanos(self.now.as_nanos() + 1_000_000_000_000_000));
            assert_eq!(self.seen[&(Slot(to), Slot(from))].next[0], before + 1, "{from} {to}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn streams_keep_their_promises(
        deeds in prop::collection::vec((deed(), 0_u64..6_000_000), 1..150),
        seed: u64,
        ring: bool,
        slow: bool,
    ) {
        let model = NetworkModel {
            loss: Ratio::new(1, 50),
            topology: ring.then_some(Topology::Ring),
            bandwidth: slow.then_some(50_000.into()),
            ..NetworkModel::default()
        };
        let mut story = Story::new(&model, seed);
        for (deed, pause) in &deeds {
            story.act(deed);
            story.pass(Time::from_nanos(story.now.as_nanos() + pause));
        }
        story.repair();
    }
}
