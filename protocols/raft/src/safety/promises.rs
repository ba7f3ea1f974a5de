//! What servers promise, they hold, and find again (Raft paper, section 5.3 and figure 2: persistent state).
//!
//! An acknowledgment of an index says that the log up to there is that of the leader, and that no crash can take it; one of a
//! snapshot, that this is on the disk. Whoever answers in a term has that term on its disk. And a log is
//! the same after a crash as far as it was durable: nothing of it is gone, and nothing that was dropped is back, as are the configurations in it. A vote goes to a
//! candidate that has asked in that term, and whose log is at least as up to date as the voter's (section 5.4.1). Nobody stays away for a damaged journal that is none. All of it is judged when it happens, by the
//! world's own marks, whether or not anybody comes to rely on it.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::JournalId;
use sim_core::time::Time;

use super::found::Found;
use super::holding::Holding;
use crate::configuration::Config;
use crate::vocabulary::{Raft, RaftMessage, RaftObservation};

/// Follows the log of each server.
#[derive(Debug, Default)]
pub struct Promises {
    servers: BySlot<Server>,
    /// By index: the chained hash and the term of what was appended there last.
    appended: Vec<(u64, u64)>,
    configs: Found,
    /// The latest term in which each server asked for votes, whatever became of it since.
    asked: OrderedMap<NodeId, u64>,
}

#[derive(Debug, Default)]
struct Server {
    log: Holding,
    term: u64,
    /// Where the record of its term stands in the journal, until that is known to be durable.
    term_at: Option<(JournalId, u64)>,
    leads: bool,
    /// Whether it was there before: what a server finds at its first boot is not known.
    known: bool,
    /// The last acknowledgment that was judged: of which term, and up to which index.
    judged: (u64, u64),
    /// What it says of its log as a candidate: in which term it stands, and the term and index of its last entry.
    stands: (u64, (u64, u64)),
    /// When it has booted, and the length of its journal then: what it says until that is longer, it has found.
    booted: Option<(Time, u64)>,
    /// Whether what it finds was told as it grew.
    grew: bool,
    /// Where the snapshot stands that it has found: what is in force there need not be an entry.
    snapshot: u64,
}

/// So many of the last entries of each log are remembered, and those that are not durable.
const REMEMBERED: u64 = 1_024;

/// Entries so far beyond all others are not remembered.
const FARTHEST: usize = 1 << 16;

impl Promises {
    /// A server appends an entry of a term, with which its log has this hash.
    #[inline(always)]
    pub(super) fn appended(&mut self, seen: &Seen<'_, Raft>, index: u64, (term, hash): (u64, u64)) {
        if let Ok(place) = usize::try_from(index) {
            match self.appended.get_mut(place) {
                Some(known) => *known = (hash, term),
                None => self.appended_first(place, (hash, term)),
            }
        }
        self.servers.at(seen.slot).log.follow_exactly(seen, REMEMBERED);
    }

    fn appended_first(&mut self, place: usize, entry: (u64, u64)) {
        if place - self.appended.len() <= FARTHEST {
            self.appended.resize(place, (0, 0));
            self.appended.push(entry);
        }
    }

    /// A server is back, and its log must be what survived.
    #[inline(never)]
    fn recovered(&self, seen: &Seen<'_, Raft>, (index, hash): (u64, u64), findings: &mut Findings) {
        let node = seen.node;
        let Some(server) = self.servers.get(seen.slot).filter(|server| server.known) else { return };
        let Some((last, known)) = server.log.survived() else { return };
        findings.exercised();
        let (shape, what) = if index < last {
            ("lost", format!("with its log up to index {index}, although it was durable up to {last}"))
        } else if index > last {
            ("restored", format!("with a log up to index {index}, although only {last} of it survived"))
        } else if known.is_some_and(|known| known != hash) {
            ("another", format!("with another log up to index {index} than was durable"))
        } else {
            return;
        };
        findings.safety(shape, &[node], format!("{node} is back {what}"));
    }

    /// A server that was there before takes no part, since it finds its journal damaged.
    #[inline(never)]
    fn halted(&self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if self.servers.get(seen.slot).is_none_or(|server| !server.known) {
            return;
        }
        findings.exercised();
        if !ground.place(seen.slot).rotten {
            let node = seen.node;
            findings.safety(
                "halted",
                &[node],
                format!("{node} takes its journal for damaged, and nothing in it is"),
            );
        }
    }

    /// A server votes for another one, which has asked in that term, and whose log was told when it did.
    #[inline(never)]
    fn voted(&self, ground: &Ground, seen: &Seen<'_, Raft>, vote: (u64, NodeId), findings: &mut Findings) {
        let ((term, candidate), node) = (vote, seen.node);
        let asked = self.asked.get(&candidate).copied().unwrap_or_default();
        if asked < term && candidate != node && ground.honest(candidate) {
            let when = if asked == 0 {
                "has never asked for votes".to_owned()
            } else {
                format!("asked for votes last in term {asked}")
            };
            let message = format!("{node} voted in term {term} for {candidate}, which {when}");
            findings.safety("unasked", &[node, candidate], message);
        }
        let asks = ground.slot_of(candidate).and_then(|slot| self.servers.get(slot));
        let Some((stands, told)) = asks.map(|server| server.stands).filter(|_| candidate != node) else {
            return;
        };
        let Some(log) = self.servers.get(seen.slot).map(|server| &server.log) else { return };
        let last = log.end();
        let known = log.hash(last).zip(usize::try_from(last).ok().and_then(|place| self.appended.get(place)));
        let Some((_, (_, last_term))) = known.filter(|(hash, (other, _))| hash == other) else { return };
        if stands != term {
            return;
        }
        findings.exercised();
        if told < (*last_term, last) {
            let message = format!(
                "{node}, whose log ends with index {last} of term {last_term}, voted for {candidate}, whose log ends with \
                 index {} of term {}",
                told.1, told.0
            );
            findings.safety("outdated", &[node, candidate], message);
        }
    }

    /// Somebody answers in its term: a crash must not take it back to an earlier one, in which it could answer otherwise.
    #[inline]
    fn answered(&mut self, ground: &Ground, ends: (NodeId, NodeId), term: u64, findings: &mut Findings) {
        let (from, to) = ends;
        let Some(own) = ground.slot_of(from) else { return };
        let server = self.servers.at(own);
        let Some((journal, position)) = server.term_at.filter(|_| server.term == term) else { return };
        if !ground.honest(from) {
            return;
        }
        findings.exercised();
        if ground.place(own).mark(journal).durable >= position {
            server.term_at = None;
        } else {
            findings.accuse("term", &[from, to], || {
                format!("{from} answered {to} in term {term} before that term was durable")
            });
        }
    }

    /// Entries after a snapshot stay where the log is the same up to there (figure 13 of the extended paper, rule 6).
    #[inline(never)]
    fn kept(&self, seen: &Seen<'_, Raft>, (index, hash): (u64, u64), findings: &mut Findings) {
        let Some(own) = self.servers.get(seen.slot).and_then(|server| server.log.hash(index)) else { return };
        findings.exercised();
        if own != hash {
            let node = seen.node;
            let message = format!(
                "{node} keeps entries after a snapshot up to index {index}, where its log is another one"
            );
            findings.safety("suffix", &[node], message);
        }
    }

    /// A snapshot says of which term its last entry is (figure 13, lastIncludedTerm): logs are compared by that.
    #[inline(never)]
    fn snapshot_sent(
        &self,
        (from, to): (NodeId, NodeId),
        index: u64,
        (hash, said): (u64, u64),
        findings: &mut Findings,
    ) {
        let known = usize::try_from(index).ok().and_then(|place| self.appended.get(place));
        let Some((_, term)) = known.filter(|(known, _)| *known == hash) else { return };
        findings.exercised();
        if *term != said {
            let message = format!(
                "{from} sends {to} a snapshot up to index {index} of term {said}, the entry there is of term {term}"
            );
            findings.safety("snapshot-term", &[from, to], message);
        }
    }

    /// Somebody says that it has a snapshot.
    #[inline(never)]
    fn installed(&self, ground: &Ground, ends: (NodeId, NodeId), said: (u64, u64), findings: &mut Findings) {
        let ((from, to), (term, index)) = (ends, said);
        let Some(own) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let Some(server) = self.servers.get(own).filter(|server| server.term == term) else { return };
        let Some(hash) = server.log.hash(index) else { return };
        findings.exercised();
        if !server.log.holds_durably(index, hash, ground.place(own)) {
            let message = format!(
                "{from} told {to} that it has a snapshot up to index {index} before that was durable"
            );
            findings.safety("snapshot", &[from, to], message);
        }
    }

    /// Somebody says whether it has the log of a leader up to an index.
    #[inline(always)]
    pub(super) fn answers(
        &mut self,
        ground: &Ground,
        ends: (NodeId, NodeId),
        (term, success, index): (u64, bool, u64),
        findings: &mut Findings,
    ) {
        self.answered(ground, ends, term, findings);
        if success {
            self.acknowledged(ground, ends, (term, index), findings);
        }
    }

    fn acknowledged(
        &mut self,
        ground: &Ground,
        ends: (NodeId, NodeId),
        said: (u64, u64),
        findings: &mut Findings,
    ) {
        let ((from, to), (term, index)) = (ends, said);
        let Some(own) = ground.slot_of(from) else { return };
        let follower = self.servers.at(own);
        // What waited for the disk may come when there is another leader; and heartbeats are answered again and again.
        let judged = follower.term != term || follower.judged >= (term, index);
        if judged || !ground.honest(from) || !ground.honest(to) {
            return;
        }
        let Some(other) = ground.slot_of(to) else { return };
        follower.judged = (term, index);
        let (Some(follower), Some(leader)) = (self.servers.get(own), self.servers.get(other)) else { return };
        let Some(hash) = leader.log.hash(index).filter(|_| leader.leads && leader.term == term) else {
            return;
        };
        findings.exercised();
        if follower.log.holds_durably(index, hash, ground.place(own)) {
            return;
        }
        if follower.log.holds(index, hash) {
            findings.accuse("not-durable", &[from, to], || {
                format!("{from} acknowledged index {index} to {to} before it was durable")
            });
        } else {
            findings.accuse("not-held", &[from, to], || {
                format!("{from} acknowledged index {index} to {to}, whose log is another one up to there")
            });
        }
    }

    /// A configuration is in a server's log: it has just appended it, or finds it there when it boots.
    #[inline(never)]
    fn configured(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Raft>,
        (index, config): (u64, &Config),
        findings: &mut Findings,
    ) {
        let Some(server) = self.servers.get(seen.slot) else { return };
        let hash = server.log.hash(index);
        let boots = server.booted == Some((ground.now, seen.mark.appended));
        if !boots || !server.grew {
            if let Some(hash) = hash {
                self.configs.appended(index, hash, config);
            }
            return;
        }
        if index <= server.snapshot {
            return;
        }
        findings.exercised();
        if let Some(wrong) = self.configs.found((index, server.log.end()), hash, config) {
            let node = seen.node;
            let message = format!("{node} is back with a configuration at index {index}, {wrong}");
            findings.safety("configuration", &[node], message);
        }
    }

    /// Anything but one more entry.
    #[inline(never)]
    fn changes(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        match *seen.observation {
            RaftObservation::Recovered { last_index, hash, .. } => {
                self.recovered(seen, (last_index, hash), findings);
            }
            RaftObservation::Halted => return self.halted(ground, seen, findings),
            RaftObservation::Voted { term, candidate } => {
                return self.voted(ground, seen, (term, candidate), findings);
            }
            RaftObservation::ConfigAppended { index, ref config, .. } => {
                return self.configured(ground, seen, (index, config), findings);
            }
            RaftObservation::SnapshotInstalled { index, hash, last_index, .. } if last_index > index => {
                self.kept(seen, (index, hash), findings);
            }
            _ => {}
        }
        let server = self.servers.at(seen.slot);
        match *seen.observation {
            RaftObservation::Recovered { term, .. } => {
                server.grew = server.known;
                (server.term, server.leads, server.known, server.judged) = (term, false, true, (0, 0));
                (server.term_at, server.snapshot) = (None, 0);
                server.booted = Some((ground.now, seen.mark.appended));
            }
            RaftObservation::SnapshotInstalled { index, .. } => server.snapshot = index,
            RaftObservation::TermSet { term } => {
                (server.term, server.leads) = (term, false);
                server.term_at = Some((seen.journal, seen.mark.appended));
            }
            RaftObservation::BecameLeader { .. } => server.leads = true,
            RaftObservation::BecameFollower { .. } => server.leads = false,
            _ => {}
        }
        server.log.follow_exactly(seen, REMEMBERED);
    }
}

impl Check<Raft> for Promises {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Appended",
            "Truncated",
            "Recovered",
            "Halted",
            "SnapshotInstalled",
            "TermSet",
            "BecameLeader",
            "BecameFollower",
            "Voted",
            "ConfigAppended",
        ])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        if let RaftObservation::Appended { index, term, hash } = *seen.observation {
            self.appended(seen, index, (term, hash));
        } else {
            self.changes(ground, seen, findings);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &[
            "AppendReply",
            "InstallReply",
            "InstallSnapshot",
            "ProbeReply",
            "Vote",
            "RequestVote",
            "RequestTransferredVote",
        ]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        let ends = (from, to);
        match *message {
            RaftMessage::AppendReply { term, success, index } => {
                self.answers(ground, ends, (term, success, index), findings);
            }
            RaftMessage::InstallReply { term, index, done, .. } => {
                self.answered(ground, ends, term, findings);
                if done {
                    self.installed(ground, ends, (term, index), findings);
                }
            }
            RaftMessage::ProbeReply { term, .. } | RaftMessage::Vote { term, pre: false, .. } => {
                self.answered(ground, ends, term, findings);
            }
            RaftMessage::InstallSnapshot(ref chunk) if ground.honest(from) => {
                self.snapshot_sent(ends, chunk.index, (chunk.hash, chunk.last_term), findings);
            }
            RaftMessage::RequestVote { term, last_index, last_term, pre: false }
            | RaftMessage::RequestTransferredVote { term, last_index, last_term } => {
                let asked = self.asked.entry(from).or_default();
                *asked = term.max(*asked);
                if let Some(slot) = ground.slot_of(from) {
                    self.servers.at(slot).stands = (term, (last_term, last_index));
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Crashed => self.servers.at(slot).log.crashed(ground.place(slot)),
            Lifecycle::Wiped | Lifecycle::Corrupted => self.servers.reset(slot),
            Lifecycle::Booted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::safety::script::{Script, appended, leads, recovered};
    use crate::vocabulary::InstallSnapshot;

    fn yes(term: u64, index: u64) -> RaftMessage {
        RaftMessage::AppendReply { term, success: true, index }
    }

    /// The first of three servers leads term 2, with two entries on its disk; all have booted.
    fn leading() -> Script<Promises> {
        let mut script = Script::new(Promises::default(), 3);
        for slot in 0..3 {
            script.see(slot, recovered(2, 0, 0));
        }
        script.see(0, leads(2, 0)).write(0, appended(1, 2, 11)).write(0, appended(2, 2, 12)).sync(0);
        script
    }

    #[test]
    fn what_is_acknowledged_is_held_and_durable() {
        let mut script = leading();
        script.write(1, appended(1, 2, 11)).sync(1).send(1, 0, yes(2, 1)).send(1, 0, yes(2, 0)).clean();
        script.write(1, appended(2, 2, 12)).send(1, 0, yes(2, 2));
        script.found("not-durable", "n2 acknowledged index 2 to n1 before it was durable");
    }

    #[test]
    fn an_answer_is_given_in_a_term_that_is_durable() {
        let later = || {
            let mut script = leading();
            script.write(1, RaftObservation::TermSet { term: 3 });
            script
        };
        let vote = |term, pre| RaftMessage::Vote { term, granted: true, pre };
        // Answers of before, pre-votes, and what is said again once it is durable.
        later().send(1, 0, yes(2, 0)).send(1, 0, vote(3, true)).sync(1).send(1, 0, vote(3, false)).clean();
        later().sync(1).crash(1, 0).recover(1, recovered(3, 0, 0)).send(1, 0, vote(3, false)).clean();
        let answers = [
            vote(3, false),
            RaftMessage::ProbeReply { term: 3, round: 1 },
            RaftMessage::AppendReply { term: 3, success: false, index: 0 },
            RaftMessage::InstallReply { term: 3, index: 4, chunk: 1, done: false },
        ];
        for answer in answers {
            later().send(1, 0, answer).found("term", "n2 answered n1 in term 3 before that term was durable");
        }
    }

    #[test]
    fn whoever_says_that_it_has_a_snapshot_has_it_on_disk() {
        let done = |index| RaftMessage::InstallReply { term: 2, index, chunk: 1, done: true };
        let snapshot = RaftObservation::SnapshotInstalled { index: 9, hash: 19, state: 0, last_index: 9 };
        let mut script = leading();
        script.write(1, snapshot);
        // What it does not know of, it had before.
        script.send(1, 0, done(4)).clean();
        script.send(1, 0, done(9));
        script.found("snapshot", "n2 told n1 that it has a snapshot up to index 9 before that was durable");
        let mut script = leading();
        script.write(1, RaftObservation::SnapshotInstalled { index: 9, hash: 19, state: 0, last_index: 9 });
        script.sync(1).send(1, 0, done(9)).clean();
        assert_eq!(script.exercised(), 1);
    }

    #[test]
    fn a_snapshot_is_of_the_term_of_its_last_entry() {
        let sends = |last_term, hash| {
            let (image, config) = (crate::snapshot::Image(std::rc::Rc::default()), Config::default());
            let (term, index, chunk, chunks, bytes) = (2, 1, 0, 1, 64);
            let message = RaftMessage::InstallSnapshot(Box::new(InstallSnapshot {
                term,
                index,
                last_term,
                hash,
                chunk,
                chunks,
                bytes,
                config,
                image,
            }));
            let mut script = Script::new(Promises::default(), 3);
            script.write(0, appended(1, 1, 11)).send(0, 1, message);
            script
        };
        sends(1, 11).clean();
        // The log that it is of is not known.
        sends(2, 91).clean();
        sends(2, 11).found(
            "snapshot-term",
            "n1 sends n2 a snapshot up to index 1 of term 2, the entry there is of term 1",
        );
    }

    #[test]
    fn what_a_snapshot_contradicts_is_not_kept_behind_it() {
        let installed =
            |hash, last_index| RaftObservation::SnapshotInstalled { index: 1, hash, state: 0, last_index };
        leading().write(0, installed(11, 2)).clean();
        leading().write(0, installed(91, 1)).clean();
        leading()
            .write(0, installed(91, 2))
            .found("suffix", "n1 keeps entries after a snapshot up to index 1, where its log is another one");
    }

    #[test]
    fn what_another_leader_left_is_not_acknowledged() {
        let mut script = leading();
        script.write(1, appended(1, 1, 91)).sync(1).send(1, 0, yes(2, 1));
        script.found("not-held", "n2 acknowledged index 1 to n1, whose log is another one up to there");
        leading()
            .send(2, 0, yes(2, 2))
            .found("not-held", "n3 acknowledged index 2 to n1, whose log is another one up to there");
    }

    #[test]
    fn an_answer_that_waited_for_the_disk_may_be_about_what_is_gone() {
        let mut script = leading();
        script.write(1, appended(1, 2, 11)).see(1, RaftObservation::TermSet { term: 3 });
        script.write(1, RaftObservation::Truncated { from: 1 }).sync(1).send(1, 0, yes(2, 1)).clean();
        script.see(0, RaftObservation::TermSet { term: 3 }).send(2, 0, yes(2, 2)).clean();
    }

    #[test]
    fn a_log_is_found_again_as_far_as_it_was_durable() {
        let mut script = leading();
        script.write(0, appended(3, 2, 13)).crash(0, 0).recover(0, recovered(2, 2, 12)).clean();
        script.crash(0, 0).recover(0, recovered(2, 1, 11));
        script.found("lost", "n1 is back with its log up to index 1, although it was durable up to 2");
        let mut script = leading();
        script.crash(0, 0).recover(0, recovered(2, 2, 99));
        script.found("another", "n1 is back with another log up to index 2 than was durable");
    }

    fn stands_in(term: u64, last_term: u64, last_index: u64) -> RaftMessage {
        RaftMessage::RequestVote { term, last_index, last_term, pre: false }
    }

    #[test]
    fn votes_go_to_those_who_asked_in_that_term() {
        let voted = |term, candidate| RaftObservation::Voted { term, candidate: NodeId(candidate) };
        leading()
            .see(0, voted(3, 1))
            .found("unasked", "n1 voted in term 3 for n2, which has never asked for votes");
        let asked = || {
            let mut script = leading();
            script.send(1, 0, stands_in(3, 2, 2));
            script
        };
        // A question that comes late is one of an earlier life, or of a candidate that has gone on.
        asked().crash(1, 0).see(0, voted(3, 1)).see(0, voted(4, 0)).clean();
        asked().send(1, 0, stands_in(5, 2, 2)).see(0, voted(4, 1)).clean();
        asked()
            .see(0, voted(4, 1))
            .found("unasked", "n1 voted in term 4 for n2, which asked for votes last in term 3");
    }

    #[test]
    fn votes_go_to_logs_that_are_as_up_to_date() {
        let stands = |last_term, last_index| stands_in(3, last_term, last_index);
        let voted = |candidate| RaftObservation::Voted { term: 3, candidate: NodeId(candidate) };
        let mut script = leading();
        script.send(1, 0, stands(2, 2)).see(0, voted(1)).send(1, 0, stands(2, 3)).see(0, voted(1));
        // A later candidacy, its own, and a log of which nothing is known.
        script.send(1, 0, stands_in(4, 2, 1)).see(0, voted(1)).send(1, 0, stands(2, 1));
        script.see(0, voted(0)).send(0, 2, stands(0, 0)).write(2, appended(9, 9, 19)).clean();
        script.see(0, voted(1)).found(
            "outdated",
            "n1, whose log ends with index 2 of term 2, voted for n2, whose log ends with index 1 of term 2",
        );
        let mut script = leading();
        script.send(1, 0, stands(1, 9)).see(0, voted(1)).found(
            "outdated",
            "n1, whose log ends with index 2 of term 2, voted for n2, whose log ends with index 9 of term 1",
        );
    }

    #[test]
    fn what_was_dropped_does_not_come_back() {
        let mut script = leading();
        script
            .write(0, RaftObservation::Truncated { from: 2 })
            .sync(0)
            .crash(0, 0)
            .recover(0, recovered(2, 2, 12));
        script.found("restored", "n1 is back with a log up to index 2, although only 1 of it survived");
        // Unless the crash took the dropping.
        let mut script = leading();
        script
            .write(0, RaftObservation::Truncated { from: 2 })
            .crash(0, 0)
            .recover(0, recovered(2, 2, 12))
            .clean();
    }

    fn configured(index: u64, voters: &[u32]) -> RaftObservation {
        let voters: Vec<_> = voters.iter().copied().map(NodeId).collect();
        RaftObservation::ConfigAppended { index, term: 2, config: Configuration::of(&voters).into() }
    }

    /// The leader has appended a configuration of itself and another one, which waits to be replicated.
    fn changing() -> Script<Promises> {
        let mut script = leading();
        script.write(0, appended(3, 2, 13)).see(0, configured(3, &[0, 1])).sync(0);
        script
    }

    #[test]
    fn a_server_finds_the_configurations_of_its_log_and_no_others() {
        let back = |mut script: Script<Promises>, (last, hash): (u64, u64), found: RaftObservation| {
            script.crash(0, 0).recover(0, recovered(2, last, hash)).see(0, found);
            script
        };
        back(changing(), (3, 13), configured(3, &[0, 1])).clean();
        // As long as the record that drops it is not durable, it comes back.
        let dropped = || {
            let mut script = changing();
            script.write(0, RaftObservation::Truncated { from: 3 });
            script
        };
        back(dropped(), (3, 13), configured(3, &[0, 1])).clean();
        // A crash came before it could say that the last entry is one.
        let mut cut = leading();
        cut.write(0, appended(3, 2, 13)).sync(0);
        back(cut, (3, 13), configured(3, &[0, 1])).clean();
        // What was there when it was first started, nobody knows; and a snapshot has one that is no entry.
        let mut past = Script::new(Promises::default(), 3);
        past.see(0, recovered(2, 3, 13)).see(0, configured(3, &[0, 1]));
        past.write(0, appended(4, 2, 14)).sync(0);
        back(past, (4, 14), configured(3, &[0, 1])).clean();
        let mut snapshot = changing();
        snapshot.write(0, RaftObservation::SnapshotInstalled { index: 2, hash: 12, state: 0, last_index: 3 });
        let installed = RaftObservation::SnapshotInstalled { index: 2, hash: 12, state: 0, last_index: 3 };
        back(snapshot, (3, 13), installed).see(0, configured(2, &[0])).see(0, configured(3, &[0, 1])).clean();
        for (index, voters, wrong) in
            [(3, &[0, 2][..], "where its log has another one"), (4, &[0, 1], "beyond the end of its log")]
        {
            back(changing(), (3, 13), configured(index, voters)).found(
                "configuration",
                &format!("n1 is back with a configuration at index {index}, {wrong}"),
            );
        }
        let mut another = dropped();
        another.write(0, appended(3, 2, 14)).write(0, appended(4, 2, 15)).sync(0);
        back(another, (4, 15), configured(3, &[0, 1])).found(
            "configuration",
            "n1 is back with a configuration at index 3, where its log has another entry",
        );
    }

    #[test]
    fn only_the_last_entries_are_remembered_and_the_end_is_always_known() {
        let mut script = leading();
        let last = 3 * REMEMBERED;
        for index in 3..=last {
            script.write(0, appended(index, 2, 10 + index)).write(1, appended(index, 2, 10 + index)).sync(0);
        }
        script.sync(1).send(1, 0, yes(2, 3)).send(1, 0, yes(2, last)).clean();
        script.crash(0, 0).recover(0, recovered(2, last, 10 + last)).clean();
        script.crash(0, 0).recover(0, recovered(2, 2, 12));
        let message = format!("n1 is back with its log up to index 2, although it was durable up to {last}");
        script.found("lost", &message);
    }

    #[test]
    fn a_snapshot_that_a_crash_took_leaves_a_log_that_is_not_known() {
        let installed = RaftObservation::SnapshotInstalled { index: 9, hash: 19, state: 0, last_index: 9 };
        let mut script = leading();
        script.write(1, installed.clone()).crash(1, 0).recover(1, recovered(2, 4, 14)).clean();
        script.write(1, installed).sync(1).crash(1, 0).recover(1, recovered(2, 4, 14));
        script.found("lost", "n2 is back with its log up to index 4, although it was durable up to 9");
    }

    #[test]
    fn traitors_and_newcomers_promise_nothing() {
        let mut script = leading();
        script.corrupt(1).send(1, 0, yes(2, 2)).crash(0, 0).wipe(0).recover(0, recovered(0, 0, 0)).clean();
    }

    #[test]
    fn whoever_halts_has_a_damaged_journal() {
        let mut script = leading();
        script.crash(0, 2).boot(0);
        script.ground.places[0].rotten = true;
        script.see(0, RaftObservation::Halted).clean();
        script.wipe(1).see(1, RaftObservation::Halted).clean();
        script.crash(2, 0).recover(2, RaftObservation::Halted);
        script.found("halted", "n3 takes its journal for damaged, and nothing in it is");
    }
}
