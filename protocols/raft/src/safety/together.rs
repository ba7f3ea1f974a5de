//! How the checks of Raft are told of what happens, together.
//!
//! What happens all the time (an entry is appended, committed, applied) goes straight to those who hear of it; a test sees to it that these
//! are the same. None of them judges what is not honest; one takes note that there is somebody.

use sim_core::check::{Check, Findings, Lifecycle, Panel, Seen, call, places};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::RequestId;

use super::{Place, Together};
use crate::vocabulary::{Raft, RaftMessage, RaftObservation, RaftRequest, RaftResponse};

/// What any of them reads.
const READ: &[&str] = &[
    "AppendEntries",
    "AppendReply",
    "InstallReply",
    "ProbeReply",
    "Vote",
    "RequestVote",
    "RequestTransferredVote",
    "ChangeReply",
    "InstallSnapshot",
    "ClientReply",
];

/// What any of them takes.
const TAKEN: &[&str] = &[
    "RequestVote",
    "Vote",
    "AppendEntries",
    "AppendReply",
    "TimeoutNow",
    "RequestTransferredVote",
    "Probe",
    "ProbeReply",
    "InstallSnapshot",
    "InstallReply",
    "Read",
];

impl Together {
    /// Tells those who hear of it, one by one.
    #[inline(never)]
    fn tell(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        let whom = self.calls.hears[usize::from(seen.observation.kind())];
        call(self, whom, findings, |check, findings| check.observe(ground, seen, findings));
    }

    #[inline(never)]
    fn tell_sent(
        &mut self,
        ground: &Ground,
        (from, to): (NodeId, NodeId),
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        let whom = self.calls.reads[usize::from(message.kind())];
        call(self, whom, findings, |check, findings| check.sent(ground, from, to, message, findings));
    }

    #[inline(never)]
    fn tell_received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        (from, message): (NodeId, &RaftMessage),
        findings: &mut Findings,
    ) {
        let whom = self.calls.takes[usize::from(message.kind())];
        call(self, whom, findings, |check, findings| check.received(ground, slot, from, message, findings));
    }
}

impl Check<Raft> for Together {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return self.pre_votes.heard_of_lies();
        }
        match *seen.observation {
            RaftObservation::Appended { index, term, hash } => {
                findings.under(Place::leader_append_only as usize);
                self.leader_append_only.appended(ground, seen, index, findings);
                findings.under(Place::log_matching as usize);
                self.log_matching.appended(seen.node, (index, term, hash), findings);
                self.commit_durable.appended(ground, seen);
                self.promises.appended(seen, index, (term, hash));
                self.leader_completeness.appended(seen);
                findings.under(Place::membership as usize);
                self.membership.appended(ground, seen, (index, term), findings);
                self.pre_votes.appended(seen.slot, index, term);
            }
            RaftObservation::Committed { index, hash, entry_term, term, counted } => {
                findings.under(Place::term_monotone as usize);
                self.term_monotone.speaks(seen, term, findings);
                findings.under(Place::commit_monotone as usize);
                self.commit_monotone.rises(seen, index, false, findings);
                findings.under(Place::commit_durable as usize);
                self.commit_durable.committed(ground, seen, (index, hash), findings);
                self.acknowledged.commits(seen.slot, index);
                if counted {
                    findings.under(Place::acknowledged as usize);
                    self.acknowledged.counted(seen, index, findings);
                    findings.under(Place::commit_term as usize);
                    self.commit_term.counted(seen, (index, entry_term), term, findings);
                }
                findings.under(Place::state_machine_safety as usize);
                self.state_machine_safety.committed(seen.node, index, hash, findings);
                if counted {
                    findings.under(Place::leader_completeness as usize);
                    self.leader_completeness.counted(term, (index, hash), findings);
                }
                self.membership.committed(seen.slot, index, entry_term);
            }
            RaftObservation::Applied { index, hash, state, client, sequence, repeated, answer } => {
                let place = (seen.slot, seen.node);
                findings.under(Place::state_machine_safety as usize);
                self.state_machine_safety.applied(place, index, (hash, state), findings);
                findings.under(Place::sessions as usize);
                self.sessions.applied(place, index, (client, sequence), (repeated, answer), findings);
                self.membership.applied(ground, seen, index);
            }
            _ => self.tell(ground, seen, findings),
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        READ
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        match *message {
            RaftMessage::AppendReply { term, success, index } => {
                findings.under(Place::promises as usize);
                self.promises.answers(ground, (from, to), (term, success, index), findings);
            }
            RaftMessage::AppendEntries { .. } => {
                if self.leadership_stable.is_on() {
                    findings.under(Place::leadership_stable as usize);
                    self.leadership_stable.speaks(ground, from, findings);
                }
            }
            _ => self.tell_sent(ground, (from, to), message, findings),
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        TAKEN
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        match *message {
            RaftMessage::AppendReply { term, success, index } => {
                if success {
                    self.acknowledged.takes_answer(slot, from, term, index);
                }
                if self.leadership_stable.is_on() {
                    self.leadership_stable.answered(ground, slot, from, term);
                }
            }
            RaftMessage::AppendEntries { term, .. } if !self.reads.follows_leaders() => {
                if self.leadership_stable.is_on() {
                    findings.under(Place::leadership_stable as usize);
                    self.leadership_stable.heard_leader(ground, slot, term, findings);
                }
            }
            _ => self.tell_received(ground, slot, (from, message), findings),
        }
    }

    fn sync_failed(&mut self, ground: &Ground, slot: Slot) {
        places(self.calls.syncs).for_each(|place| self.member_mut(place).sync_failed(ground, slot));
    }

    fn watches_clients(&self) -> bool {
        self.calls.clients != 0
    }

    fn invoked(
        &mut self,
        ground: &Ground,
        client: NodeId,
        id: RequestId,
        request: &RaftRequest,
        findings: &mut Findings,
    ) {
        let clients = self.calls.clients;
        call(self, clients, findings, |check, findings| check.invoked(ground, client, id, request, findings));
    }

    fn returned(
        &mut self,
        ground: &Ground,
        client: NodeId,
        id: RequestId,
        response: &RaftResponse,
        findings: &mut Findings,
    ) {
        let clients = self.calls.clients;
        call(self, clients, findings, |check, findings| {
            check.returned(ground, client, id, response, findings);
        });
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, findings: &mut Findings) {
        let all = self.calls.all;
        call(self, all, findings, |check, findings| check.lifecycle(ground, slot, event, findings));
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        let all = self.calls.all;
        call(self, all, findings, |check, findings| check.finish(ground, findings));
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::Judge;
    use sim_core::process::JournalId;
    use sim_core::setup::Setup;
    use sim_core::time::Duration;

    use super::super::CHECKS;
    use super::*;
    use crate::configuration::Configuration;
    use crate::parameters::{Parameters, Reads};

    fn fresh(reads: Reads) -> Together {
        Together::fresh(&Parameters { reads, ..Parameters::default() }, &Setup::new(1, 3))
    }

    #[test]
    fn together_they_read_and_take_what_each_does() {
        let all = fresh(Reads::Lease);
        let named = |wanted: &[&'static str]| {
            RaftMessage::KINDS.iter().copied().filter(|kind| wanted.contains(kind)).collect::<Vec<_>>()
        };
        let members = || (0..CHECKS.len()).map(|place| all.member(place));
        let (reads, takes): (Vec<_>, Vec<_>) = members().map(|check| (check.reads(), check.takes())).unzip();
        assert_eq!(named(&reads.concat()), named(all.reads()));
        assert_eq!(named(&takes.concat()), named(all.takes()));
    }

    /// What servers may say, right or wrong: small numbers meet again and again.
    fn said(mut word: u64) -> RaftObservation {
        let mut up_to = |most: u64| {
            let drawn = word % most;
            word /= most;
            drawn
        };
        let (kind, index, term, flag) = (up_to(24), 1 + up_to(6), 1 + up_to(3), up_to(2) == 0);
        let hash = index * 10 + up_to(6) / 5;
        match kind {
            0 => RaftObservation::Recovered { term, vote: None, last_index: index, hash },
            1 => RaftObservation::TermSet { term },
            2 => RaftObservation::BecameLeader { term, last_index: index },
            3 => RaftObservation::BecameFollower { term },
            4 => RaftObservation::Truncated { from: index },
            5 => RaftObservation::SnapshotInstalled { index, hash, state: hash, last_index: index },
            6 => RaftObservation::BecameCandidate { term },
            7 => RaftObservation::Acknowledged { sequence: index, index, answer: hash },
            20 | 21 => {
                let voters: Vec<_> = (0..=up_to(3) as u32).map(NodeId).collect();
                let config = if flag {
                    Configuration { outgoing: voters, ..Configuration::of(&[NodeId(0), NodeId(1)]) }
                } else {
                    Configuration::of(&voters)
                };
                RaftObservation::ConfigAppended { index, term, config: config.into() }
            }
            8..=12 => RaftObservation::Appended { index, term, hash },
            13..=16 => RaftObservation::Committed {
                index,
                hash,
                entry_term: term,
                term: 1 + up_to(3),
                counted: flag,
            },
            _ => {
                let client = flag.then_some(NodeId(3));
                let (sequence, repeated) = (index, up_to(4) == 0);
                RaftObservation::Applied {
                    index,
                    hash,
                    state: hash,
                    client,
                    sequence,
                    repeated,
                    answer: hash,
                }
            }
        }
    }

    fn message(word: u64) -> RaftMessage {
        let (term, index, flag) = (1 + word % 3, 1 + word / 3 % 6, (word / 18).is_multiple_of(2));
        match word / 36 % 5 {
            0 => RaftMessage::Vote { term, granted: flag, pre: index > 3 },
            1 => RaftMessage::Probe { term, round: index },
            2 => RaftMessage::AppendReply { term, success: flag, index },
            4 => RaftMessage::ChangeReply {
                node: NodeId(index as u32 % 4),
                add: flag,
                done: true,
                leader: None,
            },
            _ => RaftMessage::AppendEntries {
                term,
                prev_index: index,
                prev_term: term,
                commit: 0,
                entries: [].as_slice().into(),
            },
        }
    }

    /// What goes straight to some of the checks goes to those who hear of it, and comes to the same.
    #[test]
    fn together_they_judge_as_one_by_one() {
        [Reads::Log, Reads::Lease].into_iter().for_each(compare);
    }

    fn compare(reads: Reads) {
        // Each round leaves some of the kinds out, so that what they would end goes on.
        let found = (1..=400).map(|round| play(reads, round)).sum::<usize>();
        assert!(found > 1_000, "{found}");
    }

    /// Plays one round; how many violations both found.
    fn play(reads: Reads, round: u64) -> usize {
        let findings = || {
            let panel = Judge::together(CHECKS, fresh(reads));
            Findings::by(&mut [panel])
        };
        let (mut straight, mut one_by_one) = (fresh(reads), fresh(reads));
        let (mut found, mut expected) = (findings(), findings());
        let mut ground = Ground::new(3, 1);
        let mut word = round;
        let mut draw = || {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (word ^ word >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 8
        };
        let (observed, messages) = (draw() | draw(), draw() | draw());
        for _ in 0..300 {
            let (slot, drawn) = (Slot(draw() as u32 % 3), draw());
            ground.now = ground.now.saturating_add(Duration::from_millis(draw() % 40));
            (ground.monotonic, ground.stepping) = (ground.now, slot);
            let (from, to) = (NodeId(slot.0), NodeId((slot.0 + 1) % 3));
            let (message, observation) = (message(drawn / 5), said(drawn / 5));
            let told = |kinds: u64, kind: u8| kinds >> (kind % 56) & 1 == 1;
            match drawn % 5 {
                0 if told(messages, message.kind()) => {
                    straight.sent(&ground, from, to, &message, &mut found);
                    one_by_one.tell_sent(&ground, (from, to), &message, &mut expected);
                }
                1 if told(messages, message.kind()) => {
                    straight.received(&ground, slot, to, &message, &mut found);
                    one_by_one.tell_received(&ground, slot, (to, &message), &mut expected);
                }
                2.. if told(observed, observation.kind()) => {
                    let place = ground.place(slot);
                    let (node, journal) = (place.node, JournalId(0));
                    let mark = place.mark(journal);
                    let (honest, observation) = (true, &observation);
                    let seen = Seen { slot, node, incarnation: 0, honest, journal, mark, observation };
                    straight.observe(&ground, &seen, &mut found);
                    one_by_one.tell(&ground, &seen, &mut expected);
                }
                _ => {}
            }
        }
        // At last, one of them leads, and nobody answers.
        let leads = RaftObservation::BecameLeader { term: 9, last_index: 9 };
        let (slot, node, journal) = (Slot(0), NodeId(0), JournalId(0));
        let mark = ground.place(slot).mark(journal);
        let seen = Seen { slot, node, incarnation: 0, honest: true, journal, mark, observation: &leads };
        straight.observe(&ground, &seen, &mut found);
        one_by_one.tell(&ground, &seen, &mut expected);
        for _ in 0..50 {
            ground.now = ground.now.saturating_add(Duration::from_millis(100));
            (ground.monotonic, ground.stepping) = (ground.now, slot);
            let message = message(3 * 36);
            straight.sent(&ground, node, NodeId(1), &message, &mut found);
            one_by_one.tell_sent(&ground, (node, NodeId(1)), &message, &mut expected);
        }
        let exercised = |findings: &Findings| -> Vec<u64> {
            (0..CHECKS.len()).map(|place| findings.exercised_at(place)).collect()
        };
        assert_eq!(exercised(&found), exercised(&expected), "round {round}");
        assert_eq!(found.violations(), expected.violations(), "round {round}");
        assert_eq!(found.omitted(), expected.omitted(), "round {round}");
        found.violations().len()
    }
}
