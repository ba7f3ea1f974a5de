//! What may happen to a network of streams.

use proptest::prelude::*;

use super::ms;
use crate::identity::Slot;
use crate::network::{CutId, Degradation, DegradeId, LinkNotice, Network, Reach};
use crate::ratio::Ratio;
use crate::time::Time;

pub(super) const SLOTS: u32 = 4;

/// What a fault or a sender does next.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Send(u32, u32, usize),
    Cut(u32, Reach),
    Mend(u32),
    Crash(u32),
    Restart(u32),
    Close(u32, u32),
    Reset(u32, u32),
    /// Sessions begin again on which something waits for longer than so many milliseconds.
    Renew(u64),
    /// A window opens or closes in which half of the segments are sent again.
    Degrade(bool),
}

fn reach() -> impl Strategy<Value = Reach> {
    let slot = || (0..SLOTS).prop_map(Slot);
    let slots = || prop::collection::vec(slot(), 1..3);
    prop_oneof![
        prop::collection::vec(0_u64..4, SLOTS as usize).prop_map(Reach::Groups),
        (slots(), slots()).prop_map(|(from, to)| Reach::OneWay { from, to }),
        prop::collection::vec((slot(), slot()), 0..6).prop_map(|links| Reach::Pairs { slots: SLOTS, links }),
    ]
}

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    let (slot, cut) = (|| 0..SLOTS, || 0..3_u32);
    prop_oneof![
        20 => (slot(), slot(), 0..3_usize).prop_map(|(from, to, priority)| Deed::Send(from, to, priority)),
        1 => (cut(), reach()).prop_map(|(id, reach)| Deed::Cut(id, reach)),
        2 => cut().prop_map(Deed::Mend),
        1 => slot().prop_map(Deed::Crash),
        2 => slot().prop_map(Deed::Restart),
        1 => (slot(), slot()).prop_map(|(a, b)| Deed::Close(a, b)),
        1 => (slot(), slot()).prop_map(|(a, b)| Deed::Reset(a, b)),
    ]
}

/// Also what begins sessions anew without a word to those who sent on them.
pub(super) fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        20 => deed(),
        1 => (0..2_u64).prop_map(|seconds| Deed::Renew(seconds * 1_000)),
        1 => any::<bool>().prop_map(Deed::Degrade),
    ]
}

impl Deed {
    /// Changes a network; what ends of sessions hear of it. To send changes nothing here.
    pub(super) fn change(&self, network: &mut Network, now: Time) -> Vec<LinkNotice> {
        let mut notices = Vec::new();
        match self {
            Self::Send(..) => {}
            Self::Cut(id, reach) => network.cut(now, CutId(*id), reach, &mut notices),
            Self::Mend(id) => network.mend(now, CutId(*id), &mut notices),
            Self::Crash(slot) => network.down(now, Slot(*slot), &mut notices),
            Self::Restart(slot) => network.up(now, Slot(*slot), &mut notices),
            Self::Close(a, b) => network.close(now, Slot(*a), Slot(*b), &mut notices),
            Self::Reset(a, b) => network.reset(now, Slot(*a), Slot(*b), &mut notices),
            Self::Renew(patience) => network.renew(now, ms(*patience), |slot| slot.0 > 0, &mut notices),
            Self::Degrade(true) => {
                let loss = Ratio::new(1, 2);
                network.degrade(DegradeId(0), &Degradation { loss, ..Degradation::default() });
            }
            Self::Degrade(false) => network.restore(DegradeId(0)),
        }
        notices
    }
}
