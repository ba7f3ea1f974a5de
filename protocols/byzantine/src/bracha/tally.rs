//! Counts votes, one for each signer, in bit sets.

use sim_core::identity::NodeId;

/// A set of members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers {
    words: Vec<u64>,
    count: u32,
}

impl Signers {
    /// Adds a member; false if it was there already.
    pub fn insert(&mut self, node: NodeId) -> bool {
        let (word, bit) = (node.index() / 64, 1 << (node.index() % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u32::from(new);
        new
    }

    /// Whether a member is in it.
    pub fn contains(&self, node: NodeId) -> bool {
        self.words.get(node.index() / 64).is_some_and(|word| word & (1 << (node.index() % 64)) != 0)
    }

    /// How many members are in it.
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether nobody is in it.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The votes of one phase of one broadcast. A signer's first vote counts, so that a liar costs no more memory than
/// anybody else.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    signers: Signers,
    /// Every value that somebody voted for, in the order of its first vote.
    values: Vec<(u64, Signers)>,
}

impl Tally {
    /// Counts a vote; false if the signer has voted already.
    pub fn count(&mut self, signer: NodeId, value: u64) -> bool {
        if !self.signers.insert(signer) {
            return false;
        }
        let place = self.values.iter().position(|(known, _)| *known == value).unwrap_or_else(|| {
            self.values.push((value, Signers::default()));
            self.values.len() - 1
        });
        self.values[place].1.insert(signer)
    }

    /// A value with at least this many votes; the one that was voted for first, should there be several.
    pub fn reaching(&self, threshold: u32) -> Option<u64> {
        self.values.iter().find(|(_, signers)| signers.len() >= threshold).map(|(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sim_core::random::{Keyed, Purpose, below};

    use super::*;

    #[test]
    fn a_bit_set_is_a_set() {
        let key = Keyed::new(7, Purpose::Campaign);
        let (mut signers, mut oracle) = (Signers::default(), BTreeSet::new());
        for draw in 0..500 {
            let node = NodeId(below(key.word(draw, 0), 200) as u32);
            assert_eq!(signers.insert(node), oracle.insert(node));
            assert_eq!(signers.len() as usize, oracle.len());
        }
        assert!((0..300).map(NodeId).all(|node| signers.contains(node) == oracle.contains(&node)));
    }

    #[test]
    fn a_second_vote_of_a_signer_counts_for_nothing() {
        let mut tally = Tally::default();
        assert!(tally.count(NodeId(0), 5));
        assert!(!tally.count(NodeId(0), 5));
        assert!(!tally.count(NodeId(0), 6));
        assert_eq!((tally.reaching(1), tally.reaching(2)), (Some(5), None));
        assert!(tally.count(NodeId(1), 6));
        assert!(tally.count(NodeId(2), 6));
        assert_eq!(tally.reaching(2), Some(6));
    }
}
