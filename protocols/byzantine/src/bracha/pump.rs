//! A cluster without a world, for tests: a bag of messages, a disk that never waits.

use std::collections::BTreeMap;

use sim_core::identity::NodeId;
use sim_core::process::{
    Context, Effect, Factory, Input, LinkState, Process, Role, Solo, SyncResult, TimerId,
};
use sim_core::random::{Keyed, Purpose, below};

use super::node::{Members, Node};
use super::parameters::Parameters;
use super::vocabulary::{Bracha, BrachaMessage, BrachaObservation, BrachaTimer, Broadcast, Phase, Vote};

/// Signs as anybody.
struct Scribe(Phase, Broadcast, u64);

impl Process<Bracha> for Scribe {
    fn step(&mut self, _: Input<'_, Bracha>, cx: &mut Context<'_, Bracha>) {
        let Self(phase, broadcast, value) = *self;
        let signature = cx.sign(broadcast.content(phase, value));
        cx.send(NodeId(0), BrachaMessage::new(phase, Vote { broadcast, value, signature }));
    }
}

/// A vote with a good signature, whoever the signer is.
pub(super) fn vote(phase: Phase, signer: u32, broadcast: Broadcast, value: u64) -> BrachaMessage {
    let effects = Solo::new(NodeId(signer), 1).step(&mut Scribe(phase, broadcast, value), Input::Start);
    let [Effect::Send { message, .. }] = effects.list() else { panic!("a scribe writes one message") };
    *message
}

/// Some members, and what is on its way between them.
pub(super) struct Pump {
    solos: Vec<Solo>,
    nodes: Vec<Node>,
    /// Members that take no part: what they are sent vanishes.
    pub(super) gone: Vec<NodeId>,
    pub(super) mail: Vec<(NodeId, NodeId, BrachaMessage)>,
    pub(super) sent: u32,
    pub(super) delivered: BTreeMap<(NodeId, Broadcast), u64>,
    dice: Keyed,
    drawn: u64,
}

impl Pump {
    /// All have started; `seed` decides in which order messages arrive.
    pub(super) fn new(members: u32, seed: u64) -> Self {
        let parameters = Parameters { broadcasters: members, ..Parameters::default() };
        let mut factory = Members::new(parameters);
        let solos: Vec<Solo> = (0..members).map(|member| Solo::new(NodeId(member), members)).collect();
        let nodes = solos.iter().map(|solo| factory.boot(solo.boot(Role::Member, &[]))).collect();
        let mut pump = Self {
            solos,
            nodes,
            gone: Vec::new(),
            mail: Vec::new(),
            sent: 0,
            delivered: BTreeMap::new(),
            dice: Keyed::new(seed, Purpose::Campaign),
            drawn: 0,
        };
        (0..members).for_each(|member| pump.step(NodeId(member), Input::Start));
        pump
    }

    /// A member makes its next broadcast.
    pub(super) fn broadcast(&mut self, sender: u32) {
        self.step(NodeId(sender), Input::Timer { id: TimerId(0), timer: BrachaTimer::Broadcast });
    }

    /// A member hears that a new session with a peer began.
    pub(super) fn link_up(&mut self, member: u32, peer: u32) {
        self.step(NodeId(member), Input::Link { peer: NodeId(peer), state: LinkState::Up });
    }

    /// Delivers what is on its way, in any order, until nothing is.
    pub(super) fn run(&mut self) {
        while !self.mail.is_empty() {
            let next = below(self.dice.word(self.drawn, 0), self.mail.len() as u64) as usize;
            self.drawn += 1;
            let (from, to, message) = self.mail.swap_remove(next);
            if !self.gone.contains(&to) {
                self.step(to, Input::Message { from, message: &message });
            }
        }
    }

    fn step(&mut self, member: NodeId, input: Input<'_, Bracha>) {
        let effects = self.solos[member.index()].step(&mut self.nodes[member.index()], input);
        let mut syncs = Vec::new();
        for effect in effects.list() {
            match effect {
                Effect::Send { to, message } => {
                    let recipients = effects.recipients(to);
                    self.sent += recipients.len() as u32;
                    self.mail.extend(recipients.iter().map(|to| (member, *to, *message)));
                }
                Effect::Sync { id, .. } => syncs.push(*id),
                Effect::Observe(BrachaObservation::Delivered { broadcast, value, .. }) => {
                    let before = self.delivered.insert((member, *broadcast), *value);
                    assert_eq!(before, None, "{member} delivered {broadcast} twice");
                }
                _ => {}
            }
        }
        for id in syncs {
            self.step(member, Input::Synced { id, result: SyncResult::Ok });
        }
    }

    /// The distinct values that anybody delivered for a broadcast, and by how many members.
    pub(super) fn outcome(&self, broadcast: Broadcast) -> BTreeMap<u64, u32> {
        let mut values = BTreeMap::new();
        for ((_, of), value) in &self.delivered {
            if *of == broadcast {
                *values.entry(*value).or_insert(0) += 1;
            }
        }
        values
    }
}
