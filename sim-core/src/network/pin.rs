//! Fates that changed something, and fates fixed by hand: what shrinking turns the one into the other with.

use serde::{Deserialize, Serialize};

use crate::identity::Slot;
use crate::sorting::SortSeldom;
use crate::time::{Duration, Time};

use super::Packet;

/// How many changed fates a run keeps; the rest is counted.
pub const CHANGES_KEPT: usize = 1 << 14;

/// What chance did to a message. Delays count from when the message left its sender, waiting for bandwidth not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FateChange {
    /// A datagram never arrived.
    Lost,
    /// A datagram arrived twice.
    Duplicated {
        /// The delay of the second copy.
        delay: Duration,
    },
    /// A spike, or retransmissions on a stream, made the message late.
    Delayed {
        /// The whole delay.
        delay: Duration,
    },
    /// A bit of a datagram flipped.
    Damaged,
}

/// A message and what chance did to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedFate {
    /// Who sent it.
    pub from: Slot,
    /// To whom.
    pub to: Slot,
    /// When.
    pub sent_ns: Time,
    /// Which of the messages of its step.
    pub ordinal: u32,
    /// What happened.
    pub change: FateChange,
}

/// The first [`CHANGES_KEPT`] changed fates of a run.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    kept: Vec<ChangedFate>,
    omitted: u64,
}

impl Changes {
    /// In the order in which the messages were sent.
    pub fn kept(&self) -> &[ChangedFate] {
        &self.kept
    }

    /// How many more there were.
    pub const fn omitted(&self) -> u64 {
        self.omitted
    }

    pub(super) fn add(&mut self, packet: &Packet, change: FateChange) {
        if self.kept.len() == CHANGES_KEPT {
            self.omitted += 1;
            return;
        }
        let Packet { from, to, now, ordinal, .. } = *packet;
        self.kept.push(ChangedFate { from, to, sent_ns: now, ordinal, change });
    }
}

/// What is to become of a message, whatever the dice say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinnedFate {
    /// It is lost; on a stream, it is lost once and sent again.
    Drop,
    /// It takes this long; on a stream, at least.
    Delay(Duration),
    /// A second copy takes this long; a stream ignores it.
    Duplicate(Duration),
    /// A bit flips; on a stream, it is lost once and sent again.
    Damage,
}

/// A message and what is to become of it. Several pins of one message add up, and a drop wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Who sends it.
    pub from: Slot,
    /// To whom.
    pub to: Slot,
    /// When.
    pub sent_ns: Time,
    /// Which of the messages of its step.
    pub ordinal: u32,
    /// What becomes of it.
    pub fate: PinnedFate,
}

impl Pin {
    fn key(&self) -> (Time, Slot, Slot, u32) {
        (self.sent_ns, self.from, self.to, self.ordinal)
    }
}

impl From<ChangedFate> for Pin {
    fn from(changed: ChangedFate) -> Self {
        let ChangedFate { from, to, sent_ns, ordinal, change } = changed;
        let fate = match change {
            FateChange::Lost => PinnedFate::Drop,
            FateChange::Duplicated { delay } => PinnedFate::Duplicate(delay),
            FateChange::Delayed { delay } => PinnedFate::Delay(delay),
            FateChange::Damaged => PinnedFate::Damage,
        };
        Self { from, to, sent_ns, ordinal, fate }
    }
}

/// Pins by message. A pinned message meets its pins and no chance but its plain latency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Pin>", into = "Vec<Pin>")]
pub struct Pins {
    /// Sorted by message.
    sorted: Vec<Pin>,
}

impl From<Vec<Pin>> for Pins {
    fn from(mut pins: Vec<Pin>) -> Self {
        pins.sort_seldom_by_key(Pin::key);
        Self { sorted: pins }
    }
}

impl From<Pins> for Vec<Pin> {
    fn from(pins: Pins) -> Self {
        pins.sorted
    }
}

impl FromIterator<Pin> for Pins {
    fn from_iter<I: IntoIterator<Item = Pin>>(pins: I) -> Self {
        pins.into_iter().collect::<Vec<_>>().into()
    }
}

impl Pins {
    /// Whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The pins, sorted by time, ends and ordinal of their message.
    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.sorted.iter()
    }

    /// The pins of a message.
    pub(super) fn of(&self, packet: &Packet) -> &[Pin] {
        let key = (packet.now, packet.from, packet.to, packet.ordinal);
        let rest = &self.sorted[self.sorted.partition_point(|pin| pin.key() < key)..];
        &rest[..rest.partition_point(|pin| pin.key() == key)]
    }
}
