//! Terms, votes and timeouts: how a server becomes leader, and when it stops being one.
//!
//! Rules that decide how long elections take: the election timer is drawn anew on granting a vote, on valid
//! AppendEntries, and by a candidate when its own election starts; nothing else touches it. A higher term seen keeps
//! the running timer, a refused vote resets nothing. A candidate asks again whoever has not answered (paper, section
//! 5.1: servers retry), twice within the shortest timeout.

use sim_core::identity::NodeId;
use sim_core::process::{Context, SyncId, SyncResult};
use sim_core::time::Duration;

use super::server::{DISK, ELECTION, HEARTBEAT, QUORUM, Role, Server, TRANSFER};
use super::stalling::Stalling;
use super::vocabulary::{Raft, RaftMessage, RaftObservation, RaftTimer};

/// What was answered, by place among the members.
#[derive(Debug)]
pub(super) struct Ballot {
    answers: Vec<Option<bool>>,
    granted: usize,
    /// The leader wanted this election.
    transferred: bool,
}

impl Ballot {
    fn new(members: usize) -> Self {
        Self { answers: vec![None; members], granted: 0, transferred: false }
    }

    fn answer(&mut self, place: usize, granted: bool) {
        if place < self.answers.len() && self.answers[place] != Some(true) {
            self.answers[place] = Some(granted);
            self.granted += usize::from(granted);
        }
    }

    /// Plant R10: an answer counts as often as it comes.
    fn answer_again(&mut self, place: usize, granted: bool) {
        let Some(answer) = self.answers.get_mut(place) else { return };
        *answer = Some(granted);
        self.granted += usize::from(granted);
    }
}

impl Server {
    /// Draws the election timer anew, uniformly between its bounds.
    pub(super) fn draw_election_timer(&mut self, cx: &mut Context<'_, Raft>) {
        let Self { parameters, .. } = self;
        let after =
            cx.rng().duration_between(parameters.election_timeout_min, parameters.election_timeout_max);
        let after = self.backed_off(after);
        // Control C02: more jitter than was asked for.
        let after = if self.plants.noise { cx.rng().duration_between(after, after * 3 / 2) } else { after };
        cx.set_timer(ELECTION, after, RaftTimer::Election);
    }

    /// Plant: a back-off without end, which doubles a time with each attempt.
    fn backed_off(&self, time: Duration) -> Duration {
        if self.stall == Some(Stalling::EndlessBackOff) {
            time.saturating_mul(1 << self.elections.min(32))
        } else {
            time
        }
    }

    /// Moves to a later term, in which there is no vote yet. A candidate's timer keeps running.
    pub(super) fn enter_term(&mut self, term: u64, cx: &mut Context<'_, Raft>) {
        self.set_term(term, None, cx);
        self.become_follower(cx);
    }

    fn set_term(&mut self, term: u64, vote: Option<NodeId>, cx: &mut Context<'_, Raft>) {
        self.term = term;
        self.leader = None;
        self.owed = None;
        self.set_vote(vote, cx);
        cx.observe(RaftObservation::TermSet { term });
        if let Some(candidate) = vote {
            cx.observe(RaftObservation::Voted { term, candidate });
        }
    }

    /// Keeps the vote of this term, in memory and in the journal.
    fn set_vote(&mut self, vote: Option<NodeId>, cx: &mut Context<'_, Raft>) {
        self.vote = vote;
        self.journal.write_hard_state(self.term, self.durable_vote(), cx);
    }

    /// The vote that the journal is to hold.
    pub(super) fn durable_vote(&self) -> Option<NodeId> {
        // Plant R01: the journal learns the term, but not the vote.
        if self.plants.vote_not_durable { None } else { self.vote }
    }

    /// Stops being anything else. Only a leader has no election timer running: it draws one.
    pub(super) fn become_follower(&mut self, cx: &mut Context<'_, Raft>) {
        if matches!(self.role, Role::Follower) {
            return;
        }
        if let Role::Leader(_) = std::mem::replace(&mut self.role, Role::Follower) {
            self.leader = None;
            cx.cancel_timer(QUORUM);
            if !self.parameters.transfer_every.is_zero() {
                cx.cancel_timer(TRANSFER);
            }
            self.draw_election_timer(cx);
        }
        cx.cancel_timer(HEARTBEAT);
        cx.observe(RaftObservation::BecameFollower { term: self.term });
    }

    /// No leader was heard for too long. A server whose disk fails could keep no vote, so it waits.
    pub(super) fn on_election_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        if matches!(self.role, Role::Leader(_)) {
            return;
        }
        // Plant R33: who does not vote stands all the same.
        if !self.may_stand() && !self.plants.anybody_stands {
            self.leader = None;
            self.become_follower(cx);
            return self.draw_election_timer(cx);
        }
        // A timer that was early, as on a clock that steps.
        if self.guards_lease(cx) {
            return self.draw_election_timer(cx);
        }
        self.leader = None;
        if self.journal.failing() {
            self.become_follower(cx);
            return self.draw_election_timer(cx);
        }
        // Nobody needs to be asked in a cluster of one.
        if self.parameters.pre_vote && !self.is_alone() && !self.plants.no_pre_vote {
            self.start_pre_vote(cx);
        } else {
            self.start_election(false, cx);
        }
    }

    /// Whether nobody else votes.
    fn is_alone(&self) -> bool {
        if self.plain { self.quorum() == 1 } else { self.is_majority(|node| node == self.node) }
    }

    /// Asks whether an election could be won, without raising the term (dissertation, section 9.6).
    fn start_pre_vote(&mut self, cx: &mut Context<'_, Raft>) {
        self.elections += 1;
        if matches!(self.role, Role::Follower) {
            self.counted.forgive();
        }
        let mut ballot = Ballot::new(self.members.len());
        ballot.answer(self.place, true);
        self.role = Role::PreCandidate(ballot);
        cx.observe(RaftObservation::BecamePreCandidate { term: self.next_term() });
        self.draw_election_timer(cx);
        self.request_votes(cx);
        self.ask_copies(cx);
    }

    /// Plant H11: its own copies of the others are asked, and grant everything.
    fn ask_copies(&mut self, cx: &mut Context<'_, Raft>) {
        if self.plants.asks_its_copies {
            (0..self.members.len()).for_each(|place| self.count_answer(place, true, cx));
        }
    }

    /// Raises the term, votes for itself and asks everybody else. If the leader wanted that, they are told.
    pub(super) fn start_election(&mut self, transferred: bool, cx: &mut Context<'_, Raft>) {
        self.set_term(self.next_term(), Some(self.node), cx);
        let mut ballot = Ballot::new(self.members.len());
        ballot.transferred = transferred;
        self.role = Role::Candidate(ballot);
        cx.observe(RaftObservation::BecameCandidate { term: self.term });
        self.draw_election_timer(cx);
        self.request_votes(cx);
        // Plant R21: its own vote counts before it is durable.
        if self.plants.candidate_before_durable {
            self.count_answer(self.place, true, cx);
        }
        self.ask_copies(cx);
    }

    /// Asks whoever has not answered, once its own term and vote are durable, and again after a while.
    fn request_votes(&mut self, cx: &mut Context<'_, Raft>) {
        let again = self.backed_off(self.parameters.election_timeout_min / 2);
        cx.set_timer(HEARTBEAT, again, RaftTimer::Heartbeat);
        // Plant R21: others are asked at once.
        if !self.plants.candidate_before_durable && !self.journal.wait_for(self.journal.hard_state(), cx) {
            return;
        }
        let (ballot, term, pre) = match &self.role {
            Role::PreCandidate(ballot) => (ballot, self.next_term(), true),
            Role::Candidate(ballot) => (ballot, self.term, false),
            Role::Follower | Role::Leader(_) => return,
        };
        let silent = ballot.answers.iter().zip(&self.members).filter(|(answer, _)| answer.is_none());
        let asked = silent.map(|(_, member)| *member).filter(|member| *member != self.node);
        let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
        let message = if ballot.transferred {
            RaftMessage::RequestTransferredVote { term, last_index, last_term }
        } else {
            RaftMessage::RequestVote { term, last_index, last_term, pre }
        };
        // Control C02: everything is said twice.
        if self.plants.noise {
            cx.send_all(asked.clone(), message.clone());
        }
        cx.send_all(asked, message);
    }

    /// Time to speak again: for a leader to its followers, for a candidate to whoever has not answered.
    pub(super) fn on_heartbeat_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        self.asked_everybody(cx);
        match self.role {
            Role::Leader(_) => {
                self.send_heartbeats(cx);
                self.renew(cx);
            }
            Role::PreCandidate(_) | Role::Candidate(_) => self.request_votes(cx),
            Role::Follower => {}
        }
    }

    /// Whether a leader was heard so recently that nobody should be helped to depose it.
    fn hears_leader(&self, cx: &Context<'_, Raft>) -> bool {
        if matches!(self.role, Role::Leader(_)) {
            return true;
        }
        // A clock that was set back says nothing about how long ago it was.
        let now = cx.monotonic();
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
        (up_to_date, last_index): (bool, u64),
        transferred: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        let stood = !matches!(self.role, Role::Follower);
        if term > self.term {
            // Plant R35: a leader that is heard protects nobody.
            let protects = self.parameters.check_quorum && self.hears_leader(cx) && !self.plants.no_pre_vote;
            if !transferred && (protects || self.guards_lease(cx)) {
                return;
            }
            self.enter_term(term, cx);
        }
        let repeated = self.vote == Some(from);
        let up_to_date = up_to_date && !self.is_jealous(last_index);
        // Plant R18: a vote for the first server, whose number is zero, looks like no vote.
        let free = self.vote.is_none() || (self.plants.vote_for_zero_is_none && self.vote == Some(NodeId(0)));
        // Plant R31: who is no voter in its own log does not vote, though it may be one by now.
        let free = free && (self.plain || !self.plants.learners_refuse || self.config().votes(self.node));
        let free = free && (transferred || !self.guards_lease(cx));
        let granted = term == self.term && up_to_date && (repeated || free);
        if granted && !repeated {
            self.set_vote(Some(from), cx);
            cx.observe(RaftObservation::Voted { term, candidate: from });
            self.draw_election_timer(cx);
            // Plant R17: stepping down comes after the vote, and forgets it.
            if self.plants.step_down_after_vote && stood {
                self.set_vote(None, cx);
            }
        }
        self.answer_vote(from, self.term, granted, false, cx);
    }

    /// Answers a pre-candidate: yes if its log is good enough, its term would be new, and no leader is heard here.
    /// Nothing changes: no term, no vote, no timer.
    pub(super) fn on_pre_vote_request(
        &mut self,
        from: NodeId,
        term: u64,
        (up_to_date, last_index): (bool, u64),
        cx: &mut Context<'_, Raft>,
    ) {
        let up_to_date = up_to_date && !self.is_jealous(last_index);
        // Plant R39: a leader does not count itself as one that is heard.
        let unaware = self.plants.leader_grants_pre_votes && matches!(self.role, Role::Leader(_));
        let protects = self.hears_leader(cx) || self.guards_lease(cx);
        let refuses = self.plants.learners_refuse && !self.plain && !self.config().votes(self.node);
        let granted = term > self.term && up_to_date && (!protects || unaware) && !refuses;
        // Plant: a refusal puts its own candidacy off.
        if !granted && self.stall == Some(Stalling::ResetsTimersOnRefusals) {
            cx.set_timer(ELECTION, self.parameters.election_timeout_max, RaftTimer::Election);
        }
        self.answer_vote(from, if granted { term } else { self.term }, granted, true, cx);
    }

    /// Plant: logs that are longer than its own are refused.
    fn is_jealous(&self, last_index: u64) -> bool {
        self.stall == Some(Stalling::RefusesLongerLogs) && last_index > self.log.last_index()
    }

    fn answer_vote(&mut self, to: NodeId, term: u64, granted: bool, pre: bool, cx: &mut Context<'_, Raft>) {
        if self.journal.wait_for(self.journal.hard_state(), cx) {
            self.say(to, RaftMessage::Vote { term, granted, pre }, cx);
        }
    }

    /// Counts an answer to what is asked for now. A refusal carries the voter's own term, which may be later.
    pub(super) fn on_vote(
        &mut self,
        place: usize,
        term: u64,
        granted: bool,
        pre: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        // Plant: no answer teaches a term.
        let learns = self.stall != Some(Stalling::NeverLearnsTerms);
        if !granted && term > self.term && learns {
            return self.enter_term(term, cx);
        }
        let asked = match self.role {
            Role::PreCandidate(_) => pre && (!granted || term == self.next_term()),
            // Plant R09: a vote of an earlier term counts too.
            Role::Candidate(_) => {
                !pre && (term == self.term || (self.plants.counts_old_votes && granted && term < self.term))
            }
            Role::Follower | Role::Leader(_) => false,
        };
        if asked {
            self.count_answer(place, granted, cx);
        }
    }

    fn count_answer(&mut self, place: usize, granted: bool, cx: &mut Context<'_, Raft>) {
        // Plant H03: half of an even number is enough.
        let quorum = if self.plants.half_elects { self.members.len().div_ceil(2) } else { self.quorum() };
        let (Role::PreCandidate(ballot) | Role::Candidate(ballot)) = &mut self.role else { return };
        if self.plants.counts_votes_twice {
            ballot.answer_again(place, granted);
        } else {
            ballot.answer(place, granted);
        }
        let counted = self.plain || self.plants.counts_votes_twice;
        let granted = |ballot: &Ballot, node: NodeId| {
            let place = self.members.binary_search(&node);
            place.is_ok_and(|place| ballot.answers.get(place) == Some(&Some(true)))
        };
        let won = match &self.role {
            Role::PreCandidate(ballot) | Role::Candidate(ballot) if counted => ballot.granted >= quorum,
            Role::PreCandidate(ballot) | Role::Candidate(ballot) => {
                self.is_majority(|node| granted(ballot, node))
            }
            Role::Follower | Role::Leader(_) => false,
        };
        if !won {
            return;
        }
        if matches!(self.role, Role::PreCandidate(_)) {
            self.start_election(false, cx);
        } else {
            self.become_leader(cx);
        }
    }

    /// A sync ended. A candidate's own vote counts once it is durable, and so do a leader's own entries; a follower
    /// answers for what waited for the disk. A server that cannot write leads nobody; it tries its disk again after a while.
    pub(super) fn on_synced(&mut self, id: SyncId, result: SyncResult, cx: &mut Context<'_, Raft>) {
        self.journal.finish(id, result);
        if result != SyncResult::Ok {
            self.become_follower(cx);
            return cx.set_timer(DISK, self.parameters.disk_retry, RaftTimer::Disk);
        }
        if matches!(self.role, Role::Candidate(_)) && self.hard_state_is_durable() {
            self.count_answer(self.place, true, cx);
        }
        self.commit_by_counting(cx);
        self.pay_owed(cx);
    }

    fn hard_state_is_durable(&self) -> bool {
        self.journal.standing(self.journal.hard_state()) == super::durability::Standing::Durable
    }

    /// Check-quorum: a leader that has not heard from a majority since the last time steps down.
    pub(super) fn on_quorum_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        let quorum = self.quorum();
        let (plain, config, node) = (self.plain, self.config.clone(), self.node);
        let Role::Leader(leadership) = &mut self.role else { return };
        let hears = if plain {
            leadership.count_heard() + 1 >= quorum
        } else if self.plants.learners_count {
            // Plant R32: whoever answers counts, voter or not.
            leadership.count_heard() + 1 > config.0.voters.len() / 2
        } else {
            leadership.hears_majority(|heard| config.0.majority(|other| other == node || heard(other)))
        };
        if hears {
            cx.set_timer(QUORUM, self.parameters.election_timeout_max, RaftTimer::Quorum);
        } else {
            self.become_follower(cx);
        }
    }
}
