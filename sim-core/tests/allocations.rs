//! In the steady state the kernel allocates nothing, and a payload is allocated once for all its recipients.

use std::alloc::System;
use std::cell::RefCell;
use std::rc::Rc;

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Input, JournalId, Lane, Message, Observe, Process, SyncId, TimerId};
use sim_core::registry::Launch;
use sim_core::setup::Setup;
use sim_core::simulate::{Subject, simulate};
use sim_core::time::Duration;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

sim_core::facts! {
    enum Chat {
        Small { n: u64 },
        Stream { n: u64 },
        Large { bytes: Vec<u8> },
    }
}
sim_core::facts! { enum Tick { Tick } }
sim_core::facts! { struct Kept { n: u64 } }
sim_core::facts! { struct Heard { n: u64 } }
sim_core::vocabulary! { Chatting { message: Chat, timer: Tick, record: Kept, observation: Heard } }

impl Message for Chat {
    fn wire_size(&self) -> u32 {
        100
    }
    fn lane(&self) -> Lane {
        if matches!(self, Self::Stream { .. }) { Lane::Stream } else { Lane::Datagram }
    }
}

impl Observe for Heard {}

/// What a member does at each tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Small,
    Stream,
    Large,
    /// Appends nothing, but syncs and holds.
    Hold,
}

/// How many allocations there were at each tick of the first member.
type Counts = Rc<RefCell<Vec<usize>>>;

struct Member {
    habit: Habit,
    peers: Vec<NodeId>,
    counts: Counts,
    ticks: u64,
}

impl Process<Chatting> for Member {
    fn step(&mut self, input: Input<'_, Chatting>, cx: &mut Context<'_, Chatting>) {
        match input {
            Input::Start => cx.set_timer(TimerId(0), Duration::from_millis(10), Tick::Tick),
            Input::Timer { .. } => self.tick(cx),
            Input::Message { .. } => cx.observe(Heard { n: self.ticks }),
            _ => {}
        }
    }
}

impl Member {
    fn tick(&mut self, cx: &mut Context<'_, Chatting>) {
        self.ticks += 1;
        cx.set_timer(TimerId(0), Duration::from_millis(10), Tick::Tick);
        let peers = self.peers.iter().copied();
        match self.habit {
            Habit::Small => cx.send_all(peers, Chat::Small { n: self.ticks }),
            Habit::Stream => cx.send_all(peers, Chat::Stream { n: self.ticks }),
            Habit::Large => cx.send_all(peers, Chat::Large { bytes: vec![1; 64] }),
            Habit::Hold => {
                cx.sync(JournalId(0), SyncId(self.ticks));
                cx.hold(SyncId(self.ticks));
                cx.send_all(peers, Chat::Small { n: self.ticks });
            }
        }
        if cx.node() == NodeId(0) {
            let stats = ALLOCATOR.stats();
            self.counts.borrow_mut().push(stats.allocations + stats.reallocations);
        }
    }
}

const MEMBERS: u32 = 10;
const WARM_UP: usize = 2_000;
const TICKS: usize = 4_000;

/// Allocations of all members in the ticks after the warm-up.
fn allocations(habit: Habit) -> usize {
    let counts = Counts::new(RefCell::new(Vec::with_capacity(TICKS + 1)));
    let shared = Rc::clone(&counts);
    let mut setup = Setup::new(1, MEMBERS);
    setup.duration = Duration::from_millis(10 * TICKS as u64);
    setup.disk.sync = sim_core::distribution::Distribution::Fixed(Duration::from_millis(2));
    let subject = Subject::new("chat", move |boot: Boot<'_, Chatting>| Member {
        habit,
        peers: boot.members.to_vec(),
        counts: Rc::clone(&shared),
        ticks: 0,
    });
    let outcome = simulate(&setup, &Launch::default(), subject).expect("ten members");
    assert!(outcome.messages.delivered > 300_000, "{habit:?} {:?}", outcome.messages);
    let counts = counts.borrow();
    counts.last().expect("it ticked") - counts[WARM_UP]
}

#[test]
fn the_steady_state_allocates_nothing_but_payloads() {
    for habit in [Habit::Small, Habit::Stream, Habit::Hold] {
        assert_eq!(allocations(habit), 0, "{habit:?}");
    }
    let payloads = (TICKS - WARM_UP) * MEMBERS as usize;
    let large = allocations(Habit::Large);
    assert!(large <= payloads, "{large} allocations for {payloads} payloads of ten recipients each");
}
