//! The crate `raft`, without a world: its storage is durable at once.

use raft::eraftpb::{Message, MessageType};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};

use crate::words::{Entry, Meaning, Role, Side, State};

const TICKS: usize = 10;

/// How many messages with entries may be under way to one follower, on both sides.
pub const WINDOW: usize = 256;

pub struct Theirs {
    servers: Vec<RawNode<MemStorage>>,
    said: Vec<Vec<Message>>,
    pre_vote: bool,
    check_quorum: bool,
}

fn id(server: usize) -> u64 {
    server as u64 + 1
}

fn place(id: u64) -> Option<usize> {
    id.checked_sub(1).map(|place| place as usize)
}

fn entry(entry: &raft::eraftpb::Entry) -> Entry {
    let number = entry.data[..].try_into().map(u64::from_le_bytes);
    (entry.term, number.ok())
}

impl Theirs {
    pub fn new(servers: usize, pre_vote: bool, check_quorum: bool) -> Self {
        let mut theirs =
            Self { servers: Vec::new(), said: vec![Vec::new(); servers], pre_vote, check_quorum };
        let voters: Vec<u64> = (0..servers).map(id).collect();
        for server in 0..servers {
            let store = MemStorage::new_with_conf_state((voters.clone(), Vec::new()));
            theirs.servers.push(theirs.boot(server, store));
        }
        theirs
    }

    fn boot(&self, server: usize, store: MemStorage) -> RawNode<MemStorage> {
        let config = Config {
            id: id(server),
            election_tick: TICKS,
            heartbeat_tick: 1,
            pre_vote: self.pre_vote,
            check_quorum: self.check_quorum,
            max_size_per_msg: 1 << 20,
            max_inflight_msgs: WINDOW,
            ..Config::default()
        };
        RawNode::new(&config, store, &slog::Logger::root(slog::Discard, slog::o!()))
            .expect("a valid configuration")
    }

    fn local(&mut self, server: usize, kind: MessageType) {
        let mut message = Message { to: id(server), from: id(server), ..Message::default() };
        message.set_msg_type(kind);
        // A leader that is asked to stand says so by an error.
        let _ = self.servers[server].raft.step(message);
        self.settle(server);
    }

    /// Everything that is ready, written and said.
    fn settle(&mut self, server: usize) {
        let (node, said) = (&mut self.servers[server], &mut self.said[server]);
        while node.has_ready() {
            let mut ready = node.ready();
            said.extend(ready.take_messages());
            let store = node.raft.raft_log.store.clone();
            store.wl().append(ready.entries()).expect("entries follow each other");
            if let Some(state) = ready.hs() {
                store.wl().set_hardstate(state.clone());
            }
            said.extend(ready.take_persisted_messages());
            let mut light = node.advance(ready);
            if let Some(commit) = light.commit_index() {
                store.wl().mut_hard_state().commit = commit;
            }
            said.extend(light.take_messages());
            node.advance_apply();
        }
    }
}

impl Side for Theirs {
    type Message = Message;

    fn meaning(message: &Message) -> Meaning {
        let (term, kind) = (message.term, message.get_msg_type());
        match kind {
            MessageType::MsgRequestVote | MessageType::MsgRequestPreVote => {
                let pre = kind == MessageType::MsgRequestPreVote;
                Meaning::Ask { pre, term, last_index: message.index, last_term: message.log_term }
            }
            MessageType::MsgRequestVoteResponse | MessageType::MsgRequestPreVoteResponse => {
                let pre = kind == MessageType::MsgRequestPreVoteResponse;
                Meaning::Answer { pre, term, granted: !message.reject }
            }
            MessageType::MsgAppend if !message.entries.is_empty() => {
                let entries = message.entries.iter().map(entry).collect();
                Meaning::Append { term, prev: message.index, prev_term: message.log_term, entries }
            }
            // Whoever hears a leader of an earlier term answers for no index.
            MessageType::MsgAppendResponse if message.reject || message.index == 0 => {
                Meaning::Refuse { term }
            }
            MessageType::MsgAppendResponse => Meaning::Acknowledge { term, index: message.index },
            _ => Meaning::Other,
        }
    }

    fn state(&self, server: usize) -> State {
        let raft = &self.servers[server].raft;
        let role = match raft.state {
            StateRole::Follower => Role::Follower,
            StateRole::PreCandidate => Role::PreCandidate,
            StateRole::Candidate => Role::Candidate,
            StateRole::Leader => Role::Leader,
        };
        State {
            term: raft.term,
            vote: place(raft.vote),
            leader: place(raft.leader_id),
            role,
            log: raft.raft_log.all_entries().iter().map(entry).collect(),
            commit: raft.raft_log.committed,
        }
    }

    fn hear(&mut self, server: usize, _: usize, message: &Message) {
        let _ = self.servers[server].step(message.clone());
        self.settle(server);
    }

    fn time_out(&mut self, server: usize) {
        self.local(server, MessageType::MsgHup);
    }

    fn silence(&mut self, server: usize) {
        self.servers[server].raft.election_elapsed = TICKS;
    }

    fn beat(&mut self, server: usize) {
        self.local(server, MessageType::MsgBeat);
    }

    fn audit(&mut self, server: usize) {
        self.local(server, MessageType::MsgCheckQuorum);
    }

    fn propose(&mut self, server: usize, number: u64) {
        self.servers[server].propose(Vec::new(), number.to_le_bytes().to_vec()).expect("it leads");
        self.settle(server);
    }

    fn restart(&mut self, server: usize) {
        let store = self.servers[server].raft.raft_log.store.clone();
        self.servers[server] = self.boot(server, store);
        self.said[server].clear();
        self.settle(server);
    }

    fn said(&mut self, server: usize) -> Vec<(usize, Message)> {
        let said = std::mem::take(&mut self.said[server]);
        said.into_iter().filter_map(|message| Some((place(message.to)?, message))).collect()
    }

    fn say_again(&mut self, server: usize, said: Vec<(usize, Message)>) {
        self.said[server].extend(said.into_iter().map(|said| said.1));
    }
}

impl Theirs {
    /// Whether a server ignores candidates since it has heard a leader.
    pub fn protects(&self, server: usize) -> bool {
        let raft = &self.servers[server].raft;
        self.check_quorum && raft.leader_id != 0 && raft.election_elapsed < TICKS
    }
}
