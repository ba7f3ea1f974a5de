//! How many members are in which state, over time: what is left of lanes where there are too many to look at.
//!
//! It is counted as states change, so that a world of any size can be read at any time.

use super::{Series, every_other};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::time::Time;

/// Fewer members have a lane each.
const FEWEST: usize = 51;
/// More states than these are not told apart.
const MOST_STATES: usize = 32;
/// How many readings are kept.
const KEPT: usize = 400;

/// The counts so far.
#[derive(Default)]
pub(super) struct Census {
    /// By slot of a member: the number of its state, from one on; zero before its first. Empty if nothing is counted.
    of: Vec<u8>,
    /// Each state, and how many are in it now.
    states: Vec<(&'static str, u32)>,
    readings: Vec<(Time, Vec<u32>)>,
}

impl Census {
    pub(super) fn new(ground: &Ground, on: bool) -> Self {
        let members = ground.members().count();
        Self { of: vec![0; if on && members >= FEWEST { members } else { 0 }], ..Self::default() }
    }

    /// A slot is in this state from now on.
    #[inline]
    pub(super) fn enter(&mut self, slot: Slot, state: &'static str) {
        let Some(own) = self.of.get_mut(slot.index()) else { return };
        let before = usize::from(*own);
        if before > 0 && self.states[before - 1].0 == state {
            return;
        }
        let place = self.states.iter().position(|(known, _)| *known == state).unwrap_or_else(|| {
            if self.states.len() < MOST_STATES {
                self.states.push((state, 0));
            }
            self.states.len() - 1
        });
        if before > 0 {
            self.states[before - 1].1 -= 1;
        }
        self.states[place].1 += 1;
        *own = place as u8 + 1;
    }

    pub(super) fn read(&mut self, now: Time) {
        if self.of.is_empty() {
            return;
        }
        self.readings.push((now, self.states.iter().map(|(_, count)| *count).collect()));
        if self.readings.len() >= KEPT {
            every_other(&mut self.readings);
        }
    }

    /// A series for each state, with the last reading at the end of the run.
    pub(super) fn finish(mut self, now: Time) -> Vec<Series> {
        self.read(now);
        let Self { states, readings, .. } = self;
        let of_state = |(place, (state, _)): (usize, &(&str, u32))| {
            let point = |(at, counts): &(Time, Vec<u32>)| {
                (at.as_nanos(), f64::from(counts.get(place).copied().unwrap_or(0)))
            };
            Series {
                name: (*state).to_owned(),
                unit: Series::MEMBERS.to_owned(),
                slot: None,
                points: readings.iter().map(point).collect(),
                omitted: 0,
            }
        };
        states.iter().enumerate().map(of_state).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn every_member_is_in_one_state_at_a_time() {
        let mut census = Census::new(&Ground::new(60, 5), true);
        let at = |secs| Time::ZERO + Duration::from_secs(secs);
        (0..65).for_each(|slot| census.enter(Slot(slot), "susceptible"));
        census.read(at(0));
        (0..20).for_each(|slot| census.enter(Slot(slot), "infected"));
        (0..5).for_each(|slot| census.enter(Slot(slot), "down"));
        census.enter(Slot(19), "infected");
        let told = census.finish(at(3));
        let points: Vec<(&str, Vec<f64>)> = told
            .iter()
            .map(|series| (series.name.as_str(), series.points.iter().map(|point| point.1).collect()))
            .collect();
        let expected =
            [("susceptible", vec![60.0, 40.0]), ("infected", vec![0.0, 15.0]), ("down", vec![0.0, 5.0])];
        assert_eq!(points, expected, "clients are not counted");
        assert_eq!(told[0].points[1].0, at(3).as_nanos());
    }

    #[test]
    fn few_members_are_not_counted_and_readings_stay_few() {
        let mut few = Census::new(&Ground::new(50, 0), true);
        few.enter(Slot(0), "infected");
        assert!(few.finish(Time::ZERO).is_empty());
        let mut census = Census::new(&Ground::new(51, 0), true);
        census.enter(Slot(0), "infected");
        (0..5_000).for_each(|millis| census.read(Time::ZERO + Duration::from_millis(millis)));
        let points = census.finish(Time::ZERO + Duration::from_secs(9)).remove(0).points;
        assert!((KEPT / 2..=KEPT).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by(|one, next| one.0 < next.0));
    }
}
