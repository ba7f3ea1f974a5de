//! Agents that do not answer: cut off or gone, as the sink knows; and whom SWIM holds dead, where agents are its members.
//!
//! Every agent that has not seen the end of all tasks asks the sink once in a `poll`. So the sink is a witness that both have in
//! common, as for a coordinator (`hub/silence.rs`): whom it did not hear in two answers is gone. Whom it heard lately, long after the silence
//! began, is asked for a task once more when its turn comes, since an agent does not ask everybody all the time. If it does not answer then
//! and the sink hears it still, it is cut off. Neither is a fence.

use gossip::swim::vocabulary::Status;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedSet;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::{Claimant, Wish};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// What is known of an agent that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    /// Since when it is silent.
    since: Time,
    /// Whether it was asked again after the sink had heard it, and did not answer.
    again: bool,
    known: Known,
}

impl Doubt {
    /// Whether the sink is asked about it.
    fn is_open(&self) -> bool {
        !matches!(self.known, Known::Lives | Known::Gone)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// So many times the sink had not heard it either.
    Unheard(u32),
    /// The sink heard it lately, and it was not asked since.
    Lives,
    CutOff,
    Gone,
}

/// Whom the sink did not hear so many times is gone.
const TIMES: u32 = 2;

impl Claimant {
    /// An agent does not answer, or SWIM holds it dead.
    pub(super) fn doubt(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        let since = cx.monotonic();
        self.doubts.entry(agent).or_insert(Doubt { since, again: false, known: Known::Unheard(0) });
        cx.observe(Observation::Lost { agent });
    }

    /// An agent that does not answer has not answered again.
    pub(super) fn doubt_again(&mut self, agent: NodeId) {
        if let Some(doubt) = self.doubts.get_mut(&agent).filter(|doubt| doubt.known == Known::Lives) {
            (doubt.known, doubt.again) = (Known::Unheard(0), true);
        }
    }

    /// An agent answers again, or SWIM holds it alive again.
    pub(super) fn trust(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        if self.silent.contains_key(&agent) || self.fallen.contains(&agent) {
            return;
        }
        self.doubts.remove(&agent);
        cx.observe(Observation::Back { agent });
    }

    /// Within what time whoever lives speaks with the sink: it asks after a `poll` and a quarter at most.
    fn speaks_within(&self) -> Duration {
        self.parameters.poll / 2 * 3
    }

    /// Asks the sink for agents that are silent for twice as long as that, so that what it heard lately was said in the silence.
    pub(super) fn ask_witness(&mut self, now: Time) {
        let long = self.speaks_within().saturating_mul(2);
        let asks = |doubt: &Doubt| doubt.is_open() && now.since(doubt.since) >= long;
        if !self.is_over() && self.doubts.values().any(asks) {
            self.wishes.push(Wish::AskWitness);
        }
    }

    /// The question for the sink.
    pub fn witness_question(&self, now: Time) -> Message {
        let within = self.speaks_within();
        let long = within.saturating_mul(2);
        let asks = |doubt: &Doubt| doubt.is_open() && now.since(doubt.since) >= long;
        let doubted = self.doubts.iter().filter(|(_, doubt)| asks(doubt));
        Message::WhoLives { agents: doubted.map(|(agent, _)| u64::from(agent.0)).collect(), within }
    }

    /// The sink says whom of these it heard lately.
    pub fn told_who_lives(&mut self, asked: &[u64], heard: &[u64], cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        for number in asked {
            let agent = NodeId(*number as u32);
            let Some(doubt) = self.doubts.get_mut(&agent) else { continue };
            let silent = now.since(doubt.since);
            let lives = heard.contains(number);
            let before = doubt.known;
            doubt.known = match before {
                Known::Gone => Known::Gone,
                Known::CutOff if lives => Known::CutOff,
                // SWIM asks it all the time.
                _ if lives && (doubt.again || self.fallen.contains(&agent)) => Known::CutOff,
                _ if lives => Known::Lives,
                Known::Unheard(times) if times + 1 >= TIMES => Known::Gone,
                Known::Unheard(times) => Known::Unheard(times + 1),
                Known::CutOff | Known::Lives => Known::Unheard(1),
            };
            match (doubt.known, before) {
                (Known::CutOff, Known::Unheard(_) | Known::Lives) => {
                    cx.observe(Observation::CutOff { agent, silent });
                }
                (Known::Gone, Known::Unheard(_)) => cx.observe(Observation::Gone { agent, silent }),
                (Known::Lives, Known::Unheard(_)) => {
                    if let Some(silence) = self.silent.get_mut(&agent) {
                        silence.until = now;
                    }
                }
                _ => {}
            }
        }
    }

    /// What the own member of SWIM holds of everybody has changed: whom it holds dead is asked for nothing.
    pub fn told_of_membership(
        &mut self,
        all: impl Iterator<Item = (NodeId, Status)>,
        cx: &mut Context<'_, Coordination>,
    ) {
        let is_dead = |status: &Status| !matches!(status, Status::Alive | Status::Suspect | Status::Unknown);
        let dead: OrderedSet<NodeId> =
            all.filter(|(_, status)| is_dead(status)).map(|(agent, _)| agent).collect();
        let before = std::mem::replace(&mut self.fallen, dead);
        let fell: Vec<NodeId> = self.fallen.difference(&before).copied().collect();
        for agent in fell {
            if self.silent.contains_key(&agent) {
                self.doubt_again(agent);
            } else {
                self.doubt(agent, cx);
            }
            if let Some(question) = self.question.filter(|question| question.home == agent) {
                self.question = None;
                self.ask(question.task, cx);
            }
        }
        let rose: Vec<NodeId> = before.difference(&self.fallen).copied().collect();
        rose.into_iter().for_each(|agent| self.trust(agent, cx));
    }
}
