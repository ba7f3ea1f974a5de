//! Timers: one queue entry each, re-armed as it fires, and a true cancel.
//!
//! Moving a timer to a later moment, the common case, touches no queue: the entry that is already there fires, sees
//! that its timer is due later, and is queued again. A cancelled timer keeps its entry until it comes up.

use crate::identity::Slot;
use crate::process::TimerId;
use crate::time::Time;

const NONE: u32 = u32::MAX;

/// A timer, in one cache line (if what it carries is small): in a large world, each that fires was in two, and in no cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Timer<T> {
    slot: Slot,
    id: TimerId,
    /// On the clock of the slot's timers.
    local: Time,
    /// In true time; `Time::MAX` while the slot's clock stands still.
    due: Time,
    /// When the queue entry that counts comes up; others of the same timer are stale.
    queued: Time,
    next: u32,
    carried: Option<T>,
}

/// The timers of all slots.
#[derive(Clone, Debug)]
pub(crate) struct Timers<T> {
    table: Vec<Timer<T>>,
    free: u32,
    first_of: Vec<u32>,
    /// The timer that fired last, until its place is given back. Mostly it is set again in its own step, and is then found
    /// without a look at its slot's list, which in a large world is in no cache.
    fired: u32,
}

/// What to do with a queue entry that came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Popped {
    /// The timer fires.
    Fires { slot: Slot, id: TimerId },
    /// It is due later: queue it again.
    Again { due: Time, slot: Slot, id: TimerId },
    /// The entry means nothing any more.
    Stale,
}

impl<T> Timers<T> {
    pub(crate) fn new(slots: usize) -> Self {
        // One for each slot is what most protocols keep; what is never touched costs nothing.
        Self { table: Vec::with_capacity(slots), free: NONE, first_of: vec![NONE; slots], fired: NONE }
    }

    pub(crate) fn add_slot(&mut self) {
        self.first_of.push(NONE);
    }

    #[inline]
    fn find(&self, slot: Slot, id: TimerId) -> Option<u32> {
        match self.table.get(self.fired as usize) {
            Some(timer) if timer.slot == slot && timer.id == id => Some(self.fired),
            _ => self.find_in_list(slot, id),
        }
    }

    fn find_in_list(&self, slot: Slot, id: TimerId) -> Option<u32> {
        let mut index = self.first_of[slot.index()];
        while index != NONE {
            let timer = &self.table[index as usize];
            if timer.id == id {
                return Some(index);
            }
            index = timer.next;
        }
        None
    }

    /// Sets a timer, or moves it. Returns the index to queue at `due`, if a new entry is needed.
    pub(crate) fn set(&mut self, slot: Slot, id: TimerId, local: Time, due: Time, carried: T) -> Option<u32> {
        let index = self.find(slot, id).unwrap_or_else(|| self.allocate(slot, id));
        let timer = &mut self.table[index as usize];
        timer.local = local;
        timer.due = due;
        timer.carried = Some(carried);
        if timer.queued <= due {
            return None;
        }
        timer.queued = due;
        (due != Time::MAX).then_some(index)
    }

    fn allocate(&mut self, slot: Slot, id: TimerId) -> u32 {
        let next = self.first_of[slot.index()];
        let timer =
            Timer { slot, id, local: Time::MAX, due: Time::MAX, queued: Time::MAX, next, carried: None };
        let index = if self.free == NONE {
            self.table.push(timer);
            u32::try_from(self.table.len() - 1).expect("fewer than 2^32 timers")
        } else {
            let index = self.free;
            self.free = self.table[index as usize].next;
            self.table[index as usize] = timer;
            index
        };
        self.first_of[slot.index()] = index;
        index
    }

    /// Stops a timer; returns whether it was set.
    pub(crate) fn cancel(&mut self, slot: Slot, id: TimerId) -> bool {
        self.find(slot, id).is_some_and(|index| self.table[index as usize].carried.take().is_some())
    }

    /// An entry for this index came up at `now`.
    #[inline]
    pub(crate) fn popped(&mut self, index: u32, now: Time) -> Popped {
        let timer = &mut self.table[index as usize];
        if timer.queued != now {
            return Popped::Stale;
        }
        timer.queued = Time::MAX;
        if timer.carried.is_none() {
            self.release(index);
            return Popped::Stale;
        }
        if timer.due > now {
            if timer.due == Time::MAX {
                return Popped::Stale;
            }
            timer.queued = timer.due;
            return Popped::Again { due: timer.due, slot: timer.slot, id: timer.id };
        }
        Popped::Fires { slot: timer.slot, id: timer.id }
    }

    /// Whose timer this is.
    #[inline]
    pub(crate) fn owner(&self, index: u32) -> (Slot, TimerId) {
        let timer = &self.table[index as usize];
        (timer.slot, timer.id)
    }

    /// Reads a timer, and says whose it is.
    #[inline]
    pub(crate) fn touch(&self, index: u32) -> Slot {
        self.table[index as usize].slot
    }

    /// Takes what a firing timer carries; it is no longer set. `None` if it was moved or stopped meanwhile.
    #[inline]
    pub(crate) fn take(&mut self, index: u32, now: Time) -> Option<T> {
        let timer = &mut self.table[index as usize];
        if timer.due > now {
            return None;
        }
        self.fired = index;
        timer.carried.take()
    }

    /// After the step in which it fired: gives its place back unless it was set again.
    #[inline]
    pub(crate) fn settle(&mut self, index: u32) {
        let timer = &self.table[index as usize];
        if timer.carried.is_none() && timer.queued == Time::MAX {
            self.release(index);
        }
    }

    fn release(&mut self, index: u32) {
        if self.fired == index {
            self.fired = NONE;
        }
        let (slot, next) = (self.table[index as usize].slot, self.table[index as usize].next);
        let mut at = self.first_of[slot.index()];
        if at == NONE {
            return;
        }
        if at == index {
            self.first_of[slot.index()] = next;
        } else {
            loop {
                let following = self.table[at as usize].next;
                if following == index {
                    self.table[at as usize].next = next;
                    break;
                }
                if following == NONE {
                    return;
                }
                at = following;
            }
        }
        self.table[index as usize].next = self.free;
        self.free = index;
    }

    /// Stops all timers of a slot, as a crash does.
    pub(crate) fn clear(&mut self, slot: Slot) {
        let mut index = self.first_of[slot.index()];
        while index != NONE {
            let timer = &mut self.table[index as usize];
            timer.carried = None;
            let next = timer.next;
            if timer.queued == Time::MAX {
                self.release(index);
            }
            index = next;
        }
    }

    /// After a change of the slot's clock: finds every set timer's true moment again, and calls `queue(due, index, id)`
    /// for those that need a new entry.
    pub(crate) fn convert(
        &mut self,
        slot: Slot,
        reaches: impl Fn(Time) -> Time,
        mut queue: impl FnMut(Time, u32, TimerId),
    ) {
        let mut index = self.first_of[slot.index()];
        while index != NONE {
            let timer = &mut self.table[index as usize];
            if timer.carried.is_some() {
                timer.due = reaches(timer.local);
                if timer.due < timer.queued {
                    timer.queued = timer.due;
                    queue(timer.due, index, timer.id);
                }
            }
            index = timer.next;
        }
    }

    /// When the last timer of a slot fires, in true time.
    pub(crate) fn last_due(&self, slot: Slot) -> Option<Time> {
        let mut index = self.first_of[slot.index()];
        let mut last = None;
        while index != NONE {
            let timer = &self.table[index as usize];
            if timer.carried.is_some() {
                last = last.max(Some(timer.due));
            }
            index = timer.next;
        }
        last
    }

    /// When a set timer fires on its slot's own clock, and what it carries.
    pub(crate) fn carried(&self, index: u32) -> Option<(Time, u64)>
    where
        T: crate::facts::Facts,
    {
        let timer = &self.table[index as usize];
        timer.carried.as_ref().map(|carried| (timer.local, carried.content()))
    }
}

/// What a scheduler that chooses among timeouts asks of them; it does not ask what they carry.
pub(crate) trait Deadlines {
    /// Whose timer this is.
    fn owner(&self, index: u32) -> (Slot, TimerId);

    /// When the timer with this index fires on its slot's own clock, if it is set.
    fn local_deadline(&self, index: u32) -> Option<(Slot, Time)>;

    /// Whether a queue entry for this index at this time still counts; one that does not will not come up any more.
    fn keeps(&mut self, index: u32, at: Time) -> bool;

    /// Makes a set timer due now, whatever its clock says: an abstract timeout was chosen.
    fn force(&mut self, index: u32, now: Time);
}

impl<T> Deadlines for Timers<T> {
    fn owner(&self, index: u32) -> (Slot, TimerId) {
        Self::owner(self, index)
    }

    fn local_deadline(&self, index: u32) -> Option<(Slot, Time)> {
        let timer = &self.table[index as usize];
        timer.carried.as_ref().map(|_| (timer.slot, timer.local))
    }

    fn keeps(&mut self, index: u32, at: Time) -> bool {
        let timer = &mut self.table[index as usize];
        if timer.queued != at {
            return false;
        }
        if timer.carried.is_none() {
            timer.queued = Time::MAX;
            self.release(index);
            return false;
        }
        true
    }

    fn force(&mut self, index: u32, now: Time) {
        let timer = &mut self.table[index as usize];
        timer.due = now;
        timer.queued = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    fn at(millis: u64) -> Time {
        Time::ZERO + Duration::from_millis(millis)
    }

    fn set(timers: &mut Timers<u32>, id: u32, millis: u64, carried: u32) -> Option<u32> {
        timers.set(Slot(0), TimerId(id), at(millis), at(millis), carried)
    }

    #[test]
    fn a_moved_timer_keeps_one_queue_entry() {
        let mut timers = Timers::new(1);
        let index = set(&mut timers, 7, 10, 1).unwrap();
        assert_eq!(set(&mut timers, 7, 20, 2), None);
        assert_eq!(set(&mut timers, 7, 30, 3), None);
        let again = Popped::Again { due: at(30), slot: Slot(0), id: TimerId(7) };
        assert_eq!(timers.popped(index, at(10)), again);
        assert_eq!(timers.popped(index, at(30)), Popped::Fires { slot: Slot(0), id: TimerId(7) });
        assert_eq!(timers.take(index, at(30)), Some(3));
    }

    #[test]
    fn a_timer_moved_earlier_leaves_a_stale_entry_that_does_nothing() {
        let mut timers = Timers::new(1);
        let index = set(&mut timers, 7, 30, 1).unwrap();
        assert_eq!(set(&mut timers, 7, 10, 2), Some(index));
        assert_eq!(timers.popped(index, at(10)), Popped::Fires { slot: Slot(0), id: TimerId(7) });
        assert_eq!(timers.take(index, at(10)), Some(2));
        timers.settle(index);
        assert_eq!(timers.popped(index, at(30)), Popped::Stale);
    }

    #[test]
    fn a_cancelled_timer_does_not_fire_and_can_be_set_again() {
        let mut timers = Timers::new(1);
        let index = set(&mut timers, 1, 10, 1).unwrap();
        assert!(timers.cancel(Slot(0), TimerId(1)));
        assert!(!timers.cancel(Slot(0), TimerId(1)));
        assert_eq!(set(&mut timers, 1, 15, 2), None, "its old entry serves again");
        assert_eq!(
            timers.popped(index, at(10)),
            Popped::Again { due: at(15), slot: Slot(0), id: TimerId(1) }
        );
        assert!(timers.cancel(Slot(0), TimerId(1)));
        assert_eq!(timers.popped(index, at(15)), Popped::Stale);
    }

    #[test]
    fn many_short_lived_ids_reuse_the_table() {
        let mut timers = Timers::new(1);
        for round in 0..1_000 {
            let index = set(&mut timers, round, u64::from(round), round).unwrap();
            assert_eq!(
                timers.popped(index, at(u64::from(round))),
                Popped::Fires { slot: Slot(0), id: TimerId(round) }
            );
            assert_eq!(timers.take(index, at(u64::from(round))), Some(round));
            timers.settle(index);
        }
        assert_eq!(timers.table.len(), 1);
    }

    #[test]
    fn a_timer_that_fired_is_found_again_until_its_place_is_given_back() {
        let mut timers = Timers::new(2);
        let index = set(&mut timers, 1, 10, 1).unwrap();
        timers.popped(index, at(10));
        assert_eq!(timers.take(index, at(10)), Some(1));
        assert_eq!(set(&mut timers, 2, 15, 3), Some(index + 1), "another timer is another one");
        assert_eq!(set(&mut timers, 1, 20, 2), Some(index), "set again in its own step");
        timers.settle(index);
        timers.popped(index, at(20));
        assert_eq!(timers.take(index, at(20)), Some(2));
        timers.settle(index);
        assert_eq!(timers.set(Slot(1), TimerId(9), at(30), at(30), 4), Some(index), "somebody else's now");
        assert_eq!(set(&mut timers, 1, 40, 5), Some(index + 2));
        assert_eq!(timers.popped(index, at(30)), Popped::Fires { slot: Slot(1), id: TimerId(9) });
    }

    #[test]
    fn a_crash_stops_every_timer() {
        let mut timers = Timers::new(2);
        let first = set(&mut timers, 1, 10, 1).unwrap();
        let second = set(&mut timers, 2, 20, 2).unwrap();
        timers.clear(Slot(0));
        assert_eq!(timers.popped(first, at(10)), Popped::Stale);
        assert_eq!(timers.popped(second, at(20)), Popped::Stale);
        assert_eq!(timers.first_of[0], NONE);
    }

    #[test]
    fn a_clock_step_moves_what_is_set() {
        let mut timers = Timers::new(1);
        let index = set(&mut timers, 1, 50, 1).unwrap();
        let mut queued = Vec::new();
        timers.convert(
            Slot(0),
            |local| local - Duration::from_millis(20),
            |due, index, _| queued.push((due, index)),
        );
        assert_eq!(queued, [(at(30), index)]);
        assert_eq!(timers.popped(index, at(30)), Popped::Fires { slot: Slot(0), id: TimerId(1) });
    }
}
