//! An operator: asks for one change of membership after the other, each until it is done.
//!
//! The first client is the operator, beside its own work. It never asks for fewer voters than a majority of the members.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::vocabulary::{Raft, RaftMessage};

/// What an operator knows.
#[derive(Debug, Default)]
pub(super) struct Operator {
    /// Who was removed.
    out: Vec<NodeId>,
    /// What it asks for: whom, and whether in or out.
    asked: Option<(NodeId, bool)>,
    target: Option<NodeId>,
}

impl Operator {
    /// An operator that knows who only learns at the beginning.
    pub(super) fn knowing(learners: Vec<NodeId>) -> Self {
        Self { out: learners, ..Self::default() }
    }

    /// Time to ask: for what it asked for before, or for something new.
    pub(super) fn act(&mut self, servers: &[NodeId], cx: &mut Context<'_, Raft>) {
        if self.asked.is_none() {
            self.asked = self.choose(servers, cx);
        } else {
            // No answer came: somebody else may lead.
            self.target = None;
        }
        self.ask(servers, cx);
    }

    fn choose(&self, servers: &[NodeId], cx: &mut Context<'_, Raft>) -> Option<(NodeId, bool)> {
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
        change: (NodeId, bool),
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
            if !add {
                self.out.push(node);
            }
            self.asked = None;
        } else if leader.is_some() && leader != self.target {
            self.target = leader;
            self.ask(servers, cx);
        }
    }
}
