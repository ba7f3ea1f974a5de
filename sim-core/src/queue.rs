//! The event queue: pending events in one total order, smallest key first.
//!
//! An entry is one integer: 64 bits of time in nanoseconds, 32 bits that break ties at one instant, and 32 bits that
//! refer to the payload (a [`crate::slab::Slab`] key), which the queue does not interpret. Nothing is left to a
//! container: two entries compare as the integers they are, on each machine and in each implementation.
//!
//! [`EventQueue`] is a short list while little is pending, and a [`LazyWheel`] else. The other candidates stay, behind [`Pending`], as oracles of the tests and so
//! that `cargo bench` can question the choice; `docs/design/0002-event-queue.md` tells why it fell as it did.

mod blocks;
mod calendar;
mod few;
mod heaps;
mod pending;
mod wheel;

#[cfg(test)]
mod tests;

pub use calendar::LazyCalendar;
pub use heaps::{QuadHeap, StdHeap};
pub use pending::Pending;
pub use wheel::LazyWheel;

use few::{Few, MOST};

/// With so few entries, a wheel gives them back to the list; so it was worth the way there.
const FEW: usize = MOST / 8 * 5;

/// An entry: what happens at `time` (nanoseconds), among its equals at `tie`, to the event at slab key `payload`.
#[inline]
pub const fn key(time: u64, tie: u32, payload: u32) -> u128 {
    (time as u128) << 64 | (tie as u128) << 32 | payload as u128
}

/// The time of an entry, in nanoseconds.
#[inline]
pub const fn time_of(key: u128) -> u64 {
    (key >> 64) as u64
}

/// The payload of an entry.
#[inline]
pub const fn payload_of(key: u128) -> u32 {
    key as u32
}

/// Pending events, popped in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct EventQueue {
    few: Few,
    wheel: LazyWheel,
    /// Whether all entries are in the wheel; else all are in the list.
    many: bool,
    /// The time of the entry popped last: nothing may be pushed before it.
    present: u64,
}

impl EventQueue {
    /// An empty queue at time zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry (see [`key`]), at the present or later. Equal entries are kept, each.
    ///
    /// # Panics
    /// In debug builds, if its time is before that of the entry popped last.
    #[inline]
    pub fn push(&mut self, key: u128) {
        debug_assert!(
            time_of(key) >= self.present,
            "an event at {} is before {}",
            time_of(key),
            self.present
        );
        if self.many || self.few.len() >= MOST {
            return self.push_to_wheel(key);
        }
        self.few.push(key);
    }

    /// Apart, so that a push to the list saves no registers that only the wheel needs.
    #[inline(never)]
    fn push_to_wheel(&mut self, key: u128) {
        if !self.many {
            self.become_many();
        }
        self.wheel.push(key);
    }

    /// Takes the smallest entry.
    #[inline]
    pub fn pop(&mut self) -> Option<u128> {
        if self.many && self.wheel.at_end_of_day() && self.wheel.len() <= FEW {
            self.become_few();
        }
        let key = if self.many { self.wheel.pop()? } else { self.few.pop()? };
        if cfg!(debug_assertions) {
            assert!(
                time_of(key) >= self.present,
                "time went backward, from {} to {}",
                self.present,
                time_of(key)
            );
            self.present = time_of(key);
        }
        Some(key)
    }

    /// The smallest entry. May sort what comes next, so it takes the queue mutably.
    #[inline]
    pub fn peek(&mut self) -> Option<u128> {
        if self.many { self.wheel.peek() } else { self.few.peek() }
    }

    /// A guess at the entry that comes up after so many others, for who wants to prepare: it may be another one, or not be
    /// known yet.
    #[inline]
    pub fn ahead(&self, entries: usize) -> Option<u128> {
        if self.many { self.wheel.ahead(entries) } else { None }
    }

    /// How many of the entries that [`EventQueue::ahead`] sees at a time were taken: 0 before new ones come into sight.
    #[inline]
    pub fn taken_ahead(&self) -> usize {
        if self.many { self.wheel.taken_ahead() } else { 0 }
    }

    /// How many entries are pending.
    #[inline]
    pub fn len(&self) -> usize {
        if self.many { self.wheel.len() } else { self.few.len() }
    }

    /// Whether nothing is pending.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cold]
    #[inline(never)]
    fn become_many(&mut self) {
        self.many = true;
        self.few.keys().drain(..).for_each(|key| self.wheel.push(key));
    }

    #[cold]
    #[inline(never)]
    fn become_few(&mut self) {
        self.many = false;
        self.wheel.move_all(self.few.keys());
        self.few.keys().reverse();
    }
}

/// So that the benchmark and the tests run it beside the candidates.
impl Pending for EventQueue {
    #[inline]
    fn push(&mut self, key: u128) {
        Self::push(self, key);
    }

    #[inline]
    fn pop(&mut self) -> Option<u128> {
        Self::pop(self)
    }

    #[inline]
    fn peek(&mut self) -> Option<u128> {
        Self::peek(self)
    }

    #[inline]
    fn len(&self) -> usize {
        Self::len(self)
    }
}
