//! A replica: the crate, its journal, and a key-value store that applies what is committed.
//!
//! Readies are persisted asynchronously, as TiKV does it: what a ready says is for others once it is durable waits for the
//! sync ([`RawNode::on_persist_ready`]), and everything else goes on meanwhile.

use std::collections::VecDeque;

use adapter_kit::command::Proposal;
use adapter_kit::sessions::Sessions;
use raft::eraftpb::{Entry, HardState, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, Ready, StateRole};
use seedstorm::sim_core::facts::{ContentHash, Facts};
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, JournalId, Process, SyncId, SyncResult};
use seedstorm::sim_core::random::below;
use seedstorm::sim_core::time::Duration;

use crate::vocabulary::{Alarm, Kept, Line, Report, Tikv, Word};
use crate::{Parameters, Plants};

const LOG: JournalId = JournalId(0);

/// When a supervisor starts a replica again that stopped itself.
const RESTART_AFTER: Duration = Duration::from_millis(200);

/// A ready that is written and not durable yet.
struct Written {
    sync: SyncId,
    number: u64,
    /// What others may hear once it is durable.
    messages: Vec<Message>,
}

/// One incarnation of a replica.
pub struct Replica {
    raft: RawNode<MemStorage>,
    parameters: Parameters,
    plants: Plants,
    syncs: u64,
    written: VecDeque<Written>,
    sessions: Sessions,
    /// Term and role when the election timeout was drawn.
    drawn_for: Option<(u64, StateRole)>,
    timeout: usize,
    entered: u64,
    leads: Option<(bool, u64)>,
    /// What it recovered, to be reported at the start.
    recovered: Vec<Line>,
}

/// The crate counts nodes from one.
fn id(node: NodeId) -> u64 {
    u64::from(node.0) + 1
}

fn node(id: u64) -> NodeId {
    NodeId(u32::try_from(id - 1).expect("a node of the cluster"))
}

/// An entry as it is kept, if it is one that this adapter makes.
fn line(entry: &Entry) -> Line {
    Line { index: entry.index, term: entry.term, proposal: Proposal::of_bytes(&entry.data) }
}

fn entry(line: &Line) -> Entry {
    let data = line.proposal.as_ref().map(Proposal::to_bytes).unwrap_or_default();
    Entry { index: line.index, term: line.term, data: data.into(), ..Entry::default() }
}

fn digest(line: &Line) -> ContentHash {
    ContentHash(line.content())
}

impl Process<Tikv> for Replica {
    fn step(&mut self, input: Input<'_, Tikv>, cx: &mut Context<'_, Tikv>) {
        match input {
            Input::Start => self.start(cx),
            Input::Timer { timer: Alarm::Tick, .. } => {
                self.raft.tick();
                cx.after(self.parameters.tick, Alarm::Tick);
            }
            Input::Message { from, message: Word::Request { proposal } } => self.asked(from, proposal, cx),
            Input::Message { message, .. } => {
                if let Some(message) = message.body() {
                    // It refuses what comes from nobody and what is for itself only.
                    let _ = self.raft.step(message.clone());
                }
            }
            // Nobody goes on whose disk fails: what was written may be there, or not.
            Input::Synced { result: SyncResult::Io | SyncResult::Full, .. } => {
                return cx.abort(Some(RESTART_AFTER));
            }
            Input::Synced { id, result: SyncResult::Ok } => self.persisted(id, cx),
            _ => return,
        }
        self.draw_timeout(cx);
        self.settle(cx);
    }
}

impl Replica {
    /// It recovers what its journal holds.
    pub fn boot(boot: &Boot<'_, Tikv>, parameters: Parameters, plants: Plants) -> Self {
        let voters: Vec<u64> = boot.members.iter().copied().map(id).collect();
        let store = MemStorage::new_with_conf_state((voters, Vec::new()));
        let mut recovered: Vec<Line> = Vec::new();
        for kept in boot.journal(LOG).intact().into_iter().flatten() {
            match kept {
                Kept::Entry { line } => {
                    recovered.retain(|other| other.index < line.index);
                    recovered.push(line.clone());
                    store.wl().append(&[entry(line)]).expect("the journal has no gaps");
                }
                Kept::State { term, vote, commit } => {
                    let state =
                        HardState { term: *term, vote: *vote, commit: *commit, ..HardState::default() };
                    store.wl().set_hardstate(state);
                }
            }
        }
        let config = Config {
            id: id(boot.node),
            election_tick: parameters.election_ticks as usize,
            heartbeat_tick: parameters.heartbeat_ticks as usize,
            pre_vote: parameters.pre_vote,
            check_quorum: parameters.check_quorum,
            max_size_per_msg: parameters.batch_bytes,
            max_inflight_msgs: parameters.inflight as usize,
            ..Config::default()
        };
        let quiet = slog::Logger::root(slog::Discard, slog::o!());
        let raft = RawNode::new(&config, store, &quiet).expect("the configuration is valid");
        Self {
            raft,
            parameters,
            plants,
            syncs: 0,
            written: VecDeque::new(),
            sessions: Sessions::default(),
            drawn_for: None,
            timeout: 0,
            entered: 0,
            leads: None,
            recovered,
        }
    }

    /// A crash may have come between a sync and the report of what was written before it.
    fn start(&mut self, cx: &mut Context<'_, Tikv>) {
        for line in std::mem::take(&mut self.recovered) {
            self.wrote(&line, cx);
        }
        cx.after(self.parameters.tick, Alarm::Tick);
    }

    /// The crate draws its timeouts from the thread's generator, whenever its term or role changes: here the run decides.
    fn draw_timeout(&mut self, cx: &mut Context<'_, Tikv>) {
        let of = (self.raft.raft.term, self.raft.raft.state);
        if self.drawn_for != Some(of) {
            let least = self.parameters.election_ticks;
            self.drawn_for = Some(of);
            self.timeout = (least + below(cx.rng().next_u64(), least.into()) as u32) as usize;
        }
        self.raft.raft.set_randomized_election_timeout(self.timeout);
    }

    fn asked(&mut self, from: NodeId, proposal: &Proposal, cx: &mut Context<'_, Tikv>) {
        match self.sessions.asked(proposal) {
            Some(answer) => cx.send(from, Word::Answer { answer }),
            // Without a leader it is refused; the client asks again.
            None => {
                let _ = self.raft.propose(Vec::new(), proposal.to_bytes());
            }
        }
    }

    /// A ready is durable: what rests on it may be said.
    fn persisted(&mut self, sync: SyncId, cx: &mut Context<'_, Tikv>) {
        while self.written.front().is_some_and(|written| written.sync <= sync) {
            let Some(written) = self.written.pop_front() else { return };
            self.raft.on_persist_ready(written.number);
            self.say(written.messages, cx);
        }
    }

    fn settle(&mut self, cx: &mut Context<'_, Tikv>) {
        while self.raft.has_ready() {
            let mut ready = self.raft.ready();
            self.say(ready.take_messages(), cx);
            let committed = ready.take_committed_entries();
            self.write(ready, cx);
            for entry in &committed {
                self.apply(&line(entry), cx);
            }
            self.raft.advance_apply();
        }
        self.report(cx);
    }

    /// What a ready wants kept goes to the journal; what it wants said afterward waits for that.
    fn write(&mut self, mut ready: Ready, cx: &mut Context<'_, Tikv>) {
        let (number, messages) = (ready.number(), ready.take_persisted_messages());
        let entries = ready.take_entries();
        let state = ready.hs().cloned();
        let writes = !entries.is_empty() || state.is_some();
        for entry in &entries {
            let line = line(entry);
            self.wrote(&line, cx);
            cx.append(LOG, Kept::Entry { line });
        }
        // The state speaks of entries: a crash must not leave it without them.
        if let Some(state) = state {
            if !self.plants.forget_vote {
                let HardState { term, vote, commit, .. } = state;
                cx.append(LOG, Kept::State { term, vote, commit });
            }
            self.raft.raft.raft_log.store.wl().set_hardstate(state);
        }
        self.raft.raft.raft_log.store.wl().append(&entries).expect("entries follow each other");
        self.raft.advance_append_async(ready);
        if writes {
            self.syncs += 1;
            cx.sync(LOG, SyncId(self.syncs));
        }
        let nothing_waits = !writes && self.written.is_empty();
        if nothing_waits || self.plants.ack_before_sync {
            self.raft.on_persist_ready(number);
            self.say(messages, cx);
        } else {
            self.written.push_back(Written { sync: SyncId(self.syncs), number, messages });
        }
    }

    fn say(&self, messages: Vec<Message>, cx: &mut Context<'_, Tikv>) {
        for message in messages {
            cx.send(node(message.to), Word::from(message));
        }
    }

    fn wrote(&self, line: &Line, cx: &mut Context<'_, Tikv>) {
        cx.observe(Report::Wrote { index: line.index, term: line.term, digest: digest(line) });
    }

    fn apply(&mut self, line: &Line, cx: &mut Context<'_, Tikv>) {
        cx.observe(Report::Committed { index: line.index, digest: digest(line) });
        let Some(proposal) = &line.proposal else { return };
        cx.sometimes("command-committed-twice", self.sessions.is_repeated(proposal));
        if let Some(answer) = self.sessions.decided(proposal) {
            cx.send(proposal.client, Word::Answer { answer });
        }
    }

    fn report(&mut self, cx: &mut Context<'_, Tikv>) {
        let term = self.raft.raft.term;
        if term != self.entered {
            self.entered = term;
            cx.observe(Report::Entered { term });
        }
        let leads = (self.raft.raft.state == StateRole::Leader, term);
        if self.leads != Some(leads) {
            self.leads = Some(leads);
            cx.observe(if leads.0 { Report::Leads { term } } else { Report::Follows { term } });
        }
    }
}
