//! An agent that claims tasks itself, and keeps claims of others: what its [`Claimant`](crate::gossip::Claimant) wants done.

use sim_core::identity::NodeId;
use sim_core::process::{Context, TimerId};
use sim_core::time::Duration;

use super::beating::BEAT;
use super::{Agent, Boss};
use crate::gossip::{Claimant, SmallMessage, Wish};
use crate::vocabulary::{Coordination, CoordinationMessage as Message, CoordinationTimer as Timer};

const CLAIM: TimerId = TimerId(5);
/// How long it waits at least before it looks again.
const SOON: Duration = Duration::from_millis(1);

impl Agent {
    pub(super) fn claimant_mut(&mut self) -> Option<&mut Claimant> {
        if let Boss::Claimant(own) = &mut self.boss { Some(own) } else { None }
    }

    /// A heartbeat: homes hear what it has.
    pub(super) fn renew_claims(&mut self, cx: &mut Context<'_, Coordination>) {
        let Boss::Claimant(own) = &mut self.boss else { return };
        let worker = &self.worker;
        own.keeps_only(cx.monotonic(), |task, fence| {
            worker.held().any(|held| (held.task, held.fence) == (task, fence))
        });
        own.renew(cx);
        if !own.is_over() {
            cx.set_timer(BEAT, self.team.place.parameters.heartbeat, Timer::Beat);
        }
    }

    /// Hears a claimant or a home; whether the message was of that kind.
    pub(super) fn hear_claims(
        &mut self,
        from: NodeId,
        message: &Message,
        cx: &mut Context<'_, Coordination>,
    ) -> bool {
        let small = match *message {
            Message::Claim { task, fence, sequence } => SmallMessage::Claim(task, fence, sequence),
            Message::Claimed { task, fence, attempt, sequence } => {
                SmallMessage::Claimed(task, fence, attempt, sequence)
            }
            Message::Taken { task, fence, wait } => SmallMessage::Taken(task, fence, wait),
            Message::Noted { task, fence, agent } => SmallMessage::Noted(task, fence, agent),
            Message::Release { task, fence, ending } => {
                let own = self.claimant_mut();
                own.into_iter().for_each(|own| own.released(task, fence, ending, cx));
                return true;
            }
            _ => return false,
        };
        if matches!(small, SmallMessage::Claim(..)) {
            cx.work(self.team.place.parameters.handling);
        }
        let own = self.claimant_mut();
        own.into_iter().for_each(|own| own.hear(from, small, cx));
        true
    }

    /// Asks for a task if a slot is free, and does what follows; sets the timer for what comes next.
    pub(super) fn claim(&mut self, cx: &mut Context<'_, Coordination>) {
        let queue = self.team.place.parameters.queue as usize;
        // A task that it may have takes its slot before it asks for another one.
        self.fulfil_wishes(cx);
        while self.worker.room() > queue {
            let Some(own) = self.claimant_mut() else { return };
            own.ask_next(cx);
            if !self.fulfil_wishes(cx) {
                break;
            }
        }
        let free = self.worker.room() > queue;
        let Some(own) = self.claimant_mut() else { return };
        if let Some(at) = own.next_deadline(free)
            && own.armed.replace(at) != Some(at)
        {
            cx.set_timer(CLAIM, at.since(cx.monotonic()).max(SOON), Timer::Claim);
        }
    }

    /// The timer for what comes next fired.
    pub(super) fn claim_again(&mut self, cx: &mut Context<'_, Coordination>) {
        if let Some(own) = self.claimant_mut() {
            own.armed = None;
            own.give_up_question(cx);
        }
    }

    /// Does what the claimant wants done; whether that was anything.
    fn fulfil_wishes(&mut self, cx: &mut Context<'_, Coordination>) -> bool {
        let wishes = self.claimant_mut().map(|own| std::mem::take(&mut own.wishes)).unwrap_or_default();
        let any = !wishes.is_empty();
        wishes.into_iter().for_each(|wish| self.fulfil(wish, cx));
        any
    }

    fn fulfil(&mut self, wish: Wish, cx: &mut Context<'_, Coordination>) {
        match wish {
            Wish::Send(to, message) => self.send(to, message.message(), cx),
            Wish::Take(order) => self.worker.take(order, cx),
            Wish::Renew(fence, until) => self.worker.renew_one(fence, until, cx),
            Wish::Drop(fence) => self.worker.drop_fences(&[fence], cx),
            Wish::Over(task) => {
                let fences: Vec<u64> =
                    self.worker.held().filter(|held| held.task == task).map(|held| held.fence).collect();
                self.worker.drop_fences(&fences, cx);
            }
            Wish::Open => {
                let own = self.claimant_mut();
                own.into_iter().for_each(Claimant::reopen);
                self.open(cx);
            }
            Wish::AskWitness => {
                let now = cx.monotonic();
                let question = self.claimant_mut().map(|own| own.witness_question(now));
                question.into_iter().for_each(|question| cx.send(self.team.place.sink, question));
            }
            Wish::Ask => {
                let known = self.claimant_mut().map(|own| own.known());
                known.into_iter().for_each(|known| self.ask(known, cx));
            }
        }
    }
}
