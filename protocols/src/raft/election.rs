//! Terms, votes and timeouts: how a server becomes leader, and when it stops being one.
//!
//! Rules that decide how long elections take: the election timer is drawn anew on granting a vote, on valid
//! AppendEntries, and by a candidate when its own election starts; nothing else touches it. A higher term seen keeps
//! the running timer, a refused vote resets nothing.

use sim_core::identity::NodeId;
use sim_core::process::{Context, SyncId, SyncResult};

use super::server::{DISK, ELECTION, HEARTBEAT, QUORUM, Role, Server};
use super::vocabulary::{Raft, RaftMessage, RaftObservation, RaftTimer};

/// Who said yes, by place among the members.
#[derive(Debug)]
pub(super) struct Ballot {
    granted: Vec<bool>,
    count: usize,
}

impl Ballot {
    fn new(members: usize) -> Self {
        Self { granted: vec![false; members], count: 0 }
    }

    fn grant(&mut self, place: usize) {
        if !std::mem::replace(&mut self.granted[place], true) {
            self.count += 1;
        }
    }
}

impl Server {
    /// Draws the election timer anew, uniformly between its bounds.
    pub(super) fn draw_election_timer(&mut self, cx: &mut Context<'_, Raft>) {
        let Self { parameters, .. } = self;
        let after =
            cx.rng().duration_between(parameters.election_timeout_min, parameters.election_timeout_max);
        cx.set_timer(ELECTION, after, RaftTimer::Election);
    }

    /// Moves to a later term, in which there is no vote yet. A candidate's timer keeps running.
    pub(super) fn enter_term(&mut self, term: u64, cx: &mut Context<'_, Raft>) {
        self.set_term(term, None, cx);
        self.become_follower(cx);
    }

    fn set_term(&mut self, term: u64, vote: Option<NodeId>, cx: &mut Context<'_, Raft>) {
        self.term = term;
        self.leader = None;
        self.set_vote(vote, cx);
        cx.observe(RaftObservation::TermSet { term });
        if let Some(candidate) = vote {
            cx.observe(RaftObservation::Voted { term, candidate });
        }
    }

    /// Keeps the vote of this term, in memory and in the journal.
    fn set_vote(&mut self, vote: Option<NodeId>, cx: &mut Context<'_, Raft>) {
        self.vote = vote;
        // Plant R01: the journal learns the term, but not the vote.
        let durable_vote = if self.plants.vote_not_durable { None } else { vote };
        self.journal.write_hard_state(self.term, durable_vote, cx);
    }

    /// Stops being anything else. Only a leader has no election timer running: it draws one.
    pub(super) fn become_follower(&mut self, cx: &mut Context<'_, Raft>) {
        match std::mem::replace(&mut self.role, Role::Follower) {
            Role::Follower => return,
            Role::PreCandidate(_) | Role::Candidate(_) => {}
            Role::Leader(_) => {
                self.leader = None;
                cx.cancel_timer(HEARTBEAT);
                cx.cancel_timer(QUORUM);
                self.draw_election_timer(cx);
            }
        }
        cx.observe(RaftObservation::BecameFollower { term: self.term });
    }

    /// No leader was heard for too long. A server whose disk fails could keep no vote, so it waits.
    pub(super) fn on_election_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        if matches!(self.role, Role::Leader(_)) {
            return;
        }
        self.leader = None;
        if self.journal.failing() {
            self.become_follower(cx);
            return self.draw_election_timer(cx);
        }
        // Nobody needs to be asked in a cluster of one.
        if self.parameters.pre_vote && self.quorum() > 1 {
            self.start_pre_vote(cx);
        } else {
            self.start_election(cx);
        }
    }

    /// Asks whether an election could be won, without raising the term (dissertation, section 9.6).
    fn start_pre_vote(&mut self, cx: &mut Context<'_, Raft>) {
        let mut ballot = Ballot::new(self.members.len());
        ballot.grant(self.place);
        self.role = Role::PreCandidate(ballot);
        cx.observe(RaftObservation::BecamePreCandidate { term: self.term + 1 });
        self.draw_election_timer(cx);
        self.request_votes(self.term + 1, true, cx);
    }

    /// Raises the term, votes for itself and asks everybody else.
    fn start_election(&mut self, cx: &mut Context<'_, Raft>) {
        self.set_term(self.term + 1, Some(self.node), cx);
        self.role = Role::Candidate(Ballot::new(self.members.len()));
        cx.observe(RaftObservation::BecameCandidate { term: self.term });
        self.draw_election_timer(cx);
        self.request_votes(self.term, false, cx);
    }

    fn request_votes(&mut self, term: u64, pre: bool, cx: &mut Context<'_, Raft>) {
        if self.journal.wait_for(self.journal.hard_state(), cx) {
            let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
            cx.send_all(self.peers(), RaftMessage::RequestVote { term, last_index, last_term, pre });
        }
    }

    /// Whether a leader was heard so recently that nobody should be helped to depose it.
    fn hears_leader(&self, cx: &Context<'_, Raft>) -> bool {
        if matches!(self.role, Role::Leader(_)) {
            return true;
        }
        // A clock that was set back says nothing about how long ago it was.
        let now = cx.now();
        self.leader.is_some()
            && self.heard <= now
            && now.since(self.heard) < self.parameters.election_timeout_min
    }

    /// Answers a candidate. With check-quorum, a server that hears a leader does not even look at a later term: the
    /// majority that a candidate needs has to lose the leader first. A server stuck in a later term is freed by the
    /// leader, which learns that term from the refused AppendEntries and steps down.
    pub(super) fn on_vote_request(
        &mut self,
        from: NodeId,
        term: u64,
        up_to_date: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        if term > self.term {
            if self.parameters.check_quorum && self.hears_leader(cx) {
                return;
            }
            self.enter_term(term, cx);
        }
        let repeated = self.vote == Some(from);
        let granted = term == self.term && up_to_date && (repeated || self.vote.is_none());
        if granted && !repeated {
            self.set_vote(Some(from), cx);
            cx.observe(RaftObservation::Voted { term, candidate: from });
            self.draw_election_timer(cx);
        }
        self.answer_vote(from, self.term, granted, false, cx);
    }

    /// Answers a pre-candidate: yes if its log is good enough, its term would be new, and no leader is heard here.
    /// Nothing changes: no term, no vote, no timer.
    pub(super) fn on_pre_vote_request(
        &mut self,
        from: NodeId,
        term: u64,
        up_to_date: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        let granted = term > self.term && up_to_date && !self.hears_leader(cx);
        self.answer_vote(from, if granted { term } else { self.term }, granted, true, cx);
    }

    fn answer_vote(&mut self, to: NodeId, term: u64, granted: bool, pre: bool, cx: &mut Context<'_, Raft>) {
        if self.journal.wait_for(self.journal.hard_state(), cx) {
            cx.send(to, RaftMessage::Vote { term, granted, pre });
        }
    }

    /// Counts a vote or a pre-vote that belongs to what is asked for now.
    pub(super) fn on_vote(
        &mut self,
        place: usize,
        term: u64,
        granted: bool,
        pre: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        if !granted {
            if term > self.term {
                self.enter_term(term, cx);
            }
            return;
        }
        let asked = match self.role {
            Role::PreCandidate(_) => pre && term == self.term + 1,
            Role::Candidate(_) => !pre && term == self.term,
            Role::Follower | Role::Leader(_) => false,
        };
        if asked {
            self.count_yes(place, cx);
        }
    }

    fn count_yes(&mut self, place: usize, cx: &mut Context<'_, Raft>) {
        let quorum = self.quorum();
        match &mut self.role {
            Role::PreCandidate(ballot) => {
                ballot.grant(place);
                if ballot.count >= quorum {
                    self.start_election(cx);
                }
            }
            Role::Candidate(ballot) => {
                ballot.grant(place);
                if ballot.count >= quorum {
                    self.become_leader(cx);
                }
            }
            Role::Follower | Role::Leader(_) => {}
        }
    }

    /// A sync ended. A candidate's own vote counts once it is durable, and so do a leader's own entries. A server
    /// that cannot write leads nobody; it tries its disk again after a while.
    pub(super) fn on_synced(&mut self, id: SyncId, result: SyncResult, cx: &mut Context<'_, Raft>) {
        self.journal.finish(id, result);
        if result != SyncResult::Ok {
            self.become_follower(cx);
            return cx.set_timer(DISK, self.parameters.disk_retry, RaftTimer::Disk);
        }
        if matches!(self.role, Role::Candidate(_)) && self.hard_state_is_durable() {
            self.count_yes(self.place, cx);
        }
        self.commit_by_counting(cx);
    }

    fn hard_state_is_durable(&self) -> bool {
        self.journal.standing(self.journal.hard_state()) == super::durability::Standing::Durable
    }

    /// Check-quorum: a leader that has not heard from a majority since the last time steps down.
    pub(super) fn on_quorum_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        let quorum = self.quorum();
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.count_heard() + 1 >= quorum {
            cx.set_timer(QUORUM, self.parameters.election_timeout_max, RaftTimer::Quorum);
        } else {
            self.become_follower(cx);
        }
    }
}
