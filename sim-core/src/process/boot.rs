//! Booting a process: at genesis, as a newcomer, or from its journals.

use super::{JournalId, Process, Protocol};
use crate::disk::Recovered;
use crate::identity::{NodeId, Slot};

/// Makes the processes of a run.
pub trait Factory<P: Protocol> {
    /// What it makes; `Box<dyn Process<P>>` for a cluster that mixes kinds.
    type Node: Process<P>;

    /// Makes one incarnation. Its first step is [`Input::Start`](super::Input::Start).
    fn boot(&mut self, boot: Boot<'_, P>) -> Self::Node;

    /// What the journals of a member hold at genesis, all of it durable; nothing unless the scenario says so.
    fn disk(&mut self, _node: NodeId) -> Vec<(JournalId, Vec<P::Record>)> {
        Vec::new()
    }
}

/// A closure that makes processes is a factory.
impl<P: Protocol, N: Process<P>, F: FnMut(Boot<'_, P>) -> N> Factory<P> for F {
    type Node = N;

    fn boot(&mut self, boot: Boot<'_, P>) -> N {
        self(boot)
    }
}

/// Whether a slot takes part in the protocol or uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the protocol.
    Member,
    /// Runs the protocol's client policy: redirects, retries, waits for f+1 equal answers.
    Client,
}

/// Why a process starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// It is there from the beginning; its journals are empty unless the scenario filled them.
    Genesis,
    /// It came later under an identity of its own, with empty journals.
    Join,
    /// It was there before; its journals hold what survived.
    Restart,
}

/// Everything an incarnation starts from.
pub struct Boot<'a, P: Protocol> {
    /// Who it is.
    pub node: NodeId,
    /// Where it runs: decides its seed, so that twins differ.
    pub(crate) slot: Slot,
    /// Whether it is a member or a client.
    pub role: Role,
    /// The members at genesis, in ascending order.
    pub members: &'a [NodeId],
    /// Who leads which round, from the first one on, where the plan of the run says so (`round = { .. }` among the faults): a
    /// protocol whose messages tell rounds obeys. Empty in most runs.
    pub leaders: &'a [Option<NodeId>],
    /// Why it starts.
    pub start: Start,
    /// Whether it is a client that does not follow the protocol, as the workload says ([`WorkloadModel::corrupt`]): it runs what
    /// the protocol has for that.
    ///
    /// [`WorkloadModel::corrupt`]: crate::workload::WorkloadModel::corrupt
    pub corrupt: bool,
    /// Which of the versions of the run it starts as: 0 as the scenario's cluster says, 1 as the first of
    /// [`Setup::versions`](crate::setup::Setup::versions) says, and so on.
    pub version: u32,
    /// For traces only: how often this slot was booted before. A wiped node cannot know this.
    pub incarnation: u32,
    pub(crate) run_seed: u64,
    pub(crate) journals: &'a [crate::disk::Journal<P::Record>],
}

impl<P: Protocol> Boot<'_, P> {
    /// The member of genesis in whose place this one runs since the disk there was lost, as an operator would tell it: the process
    /// is somebody new, with a name of its own. Nobody for all others.
    pub fn replaces(&self) -> Option<NodeId> {
        let first = self.members.get(self.slot.index()).copied();
        first.filter(|first| self.role == Role::Member && *first != self.node)
    }

    /// 32 bytes of seed of its own, for protocols that want a generator of their own.
    pub fn seed(&self) -> [u8; 32] {
        crate::random::boot_seed(self.run_seed, self.slot.0, self.incarnation)
    }

    /// The same boot of a process that is one of these members, as a part of a composite may be of fewer than all.
    #[must_use]
    pub fn among<'b>(&'b self, members: &'b [NodeId]) -> Boot<'b, P> {
        Boot {
            node: self.node,
            slot: self.slot,
            role: self.role,
            members,
            leaders: self.leaders,
            start: self.start,
            corrupt: self.corrupt,
            version: self.version,
            incarnation: self.incarnation,
            run_seed: self.run_seed,
            journals: self.journals,
        }
    }

    /// What a journal holds; empty if nothing was ever appended to it.
    pub fn journal(&self, id: JournalId) -> Recovered<'_, P::Record> {
        self.journals
            .get(usize::from(id.0))
            .map_or(Recovered { records: &[], torn: false }, crate::disk::Journal::recovered)
    }
}
