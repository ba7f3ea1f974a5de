//! Detours: rare turns in a protocol's own code, taken where a plan says so.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identity::Slot;
use crate::random::{Draw, Keyed};
use crate::ratio::Ratio;
use crate::time::Time;

/// Where detours may be taken from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diversion {
    /// Its name: that of the entry of the plan.
    pub id: u32,
    /// At whom.
    pub slots: Vec<Slot>,
    /// At which point of the code; at every one if absent.
    pub point: Option<String>,
    /// At which passes.
    pub how: Diverted,
}

/// At which passes of a point the detour is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Diverted {
    /// At each with this probability.
    Chance(Ratio),
    /// At the one after so many, and at no other.
    After(u32),
}

/// A detour that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The diversion.
    pub(crate) id: u32,
    /// Where.
    pub(crate) slot: Slot,
    /// The point.
    pub(crate) point: &'static str,
    /// Which pass of the point it was, of those of this slot at this instant.
    pub(crate) nth: u32,
}

/// The most detours of a run: they are to be rare, and each is an entry of its plan.
const MOST: usize = 1_000;

/// Decides at each point that a process passes. Off, it is one comparison.
#[derive(Clone, Debug)]
pub(crate) struct Detours {
    /// Whether the plan of this run has any.
    pub(crate) on: bool,
    dice: Keyed,
    slot: Slot,
    now: Time,
    open: Vec<Diversion>,
    /// For each slot, the points that it passed, when it last did, and how often at that instant.
    passes: Vec<Vec<(&'static str, Time, u32)>>,
    /// What was taken in this step.
    pub(crate) taken: Vec<Taken>,
    count: usize,
}

impl Default for Detours {
    fn default() -> Self {
        Self {
            on: false,
            dice: Keyed::new(0, crate::random::Purpose::Fault),
            slot: Slot(0),
            now: Time::ZERO,
            open: Vec::new(),
            passes: Vec::new(),
            taken: Vec::new(),
            count: 0,
        }
    }
}

impl Detours {
    /// In a run whose plan has detours.
    pub(crate) fn drawn_by(dice: Keyed) -> Self {
        Self { on: true, dice, ..Self::default() }
    }

    /// From now on, other dice are thrown.
    pub(crate) const fn draw_anew(&mut self, dice: Keyed) {
        self.dice = dice;
    }

    /// A process takes a step.
    pub(crate) const fn enter(&mut self, slot: Slot, now: Time) {
        (self.slot, self.now) = (slot, now);
    }

    /// From now on, detours may be taken there.
    pub(crate) fn divert(&mut self, diversion: Diversion) {
        self.open.push(diversion);
    }

    /// No longer.
    pub(crate) fn straighten(&mut self, id: u32) {
        self.open.retain(|diversion| diversion.id != id);
    }

    /// A process passes a point: whether it takes the detour.
    #[cold]
    pub(crate) fn pass(&mut self, point: &'static str) -> bool {
        let nth = self.count_pass(point);
        let (slot, now, dice) = (self.slot, self.now, self.dice);
        let here = |diversion: &Diversion| {
            diversion.slots.contains(&slot) && diversion.point.as_ref().is_none_or(|name| name == point)
        };
        let mut taken = None;
        for diversion in self.open.iter_mut().filter(|diversion| here(diversion)) {
            let takes = match &mut diversion.how {
                Diverted::Chance(chance) => chance.happens(draw(dice, diversion.id, slot, now, point, nth)),
                Diverted::After(0) => true,
                Diverted::After(more) => {
                    *more -= 1;
                    false
                }
            };
            taken = taken.or(takes.then_some((diversion.id, diversion.how)));
        }
        let Some((id, how)) = taken.filter(|_| self.count < MOST) else { return false };
        if matches!(how, Diverted::After(_)) {
            self.straighten(id);
        }
        self.count += 1;
        self.taken.push(Taken { id, slot, point, nth });
        true
    }

    fn count_pass(&mut self, point: &'static str) -> u32 {
        let slot = self.slot.index();
        if slot >= self.passes.len() {
            self.passes.resize_with(slot + 1, Vec::new);
        }
        let points = &mut self.passes[slot];
        let place = points.iter().position(|(known, ..)| *known == point).unwrap_or_else(|| {
            points.push((point, self.now, 0));
            points.len() - 1
        });
        let (_, at, count) = &mut points[place];
        if *at != self.now {
            (*at, *count) = (self.now, 0);
        }
        *count += 1;
        *count
    }
}

/// What is drawn for one pass: keyed by what it is of, so that it stays the same whatever else changes.
fn draw(dice: Keyed, id: u32, slot: Slot, now: Time, point: &str, nth: u32) -> u64 {
    let mut label = Digest::new();
    label.bytes(point.as_bytes());
    label.word(u64::from(nth));
    let whom = u64::from(id) << 32 | u64::from(slot.0);
    Draw::new(dice.labeled(label.short()), whom, now.as_nanos()).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn open(point: Option<&str>, how: Diverted) -> Detours {
        let mut detours = Detours::drawn_by(Keyed::new(3, Purpose::Fault));
        detours.divert(Diversion { id: 7, slots: vec![Slot(1)], point: point.map(str::to_owned), how });
        detours
    }

    #[test]
    fn the_pass_that_was_named_is_taken_once() {
        let mut detours = open(Some("short"), Diverted::After(1));
        detours.enter(Slot(0), Time::ZERO);
        assert!(!detours.pass("short"), "somebody else");
        detours.enter(Slot(1), Time::ZERO);
        let passed: Vec<bool> =
            ["short", "long", "short", "short"].into_iter().map(|point| detours.pass(point)).collect();
        assert_eq!(passed, [false, false, true, false]);
        assert_eq!(detours.taken, [Taken { id: 7, slot: Slot(1), point: "short", nth: 2 }]);
    }

    #[test]
    fn a_chance_is_drawn_for_each_pass_by_itself() {
        let play = |others: bool| {
            let mut detours = open(None, Diverted::Chance(Ratio::new(1, 4)));
            let mut taken = Vec::new();
            for millis in 0..400 {
                detours.enter(Slot(1), Time::from_nanos(millis));
                if others {
                    detours.pass("other");
                }
                taken.push(detours.pass("short"));
            }
            taken
        };
        let taken = play(false);
        let often = taken.iter().filter(|taken| **taken).count();
        assert!((70..130).contains(&often), "{often} of 400");
        assert_eq!(taken, play(true), "whatever else is passed");
        let mut over = open(None, Diverted::Chance(Ratio::ONE));
        over.enter(Slot(1), Time::ZERO);
        assert!(over.pass("short"));
        over.straighten(7);
        assert!(!over.pass("short"));
    }

    #[test]
    fn they_stay_rare() {
        let mut detours = open(None, Diverted::Chance(Ratio::ONE));
        detours.enter(Slot(1), Time::ZERO);
        assert_eq!((0..5_000).filter(|_| detours.pass("short")).count(), MOST);
    }
}
