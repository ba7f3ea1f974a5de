//! What exploration has found in the crate, against the crate alone: its own storage in memory, its calls one by one.

use std::collections::{BTreeMap, VecDeque};

use omnipaxos::messages::Message;
use omnipaxos::storage::{Entry, NoSnapshot};
use omnipaxos::{ClusterConfig, OmniPaxos, ServerConfig};
use omnipaxos_storage::memory_storage::MemoryStorage;

#[derive(Clone, Debug, PartialEq)]
struct Number(u64);

impl Entry for Number {
    type Snapshot = NoSnapshot;
}

type Node = OmniPaxos<Number, MemoryStorage<Number>>;

/// Nodes, and connections that lose nothing and keep order.
struct Cluster {
    nodes: BTreeMap<u64, Node>,
    ways: BTreeMap<(u64, u64), VecDeque<Message<Number>>>,
}

impl Cluster {
    fn new(nodes: u64) -> Self {
        let all: Vec<u64> = (1..=nodes).collect();
        let make = |pid: &u64| {
            let cluster = ClusterConfig { configuration_id: 1, nodes: all.clone(), flexible_quorum: None };
            let server = ServerConfig { pid: *pid, ..ServerConfig::default() };
            (*pid, cluster.build_for_server(server, MemoryStorage::default()).unwrap())
        };
        Self { nodes: all.iter().map(make).collect(), ways: BTreeMap::new() }
    }

    fn node(&mut self, pid: u64) -> &mut Node {
        self.nodes.get_mut(&pid).unwrap()
    }

    /// What nodes want to say is under way.
    fn collect(&mut self) {
        for (from, node) in &mut self.nodes {
            let mut said = Vec::new();
            node.take_outgoing_messages(&mut said);
            for message in said {
                self.ways.entry((*from, message.get_receiver())).or_default().push_back(message);
            }
        }
    }

    /// The next messages from one to another arrive.
    fn deliver(&mut self, from: u64, to: u64, messages: usize) {
        for _ in 0..messages {
            self.collect();
            let message =
                self.ways.get_mut(&(from, to)).and_then(VecDeque::pop_front).expect("a message is under way");
            self.node(to).handle_incoming(message);
        }
        self.collect();
    }

    /// Everything arrives.
    fn deliver_all(&mut self) {
        self.collect();
        while let Some((way, _)) = self.ways.iter().find(|(_, messages)| !messages.is_empty()) {
            let (from, to) = *way;
            self.deliver(from, to, 1);
        }
    }

    /// Ticks until all follow one leader.
    fn elect(&mut self) -> u64 {
        for _ in 0..1_000 {
            self.nodes.values_mut().for_each(OmniPaxos::tick);
            self.deliver_all();
            let mut leaders =
                self.nodes.values().map(|node| node.get_current_leader().map(|leader| leader.0));
            let first = leaders.next().flatten();
            if let Some(leader) = first.filter(|_| leaders.all(|other| other == first)) {
                return leader;
            }
        }
        panic!("nobody is elected");
    }
}

/// A follower is told of four reconnections to its leader in the time that a few messages take. Nothing is lost, and
/// everything arrives in order. An answer to a promise that is no longer the latest one reaches it after it has decided more,
/// and it takes the log from an index that lies before its decided index: a debug assertion fails. Where that is off, it takes
/// entries that it has already, and nothing is lost.
#[test]
#[cfg_attr(
    debug_assertions,
    should_panic(expected = "log sync from 3 would overwrite decided entries up to 4")
)]
fn reconnections_bring_a_log_from_before_the_decided_index() {
    let mut cluster = Cluster::new(3);
    let leader = cluster.elect();
    let followers: Vec<u64> = (1..=3).filter(|pid| *pid != leader).collect();
    let (follower, other) = (followers[0], followers[1]);
    for number in 1..=3 {
        cluster.node(leader).append(Number(number)).unwrap();
    }
    cluster.deliver_all();
    assert_eq!(cluster.node(follower).get_decided_idx(), 3);

    // Two requests for a prepare, two prepares.
    cluster.node(follower).reconnected(leader);
    cluster.node(follower).reconnected(leader);
    cluster.deliver(follower, leader, 2);
    // The first is answered by a promise; a reconnection, and the second one is answered too.
    cluster.deliver(leader, follower, 1);
    cluster.node(follower).reconnected(leader);
    cluster.deliver(leader, follower, 1);
    // The leader hears the first promise, and the other follower helps to decide a fourth entry.
    cluster.deliver(follower, leader, 1);
    cluster.node(leader).append(Number(4)).unwrap();
    cluster.deliver(leader, other, 1);
    cluster.deliver(other, leader, 1);
    // Then it hears the third request, and the second promise, which speaks of three decided entries.
    cluster.deliver(follower, leader, 2);
    // The follower hears all that was said since the first promise, up to the decision.
    cluster.deliver(leader, follower, 3);
    assert_eq!(cluster.node(follower).get_decided_idx(), 4);
    // One more reconnection: the third prepare is answered, and then comes the answer to the second promise.
    cluster.node(follower).reconnected(leader);
    cluster.deliver(leader, follower, 2);

    cluster.deliver_all();
    let log = cluster.node(follower).read_decided_suffix(0).unwrap();
    assert_eq!(log.len(), 4, "without debug assertions nothing is lost");
}
