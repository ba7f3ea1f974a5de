//! The state machine of a member: its journal, its links and its own broadcasts.
//!
//! Whatever is signed is first written down: sends, and the observations that go with them, are held until the sync
//! is done. A restarted member finds in its journal everything that it can have said.

mod deeds;

use std::sync::Arc;

use sim_core::digest::hash_words;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{
    Boot, Context, Factory, Input, JournalId, LinkState, Process, Role, SyncId, SyncResult, TimerId,
};
use sim_core::time::Duration;

use self::deeds::{Deed, Deeds, Fate};
use super::instance::{Act, Instance, Own};
use super::parameters::Parameters;
use super::plants::Plants;
use super::stalling::Stalling;
use super::thresholds::Thresholds;
use super::vocabulary::{
    Bracha, BrachaMessage, BrachaObservation, BrachaRecord, BrachaTimer, Broadcast, Phase, Vote,
};

/// The only journal.
pub const JOURNAL: JournalId = JournalId(0);
const BROADCAST: TimerId = TimerId(0);
const DISK: TimerId = TimerId(1);

/// Makes members.
#[derive(Clone, Debug)]
pub struct Members {
    parameters: Arc<Parameters>,
    plants: Plants,
    stall: Option<Stalling>,
}

impl Members {
    /// Members of these parameters, which they share.
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters: Arc::new(parameters), plants: Plants::default(), stall: None }
    }

    /// The same members with bugs.
    #[must_use]
    pub fn with(self, plants: Plants) -> Self {
        Self { plants, ..self }
    }

    /// The same members with a bug that stalls them.
    #[must_use]
    pub fn stalling(self, stall: Option<Stalling>) -> Self {
        Self { stall, ..self }
    }
}

impl Factory<Bracha> for Members {
    type Node = Node;

    fn boot(&mut self, boot: Boot<'_, Bracha>) -> Node {
        let seed = boot.seed();
        let mut node = Node {
            me: boot.node,
            members: u32::try_from(boot.members.len()).expect("slots are numbered in 32 bits"),
            parameters: Arc::clone(&self.parameters),
            plants: self.plants,
            seed: u64::from_le_bytes(seed[..8].try_into().expect("a seed has 32 bytes")),
            instances: OrderedMap::new(),
            next_sequence: 1,
            delivered: 0,
            deeds: Deeds::default(),
            part: Part::Member,
            stall: self.stall,
        };
        if boot.role == Role::Client || !boot.members.contains(&boot.node) {
            node.part = Part::None;
            return node;
        }
        match boot.journal(JOURNAL).intact() {
            Some(records) => records.for_each(|record| node.recover(record)),
            None => node.part = Part::Halted,
        }
        node
    }
}

/// Whether a process takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Member,
    /// Its journal is damaged.
    Halted,
    /// A client, or somebody who came after genesis: the members are fixed.
    None,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Node {
    me: NodeId,
    members: u32,
    parameters: Arc<Parameters>,
    plants: Plants,
    /// What its own values are made from. Twins have different ones, so that they equivocate.
    seed: u64,
    instances: OrderedMap<Broadcast, Instance>,
    next_sequence: u64,
    delivered: u64,
    deeds: Deeds,
    part: Part,
    stall: Option<Stalling>,
}

impl Process<Bracha> for Node {
    fn step(&mut self, input: Input<'_, Bracha>, cx: &mut Context<'_, Bracha>) {
        if self.part != Part::Member {
            if self.part == Part::Halted && matches!(input, Input::Start) {
                cx.observe(BrachaObservation::Halted);
            }
            return;
        }
        match input {
            Input::Start => self.start(cx),
            Input::Message { message, .. } => self.hear(message, cx),
            Input::Timer { timer: BrachaTimer::Broadcast, .. } => self.broadcast(cx),
            // Plants: what failed is not tried again, what was lost is not said again.
            Input::Timer { timer: BrachaTimer::Disk, .. } if self.stall == Some(Stalling::GivesUpItsDisk) => {
            }
            Input::Link { .. } if self.stall == Some(Stalling::NeverSaysAgain) => {}
            Input::Timer { timer: BrachaTimer::Disk, .. } => self.retry(cx),
            Input::Link { peer, state: LinkState::Up } => self.say_again_to(peer, cx),
            Input::Link { state: LinkState::Down, .. } => {}
            Input::Synced { id, result } => self.synced(id, result, cx),
            Input::Request { request, .. } => match request {},
        }
    }
}

impl Node {
    fn recover(&mut self, record: &BrachaRecord) {
        let BrachaRecord { phase, broadcast, value } = *record;
        let instance = self.instances.entry(broadcast).or_default();
        if instance.own(phase).is_none() {
            instance.restore(self.me, phase, Own { value, durable: true });
        }
        if phase == Phase::Initial {
            self.next_sequence = self.next_sequence.max(broadcast.sequence + 1);
        }
    }

    /// What was signed before a crash may never have been sent: it is said again to all.
    fn start(&mut self, cx: &mut Context<'_, Bracha>) {
        let casts = self.durable_casts();
        let broadcaster = self.me.0 < self.parameters.broadcasters;
        cx.observe(BrachaObservation::Started { broadcaster, recovered: casts.len() as u64 });
        casts.iter().for_each(|deed| self.emit(deed, cx));
        let recovered: Vec<Broadcast> = self.instances.keys().copied().collect();
        recovered.into_iter().for_each(|broadcast| self.follow_rules(broadcast, cx));
        if broadcaster && self.next_sequence <= self.parameters.broadcasts {
            let first = cx.rng().duration_between(Duration::ZERO, self.parameters.interval);
            cx.set_timer(BROADCAST, first, BrachaTimer::Broadcast);
        }
    }

    fn broadcast(&mut self, cx: &mut Context<'_, Bracha>) {
        let broadcast = Broadcast { sender: self.me, sequence: self.next_sequence };
        let value = hash_words(&[self.seed, broadcast.sequence]);
        self.next_sequence += 1;
        if self.next_sequence <= self.parameters.broadcasts {
            cx.set_timer(BROADCAST, self.parameters.interval, BrachaTimer::Broadcast);
        }
        let act = Act::Cast(Phase::Initial, value);
        self.instances.entry(broadcast).or_default().act(self.me, act);
        let mut deeds = vec![Deed { broadcast, act }];
        self.collect_due(broadcast, &mut deeds);
        self.perform(&deeds, cx);
    }

    /// A vote counts for who signed it, whoever brought it.
    fn hear(&mut self, message: &BrachaMessage, cx: &mut Context<'_, Bracha>) {
        let phase = message.phase();
        let Vote { broadcast, value, signature } = *message.vote();
        let foreseen = self.parameters.foresee(&broadcast) && signature.signer.0 < self.members;
        let entitled = phase != Phase::Initial || signature.signer == broadcast.sender;
        let unchecked = self.plants.signatures_unchecked;
        if foreseen && entitled && (unchecked || cx.verify(broadcast.content(phase, value), &signature)) {
            let instance = self.instances.entry(broadcast).or_default();
            // Plant: a vote before the initial is dropped.
            let early = phase != Phase::Initial && instance.own(Phase::Echo).is_none();
            if early && self.stall == Some(Stalling::ForgetsEarlyVotes) {
                return;
            }
            instance.hear(phase, signature.signer, value);
            self.follow_rules(broadcast, cx);
        }
    }

    fn follow_rules(&mut self, broadcast: Broadcast, cx: &mut Context<'_, Bracha>) {
        let mut deeds = Vec::new();
        self.collect_due(broadcast, &mut deeds);
        self.perform(&deeds, cx);
    }

    fn collect_due(&mut self, broadcast: Broadcast, deeds: &mut Vec<Deed>) {
        let thresholds = Thresholds::new(self.members / if self.plants.half_quorums { 2 } else { 1 });
        let Some(instance) = self.instances.get_mut(&broadcast) else { return };
        while let Some(act) = instance.due(thresholds) {
            instance.act(self.me, act);
            deeds.push(Deed { broadcast, act });
        }
    }

    /// Writes down what is signed, and shows nothing of these deeds before it is durable. A delivery waits as well for
    /// what was signed in earlier steps: its own vote may be among those that it counted.
    fn perform(&mut self, deeds: &[Deed], cx: &mut Context<'_, Bracha>) {
        if deeds.is_empty() {
            return;
        }
        for Deed { broadcast, act } in deeds {
            if let Act::Cast(phase, value) = *act {
                cx.append(JOURNAL, BrachaRecord { phase, broadcast: *broadcast, value });
            }
        }
        match self.deeds.take(deeds) {
            Fate::Free => deeds.iter().for_each(|deed| self.emit(deed, cx)),
            Fate::Held(id) => {
                cx.hold(id);
                deeds.iter().for_each(|deed| self.emit(deed, cx));
            }
            Fate::Waits => self.sync_what_waits(cx),
        }
    }

    fn sync_what_waits(&mut self, cx: &mut Context<'_, Bracha>) {
        if let Some((id, deeds)) = self.deeds.begin() {
            cx.sync(JOURNAL, id);
            cx.hold(id);
            deeds.iter().for_each(|deed| self.emit(deed, cx));
        }
    }

    fn synced(&mut self, id: SyncId, result: SyncResult, cx: &mut Context<'_, Bracha>) {
        if result == SyncResult::Ok {
            for Deed { broadcast, act } in self.deeds.succeed(id) {
                if let (Act::Cast(phase, _), Some(instance)) = (act, self.instances.get_mut(&broadcast)) {
                    instance.settle(phase);
                }
            }
            self.sync_what_waits(cx);
        } else {
            self.deeds.fail(id);
            cx.set_timer(DISK, self.parameters.disk_retry, BrachaTimer::Disk);
        }
    }

    /// What was held back by a failed sync is lost to the world: it is done again, under a new sync.
    fn retry(&mut self, cx: &mut Context<'_, Bracha>) {
        self.deeds.retry();
        self.sync_what_waits(cx);
    }

    /// Nothing said in an earlier session is sure to have arrived.
    fn say_again_to(&mut self, peer: NodeId, cx: &mut Context<'_, Bracha>) {
        if peer.0 >= self.members || peer == self.me {
            return;
        }
        for Deed { broadcast, act } in self.durable_casts() {
            if let Act::Cast(phase, value) = act {
                let message = signed(broadcast, phase, value, cx);
                cx.send(peer, message);
            }
        }
    }

    /// Everything that it signed for certain.
    fn durable_casts(&self) -> Vec<Deed> {
        let all = self.instances.iter().flat_map(|(broadcast, instance)| {
            Phase::ALL.into_iter().filter_map(move |phase| {
                let own = instance.own(phase).filter(|own| own.durable)?;
                Some(Deed { broadcast: *broadcast, act: Act::Cast(phase, own.value) })
            })
        });
        all.collect()
    }

    /// Makes a deed visible.
    fn emit(&mut self, deed: &Deed, cx: &mut Context<'_, Bracha>) {
        let Deed { broadcast, act } = *deed;
        match act {
            Act::Cast(phase, value) => {
                cx.observe(match phase {
                    Phase::Initial => BrachaObservation::Broadcast { broadcast, value },
                    Phase::Echo => BrachaObservation::Echoed { broadcast, value },
                    Phase::Ready => BrachaObservation::Readied { broadcast, value },
                });
                let message = signed(broadcast, phase, value, cx);
                let me = self.me.0;
                let others = (0..self.members).filter(move |member| *member != me).map(NodeId);
                cx.send_all(others, message);
            }
            Act::Deliver(value) => {
                self.delivered += 1;
                let count = self.delivered;
                cx.observe(BrachaObservation::Delivered { broadcast, value, count });
            }
        }
    }
}

fn signed(broadcast: Broadcast, phase: Phase, value: u64, cx: &mut Context<'_, Bracha>) -> BrachaMessage {
    let signature = cx.sign(broadcast.content(phase, value));
    BrachaMessage::new(phase, Vote { broadcast, value, signature })
}

#[cfg(test)]
mod tests;
