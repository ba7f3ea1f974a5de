//! The split attack: who says what to whom, so that each half of the honest members sees one consistent story.

use sim_core::coalition::Member;
use sim_core::digest::hash_words;
use sim_core::identity::{NodeId, Slot};

use super::super::vocabulary::{Broadcast, Phase};

/// One lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bracha) struct Line {
    pub(in crate::bracha) from: Slot,
    pub(in crate::bracha) to: NodeId,
    pub(in crate::bracha) phase: Phase,
    pub(in crate::bracha) broadcast: Broadcast,
    pub(in crate::bracha) value: u64,
}

/// The value for the second half.
pub(super) fn other_value(value: u64) -> u64 {
    hash_words(&[value, 1])
}

/// Two halves; the first has one more if they are odd.
pub(super) fn sides(honest: &[NodeId]) -> (&[NodeId], &[NodeId]) {
    honest.split_at(honest.len().div_ceil(2))
}

/// One message of a traitor in so many ways, each for its part of the honest members. Two ways are those of [`split`].
pub(super) fn stories(
    ways: u32,
    from: Slot,
    phase: Phase,
    broadcast: Broadcast,
    value: u64,
    honest: &[NodeId],
) -> Vec<Line> {
    let parts = honest.iter().enumerate().map(|(index, to)| {
        let way = index as u64 * u64::from(ways) / honest.len() as u64;
        let value = if way == 0 { value } else { hash_words(&[value, way]) };
        Line { from, to: *to, phase, broadcast, value }
    });
    parts.collect()
}

/// All lines of a split: the sender, if it is a traitor, says `value` to one half and another value to the other half, and
/// every traitor echoes it and is ready for it. What an honest sender said is contradicted in the same way.
pub(in crate::bracha) fn split(
    broadcast: Broadcast,
    value: u64,
    traitors: &[Member],
    honest: &[NodeId],
) -> Vec<Line> {
    let (left, right) = sides(honest);
    let mut lines = Vec::new();
    for traitor in traitors {
        for phase in Phase::ALL {
            if phase == Phase::Initial && traitor.node != broadcast.sender {
                continue;
            }
            for (half, value) in [(left, value), (right, other_value(value))] {
                lines.extend(half.iter().map(|to| Line {
                    from: traitor.slot,
                    to: *to,
                    phase,
                    broadcast,
                    value,
                }));
            }
        }
    }
    lines
}
