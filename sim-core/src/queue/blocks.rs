//! Unsorted bags of keys, cut from one pool of small blocks.
//!
//! A vector per bag would keep the capacity of its fullest moment in each of hundreds of places, and would still
//! allocate now and then for ever. Blocks go back to the pool and are used again, last freed first: memory follows
//! the number of keys held, and a steady state allocates nothing.

/// Keys in a block: four cache lines, so that walking the chain costs little and a nearly empty bag wastes little.
pub(super) const BLOCK: usize = 16;

/// Keys in a cache line.
const LINE: usize = 4;

/// No block.
const NONE: u32 = u32::MAX;

/// A bag of keys: its newest block, and how many keys it holds. All blocks but the newest are full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bag {
    head: u32,
    len: u32,
}

impl Bag {
    /// A bag without keys.
    pub(super) const EMPTY: Self = Self { head: NONE, len: 0 };

    /// How many keys it holds.
    #[inline]
    pub(super) const fn len(self) -> usize {
        self.len as usize
    }
}

/// The keys of a block, where cache lines begin.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Keys([u128; BLOCK]);

/// The pool of blocks of all bags.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    keys: Vec<Keys>,
    /// For each block the next one, of its bag or of the free list.
    next: Vec<u32>,
    free: u32,
}

impl Blocks {
    pub(super) const fn new() -> Self {
        Self { keys: Vec::new(), next: Vec::new(), free: NONE }
    }

    /// Adds a key to a bag.
    #[inline]
    pub(super) fn push(&mut self, bag: &mut Bag, key: u128) {
        let at = bag.len as usize % BLOCK;
        if at == 0 {
            bag.head = self.take_free(bag.head);
        }
        self.keys[bag.head as usize].0[at] = key;
        bag.len += 1;
    }

    /// Takes the newest block of a bag out: its keys, of which the first so many are in use; zero if it is empty.
    #[inline]
    pub(super) fn pop_block(&mut self, bag: &mut Bag, keys: &mut [u128; BLOCK]) -> usize {
        if bag.len == 0 {
            return 0;
        }
        let used = (bag.len as usize - 1) % BLOCK + 1;
        let block = bag.head as usize;
        *keys = self.keys[block].0;
        bag.len -= used as u32;
        self.release(bag);
        used
    }

    /// Reads from each cache line of the newest blocks of a bag, so that all are on their way while the first is used.
    #[inline]
    pub(super) fn touch(&self, bag: Bag, blocks: usize) {
        let (mut block, mut sum) = (bag.head, 0);
        for _ in 0..blocks {
            let Some(Keys(keys)) = self.keys.get(block as usize) else { break };
            sum ^= keys.iter().step_by(LINE).fold(0, |sum, key| sum ^ *key as u64);
            block = self.next[block as usize];
        }
        std::hint::black_box(sum);
    }

    /// Moves all keys of a bag to the end of `out`, in no order.
    #[inline]
    pub(super) fn drain(&mut self, mut bag: Bag, out: &mut Vec<u128>) {
        while bag.len > 0 {
            let used = (bag.len as usize - 1) % BLOCK + 1;
            out.extend_from_slice(&self.keys[bag.head as usize].0[..used]);
            bag.len -= used as u32;
            self.release(&mut bag);
        }
    }

    /// Puts the newest block of a bag on the free list.
    #[inline]
    fn release(&mut self, bag: &mut Bag) {
        let block = bag.head;
        bag.head = std::mem::replace(&mut self.next[block as usize], self.free);
        self.free = block;
    }

    /// A free block that is followed by `next`.
    #[inline]
    fn take_free(&mut self, next: u32) -> u32 {
        let block = self.free;
        if block == NONE {
            return self.grow(next);
        }
        self.free = std::mem::replace(&mut self.next[block as usize], next);
        block
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, next: u32) -> u32 {
        let block = u32::try_from(self.keys.len()).expect("fewer than 2^32 blocks of keys");
        self.keys.push(Keys([0; BLOCK]));
        self.next.push(next);
        block
    }
}

#[cfg(test)]
impl Blocks {
    /// How many blocks were ever in use at once.
    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// For how many blocks there is room.
    pub(super) const fn capacity(&self) -> usize {
        self.keys.capacity()
    }
}
