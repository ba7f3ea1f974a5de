//! Who votes and who only listens (dissertation, chapter 4).
//!
//! A configuration is an entry of the log, and a server uses the last one in its log, committed or not. One that changes the
//! voters by one keeps majorities overlapping; any other change goes through a joint configuration, in which both the old
//! voters and the new ones have to agree.

use std::rc::Rc;

use sim_core::digest::Digest;
use sim_core::facts::{Field, Visitor};
use sim_core::identity::NodeId;

/// Who votes and who only listens. All lists ascend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Whose votes and copies count.
    pub voters: Vec<NodeId>,
    /// The voters before, while a change is joint; else none.
    pub outgoing: Vec<NodeId>,
    /// Who gets everything and counts for nothing.
    pub learners: Vec<NodeId>,
}

/// A configuration, shared by all who keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config(pub Rc<Configuration>);

impl From<Configuration> for Config {
    fn from(configuration: Configuration) -> Self {
        Self(Rc::new(configuration))
    }
}

impl Field for Config {
    fn fold(&self, digest: &mut Digest) {
        for list in [&self.0.voters, &self.0.outgoing, &self.0.learners] {
            digest.word(list.len() as u64);
            list.iter().for_each(|node| digest.word(u64::from(node.0)));
        }
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        let bits = |list: &[NodeId]| list.iter().fold(0_u64, |bits, node| bits | 1 << (node.0 % 64));
        bits(&self.0.voters).show(name, visitor);
    }
}

impl Configuration {
    /// These voters and nobody else.
    pub fn of(voters: &[NodeId]) -> Self {
        Self { voters: voters.to_vec(), ..Self::default() }
    }

    /// Whether a change is under way that needs the old voters too.
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether a server's majorities are majorities of everybody: it votes, so does everybody else, and no change is joint.
    /// A joint change that adds a voter has the same everybody as the configuration after it, and another majority.
    pub fn is_plain(&self, node: NodeId) -> bool {
        !self.is_joint() && self.learners.is_empty() && self.voters.contains(&node)
    }

    /// Everybody, once, in ascending order.
    pub fn everybody(&self) -> Vec<NodeId> {
        let mut all = [&self.voters[..], &self.outgoing, &self.learners].concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether somebody's vote counts.
    pub fn votes(&self, node: NodeId) -> bool {
        self.voters.contains(&node) || self.outgoing.contains(&node)
    }

    /// Whether those who do something are a majority: of the voters, and of the old ones if it is joint.
    pub fn majority(&self, does: impl Fn(NodeId) -> bool) -> bool {
        let most = |list: &[NodeId]| list.iter().filter(|node| does(**node)).count() > list.len() / 2;
        most(&self.voters) && (!self.is_joint() || most(&self.outgoing))
    }

    /// The highest value that a majority has reached.
    pub fn reached(&self, of: impl Fn(NodeId) -> u64) -> u64 {
        let most = |list: &[NodeId]| {
            let mut values: Vec<u64> = list.iter().map(|node| of(*node)).collect();
            values.sort_unstable();
            values.get(list.len().saturating_sub(1) / 2).copied().unwrap_or(0)
        };
        let new = most(&self.voters);
        if self.is_joint() { new.min(most(&self.outgoing)) } else { new }
    }

    /// Plant R27: a joint configuration as if its voters were all of one.
    #[must_use]
    pub fn united(&self) -> Self {
        let mut voters = [&self.voters[..], &self.outgoing].concat();
        voters.sort_unstable();
        voters.dedup();
        Self { voters, outgoing: Vec::new(), learners: self.learners.clone() }
    }

    /// The same with somebody as a learner.
    #[must_use]
    pub fn with_learner(&self, node: NodeId) -> Self {
        let mut next = self.clone();
        insert(&mut next.learners, node);
        next
    }

    /// The same with other voters: at once, or joint with the old ones. Who becomes a voter is no learner any more.
    #[must_use]
    pub fn with_voters(&self, voters: Vec<NodeId>, joint: bool) -> Self {
        let learners = self.learners.iter().copied().filter(|node| !voters.contains(node)).collect();
        let outgoing = if joint { self.voters.clone() } else { Vec::new() };
        Self { voters, outgoing, learners }
    }

    /// The voters with somebody more.
    pub fn voters_and(&self, node: NodeId) -> Vec<NodeId> {
        let mut voters = self.voters.clone();
        insert(&mut voters, node);
        voters
    }

    /// The voters without somebody.
    pub fn voters_without(&self, node: NodeId) -> Vec<NodeId> {
        self.voters.iter().copied().filter(|voter| *voter != node).collect()
    }

    /// How many servers, of whatever kind, one has and the other has not.
    pub fn comings_and_goings(&self, other: &Self) -> usize {
        let (own, other) = (self.everybody(), other.everybody());
        let lacks = |own: &[NodeId], other: &[NodeId]| {
            own.iter().filter(|node| other.binary_search(node).is_err()).count()
        };
        lacks(&own, &other) + lacks(&other, &own)
    }

    /// How many voters one has and the other has not.
    pub fn distance(&self, other: &Self) -> usize {
        let lacks =
            |own: &[NodeId], other: &[NodeId]| own.iter().filter(|node| !other.contains(node)).count();
        lacks(&self.voters, &other.voters) + lacks(&other.voters, &self.voters)
    }
}

/// What a cluster begins with: so many of the last members are learners, but not all.
pub fn genesis(members: &[NodeId], learners: u32) -> Configuration {
    let voters = members.len().saturating_sub(learners as usize).max(1).min(members.len());
    let (voters, learners) = members.split_at(voters);
    Configuration { voters: voters.to_vec(), outgoing: Vec::new(), learners: learners.to_vec() }
}

fn insert(list: &mut Vec<NodeId>, node: NodeId) {
    if let Err(place) = list.binary_search(&node) {
        list.insert(place, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(list: &[u32]) -> Vec<NodeId> {
        list.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn a_joint_change_needs_both_majorities() {
        let old = Configuration::of(&nodes(&[0, 1, 2]));
        let joint = old.with_voters(nodes(&[2, 3, 4]), true);
        let agrees = |config: &Configuration, who: &[u32]| config.majority(|node| who.contains(&node.0));
        assert!(agrees(&old, &[0, 1]) && !agrees(&old, &[0, 3, 4]));
        assert!(agrees(&joint, &[1, 2, 3]) && !agrees(&joint, &[0, 1, 2]) && !agrees(&joint, &[2, 3, 4]));
        assert!(agrees(&joint.united(), &[0, 1, 3]), "the bug");
        assert_eq!(joint.everybody(), nodes(&[0, 1, 2, 3, 4]));
    }

    #[test]
    fn a_value_is_reached_when_a_majority_has_it() {
        for count in 1..8_u32 {
            let config = Configuration::of(&(0..count).map(NodeId).collect::<Vec<_>>());
            for value in 0..u64::from(count) {
                // Voter k has reached k.
                let have = (0..u64::from(count)).filter(|own| *own >= value).count();
                let is = config.reached(|node| u64::from(node.0)) >= value;
                assert_eq!(is, have > count as usize / 2, "{value} of {count}");
            }
        }
    }

    #[test]
    fn learners_are_promoted_and_voters_removed() {
        let config = Configuration::of(&nodes(&[0, 2])).with_learner(NodeId(1));
        assert!(!config.votes(NodeId(1)) && config.everybody() == nodes(&[0, 1, 2]));
        let promoted = config.with_voters(config.voters_and(NodeId(1)), false);
        assert_eq!((promoted.voters.clone(), promoted.learners.len()), (nodes(&[0, 1, 2]), 0));
        assert_eq!((promoted.distance(&config), promoted.voters_without(NodeId(0))), (1, nodes(&[1, 2])));
    }

    #[test]
    fn a_joint_change_is_never_plain() {
        let nodes: Vec<NodeId> = (0..3).map(NodeId).collect();
        let plain = Configuration::of(&nodes);
        assert!(plain.is_plain(NodeId(2)) && !plain.is_plain(NodeId(3)));
        // A change that adds the last one: everybody votes afterwards.
        let joint = Configuration { outgoing: nodes[..2].to_vec(), ..plain.clone() };
        assert_eq!(joint.everybody(), joint.voters);
        assert!(!joint.is_plain(NodeId(2)));
        let teaching = Configuration { learners: vec![NodeId(7)], ..plain };
        assert!(!teaching.is_plain(NodeId(2)));
    }
}
