//! A follower's side of replication.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::server::{Role, Server};
use super::vocabulary::{Entry, Raft, RaftMessage, RaftObservation};

impl Server {
    /// Follows the leader of this term or of a later one; refuses one of an earlier term, which learns from the
    /// answer that its time is over. False if there is nothing more to do.
    pub(super) fn accept_leader(&mut self, from: NodeId, term: u64, cx: &mut Context<'_, Raft>) -> bool {
        if term < self.term {
            self.answer_entries(from, false, 0, cx);
            return false;
        }
        if term > self.term {
            self.enter_term(term, cx);
        }
        if matches!(self.role, Role::Leader(_)) {
            // Two leaders of one term: impossible unless a vote was forgotten. The checks will say so.
            return false;
        }
        self.become_follower(cx);
        self.leader = Some(from);
        self.heard = cx.now();
        self.draw_election_timer(cx);
        true
    }

    /// Takes entries of the current leader (paper, figure 2).
    pub(super) fn on_entries(
        &mut self,
        from: NodeId,
        (prev_index, prev_term): (u64, u64),
        commit: u64,
        entries: &[Entry],
        cx: &mut Context<'_, Raft>,
    ) {
        if self.log.term_at(prev_index) != Some(prev_term) {
            let hint = self.log.conflict_hint(prev_index, prev_term);
            return self.answer_entries(from, false, hint, cx);
        }
        let mut index = prev_index;
        for entry in entries {
            index += 1;
            self.take(index, entry, cx);
        }
        // What lies beyond the last entry of this message may still conflict.
        self.commit_as_told(commit.min(index), cx);
        self.answer_entries(from, true, index, cx);
    }

    /// Takes one entry: nothing if it is there, else whatever conflicts with it goes first.
    fn take(&mut self, index: u64, entry: &Entry, cx: &mut Context<'_, Raft>) {
        match self.log.term_at(index) {
            Some(term) if term == entry.term => return,
            Some(_) => self.truncate(index, cx),
            None => {}
        }
        self.append(entry.clone(), cx);
    }

    fn truncate(&mut self, from: u64, cx: &mut Context<'_, Raft>) {
        self.log.truncate(from);
        self.journal.write_truncation(from, cx);
        // Never below what is committed, unless somebody broke the rules. The checks will say so.
        self.commit = self.commit.min(from - 1);
        cx.observe(RaftObservation::Truncated { from });
    }

    /// Answers the leader once the term and, on success, the log up to `index` are durable.
    fn answer_entries(&mut self, to: NodeId, success: bool, index: u64, cx: &mut Context<'_, Raft>) {
        let entries = if success { self.journal.entry(index) } else { 0 };
        if self.journal.wait_for(self.journal.hard_state().max(entries), cx) {
            cx.send(to, RaftMessage::AppendReply { term: self.term, success, index });
        }
    }
}
