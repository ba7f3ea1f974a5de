//! Raft as a part of a larger process: the composite proposes words, and takes them again once they are committed and
//! applied, in the order of the log.
//!
//! A composite may have any number of proposals under way. What a client asks for goes by sessions instead
//! (`requests`): a client has one operation at a time, and asks again.
//!
//! Words are no part of the key-value store, and so of no snapshot: a composite whose state is made of them runs Raft
//! without snapshots.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::server::{Role, Server};
use super::vocabulary::{Command, Entry, Raft, Words};

impl Server {
    /// Puts words in the log, each as an entry of its own, if this server leads; whether it does. That they are in the
    /// log promises nothing: an entry may still be replaced by one of a later leader.
    pub fn propose_words(&mut self, words: &[Words], cx: &mut Context<'_, Raft>) -> bool {
        if !matches!(self.role, Role::Leader(_)) || self.hands_over() {
            return false;
        }
        for words in words {
            self.append(Entry::new(self.term, Command::Foreign { words: *words }), cx);
        }
        self.replicate(cx);
        self.journal.flush(cx);
        true
    }

    /// The index of the last entry of its log.
    pub fn last_appended(&self) -> u64 {
        self.log.last_index()
    }

    /// The next words that are decided, with their index.
    pub fn next_decided(&mut self) -> Option<(u64, Words)> {
        self.decided.pop_front()
    }

    /// The term that this server leads and has committed an entry of: everything that was decided before is applied.
    pub fn reigns(&self) -> Option<u64> {
        let Role::Leader(leadership) = &self.role else { return None };
        (leadership.reading.first <= self.applied).then_some(self.term)
    }

    /// Whether nobody else can lead now: this server leads, and has a lease (dissertation, section 6.4.1). Needs reads by
    /// lease.
    pub fn is_undisputed(&self, now: Time) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        leadership.reading.holds_lease(now)
    }

    /// Who leads this term, as far as this server knows.
    pub fn known_leader(&self) -> Option<NodeId> {
        self.leader
    }
}
