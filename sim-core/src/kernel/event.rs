//! What the queue refers to: 32 bits that name an event, and the envelopes of messages under way.

use crate::identity::{NodeId, Slot};
use crate::process::{Lane, Message, Priority};
use crate::time::Time;

/// What comes up next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An envelope arrives.
    Deliver(u32),
    /// A timer's entry.
    Timer(u32),
    /// A sync ends.
    Synced(u32),
    /// A slot has done what it was busy with.
    Served(Slot),
    /// A link notice arrives.
    Notice(u32),
    /// The coalition wakes.
    Wake(u32),
    /// A request reaches a client that was busy.
    Request(u32),
    /// Something that the world does itself.
    Control(Control),
}

/// What the world does itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Faults begin or end.
    Faults,
    /// The workload's next operation.
    Arrival,
    /// The first phase is over.
    Heal,
    /// Another try to see progress.
    Probe,
    /// The run is over.
    End,
    /// A client of the second phase is asked its next question.
    Ask,
    /// Chance is drawn anew from here on.
    Redraw,
    /// A process that ended itself starts again.
    Supervise,
}

const INDEX_BITS: u32 = 29;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

impl Event {
    #[inline(always)]
    pub(crate) const fn encode(self) -> u32 {
        let (kind, index) = match self {
            Self::Deliver(index) => (0, index),
            Self::Timer(index) => (1, index),
            Self::Synced(index) => (2, index),
            Self::Served(slot) => (3, slot.0),
            Self::Notice(index) => (4, index),
            Self::Wake(index) => (5, index),
            Self::Request(index) => (6, index),
            Self::Control(control) => (7, control as u32),
        };
        debug_assert!(index <= INDEX_MASK, "fewer than 2^29 events of a kind are pending");
        (kind << INDEX_BITS) | index
    }

    #[inline]
    pub(crate) const fn decode(word: u32) -> Self {
        let index = word & INDEX_MASK;
        match word >> INDEX_BITS {
            0 => Self::Deliver(index),
            1 => Self::Timer(index),
            2 => Self::Synced(index),
            3 => Self::Served(Slot(index)),
            4 => Self::Notice(index),
            5 => Self::Wake(index),
            6 => Self::Request(index),
            _ => Self::Control(match index {
                0 => Control::Faults,
                1 => Control::Arrival,
                2 => Control::Heal,
                3 => Control::Probe,
                4 => Control::End,
                5 => Control::Ask,
                6 => Control::Redraw,
                _ => Control::Supervise,
            }),
        }
    }
}

/// A message under way: who, where to, and which payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) from: NodeId,
    pub(crate) from_slot: Slot,
    pub(crate) to: Slot,
    pub(crate) payload: u32,
    /// Names the message in traces; its copies share it.
    pub(crate) id: u64,
    pub(crate) session: u32,
    pub(crate) sent: Time,
    pub(crate) lane: Lane,
    pub(crate) priority: Priority,
    pub(crate) damaged: bool,
}

/// A message, shared by everybody that it is under way to.
#[derive(Clone, Debug)]
pub(crate) struct Payload<M> {
    pub(crate) message: M,
    pub(crate) users: u32,
    pub(crate) size: u32,
    pub(crate) content: u64,
    pub(crate) kind: u8,
    pub(crate) lane: Lane,
    pub(crate) priority: Priority,
    /// The round that it tells, or 0.
    pub(crate) round: u32,
}

/// A payload and its sender, as the network and the digest look at them: read once for all recipients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel {
    pub(crate) from: Slot,
    pub(crate) sender: NodeId,
    pub(crate) payload: u32,
    pub(crate) size: u32,
    pub(crate) content: u64,
    pub(crate) kind: u8,
    pub(crate) lane: Lane,
    pub(crate) priority: Priority,
    /// The round that it tells, or 0.
    pub(crate) round: u32,
}

/// The round that a message tells, in the form in which it is kept: 0 if it tells none, or one that no plan can name.
#[inline]
pub(crate) fn round_of(message: &impl Message) -> u32 {
    message.round().map_or(0, |round| u32::try_from(round).unwrap_or(0))
}

impl<M> Payload<M> {
    /// What others need to know of it.
    #[inline]
    pub(crate) fn parcel(&self, from: Slot, sender: NodeId, payload: u32) -> Parcel {
        let &Self { size, content, kind, lane, priority, round, .. } = self;
        Parcel { from, sender, payload, size, content, kind, lane, priority, round }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_encoding() {
        for event in [
            Event::Deliver(0),
            Event::Deliver(INDEX_MASK),
            Event::Timer(5),
            Event::Synced(6),
            Event::Served(Slot(7)),
            Event::Notice(8),
            Event::Wake(9),
            Event::Request(3),
            Event::Control(Control::Faults),
            Event::Control(Control::Arrival),
            Event::Control(Control::Heal),
            Event::Control(Control::Probe),
            Event::Control(Control::Ask),
            Event::Control(Control::Redraw),
            Event::Control(Control::Supervise),
            Event::Control(Control::End),
        ] {
            assert_eq!(Event::decode(event.encode()), event);
        }
    }
}
