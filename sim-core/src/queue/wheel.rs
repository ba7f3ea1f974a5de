//! The lazy wheel: a hierarchy of unsorted slots, of which only the one that is due gets sorted.
//!
//! Time is read as eleven digits of six bits. An event lies at the level of the highest digit in which its time
//! differs from `base`, in the slot of its own digit there. When a slot is due, a small one is sorted and becomes the
//! *day*, from whose end events are popped; a large one is dealt out to the levels below. So the width of a day
//! adapts by itself, slot by slot, and there is nothing to tune: bursts, gaps and far timers meet the width they need.
//!
//! Cost: an event goes down the levels at most once each, and through one sort. Events that arrive inside the day
//! wait in a heap; when it grows, the day is dealt out again at a finer level. Only a day of a single instant cannot be
//! divided: then the heap stays, and a push there costs the logarithm. Nothing is quadratic.
//!
//! The ancestors: the hierarchical timing wheel (Varghese and Lauck 1987), the monotone radix heap (Ahuja, Mehlhorn,
//! Orlin and Tarjan 1990), and the ladder queue's habit of sorting late (Tang, Goh and Thng 2005).

use super::blocks::{BLOCK, Bag, Blocks};
use super::heaps::StdHeap;
use super::pending::Pending;

/// Bits of one digit of time.
const BITS: u32 = 6;
/// Slots of one level.
const SLOTS: usize = 1 << BITS;
/// Levels that cover 64 bits.
const LEVELS: usize = 64_usize.div_ceil(BITS as usize);
/// The level of a day that reaches to the end of time.
const WHOLE: usize = LEVELS;
/// A slot with at most so many events is sorted, a larger one is divided.
const DAY_MAX: usize = 64;
/// At most so many events in all need no slots.
const FEW: usize = 24;

/// The lazy wheel. See the module.
#[derive(Clone, Debug)]
pub struct LazyWheel {
    /// The present day, largest key first: the next event is at the end.
    day: Vec<u128>,
    /// Events that arrived within the day or before it.
    late: StdHeap,
    /// Keys up to this one belong to the day; all keys in the slots are larger.
    near: u128,
    /// So many late events call for dividing the day.
    late_max: usize,
    /// The level of the slot that became the day.
    level: usize,
    /// The moment that levels and slots are counted from: not after any event in the slots.
    base: u64,
    /// The time popped last.
    floor: u64,
    /// How many events lie in the slots.
    waiting: usize,
    /// Which levels have events, and for each level which slots.
    levels: u16,
    occupied: [u64; LEVELS],
    slots: [[Bag; SLOTS]; LEVELS],
    blocks: Blocks,
}

impl Default for LazyWheel {
    fn default() -> Self {
        Self {
            day: Vec::new(),
            late: StdHeap::new(),
            near: u128::MAX,
            late_max: DAY_MAX,
            level: WHOLE,
            base: 0,
            floor: 0,
            waiting: 0,
            levels: 0,
            occupied: [0; LEVELS],
            slots: [[Bag::EMPTY; SLOTS]; LEVELS],
            blocks: Blocks::new(),
        }
    }
}

impl Pending for LazyWheel {
    #[inline]
    fn push(&mut self, key: u128) {
        if key > self.near {
            self.waiting += 1;
            self.place(key);
        } else {
            Pending::push(&mut self.late, key);
            if self.late.len() > self.late_max {
                self.divide_day();
            }
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<u128> {
        if self.day.is_empty() && self.late.is_empty() {
            self.next_day();
        }
        let key = match (self.day.last(), Pending::peek(&mut self.late)) {
            (Some(&key), None) => {
                self.day.pop();
                key
            }
            (Some(&key), Some(late)) if key <= late => {
                self.day.pop();
                key
            }
            (_, Some(_)) => Pending::pop(&mut self.late)?,
            (None, None) => return None,
        };
        self.floor = (key >> 64) as u64;
        Some(key)
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
        self.waiting + self.day.len() + self.late.len()
    }
}

impl LazyWheel {
    /// Puts a key that is larger than `near` into its slot.
    #[inline]
    fn place(&mut self, key: u128) {
        let time = (key >> 64) as u64;
        let level = (63 - ((time ^ self.base) | 1).leading_zeros()) / BITS;
        let slot = (time >> (level * BITS)) as usize % SLOTS;
        let level = level as usize;
        self.levels |= 1 << level;
        self.occupied[level] |= 1 << slot;
        self.blocks.push(&mut self.slots[level][slot], key);
    }

    /// Makes the earliest slots the day. Only called when the day and the late events are used up.
    fn next_day(&mut self) {
        if self.waiting <= FEW {
            self.take_all();
            return;
        }
        loop {
            let level = self.levels.trailing_zeros() as usize;
            let bag = self.take_first_slot(level);
            if bag.len() <= DAY_MAX || level == 0 {
                self.start_day(level, bag);
                return;
            }
            self.deal(bag);
        }
    }

    /// Takes the earliest slot of the lowest level with events, and moves `base` to where it starts.
    #[inline]
    fn take_first_slot(&mut self, level: usize) -> Bag {
        let slot = self.occupied[level].trailing_zeros() as usize;
        self.occupied[level] &= self.occupied[level] - 1;
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
        self.base = (self.base & !last_of(level + 1)) | (slot as u64) << (level as u32 * BITS);
        std::mem::replace(&mut self.slots[level][slot], Bag::EMPTY)
    }

    /// Sorts the events of a slot at `level` that starts at `base`.
    #[inline]
    fn start_day(&mut self, level: usize, bag: Bag) {
        self.blocks.drain(bag, &mut self.day);
        self.waiting -= bag.len();
        self.day.sort_unstable_by(|a, b| b.cmp(a));
        self.level = level;
        self.late_max = DAY_MAX;
        self.near = u128::from(self.base | last_of(level)) << 64 | u128::from(u64::MAX);
    }

    /// Deals the events of a slot that starts at `base` out to the levels below.
    fn deal(&mut self, mut bag: Bag) {
        let mut keys = [0; BLOCK];
        loop {
            let used = self.blocks.pop_block(&mut bag, &mut keys);
            if used == 0 {
                return;
            }
            keys[..used].iter().for_each(|key| self.place(*key));
        }
    }

    /// Makes all events the day, which then reaches to the end of time: a small queue is a sorted list and a heap.
    fn take_all(&mut self) {
        self.empty_slots();
        self.day.sort_unstable_by(|a, b| b.cmp(a));
        self.base = 0;
        self.level = WHOLE;
        self.late_max = DAY_MAX;
        self.near = u128::MAX;
    }

    /// Moves the events of all slots to the day, unsorted.
    fn empty_slots(&mut self) {
        while self.levels != 0 {
            let bag = self.take_first_slot(self.levels.trailing_zeros() as usize);
            self.blocks.drain(bag, &mut self.day);
        }
        self.waiting = 0;
    }

    /// Too many events are late: puts them and the rest of the day into slots again, counted from the time popped
    /// last. The levels below the day's are empty and those above it stay as they are.
    #[cold]
    fn divide_day(&mut self) {
        if self.floor < self.base {
            // A peek went ahead to a far event, and the present was filled after it. Counting from the present moves
            // everything, so wait until the late events pay for it.
            if self.late.len() < self.len() / 4 {
                self.late_max = self.len() / 4;
                return;
            }
            self.empty_slots();
        } else if self.level == 0 {
            self.late_max = usize::MAX;
            return;
        }
        self.base = self.floor;
        self.near = (u128::from(self.base) << 64).saturating_sub(1);
        self.late_max = DAY_MAX;
        let mut day = std::mem::take(&mut self.day);
        day.extend(self.late.drain().map(|key| key.0));
        self.waiting += day.len();
        day.iter().for_each(|key| self.place(*key));
        day.clear();
        self.day = day;
    }
}

/// The last nanosecond of a slot at `level` that starts at zero.
#[inline]
const fn last_of(level: usize) -> u64 {
    let bits = level as u32 * BITS;
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}
