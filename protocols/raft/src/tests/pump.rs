//! A cluster without a world: a queue in order of time, fixed delays, disks that hold back and forget.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use sim_core::disk::Journal;
use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::process::{
    Effect, Effects, Factory, Input, RequestId, Role as SlotRole, Solo, Stored, SyncId, SyncResult, TimerId,
};
use sim_core::random::{StreamName, below, stream};
use sim_core::time::{Duration, Time};

use crate::node::{RaftFactory, RaftNode};
use crate::server::{Role, Server};
use crate::store::Operation;
use crate::vocabulary::{
    Raft, RaftMessage, RaftObservation, RaftRecord, RaftRequest, RaftResponse, RaftTimer,
};

/// One-way delay of every message.
pub(super) const DELAY: Duration = Duration::from_millis(5);
/// Time of every sync.
pub(super) const SYNC: Duration = Duration::from_millis(1);

enum Event {
    Deliver { from: NodeId, message: RaftMessage },
    Timer { id: TimerId, timer: RaftTimer, set: u64 },
    Synced { id: SyncId, covers: usize, result: SyncResult },
}

/// What a rough world does to messages and syncs, drawn from a stream.
pub(super) struct Rough {
    rng: ChaCha8Rng,
    longest_sync: Duration,
}

impl Rough {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = stream(seed, StreamName::Campaign);
        let longest_sync = Duration::from_millis([1, 20, 200][below(rng.next_u64(), 3) as usize]);
        Self { rng, longest_sync }
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        below(self.rng.next_u64(), n)
    }
}

/// One slot: its process and what outlives it.
struct Place {
    solo: Solo,
    role: SlotRole,
    process: Option<RaftNode>,
    incarnation: u64,
    records: Vec<RaftRecord>,
    durable: usize,
    disk_free: Time,
    finished: BTreeSet<SyncId>,
    held: Vec<(BTreeSet<SyncId>, Effect<Raft>, Vec<NodeId>)>,
    timers: BTreeMap<TimerId, u64>,
}

/// Servers, then clients.
pub(super) struct Pump {
    factory: RaftFactory,
    places: Vec<Place>,
    queue: BTreeMap<(Time, u64), (NodeId, u64, Event)>,
    sequence: u64,
    pub(super) now: Time,
    /// Links that drop everything, by direction.
    pub(super) cut: BTreeSet<(NodeId, NodeId)>,
    pub(super) observed: Vec<(Time, NodeId, RaftObservation)>,
    pub(super) returned: Vec<(RequestId, RaftResponse, Time)>,
    pub(super) sent: BTreeMap<&'static str, u64>,
    pub(super) rough: Option<Rough>,
    /// At the next observation of this kind its node crashes (or else is isolated).
    pub(super) ambush: Option<(&'static str, bool)>,
}

impl Pump {
    pub(super) fn new(factory: RaftFactory, members: u32, clients: u32) -> Self {
        let place = |node| Place {
            solo: Solo::new(NodeId(node), members),
            role: if node < members { SlotRole::Member } else { SlotRole::Client },
            process: None,
            incarnation: 0,
            records: Vec::new(),
            durable: 0,
            disk_free: Time::ZERO,
            finished: BTreeSet::new(),
            held: Vec::new(),
            timers: BTreeMap::new(),
        };
        let mut pump = Self {
            factory,
            places: (0..members + clients).map(place).collect(),
            queue: BTreeMap::new(),
            sequence: 0,
            now: Time::ZERO,
            cut: BTreeSet::new(),
            observed: Vec::new(),
            returned: Vec::new(),
            sent: BTreeMap::new(),
            rough: None,
            ambush: None,
        };
        (0..members + clients).for_each(|node| pump.boot(NodeId(node)));
        pump
    }

    /// Starts a process on what its journal holds.
    pub(super) fn boot(&mut self, node: NodeId) {
        let place = &mut self.places[node.index()];
        let stored: Vec<_> = place.records.iter().cloned().map(Stored::Intact).collect();
        let journals = if stored.is_empty() { vec![] } else { vec![Journal::holding(stored, false)] };
        place.process = Some(self.factory.boot(place.solo.boot(place.role, &journals)));
        self.step(node, Input::Start);
    }

    /// Stops a process; what is not durable is lost.
    pub(super) fn crash(&mut self, node: NodeId) {
        let place = &mut self.places[node.index()];
        place.process = None;
        place.incarnation += 1;
        place.records.truncate(place.durable);
        place.finished.clear();
        place.disk_free = self.now;
        place.held.clear();
        place.timers.clear();
    }

    /// Cuts every link of a node, or heals all of them.
    pub(super) fn isolate(&mut self, node: NodeId) {
        for other in (0..self.places.len() as u32).map(NodeId) {
            self.cut.insert((node, other));
            self.cut.insert((other, node));
        }
    }

    pub(super) fn request(&mut self, client: NodeId, id: u64, operation: Operation) {
        self.step(client, Input::Request { id: RequestId(id), request: RaftRequest { operation } });
    }

    pub(super) fn server(&self, node: NodeId) -> &Server {
        match &self.places[node.index()].process {
            Some(RaftNode::Server(server)) => server,
            other => panic!("no server at {node}: {other:?}"),
        }
    }

    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.places[node.index()].process.is_some()
    }

    /// The leader of the highest term among those that are up.
    pub(super) fn leader(&self) -> Option<NodeId> {
        let servers = self.places.iter().filter_map(|place| match &place.process {
            Some(RaftNode::Server(server)) => Some(server),
            _ => None,
        });
        let leading = servers.filter(|server| matches!(server.role, Role::Leader(_)));
        leading.max_by_key(|server| server.term).map(|server| server.node)
    }

    pub(super) fn run_for(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) {
            let ((time, _), (node, incarnation, event)) = entry.remove_entry();
            self.now = time;
            let seen = self.observed.len();
            self.dispatch(node, incarnation, event);
            self.spring(seen);
        }
        self.now = end;
    }

    fn spring(&mut self, seen: usize) {
        let Some((kind, crash)) = self.ambush else { return };
        let hit = self.observed[seen..].iter().find(|(_, _, observation)| observation.kind_name() == kind);
        let Some((_, node, _)) = hit else { return };
        let node = *node;
        self.ambush = None;
        if crash { self.crash(node) } else { self.isolate(node) }
    }

    /// Runs until something is true, at most ten seconds.
    pub(super) fn run_until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let limit = self.now + Duration::from_secs(10);
        while !done(self) {
            assert!(self.now < limit, "it never came");
            self.run_for(Duration::from_millis(1));
        }
    }

    fn dispatch(&mut self, node: NodeId, incarnation: u64, event: Event) {
        let place = &mut self.places[node.index()];
        if place.process.is_none() {
            return;
        }
        match event {
            Event::Deliver { from, message } => self.step(node, Input::Message { from, message: &message }),
            Event::Timer { id, timer, set } => {
                if place.timers.get(&id) == Some(&set) {
                    place.timers.remove(&id);
                    self.step(node, Input::Timer { id, timer });
                }
            }
            Event::Synced { id, covers, result } if place.incarnation == incarnation => {
                if result == SyncResult::Ok {
                    place.durable = place.durable.max(covers);
                    place.finished.insert(id);
                    self.release(node);
                } else {
                    place.held.retain(|(holds, ..)| !holds.contains(&id));
                }
                self.step(node, Input::Synced { id, result });
            }
            Event::Synced { .. } => {}
        }
    }

    fn step(&mut self, node: NodeId, input: Input<'_, Raft>) {
        let place = &mut self.places[node.index()];
        place.solo.now = self.now;
        let Some(process) = &mut place.process else { return };
        let effects: Effects<Raft> = place.solo.step(process, input);
        let mut holds = BTreeSet::new();
        for effect in effects.list() {
            let to = match effect {
                Effect::Send { to, .. } => effects.recipients(to).to_vec(),
                _ => Vec::new(),
            };
            match effect {
                Effect::Hold(id) => drop(holds.insert(*id)),
                Effect::Send { .. } | Effect::Return { .. } | Effect::Observe(_) => {
                    self.places[node.index()].held.push((holds.clone(), effect.clone(), to));
                }
                _ => self.inward(node, effect),
            }
        }
        self.release(node);
    }

    fn schedule(&mut self, after: Duration, node: NodeId, event: Event) {
        self.sequence += 1;
        let incarnation = self.places[node.index()].incarnation;
        self.queue.insert((self.now + after, self.sequence), (node, incarnation, event));
    }

    fn inward(&mut self, node: NodeId, effect: &Effect<Raft>) {
        let place = &mut self.places[node.index()];
        match effect {
            Effect::SetTimer { id, after, timer } => {
                let set = self.sequence;
                place.timers.insert(*id, set);
                self.schedule(*after, node, Event::Timer { id: *id, timer: timer.clone(), set });
            }
            Effect::CancelTimer(id) => drop(place.timers.remove(id)),
            Effect::Append { record, .. } => place.records.push(record.clone()),
            Effect::Sync { id, .. } => {
                let covers = place.records.len();
                let (length, result) = self.sync_fate();
                // Syncs of one disk end in order.
                let end = self.places[node.index()].disk_free.max(self.now) + length;
                self.places[node.index()].disk_free = end;
                self.schedule(end.since(self.now), node, Event::Synced { id: *id, covers, result });
            }
            other => panic!("Raft does not {other:?}"),
        }
    }

    fn sync_fate(&mut self) -> (Duration, SyncResult) {
        let Some(rough) = &mut self.rough else { return (SYNC, SyncResult::Ok) };
        let length = Duration::from_nanos(rough.below(rough.longest_sync.as_nanos()));
        (length, if rough.below(50) == 0 { SyncResult::Io } else { SyncResult::Ok })
    }

    /// The delays of the copies of a message that arrive.
    fn message_fate(&mut self) -> Vec<Duration> {
        let Some(rough) = &mut self.rough else { return vec![DELAY] };
        let copies = [0, 0, 2, 2, 2].get(rough.below(100) as usize).copied().unwrap_or(1);
        (0..copies).map(|_| Duration::from_nanos(rough.below(10_000_000))).collect()
    }

    /// Lets out, in order, what waits for nothing any more.
    fn release(&mut self, node: NodeId) {
        let place = &mut self.places[node.index()];
        let held = std::mem::take(&mut place.held);
        let finished = place.finished.clone();
        let (ready, waiting) = held.into_iter().partition(|(holds, ..)| holds.is_subset(&finished));
        place.held = waiting;
        for (_, effect, to) in ready {
            self.outward(node, effect, &to);
        }
    }

    fn outward(&mut self, node: NodeId, effect: Effect<Raft>, to: &[NodeId]) {
        match effect {
            Effect::Send { message, .. } => {
                for to in to {
                    *self.sent.entry(message.kind_name()).or_insert(0) += 1;
                    if self.cut.contains(&(node, *to)) {
                        continue;
                    }
                    for delay in self.message_fate() {
                        let event = Event::Deliver { from: node, message: message.clone() };
                        self.schedule(delay, *to, event);
                    }
                }
            }
            Effect::Observe(observation) => self.observed.push((self.now, node, observation)),
            Effect::Return { id, response } => self.returned.push((id, response, self.now)),
            other => panic!("not visible: {other:?}"),
        }
    }
}
