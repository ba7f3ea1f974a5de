//! In what Zyzzyva and FaB differ: who sees answers, and what a new view keeps.

use sim_core::identity::NodeId;

use super::choice::Rule;

/// Who sees what members accept, makes certificates of it, and decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learners {
    /// Clients, as in Zyzzyva. A client waits a while for the answers of all before it makes do with a quorum.
    Clients,
    /// All members, as in FaB.
    Members,
}

/// One of the two protocols, clean or as it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Who decides.
    pub learners: Learners,
    /// What a new view keeps.
    pub rule: Rule,
}

impl Style {
    /// Whether a member sees what is accepted, if the first `clients` members are clients.
    pub fn learns(self, node: NodeId, clients: u32) -> bool {
        match self.learners {
            Learners::Clients => node.0 < clients,
            Learners::Members => true,
        }
    }
}
