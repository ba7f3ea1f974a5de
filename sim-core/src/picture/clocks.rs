//! How far slot clocks are off, over true time. A clock runs straight between two changes, so its changes tell it all.

use super::Series;
use crate::identity::Slot;
use crate::ordered::OrderedMap;
use crate::slot_names::SlotNames;
use crate::time::Time;

/// How many points all lines together keep; past that, a clock is drawn straight to the end.
const KEPT: usize = 8_000;

/// The lines so far.
#[derive(Default)]
pub(super) struct ClockLines {
    of: OrderedMap<Slot, Line>,
    kept: usize,
}

/// The points of one clock, and how many more there were.
#[derive(Default)]
struct Line {
    points: Vec<(u64, f64)>,
    omitted: u64,
}

/// Milliseconds that a clock is ahead.
fn ahead(now: Time, shown: Time) -> f64 {
    (shown.as_nanos() as f64 - now.as_nanos() as f64) / 1e6
}

impl ClockLines {
    pub(super) fn changed(&mut self, slot: Slot, now: Time, before: Time, after: Time) {
        let Line { points: line, omitted } = self.of.entry(slot).or_default();
        if self.kept >= KEPT {
            *omitted += 2;
            return;
        }
        self.kept += 2;
        if line.is_empty() && now > Time::ZERO {
            line.push((0, 0.0));
        }
        line.push((now.as_nanos(), ahead(now, before)));
        line.push((now.as_nanos(), ahead(now, after)));
    }

    pub(super) fn finish(self, now: Time, names: &SlotNames, shown: impl Fn(Slot) -> Time) -> Vec<Series> {
        let line = |(slot, Line { mut points, omitted }): (Slot, Line)| {
            points.push((now.as_nanos(), ahead(now, shown(slot))));
            let name = names.get(slot.index()).unwrap_or_default();
            Series {
                name: format!("clock offset of {name}"),
                unit: "ms".to_owned(),
                slot: Some(slot.0),
                points,
                omitted,
            }
        };
        self.of.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn changes_past_the_limit_are_counted() {
        let mut lines = ClockLines::default();
        let at = |secs| Time::ZERO + Duration::from_secs(secs);
        (0..KEPT as u64).for_each(|secs| lines.changed(Slot(0), at(secs), at(secs), at(secs + 1)));
        let series = lines.finish(at(10_000), &["n1"].into_iter().collect(), |_| at(10_000));
        assert_eq!((series[0].points.len(), series[0].omitted), (KEPT + 1, KEPT as u64));
    }

    #[test]
    fn a_clock_is_true_until_it_is_changed() {
        let at = |secs| Time::ZERO + Duration::from_secs(secs);
        let mut lines = ClockLines::default();
        lines.changed(Slot(0), at(2), at(2), at(5));
        let series = lines.finish(at(10), &["n1"].into_iter().collect(), |_| at(12));
        assert_eq!(series[0].name, "clock offset of n1");
        let points = [(0, 0.0), (2_000_000_000, 0.0), (2_000_000_000, 3_000.0), (10_000_000_000, 2_000.0)];
        assert_eq!(series[0].points, points);
    }
}
