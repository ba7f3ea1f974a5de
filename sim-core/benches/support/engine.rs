//! The same workloads through the engine, with everything on that a run has.

use cpu_time::ThreadTime;
use sim_core::coalition::{Coalition, CoalitionContext, Puppet};
use sim_core::facts;
use sim_core::fault::FaultPlan;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Boot, Context, Factory, Input, Message, Process};
use sim_core::ratio::Ratio;
use sim_core::registry::Launch;
use sim_core::setup::Setup;
use sim_core::simulate::{Subject, simulate};
use sim_core::time::Duration;
use sim_core::workbench::Phold;

use crate::measure::{Measured, median_of_5};

facts! {
    /// A message with a body.
    pub enum Hop { Hop { body: u64 } }
}

impl Message for Hop {
    fn wire_size(&self) -> u32 {
        64
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
    received: u32,
    last_from: NodeId,
    sum: u64,
}

impl Node {
    fn pass_on(&self, cx: &mut Context<'_, Hops>, word: u64) {
        let peer = sim_core::random::below(word, u64::from(self.n - 1)) as u32;
        let to = if peer < cx.node().0 { peer } else { peer + 1 };
        cx.send(NodeId(to), Hop::Hop { body: self.sum });
    }
}

impl Process<Hops> for Node {
    fn step(&mut self, input: Input<'_, Hops>, cx: &mut Context<'_, Hops>) {
        if let Input::Message { from, message: Hop::Hop { body } } = input {
            self.received = self.received.wrapping_add(1);
            self.last_from = from;
            self.sum = self.sum.wrapping_add(*body).wrapping_add(1);
        }
        let word = cx.rng().next_u64();
        self.pass_on(cx, word);
        // One more in a hundred, so that loss does not let traffic die out.
        if (word & 0xFFFF_FFFF) * 100 < 1 << 32 {
            self.pass_on(cx, word.rotate_left(32));
        }
    }
}

struct Nodes;

impl Factory<Hops> for Nodes {
    type Node = Node;
    fn boot(&mut self, boot: Boot<'_, Hops>) -> Node {
        Node { n: boot.members.len() as u32, received: 0, last_from: boot.node, sum: 0 }
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

/// W2 through the engine: lanes, keyed fates, digest, counters; with `burdened` a coalition of one in ten and service
/// times as well.
pub(crate) fn w2_engine(n: u32, events: u64, burdened: bool) -> Measured {
    let mut setup = Setup::new(1, n);
    setup.duration = Duration::from_secs(3_600);
    setup.network.loss = Ratio::new(1, 100);
    setup.faults = FaultPlan::default();
    setup.max_events = events;
    if burdened {
        setup.service.per_message = Duration::from_micros(2);
        setup.service.inbox = Some(1_000);
        setup.initial.corrupt = (0..n).step_by(10).collect();
    }
    let mut fold = 0;
    let mut rounds = [0.0; 6];
    for ns in &mut rounds {
        let mut subject = Subject::new("hops", Nodes);
        if burdened {
            subject.coalition = Some(Box::new(Sleepers));
        }
        let start = ThreadTime::now();
        let outcome = simulate(&setup, &Launch::default(), subject).expect("the setup is sound");
        *ns = start.elapsed().as_nanos() as f64 / outcome.messages.delivered as f64;
        assert!(outcome.messages.delivered > events * 9 / 10, "traffic died out");
        fold ^= outcome.digest.0 as u64;
    }
    let measured = &mut rounds[1..];
    measured.sort_unstable_by(f64::total_cmp);
    Measured { ns: measured[2], fold }
}

/// W1 through the kernel: agenda, keyed ties and draws, digest.
pub(crate) fn w1_kernel(n: u32, events: u64) -> Measured {
    let mut phold = Phold::new(n);
    median_of_5(events, |events| phold.run(events))
}
