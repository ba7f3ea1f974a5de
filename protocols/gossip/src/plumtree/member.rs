//! One member: its views, the broadcasts that it has, and what it waits for.

use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Factory, Input, LinkState, Process, Role, Start, TimerId};
use sim_core::time::{Duration, Time};

use super::broadcast::{Announced, Waiting};
use super::parameters::Parameters;
use super::plants::Plants;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation, PlumtreeTimer};
use crate::hyparview::Views;

pub(super) const JOIN: TimerId = TimerId(0);
pub(super) const SHUFFLE: TimerId = TimerId(1);
pub(super) const COMPARE: TimerId = TimerId(2);
pub(super) const UNANSWERED: TimerId = TimerId(3);
pub(super) const MISSING: TimerId = TimerId(4);
pub(super) const BROADCAST: TimerId = TimerId(5);

/// Makes members.
#[derive(Clone, Debug)]
pub struct Members {
    shared: Arc<Shared>,
}

/// What all members have in common.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) parameters: Parameters,
    pub(super) plants: Plants,
    /// How many members there are at genesis: newcomers ask these.
    pub(super) members: u32,
}

impl Members {
    /// Members of a cluster that begins with so many.
    pub fn new(parameters: Parameters, plants: Plants, members: u32) -> Self {
        Self { shared: Arc::new(Shared { parameters, plants, members }) }
    }
}

impl Factory<Plumtree> for Members {
    type Node = Member;

    fn boot(&mut self, boot: Boot<'_, Plumtree>) -> Member {
        Member {
            shared: Arc::clone(&self.shared),
            me: boot.node,
            takes_part: boot.role == Role::Member,
            genesis: boot.start == Start::Genesis,
            views: Views::default(),
            asked: Vec::new(),
            tries: 0,
            has: [0; 2],
            delivered_at: Time::ZERO,
            announced: Vec::new(),
            waiting: Vec::new(),
            next_broadcast: 0,
        }
    }
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) shared: Arc<Shared>,
    pub(super) me: NodeId,
    takes_part: bool,
    pub(super) genesis: bool,
    pub(super) views: Views,
    /// Whom it asked for a link, until there is an answer. A link that is granted without this is not wanted any more.
    pub(super) asked: Vec<NodeId>,
    /// How many candidates refused since it last had a reason to ask.
    pub(super) tries: u32,
    /// The broadcasts that it has.
    pub(super) has: [u64; 2],
    /// When it delivered the latest one.
    pub(super) delivered_at: Time,
    /// Payloads that were announced and have not come.
    pub(super) announced: Vec<Announced>,
    /// When it asks for them.
    pub(super) waiting: Vec<Waiting>,
    /// The next broadcast of its own that may come.
    next_broadcast: u32,
}

impl Process<Plumtree> for Member {
    fn step(&mut self, input: Input<'_, Plumtree>, cx: &mut Context<'_, Plumtree>) {
        if !self.takes_part {
            return;
        }
        match input {
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timer { timer, .. } => self.ring(timer, cx),
            Input::Start => self.start(cx),
            Input::Link { peer, state: LinkState::Down } => self.lost(peer, cx),
            Input::Link { .. } | Input::Synced { .. } => {}
            Input::Request { request, .. } => match request {},
        }
    }
}

impl Member {
    fn start(&mut self, cx: &mut Context<'_, Plumtree>) {
        cx.observe(PlumtreeObservation::Started);
        let Parameters { join_spread, shuffle_every, compare_every, .. } = self.shared.parameters;
        // At genesis the first members come first, since newcomers ask earlier ones.
        let wait = if self.genesis {
            let share = u64::from(self.me.0) * join_spread.as_nanos() / u64::from(self.shared.members.max(1));
            Duration::from_nanos(share)
        } else {
            Duration::ZERO
        };
        cx.set_timer(JOIN, wait, PlumtreeTimer::Join);
        let phase = cx.rng().duration_between(Duration::ZERO, shuffle_every);
        cx.set_timer(SHUFFLE, wait.saturating_add(phase), PlumtreeTimer::Shuffle);
        if !compare_every.is_zero() {
            let phase = cx.rng().duration_between(Duration::ZERO, compare_every);
            cx.set_timer(COMPARE, wait.saturating_add(phase), PlumtreeTimer::Compare);
        }
        self.await_turn(cx);
    }

    /// Sets the timer for its next broadcast. What should have begun while it was down is left out.
    fn await_turn(&mut self, cx: &mut Context<'_, Plumtree>) {
        let Shared { parameters, members, .. } = &*self.shared;
        let now = cx.monotonic();
        let is_next = |broadcast: &u32| {
            parameters.sender(*broadcast, *members) == self.me.0
                && Time::ZERO + parameters.begins(*broadcast) >= now
        };
        if let Some(next) = (self.next_broadcast..parameters.broadcasts).find(is_next) {
            self.next_broadcast = next;
            let wait = (Time::ZERO + parameters.begins(next)).since(now);
            cx.set_timer(BROADCAST, wait, PlumtreeTimer::Broadcast);
        }
    }

    fn ring(&mut self, timer: PlumtreeTimer, cx: &mut Context<'_, Plumtree>) {
        match timer {
            PlumtreeTimer::Join => self.join(cx),
            PlumtreeTimer::Shuffle => self.shuffle(cx),
            PlumtreeTimer::Compare => self.compare(cx),
            PlumtreeTimer::Unanswered => self.unanswered(cx),
            PlumtreeTimer::Missing => self.ask_for_missing(cx),
            PlumtreeTimer::Broadcast => {
                self.broadcast(self.next_broadcast, cx);
                self.next_broadcast += 1;
                self.await_turn(cx);
            }
        }
    }

    fn hear(&mut self, from: NodeId, message: &PlumtreeMessage, cx: &mut Context<'_, Plumtree>) {
        match *message {
            PlumtreeMessage::Join => self.welcome(from, cx),
            PlumtreeMessage::ForwardJoin { node, ttl } => self.walk(from, node, ttl, cx),
            PlumtreeMessage::Neighbor { high } => self.asked_for_link(from, high, cx),
            PlumtreeMessage::Accept => self.accepted(from, cx),
            PlumtreeMessage::Reject => self.rejected(from, cx),
            PlumtreeMessage::Disconnect => self.disconnected(from, cx),
            PlumtreeMessage::Shuffle { origin, ttl, ref sample } => self.mix(from, origin, ttl, sample, cx),
            PlumtreeMessage::ShuffleReply { ref sample } => self.learn(sample, cx),
            PlumtreeMessage::Gossip { broadcast, hops, .. } => self.receive(from, broadcast, hops, cx),
            PlumtreeMessage::IHave { broadcast, hops } => self.announce(from, broadcast, hops, cx),
            PlumtreeMessage::Graft { broadcast, hops } => self.grafted(from, broadcast, hops, cx),
            PlumtreeMessage::Prune => self.pruned(from),
            PlumtreeMessage::HaveAll { low, high } => self.announce_all(from, [low, high], cx),
            PlumtreeMessage::Compare { low, high } => self.compared(from, [low, high], cx),
        }
    }
}
