//! Timeouts: of a proposal, of prevotes and of precommits; they grow with the round.

use sim_core::process::Context;

use super::block::NIL;
use super::replica::{PROPOSE, Replica, Step};
use super::vocabulary::{Tendermint, TendermintObservation, TendermintTimer};

impl Replica {
    /// A restarted member goes on in the round in which it signed last.
    pub(super) fn resume_round(&mut self, cx: &mut Context<'_, Tendermint>) {
        let (height, round) = (self.height, self.round);
        if self.step == Step::Propose {
            let timeout = self.parameters.in_round(self.parameters.propose_timeout, round);
            cx.set_timer(PROPOSE, timeout, TendermintTimer::Propose { height, round });
        }
        self.expect_more(cx);
        self.advance(cx);
    }

    fn is_now(&self, height: u64, round: u64) -> bool {
        (height, round) == (self.height, self.round) && !self.blocked
    }

    fn report_timeout(&mut self, step: &'static str) {
        let (height, round) = (self.height, self.round);
        self.outbox.report(TendermintObservation::TimedOut { height, round, step });
    }

    /// Line 57.
    pub(super) fn on_propose_timeout(&mut self, height: u64, round: u64, cx: &mut Context<'_, Tendermint>) {
        if self.is_now(height, round) && self.step == Step::Propose {
            self.report_timeout("propose");
            self.pass_on_requests();
            self.prevote(NIL, cx);
            self.advance(cx);
        }
    }

    /// Line 61.
    pub(super) fn on_prevote_timeout(&mut self, height: u64, round: u64, cx: &mut Context<'_, Tendermint>) {
        if self.is_now(height, round) && self.step == Step::Prevote {
            self.report_timeout("prevote");
            self.precommit(NIL, None, cx);
        }
    }

    /// Line 65.
    pub(super) fn on_precommit_timeout(&mut self, height: u64, round: u64, cx: &mut Context<'_, Tendermint>) {
        if self.is_now(height, round) {
            self.report_timeout("precommit");
            // More than f traitors can lead the honest to the last round that there is.
            if let Some(next) = round.checked_add(1) {
                self.start_round(next, cx);
            }
        }
    }
}
