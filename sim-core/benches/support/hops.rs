//! Messages through the engine with everything on that a run has: each one that arrives sends another to a random node.

use sim_core::coalition::{Coalition, CoalitionContext, Puppet};
use sim_core::facts;
use sim_core::fault::FaultPlan;
use sim_core::identity::{NodeId, Slot};
use sim_core::outcome::Outcome;
use sim_core::process::{Boot, Context, Factory, Input, Lane, Message, Process};
use sim_core::ratio::Ratio;
use sim_core::registry::Launch;
use sim_core::setup::Setup;
use sim_core::simulate::{Subject, simulate};
use sim_core::time::Duration;

facts! {
    /// A message with a body.
    pub enum Hop {
        /// As a datagram.
        Hop { body: u64 },
        /// On the stream lane.
        Segment { body: u64 },
    }
}

impl Message for Hop {
    fn wire_size(&self) -> u32 {
        64
    }

    fn lane(&self) -> Lane {
        match self {
            Self::Hop { .. } => Lane::Datagram,
            Self::Segment { .. } => Lane::Stream,
        }
    }
}

sim_core::vocabulary! {
    /// Nodes that pass messages on.
    pub Hops { message: Hop }
}

/// What a node keeps.
#[derive(Clone)]
pub(crate) struct Node {
    n: u32,
    lane: Lane,
    received: u32,
    last_from: NodeId,
    sum: u64,
}

impl Node {
    fn pass_on(&self, cx: &mut Context<'_, Hops>, word: u64) {
        let peer = sim_core::random::below(word, u64::from(self.n - 1)) as u32;
        let to = if peer < cx.node().0 { peer } else { peer + 1 };
        let hop = match self.lane {
            Lane::Datagram => Hop::Hop { body: self.sum },
            Lane::Stream => Hop::Segment { body: self.sum },
        };
        cx.send(NodeId(to), hop);
    }
}

impl Process<Hops> for Node {
    fn step(&mut self, input: Input<'_, Hops>, cx: &mut Context<'_, Hops>) {
        if let Input::Message { from, message: Hop::Hop { body } | Hop::Segment { body } } = input {
            self.received = self.received.wrapping_add(1);
            self.last_from = from;
            self.sum = self.sum.wrapping_add(*body).wrapping_add(1);
        }
        let word = cx.rng().next_u64();
        self.pass_on(cx, word);
        // One more in a hundred, so that loss does not let traffic die out.
        if self.lane == Lane::Datagram && (word & 0xFFFF_FFFF) * 100 < 1 << 32 {
            self.pass_on(cx, word.rotate_left(32));
        }
    }
}

struct Nodes(Lane);

impl Factory<Hops> for Nodes {
    type Node = Node;
    fn boot(&mut self, boot: Boot<'_, Hops>) -> Node {
        let n = boot.members.len() as u32;
        Node { n, lane: self.0, received: 0, last_from: boot.node, sum: 0 }
    }
}

/// A coalition that lets its members be honest: what its presence costs the others.
struct Sleepers;

impl Coalition<Hops> for Sleepers {
    fn step(
        &mut self,
        _: Slot,
        input: Input<'_, Hops>,
        puppet: &mut dyn Puppet<Hops>,
        _: &mut CoalitionContext<'_, Hops>,
    ) {
        puppet.run(input);
    }
}

/// What is on beside the message path.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// How many nodes.
    pub(crate) n: u32,
    /// How many events.
    pub(crate) events: u64,
    /// How messages go.
    pub(crate) lane: Lane,
    /// With a coalition of one in ten, and service times.
    pub(crate) burdened: bool,
}

impl Load {
    /// One run: lanes, keyed fates, 1 % loss, digest, counters.
    pub(crate) fn run(self) -> Outcome {
        let mut setup = Setup::new(1, self.n);
        setup.duration = Duration::from_secs(3_600);
        setup.network.loss = Ratio::new(1, 100);
        setup.faults = FaultPlan::default();
        setup.max_events = self.events;
        let mut subject = Subject::new("hops", Nodes(self.lane));
        if self.burdened {
            setup.service.per_message = Duration::from_micros(2).into();
            setup.service.inbox = Some(1_000);
            setup.initial.corrupt = (0..self.n).step_by(10).collect();
            subject.coalition = Some(Box::new(Sleepers));
        }
        let outcome = simulate(&setup, &Launch::default(), subject).expect("the setup is sound");
        assert!(outcome.messages.delivered > self.events * 9 / 10, "traffic died out");
        outcome
    }
}
