//! One server, stepped by hand; what it does is read as lines.

use sim_core::disk::Journal;
use sim_core::facts::render;
use sim_core::identity::NodeId;
use sim_core::process::{Effect, Effects, Factory, Input, Role, Solo, Stored, SyncId, SyncResult, TimerId};
use sim_core::time::{Duration, Time};

use crate::node::{RaftFactory, RaftNode};
use crate::parameters::Parameters;
use crate::plants::Plants;
use crate::server;
use crate::vocabulary::{Command, Entry, Raft, RaftMessage, RaftRecord, RaftTimer};

/// The server under test is n1 in a cluster of three.
pub(super) const ME: NodeId = NodeId(0);
pub(super) const N2: NodeId = NodeId(1);
pub(super) const N3: NodeId = NodeId(2);
/// Somebody outside.
pub(super) const CLIENT: NodeId = NodeId(7);

pub(super) struct One {
    pub(super) solo: Solo,
    pub(super) process: RaftNode,
    /// Syncs asked for and not yet ended.
    pub(super) syncs: Vec<SyncId>,
    /// How long the election timer was last set for.
    pub(super) election: Option<Duration>,
    /// How long the heartbeat timer was last set for.
    pub(super) heartbeat: Option<Duration>,
}

pub(super) fn noop(term: u64) -> Entry {
    Entry::new(term, Command::Noop)
}

pub(super) fn without_pre_vote() -> Parameters {
    Parameters { pre_vote: false, check_quorum: false, ..Parameters::default() }
}

/// A journal that holds this term and a log of these terms.
pub(super) fn journal(term: u64, log: &[u64]) -> Vec<Stored<RaftRecord>> {
    let hard_state = RaftRecord::HardState { term, vote: None };
    let entries = log.iter().zip(1..).map(|(term, index)| RaftRecord::Entry { index, entry: noop(*term) });
    [hard_state].into_iter().chain(entries).map(Stored::Intact).collect()
}

pub(super) fn heartbeat(term: u64, prev_index: u64, prev_term: u64, commit: u64) -> RaftMessage {
    entries(term, prev_index, prev_term, commit, &[])
}

pub(super) fn entries(term: u64, prev_index: u64, prev_term: u64, commit: u64, terms: &[u64]) -> RaftMessage {
    let entries = terms.iter().map(|term| noop(*term)).collect();
    RaftMessage::AppendEntries { term, prev_index, prev_term, commit, entries }
}

pub(super) fn request_vote(term: u64, last_index: u64, last_term: u64) -> RaftMessage {
    RaftMessage::RequestVote { term, last_index, last_term, pre: false }
}

pub(super) fn vote(term: u64) -> RaftMessage {
    RaftMessage::Vote { term, granted: true, pre: false }
}

impl One {
    pub(super) fn new(parameters: Parameters) -> Self {
        Self::with(parameters, Plants::default(), 3, Vec::new())
    }

    pub(super) fn with(
        parameters: Parameters,
        plants: Plants,
        members: u32,
        stored: Vec<Stored<RaftRecord>>,
    ) -> Self {
        let mut solo = Solo::new(ME, members);
        solo.now = Time::from_nanos(1_000_000_000);
        let journals = if stored.is_empty() { vec![] } else { vec![Journal::holding(stored, false)] };
        let process = RaftFactory { parameters, plants, ..RaftFactory::default() }
            .boot(solo.boot(Role::Member, &journals));
        let mut one = Self { solo, process, syncs: Vec::new(), election: None, heartbeat: None };
        one.lines(Input::Start);
        one
    }

    fn step(&mut self, input: Input<'_, Raft>) -> Effects<Raft> {
        let effects = self.solo.step(&mut self.process, input);
        for effect in effects.list() {
            match effect {
                Effect::Sync { id, .. } => self.syncs.push(*id),
                Effect::SetTimer { id: server::ELECTION, after, .. } => self.election = Some(*after),
                Effect::SetTimer { id: server::HEARTBEAT, after, .. } => self.heartbeat = Some(*after),
                _ => {}
            }
        }
        effects
    }

    /// Steps and writes every effect as a line, timers left out.
    pub(super) fn lines(&mut self, input: Input<'_, Raft>) -> Vec<String> {
        let effects = self.step(input);
        let line = |effect: &Effect<Raft>| match effect {
            Effect::Send { to, message } => {
                let to: Vec<_> = effects.recipients(to).iter().map(ToString::to_string).collect();
                Some(format!("to {}: {}", to.join(" "), render(message)))
            }
            Effect::Append { record, .. } => Some(format!("write {}", render(record))),
            Effect::Sync { id, .. } => Some(format!("sync {}", id.0)),
            Effect::Hold(id) => Some(format!("hold {}", id.0)),
            Effect::Observe(observation) => Some(render(observation)),
            Effect::Return { response, .. } => Some(format!("return {}", render(response))),
            _ => None,
        };
        effects.list().iter().filter_map(line).collect()
    }

    pub(super) fn hears(&mut self, from: NodeId, message: &RaftMessage) -> Vec<String> {
        self.lines(Input::Message { from, message })
    }

    /// As [`Self::hears`], the messages only.
    pub(super) fn answer(&mut self, from: NodeId, message: &RaftMessage) -> Vec<String> {
        sends(&self.hears(from, message))
    }

    pub(super) fn fires(&mut self, id: TimerId, timer: RaftTimer) -> Vec<String> {
        self.lines(Input::Timer { id, timer })
    }

    pub(super) fn election_timeout(&mut self) -> Vec<String> {
        self.fires(server::ELECTION, RaftTimer::Election)
    }

    /// Lets a heartbeat's interval pass in silence.
    pub(super) fn heartbeat_timeout(&mut self) -> Vec<String> {
        self.advance(Parameters::default().heartbeat);
        self.heartbeat_fires()
    }

    pub(super) fn heartbeat_fires(&mut self) -> Vec<String> {
        self.fires(server::HEARTBEAT, RaftTimer::Heartbeat)
    }

    /// Ends the oldest sync under way.
    pub(super) fn synced(&mut self, result: SyncResult) -> Vec<String> {
        let id = self.syncs.remove(0);
        self.lines(Input::Synced { id, result })
    }

    /// Ends every sync under way well.
    pub(super) fn synced_all(&mut self) {
        while !self.syncs.is_empty() {
            self.synced(SyncResult::Ok);
        }
    }

    /// Whether a step (re)sets the election timer.
    pub(super) fn draws_timer(&mut self, from: NodeId, message: &RaftMessage) -> bool {
        self.election = None;
        self.hears(from, message);
        self.election.is_some()
    }

    /// Wins the next election, with everything durable.
    pub(super) fn elect(&mut self) -> Vec<String> {
        self.election_timeout();
        self.synced_all();
        let term = self.server().term;
        let mut lines = self.hears(N2, &vote(term));
        lines.append(&mut self.hears(N3, &vote(term)));
        lines
    }

    pub(super) fn server(&self) -> &server::Server {
        match &self.process {
            RaftNode::Server(server) => server,
            other => panic!("not a server: {other:?}"),
        }
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.solo.now += by;
    }
}

/// The lines that are messages.
pub(super) fn sends(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| line.starts_with("to ")).cloned().collect()
}
