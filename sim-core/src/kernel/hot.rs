//! The facts about a slot that every delivery reads.

use crate::ground::Place;
use crate::identity::NodeId;
use crate::random::WordsDrawn;
use crate::time::Time;

/// The hot facts about a slot, in half a cache line and never across two: what every delivery reads.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct Hot {
    /// What this incarnation drew.
    pub(crate) drawn: WordsDrawn,
    /// When it was stepped last.
    pub(crate) stepped: Time,
    pub(crate) node: NodeId,
    pub(crate) incarnation: u32,
    /// Steps at that same instant.
    pub(crate) steps: u16,
    pub(crate) up: bool,
    pub(crate) corrupt: bool,
}

impl Hot {
    /// The hot facts about a place where nobody was stepped yet.
    pub(crate) fn at(place: &Place) -> Self {
        Self {
            drawn: WordsDrawn::default(),
            stepped: Time::MAX,
            node: place.node,
            incarnation: place.incarnation,
            steps: 0,
            up: place.up,
            corrupt: !place.honest && !place.twin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_facts_of_a_slot_take_half_a_cache_line() {
        assert_eq!((size_of::<Hot>(), align_of::<Hot>()), (32, 32));
    }
}
