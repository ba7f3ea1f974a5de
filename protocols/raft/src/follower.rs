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
            self.refuse_entries(from, 0, cx);
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
        self.heard = cx.monotonic();
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
        // Plant R47: nothing before the first entry always matches, also where that entry is long gone.
        if self.plants.start_always_matches && prev_index == 0 && self.log.base().index > 0 {
            for entry in entries {
                self.append(entry.clone(), cx);
            }
            return self.acknowledge(from, entries.len() as u64, cx);
        }
        // What lies before the base is committed, so that it matches.
        if prev_index >= self.log.base().index && self.log.term_at(prev_index) != Some(prev_term) {
            if !self.journal.failing() {
                self.refuse_entries(from, self.log.conflict_hint(prev_index, prev_term), cx);
            }
            return;
        }
        // Plant R06: whatever is beyond goes, conflict or not.
        if self.plants.truncates_without_conflict && self.log.last_index() > prev_index {
            self.truncate(prev_index + 1, cx);
        }
        let mut index = prev_index;
        for entry in entries {
            index += 1;
            self.take(index, entry, cx);
        }
        // What lies beyond the last entry of this message may still conflict.
        self.commit_as_told(commit.min(index), cx);
        // A heartbeat asks whether somebody is there: it gets what is durable, and no wait for the disk.
        let index = if entries.is_empty() && !self.plants.acknowledges_before_sync {
            index.min(self.journal.durable_index())
        } else {
            index
        };
        self.acknowledge(from, index, cx);
    }

    /// Takes one entry: nothing if it is there, else whatever conflicts with it goes first.
    fn take(&mut self, index: u64, entry: &Entry, cx: &mut Context<'_, Raft>) {
        if index <= self.log.base().index {
            return;
        }
        match self.log.term_at(index) {
            Some(term) if term == entry.term() => return,
            Some(_) => self.truncate(index, cx),
            None => {}
        }
        self.append(entry.clone(), cx);
    }

    fn truncate(&mut self, from: u64, cx: &mut Context<'_, Raft>) {
        self.log.truncate(from);
        self.journal.write_truncation(from, cx);
        self.forget_configs(from, cx);
        // Never below what is committed, unless somebody broke the rules. The checks will say so.
        self.commit = self.commit.min(from - 1);
        self.begin_again(from);
        cx.observe(RaftObservation::Truncated { from });
    }

    /// Tells the leader that the logs match up to an index, once all of that is durable. If no sync under way covers
    /// it, this is said after the next one. A server whose disk fails is silent even about what it holds: a leader
    /// that counted it among its majority could stay for ever without committing anything.
    fn acknowledge(&mut self, leader: NodeId, index: u64, cx: &mut Context<'_, Raft>) {
        let position = self.journal.hard_state().max(self.journal.entry(index));
        // Plant R22: it is said before it is durable.
        if self.plants.acknowledges_before_sync {
            return self.say(leader, RaftMessage::AppendReply { term: self.term, success: true, index }, cx);
        }
        if !self.journal.failing() && self.journal.wait_for(position, cx) {
            let term = self.term;
            self.say_with(leader, || RaftMessage::AppendReply { term, success: true, index }, cx);
        } else {
            self.owed = self.owed.max(Some(index));
        }
    }

    /// A sync ended: what could not be said before may go under the next one.
    pub(super) fn pay_owed(&mut self, cx: &mut Context<'_, Raft>) {
        let (Some(index), Some(leader)) = (self.owed.take(), self.leader) else { return };
        if index <= self.log.last_index() {
            self.acknowledge(leader, index, cx);
        }
    }

    /// Refuses entries, with a hint where the logs may meet.
    fn refuse_entries(&mut self, to: NodeId, hint: u64, cx: &mut Context<'_, Raft>) {
        if self.journal.wait_for(self.journal.hard_state(), cx) {
            self.say(to, RaftMessage::AppendReply { term: self.term, success: false, index: hint }, cx);
        }
    }
}
