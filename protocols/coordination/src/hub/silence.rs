//! A partition told from deaths: a coordinator that hears nothing of an agent asks the sink whether it does.
//!
//! An agent whose beats nobody answers says so to the sink with every further one. So the sink is a witness that both sides can have
//! in common: whom it heard lately is cut off, and whom it did not hear twice is gone. Neither is a fence: what the agent has is given to
//! others only when its lease is over, since the witness may be wrong, and one that is gone may have been paused.
//!
//! The sink may have results of such an agent, too, of which nobody tells the coordinator. Whatever waits for them would wait for ever where
//! nobody else can do the task. So it asks for those as well.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::Context;
use sim_core::time::Duration;

use super::leases::Watch;
use super::{Deed, Hub};
use crate::parameters::Parameters;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// What is known of an agent that is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    /// So many times the sink had not heard it either.
    Unheard(u32),
    CutOff,
}

/// Agents that are silent, and of whom it is not known that they are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Silences {
    agents: OrderedMap<NodeId, Silence>,
    /// Whether it is to be asked again at some time.
    asks: bool,
}

/// Whom the sink did not hear so many times is gone.
const TIMES: u32 = 2;

impl Hub {
    /// An agent is silent from now on.
    pub(super) fn fell_silent(&mut self, agent: NodeId, cx: &mut Context<'_, Coordination>) {
        self.silences.agents.insert(agent, Silence::Unheard(0));
        if self.plants.silent_is_gone {
            self.replace(agent, cx);
        }
        self.ask_for_silent(cx);
    }

    /// An agent is heard again.
    pub(super) fn speaks_again(&mut self, agent: NodeId) {
        self.silences.agents.remove(&agent);
    }

    /// It coordinates no more.
    pub(super) fn forget_silences(&mut self) {
        self.silences = Silences::default();
    }

    /// Asks the sink, and again after a heartbeat as long as anything can change.
    fn ask_for_silent(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.silences.agents.is_empty() {
            return;
        }
        // Whoever lives and is cut off speaks once in a heartbeat. Whoever crashed was heard at the coordinator less than a heartbeat
        // before, and was not heard there since.
        let Parameters { dead_after, heartbeat, .. } = self.parameters;
        let within = Duration::from_nanos(dead_after.as_nanos() - heartbeat.as_nanos());
        let agents = self.silences.agents.keys().map(|agent| u64::from(agent.0)).collect();
        self.deeds.push(Deed::AskSink(Message::WhoLives { agents, within }));
        self.deeds.push(Deed::Ask(self.known));
        if !std::mem::replace(&mut self.silences.asks, true) {
            let again = cx.monotonic().saturating_add(self.parameters.heartbeat);
            self.watch_for(again, Watch::Silence, cx);
        }
    }

    /// It is time to ask again.
    pub(super) fn ask_again_for_silent(&mut self, cx: &mut Context<'_, Coordination>) {
        self.silences.asks = false;
        self.ask_for_silent(cx);
    }

    /// The sink says whom of these it heard lately.
    pub fn told_who_lives(&mut self, asked: &[u64], heard: &[u64], cx: &mut Context<'_, Coordination>) {
        for agent in asked {
            let node = NodeId(*agent as u32);
            let Some(own) = self.silences.agents.get(&node).copied() else { continue };
            let lives = heard.contains(agent);
            let next = match own {
                Silence::CutOff if lives => continue,
                _ if lives => Some(Silence::CutOff),
                Silence::Unheard(times) if times + 1 >= TIMES => None,
                Silence::Unheard(times) => Some(Silence::Unheard(times + 1)),
                Silence::CutOff => Some(Silence::Unheard(1)),
            };
            let silent = self.silence_of(node, cx);
            match next {
                Some(Silence::CutOff) => cx.observe(Observation::CutOff { agent: node, silent }),
                Some(Silence::Unheard(_)) => {}
                None => {
                    cx.observe(Observation::Gone { agent: node, silent });
                    self.replace(node, cx);
                }
            }
            match next {
                Some(next) => drop(self.silences.agents.insert(node, next)),
                None => drop(self.silences.agents.remove(&node)),
            }
        }
    }
}
