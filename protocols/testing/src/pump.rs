//! A cluster without a world: a queue in order of time, disks that hold back and forget.
//!
//! Messages take [`DELAY`] and syncs [`SYNC`], unless the pump is [`Rough`]. It does what a protocol's own tests need, in
//! a few hundred lines: what it does not do is for the world.

use std::fmt::Debug;

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use sim_core::disk::Journal;
use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::{
    Effect, Effects, Factory, Input, Protocol, RequestId, Role, Solo, Stored, SyncId, SyncResult, TimerId,
};
use sim_core::random::{StreamName, below, stream};
use sim_core::time::{Duration, Time};

/// One-way delay of every message.
pub const DELAY: Duration = Duration::from_millis(5);
/// Time of every sync.
pub const SYNC: Duration = Duration::from_millis(1);

enum Pending<P: Protocol> {
    Deliver { from: NodeId, message: P::Message },
    Timer { id: TimerId, timer: P::Timer, set: u64 },
    Synced { id: SyncId, covers: usize, result: SyncResult },
}

impl<P: Protocol> Pending<P> {
    fn is_timer(&self) -> bool {
        matches!(self, Self::Timer { .. })
    }
}

/// What a rough world does to messages and syncs, drawn from a stream.
pub struct Rough {
    rng: ChaCha8Rng,
    longest_sync: Duration,
    /// Whether messages are lost and doubled, and syncs fail.
    faulty: bool,
}

impl Rough {
    /// Messages are late, lost and doubled, syncs slow or failing.
    pub fn new(seed: u64) -> Self {
        let mut rng = stream(seed, StreamName::Campaign);
        let longest_sync = Duration::from_millis([1, 20, 200][below(rng.next_u64(), 3) as usize]);
        Self { rng, longest_sync, faulty: true }
    }

    /// Messages arrive in any order, and nothing else happens.
    pub fn shuffled(seed: u64) -> Self {
        Self { rng: stream(seed, StreamName::Campaign), longest_sync: SYNC, faulty: false }
    }

    fn delay(&mut self) -> Duration {
        Duration::from_nanos(self.below(10_000_000))
    }

    /// A number below another one.
    pub fn below(&mut self, n: u64) -> u64 {
        below(self.rng.next_u64(), n)
    }
}

/// One slot: its process and what outlives it.
struct Host<P: Protocol, N> {
    solo: Solo,
    role: Role,
    process: Option<N>,
    incarnation: u64,
    /// What was written, each an append or a whole journal.
    records: Vec<(bool, Vec<P::Record>)>,
    durable: usize,
    disk_free: Time,
    finished: OrderedSet<SyncId>,
    held: Vec<(OrderedSet<SyncId>, Effect<P>, Vec<NodeId>)>,
    timers: OrderedMap<TimerId, u64>,
}

/// Members, then clients.
pub struct Pump<P: Protocol, F: Factory<P>> {
    factory: F,
    places: Vec<Host<P, F::Node>>,
    queue: OrderedMap<(Time, u64), (NodeId, u64, Pending<P>)>,
    sequence: u64,
    /// What time it is.
    pub now: Time,
    /// Links that drop everything, by direction.
    pub cut: OrderedSet<(NodeId, NodeId)>,
    /// What was reported, by whom and when.
    pub observed: Vec<(Time, NodeId, P::Observation)>,
    /// What clients were answered.
    pub returned: Vec<(RequestId, P::Response, Time)>,
    /// How many messages of each kind were sent.
    pub sent: OrderedMap<&'static str, u64>,
    /// What happens to messages and syncs; nothing if absent.
    pub rough: Option<Rough>,
    /// At the next observation of this kind its node crashes (or else is isolated).
    pub ambush: Option<(&'static str, bool)>,
}

impl<P: Protocol + Clone + Debug, F: Factory<P>> Pump<P, F> {
    /// Boots so many members and clients.
    pub fn new(factory: F, members: u32, clients: u32) -> Self {
        let place = |node| Host {
            solo: Solo::new(NodeId(node), members),
            role: if node < members { Role::Member } else { Role::Client },
            process: None,
            incarnation: 0,
            records: Vec::new(),
            durable: 0,
            disk_free: Time::ZERO,
            finished: OrderedSet::new(),
            held: Vec::new(),
            timers: OrderedMap::new(),
        };
        let mut pump = Self {
            factory,
            places: (0..members + clients).map(place).collect(),
            queue: OrderedMap::new(),
            sequence: 0,
            now: Time::ZERO,
            cut: OrderedSet::new(),
            observed: Vec::new(),
            returned: Vec::new(),
            sent: OrderedMap::new(),
            rough: None,
            ambush: None,
        };
        (0..members + clients).for_each(|node| pump.boot(NodeId(node)));
        pump
    }

    /// Starts a process on what its journal holds.
    pub fn boot(&mut self, node: NodeId) {
        let place = &mut self.places[node.index()];
        let start = place.records.iter().rposition(|(whole, _)| *whole).unwrap_or(0);
        let records = place.records[start..].iter().flat_map(|(_, records)| records.iter().cloned());
        let stored: Vec<_> = records.map(Stored::Intact).collect();
        let journals = if stored.is_empty() { vec![] } else { vec![Journal::holding(stored, false)] };
        place.process = Some(self.factory.boot(place.solo.boot(place.role, &journals)));
        self.step(node, Input::Start);
    }

    /// Stops a process; what is not durable is lost.
    pub fn crash(&mut self, node: NodeId) {
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
    pub fn isolate(&mut self, node: NodeId) {
        for other in (0..self.places.len() as u32).map(NodeId) {
            self.cut.insert((node, other));
            self.cut.insert((other, node));
        }
    }

    /// A message arrives that nobody in the cluster sent.
    pub fn inject(&mut self, from: NodeId, to: NodeId, message: P::Message) {
        let delay = self.rough.as_mut().map_or(DELAY, Rough::delay);
        self.schedule(delay, to, Pending::Deliver { from, message });
    }

    /// The process in a place, if it runs.
    pub fn process(&self, node: NodeId) -> Option<&F::Node> {
        self.places[node.index()].process.as_ref()
    }

    /// The processes that run.
    pub fn processes(&self) -> impl Iterator<Item = &F::Node> {
        self.places.iter().filter_map(|place| place.process.as_ref())
    }

    /// Whether a process runs.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.places[node.index()].process.is_some()
    }

    /// Lets time pass.
    pub fn run_for(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(((time, _), (node, incarnation, event))) =
            self.queue.pop_first_if(|due, _| due.0 <= end)
        {
            self.now = time;
            let seen = self.observed.len();
            self.dispatch(node, incarnation, event);
            self.spring(seen);
        }
        self.now = end;
    }

    /// Delivers what is under way, and what comes of it, until nothing is; no timer fires.
    pub fn settle(&mut self) {
        while let Some(key) =
            self.queue.iter().find(|(_, (.., event))| !event.is_timer()).map(|(key, _)| *key)
        {
            let (node, incarnation, event) = self.queue.remove(&key).expect("it was found");
            self.now = self.now.max(key.0);
            self.dispatch(node, incarnation, event);
        }
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
    pub fn run_until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let limit = self.now + Duration::from_secs(10);
        while !done(self) {
            assert!(self.now < limit, "it never came");
            self.run_for(Duration::from_millis(1));
        }
    }

    fn dispatch(&mut self, node: NodeId, incarnation: u64, event: Pending<P>) {
        let place = &mut self.places[node.index()];
        if place.process.is_none() {
            return;
        }
        match event {
            Pending::Deliver { from, message } => self.step(node, Input::Message { from, message: &message }),
            Pending::Timer { id, timer, set } => {
                if place.timers.get(&id) == Some(&set) {
                    place.timers.remove(&id);
                    self.step(node, Input::Timer { id, timer });
                }
            }
            Pending::Synced { id, covers, result } if place.incarnation == incarnation => {
                if result == SyncResult::Ok {
                    place.durable = place.durable.max(covers);
                    place.finished.insert(id);
                    self.release(node);
                } else {
                    place.held.retain(|(holds, ..)| !holds.contains(&id));
                }
                self.step(node, Input::Synced { id, result });
            }
            Pending::Synced { .. } => {}
        }
    }

    /// Gives a process an input.
    pub fn step(&mut self, node: NodeId, input: Input<'_, P>) {
        let place = &mut self.places[node.index()];
        place.solo.now = self.now;
        let Some(process) = &mut place.process else { return };
        let effects: Effects<P> = place.solo.step(process, input);
        let mut holds = OrderedSet::new();
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

    fn schedule(&mut self, after: Duration, node: NodeId, event: Pending<P>) {
        self.sequence += 1;
        let incarnation = self.places[node.index()].incarnation;
        self.queue.insert((self.now + after, self.sequence), (node, incarnation, event));
    }

    fn inward(&mut self, node: NodeId, effect: &Effect<P>) {
        let place = &mut self.places[node.index()];
        match effect {
            Effect::SetTimer { id, after, timer } => {
                let set = self.sequence;
                place.timers.insert(*id, set);
                self.schedule(*after, node, Pending::Timer { id: *id, timer: timer.clone(), set });
            }
            Effect::CancelTimer(id) => drop(place.timers.remove(id)),
            Effect::Append { record, .. } => place.records.push((false, vec![record.clone()])),
            Effect::Rewrite { records, .. } => place.records.push((true, records.clone())),
            Effect::Sync { id, .. } => {
                let covers = place.records.len();
                let (length, result) = self.sync_fate();
                // Syncs of one disk end in order.
                let end = self.places[node.index()].disk_free.max(self.now) + length;
                self.places[node.index()].disk_free = end;
                self.schedule(end.since(self.now), node, Pending::Synced { id: *id, covers, result });
            }
            Effect::CloseLink(_) | Effect::Work { .. } => {}
            other => panic!("no pump carries out {other:?}"),
        }
    }

    fn sync_fate(&mut self) -> (Duration, SyncResult) {
        let Some(rough) = &mut self.rough else { return (SYNC, SyncResult::Ok) };
        let length = Duration::from_nanos(rough.below(rough.longest_sync.as_nanos()));
        (length, if rough.faulty && rough.below(50) == 0 { SyncResult::Io } else { SyncResult::Ok })
    }

    /// The delays of the copies of a message that arrive.
    fn message_fate(&mut self) -> Vec<Duration> {
        let Some(rough) = &mut self.rough else { return vec![DELAY] };
        if !rough.faulty {
            return vec![rough.delay()];
        }
        let copies = [0, 0, 2, 2, 2].get(rough.below(100) as usize).copied().unwrap_or(1);
        (0..copies).map(|_| rough.delay()).collect()
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

    fn outward(&mut self, node: NodeId, effect: Effect<P>, to: &[NodeId]) {
        match effect {
            Effect::Send { message, .. } => {
                for to in to {
                    *self.sent.entry(message.kind_name()).or_insert(0) += 1;
                    if self.cut.contains(&(node, *to)) {
                        continue;
                    }
                    for delay in self.message_fate() {
                        let event = Pending::Deliver { from: node, message: message.clone() };
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
