//! Pre-votes change nothing and are given to whoever could win (dissertation, section 9.6).
//!
//! A pre-vote is granted as a vote would be: for a term that is later than the voter's own, and to a log that is at least as up to
//! date as its own. And nobody enters a term because of one: whoever is in a term was told of it by somebody in it, so that the first
//! is a candidate. What of a log is not known for certain is not judged.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use crate::vocabulary::{Raft, RaftMessage, RaftObservation};

/// Follows terms and the ends of logs, and who asks for pre-votes.
#[derive(Debug, Default)]
pub struct PreVotes {
    servers: BySlot<Server>,
    /// The highest term that somebody found on its disk or stood in.
    begun: u64,
    /// Who has entered a later one, and when: it is about to stand.
    enters: Option<(Time, Slot, NodeId, u64)>,
    /// Whether somebody does not follow the protocol, who may tell of any term.
    lies: bool,
}

#[derive(Debug, Default)]
struct Server {
    term: u64,
    /// The term and index of the last entry of its log, if that is known.
    end: Option<(u64, u64)>,
    /// The last requests for pre-votes: who asked for which term, and what is wrong with them. An answer may wait for a sync,
    /// while further requests come in.
    requests: Vec<(NodeId, u64, Option<Wrong>)>,
}

/// Why a pre-vote must not be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// The voter is in that term, or a later one.
    Term(u64),
    /// The voter's log is more up to date: its last term and index, and those of the candidate.
    Log((u64, u64), (u64, u64)),
}

/// So many requests for pre-votes are remembered for each server; of what was forgotten nobody is accused.
const MOST_REQUESTS: usize = 64;

impl Server {
    fn asked(&mut self, from: NodeId, term: u64, told: (u64, u64)) {
        let outdated = self.end.filter(|own| told < *own).map(|own| Wrong::Log(own, told));
        let wrong = if term <= self.term { Some(Wrong::Term(self.term)) } else { outdated };
        let same =
            |(candidate, asked, _): &&mut (NodeId, u64, Option<Wrong>)| *candidate == from && *asked == term;
        if let Some(known) = self.requests.iter_mut().find(same) {
            known.2 = known.2.and(wrong);
            return;
        }
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.remove(0);
        }
        self.requests.push((from, term, wrong));
    }
}

impl PreVotes {
    /// A server appends an entry of a term.
    #[inline(always)]
    pub(super) fn appended(&mut self, slot: Slot, index: u64, term: u64) {
        self.servers.at(slot).end = Some((term, index));
    }

    /// Somebody does not follow the protocol, and may enter any term.
    pub(super) const fn heard_of_lies(&mut self) {
        self.lies = true;
    }

    /// Time goes on: whoever entered a term that nobody had told it of stands in it.
    fn later(&mut self, now: Time, findings: &mut Findings) {
        let Some((_, _, node, term)) = self.enters.filter(|(at, ..)| *at < now) else { return };
        self.enters = None;
        self.begun = self.begun.max(term);
        if !self.lies {
            let message = format!("{node} entered term {term}, in which nobody stands");
            findings.safety("nobody", &[node], message);
        }
    }

    fn granted(&self, ground: &Ground, (from, to): (NodeId, NodeId), term: u64, findings: &mut Findings) {
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let Some(server) = self.servers.get(slot) else { return };
        findings.exercised();
        let request = server.requests.iter().find(|(candidate, asked, _)| *candidate == to && *asked == term);
        let Some((.., Some(wrong))) = request else { return };
        let (shape, why) = match wrong {
            Wrong::Term(own) => ("term", format!("and is in term {own} itself")),
            Wrong::Log(own, told) => (
                "log",
                format!(
                    "and its own log ends with index {} of term {}, that of the other with index {} of term {}",
                    own.1, own.0, told.1, told.0
                ),
            ),
        };
        findings.safety(shape, &[from, to], format!("{from} granted {to} a pre-vote for term {term}, {why}"));
    }
}

impl Check<Raft> for PreVotes {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Recovered", "TermSet", "BecameCandidate", "Appended", "Truncated", "SnapshotInstalled"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return self.heard_of_lies();
        }
        let server = self.servers.at(seen.slot);
        match *seen.observation {
            RaftObservation::Appended { index, term, .. } => self.appended(seen.slot, index, term),
            RaftObservation::Truncated { .. } | RaftObservation::SnapshotInstalled { .. } => {
                server.end = None;
            }
            RaftObservation::Recovered { term, .. } => {
                *server = Server { term, ..Server::default() };
                self.begun = self.begun.max(term);
            }
            RaftObservation::TermSet { term } => {
                server.term = term;
                findings.exercised();
                self.later(ground.now, findings);
                if term > self.begun && self.enters.is_none() {
                    self.enters = Some((ground.now, seen.slot, seen.node, term));
                }
            }
            RaftObservation::BecameCandidate { term } => {
                self.begun = self.begun.max(term);
                self.enters = self.enters.filter(|(.., entered)| *entered > term);
                self.later(ground.now, findings);
            }
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["RequestVote"]
    }

    fn received(&mut self, _: &Ground, slot: Slot, from: NodeId, message: &RaftMessage, _: &mut Findings) {
        if let RaftMessage::RequestVote { term, last_index, last_term, pre: true } = *message {
            self.servers.at(slot).asked(from, term, (last_term, last_index));
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Vote"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        if let RaftMessage::Vote { term, granted: true, pre: true } = *message {
            self.granted(ground, (from, to), term, findings);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Crashed | Lifecycle::Wiped => {
                self.servers.reset(slot);
                self.enters = self.enters.filter(|(_, who, ..)| *who != slot);
            }
            Lifecycle::Corrupted => self.lies = true,
            Lifecycle::Booted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safety::script::{Script, appended, recovered};

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    fn asks(term: u64, last_index: u64, last_term: u64) -> RaftMessage {
        RaftMessage::RequestVote { term, last_index, last_term, pre: true }
    }

    fn yes(term: u64) -> RaftMessage {
        RaftMessage::Vote { term, granted: true, pre: true }
    }

    /// The second of three servers is in term 3, and its log ends with index 5 of term 2.
    fn script() -> Script<PreVotes> {
        let mut script = Script::new(PreVotes::default(), 3);
        script.see(1, recovered(3, 4, 14)).see(1, appended(5, 2, 15));
        script
    }

    #[test]
    fn a_pre_vote_goes_to_a_log_that_is_as_up_to_date_and_for_a_later_term() {
        script().receive(at(1), 0, 1, asks(4, 5, 2)).send(1, 0, yes(4)).clean();
        script().receive(at(1), 0, 1, asks(4, 1, 3)).send(1, 0, yes(4)).clean();
        script().receive(at(1), 0, 1, asks(4, 4, 2)).send(1, 0, yes(4)).found(
            "log",
            "n2 granted n1 a pre-vote for term 4, and its own log ends with index 5 of term 2, that of the other with index 4 of term 2",
        );
        script()
            .receive(at(1), 0, 1, asks(3, 5, 2))
            .send(1, 0, yes(3))
            .found("term", "n2 granted n1 a pre-vote for term 3, and is in term 3 itself");
    }

    #[test]
    fn a_request_is_judged_as_it_comes() {
        // What is appended before the answer leaves changes nothing, and what may be granted once may be answered later.
        script().receive(at(1), 0, 1, asks(4, 5, 2)).see(1, appended(6, 3, 16)).send(1, 0, yes(4)).clean();
        let mut again = script();
        again.receive(at(1), 0, 1, asks(4, 5, 2)).see(1, appended(6, 3, 16));
        again.receive(at(2), 0, 1, asks(4, 5, 2)).send(1, 0, yes(4)).clean();
        // The end of a log that was cut or found is not known.
        let mut cut = script();
        cut.see(1, RaftObservation::Truncated { from: 4 });
        cut.receive(at(1), 0, 1, asks(4, 3, 2)).send(1, 0, yes(4)).clean();
        script().restart(1).receive(at(1), 0, 1, asks(4, 3, 2)).send(1, 0, yes(4)).clean();
    }

    #[test]
    fn a_term_begins_with_a_candidate() {
        let mut stands = script();
        stands.at(at(1), 0).see(0, RaftObservation::TermSet { term: 4 });
        stands.see(0, RaftObservation::BecameCandidate { term: 4 });
        stands.at(at(2), 1).see(1, RaftObservation::TermSet { term: 4 });
        stands.at(at(3), 2).see(2, RaftObservation::TermSet { term: 3 }).clean();
        let enters = || {
            let mut script = script();
            script.at(at(1), 1).see(1, RaftObservation::TermSet { term: 4 }).at(at(2), 0);
            script
        };
        let found = "n2 entered term 4, in which nobody stands";
        enters().see(0, RaftObservation::TermSet { term: 5 }).found("nobody", found);
        let mut lies = enters();
        lies.corrupt(2).see(0, RaftObservation::TermSet { term: 5 }).clean();
    }
}
