//! Views and timeouts: when a member gives up on a leader, and how members find a view together.
//!
//! Who gives up votes in no view of the leader's turn any more, and tells all. f + 1 that give up are joined. A quorum of
//! them makes a timeout certificate, which begins the next leader's turn.

use sim_core::process::Context;
use sim_core::time::Duration;

use super::blocks::{TimedOut, TimedOutAll, Timeout, TimeoutCertificate, timeout_statement};
use super::parameters::DOUBLINGS;
use super::replica::{IDLE, Replica, VIEW};
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffRecord, HotstuffTimer};
use crate::certificate::Refusal;
use crate::shared::Shared;
use crate::vote::{Stage, Vote};

impl Replica {
    fn patience(&self) -> Duration {
        self.parameters.view_timeout.saturating_mul(1 << self.attempts.min(DOUBLINGS))
    }

    /// Waits for the leader, if there is anything to wait for. Once there is not, it tells all how far it is, after a while:
    /// votes go to leaders alone, so that a member that a leader left out learns of nothing where nobody asks for more.
    pub(super) fn keep_watch(&mut self, cx: &mut Context<'_, Hotstuff>) {
        let work = self.has_work() && !self.forked;
        if work && !self.waiting {
            cx.set_timer(VIEW, self.patience(), HotstuffTimer::View);
            cx.cancel_timer(IDLE);
        } else if !work && self.waiting {
            cx.cancel_timer(VIEW);
            cx.set_timer(IDLE, self.parameters.view_timeout, HotstuffTimer::Idle);
        }
        self.waiting = work;
    }

    fn watch_anew(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if self.waiting {
            cx.set_timer(VIEW, self.patience(), HotstuffTimer::View);
        }
    }

    /// Goes on to a later view.
    pub(super) fn enter(&mut self, view: u64, timeout: bool, cx: &mut Context<'_, Hotstuff>) {
        let handed_over = self.turns.leader(view) != self.turns.leader(self.view);
        self.view = view;
        self.votes = self.votes.split_off(&(view.saturating_sub(1), Stage::Propose));
        self.timeouts.retain(|_, timeout| timeout.vote.statement.view > view);
        let leader = self.leads();
        self.outbox.report(HotstuffObservation::Entered { view, leader, timeout });
        if handed_over && !leader {
            self.pass_on(cx);
        }
        self.watch_anew(cx);
    }

    /// The leader of this view took too long, or the next one does not begin.
    pub(super) fn on_view_timeout(&mut self, cx: &mut Context<'_, Hotstuff>) {
        if self.has_work() && !self.forked {
            self.waiting = false;
            self.attempts += 1;
            let view = self.turns.after(self.view).max(self.given_up);
            self.give_up(view, cx);
        }
        self.keep_watch(cx);
    }

    /// Votes in no view before this one, and says so.
    fn give_up(&mut self, view: u64, cx: &mut Context<'_, Hotstuff>) {
        self.given_up = view;
        let high = self.high.clone();
        if !self.plants.vote_not_durable {
            self.outbox.record(HotstuffRecord::GaveUp { view, high: high.clone() }, cx);
        }
        self.outbox.report(HotstuffObservation::Suspected { view });
        let vote = Vote::sign(timeout_statement(view, high.statement.view), cx);
        let timeout = Shared::new(TimedOut { vote, high });
        self.timeouts.insert(self.me, timeout.clone());
        self.outbox.tell_all(HotstuffMessage::Timeout(timeout));
        self.count_timeouts(cx);
    }

    /// A member gives up on a leader.
    pub(super) fn on_timeout(&mut self, timeout: &Timeout, cx: &mut Context<'_, Hotstuff>) {
        let (said, signer) = (timeout.vote.statement, timeout.vote.signer());
        if said.view <= self.view {
            // It lags: what led here leads it here as well.
            let source = self.source;
            return self.answer_tip(source, cx);
        }
        if signer.0 >= self.members || self.timeouts.get(&signer) == Some(timeout) {
            return;
        }
        if let Err(reason) = self.judge_giving_up(timeout, cx) {
            return self.refuse("timeout", reason);
        }
        self.learn(&timeout.high, cx);
        let known = self.timeouts.get(&signer).map_or(0, |known| known.vote.statement.view);
        if said.view >= known && said.view > self.view {
            self.timeouts.insert(signer, timeout.clone());
            self.count_timeouts(cx);
        }
        self.propose(cx);
        self.keep_watch(cx);
    }

    fn judge_giving_up(&self, timeout: &Timeout, cx: &mut Context<'_, Hotstuff>) -> Result<(), Refusal> {
        let said = timeout.vote.statement;
        // Only turns are given up, and no member knows a certificate of a view that has not begun.
        let begins = self.turns.after(said.view - 1) == said.view;
        if said != timeout_statement(said.view, timeout.high.statement.view)
            || !begins
            || timeout.high.statement.view >= said.view
        {
            return Err(Refusal::OffTopic);
        }
        if !timeout.vote.verify(cx) {
            return Err(Refusal::BadSignature);
        }
        self.judge_certificate(&timeout.high, Stage::Prepare, cx)
    }

    /// f + 1 members want a later view: this one joins them. A quorum wants what it wants: the view begins.
    fn count_timeouts(&mut self, cx: &mut Context<'_, Hotstuff>) {
        let wanted = |timeout: &Timeout| timeout.vote.statement.view;
        let mine = self.given_up.max(self.view);
        let later: Vec<u64> = self.timeouts.values().map(wanted).filter(|view| *view > mine).collect();
        if later.len() >= self.quorum.one_honest() as usize
            && let Some(first) = later.iter().min()
        {
            self.attempts += 1;
            return self.give_up(*first, cx);
        }
        if self.given_up <= self.view {
            return;
        }
        let view = self.given_up;
        let same = || self.timeouts.values().filter(|timeout| wanted(timeout) == view);
        if (same().count() as u64) < u64::from(self.votes_needed()) {
            return;
        }
        let votes: Vec<Vote> = same().map(|timeout| timeout.vote).collect();
        let Some(highest) = same().max_by_key(|timeout| timeout.high.statement.view) else { return };
        let high = highest.high.clone();
        self.learn_timeout(&Shared::new(TimedOutAll { view, votes, high }), cx);
        self.propose(cx);
    }

    /// A quorum gave up every view before one.
    pub(super) fn learn_timeout(&mut self, timeout: &TimeoutCertificate, cx: &mut Context<'_, Hotstuff>) {
        self.learn(&timeout.high, cx);
        if timeout.view <= self.view {
            return;
        }
        // Plant: only who leads goes on.
        if self.plants.leader_enters_alone && self.turns.leader(timeout.view) != self.me {
            return;
        }
        self.timeout = Some(timeout.clone());
        self.enter(timeout.view, true, cx);
    }
}
