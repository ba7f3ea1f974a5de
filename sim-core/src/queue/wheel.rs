//! The lazy wheel: a hierarchy of unsorted slots, of which only the one that is due gets sorted.
//!
//! Time is read as eleven digits of six bits. An event lies at the level of the highest digit in which its time
//! differs from `base`, in the slot of its own digit there. When a slot is due, a small one is sorted, with the next
//! ones if it is very small, and becomes the *day* that events are popped from; a large one is dealt out to the levels
//! below. So the width of a day adapts by itself, slot by slot, and nothing needs tuning to a scenario: bursts, gaps
//! and far timers each meet the width they need.
//!
//! Cost: an event goes down each level at most once, and through one sort. Events that arrive inside the day wait in a
//! heap; when it grows, it pays for dealing the day out again. Only a day of a single instant cannot be divided:
//! then the heap stays, and a push at that instant costs the logarithm. Nothing is quadratic.
//!
//! Memory follows the largest number of events held, and is kept.
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
// Chosen by measurement, and not delicate: see docs/design/0002-event-queue.md.
/// A slot with at most so many events is sorted, a larger one is divided.
const DAY_MAX: usize = 192;
/// Slots are joined until a day has so many events.
const DAY_MIN: usize = 16;
/// A large queue has longer days, one event in so many, up to [`DAY_LONG`]: who looks ahead sees further.
const DAY_SHARE: usize = 1 << 12;
/// The least events in a day of a large queue.
const DAY_LONG: usize = 256;
/// A slot that holds more than one event in so many is divided too: it is as wide as the delays are long, and much of
/// what is pushed next would fall into it.
const CROWD: usize = 4;
/// So many blocks are read at once before they are dealt out, so that the processor waits for them together.
const TOUCHED: usize = 4;
/// So many events are sorted as words: their places fit in eight bits, and the times of their level in the rest.
const WORDS: usize = 192;
const WORDS_LEVEL: usize = 8;
/// So many events that arrived late call for dividing the day.
const LATE_MAX: usize = 24;
/// At most so many events in all need no slots.
const FEW: usize = 16;

/// The lazy wheel. See the module.
#[derive(Clone, Debug)]
pub struct LazyWheel {
    /// The present day, in order; those before `next` are done.
    day: Vec<u128>,
    next: usize,
    /// Events that arrived within the day or before it.
    late: StdHeap,
    /// Keys up to this one belong to the day; all keys in the slots are larger.
    near: u128,
    /// So many late events call for dividing the day.
    late_max: usize,
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
    /// Room for sorting: the events of a slot, and their times with their places.
    bag: Vec<u128>,
    words: Vec<u64>,
}

impl Default for LazyWheel {
    fn default() -> Self {
        Self {
            day: Vec::new(),
            next: 0,
            late: StdHeap::new(),
            near: u128::MAX,
            late_max: LATE_MAX,
            base: 0,
            floor: 0,
            waiting: 0,
            levels: 0,
            occupied: [0; LEVELS],
            slots: [[Bag::EMPTY; SLOTS]; LEVELS],
            blocks: Blocks::new(),
            bag: Vec::new(),
            words: Vec::new(),
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
        if self.at_end_of_day() {
            self.next_day();
        }
        let key = match (self.day.get(self.next), Pending::peek(&mut self.late)) {
            (Some(&key), late) if late.is_none_or(|late| key <= late) => {
                self.next += 1;
                key
            }
            (_, Some(_)) => Pending::pop(&mut self.late)?,
            _ => return None,
        };
        self.floor = (key >> 64) as u64;
        Some(key)
    }

    fn peek(&mut self) -> Option<u128> {
        if self.at_end_of_day() {
            self.next_day();
        }
        let late = Pending::peek(&mut self.late);
        self.day.get(self.next).copied().into_iter().chain(late).min()
    }

    #[inline]
    fn len(&self) -> usize {
        self.waiting + self.day.len() - self.next + self.late.len()
    }
}

impl LazyWheel {
    /// A guess at what is popped after so many others: exact within the present day, but for late events; nothing
    /// beyond it.
    #[inline]
    pub(super) fn ahead(&self, events: usize) -> Option<u128> {
        self.day.get(self.next + events).copied()
    }

    /// How many events of the present day were popped.
    #[inline]
    pub(super) const fn taken_ahead(&self) -> usize {
        self.next
    }

    /// Whether the next event is still to be found in the slots.
    #[inline]
    pub(super) fn at_end_of_day(&self) -> bool {
        self.next == self.day.len() && self.late.is_empty()
    }

    /// Moves all events to a list, in order. To be called at the end of a day.
    pub(super) fn move_all(&mut self, list: &mut Vec<u128>) {
        self.day.clear();
        self.next = 0;
        self.take_all();
        list.append(&mut self.day);
    }

    /// Puts a key that is larger than `near` into its slot.
    #[inline(always)]
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
        self.day.clear();
        self.next = 0;
        if self.waiting <= FEW {
            self.take_all();
            return;
        }
        loop {
            let level = self.levels.trailing_zeros() as usize;
            let (start, bag) = self.take_first_slot(level);
            self.base = start;
            let crowded = bag.len() > DAY_MIN && bag.len() * CROWD > self.waiting;
            if level == 0 || (bag.len() <= DAY_MAX && !crowded) {
                self.start_day(level, bag);
                return;
            }
            self.deal(bag);
        }
    }

    /// Takes the earliest slot of a level with events, and says when it starts.
    #[inline]
    fn take_first_slot(&mut self, level: usize) -> (u64, Bag) {
        let slot = self.occupied[level].trailing_zeros() as usize;
        self.occupied[level] &= self.occupied[level] - 1;
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
        let start = (self.base & !last_of(level + 1)) | (slot as u64) << (level as u32 * BITS);
        (start, std::mem::replace(&mut self.slots[level][slot], Bag::EMPTY))
    }

    /// Sorts a slot at `level` that starts at `base`, and the slots that follow it until there are enough events.
    #[inline]
    fn start_day(&mut self, level: usize, mut bag: Bag) {
        let mut start = self.base;
        let least = (self.waiting / DAY_SHARE).clamp(DAY_MIN, DAY_LONG);
        loop {
            self.append_sorted(level, start, bag);
            if self.day.len() >= least || self.first_slot_len(level) > DAY_MAX {
                break;
            }
            (start, bag) = self.take_first_slot(level);
        }
        self.waiting -= self.day.len();
        self.late_max = LATE_MAX;
        self.near = u128::from(start | last_of(level)) << 64 | u128::from(u64::MAX);
    }

    /// Sorts the events of a slot at `level` that starts at `start`, and appends them to the day. A few are sorted as
    /// 64-bit words of time and place, which is twice as quick, unless times are equal: then ties decide.
    #[inline]
    fn append_sorted(&mut self, level: usize, start: u64, bag: Bag) {
        let sorted = self.day.len();
        if bag.len() > WORDS || level > WORDS_LEVEL {
            self.blocks.drain(bag, &mut self.day);
            self.day[sorted..].sort_unstable();
            return;
        }
        self.bag.clear();
        self.blocks.drain(bag, &mut self.bag);
        self.words.clear();
        self.words.extend((0..).zip(&self.bag).map(|(place, key)| ((key >> 64) as u64 - start) << 8 | place));
        self.words.sort_unstable();
        let (mut equal, mut before) = (false, u64::MAX);
        for word in &self.words {
            equal |= word >> 8 == before;
            before = word >> 8;
            self.day.push(self.bag[(word & 0xFF) as usize]);
        }
        if equal {
            self.day[sorted..].sort_unstable();
        }
    }

    /// How many events the earliest slot of a level with events holds; if it has none, more than any.
    #[inline]
    fn first_slot_len(&self, level: usize) -> usize {
        let slot = self.occupied[level].trailing_zeros() as usize;
        self.slots[level].get(slot).map_or(usize::MAX, |bag| bag.len())
    }

    /// Deals the events of a slot that starts at `base` out to the levels below.
    fn deal(&mut self, mut bag: Bag) {
        let mut keys = [0; BLOCK];
        for block in 0.. {
            if block % TOUCHED == 0 {
                self.blocks.touch(bag, TOUCHED);
            }
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
        self.day.sort_unstable();
        self.base = 0;
        self.late_max = LATE_MAX;
        self.near = u128::MAX;
    }

    /// Moves the events of all slots to the day, unsorted.
    fn empty_slots(&mut self) {
        while self.levels != 0 {
            let (_, bag) = self.take_first_slot(self.levels.trailing_zeros() as usize);
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
        } else if self.near >> 64 == u128::from(self.base) {
            self.late_max = usize::MAX;
            return;
        }
        self.base = self.floor;
        self.near = (u128::from(self.base) << 64).saturating_sub(1);
        self.late_max = LATE_MAX;
        let mut day = std::mem::take(&mut self.day);
        day.drain(..std::mem::take(&mut self.next));
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

#[cfg(test)]
mod tests {
    use super::{LazyWheel, Pending, last_of};

    #[test]
    fn slots_of_all_levels_cover_all_of_time() {
        assert_eq!([last_of(0), last_of(1), last_of(10), last_of(11)], [0, 63, (1 << 60) - 1, u64::MAX]);
    }

    #[test]
    fn a_steady_state_does_not_grow() {
        let (mut wheel, mut state, mut steady) = (LazyWheel::default(), 1u64, None);
        for event in 0..2_000_000u64 {
            if event >= 5000 {
                wheel.pop();
            }
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(event | 1);
            // Mostly messages, some timers a thousand times as far.
            let far = if state >> 61 == 0 { 1 << 32 } else { 1 << 22 };
            wheel.push(u128::from(wheel.floor + (state >> 24) % far) << 64 | u128::from(event));
            if event == 1_000_000 {
                steady = Some(wheel.memory());
            }
        }
        assert_eq!(Some(wheel.memory()), steady);
        // 5,000 keys fill 313 blocks; the rest is one open block in each slot in use.
        assert!(wheel.blocks.len() < 313 + 4 * 64, "{} blocks", wheel.blocks.len());
    }

    impl LazyWheel {
        /// What it has allocated, in entries.
        fn memory(&self) -> [usize; 3] {
            [self.day.capacity(), self.late.capacity(), self.blocks.capacity()]
        }
    }
}
