//! A set of members, as the signers of a statement: one bit each.

use sim_core::digest::Digest;
use sim_core::facts::mutation::Hand;
use sim_core::facts::{Field, Value, Visitor};
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

    /// Its members, in order.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.words.iter().zip(0u32..).flat_map(|(word, place)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| NodeId(64 * place + bit))
        })
    }

    /// Who is in both, in order.
    pub fn shared<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = NodeId> + 'a {
        self.iter().filter(|node| other.contains(*node))
    }

    /// The member of the highest number.
    pub fn last(&self) -> Option<NodeId> {
        let place = self.words.iter().rposition(|word| *word != 0)?;
        Some(NodeId(64 * place as u32 + 63 - self.words[place].leading_zeros()))
    }
}

impl FromIterator<NodeId> for Signers {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut signers = Self::default();
        for node in nodes {
            signers.insert(node);
        }
        signers
    }
}

impl Field for Signers {
    fn fold(&self, digest: &mut Digest) {
        digest.word(self.words.len() as u64);
        self.words.iter().for_each(|word| digest.word(*word));
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.group(name, "list", &mut |visitor| {
            self.iter().for_each(|node| visitor.value("", Value::Node(node)));
        });
    }

    fn alter(&mut self, name: &'static str, hand: &mut dyn Hand) {
        if let Some(place) = hand.cut(name, self.len() as usize) {
            *self =
                self.iter().enumerate().filter(|(index, _)| *index != place).map(|(_, node)| node).collect();
        }
        // One more, who may be nobody.
        if let Some(last) = self.last() {
            let more = hand.number(name, u64::from(last.0), u64::from(last.0) + 64);
            if more != u64::from(last.0) {
                self.insert(NodeId(more as u32));
            }
        }
    }
}

#[cfg(test)]
mod tests {

    use sim_core::ordered::OrderedSet;
    use sim_core::random::{Keyed, Purpose, below};

    use super::*;

    #[test]
    fn a_bit_set_is_a_set() {
        let key = Keyed::new(7, Purpose::Campaign);
        let (mut signers, mut oracle) = (Signers::default(), OrderedSet::new());
        for draw in 0..500 {
            let node = NodeId(below(key.word(draw, 0), 200) as u32);
            assert_eq!(signers.insert(node), oracle.insert(node));
            assert_eq!(signers.len() as usize, oracle.len());
            assert_eq!(signers.last(), oracle.last().copied());
        }
        assert!((0..300).map(NodeId).all(|node| signers.contains(node) == oracle.contains(&node)));
        assert_eq!(signers.iter().collect::<Vec<_>>(), oracle.into_iter().collect::<Vec<_>>());
        let low: Signers = [1, 2, 64].map(NodeId).into_iter().collect();
        let high: Signers = [2, 64, 65].map(NodeId).into_iter().collect();
        assert_eq!(low.shared(&high).collect::<Vec<_>>(), [NodeId(2), NodeId(64)]);
    }
}
