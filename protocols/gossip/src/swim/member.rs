//! One member: what it keeps, and what it does with each input.
//!
//! All that a member waits for has a moment of its own; one timer is set to the earliest.

use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role, Start, TimerId};
use sim_core::time::{Duration, Time};

use super::broadcasts::Broadcasts;
use super::due::Due;
use super::initial::{InitialState, Own};
use super::order::Round;
use super::parameters::{self, Parameters, Phase};
use super::probing::{Probe, Relay};
use super::settings::Settings;
use super::subjects::Subjects;
use super::view::{Base, TOGETHER, View};
use super::vocabulary::{Status, Swim, SwimMessage, SwimObservation, SwimTimer, Update};

/// The only timer.
const NEXT: TimerId = TimerId(0);

/// Makes members.
#[derive(Clone, Debug)]
pub struct Members {
    settings: Arc<Settings>,
    base: Arc<Base>,
    subjects: Subjects,
    initial: InitialState,
    warm: bool,
}

impl Members {
    /// Members of a cluster that begins with so many.
    pub fn new(parameters: &Parameters, settings: Settings, initial: InitialState, members: u32) -> Self {
        Self {
            settings: Arc::new(settings),
            base: Arc::new(Base::new(members)),
            subjects: Subjects::default(),
            initial,
            warm: parameters.start == parameters::Start::Warm,
        }
    }
}

impl Factory<Swim> for Members {
    type Node = Member;

    fn boot(&mut self, boot: Boot<'_, Swim>) -> Member {
        let genesis = boot.start == Start::Genesis;
        let own = if genesis { self.initial.of(boot.node) } else { Own::default() };
        let knows = genesis && own.knows.unwrap_or(self.warm);
        Member {
            me: boot.node,
            life: if boot.role == Role::Client { Life::Gone } else { Life::Joining },
            incarnation: 0,
            health: 0,
            members: self.base.members(),
            limit: (0, 0),
            view: View::new(
                Arc::clone(&self.base),
                self.subjects.clone(),
                knows && boot.role == Role::Member,
            ),
            broadcasts: Broadcasts::new(self.settings.plants.plain_queue),
            probe: Probe::default(),
            helpers: Vec::new(),
            relays: Vec::new(),
            deaths: VecDeque::new(),
            due: Due { leave: own.leaves_at.map_or(Time::MAX, |after| Time::ZERO + after), ..Due::never() },
            gossip_phase: Duration::ZERO,
            scratch: Vec::new(),
            picked: Vec::new(),
            settings: Arc::clone(&self.settings),
        }
    }
}

/// What a member is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It asks to join.
    Joining,
    /// It takes part.
    Member,
    /// It takes part, and tells that it leaves.
    Leaving,
    /// It left, or never was a member.
    Gone,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) settings: Arc<Settings>,
    pub(super) me: NodeId,
    pub(super) life: Life,
    pub(super) incarnation: u32,
    /// How unwell it believes to be; 0 is well.
    pub(super) health: u32,
    /// How many members there were at genesis: newcomers ask these.
    pub(super) members: u32,
    /// How often an update is sent, for the number of members it was computed for.
    limit: (u32, u32),
    pub(super) view: View,
    pub(super) broadcasts: Broadcasts,
    pub(super) probe: Probe,
    /// Whom it asked to probe the target of its probe as well.
    pub(super) helpers: Vec<NodeId>,
    pub(super) relays: Vec<Relay>,
    /// Whom it declared dead or left, in that order.
    pub(super) deaths: VecDeque<NodeId>,
    pub(super) due: Due,
    /// Its gossip ticks are so much after multiples of their interval.
    pub(super) gossip_phase: Duration,
    /// Room for what is put together.
    scratch: Vec<Update>,
    pub(super) picked: Vec<NodeId>,
}

impl Process<Swim> for Member {
    fn step(&mut self, input: Input<'_, Swim>, cx: &mut Context<'_, Swim>) {
        if self.life == Life::Gone {
            return;
        }
        match input {
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timer { .. } => self.due.set = Time::MAX,
            Input::Start => self.start(cx),
            Input::Request { request, .. } => match request {},
            Input::Link { .. } | Input::Synced { .. } => return,
        }
        self.advance(cx);
        self.set_timer(cx);
    }
}

impl Member {
    /// What it holds another member to be; a suspect counts as alive.
    pub fn holds(&self, node: NodeId) -> Status {
        self.view.get(node).status
    }

    /// The hash of all that it holds alive, which changes with them.
    pub fn living(&self) -> ContentHash {
        self.view.living()
    }

    fn start(&mut self, cx: &mut Context<'_, Swim>) {
        let now = cx.monotonic();
        let knows = self.view.is_based();
        if knows {
            self.life = Life::Member;
        } else {
            self.view.set(self.me, Status::Alive, 0);
            self.due.join = now;
            self.due.reconnect = now + self.settings.reconnect_interval;
        }
        cx.observe(SwimObservation::Started { incarnation: 0, knows });
        let interval = self.settings.probe_interval;
        let wait = match self.settings.phase {
            Phase::Drawn => cx.rng().duration_between(Duration::ZERO, interval),
            Phase::Aligned => {
                let period = interval.as_nanos();
                Duration::from_nanos((period - cx.now().as_nanos() % period) % period)
            }
        };
        self.due.probe = now + wait;
        self.gossip_phase = cx.rng().duration_between(Duration::ZERO, self.settings.gossip_interval);
        self.due.push_pull = self.first_push_pull(now, cx);
        if self.settings.reconnect_interval.is_zero() {
            self.due.reconnect = Time::MAX;
        }
    }

    fn hear(&mut self, from: NodeId, message: &SwimMessage, cx: &mut Context<'_, Swim>) {
        match message {
            SwimMessage::Ping { sequence, news, .. } => {
                self.learn_all(news, cx);
                let news = self.piggyback(super::vocabulary::PROBE, None);
                cx.send(from, SwimMessage::Ack { sequence: *sequence, news });
            }
            SwimMessage::PingRequest { sequence, target, nack, news } => {
                self.learn_all(news, cx);
                self.relay(from, *sequence, *target, *nack, cx);
            }
            SwimMessage::Ack { sequence, news } => {
                self.learn_all(news, cx);
                self.answered(from, *sequence, cx);
            }
            SwimMessage::Nack { sequence } => self.refused(from, *sequence),
            SwimMessage::Gossip { news } => self.learn_all(news, cx),
            SwimMessage::StreamPing { sequence } => {
                cx.send(from, SwimMessage::StreamAck { sequence: *sequence });
            }
            SwimMessage::StreamAck { sequence } => self.answered(from, *sequence, cx),
            SwimMessage::Compare { view } => self.compare(from, *view, cx),
            SwimMessage::Same => {}
            SwimMessage::View { answer, genesis, listed, .. } => {
                self.merge(from, *genesis, listed, cx);
                if *answer {
                    self.send_view(from, false, cx);
                }
            }
        }
    }

    /// Does all that is due.
    fn advance(&mut self, cx: &mut Context<'_, Swim>) {
        let now = cx.monotonic();
        if self.earliest() > now {
            return;
        }
        self.bury(now, cx);
        self.expire_relays(now, cx);
        self.probe_due(now, cx);
        self.gossip_due(now, cx);
        self.push_pull_due(now, cx);
        self.reconnect_due(now, cx);
        self.join_due(now, cx);
        self.leave_due(now, cx);
        self.reap_due(now, cx);
    }

    fn earliest(&self) -> Time {
        self.due.earliest().min(self.view.earliest())
    }

    fn set_timer(&mut self, cx: &mut Context<'_, Swim>) {
        if self.life == Life::Gone {
            cx.cancel_timer(NEXT);
            return;
        }
        let next = self.earliest();
        if next != self.due.set && next < Time::MAX {
            self.due.set = next;
            cx.set_timer(NEXT, next.since(cx.monotonic()), SwimTimer::Next);
        }
    }

    /// Updates for a packet that holds `taken` bytes of something else: one that must be in it, and as many as fit.
    pub(super) fn piggyback(&mut self, taken: u32, first: Option<Update>) -> Box<[Update]> {
        if first.is_none() && self.broadcasts.is_empty() {
            return Box::default();
        }
        let mut room = self.settings.packet_bytes.saturating_sub(super::vocabulary::PACKET + taken);
        self.scratch.clear();
        if let Some(first) = first {
            room = room.saturating_sub(first.bytes());
            self.scratch.push(first);
        }
        let limit = self.transmit_limit();
        let view = &self.view;
        view.warm_rumors(self.broadcasts.next(TOGETHER));
        self.broadcasts.take(room, limit, |rumor| view.told(rumor), &mut self.scratch);
        self.scratch.as_slice().into()
    }

    fn transmit_limit(&mut self) -> u32 {
        let alive = self.view.alive();
        if self.limit.0 != alive {
            self.limit = (alive, self.settings.transmit_limit(alive));
        }
        self.limit.1
    }

    /// Draws up to `count` different members that fit, into `picked`.
    pub(super) fn pick(
        &mut self,
        count: u32,
        fits: impl Fn(&Self, NodeId) -> bool,
        cx: &mut Context<'_, Swim>,
    ) {
        /// So many draws are tried before everybody is looked at in turn.
        const DRAWS: u32 = 48;
        /// So many are looked at in turn.
        const LOOKED_AT: usize = 4_096;
        self.picked.clear();
        let domain = self.view.domain();
        let consider = |own: &mut Self, node| {
            if node != own.me && !own.picked.contains(&node) && fits(own, node) {
                own.picked.push(node);
            }
            own.picked.len() >= count as usize
        };
        if domain > DRAWS {
            for _ in 0..DRAWS {
                let node = NodeId(cx.rng().below(u64::from(domain)) as u32);
                if consider(self, node) {
                    return;
                }
            }
        }
        let mut rest = Round::new(cx.rng().next_u64(), domain).take(LOOKED_AT).map(NodeId);
        rest.any(|node| consider(self, node));
    }
}
