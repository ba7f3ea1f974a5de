//! A key-value store that does each command of a session once, however often a log decides it.

use std::collections::BTreeMap;

use seedstorm::sim_core::identity::NodeId;

use crate::command::{Answer, Command, Proposal};

/// The store of a replica, and who waits for an answer from it.
#[derive(Debug, Default)]
pub struct Sessions {
    values: BTreeMap<u64, u64>,
    answers: BTreeMap<(NodeId, u64), Answer>,
    /// Which commands clients asked this replica for that are not done yet.
    asked: BTreeMap<(NodeId, u64), u64>,
}

impl Sessions {
    /// A client asks for a command: the answer, if it was done already. If not it must be proposed, also if it was asked for
    /// here before: what was proposed then may be lost, and it is done once, however often it is decided.
    pub fn asked(&mut self, proposal: &Proposal) -> Option<Answer> {
        let session = (proposal.client, proposal.session);
        let done = self.answers.get(&session).filter(|answer| answer.sequence == proposal.sequence);
        if done.is_none() {
            self.asked.insert(session, proposal.sequence);
        }
        done.copied()
    }

    /// Whether a command of a later number or this one was done before.
    pub fn is_repeated(&self, proposal: &Proposal) -> bool {
        let answer = self.answers.get(&(proposal.client, proposal.session));
        answer.is_some_and(|answer| answer.sequence >= proposal.sequence)
    }

    /// A command is decided: it is done once, and whoever asked here gets the answer.
    pub fn decided(&mut self, proposal: &Proposal) -> Option<Answer> {
        let session = (proposal.client, proposal.session);
        if !self.is_repeated(proposal) {
            let (value, done) = self.execute(proposal.command);
            let (session, sequence) = (proposal.session, proposal.sequence);
            self.answers.insert((proposal.client, session), Answer { session, sequence, value, done });
        }
        if self.asked.get(&session) != Some(&proposal.sequence) {
            return None;
        }
        self.asked.remove(&session);
        self.answers.get(&session).copied()
    }

    fn execute(&mut self, command: Command) -> (Option<u64>, bool) {
        match command {
            Command::Get { key } => (self.values.get(&key).copied(), true),
            Command::Put { key, value } => {
                self.values.insert(key, value);
                (None, true)
            }
            Command::Cas { key, from, to } => {
                let equal = self.values.get(&key).copied() == from;
                if equal {
                    self.values.insert(key, to);
                }
                (None, equal)
            }
        }
    }
}
