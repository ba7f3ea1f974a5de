//! What agents on the way remember of what they passed on, so that each passes on a message once.
//!
//! The network may deliver a message twice. If every agent on a long way passed on both copies, a message would arrive two to the
//! power of its hops times. So whoever sends something on a way of several agents numbers it, and agents on the way remember
//! the last numbers. The memory is bounded: a copy that comes late may be passed on again, and nothing is taken for a copy that is none.

use sim_core::identity::NodeId;

/// How many messages an agent on the way remembers at most. A power of two.
const REMEMBERED: usize = 1 << 10;

/// The numbers that an agent gives, and those that it saw.
#[derive(Clone, Debug)]
pub(super) struct Relays {
    next: u64,
    /// Each message has one place, which it takes from the last one there. Empty until something is passed on.
    seen: Box<[Option<(NodeId, u64)>]>,
}

impl Relays {
    /// Nothing was sent yet. `first` is a number that no earlier life of this agent used.
    pub(super) fn new(first: u64) -> Self {
        Self { next: first, seen: Box::default() }
    }

    /// The number of a message of its own.
    pub(super) const fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Whether a message is not known to be a copy of one that was passed on.
    pub(super) fn is_new(&mut self, from: NodeId, number: u64) -> bool {
        if self.seen.is_empty() {
            self.seen = vec![None; REMEMBERED].into_boxed_slice();
        }
        // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4): numbers in a row are spread evenly.
        let hash = (number ^ u64::from(from.0) << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (hash >> (u64::BITS - REMEMBERED.trailing_zeros())) as usize;
        self.seen[place].replace((from, number)) != Some((from, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_and_nothing_else_is_taken_for_one() {
        let mut own = Relays::new(7);
        assert_eq!([own.number(), own.number()], [7, 8]);
        for number in 0..100_000 {
            assert!(own.is_new(NodeId(1), number) && own.is_new(NodeId(2), number));
            assert!(!own.is_new(NodeId(2), number), "the last one is always known");
        }
        // Of the last few of each, nearly all are known.
        let late = (99_900..100_000).filter(|number| own.is_new(NodeId(1), *number)).count();
        assert!(late < 20, "{late}");
        assert_eq!(own.seen.len(), REMEMBERED);
    }
}
