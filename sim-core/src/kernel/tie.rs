//! What events are called in a tie. At one instant the order hangs on these names, so that no two sorts of event may share
//! theirs; a message is called by its ends and its ordinal alone.

use crate::identity::Slot;
use crate::process::{SyncId, TimerId};

const NOTICE: u64 = 0x11AA << 48;
const TIMER: u64 = 0x3377 << 48;
const SERVED: u64 = 0x5577 << 48;
const SYNC: u64 = 0x5599 << 48;
const WAKE: u64 = 0x77AA << 48;
const NEWS: u64 = 0x99AA << 48;

/// Says of the second copy of a message that it is not the first.
pub(crate) const COPY: u32 = 1 << 31;

#[inline]
fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// A message between two slots, by its ordinal.
#[inline]
pub(crate) fn message(from: Slot, to: Slot, ordinal: u32) -> u64 {
    pair(from.0, to.0) ^ u64::from(ordinal).rotate_left(48)
}

/// What a slot hears of its session with a peer.
pub(crate) fn notice(slot: Slot, peer: Slot) -> u64 {
    pair(slot.0, peer.0) ^ NOTICE
}

/// A timer of a slot.
#[inline]
pub(crate) fn timer(slot: Slot, id: TimerId) -> u64 {
    pair(slot.0, id.0) ^ TIMER
}

/// The end of a service.
#[inline]
pub(crate) fn served(slot: Slot) -> u64 {
    u64::from(slot.0) ^ SERVED
}

/// The end of a sync.
pub(crate) fn sync(slot: Slot, id: SyncId) -> u64 {
    pair(slot.0, 0) ^ id.0 ^ SYNC
}

/// A client hears who came or left.
pub(crate) fn news(slot: Slot, request: u32) -> u64 {
    pair(slot.0, request) ^ NEWS
}

/// The coalition wakes itself.
pub(crate) fn wake(token: u64) -> u64 {
    token ^ WAKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_of_events_have_names_of_their_own() {
        let (slot, peer) = (Slot(3), Slot(5));
        let names = [
            message(slot, peer, 0),
            message(slot, peer, COPY),
            notice(slot, peer),
            timer(slot, TimerId(5)),
            served(slot),
            sync(slot, SyncId(5)),
            wake(5),
        ];
        let different: crate::ordered::OrderedSet<u64> = names.into_iter().collect();
        assert_eq!(different.len(), names.len());
    }
}
