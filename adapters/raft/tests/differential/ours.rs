//! Raft of this repository, without a world: its disks sync at once.

use std::collections::VecDeque;

use our_raft::node::{RaftFactory, RaftNode};
use our_raft::vocabulary::{
    Command, Entry as LogEntry, Raft, RaftMessage, RaftObservation, RaftRecord, RaftTimer, Words,
};
use seedstorm::sim_core::disk::{Journal, Stored};
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{
    Context, Effect, Factory, Input, Process, Role as Place, Solo, SyncResult, TimerId,
};

use crate::words::{Entry, Meaning, Role, Side, State};

struct Server {
    solo: Solo,
    process: RaftNode,
    records: Vec<RaftRecord>,
    role: Role,
    commit: u64,
    said: Vec<(usize, RaftMessage)>,
}

pub struct Ours {
    factory: RaftFactory,
    servers: Vec<Server>,
}

/// A step in which something is proposed.
struct Propose<'a>(&'a mut RaftNode, u64);

impl Process<Raft> for Propose<'_> {
    fn step(&mut self, _: Input<'_, Raft>, cx: &mut Context<'_, Raft>) {
        if let Some(server) = self.0.server_mut() {
            server.propose_words(&[Words { first: self.1, second: 0, third: 0 }], cx);
        }
    }
}

fn entry(entry: &LogEntry) -> Entry {
    let number = if let Command::Foreign { words } = entry.command() { Some(words.first) } else { None };
    (entry.term(), number)
}

impl Ours {
    pub fn new(servers: usize, factory: RaftFactory) -> Self {
        let mut ours = Self { factory, servers: Vec::new() };
        for server in 0..servers {
            let solo = Solo::new(NodeId(server as u32), servers as u32);
            let process = ours.factory.boot(solo.boot(Place::Member, &[]));
            let (records, said) = (Vec::new(), Vec::new());
            ours.servers.push(Server { solo, process, records, role: Role::Follower, commit: 0, said });
            ours.servers[server].step(Input::Start);
        }
        ours
    }
}

impl Server {
    fn step(&mut self, input: Input<'_, Raft>) {
        let effects = self.solo.step(&mut self.process, input);
        self.settle(effects);
    }

    /// Everything that a step asks for. What waits for a sync is said at once, since syncs end at once.
    fn settle(&mut self, effects: seedstorm::sim_core::process::Effects<Raft>) {
        let mut waiting = VecDeque::from([effects]);
        while let Some(effects) = waiting.pop_front() {
            for effect in effects.list() {
                match effect {
                    Effect::Send { to, message } => {
                        let to = effects.recipients(to).iter();
                        self.said.extend(to.map(|node| (node.0 as usize, message.clone())));
                    }
                    Effect::Append { record, .. } => self.records.push(record.clone()),
                    Effect::Observe(observation) => self.follow(observation),
                    Effect::Sync { id, .. } => {
                        let input = Input::Synced { id: *id, result: SyncResult::Ok };
                        waiting.push_back(self.solo.step(&mut self.process, input));
                    }
                    _ => {}
                }
            }
        }
    }

    fn follow(&mut self, observation: &RaftObservation) {
        match observation {
            RaftObservation::Recovered { .. } => (self.role, self.commit) = (Role::Follower, 0),
            RaftObservation::BecameFollower { .. } => self.role = Role::Follower,
            RaftObservation::BecamePreCandidate { .. } => self.role = Role::PreCandidate,
            RaftObservation::BecameCandidate { .. } => self.role = Role::Candidate,
            RaftObservation::BecameLeader { .. } => self.role = Role::Leader,
            RaftObservation::Committed { index, .. } => self.commit = *index,
            _ => {}
        }
    }

    fn fire(&mut self, timer: RaftTimer) {
        self.step(Input::Timer { id: TimerId(0), timer });
    }
}

impl Side for Ours {
    type Message = RaftMessage;

    fn meaning(message: &RaftMessage) -> Meaning {
        match message {
            RaftMessage::RequestVote { term, last_index, last_term, pre } => {
                Meaning::Ask { pre: *pre, term: *term, last_index: *last_index, last_term: *last_term }
            }
            RaftMessage::Vote { term, granted, pre } => {
                Meaning::Answer { pre: *pre, term: *term, granted: *granted }
            }
            RaftMessage::AppendEntries { term, prev_index, prev_term, entries, .. }
                if !entries.is_empty() =>
            {
                let entries = entries.iter().map(entry).collect();
                Meaning::Append { term: *term, prev: *prev_index, prev_term: *prev_term, entries }
            }
            RaftMessage::AppendReply { term, success: true, index } => {
                Meaning::Acknowledge { term: *term, index: *index }
            }
            RaftMessage::AppendReply { term, success: false, .. } => Meaning::Refuse { term: *term },
            _ => Meaning::Other,
        }
    }

    fn state(&self, server: usize) -> State {
        let server = &self.servers[server];
        let (mut term, mut vote, mut log) = (0, None, Vec::new());
        for record in &server.records {
            match record {
                RaftRecord::HardState { term: entered, vote: given } => (term, vote) = (*entered, *given),
                RaftRecord::Entry { entry: kept, .. } => log.push(entry(kept)),
                RaftRecord::Truncate { from } => log.truncate(*from as usize - 1),
                RaftRecord::Snapshot { .. } => unreachable!("snapshots are off"),
            }
        }
        let leader = server.process.server().and_then(|server| server.known_leader());
        let place = |node: NodeId| node.0 as usize;
        State {
            term,
            vote: vote.map(place),
            leader: leader.map(place),
            role: server.role,
            log,
            commit: server.commit,
        }
    }

    fn hear(&mut self, server: usize, from: usize, message: &RaftMessage) {
        self.servers[server].step(Input::Message { from: NodeId(from as u32), message });
    }

    fn time_out(&mut self, server: usize) {
        self.servers[server].fire(RaftTimer::Election);
    }

    fn silence(&mut self, server: usize) {
        let least = self.factory.parameters.election_timeout_min;
        let solo = &mut self.servers[server].solo;
        solo.now += least;
    }

    fn beat(&mut self, server: usize) {
        let interval = self.factory.parameters.heartbeat;
        let solo = &mut self.servers[server].solo;
        solo.now += interval;
        self.servers[server].fire(RaftTimer::Heartbeat);
    }

    fn audit(&mut self, server: usize) {
        self.servers[server].fire(RaftTimer::Quorum);
    }

    fn propose(&mut self, server: usize, number: u64) {
        let server = &mut self.servers[server];
        let effects = server.solo.step(&mut Propose(&mut server.process, number), Input::Start);
        server.settle(effects);
    }

    fn restart(&mut self, server: usize) {
        let Self { factory, servers } = self;
        let server = &mut servers[server];
        let stored: Vec<_> = server.records.iter().cloned().map(Stored::Intact).collect();
        let journals = if stored.is_empty() { Vec::new() } else { vec![Journal::holding(stored, false)] };
        server.process = factory.boot(server.solo.boot(Place::Member, &journals));
        server.said.clear();
        server.step(Input::Start);
    }

    fn said(&mut self, server: usize) -> Vec<(usize, RaftMessage)> {
        std::mem::take(&mut self.servers[server].said)
    }

    fn say_again(&mut self, server: usize, said: Vec<(usize, RaftMessage)>) {
        self.servers[server].said.extend(said);
    }
}
