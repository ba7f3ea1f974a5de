//! What a majority is, for checks: counted by code of their own, so that a server that counts wrongly is not judged by the same mistake.

use sim_core::identity::NodeId;

use crate::configuration::Configuration;

/// More than half of the voters do something; while a change is joint, more than half of the old ones as well (Raft dissertation,
/// sections 4.1 and 4.3).
pub(super) fn is_majority(configuration: &Configuration, does: impl Fn(NodeId) -> bool) -> bool {
    let electorates =
        [Some(&configuration.voters), Some(&configuration.outgoing).filter(|old| !old.is_empty())];
    electorates.into_iter().flatten().all(|voters| {
        let doing: usize = voters.iter().map(|voter| usize::from(does(*voter))).sum();
        doing > voters.len() - doing
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_none_and_a_joint_change_needs_both() {
        let members = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Vec<_>>();
        let of = |configuration: &Configuration, doing: &[u32]| {
            is_majority(configuration, |node| doing.contains(&node.0))
        };
        let four = Configuration::of(&members(&[1, 2, 3, 4]));
        assert_eq!([of(&four, &[1, 2]), of(&four, &[1, 2, 4]), of(&four, &[])], [false, true, false]);
        let joint =
            Configuration { outgoing: members(&[4, 5, 6]), ..Configuration::of(&members(&[1, 2, 3])) };
        assert_eq!(
            [of(&joint, &[1, 2, 4]), of(&joint, &[1, 2, 4, 5]), of(&joint, &[3, 4, 5])],
            [false, true, false]
        );
        assert!(!of(&Configuration::default(), &[]), "nobody is no majority");
    }
}
