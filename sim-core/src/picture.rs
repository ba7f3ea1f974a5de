//! Paints what a report can draw of a run: role lanes and marks, from neutral readings only.

use crate::ground::Ground;
use crate::identity::Slot;
use crate::outcome::{Capped, LaneSpan, PointMark};
use crate::time::Time;

/// How many spans and marks a run keeps.
const KEPT: usize = 4_000;

/// Collects lanes and marks while a run goes on.
pub(crate) struct Painter {
    open: Vec<Option<Open>>,
    pub(crate) lanes: Capped<LaneSpan>,
    pub(crate) marks: Capped<PointMark>,
}

#[derive(Clone, Copy)]
struct Open {
    state: &'static str,
    rank: Option<u64>,
    from: Time,
}

/// Worlds larger than this keep no lanes: nobody can look at them, and they would cost memory.
const MOST_LANES: usize = 2_000;

impl Painter {
    pub(crate) fn new(ground: &Ground) -> Self {
        let lanes = if ground.places.len() <= MOST_LANES { ground.places.len() } else { 0 };
        let open = ground.places.iter().take(lanes).map(|_| None).collect();
        Self { open, lanes: Capped::with_limit(KEPT), marks: Capped::with_limit(KEPT) }
    }

    pub(crate) fn add_slot(&mut self) {
        if !self.open.is_empty() && self.open.len() < MOST_LANES {
            self.open.push(None);
        }
    }

    /// The slot is in this state from now on.
    pub(crate) fn enter(&mut self, slot: Slot, now: Time, state: &'static str, rank: Option<u64>) {
        let Some(open) = self.open.get_mut(slot.index()) else { return };
        if open.is_some_and(|open| open.state == state && open.rank == rank) {
            return;
        }
        let before = open.replace(Open { state, rank, from: now });
        self.close(slot, before, now);
    }

    fn close(&mut self, slot: Slot, open: Option<Open>, now: Time) {
        if let Some(open) = open.filter(|open| open.from < now) {
            self.lanes.push(LaneSpan {
                slot: slot.0,
                state: open.state.to_owned(),
                from_ns: open.from.as_nanos(),
                to_ns: now.as_nanos(),
                label: open.rank.map_or_else(String::new, |rank| rank.to_string()),
            });
        }
    }

    /// Something happened at a slot.
    pub(crate) fn mark(&mut self, slot: Slot, now: Time, kind: &str, label: String) {
        self.marks.push(PointMark { at_ns: now.as_nanos(), slot: slot.0, kind: kind.to_owned(), label });
    }

    /// The run is over: every lane ends.
    pub(crate) fn finish(&mut self, now: Time) {
        for index in 0..self.open.len() {
            let open = self.open[index].take();
            self.close(Slot(u32::try_from(index).unwrap_or(u32::MAX)), open, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn lanes_follow_roles_without_gaps() {
        let mut painter = Painter::new(&Ground::new(2, 0));
        let at = |secs| Time::ZERO + Duration::from_secs(secs);
        painter.enter(Slot(1), at(0), "follower", Some(1));
        painter.enter(Slot(1), at(2), "leader", Some(2));
        painter.enter(Slot(1), at(3), "leader", Some(2));
        painter.finish(at(5));
        let spans: Vec<_> =
            painter.lanes.items.iter().map(|span| (span.state.as_str(), span.from_ns, span.to_ns)).collect();
        assert_eq!(spans, [("follower", 0, 2_000_000_000), ("leader", 2_000_000_000, 5_000_000_000)]);
    }
}
