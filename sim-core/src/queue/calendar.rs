//! Candidate: the lazy calendar, a ring of equally wide unsorted days of which only the one that is due gets sorted.
//!
//! The width of a day is a power of two, chosen so that the days that come next hold about [`DAY`] events, and chosen
//! anew when the days turn out much fuller or emptier. What lies beyond the ring waits in a heap; so do events that
//! arrive within the day. One width must serve all: a far cluster costs the heap, a dense one a long sort.
//!
//! The ancestors: the calendar queue (Brown 1988) and the ladder queue's habit of sorting late (Tang, Goh and
//! Thng 2005).

use super::blocks::{Bag, Blocks};
use super::heaps::StdHeap;
use super::pending::Pending;

/// Events that a day should hold.
const DAY: usize = 24;
/// Fewest days of a ring.
const DAYS_MIN: usize = 64;
/// Most days of a ring.
const DAYS_MAX: usize = 1 << 18;

/// The lazy calendar. See the module.
#[derive(Clone, Debug)]
pub struct LazyCalendar {
    /// The present day, largest key first.
    day: Vec<u128>,
    /// Events that arrived within the day or before it.
    late: StdHeap,
    /// Keys up to this one belong to the day.
    near: u128,
    /// The number of the present day: its time divided by the width.
    today: u64,
    /// A day is `1 << shift` nanoseconds long.
    shift: u32,
    days: Vec<Bag>,
    /// One bit a day: whether it has events.
    occupied: Vec<u64>,
    in_days: usize,
    /// Events beyond the ring.
    far: StdHeap,
    blocks: Blocks,
    /// Days begun and events in them since the width was chosen, and since when that is to be looked at again.
    begun: usize,
    dated: usize,
    review: usize,
}

impl Default for LazyCalendar {
    fn default() -> Self {
        Self {
            day: Vec::new(),
            late: StdHeap::new(),
            near: 0,
            today: 0,
            shift: 20,
            days: vec![Bag::EMPTY; DAYS_MIN],
            occupied: vec![0; DAYS_MIN / 64],
            in_days: 0,
            far: StdHeap::new(),
            blocks: Blocks::new(),
            begun: 0,
            dated: 0,
            review: 256,
        }
    }
}

impl Pending for LazyCalendar {
    #[inline]
    fn push(&mut self, key: u128) {
        if key > self.near {
            self.place(key);
        } else {
            Pending::push(&mut self.late, key);
            if self.late.len() > 64 && self.late.len() > self.len() / 4 && self.shift > 0 {
                self.choose_width();
            }
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<u128> {
        if self.day.is_empty() && self.late.is_empty() {
            self.next_day();
        }
        match (self.day.last(), Pending::peek(&mut self.late)) {
            (Some(_), None) => self.day.pop(),
            (Some(&key), Some(late)) if key <= late => self.day.pop(),
            _ => Pending::pop(&mut self.late),
        }
    }

    fn peek(&mut self) -> Option<u128> {
        if self.day.is_empty() && self.late.is_empty() {
            self.next_day();
        }
        let late = Pending::peek(&mut self.late);
        self.day.last().copied().into_iter().chain(late).min()
    }

    #[inline]
    fn len(&self) -> usize {
        self.in_days + self.far.len() + self.day.len() + self.late.len()
    }
}

impl LazyCalendar {
    #[inline]
    fn place(&mut self, key: u128) {
        let date = ((key >> 64) as u64) >> self.shift;
        if date - self.today < self.days.len() as u64 {
            let at = date as usize & (self.days.len() - 1);
            self.blocks.push(&mut self.days[at], key);
            self.occupied[at / 64] |= 1 << (at % 64);
            self.in_days += 1;
        } else {
            Pending::push(&mut self.far, key);
        }
    }

    fn next_day(&mut self) {
        if self.dated >= self.review {
            let fill = self.dated / self.begun.max(1);
            let short = self.days.len() < DAYS_MAX.min(self.len() / 8);
            if short || !(DAY / 4..=DAY * 3).contains(&fill) {
                self.choose_width();
            }
            (self.begun, self.dated, self.review) = (0, 0, self.len().max(256));
        }
        let far = Pending::peek(&mut self.far).map(|key| ((key >> 64) as u64) >> self.shift);
        let Some(today) = self.next_date().into_iter().chain(far).min() else {
            return;
        };
        self.today = today;
        let last = today << self.shift | ((1 << self.shift) - 1);
        self.near = u128::from(last) << 64 | u128::from(u64::MAX);
        self.far_to_days();
        let at = today as usize & (self.days.len() - 1);
        let bag = std::mem::replace(&mut self.days[at], Bag::EMPTY);
        self.occupied[at / 64] &= !(1 << (at % 64));
        self.in_days -= bag.len();
        self.dated += bag.len();
        self.begun += 1;
        self.blocks.drain(bag, &mut self.day);
        self.day.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The first date in the ring with events.
    fn next_date(&self) -> Option<u64> {
        if self.in_days == 0 {
            return None;
        }
        let start = self.today as usize & (self.days.len() - 1);
        let words = self.occupied.len();
        for step in 0..=words {
            let word = (start / 64 + step) % words;
            let mut bits = self.occupied[word];
            if step == 0 {
                bits &= !0 << (start % 64);
            }
            if bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                return Some(self.today + (at.wrapping_sub(start) & (self.days.len() - 1)) as u64);
            }
        }
        None
    }

    /// Moves the events that the ring has come to cover from the heap to their days.
    fn far_to_days(&mut self) {
        while let Some(key) = Pending::peek(&mut self.far) {
            if (((key >> 64) as u64) >> self.shift) - self.today >= self.days.len() as u64 {
                return;
            }
            Pending::pop(&mut self.far);
            self.place(key);
        }
    }

    /// Chooses width and number of days by the events that come next, and puts all events in their places again.
    fn choose_width(&mut self) {
        let mut keys = std::mem::take(&mut self.day);
        for bag in &mut self.days {
            self.blocks.drain(std::mem::replace(bag, Bag::EMPTY), &mut keys);
        }
        keys.extend(self.far.drain().chain(self.late.drain()).map(|key| key.0));
        self.in_days = 0;
        let count = keys.len();
        if count > 1 {
            let near = (count / 8).clamp(1, count - 1).max(DAY.min(count - 1));
            let (before, _, _) = keys.select_nth_unstable(near);
            let first = before.iter().min().map_or(0, |key| (key >> 64) as u64);
            let span = ((keys[near] >> 64) as u64) - first;
            self.shift = (span / near as u64).saturating_mul(DAY as u64).checked_ilog2().unwrap_or(0);
        }
        let first = keys.iter().min().map_or(0, |key| (key >> 64) as u64);
        let days = (count / 4).next_power_of_two().clamp(DAYS_MIN, DAYS_MAX);
        self.days.clear();
        self.days.resize(days, Bag::EMPTY);
        self.occupied.clear();
        self.occupied.resize(days / 64, 0);
        self.today = first >> self.shift;
        self.near = (u128::from(first) << 64).saturating_sub(1);
        (self.begun, self.dated, self.review) = (0, 0, count.max(256));
        keys.iter().for_each(|key| self.place(*key));
        keys.clear();
        self.day = keys;
    }
}
