//! Plant H01: the quorum adapts. A member that was asked and did not answer for a while is not counted any more, and the majority
//! of those who are left elects and commits: five of seven become three of four.
//!
//! What one side of a split network lowers, the other side lowers too. A server whose log is replaced below what it committed
//! applies the whole log again, so that it goes on with one history, and loses the other one.

use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::server::Server;
use super::vocabulary::Raft;
use objects::Store;

/// After so many longest election timeouts without an answer, a member is not counted any more.
const PATIENCE: u64 = 3;

/// Whom this server still counts.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// By place: since when a member owes an answer, and whether it is not counted any more. Empty without the plant.
    owing: Vec<(Option<Time>, bool)>,
    /// Whether the log was replaced below what was committed, and the composite does not know yet.
    began_again: bool,
}

impl Counted {
    /// So many members, if the quorum adapts.
    pub(super) fn new(members: usize, adapts: bool) -> Self {
        Self { owing: vec![(None, false); if adapts { members } else { 0 }], began_again: false }
    }

    /// Everybody is counted again.
    pub(super) fn forgive(&mut self) {
        self.owing.fill((None, false));
    }

    /// A member was heard.
    pub(super) fn heard(&mut self, place: usize) {
        if let Some(owing) = self.owing.get_mut(place) {
            *owing = (None, false);
        }
    }

    /// All members but this server were asked.
    fn asked(&mut self, own: usize, patience: Duration, now: Time) {
        for (_, (since, gone)) in self.owing.iter_mut().enumerate().filter(|(place, _)| *place != own) {
            *gone |= now.since(*since.get_or_insert(now)) >= patience;
        }
    }

    /// How many of so many members are counted.
    pub(super) fn of(&self, members: usize) -> usize {
        members.saturating_sub(self.owing.iter().filter(|(_, gone)| *gone).count())
    }
}

impl Server {
    /// Everybody was asked for something.
    pub(super) fn asked_everybody(&mut self, cx: &Context<'_, Raft>) {
        let patience = self.parameters.election_timeout_max.saturating_mul(PATIENCE);
        self.counted.asked(self.place, patience, cx.monotonic());
    }

    /// The term in which it stands next. Where the quorum adapts, no two servers stand in one term, as with the ballots of Paxos: else both
    /// sides would have a leader of one term, whose entries nobody could tell apart after the split.
    pub(super) fn next_term(&self) -> u64 {
        let next = self.term + 1;
        if !self.plants.quorum_adapts {
            return next;
        }
        let (members, own) = (self.members.len().max(1) as u64, self.place as u64);
        (next..next + members).find(|term| term % members == own % members).unwrap_or(next)
    }

    /// The log was replaced below what was committed: what follows is applied from the beginning.
    pub(super) fn begin_again(&mut self, from: u64) {
        if self.plants.quorum_adapts && from <= self.applied && self.log.base().index == 0 {
            (self.commit, self.applied, self.store) = (0, 0, Store::default());
            self.decided.clear();
            self.counted.began_again = true;
        }
    }

    /// Whether everything that was decided is void, and is decided anew from the beginning; asked once.
    pub fn has_begun_again(&mut self) -> bool {
        std::mem::take(&mut self.counted.began_again)
    }
}
