//! A Raft server: its state, and which phase handles which input.
//!
//! The phases stand in files of their own: `election`, `replication` (the
//! leader's side), `follower`, `commit`, `requests` (clients)
//! and `durability` (the journal, and what must wait for it).
//!
//! A step changes memory first and reports that at once; what it then says to others waits, where the rules say so,
//! until the records it rests on are durable. So holds always come last in a step.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Input, Process, TimerId};
use sim_core::time::{Duration, Time};

use super::adapting::Counted;
use super::batch::Batch;
use super::configuration::{Config, genesis};
use super::durability::{Durability, JOURNAL, Remembered, recover};
use super::election::Ballot;
use super::log::{Base, Log};
use super::parameters::Parameters;
use super::plants::Plants;
use super::replication::Leadership;
use super::snapshot::{Chunk, Incoming, Snapshot};
use super::stalling::Stalling;
use super::vocabulary::{InstallSnapshot, Raft, RaftMessage, RaftObservation, RaftTimer, Words};
use objects::Store;

/// The timers of a server, one of each kind.
pub(super) const ELECTION: TimerId = TimerId(0);
pub(super) const HEARTBEAT: TimerId = TimerId(1);
pub(super) const QUORUM: TimerId = TimerId(2);
pub(super) const DISK: TimerId = TimerId(3);
pub(super) const TRANSFER: TimerId = TimerId(4);
pub(super) const APPLY: TimerId = TimerId(5);

/// What a server is in its term.
#[derive(Debug)]
pub(super) enum Role {
    /// It answers others.
    Follower,
    /// It asks whether it would win the next term.
    PreCandidate(Ballot),
    /// It asks for votes in its term.
    Candidate(Ballot),
    /// It won.
    Leader(Leadership),
}

/// One incarnation of a Raft server.
#[derive(Debug)]
pub struct Server {
    pub(super) node: NodeId,
    /// All members of the configuration in force, in ascending order.
    pub(super) members: Vec<NodeId>,
    /// This server's place among the members; none if it is no member.
    pub(super) place: usize,
    /// The configuration in force.
    pub(super) config: Config,
    /// The configurations in the log, with their indices, and the one before them.
    pub(super) configs: Vec<(u64, Config)>,
    /// Whether all members vote, this server is one, and no change is joint: then majorities are counted.
    pub(super) plain: bool,
    pub(super) parameters: Parameters,
    pub(super) plants: Plants,
    /// Whether somebody may ask for its vote, or lead it, who is no member as far as it knows.
    pub(super) open: bool,
    /// A bug that keeps it from making progress, for tests.
    pub(super) stall: Option<Stalling>,
    /// How long the first election timer runs, if the scenario says so.
    pub(super) first_timeout: Option<Duration>,
    pub(super) term: u64,
    pub(super) vote: Option<NodeId>,
    pub(super) role: Role,
    /// The leader of this term, once known; forgotten when an election starts.
    pub(super) leader: Option<NodeId>,
    /// When the leader was last heard, by this slot's clock.
    pub(super) heard: Time,
    pub(super) log: Log,
    pub(super) journal: Durability,
    /// What this server would tell the leader of this term that it holds, were it durable.
    pub(super) owed: Option<u64>,
    pub(super) commit: u64,
    pub(super) applied: u64,
    pub(super) store: Store,
    /// The last snapshot that was taken or installed.
    pub(super) snapshot: Option<Snapshot>,
    /// The snapshot that the leader is sending.
    pub(super) incoming: Option<Incoming>,
    /// The operations that this server passed on and will answer when it applies them: the latest of each client.
    pub(super) relayed: OrderedMap<NodeId, u64>,
    /// The payload of every heartbeat.
    pub(super) nothing: Batch,
    /// How often an election was begun, for the bug that never forgets it.
    pub(super) elections: u32,
    /// Whether a timer runs until what is committed is applied.
    pub(super) applying: bool,
    /// What a composite proposed, is applied, and was not taken yet.
    pub(super) decided: VecDeque<(u64, Words)>,
    /// Whom it counts, if the quorum adapts.
    pub(super) counted: Counted,
}

impl Server {
    /// A server with what its journal holds; `None` if its journal is damaged. Who came later knows the members of the
    /// beginning, and is none of them.
    pub fn recover(parameters: Parameters, plants: Plants, boot: &Boot<'_, Raft>) -> Option<Self> {
        // Plant R24: what cannot be read was never there.
        let remembered = recover(&boot.journal(JOURNAL))
            .or_else(|| plants.damaged_disk_is_blank.then(Remembered::default))?;
        let first = match &remembered.snapshot {
            Some(snapshot) => (snapshot.last.index, snapshot.config.clone()),
            None => (0, genesis(boot.members, parameters.learners).into()),
        };
        let later = remembered.configs.into_iter().filter(|(index, _)| *index > first.0);
        let configs: Vec<(u64, Config)> = std::iter::once(first.clone()).chain(later).collect();
        let config = configs.last().map_or(first.1, |(_, config)| config.clone());
        let members = config.0.everybody();
        let place = members.binary_search(&boot.node).unwrap_or(usize::MAX);
        let snapshot = remembered.snapshot;
        let index = snapshot.as_ref().map_or(0, |snapshot| snapshot.last.index);
        let (term, vote) = match &snapshot {
            // Plant R02: a server that loads a snapshot is in the term of its last entry.
            Some(snapshot) if plants.term_of_snapshot => (snapshot.last.term, None),
            _ => (remembered.term, remembered.vote),
        };
        Some(Self {
            node: boot.node,
            counted: Counted::new(members.len(), plants.quorum_adapts),
            members,
            place,
            plain: config.0.is_plain(boot.node),
            config,
            configs,
            parameters,
            plants,
            open: parameters.changes_members(),
            stall: None,
            first_timeout: None,
            term,
            vote,
            role: Role::Follower,
            leader: None,
            heard: Time::ZERO,
            journal: Durability::recovered(&remembered.log),
            log: remembered.log,
            owed: None,
            commit: index,
            applied: index,
            store: snapshot.as_ref().map_or_else(Store::default, |snapshot| (*snapshot.image.0).clone()),
            snapshot,
            incoming: None,
            relayed: OrderedMap::new(),
            nothing: Batch::from(&[][..]),
            elections: 0,
            applying: false,
            decided: VecDeque::new(),
        })
    }

    /// How many members are a majority.
    pub(super) fn quorum(&self) -> usize {
        let members = self.members.len();
        // Plants H01, H09 and H10.
        if self.plants.quorum_adapts {
            return self.counted.of(members) / 2 + 1;
        }
        if self.plants.two_thirds_rounded_down {
            return (members * 66 / 100).max(1);
        }
        if self.plants.three_decide { members.min(3) } else { members / 2 + 1 }
    }

    /// A member's place among the members: mostly they are the first nodes of all.
    pub(super) fn place_of(&self, node: NodeId) -> Option<usize> {
        let guess = node.index();
        if self.members.get(guess) == Some(&node) {
            return Some(guess);
        }
        self.members.binary_search(&node).ok()
    }

    fn start(&mut self, cx: &mut Context<'_, Raft>) {
        cx.observe(RaftObservation::Recovered {
            term: self.term,
            vote: self.vote,
            last_index: self.log.last_index(),
            hash: self.log.hash_at(self.log.last_index()),
        });
        self.report_snapshot(cx);
        self.report_configs(cx);
        // It does not know whom it heard before it was started.
        self.heard = cx.monotonic();
        match self.first_timeout.take() {
            Some(given) => cx.set_timer(ELECTION, given, RaftTimer::Election),
            None => self.draw_election_timer(cx),
        }
    }

    /// A client or an operator asks. False if it is another server that speaks.
    fn receive_from_client(
        &mut self,
        from: NodeId,
        message: &RaftMessage,
        cx: &mut Context<'_, Raft>,
    ) -> bool {
        match *message {
            RaftMessage::ClientRequest { sequence, operation, relay } => {
                self.on_client_request(from, sequence, operation, relay, cx);
            }
            RaftMessage::Read { sequence, operation, by } => {
                self.on_read(from, (sequence, operation), by, cx);
            }
            RaftMessage::Change { node, add } => self.on_change(from, node, add, cx),
            _ => return false,
        }
        true
    }

    fn receive(&mut self, from: NodeId, message: &RaftMessage, cx: &mut Context<'_, Raft>) {
        if self.receive_from_client(from, message, cx) {
            return;
        }
        // Only members answer. Who is no member here may be one by a configuration that this server does not have yet.
        let asks = self.open && asks_to_be_heard(message);
        let Some(place) = self.place_of(from).or_else(|| asks.then_some(usize::MAX)) else { return };
        self.counted.heard(place);
        match *message {
            RaftMessage::RequestVote { term, last_index, last_term, pre } => {
                let up_to_date = self.is_up_to_date(last_index, last_term);
                if pre {
                    self.on_pre_vote_request(from, term, (up_to_date, last_index), cx);
                } else {
                    self.on_vote_request(from, term, (up_to_date, last_index), false, cx);
                }
            }
            RaftMessage::RequestTransferredVote { term, last_index, last_term } => {
                let up_to_date = self.is_up_to_date(last_index, last_term);
                self.on_vote_request(from, term, (up_to_date, last_index), true, cx);
            }
            RaftMessage::TimeoutNow { term } => self.on_timeout_now(from, term, cx),
            RaftMessage::Probe { term, round } => {
                if self.accept_leader(from, term, cx) {
                    self.on_probe(from, round, cx);
                }
            }
            RaftMessage::InstallSnapshot(ref chunk) => {
                let InstallSnapshot {
                    term,
                    index,
                    last_term,
                    hash,
                    chunk,
                    chunks,
                    ref image,
                    ref config,
                    ..
                } = **chunk;
                if self.accept_leader(from, term, cx) {
                    let last = Base { index, term: last_term, hash };
                    let chunk = Chunk { number: chunk, of: chunks };
                    let snapshot = Snapshot { last, config: config.clone(), image: image.clone() };
                    self.on_chunk(from, snapshot, chunk, cx);
                }
            }
            RaftMessage::InstallReply { term, index, chunk, done } => {
                self.on_install_reply(place, term, (index, chunk, done), cx);
            }
            RaftMessage::ProbeReply { term, round } => self.on_probe_reply(place, term, round, cx),
            RaftMessage::Vote { term, granted, pre } => self.on_vote(place, term, granted, pre, cx),
            RaftMessage::AppendEntries { term, prev_index, prev_term, commit, ref entries } => {
                if self.accept_leader(from, term, cx) {
                    self.on_entries(from, (prev_index, prev_term), commit, entries, cx);
                }
            }
            RaftMessage::AppendReply { term, success, index } => {
                self.on_append_reply(place, term, success, index, cx);
            }
            RaftMessage::Forward { client, sequence, operation } => {
                self.on_forward(client, sequence, operation, cx);
            }
            RaftMessage::ClientRequest { .. }
            | RaftMessage::ClientReply { .. }
            | RaftMessage::Read { .. }
            | RaftMessage::ReadReply { .. }
            | RaftMessage::Change { .. }
            | RaftMessage::ChangeReply { .. } => {}
        }
    }

    fn is_up_to_date(&self, last_index: u64, last_term: u64) -> bool {
        // Plant R04: the longer log wins, whatever the terms.
        if self.plants.vote_by_length {
            last_index >= self.log.last_index()
        } else {
            self.log.covered_by(last_term, last_index)
        }
    }

    /// Says something to one other server.
    pub(super) fn say(&self, to: NodeId, message: RaftMessage, cx: &mut Context<'_, Raft>) {
        // Control C02: everything is said twice.
        if self.plants.noise {
            cx.send(to, message.clone());
        }
        cx.send(to, message);
    }

    /// The same of a message that is made where it stays.
    #[inline]
    pub(super) fn say_with(
        &self,
        to: NodeId,
        make: impl FnOnce() -> RaftMessage,
        cx: &mut Context<'_, Raft>,
    ) {
        if self.plants.noise {
            return self.say(to, make(), cx);
        }
        cx.send_with(to, make);
    }

    fn timeout(&mut self, timer: &RaftTimer, cx: &mut Context<'_, Raft>) {
        match timer {
            RaftTimer::Election => self.on_election_timeout(cx),
            RaftTimer::Heartbeat => self.on_heartbeat_timeout(cx),
            RaftTimer::Quorum => self.on_quorum_timeout(cx),
            RaftTimer::Disk => self.journal.try_again(cx),
            RaftTimer::Transfer => self.on_transfer_timeout(cx),
            RaftTimer::Apply => self.on_apply_timeout(cx),
            RaftTimer::Retry { .. } | RaftTimer::Operate => {}
        }
    }

    /// What must be true after every step, whatever the others did.
    fn invariants(&self) {
        // A planted bug may break them: the checks say so.
        if self.plants != Plants::default() {
            return;
        }
        debug_assert!(self.log.last_term() <= self.term, "an entry of a term that never began here");
        debug_assert!(self.commit <= self.log.last_index());
        debug_assert!(!matches!(self.role, Role::Candidate(_)) || self.vote == Some(self.node));
        debug_assert!(!matches!(self.role, Role::Leader(_)) || self.leader == Some(self.node));
        self.journal.invariants(&self.log);
    }
}

/// Whether a message is not an answer, but comes from somebody who leads or wants to.
fn asks_to_be_heard(message: &RaftMessage) -> bool {
    matches!(
        message,
        RaftMessage::RequestVote { .. }
            | RaftMessage::RequestTransferredVote { .. }
            | RaftMessage::AppendEntries { .. }
            | RaftMessage::InstallSnapshot { .. }
            | RaftMessage::Probe { .. }
            | RaftMessage::TimeoutNow { .. }
    )
}

impl Process<Raft> for Server {
    fn step(&mut self, input: Input<'_, Raft>, cx: &mut Context<'_, Raft>) {
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.receive(from, message, cx),
            Input::Timer { timer, .. } => self.timeout(&timer, cx),
            Input::Synced { id, result } => self.on_synced(id, result, cx),
            Input::Request { .. } | Input::Link { .. } => {}
        }
        self.journal.flush(cx);
        self.invariants();
    }
}
