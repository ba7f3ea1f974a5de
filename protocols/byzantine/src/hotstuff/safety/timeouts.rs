//! Timeout certificates: a view that begins by one was wanted by a quorum of distinct members, by the world's own record
//! of what was sent. Traitors count as if they had given up everything.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, TimeoutCertificate};
use crate::quorum::Quorum;
use crate::signers::Signers;
use crate::vote::Vote;

/// Who wanted which view.
#[derive(Clone, Debug)]
pub struct Timeouts {
    members: u32,
    quorum: Quorum,
    wanted: OrderedMap<u64, Signers>,
}

impl Timeouts {
    /// For so many members.
    pub fn new(members: u32) -> Self {
        Self { members, quorum: Quorum::of(members), wanted: OrderedMap::new() }
    }
}

impl Check<Hotstuff> for Timeouts {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Entered"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        let HotstuffObservation::Entered { view, timeout: true, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let mut signers = self.wanted.get(&view).cloned().unwrap_or_default();
        let traitors = (0..self.members).map(NodeId).filter(|node| !ground.honest(*node));
        traitors.chain([seen.node]).for_each(|node| {
            signers.insert(node);
        });
        let (node, needed) = (seen.node, self.quorum.size());
        if signers.len() < needed {
            let text = format!(
                "{node} enters view {view} by a timeout certificate, and {} of {needed} members wanted that",
                signers.len()
            );
            findings.safety("", &[node], text);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Timeout", "Tip", "Proposal"]
    }

    fn sent(&mut self, _: &Ground, from: NodeId, _: NodeId, message: &HotstuffMessage, _: &mut Findings) {
        // Who forms a certificate counts itself, also where its own word has not left: it waits for the disk, and a crash may come
        // before. The certificate is on disk then, and what it passes on of it is its word.
        let own = match message {
            HotstuffMessage::Timeout(timeout) => Some(timeout.vote),
            HotstuffMessage::Tip { timeout: Some(timeout), .. } => own_vote(timeout, from),
            HotstuffMessage::Proposal(proposal) => {
                proposal.block.timeout.as_ref().and_then(|timeout| own_vote(timeout, from))
            }
            _ => None,
        };
        if let Some(vote) = own.filter(|vote| vote.signer() == from) {
            self.wanted.entry(vote.statement.view).or_default().insert(from);
        }
    }
}

fn own_vote(timeout: &TimeoutCertificate, node: NodeId) -> Option<Vote> {
    timeout.votes.iter().find(|vote| vote.signer() == node).copied()
}

#[cfg(test)]
mod tests {
    use super::super::super::blocks::{TimedOut, TimedOutAll, genesis, timeout_statement};
    use super::super::tests::{Script, vote};
    use super::*;
    use crate::certificate::Scheme;
    use crate::shared::Shared;

    #[test]
    fn a_view_begins_by_a_timeout_if_a_quorum_gave_up() {
        let violations = |wanting: &[u32], corrupt: bool| {
            let mut script = Script::new(Timeouts::new(4), 4);
            if corrupt {
                script.corrupt(3);
            }
            for from in wanting {
                let (vote, high) = (vote(*from, timeout_statement(5, 0)), genesis(Scheme::Single));
                script.send(*from, 0, HotstuffMessage::Timeout(Shared::new(TimedOut { vote, high })));
            }
            script.see(0, HotstuffObservation::Entered { view: 5, leader: false, timeout: true });
            script.violations()
        };
        assert_eq!(violations(&[1, 2], false), 0, "n1 itself gave up as well");
        assert_eq!(violations(&[1], false), 1);
        assert_eq!(violations(&[1], true), 0, "the traitor may have");
        assert_eq!(violations(&[1, 1], false), 1, "one member, twice");
    }

    #[test]
    fn who_passes_a_certificate_on_wanted_what_it_signed_in_it() {
        let violations = |sender: u32| {
            let mut script = Script::new(Timeouts::new(4), 4);
            let give_up = |from| vote(from, timeout_statement(5, 0));
            let high = genesis(Scheme::Single);
            let heard = TimedOut { vote: give_up(2), high: high.clone() };
            script.send(2, 0, HotstuffMessage::Timeout(Shared::new(heard)));
            let timeout = TimedOutAll { view: 5, votes: vec![give_up(1), give_up(2)], high: high.clone() };
            let timeout = Some(Shared::new(timeout));
            script.send(sender, 0, HotstuffMessage::Tip { view: 5, high, timeout, decided: None });
            script.see(0, HotstuffObservation::Entered { view: 5, leader: false, timeout: true });
            script.violations()
        };
        assert_eq!(violations(1), 0, "n2, whose own word had not left, n3 and n1 itself");
        assert_eq!(violations(3), 1, "n4 speaks of others, and nobody heard n2");
    }
}
