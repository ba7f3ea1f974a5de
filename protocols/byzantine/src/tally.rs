//! Counts votes, one for each signer.

use sim_core::identity::NodeId;
use sim_core::process::{Aggregate, Signature};

use crate::signers::Signers;

/// Who voted for one value, and their signatures, folded.
#[derive(Clone, Debug, Default)]
pub struct Backing {
    /// The voters.
    pub signers: Signers,
    /// Their signatures, if they were given.
    pub aggregate: Aggregate,
    /// How much power they have.
    pub power: u32,
}

/// The votes of one phase of one decision. A signer's first vote counts, so that a liar costs no more memory than
/// anybody else.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    signers: Signers,
    power: u32,
    /// Every value that somebody voted for, in the order of its first vote.
    values: Vec<(u64, Backing)>,
}

impl Tally {
    /// Counts a vote; false if the signer has voted already.
    pub fn count(&mut self, signer: NodeId, value: u64) -> bool {
        self.count_power(signer, value, 1)
    }

    fn count_power(&mut self, signer: NodeId, value: u64, power: u32) -> bool {
        let new = self.signers.insert(signer);
        if new {
            self.power += power;
            let backing = self.backing_mut(value);
            backing.signers.insert(signer);
            backing.power += power;
        }
        new
    }

    /// Counts a vote and folds its signature; false if the signer has voted already. The signature has been verified.
    pub fn fold(&mut self, signature: &Signature, value: u64) -> bool {
        self.fold_power(signature, value, 1)
    }

    /// The same, where votes count by power.
    pub fn fold_power(&mut self, signature: &Signature, value: u64, power: u32) -> bool {
        let new = self.count_power(signature.signer, value, power);
        if new {
            self.backing_mut(value).aggregate.add(signature);
        }
        new
    }

    fn backing_mut(&mut self, value: u64) -> &mut Backing {
        let place = self.values.iter().position(|(known, _)| *known == value).unwrap_or_else(|| {
            self.values.push((value, Backing::default()));
            self.values.len() - 1
        });
        &mut self.values[place].1
    }

    /// Who voted for a value, if anybody did.
    pub fn backing(&self, value: u64) -> Option<&Backing> {
        self.values.iter().find(|(known, _)| *known == value).map(|(_, backing)| backing)
    }

    /// Whether a signer has voted.
    pub fn voted(&self, signer: NodeId) -> bool {
        self.signers.contains(signer)
    }

    /// Every value that somebody voted for, in the order of its first vote.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        self.values.iter().map(|(value, _)| *value)
    }

    /// How many voted for a value.
    pub fn votes(&self, value: u64) -> u32 {
        self.backing(value).map_or(0, |backing| backing.signers.len())
    }

    /// How much power voted for a value.
    pub fn backed(&self, value: u64) -> u32 {
        self.backing(value).map_or(0, |backing| backing.power)
    }

    /// How much power voted, whatever for.
    pub const fn power(&self) -> u32 {
        self.power
    }

    /// A value with at least this many votes; the one that was voted for first, should there be several.
    pub fn reaching(&self, threshold: u32) -> Option<u64> {
        self.values.iter().find(|(_, backing)| backing.signers.len() >= threshold).map(|(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_vote_of_a_signer_counts_for_nothing() {
        let mut tally = Tally::default();
        assert!(tally.count(NodeId(0), 5));
        assert!(!tally.count(NodeId(0), 5));
        assert!(!tally.count(NodeId(0), 6));
        assert_eq!((tally.reaching(1), tally.reaching(2)), (Some(5), None));
        assert!(tally.count(NodeId(1), 6));
        assert!(tally.fold(&Signature::forged(NodeId(2), 1), 6));
        assert_eq!((tally.reaching(2), tally.votes(6), tally.votes(7)), (Some(6), 2, 0));
        assert!(tally.fold_power(&Signature::forged(NodeId(3), 1), 7, 5));
        assert!(!tally.fold_power(&Signature::forged(NodeId(3), 1), 6, 5));
        assert_eq!((tally.votes(7), tally.backed(7), tally.backed(6), tally.power()), (1, 5, 2, 8));
        assert_eq!((tally.voted(NodeId(3)), tally.voted(NodeId(4))), (true, false));
        assert_eq!(tally.values().collect::<Vec<_>>(), [5, 6, 7]);
    }

    #[test]
    fn folded_signatures_are_those_of_the_voters() {
        let (mut tally, mut expected) = (Tally::default(), Aggregate::default());
        for node in [3, 1, 3] {
            let signature = Signature::forged(NodeId(node), u64::from(node) * 7);
            if tally.fold(&signature, 5) {
                expected.add(&signature);
            }
        }
        let backing = tally.backing(5).unwrap();
        assert_eq!((backing.signers.len(), backing.aggregate), (2, expected));
    }
}
