//! The two votes of a round, and what they lead to (the paper's Algorithm 1, by line).

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::block::NIL;
use super::replica::{Lock, PRECOMMIT, PREVOTE, Replica, Round, Step};
use super::vocabulary::{
    Tendermint, TendermintMessage, TendermintObservation, TendermintRecord, TendermintTimer,
};
use crate::certificate::{Certificate, Refusal, Signed};
use crate::vote::{Stage, Statement, Vote};

/// Of rounds before and after the present one, no more than this are kept.
pub(super) const ROUNDS_KEPT: u64 = 8;

impl Replica {
    /// A member votes; `from` brings it.
    pub(super) fn on_vote(
        &mut self,
        from: NodeId,
        vote: &Vote,
        polka: Option<&Certificate>,
        cx: &mut Context<'_, Tendermint>,
    ) {
        let said = vote.statement;
        let signer = vote.signer();
        if signer.0 >= self.members || !matches!(said.stage, Stage::Prevote | Stage::Precommit) {
            return;
        }
        if said.stage == Stage::Precommit && said.digest.0 != NIL {
            self.learn_polka(from, said, polka, cx);
        }
        let tally = self.rounds.get(&said.view).map(|round| round.tally(said.stage));
        let voted = tally.is_some_and(|tally| tally.voted(signer));
        let contradicts = voted && self.rounds.get(&said.view).is_some_and(|round| round.contradicts(vote));
        if voted && !contradicts && !self.plants.votes_by_message {
            return;
        }
        if !vote.verify(cx) {
            return self.refuse("vote", Refusal::BadSignature);
        }
        // Plant: a vote before its proposal is the end of this height.
        let early = self.rounds.get(&said.view).is_none_or(|round| round.proposal.is_none());
        self.blocked |= self.plants.early_votes_block && early && said.digest.0 != NIL;
        if contradicts {
            return self.report_evidence(vote);
        }
        self.count(vote);
        self.heard_of_round(signer, said.view, cx);
        self.advance(cx);
    }

    /// Whether what is said of a round is kept.
    pub(super) const fn keeps_round(&self, round: u64) -> bool {
        round <= self.round.saturating_add(ROUNDS_KEPT) && round.saturating_add(ROUNDS_KEPT) >= self.round
    }

    /// Counts a vote of a round that is kept. Others only tell how far their signers are.
    pub(super) fn count(&mut self, vote: &Vote) {
        let said = vote.statement;
        if !self.keeps_round(said.view) {
            return;
        }
        let power = self.power_of(vote.signer());
        let round = self.rounds.entry(said.view).or_default();
        let tally = if said.stage == Stage::Prevote { &mut round.prevotes } else { &mut round.precommits };
        if tally.fold_power(&vote.signature, said.digest.0, power) {
            round.votes.push(*vote);
        } else if self.plants.votes_by_message {
            round.repeated.push((said, power));
        }
    }

    /// A member is in a round. Line 55: if members with a power of f + 1 are in later ones, this one goes along; and it
    /// begins to work if it has not.
    pub(super) fn heard_of_round(&mut self, signer: NodeId, round: u64, cx: &mut Context<'_, Tendermint>) {
        let reached = round.saturating_add(1);
        let own = self.round.saturating_add(u64::from(self.step != Step::Idle));
        let Some(ahead) = self.ahead.get_mut(signer.index()).filter(|ahead| **ahead < reached) else {
            return;
        };
        *ahead = reached;
        if reached <= own {
            return;
        }
        let members = (0..self.members).map(NodeId);
        let mut later: Vec<(u64, u32)> = members
            .map(|node| (self.ahead[node.index()], self.power_of(node)))
            .filter(|(reached, _)| *reached > own)
            .collect();
        later.sort_unstable_by(|one, other| other.cmp(one));
        let mut power = 0;
        let vouched = later.into_iter().find(|(_, more)| {
            power += more;
            power >= self.quorum.one_honest()
        });
        if let Some((reached, _)) = vouched {
            self.start_round(reached - 1, cx);
        }
    }

    /// How much power voted so.
    fn backed(&self, round: &Round, stage: Stage, block: u64) -> u32 {
        let same = |(said, _): &&(Statement, u32)| said.stage == stage && said.digest.0 == block;
        let repeated: u32 = round.repeated.iter().filter(same).map(|(_, power)| power).sum();
        round.tally(stage).backed(block) + repeated
    }

    /// A block that a quorum voted for.
    fn winner(&self, round: &Round, stage: Stage) -> Option<u64> {
        let needed = self.votes_needed();
        let tally = round.tally(stage);
        if tally.power() < needed && round.repeated.is_empty() {
            return None;
        }
        tally.values().find(|block| *block != NIL && self.backed(round, stage, *block) >= needed)
    }

    /// Does what this member has heard allows, at its height and in its round.
    pub(super) fn advance(&mut self, cx: &mut Context<'_, Tendermint>) {
        if self.blocked || self.decide_if_possible(cx) || self.step == Step::Idle {
            return;
        }
        self.prevote_if_proposed(cx);
        self.look_for_polka(cx);
        let needed = self.votes_needed();
        let (height, number, step) = (self.height, self.round, self.step);
        let Some(round) = self.rounds.get_mut(&number) else { return };
        let timeout = self.parameters.in_round(self.parameters.vote_timeout, number);
        // Line 44.
        if step == Step::Prevote && round.prevotes.backed(NIL) >= needed {
            return self.precommit(NIL, None, cx);
        }
        // Line 34.
        if step == Step::Prevote && round.prevotes.power() >= needed && !round.prevote_timer {
            round.prevote_timer = true;
            cx.set_timer(PREVOTE, timeout, TendermintTimer::Prevote { height, round: number });
        }
        // Line 47.
        if round.precommits.power() >= needed && !round.precommit_timer {
            round.precommit_timer = true;
            cx.set_timer(PRECOMMIT, timeout, TendermintTimer::Precommit { height, round: number });
        }
    }

    /// Lines 22 and 28.
    fn prevote_if_proposed(&mut self, cx: &mut Context<'_, Tendermint>) {
        if self.step != Step::Propose {
            return;
        }
        let proposal = self.rounds.get(&self.round).and_then(|round| round.proposal.clone());
        if let Some(proposal) = proposal {
            self.prevote(self.choose(&proposal), cx);
        }
    }

    /// Says what it prevotes for in this round.
    pub(super) fn prevote(&mut self, block: u64, cx: &mut Context<'_, Tendermint>) {
        self.step = Step::Prevote;
        let (height, round) = (self.height, self.round);
        let vote = Vote::sign(Statement::new(Stage::Prevote, round, height, block), cx);
        self.rounds.entry(round).or_default().prevoted = Some(block);
        self.record_vote(vote, cx);
        self.outbox.report(TendermintObservation::Prevoted { height, round, block: ContentHash(block) });
        self.outbox.tell_all(TendermintMessage::Prevote(vote));
        self.count(&vote);
    }

    /// Says what it precommits to in this round.
    pub(super) fn precommit(
        &mut self,
        block: u64,
        polka: Option<Certificate>,
        cx: &mut Context<'_, Tendermint>,
    ) {
        self.step = Step::Precommit;
        let vote = Vote::sign(Statement::new(Stage::Precommit, self.round, self.height, block), cx);
        self.rounds.entry(self.round).or_default().precommitted = Some(block);
        self.record_vote(vote, cx);
        self.outbox.tell_all(TendermintMessage::Precommit { vote, polka });
        self.count(&vote);
        self.advance(cx);
    }

    fn record_vote(&mut self, vote: Vote, cx: &mut Context<'_, Tendermint>) {
        // Plant: votes are in memory only.
        if !self.plants.votes_in_memory {
            self.outbox.record(TendermintRecord::Voted(vote), cx);
        }
    }

    /// Line 36: a quorum prevoted for the block that was proposed in this round.
    fn look_for_polka(&mut self, cx: &mut Context<'_, Tendermint>) {
        if self.step < Step::Prevote {
            return;
        }
        let Some(round) = self.rounds.get(&self.round) else { return };
        if round.polka.is_none() {
            let Some(block) = self.winner(round, Stage::Prevote) else { return };
            let backing = round.prevotes.backing(block).cloned().unwrap_or_default();
            let said = Statement::new(Stage::Prevote, self.round, self.height, block);
            let polka = Signed::certificate(said, &backing, self.parameters.signatures);
            self.note_polka(polka);
        }
        let Some(polka) = self.rounds.get(&self.round).and_then(|round| round.polka.clone()) else { return };
        let block = polka.statement.digest.0;
        if self.step == Step::Prevote && self.blocks.contains_key(&block) {
            self.lock(block, polka, cx);
        }
    }

    /// A quorum prevoted for a block: if it is known, it is the latest that may be decided.
    pub(super) fn note_polka(&mut self, polka: Certificate) {
        let Statement { view: round, height, digest: block, .. } = polka.statement;
        let newer = self.valid.as_ref().is_none_or(|(_, known)| known.statement.view < round);
        if let Some(known) = self.blocks.get(&block.0).filter(|_| newer) {
            self.valid = Some((known.clone(), polka.clone()));
        }
        let place = self.rounds.entry(round).or_default();
        if place.polka.is_none() {
            place.polka = Some(polka);
            self.outbox.report(TendermintObservation::Polka { height, round, block });
        }
    }

    /// Precommits to a block, and keeps to it.
    fn lock(&mut self, block: u64, polka: Certificate, cx: &mut Context<'_, Tendermint>) {
        // Plant: who is locked on something else stays so.
        if self.plants.never_relocks && self.locked.is_some_and(|lock| lock.block != block) {
            return self.precommit(NIL, None, cx);
        }
        let (height, round) = (self.height, self.round);
        let Some(known) = self.blocks.get(&block).cloned() else { return };
        self.locked = Some(Lock { round, block });
        if self.valid.as_ref().is_none_or(|(_, known)| known.statement.view < round) {
            self.valid = Some((known.clone(), polka.clone()));
        }
        if !self.plants.votes_in_memory {
            self.outbox.record(TendermintRecord::Locked { block: known, polka: polka.clone() }, cx);
        }
        self.outbox.report(TendermintObservation::Locked { height, round, block: ContentHash(block) });
        self.precommit(block, Some(polka), cx);
    }

    /// A precommit shows why it was made: whoever did not see these prevotes sees them now.
    fn learn_polka(
        &mut self,
        from: NodeId,
        said: Statement,
        polka: Option<&Certificate>,
        cx: &mut Context<'_, Tendermint>,
    ) {
        let Some(polka) = polka.filter(|_| self.keeps_round(said.view)) else { return };
        let known = self.rounds.get(&said.view).is_some_and(|round| round.polka.is_some());
        if !known {
            self.touch(polka);
            let topic = polka.statement == Statement { stage: Stage::Prevote, ..said };
            let verdict = match topic {
                true => polka.verify_power(self.members, self.parameters.power, self.votes_needed(), cx),
                false => Err(Refusal::OffTopic),
            };
            if let Err(reason) = verdict {
                return self.refuse("prevote certificate", reason);
            }
            self.note_polka(polka.clone());
        }
        if !self.blocks.contains_key(&said.digest.0)
            && self.rounds.entry(said.view).or_default().wanted.insert(from)
        {
            self.outbox.tell(from, TendermintMessage::Want { height: said.height, block: said.digest });
        }
    }

    /// Line 49: a quorum precommitted to a block, in any round.
    fn decide_if_possible(&mut self, cx: &mut Context<'_, Tendermint>) -> bool {
        let decided = self.rounds.iter().find_map(|(number, round)| {
            let block = self.winner(round, Stage::Precommit)?;
            self.blocks.contains_key(&block).then_some((*number, block))
        });
        let Some((number, hash)) = decided else { return false };
        let (Some(round), Some(block)) = (self.rounds.get(&number), self.blocks.get(&hash).cloned()) else {
            return false;
        };
        let backing = round.precommits.backing(hash).cloned().unwrap_or_default();
        let said = Statement::new(Stage::Precommit, number, self.height, hash);
        let certificate = Signed::certificate(said, &backing, self.parameters.signatures);
        self.decide(&certificate, &block, cx);
        true
    }
}
