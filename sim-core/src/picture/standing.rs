//! How far each member was, read now and then: the key frames of a run.
//!
//! Roles and ranks are kept exactly, as lanes. Positions and journals change with every decision, so they are read when
//! message counts are. A member that changed too often loses every other reading.

use serde::{Deserialize, Serialize};

use super::every_other;
use crate::ground::Ground;
use crate::process::Role;
use crate::time::Time;

/// Readings of one member: `(nanoseconds, position, records, durable records)`, whenever they changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where.
    pub slot: u32,
    /// In order. The position is absent until the member tells one.
    pub readings: Vec<Reading>,
}

/// A moment, the position, how many records its journals hold, and how many of them are durable.
pub type Reading = (u64, Option<u64>, u64, u64);

/// More members than these are not read.
const MOST_MEMBERS: usize = 50;
/// How many readings of all members are kept.
const KEPT: usize = 4_000;

#[derive(Default)]
pub(super) struct Standings {
    on: bool,
    members: Vec<Standing>,
}

impl Standings {
    pub(super) fn new(ground: &Ground, on: bool) -> Self {
        let members = ground.places.iter().filter(|place| place.role == Role::Member).count();
        Self { on: on && members <= MOST_MEMBERS, members: Vec::new() }
    }

    pub(super) fn read(&mut self, now: Time, ground: &Ground) {
        if !self.on {
            return;
        }
        let most = KEPT / ground.places.len().clamp(1, MOST_MEMBERS);
        let members = ground.places.iter().enumerate().filter(|(_, place)| place.role == Role::Member);
        for (at, (slot, place)) in members.enumerate() {
            if at == self.members.len() {
                let slot = u32::try_from(slot).unwrap_or(u32::MAX);
                self.members.push(Standing { slot, readings: Vec::new() });
            }
            let (records, durable) = place
                .marks
                .iter()
                .fold((0, 0), |sum: (u64, u64), mark| (sum.0 + mark.appended, sum.1 + mark.durable));
            let readings = &mut self.members[at].readings;
            let reading = (now.as_nanos(), place.status.position, records, durable);
            if readings
                .last()
                .is_some_and(|last| (last.1, last.2, last.3) == (reading.1, reading.2, reading.3))
            {
                continue;
            }
            readings.push(reading);
            if readings.len() > most {
                every_other(readings);
            }
        }
    }

    /// Members of which there was nothing to read are left out.
    pub(super) fn finish(self) -> Vec<Standing> {
        let said =
            |member: &Standing| member.readings.iter().any(|reading| reading.1.is_some() || reading.2 > 0);
        self.members.into_iter().filter(said).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Mark;
    use crate::time::Duration;

    #[test]
    fn readings_stay_few_and_in_order_however_often_a_member_moves() {
        let mut ground = Ground::new(50, 0);
        let mut standings = Standings::new(&ground, true);
        for millis in 0..1_000 {
            ground.places[3].status.position = Some(millis / 2);
            ground.places[3].marks = vec![Mark { appended: millis, durable: millis / 3 }];
            standings.read(Time::ZERO + Duration::from_millis(millis), &ground);
        }
        let all = standings.finish();
        assert_eq!(all.iter().map(|member| member.slot).collect::<Vec<_>>(), [3], "the others never moved");
        let readings = &all[0].readings;
        assert!(readings.len() <= KEPT / 50 && readings.len() >= KEPT / 200, "{}", readings.len());
        assert!(readings.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (at, position, records, durable) in readings {
            let millis = at / 1_000_000;
            assert_eq!((*position, *records, *durable), (Some(millis / 2), millis, millis / 3));
        }
    }

    #[test]
    fn a_crowd_is_not_read() {
        let mut ground = Ground::new(51, 0);
        ground.places[0].status.position = Some(1);
        let mut standings = Standings::new(&ground, true);
        standings.read(Time::ZERO, &ground);
        assert!(standings.finish().is_empty());
    }
}
