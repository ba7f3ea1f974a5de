//! Leadership is stable: with pre-vote and check-quorum nobody deposes a leader that is heard, and a leader goes only for a
//! reason (dissertation, sections 4.2.3, 6.2 and 9.6).
//!
//! Judged per incarnation, by each server's own monotonic clock:
//! (a) no vote and no pre-vote is granted by a leader, or within the shortest election timeout of the last message of the
//! leader of the current term; (b) a candidacy rests on the pre-votes of a majority; (c) a leader ends by a later term, by a
//! failed sync, or by a window of check-quorum in which no majority answered; it never becomes a candidate directly, and it
//! does end where nobody answers; (d) whoever gets a valid AppendEntries follows in that step, and is no candidate before
//! the shortest timeout has passed; (e) nor is whoever granted somebody a vote (Raft paper, section 5.2 and figure 2).

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use super::configs::Configs;
use super::majority::is_majority;
use crate::parameters::Parameters;
use crate::vocabulary::{Raft, RaftMessage, RaftObservation};
use sim_core::check::BySlot;

/// Within so many windows of check-quorum, a leader that nobody answers has noticed.
const WINDOWS: u64 = 4;

/// What decides who may stand and who must not.
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
];

/// Follows what each server hears and becomes.
#[derive(Debug)]
pub struct LeadershipStable {
    on: bool,
    parameters: Parameters,
    configs: Configs,
    servers: BySlot<Server>,
}

#[derive(Debug, Default)]
struct Server {
    term: u64,
    role: Role,
    /// The last message of the leader of its term: of which term, and when.
    heard: Option<(u64, Time)>,
    /// It has got a valid AppendEntries as a candidate.
    must_follow: bool,
    /// The request for a vote that it was handed last, and whether it must not grant it.
    request: Option<(NodeId, bool)>,
    /// Who asked for its vote last, in which term, and when first.
    vote_asked: Option<(NodeId, u64, Time)>,
    /// The vote that it granted last to another: in which term, and when it was asked for.
    voted: Option<(u64, Time)>,
    /// The last requests for pre-votes: who asked for which term, and whether it may be granted. An answer may wait for a sync,
    /// while older requests still come in.
    pre_requests: Vec<(NodeId, u64, bool)>,
    /// Who has granted it a pre-vote for the term of its role.
    granted: Vec<NodeId>,
    /// The term in which it stands if it does what the leader wanted.
    invited: u64,
    /// When a sync failed last, in true time.
    failed: Option<Time>,
    office: Office,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Follower,
    PreCandidate(u64),
    Candidate,
    Leader,
}

/// What a leader has heard from its followers.
#[derive(Debug, Default)]
struct Office {
    term: u64,
    /// By node: when it answered last, and in which round.
    answers: Vec<(Time, u32)>,
    round: u32,
    /// How many have answered in this round; it ends with a majority.
    answered: usize,
    /// How long it has been speaking since the last majority.
    deaf: Duration,
    spoke: Time,
}

/// So many requests for pre-votes are remembered for each server; of what was forgotten nobody is accused.
const MOST_REQUESTS: usize = 64;

impl LeadershipStable {
    /// For servers with these settings; off without pre-vote or check-quorum, or if timers run by clocks that step.
    pub fn new(parameters: &Parameters, members: u32, steady: bool) -> Self {
        Self {
            on: parameters.pre_vote && parameters.check_quorum && steady,
            parameters: *parameters,
            configs: Configs::new(members, parameters.learners),
            servers: BySlot::default(),
        }
    }

    /// Whether it judges anything.
    #[inline]
    pub(super) const fn is_on(&self) -> bool {
        self.on
    }

    /// Whether a server should protect its leader at this moment.
    fn protects(&self, slot: Slot, now: Time) -> bool {
        self.servers.get(slot).is_some_and(|server| {
            server.role == Role::Leader || server.heard_within(self.parameters.election_timeout_min, now)
        })
    }

    /// A server gets a message of the leader of a term.
    #[inline(always)]
    pub(super) fn heard_leader(&mut self, ground: &Ground, slot: Slot, term: u64, findings: &mut Findings) {
        if !ground.place(slot).honest {
            return;
        }
        let server = self.servers.at(slot);
        if server.must_follow {
            let node = ground.place(slot).node;
            findings.accuse("not-followed", &[node], || {
                format!("{node} got a valid AppendEntries as a candidate and does not follow")
            });
        }
        let other = server.role == Role::Leader && term == server.term;
        if term < server.term || other {
            return;
        }
        findings.exercised();
        server.must_follow = matches!(server.role, Role::PreCandidate(_) | Role::Candidate);
        server.heard = Some((term, ground.monotonic));
    }

    #[inline(never)]
    fn asked(&mut self, ground: &Ground, slot: Slot, from: NodeId, (term, pre): (u64, bool)) {
        let protects = self.protects(slot, ground.monotonic);
        let server = self.servers.at(slot);
        if !pre {
            server.request = Some((from, protects && term > server.term));
            return;
        }
        let same = |(candidate, asked, _): &&mut (NodeId, u64, bool)| *candidate == from && *asked == term;
        if let Some(known) = server.pre_requests.iter_mut().find(same) {
            known.2 |= !protects;
            return;
        }
        if server.pre_requests.len() >= MOST_REQUESTS {
            server.pre_requests.remove(0);
        }
        server.pre_requests.push((from, term, !protects));
    }

    /// A vote is granted in the step that hears the request, though its observation may wait for the disk. Whoever asks again
    /// is answered again, and puts nothing off.
    #[inline(never)]
    fn asked_for_vote(&mut self, ground: &Ground, slot: Slot, from: NodeId, term: u64) {
        let asked = &mut self.servers.at(slot).vote_asked;
        if asked.is_none_or(|(candidate, before, _)| (candidate, before) != (from, term)) {
            *asked = Some((from, term, ground.monotonic));
        }
    }

    /// A server gets an answer to what it said as the leader of a term.
    #[inline(always)]
    pub(super) fn answered(&mut self, ground: &Ground, slot: Slot, from: NodeId, term: u64) {
        if !ground.place(slot).honest {
            return;
        }
        let Self { configs, servers, .. } = self;
        let server = servers.at(slot);
        if server.role != Role::Leader || term != server.term {
            return;
        }
        let (config, own) = (configs.of(slot), ground.place(slot).node);
        if !config.votes(from) {
            return;
        }
        let office = &mut server.office;
        if office.answers.len() <= from.index() {
            office.answers.resize(from.index() + 1, (Time::ZERO, 0));
        }
        let answer = &mut office.answers[from.index()];
        office.answered += usize::from(answer.1 != office.round);
        *answer = (ground.monotonic, office.round);
        let enough = office.answered + 1 > config.voters.len() / 2;
        let answers = |node: NodeId| {
            node == own || office.answers.get(node.index()).is_some_and(|answer| answer.1 == office.round)
        };
        if enough && (!config.is_joint() || is_majority(config, answers)) {
            (office.answered, office.deaf, office.spoke) = (0, Duration::ZERO, ground.monotonic);
            office.round += 1;
        }
    }

    /// A leader speaks. How long it has done so without a majority is counted by what lies between two messages, each at most
    /// two heartbeats: one that stood still meanwhile could not look at its clock.
    #[inline(always)]
    pub(super) fn speaks(&mut self, ground: &Ground, from: NodeId, findings: &mut Findings) {
        let slot = ground.stepping;
        if ground.slot_of(from) != Some(slot) || !ground.place(slot).honest {
            return;
        }
        let Parameters { heartbeat, election_timeout_max, .. } = self.parameters;
        let server = self.servers.at(slot);
        if server.role != Role::Leader || ground.monotonic <= server.office.spoke {
            return;
        }
        let office = &mut server.office;
        let silence = ground.monotonic.since(office.spoke).min(heartbeat * 2);
        (office.deaf, office.spoke) = (office.deaf.saturating_add(silence), ground.monotonic);
        if office.deaf > election_timeout_max.saturating_mul(WINDOWS) {
            self.is_deaf(ground, slot, findings);
        }
    }

    #[cold]
    fn is_deaf(&mut self, ground: &Ground, slot: Slot, findings: &mut Findings) {
        let server = self.servers.at(slot);
        server.office.deaf = Duration::ZERO;
        let (node, term) = (ground.place(slot).node, server.term);
        if is_majority(self.configs.of(slot), |voter| voter == node) {
            return;
        }
        let message = format!(
            "{node} leads term {term} although no majority has answered for {WINDOWS} windows of check-quorum"
        );
        findings.safety("deaf", &[node], message);
    }

    fn stands_for_pre_votes(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Raft>,
        term: u64,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let shortest = self.parameters.election_timeout_min;
        let server = self.servers.at(seen.slot);
        let node = seen.node;
        server.leave_as_candidate(node, findings);
        if server.heard_within(shortest, ground.monotonic) {
            let message = format!(
                "{node} asks for pre-votes within {shortest} of a message of the leader of its term {}",
                server.term
            );
            findings.safety("impatient", &[node], message);
        }
        if let Some((granted, at)) =
            server.voted.filter(|(_, at)| at.saturating_add(shortest) > ground.monotonic)
        {
            let after = ground.monotonic.since(at);
            let message = format!(
                "{node} asks for pre-votes {after} after it was asked for the vote that it granted in term {granted}, the shortest timeout is {shortest}"
            );
            findings.safety("impatient-voter", &[node], message);
        }
        (server.role, server.must_follow) = (Role::PreCandidate(term), false);
        server.granted.clear();
    }

    fn stands(&mut self, seen: &Seen<'_, Raft>, term: u64, findings: &mut Findings) {
        findings.exercised();
        let Self { configs, servers, .. } = self;
        let (config, node) = (configs.of(seen.slot), seen.node);
        let server = servers.at(seen.slot);
        server.leave_as_candidate(node, findings);
        let asked = server.role == Role::PreCandidate(term);
        let grants = |voter: NodeId| voter == node || (asked && server.granted.contains(&voter));
        let alone = is_majority(config, |voter| voter == node);
        if !is_majority(config, grants) && !alone && server.invited != term {
            let granted = if asked { server.granted.len() + 1 } else { 0 };
            let most = config.voters.len() / 2 + 1;
            let message = format!(
                "{node} is a candidate in term {term} with {granted} pre-votes, {most} are a majority"
            );
            findings.safety("no-pre-votes", &[node], message);
        }
        (server.role, server.must_follow) = (Role::Candidate, false);
    }

    fn follows(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, term: u64, findings: &mut Findings) {
        let window = self.parameters.election_timeout_max;
        let Self { configs, servers, .. } = self;
        let (config, node) = (configs.of(seen.slot), seen.node);
        let server = servers.at(seen.slot);
        let was = std::mem::replace(&mut server.role, Role::Follower);
        server.must_follow = false;
        if was != Role::Leader {
            return;
        }
        findings.exercised();
        if term > server.office.term || server.failed == Some(ground.now) {
            return;
        }
        let recent = |voter: NodeId| {
            let answer = server.office.answers.get(voter.index());
            voter == node || answer.is_some_and(|answer| answer.0.saturating_add(window) > ground.monotonic)
        };
        if is_majority(config, recent) {
            let answered = config.voters.iter().filter(|voter| recent(**voter)).count();
            let message = format!(
                "{node} stopped leading term {term} although {answered} servers answered within {window}"
            );
            findings.safety("left-office", &[node], message);
        }
    }
}

impl Server {
    fn heard_within(&self, window: Duration, now: Time) -> bool {
        self.heard.is_some_and(|(term, at)| term == self.term && at.saturating_add(window) > now)
    }

    fn leave_as_candidate(&mut self, node: NodeId, findings: &mut Findings) {
        if self.role == Role::Leader {
            let message = format!("{node}, leader of term {}, became a candidate", self.term);
            findings.safety("candidate", &[node], message);
        }
    }
}

impl Check<Raft> for LeadershipStable {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        let kinds: &[&str] = &[
            "Recovered",
            "ConfigAppended",
            "Truncated",
            "Removed",
            "TermSet",
            "Voted",
            "BecamePreCandidate",
            "BecameCandidate",
            "BecameLeader",
            "BecameFollower",
        ];
        Some(if self.on { kinds } else { &[] })
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        self.configs.follow(seen);
        // Whom a new configuration needs owed no answer before it: who was the only voter needed nobody.
        if matches!(seen.observation, RaftObservation::ConfigAppended { .. }) {
            let office = &mut self.servers.at(seen.slot).office;
            (office.deaf, office.spoke) = (Duration::ZERO, ground.monotonic);
        }
        let server = self.servers.at(seen.slot);
        match *seen.observation {
            // It stops leading for a reason.
            RaftObservation::Removed { .. } => server.failed = Some(ground.now),
            RaftObservation::Recovered { term, .. } => *server = Server { term, ..Server::default() },
            RaftObservation::TermSet { term } => server.term = term,
            RaftObservation::Voted { term, candidate } if candidate != seen.node => {
                findings.exercised();
                if server.request == Some((candidate, true)) {
                    let node = seen.node;
                    let message =
                        format!("{node} voted for {candidate} in term {term} while it heard a leader");
                    findings.safety("vote", &[node, candidate], message);
                }
                let asked = server.vote_asked.filter(|(who, when, _)| (*who, *when) == (candidate, term));
                server.voted = asked.map(|(.., at)| (term, at)).or(server.voted);
            }
            RaftObservation::BecamePreCandidate { term } => {
                self.stands_for_pre_votes(ground, seen, term, findings);
            }
            RaftObservation::BecameCandidate { term } => self.stands(seen, term, findings),
            RaftObservation::BecameLeader { term, .. } => {
                server.role = Role::Leader;
                server.office = Office { term, round: 1, spoke: ground.monotonic, ..Office::default() };
            }
            RaftObservation::BecameFollower { term } => self.follows(ground, seen, term, findings),
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.on { &["Vote", "AppendEntries"] } else { &[] }
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        if let RaftMessage::AppendEntries { .. } = *message {
            return self.speaks(ground, from, findings);
        }
        let Some(slot) = ground.slot_of(from).filter(|slot| ground.place(*slot).honest) else { return };
        let RaftMessage::Vote { term, granted: true, pre: true } = *message else { return };
        findings.exercised();
        let requests = &self.servers.at(slot).pre_requests;
        let request = requests.iter().find(|(candidate, asked, _)| *candidate == to && *asked == term);
        if request.is_some_and(|(.., may)| !may) {
            let message = format!("{from} granted {to} a pre-vote for term {term} while it heard a leader");
            findings.safety("pre-vote", &[from, to], message);
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        if self.on { TAKEN } else { &[] }
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        if !ground.place(slot).honest {
            return;
        }
        match *message {
            RaftMessage::AppendEntries { term, .. } | RaftMessage::Probe { term, .. } => {
                self.heard_leader(ground, slot, term, findings);
            }
            RaftMessage::InstallSnapshot(ref chunk) => {
                self.heard_leader(ground, slot, chunk.term, findings);
            }
            RaftMessage::AppendReply { term, .. }
            | RaftMessage::ProbeReply { term, .. }
            | RaftMessage::InstallReply { term, .. } => {
                self.answered(ground, slot, from, term);
            }
            RaftMessage::TimeoutNow { term } => self.servers.at(slot).invited = term + 1,
            RaftMessage::RequestTransferredVote { term, .. } => {
                self.servers.at(slot).request = None;
                self.asked_for_vote(ground, slot, from, term);
            }
            RaftMessage::RequestVote { term, pre, .. } => {
                self.asked(ground, slot, from, (term, pre));
                if !pre {
                    self.asked_for_vote(ground, slot, from, term);
                }
            }
            RaftMessage::Vote { term, granted: true, pre: true } => {
                let server = self.servers.at(slot);
                if server.role == Role::PreCandidate(term) && !server.granted.contains(&from) {
                    server.granted.push(from);
                }
            }
            _ => {}
        }
    }

    fn sync_failed(&mut self, ground: &Ground, slot: Slot) {
        self.servers.at(slot).failed = Some(ground.now);
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Booted) {
            self.servers.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests;
