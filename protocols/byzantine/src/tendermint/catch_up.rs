//! Who was left behind asks others for what it lacks, and is told.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replica::{FETCH, Replica, Step};
use super::vocabulary::{Block, Tendermint, TendermintMessage, TendermintTimer};
use crate::certificate::{Certificate, Refusal};
use crate::vote::{Stage, Statement};

/// Who asks is told no more decided blocks at a time.
const BLOCKS_AT_ONCE: u64 = 32;
/// Of what a member says about the next height, no more than this is kept.
const EARLY_KEPT: usize = 16;

impl Replica {
    /// Whether a message is about this height. Who is behind is told what is decided; what is about the next height waits
    /// for that.
    pub(super) fn is_timely(
        &mut self,
        from: NodeId,
        message: &TendermintMessage,
        cx: &mut Context<'_, Tendermint>,
    ) -> bool {
        let said = match message {
            TendermintMessage::Proposal(proposal) => proposal.vote.statement,
            TendermintMessage::Prevote(vote) | TendermintMessage::Precommit { vote, .. } => vote.statement,
            TendermintMessage::Status { height, .. } => {
                self.claim(from, *height, cx);
                return true;
            }
            _ => return true,
        };
        if said.height < self.height {
            self.help(from, said);
            return false;
        }
        self.claim(from, said.height, cx);
        if said.height == self.height + 1 {
            let kept = self.early.entry(from).or_default();
            if kept.len() < EARLY_KEPT {
                kept.push(message.clone());
            }
        }
        said.height == self.height
    }

    /// A member works on a height.
    fn claim(&mut self, from: NodeId, height: u64, cx: &mut Context<'_, Tendermint>) {
        let claim = &mut self.claims[from.index()];
        if height > *claim {
            *claim = height;
            if height > self.height {
                self.expect_more(cx);
            }
        }
    }

    /// A member votes in a later round than the one that decided: it does not know.
    fn help(&mut self, from: NodeId, said: Statement) {
        let place = said.height.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let decided = place.and_then(|place| self.chain.get(place));
        let lacks = decided.is_some_and(|(certificate, _)| said.view > certificate.statement.view);
        if lacks && self.told[from.index()] < said.height {
            self.tell_decided(from, said.height);
        }
    }

    /// Tells a member what is decided from a height on, and how far this goes.
    fn tell_decided(&mut self, to: NodeId, first: u64) {
        let last = (self.height - 1).min(first.saturating_add(BLOCKS_AT_ONCE - 1));
        let place = |height: u64| usize::try_from(height).unwrap_or(usize::MAX);
        let blocks = self.chain.get(place(first.max(1) - 1)..place(last)).unwrap_or_default().to_vec();
        for (certificate, block) in blocks {
            self.outbox.tell(to, TendermintMessage::Committed { certificate, block });
        }
        self.told[to.index()] = last;
        if last < self.height - 1 {
            self.report_status(Some(to));
        }
    }

    /// If this member does not come further by itself, it asks.
    pub(super) fn expect_more(&mut self, cx: &mut Context<'_, Tendermint>) {
        let now = (self.height, self.round);
        if self.fetching.is_none_or(|(height, round, _)| self.asking.hurries((height, round), now)) {
            self.fetching = Some((self.height, self.round, self.step));
            let wait = self.asking.wait(now, self.parameters.fetch_interval);
            cx.set_timer(FETCH, wait, TendermintTimer::Fetch);
        }
    }

    pub(super) fn on_fetch_timeout(&mut self, cx: &mut Context<'_, Tendermint>) {
        let stuck = self.fetching.take() == Some((self.height, self.round, self.step));
        let further = |claim: &&u64| **claim > self.height;
        let behind = self.claims.iter().filter(further).count();
        if stuck && (behind > 0 || self.step != Step::Idle) {
            self.ask(behind, cx);
        }
        if self.step != Step::Idle || (behind > 0 && (!stuck || self.is_behind())) {
            self.expect_more(cx);
        }
    }

    /// Whether an honest member works on a later height for certain.
    fn is_behind(&self) -> bool {
        let members = (0..self.members).map(NodeId).filter(|node| self.claims[node.index()] > self.height);
        self.parameters.power.sum(members) >= self.quorum.one_honest()
    }

    /// Asks some members, of which one is honest: those who say that they are further, or else anybody.
    fn ask(&mut self, further: usize, cx: &mut Context<'_, Tendermint>) {
        let height = self.height;
        self.asking.asked((height, self.round));
        let further = further > self.quorum.faulty() as usize || (further > 0 && self.step == Step::Idle);
        let able = |node: &NodeId| *node != self.me && (!further || self.claims[node.index()] > height);
        let able: Vec<NodeId> = (0..self.members).map(NodeId).filter(able).collect();
        let first = cx.rng().below(able.len().max(1) as u64) as usize;
        let asked = able.iter().cycle().skip(first).take(able.len());
        let mut power = 0;
        for node in asked {
            if power >= self.quorum.one_honest() {
                break;
            }
            power += self.power_of(*node);
            self.report_status(Some(*node));
        }
    }

    /// Tells a peer, or all, where it is.
    pub(super) fn report_status(&mut self, to: Option<NodeId>) {
        let status = TendermintMessage::Status { height: self.height, round: self.round };
        match to {
            Some(peer) => self.outbox.tell(peer, status),
            None => self.outbox.tell_all(status),
        }
    }

    /// A peer says where it is: it is told what it lacks, and again what it may not have heard.
    pub(super) fn on_status(&mut self, peer: NodeId, height: u64, round: u64) {
        if height < self.height {
            self.tell_decided(peer, height);
        } else if height == self.height && round <= self.round && self.step != Step::Idle {
            // What ended an earlier round may be known only here; without it the peer does not leave that round.
            if round < self.round {
                self.tell_round(peer, round);
            }
            self.tell_round(peer, self.round);
        }
    }

    /// Says what it knows of a round: the proposal, and every vote.
    fn tell_round(&mut self, peer: NodeId, round: u64) {
        let Some(round) = self.rounds.get(&round) else { return };
        let polka = |vote: &crate::vote::Vote| {
            let same = |polka: &&Certificate| polka.statement.digest == vote.statement.digest;
            round.polka.as_ref().filter(same).cloned()
        };
        let votes =
            round.votes.iter().filter(|vote| vote.signer() != peer).map(|vote| match vote.statement.stage {
                Stage::Prevote => TendermintMessage::Prevote(*vote),
                _ => TendermintMessage::Precommit { vote: *vote, polka: polka(vote) },
            });
        let proposal = round.proposal.clone().map(TendermintMessage::Proposal);
        let said: Vec<TendermintMessage> = proposal.into_iter().chain(votes).collect();
        said.into_iter().for_each(|message| self.outbox.tell(peer, message));
    }

    /// A peer lacks a block that may be decided.
    pub(super) fn on_want(&mut self, peer: NodeId, height: u64, block: u64) {
        if height < self.height {
            self.tell_decided(peer, height);
        } else if let Some(block) = self.blocks.get(&block).filter(|block| block.height == height) {
            let block = block.clone();
            self.outbox.tell(peer, TendermintMessage::Wanted(block));
        }
    }

    /// A peer sends a block. It is what it is asked for if a quorum prevoted for it.
    pub(super) fn on_wanted(&mut self, block: &Block, cx: &mut Context<'_, Tendermint>) {
        let hash = block.hash();
        let mut polkas = self.rounds.values().filter_map(|round| round.polka.as_ref());
        let prevoted = polkas.any(|polka| polka.statement.digest.0 == hash);
        drop(polkas);
        if prevoted && block.height == self.height && !self.blocks.contains_key(&hash) {
            self.keep_block(hash, block);
            self.advance(cx);
        }
    }

    /// A peer proves that a block is decided.
    pub(super) fn on_committed(
        &mut self,
        certificate: &Certificate,
        block: &Block,
        cx: &mut Context<'_, Tendermint>,
    ) {
        if block.height != self.height {
            return;
        }
        self.touch(certificate);
        let view = certificate.statement.view;
        let expected = Statement::new(Stage::Precommit, view, self.height, block.hash());
        let verdict = if certificate.statement != expected || block.parent != ContentHash(self.parent()) {
            Err(Refusal::OffTopic)
        } else {
            certificate.verify_power(self.members, self.parameters.power, self.votes_needed(), cx)
        };
        match verdict {
            Err(reason) => self.refuse("commit certificate", reason),
            Ok(()) => self.decide(certificate, block, cx),
        }
    }

    /// Plant: looks at a certificate before it is checked.
    pub(super) fn touch(&self, certificate: &Certificate) {
        if self.plants.malformed_panics {
            let signers: Vec<NodeId> = certificate.signers.iter().collect();
            let first = signers[0];
            debug_assert!(signers.contains(&first));
        }
    }
}
