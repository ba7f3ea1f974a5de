//! Handing messages to the network: counted, numbered, and queued where they arrive.

use super::{Dropped, Folded, Kernel, tie};
use crate::identity::{NodeId, Slot};
use crate::kernel::event::{Envelope, Event, Parcel};
use crate::network::{Flight, Lost, Packet, Sent};
use crate::process::Lane;
use crate::trace::What;

impl Kernel {
    /// Hands a message to the network for one slot: how many copies are under way then, or why none is.
    pub(crate) fn transmit(&mut self, parcel: &Parcel, to: Slot) -> Result<u32, Lost> {
        let packet = self.packet(parcel, to);
        let sent =
            if self.is_parted(parcel, to) { Sent::Lost(Lost::Round) } else { self.network.send(&packet) };
        self.launch(parcel, &packet, sent)
    }

    /// Whether the plan of rounds keeps a message from a slot. It is lost before it meets the network, so that a session
    /// goes on as if it had never been sent.
    #[inline(always)]
    pub(crate) fn is_parted(&mut self, parcel: &Parcel, to: Slot) -> bool {
        parcel.round != 0
            && self.network.rounds.part(self.now, (parcel.round, parcel.kind), (parcel.from, to))
    }

    /// Counts a message and numbers it.
    #[inline(always)]
    pub(crate) fn packet(&mut self, parcel: &Parcel, to: Slot) -> Packet {
        let &Parcel { from, size, kind, lane, priority, .. } = parcel;
        self.messages.sent += 1;
        self.painter.sends(from);
        self.messages.bytes += u64::from(size);
        self.sends.by_kind[usize::from(kind)] += 1;
        Packet { now: self.now, from, to, size, lane, priority, ordinal: self.sends.ordinal(to) }
    }

    /// Queues what the network made of a message.
    #[inline(always)]
    pub(crate) fn launch(&mut self, parcel: &Parcel, packet: &Packet, sent: Sent) -> Result<u32, Lost> {
        if self.ledger.on {
            self.note_sent(packet, sent);
        }
        match sent {
            Sent::One(flight) => {
                self.launch_copy(parcel, packet, flight, packet.ordinal);
                Ok(1)
            }
            Sent::Two(first, second) => self.launch_both(parcel, packet, first, second),
            Sent::Lost(why) => {
                self.drop_message(Dropped::Network(why));
                Err(why)
            }
        }
    }

    /// In the second phase: what was late, or dropped for want of room.
    #[cold]
    fn note_sent(&mut self, packet: &Packet, sent: Sent) {
        let &Packet { now, from, to, .. } = packet;
        match sent {
            Sent::One(flight) | Sent::Two(flight, _) => {
                let line = self.network.on_line(packet);
                self.ledger.sent((from, to), now, flight.at, line);
            }
            Sent::Lost(Lost::QueueFull) => {
                let room = self.network.room().unwrap_or(u64::MAX);
                self.ledger.dropped((from, to), now, room);
            }
            Sent::Lost(_) => {}
        }
    }

    #[cold]
    fn launch_both(
        &mut self,
        parcel: &Parcel,
        packet: &Packet,
        first: Flight,
        second: Flight,
    ) -> Result<u32, Lost> {
        self.messages.duplicated += 1;
        self.launch_copy(parcel, packet, first, packet.ordinal);
        self.launch_copy(parcel, packet, second, packet.ordinal ^ tie::COPY);
        Ok(2)
    }

    #[inline(always)]
    fn launch_copy(&mut self, parcel: &Parcel, packet: &Packet, flight: Flight, name: u32) {
        let &Packet { from, to, .. } = packet;
        debug_assert!(flight.at >= self.now, "no message arrives before it was sent");
        debug_assert!(flight.session == 0 || parcel.lane == Lane::Stream, "only streams have sessions");
        let key = self.envelopes.insert_with(|| Envelope {
            from: parcel.sender,
            from_slot: from,
            to,
            payload: parcel.payload,
            id: self.messages.sent,
            session: flight.session,
            sent: self.now,
            lane: parcel.lane,
            priority: parcel.priority,
            damaged: flight.damaged,
        });
        self.queue(flight.at, tie::message(from, to, name), Event::Deliver(key));
    }

    /// Counts a message whose recipient lives nowhere.
    #[cold]
    pub(crate) fn send_to_nobody(&mut self, parcel: &Parcel) -> u32 {
        self.messages.sent += 1;
        self.painter.sends(parcel.from);
        self.sends.by_kind[usize::from(parcel.kind)] += 1;
        self.drop_message(Dropped::Nobody);
        0
    }

    /// A process ends its session with a peer.
    #[cold]
    pub(crate) fn close_link(&mut self, slot: Slot, peer: NodeId) {
        self.fold(Folded::CloseLink, slot, u64::from(peer.0));
        self.trace(slot, What::CloseLink { peer });
        let peers: Vec<Slot> = self.ground.slots_of(peer).collect();
        for peer in peers {
            self.network.close(self.now, slot, peer, &mut self.notices);
        }
        self.queue_notices();
    }
}

/// Numbers the sends of a step, so that each message's fate has a key of its own.
///
/// The ordinal counts sends to the same receiver at the same instant only: adding a send to somebody else changes
/// nobody's fate.
pub(crate) struct SendOrder {
    epoch: u32,
    sends: u32,
    first: Slot,
    base: u32,
    stamps: Vec<(u32, u32)>,
    pub(crate) by_kind: Vec<u64>,
}

impl SendOrder {
    pub(super) fn new(slots: usize, kinds: usize) -> Self {
        Self {
            epoch: 0,
            sends: 0,
            first: Slot(0),
            base: 0,
            stamps: vec![(0, 0); slots],
            by_kind: vec![0; kinds],
        }
    }

    pub(crate) fn add_slot(&mut self) {
        self.stamps.push((0, 0));
    }

    /// A step begins; it is the `steps`-th of its slot at this instant.
    #[inline]
    pub(crate) fn begin(&mut self, steps: u16) {
        self.sends = 0;
        self.base = u32::from(steps) << 16;
    }

    /// The ordinal of the next send.
    #[inline]
    pub(crate) fn ordinal(&mut self, to: Slot) -> u32 {
        match self.sends {
            0 => {
                self.sends = 1;
                self.first = to;
                return self.base;
            }
            1 => {
                self.sends = 2;
                self.epoch = self.epoch.wrapping_add(1);
                self.stamps[self.first.index()] = (self.epoch, 0);
            }
            _ => {}
        }
        let stamp = &mut self.stamps[to.index()];
        *stamp = if stamp.0 == self.epoch { (self.epoch, stamp.1 + 1) } else { (self.epoch, 0) };
        self.base | (stamp.1 & 0xFFFF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_count_per_receiver() {
        let mut order = SendOrder::new(4, 1);
        order.begin(0);
        let ordinals: Vec<u32> = [2, 1, 2, 2, 1].map(|to| order.ordinal(Slot(to))).to_vec();
        assert_eq!(ordinals, [0, 0, 1, 2, 1]);
        order.begin(3);
        assert_eq!(order.ordinal(Slot(2)), 3 << 16);
        assert_eq!(order.ordinal(Slot(2)), (3 << 16) + 1);
    }
}
