//! A cluster of members without a world.

use protocol_testing::pump::Rough;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Context, Effect, Input, LinkState, Process, Solo, TimerId};

use super::node::Members;
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

pub(super) type Pump = protocol_testing::pump::Pump<Bracha, Members>;

/// All members have started; `seed` decides in which order messages arrive.
pub(super) fn pump(members: u32, seed: u64) -> Pump {
    let parameters = Parameters { broadcasters: members, ..Parameters::default() };
    let mut pump = Pump::new(Members::new(parameters), members, 0);
    pump.rough = Some(Rough::shuffled(seed));
    pump
}

/// What is asked of a cluster of members.
pub(super) trait Broadcasts {
    /// A member makes its next broadcast.
    fn broadcast(&mut self, sender: u32);
    /// A member hears that a new session with a peer began.
    fn link_up(&mut self, member: u32, peer: u32);
    /// How many messages were sent.
    fn all_sent(&self) -> u64;
    /// What was delivered, by whom; nobody delivers twice.
    fn delivered(&self) -> OrderedMap<(NodeId, Broadcast), u64>;
    /// The distinct values that anybody delivered for a broadcast, and by how many members.
    fn outcome(&self, broadcast: Broadcast) -> OrderedMap<u64, u32>;
}

impl Broadcasts for Pump {
    fn broadcast(&mut self, sender: u32) {
        self.step(NodeId(sender), Input::Timer { id: TimerId(0), timer: BrachaTimer::Broadcast });
    }

    fn link_up(&mut self, member: u32, peer: u32) {
        self.step(NodeId(member), Input::Link { peer: NodeId(peer), state: LinkState::Up });
    }

    fn all_sent(&self) -> u64 {
        self.sent.values().sum()
    }

    fn delivered(&self) -> OrderedMap<(NodeId, Broadcast), u64> {
        let mut delivered = OrderedMap::new();
        for (_, member, observation) in &self.observed {
            if let BrachaObservation::Delivered { broadcast, value, .. } = observation {
                let before = delivered.insert((*member, *broadcast), *value);
                assert_eq!(before, None, "{member} delivered {broadcast} twice");
            }
        }
        delivered
    }

    fn outcome(&self, broadcast: Broadcast) -> OrderedMap<u64, u32> {
        let mut values = OrderedMap::new();
        for ((_, of), value) in self.delivered() {
            if of == broadcast {
                *values.entry(value).or_insert(0) += 1;
            }
        }
        values
    }
}
