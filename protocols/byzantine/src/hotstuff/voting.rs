//! Votes: what a member may vote for, and what a quorum of votes makes.

use sim_core::process::Context;

use super::blocks::Block;
use super::parameters::Rule;
use super::replica::{COLLECT, Replica, rank};
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffRecord, HotstuffTimer};
use crate::certificate::{Refusal, Signed};
use crate::vote::{Stage, Statement, Vote};

/// Votes of views so many turns ahead are kept, for who is late.
const AHEAD: u64 = 4;

impl Replica {
    /// Whether a block may be voted for, by what this member knows others may have committed.
    fn is_safe(&self, block: &Block) -> bool {
        let parent = block.justify.statement;
        // Plant: nobody looks.
        if self.plants.lock_ignored {
            return true;
        }
        match self.parameters.rule {
            // What extends the lock has a certificate of the lock's own view, or of a later one.
            Rule::Basic | Rule::ThreeChain => {
                let lock = self.lock.statement;
                parent.view > lock.view || (parent.view == lock.view && parent.digest == lock.digest)
            }
            Rule::TwoChain => {
                let timeout = block.timeout.as_ref().filter(|timeout| timeout.view == block.view);
                parent.view.saturating_add(1) == block.view
                    || timeout.is_some_and(|timeout| parent.view >= timeout.high.statement.view)
            }
        }
    }

    /// Votes for a block of this view, if it may.
    pub(super) fn vote_for(&mut self, block: &Block, cx: &mut Context<'_, Hotstuff>) {
        let first = (block.view, rank(Stage::Prepare)) > self.voted;
        // Plant: a second block of a view is voted for as well.
        let again = self.plants.second_proposal && block.view == self.voted.0;
        if block.view < self.given_up || !(first || again) {
            return;
        }
        if !self.is_safe(block) {
            return self.refuse("block", Refusal::WrongConclusion);
        }
        self.cast(Statement::new(Stage::Prepare, block.view, block.height, block.hash()), cx);
    }

    /// Signs a vote, writes that down, and tells who collects it.
    pub(super) fn cast(&mut self, statement: Statement, cx: &mut Context<'_, Hotstuff>) {
        let Statement { stage, view, height, digest } = statement;
        self.voted = (view, rank(stage));
        // Plant: it is in memory only.
        if !self.plants.vote_not_durable {
            let (high, lock) = (self.high.clone(), self.lock.clone());
            self.outbox.record(HotstuffRecord::Voted { view, stage, high, lock }, cx);
        }
        let vote = Vote::sign(statement, cx);
        self.last_vote = Some(vote);
        let lock = self.lock.statement.view;
        self.outbox.report(HotstuffObservation::Voted { view, stage, height, digest, lock });
        let collector = self.collector(view);
        if collector == self.me {
            self.count(&vote, cx);
        } else {
            self.outbox.tell(collector, HotstuffMessage::Vote(vote));
        }
    }

    /// A member votes.
    pub(super) fn on_vote(&mut self, vote: &Vote, cx: &mut Context<'_, Hotstuff>) {
        let Statement { stage, view, .. } = vote.statement;
        let far = self.view.saturating_add(AHEAD * self.parameters.views_per_leader);
        let stages: &[Stage] = if self.is_basic() {
            &[Stage::Prepare, Stage::Precommit, Stage::Commit]
        } else {
            &[Stage::Prepare]
        };
        let late = if self.is_basic() { view < self.view } else { view <= self.high.statement.view };
        if vote.signer().0 >= self.members
            || !stages.contains(&stage)
            || view == 0
            || late
            || view > far
            || self.collector(view) != self.me
        {
            return;
        }
        if !vote.verify(cx) {
            return self.refuse("vote", Refusal::BadSignature);
        }
        self.count(vote, cx);
    }

    fn count(&mut self, vote: &Vote, cx: &mut Context<'_, Hotstuff>) {
        let said = vote.statement;
        let needed = self.votes_needed();
        let tally = self.votes.entry((said.view, said.stage)).or_default();
        // Everything that is signed counts: votes for one block at two heights would spoil a certificate.
        let key = said.signed_content();
        if !tally.fold(&vote.signature, key) {
            return;
        }
        let votes = tally.votes(key);
        // Control: it waits for all, but not for long.
        if self.plants.waits_for_all && votes >= needed && votes < self.members {
            self.late.push(said);
            return cx.set_timer(COLLECT, self.parameters.fetch_interval, HotstuffTimer::Collect);
        }
        if votes == needed || (self.plants.waits_for_all && votes > needed) {
            self.certify(said, cx);
        }
    }

    /// Control: those who have not voted are waited for no longer.
    pub(super) fn collect_late(&mut self, cx: &mut Context<'_, Hotstuff>) {
        for said in std::mem::take(&mut self.late) {
            self.certify(said, cx);
        }
    }

    /// Makes a certificate of the votes for this.
    fn certify(&mut self, said: Statement, cx: &mut Context<'_, Hotstuff>) {
        let tally = self.votes.get(&(said.view, said.stage));
        let Some(backing) = tally.and_then(|tally| tally.backing(said.signed_content())) else { return };
        let certificate = Signed::certificate(said, backing, self.parameters.signatures);
        if self.is_basic() {
            self.show_certificate(&certificate, cx);
        } else {
            self.learn(&certificate, cx);
            self.propose(cx);
            self.keep_watch(cx);
        }
    }
}
