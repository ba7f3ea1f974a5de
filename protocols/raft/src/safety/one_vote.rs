//! One vote per server and term, over crashes too (Raft paper, section 5.2).
//!
//! A vote that was neither on disk nor told to anybody may be lost with a crash, and another one given instead: it was
//! never given. So a vote binds once the world says that its record is durable, or once a message has carried it: a
//! granted vote, or a candidate's own request, which says that it voted for itself. A server that is back after a crash knows the last
//! vote that binds it, or is in a later term (figure 2: persistent state), whether or not anybody asks it again. Where somebody does, and it votes
//! again, the second vote is told, since it shows what the first was worth; where nobody does before the run ends, the restart is.

use std::collections::VecDeque;

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::JournalId;
use sim_core::time::Time;

use crate::vocabulary::{Raft, RaftMessage, RaftObservation};
use sim_core::check::BySlot;

/// How many votes of a server are remembered, the latest terms first. Its terms never go back, or
/// [`term_monotone`](super::term_monotone) says so; what lies further back cannot be asked for again.
const REMEMBERED: usize = 256;

/// How many forgotten votes are told of at most: one is enough to see what is wrong.
const TOLD: usize = 16;

/// Remembers the votes of each server.
#[derive(Debug, Default)]
pub struct OneVote {
    votes: BySlot<Votes>,
    /// Votes that servers forgot, and after which these did not vote again so far.
    forgotten: Vec<Forgotten>,
}

/// A vote that a server did not find again after a crash.
#[derive(Debug)]
struct Forgotten {
    at: Time,
    node: NodeId,
    vote: Vote,
    /// In which term it was back, and with which vote.
    found: (u64, Option<NodeId>),
}

impl Forgotten {
    /// What was promised and to whom, where it is lost, and what may come of it.
    fn words(&self) -> String {
        let Self { node, vote: Vote { term, candidate, on_disk, .. }, found, .. } = self;
        let whom = if candidate == node { "itself".to_owned() } else { candidate.to_string() };
        let disk = if *on_disk { "whose record was on disk" } else { "which it sent before it was on disk" };
        let back = match *found {
            (back, Some(other)) if back == *term => format!(" with a vote for {other}"),
            (back, _) if back == *term => String::new(),
            (back, _) => format!(" in term {back}"),
        };
        format!(
            "{node} is back{back} after a crash and has forgotten its vote for {whom} in term {term}, {disk}: it may vote again, \
             and term {term} may have two leaders"
        )
    }
}

/// The votes of one server, by rising term.
#[derive(Debug, Default)]
struct Votes {
    cast: VecDeque<Vote>,
    journal: JournalId,
}

#[derive(Clone, Copy, Debug)]
struct Vote {
    term: u64,
    candidate: NodeId,
    incarnation: u32,
    /// Where its record stands; 0 if no crash can take it.
    position: u64,
    /// Where its record stood when it was cast, whether or not the vote was sent since.
    record: u64,
    /// Whether the record had become durable when the server crashed.
    on_disk: bool,
    /// Another vote in this term was found already.
    broken: bool,
}

impl Vote {
    /// One that no crash can take.
    const fn new(term: u64, candidate: NodeId, incarnation: u32) -> Self {
        Self { term, candidate, incarnation, position: 0, record: 0, on_disk: false, broken: false }
    }

    /// The same, whose record stands here in the journal.
    const fn at(self, position: u64) -> Self {
        Self { position, record: position, ..self }
    }
}

impl Votes {
    /// The vote of this term: the one remembered, or else this one from now on.
    fn get_or_cast(&mut self, vote: Vote) -> &mut Vote {
        let place = self.cast.partition_point(|earlier| earlier.term < vote.term);
        if self.cast.get(place).is_none_or(|known| known.term != vote.term) {
            self.cast.insert(place, vote);
        }
        // The oldest one goes, unless it is the one that is asked for.
        let surplus = usize::from(self.cast.len() > REMEMBERED && place > 0);
        self.cast.drain(..surplus);
        &mut self.cast[place - surplus]
    }

    fn crashed(&mut self, durable: u64) {
        self.cast.retain(|vote| vote.position <= durable);
        for vote in &mut self.cast {
            vote.on_disk |= vote.record > 0 && vote.record <= durable;
            (vote.position, vote.record) = (0, 0);
        }
    }
}

impl OneVote {
    /// A server is back: it knows its last vote, if that binds, or is in a later term.
    fn recovered(
        &mut self,
        at: Time,
        seen: &Seen<'_, Raft>,
        found: (u64, Option<NodeId>),
        findings: &mut Findings,
    ) {
        let Some(last) = self.votes.get(seen.slot).and_then(|votes| votes.cast.back()) else { return };
        findings.exercised();
        let known = (last.term, Some(last.candidate)) == found || last.term < found.0;
        if known || last.broken || self.forgotten.len() >= TOLD {
            return;
        }
        let again = |earlier: &Forgotten| (earlier.node, earlier.vote.term) == (seen.node, last.term);
        if !self.forgotten.iter().any(again) {
            self.forgotten.push(Forgotten { at, node: seen.node, vote: *last, found });
        }
    }

    fn judge(&mut self, slot: Slot, node: NodeId, vote: Vote, findings: &mut Findings) {
        findings.exercised();
        let first = self.votes.at(slot).get_or_cast(vote);
        if first.candidate == vote.candidate {
            first.position = first.position.min(vote.position);
            return;
        }
        if std::mem::replace(&mut first.broken, true) {
            return;
        }
        self.forgotten.retain(|known| (known.node, known.vote.term) != (node, vote.term));
        let (shape, when) = if first.incarnation == vote.incarnation {
            ("running", "")
        } else {
            ("restart", ", with a crash in between")
        };
        let (one, other) = (first.candidate, vote.candidate);
        let message = format!("{node} voted twice in term {}: for {one} and {other}{when}", vote.term);
        findings.safety(shape, &[node, one, other], message);
    }
}

impl Check<Raft> for OneVote {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Voted", "Recovered"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let (term, candidate) = match *seen.observation {
            RaftObservation::Voted { term, candidate } => (term, candidate),
            RaftObservation::Recovered { term, vote, .. } => {
                return self.recovered(ground.now, seen, (term, vote), findings);
            }
            _ => return,
        };
        self.votes.at(seen.slot).journal = seen.journal;
        let position = seen.mark.appended;
        let vote = Vote::new(term, candidate, seen.incarnation).at(position);
        self.judge(seen.slot, seen.node, vote, findings);
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Vote", "RequestVote", "RequestTransferredVote"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        let (term, candidate) = match *message {
            RaftMessage::Vote { term, granted: true, pre: false } => (term, to),
            RaftMessage::RequestVote { term, pre: false, .. }
            | RaftMessage::RequestTransferredVote { term, .. } => (term, from),
            _ => return,
        };
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let incarnation = ground.place(slot).incarnation;
        let vote = Vote::new(term, candidate, incarnation);
        self.judge(slot, from, vote, findings);
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Crashed => {
                let votes = self.votes.at(slot);
                votes.crashed(ground.place(slot).mark(votes.journal).durable);
            }
            Lifecycle::Wiped => self.votes.reset(slot),
            Lifecycle::Booted | Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }

    /// What nobody came to rely on.
    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        for known in self.forgotten.drain(..) {
            let involved = [known.node, known.vote.candidate];
            let other = usize::from(known.vote.candidate != known.node);
            findings.safety_at(known.at, "forgotten", &involved[..=other], known.words());
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::identity::NodeId;

    use super::{OneVote, REMEMBERED};
    use crate::safety::script::{Script, recovered};
    use crate::vocabulary::{RaftMessage, RaftObservation};

    fn voted(term: u64, candidate: u32) -> RaftObservation {
        RaftObservation::Voted { term, candidate: NodeId(candidate) }
    }

    fn back(term: u64, vote: Option<u32>) -> RaftObservation {
        RaftObservation::Recovered { term, vote: vote.map(NodeId), last_index: 0, hash: 0 }
    }

    fn yes(term: u64) -> RaftMessage {
        RaftMessage::Vote { term, granted: true, pre: false }
    }

    fn script() -> Script<OneVote> {
        Script::new(OneVote::default(), 3)
    }

    #[test]
    fn two_votes_of_one_incarnation_are_found() {
        let mut script = script();
        script.write(0, voted(4, 1)).write(0, voted(5, 2)).write(1, voted(4, 2)).clean();
        script.write(0, voted(4, 2)).found("running", "n1 voted twice in term 4: for n2 and n3");
        // Once is enough: the message that carries it says nothing new.
        script.send(0, 2, yes(4)).found("running", "n1 voted twice in term 4: for n2 and n3");
        assert_eq!(script.exercised(), 5);
    }

    #[test]
    fn a_durable_vote_binds_over_a_crash() {
        let mut script = script();
        script.write(0, voted(4, 1)).sync(0).crash(0, 0).recover(0, back(4, Some(1))).clean();
        script.write(0, voted(4, 2));
        script.found("restart", "n1 voted twice in term 4: for n2 and n3, with a crash in between");
    }

    #[test]
    fn a_vote_that_was_sent_binds_whether_it_was_durable_or_not() {
        let mut script = script();
        script.write(0, voted(4, 1)).send(0, 1, yes(4)).crash(0, 0).boot(0).clean();
        script.write(0, voted(4, 2));
        script.found("restart", "n1 voted twice in term 4: for n2 and n3, with a crash in between");
    }

    #[test]
    fn who_is_back_knows_the_vote_that_binds_it() {
        let forgotten = |sent, found| {
            let mut script = script();
            script.write(0, voted(4, 1));
            if sent {
                script.send(0, 1, yes(4));
            } else {
                script.sync(0);
            }
            script.crash(0, 0).recover(0, found);
            script
        };
        forgotten(true, back(4, Some(1))).clean();
        forgotten(false, back(5, None)).clean();
        for (sent, found, back) in [
            (true, back(3, None), " in term 3"),
            (false, back(4, None), ""),
            (true, back(4, Some(2)), " with a vote for n3"),
        ] {
            let disk = if sent { "which it sent before it was on disk" } else { "whose record was on disk" };
            let message = format!(
                "n1 is back{back} after a crash and has forgotten its vote for n2 in term 4, {disk}: it may vote again, and \
                 term 4 may have two leaders"
            );
            forgotten(sent, found).finish().found("forgotten", &message);
        }
    }

    #[test]
    fn a_second_vote_is_told_instead_of_the_first_being_forgotten() {
        let mut script = script();
        script.write(0, voted(4, 1)).sync(0).crash(0, 0).recover(0, back(4, None)).clean();
        script
            .crash(0, 0)
            .recover(0, back(4, None))
            .write(0, voted(4, 2))
            .crash(0, 0)
            .recover(0, back(4, None))
            .finish();
        script.found("restart", "n1 voted twice in term 4: for n2 and n3, with a crash in between");
    }

    #[test]
    fn a_vote_for_itself_that_was_asked_for_others_is_forgotten_once() {
        let mut script = script();
        let ask = RaftMessage::RequestVote { term: 4, last_index: 0, last_term: 0, pre: false };
        script
            .send(0, 1, ask)
            .crash(0, 0)
            .recover(0, back(3, None))
            .crash(0, 0)
            .recover(0, back(3, None))
            .finish();
        assert_eq!(script.findings.violations()[0].nodes, [NodeId(0)]);
        script.found(
            "forgotten",
            "n1 is back in term 3 after a crash and has forgotten its vote for itself in term 4, which it sent before it was on \
             disk: it may vote again, and term 4 may have two leaders",
        );
    }

    #[test]
    fn traitors_and_newcomers_may_forget() {
        let mut script = script();
        script.write(0, voted(4, 1)).sync(0).crash(0, 0).wipe(0).recover(0, back(0, None));
        script.write(1, voted(4, 1)).corrupt(1).crash(1, 0).recover(1, back(0, None)).finish().clean();
    }

    #[test]
    fn a_candidate_that_asked_has_voted_for_itself() {
        let mut script = script();
        let ask = |pre| RaftMessage::RequestVote { term: 4, last_index: 0, last_term: 0, pre };
        script.send(0, 1, ask(true)).write(0, voted(4, 2)).crash(0, 0).clean();
        script.write(0, voted(4, 0)).send(0, 1, ask(false)).send(0, 2, ask(false)).crash(0, 0).clean();
        script.write(0, voted(4, 1));
        script.found("restart", "n1 voted twice in term 4: for n1 and n2, with a crash in between");
    }

    #[test]
    fn a_vote_that_nobody_saw_may_be_lost_and_given_to_another() {
        let mut script = script();
        script.write(0, voted(4, 1)).crash(0, 0).recover(0, recovered(3, 0, 0)).write(0, voted(4, 2)).sync(0);
        script.send(0, 2, yes(4)).send(0, 2, yes(4)).clean();
    }

    #[test]
    fn a_vote_repeated_for_the_same_candidate_is_the_same_vote() {
        let mut script = script();
        script.write(0, voted(4, 1)).sync(0).send(0, 1, yes(4)).crash(0, 0).recover(0, back(4, Some(1)));
        script.write(0, voted(4, 1)).send(0, 1, yes(4)).clean();
        // Neither a refusal nor a pre-vote is a vote.
        script.send(0, 2, RaftMessage::Vote { term: 4, granted: false, pre: false });
        script.send(0, 2, RaftMessage::Vote { term: 4, granted: true, pre: true }).clean();
    }

    #[test]
    fn traitors_and_newcomers_in_a_wiped_place_are_not_held_to_old_votes() {
        let mut script = script();
        script.write(0, voted(4, 1)).sync(0).crash(0, 0).wipe(0).recover(0, recovered(0, 0, 0));
        script.write(0, voted(4, 2)).clean();
        script.write(1, voted(4, 1)).corrupt(1).write(1, voted(4, 2)).send(1, 2, yes(4)).clean();
    }

    #[test]
    fn only_so_many_votes_are_remembered() {
        let mut script = script();
        for term in 1..=2 * REMEMBERED as u64 {
            script.write(0, voted(term, 1));
        }
        script.write(0, voted(1, 2)).clean();
        script.write(0, voted(REMEMBERED as u64 + 9, 2));
        script.found("running", "n1 voted twice in term 265: for n2 and n3");
    }
}
