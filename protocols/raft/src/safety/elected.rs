//! Whoever leads was elected (Raft paper, section 5.2).
//!
//! A candidate counts what was granted to it in its own term, each voter once: a majority of the voters by the last configuration in its log,
//! itself included as soon as its own vote is on its disk. This judges the counting, whether or not there is a second leader;
//! [`one_vote`](super::one_vote) judges whether voters keep to what they grant.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::configs::Configs;
use super::majority::is_majority;
use crate::vocabulary::{Raft, RaftMessage, RaftObservation};

/// Follows what is granted to each candidate.
#[derive(Debug, Default)]
pub struct Elected {
    configs: Configs,
    ballots: BySlot<Ballot>,
}

/// The votes for one server in its latest term.
#[derive(Debug, Default)]
struct Ballot {
    term: u64,
    /// Where its own vote stands in its journal, if it voted for itself.
    own: Option<u64>,
    granted: Vec<NodeId>,
}

impl Elected {
    /// Of a cluster whose members all vote but for the last few.
    pub fn new(members: u32, learners: u32) -> Self {
        Self { configs: Configs::new(members, learners), ballots: BySlot::default() }
    }

    fn leads(&self, seen: &Seen<'_, Raft>, term: u64, findings: &mut Findings) {
        let (node, config) = (seen.node, self.configs.of(seen.slot));
        let Some(ballot) = self.ballots.get(seen.slot).filter(|ballot| ballot.term == term) else { return };
        findings.exercised();
        let own = ballot.own.is_some_and(|position| position <= seen.mark.durable);
        let voted = |durably: bool, voter: NodeId| {
            if voter == node {
                own || (!durably && ballot.own.is_some())
            } else {
                ballot.granted.contains(&voter)
            }
        };
        if is_majority(config, |voter| voted(true, voter)) {
            return;
        }
        let everybody = config.everybody();
        let votes = everybody.iter().filter(|voter| voted(true, **voter)).count();
        let all = everybody.len();
        if is_majority(config, |voter| voted(false, voter)) {
            let message = format!(
                "{node} leads term {term} with {votes} votes of {all} members and its own, which no disk holds yet"
            );
            return findings.safety("not-durable", &[node], message);
        }
        let message =
            format!("{node} leads term {term}, in which {votes} of {all} members have voted for it");
        findings.safety("too-few", &[node], message);
    }
}

impl Check<Raft> for Elected {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Recovered", "TermSet", "Voted", "BecameLeader", "ConfigAppended", "Truncated"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        self.configs.follow(seen);
        match *seen.observation {
            RaftObservation::TermSet { term } => {
                *self.ballots.at(seen.slot) = Ballot { term, ..Ballot::default() };
            }
            RaftObservation::Voted { term, candidate } if candidate == seen.node => {
                let ballot = self.ballots.at(seen.slot);
                if ballot.term == term {
                    ballot.own = Some(seen.mark.appended);
                }
            }
            RaftObservation::Recovered { .. } => self.ballots.reset(seen.slot),
            RaftObservation::BecameLeader { term, .. } => self.leads(seen, term, findings),
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Vote"]
    }

    fn received(&mut self, _: &Ground, slot: Slot, from: NodeId, message: &RaftMessage, _: &mut Findings) {
        let RaftMessage::Vote { term, granted: true, pre: false } = *message else { return };
        let ballot = self.ballots.at(slot);
        if ballot.term == term && !ballot.granted.contains(&from) {
            ballot.granted.push(from);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.ballots.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

    use super::*;
    use crate::configuration::Configuration;
    use crate::safety::script::{Script, leads};

    fn vote(term: u64, granted: bool, pre: bool) -> RaftMessage {
        RaftMessage::Vote { term, granted, pre }
    }

    /// The first of five servers stands in term 4.
    fn stands(durably: bool) -> Script<Elected> {
        let mut script = Script::new(Elected::new(5, 0), 5);
        script.see(0, RaftObservation::TermSet { term: 4 });
        script.write(0, RaftObservation::Voted { term: 4, candidate: NodeId(0) });
        if durably {
            script.sync(0);
        }
        script
    }

    fn hears(script: &mut Script<Elected>, from: u32, message: RaftMessage) -> &mut Script<Elected> {
        script.receive(Time::ZERO, from, 0, message)
    }

    #[test]
    fn a_majority_elects() {
        let mut script = stands(true);
        hears(&mut script, 1, vote(4, true, false));
        hears(&mut script, 2, vote(4, true, false)).see(0, leads(4, 0)).clean();
        assert_eq!(script.exercised(), 1);
    }

    #[test]
    fn votes_of_other_terms_refusals_and_repetitions_do_not_count() {
        let found = "n1 leads term 4, in which 2 of 5 members have voted for it";
        for other in [vote(3, true, false), vote(4, false, false), vote(4, true, true)] {
            let mut script = stands(true);
            hears(&mut script, 1, vote(4, true, false));
            hears(&mut script, 2, other).see(0, leads(4, 0)).found("too-few", found);
        }
        let mut script = stands(true);
        hears(&mut script, 1, vote(4, true, false));
        hears(&mut script, 1, vote(4, true, false)).see(0, leads(4, 0)).found("too-few", found);
    }

    #[test]
    fn the_own_vote_counts_once_it_is_durable() {
        let found = "n1 leads term 4 with 2 votes of 5 members and its own, which no disk holds yet";
        let mut script = stands(false);
        hears(&mut script, 1, vote(4, true, false));
        hears(&mut script, 2, vote(4, true, false)).see(0, leads(4, 0)).found("not-durable", found);
        let mut script = stands(false);
        for from in 1..4 {
            hears(&mut script, from, vote(4, true, false));
        }
        script.see(0, leads(4, 0)).clean();
    }

    #[test]
    fn those_who_vote_by_its_log_count() {
        let voters: Vec<NodeId> = (0..5).map(NodeId).filter(|node| node.0 != 1).collect();
        let config = Configuration::of(&voters).into();
        let mut script = stands(true);
        script.see(0, RaftObservation::ConfigAppended { index: 1, term: 2, config });
        hears(&mut script, 1, vote(4, true, false));
        hears(&mut script, 2, vote(4, true, false));
        script.see(0, leads(4, 0));
        script.found("too-few", "n1 leads term 4, in which 2 of 4 members have voted for it");
    }
}
