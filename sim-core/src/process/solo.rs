//! One process without a world, for unit tests of a protocol: inputs in, effects out.

use super::{Boot, Context, Effects, Input, Keys, Process, ProcessPlace, Protocol, Role, Start};
use crate::disk::Journal;
use crate::identity::{NodeId, Slot};
use crate::random::{Keyed, ProcessRng, Purpose, WordsDrawn};
use crate::time::Time;

/// Steps a process by hand.
pub struct Solo {
    /// What its clocks show.
    pub now: Time,
    node: NodeId,
    members: Vec<NodeId>,
    keys: Keys,
    drawn: WordsDrawn,
}

impl Solo {
    /// A place for `node` among `members` members.
    pub fn new(node: NodeId, members: u32) -> Self {
        let members = (0..members).map(NodeId).collect();
        Self { now: Time::ZERO, node, members, keys: Keys::new(0), drawn: WordsDrawn::default() }
    }

    /// What the process boots from: genesis with empty journals, or a restart with the given ones.
    pub fn boot<'a, P: Protocol>(&'a self, role: Role, journals: &'a [Journal<P::Record>]) -> Boot<'a, P> {
        let start = if journals.is_empty() { Start::Genesis } else { Start::Restart };
        Boot {
            node: self.node,
            slot: Slot(self.node.0),
            role,
            members: &self.members,
            leaders: &[],
            start,
            corrupt: false,
            version: 0,
            incarnation: 0,
            run_seed: 0,
            journals,
        }
    }

    /// Steps the process and returns what it asked for.
    pub fn step<P: Protocol>(&mut self, process: &mut impl Process<P>, input: Input<'_, P>) -> Effects<P> {
        let mut effects = Effects::new();
        let mut signatures = 0;
        let key = Keyed::new(0, Purpose::Process);
        let place = ProcessPlace { now: self.now, monotonic: self.now, node: self.node, incarnation: 0 };
        let rng = ProcessRng::new(key, self.node.0, 0, &mut self.drawn);
        process.step(input, &mut Context::new(place, rng, &self.keys, &mut effects, &mut signatures));
        effects
    }
}
