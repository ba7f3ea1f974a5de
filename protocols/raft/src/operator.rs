//! An operator: asks for one change of membership after the other, each until it is done.
//!
//! The first client is the operator, beside its own work. Who came is to be let in, and who left for good is to be removed,
//! in that order in which it heard of them; what cannot be done now waits behind the others. A restless one thinks of
//! changes of its own as well: it never asks for fewer voters than a majority of the servers that it knows.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::vocabulary::{Raft, RaftMessage};

/// A server, and whether it is to be in.
type Wish = (NodeId, bool);

/// What an operator knows.
#[derive(Debug, Default)]
pub(super) struct Operator {
    /// Whether it thinks of changes by itself.
    restless: bool,
    /// Who was removed and could be let in again.
    out: Vec<NodeId>,
    /// What is to be done next.
    due: VecDeque<Wish>,
    /// What it asks for.
    asked: Option<Wish>,
    target: Option<NodeId>,
}

impl Operator {
    /// An operator that knows who only learns at the beginning.
    pub(super) fn knowing(learners: Vec<NodeId>, restless: bool) -> Self {
        Self { restless, out: learners, ..Self::default() }
    }

    /// Whether something is to be done that it did not think of by itself.
    pub(super) fn is_busy(&self) -> bool {
        !self.due.is_empty() || (self.asked.is_some() && !self.restless)
    }

    /// A server came, or left for good.
    pub(super) fn hears(&mut self, node: NodeId, here: bool) {
        // Nobody waits for somebody who is gone.
        self.due.retain(|wish| wish.0 != node);
        self.out.retain(|out| *out != node);
        self.asked = self.asked.filter(|wish| wish.0 != node);
        self.due.push_back((node, here));
    }

    /// Time to ask: for what it asked for before, for what is due, or for something new.
    pub(super) fn act(&mut self, servers: &[NodeId], cx: &mut Context<'_, Raft>) {
        if let Some(wish) = self.asked.take() {
            // No answer came: somebody else may lead, or it cannot be done now.
            self.target = None;
            self.due.push_back(wish);
        }
        self.asked = self.due.pop_front();
        if self.asked.is_none() && self.restless {
            self.asked = self.choose(servers, cx);
        }
        self.ask(servers, cx);
    }

    fn choose(&self, servers: &[NodeId], cx: &mut Context<'_, Raft>) -> Option<Wish> {
        let inside: Vec<NodeId> = servers.iter().copied().filter(|node| !self.out.contains(node)).collect();
        let may_remove = inside.len() > (servers.len() / 2 + 1).max(2);
        let remove = may_remove && (self.out.is_empty() || cx.rng().below(2) == 0);
        let among = if remove { &inside } else { &self.out };
        cx.rng().pick(among).map(|node| (*node, !remove))
    }

    fn ask(&mut self, servers: &[NodeId], cx: &mut Context<'_, Raft>) {
        let Some((node, add)) = self.asked else { return };
        if self.target.is_none() {
            self.target = cx.rng().pick(servers).copied();
        }
        if let Some(target) = self.target {
            cx.send(target, RaftMessage::Change { node, add });
        }
    }

    /// A server answers: it is done, or somebody else leads.
    pub(super) fn answered(
        &mut self,
        change: Wish,
        (done, leader): (bool, Option<NodeId>),
        servers: &[NodeId],
        cx: &mut Context<'_, Raft>,
    ) {
        if self.asked != Some(change) {
            return;
        }
        if done {
            let (node, add) = change;
            self.out.retain(|out| *out != node);
            if !add && servers.contains(&node) {
                self.out.push(node);
            }
            self.asked = None;
        } else if leader.is_some() && leader != self.target {
            self.target = leader;
            self.ask(servers, cx);
        }
    }
}
