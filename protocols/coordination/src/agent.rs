//! One agent: its worker, and what decides about its work: a coordinator in it, a coordinator elsewhere, or nobody.
//!
//! It beats before it does anything else in a step, if a beat is due: health checks are not skipped because there is
//! much to do.

mod beating;
mod claiming;
mod core;
mod edge;
mod publishing;
mod relays;
mod remembering;
mod routing;
mod standby;

use std::rc::Rc;

use gossip::swim::member::Members;
use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Input, Process, TimerId};
use sim_core::time::{Duration, Time};

use crate::board::Board;
use crate::breaker::Breaker;
use crate::courier::Courier;
use crate::gossip::{Claimant, Common};
use crate::hub::Hub;
use crate::memory::Keeps;
use crate::memory::notebook::Notebook;
use crate::memory::replica::Replica;
use crate::parameters::Strategy;
use crate::plants::Plants;
use crate::solitary::{Shares, Solitary};
use crate::topology::Ways;
use crate::vocabulary::{Coordination, CoordinationMessage as Message, CoordinationTimer as Timer, Ending};
use crate::worker::{Order, Word, Worker, Workplace};

use beating::Beats;
use core::Core;
use edge::Edge;
use publishing::Events;
use relays::Relays;
use standby::Standby;

const POLL: TimerId = TimerId(3);
/// How long an agent waits for the sink before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What all agents of a run share.
#[derive(Debug)]
pub struct Team {
    /// The tasks, the parameters, and where platform and sink are.
    pub place: Rc<Workplace>,
    /// How many agents there are.
    pub agents: u32,
    /// Whose task each one is, where tasks are shared out.
    pub shares: Rc<Shares>,
    /// What agents share that claim tasks themselves.
    pub common: Option<Rc<Common>>,
    /// What makes agents members of SWIM, where they are.
    pub swim: Option<Members>,
    /// Who forwards for whom.
    pub ways: Ways,
    /// Bugs that are on.
    pub plants: Plants,
}

/// What decides about an agent's work.
#[derive(Debug)]
enum Boss {
    /// A coordinator in it.
    Own(Box<Hub>),
    /// Another agent.
    First(Beats),
    /// Whom the core elects, of which it is a member.
    Core(Box<Core>),
    /// Itself.
    Nobody(Box<Solitary>),
    /// Itself, and the homes of tasks.
    Claimant(Box<Claimant>),
    /// It has nothing to do in this run.
    Idle,
}

/// One agent.
#[derive(Debug)]
pub struct Agent {
    node: NodeId,
    team: Rc<Team>,
    worker: Worker,
    courier: Courier,
    /// What it passed on for others.
    relays: Relays,
    /// Towards the coordinator.
    breaker: Breaker,
    boss: Boss,
    /// The number of this life, larger than any that is in use.
    life: u64,
    /// When the sink was asked last.
    asked: Option<Time>,
    /// What it asks of shared memory, if there is any and it does tasks.
    notebook: Option<Notebook>,
    /// How often a store did not answer it: it turns to the next one.
    store_turns: u32,
    /// Its own notes, where agents merge them.
    replica: Option<Box<Replica>>,
    /// Its membership in SWIM, where agents are members.
    edge: Option<Box<Edge>>,
    /// What it published, and what it heard of.
    events: Events,
    /// Whether it stands by.
    standby: Standby,
}

/// Whom an agent works for, or what it is to the others, by its place and the strategy. `life` is the number of this life.
fn boss(boot: &Boot<'_, Coordination>, team: &Rc<Team>, life: u64) -> Boss {
    let (parameters, node) = (&team.place.parameters, boot.node);
    let board = || {
        let order = Hub::ordering(parameters, team.plants);
        Board::new(team.place.graph.clone(), order).with_growth_unchecked(team.plants.cycle_accepted)
    };
    match parameters.strategy {
        Strategy::Single | Strategy::Star if node.0 == 0 => {
            let mut hub = Hub::new((node, team.agents), board(), parameters.clone(), team.plants);
            if parameters.works(0, team.agents) {
                let places = parameters.slots + parameters.queue;
                hub.employ_itself(parameters.capabilities(0, team.agents), places);
            }
            Boss::Own(Box::new(hub))
        }
        Strategy::Single => Boss::Idle,
        Strategy::Star => Boss::First(Beats::new(life, NodeId(0))),
        Strategy::Service | Strategy::Hybrid | Strategy::Raft => {
            let core = parameters.core_of(team.agents);
            let beats = || Beats::new(life, NodeId(node.0 % core));
            if node.0 < core {
                let hub = Hub::new((node, team.agents), board(), parameters.clone(), team.plants);
                let hub = hub.replicated();
                let works = parameters.works(node.0, team.agents);
                Boss::Core(Box::new(Core::new(boot, team, hub, works.then(beats))))
            } else if parameters.strategy == Strategy::Hybrid {
                Boss::First(beats().gathered(NodeId(node.0 % core)))
            } else {
                Boss::First(beats())
            }
        }
        Strategy::Gossip => team.common.as_ref().map_or(Boss::Idle, |common| {
            Boss::Claimant(Box::new(Claimant::new(node, common.clone(), parameters.clone(), team.agents)))
        }),
        Strategy::Independent => {
            Boss::Nobody(Box::new(Solitary::new(node, board(), team.shares.clone(), team.plants)))
        }
    }
}

/// What tells a life from others, also from those of other agents: 32 bits that lead all that it numbers.
pub(crate) fn number_of_life(boot: &Boot<'_, Coordination>) -> u64 {
    let seed = boot.seed();
    u64::from(u32::from_le_bytes([seed[0], seed[1], seed[2], seed[3]])) << 32
}

impl Agent {
    /// An agent that starts, for the first time or again.
    pub fn new(boot: &Boot<'_, Coordination>, team: Rc<Team>) -> Self {
        let parameters = &team.place.parameters;
        let node = boot.node;
        let life = number_of_life(boot);
        let boss = boss(boot, &team, life);
        let courier = Courier::new(parameters.outbox, life);
        let keeps = parameters.memory();
        let notebook =
            (keeps != Keeps::Nothing && parameters.works(node.0, team.agents)).then(|| Notebook::new(life));
        let replica = (node.0 < parameters.replicas(team.agents)).then(|| {
            let (keys, ttl) = (parameters.memory_keys, parameters.memory_ttl);
            Box::new(Replica::new(boot, (keys, ttl), team.plants.last_writer_wins))
        });
        let worker = Worker::new(team.place.clone(), life);
        let edge = Edge::new(boot, &team);
        let breaker = Breaker::new(parameters.coordinator_breaker, parameters.coordinator_pause)
            .sticking(team.plants.breaker_stays_open);
        let standby = Standby::new(parameters.stands_by(node.0, team.agents));
        Self {
            node,
            worker,
            courier,
            relays: Relays::new(life),
            breaker,
            boss,
            life,
            asked: None,
            notebook,
            store_turns: 0,
            replica,
            edge,
            events: Events::default(),
            standby,
            team,
        }
    }

    fn start(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.node.0 == 0 {
            crate::marks::mark(&self.team.place.parameters, cx);
        }
        match &self.boss {
            Boss::Own(_) | Boss::Nobody(_) => self.open(cx),
            Boss::Claimant(_) => {
                self.open(cx);
                cx.set_timer(beating::BEAT, self.team.place.parameters.heartbeat, Timer::Beat);
            }
            Boss::First(_) | Boss::Core(_) => self.beat(cx),
            Boss::Idle => {}
        }
        self.begin_to_remember(cx);
        if !matches!(self.boss, Boss::Own(_)) {
            cx.observe(crate::vocabulary::CoordinationObservation::Idle);
        }
    }

    /// The coordinator in it, if there is one.
    fn hub_mut(&mut self) -> Option<&mut Hub> {
        match &mut self.boss {
            Boss::Own(hub) => Some(hub),
            Boss::Core(core) => Some(&mut core.hub),
            Boss::First(_) | Boss::Nobody(_) | Boss::Claimant(_) | Boss::Idle => None,
        }
    }

    /// Its beats, if it beats.
    fn beats(&self) -> Option<&Beats> {
        match &self.boss {
            Boss::First(beats) => Some(beats),
            Boss::Core(core) => core.beats.as_ref(),
            Boss::Own(_) | Boss::Nobody(_) | Boss::Claimant(_) | Boss::Idle => None,
        }
    }

    fn beats_mut(&mut self) -> Option<&mut Beats> {
        match &mut self.boss {
            Boss::First(beats) => Some(beats),
            Boss::Core(core) => core.beats.as_mut(),
            Boss::Own(_) | Boss::Nobody(_) | Boss::Claimant(_) | Boss::Idle => None,
        }
    }

    /// Who coordinates, as far as it knows.
    fn coordinator(&self) -> NodeId {
        self.beats().map_or(NodeId(0), |beats| beats.coordinator)
    }

    /// What tells its present question for an epoch from others.
    fn token(&self) -> u64 {
        if let Boss::Claimant(own) = &self.boss { self.life + own.reopened } else { self.life }
    }

    /// Asks the sink for an epoch, until it answers.
    fn open(&mut self, cx: &mut Context<'_, Coordination>) {
        cx.send(self.team.place.sink, Message::Open { token: self.token() });
        cx.set_timer(POLL, ASK_AGAIN, Timer::Poll);
    }

    /// Asks the sink what has ended.
    fn ask(&mut self, since: u32, cx: &mut Context<'_, Coordination>) {
        self.asked = Some(cx.monotonic());
        cx.send(self.team.place.sink, Message::Ask { since });
        if matches!(self.boss, Boss::Own(_) | Boss::Core(_)) {
            cx.set_timer(POLL, ASK_AGAIN, Timer::Poll);
        }
    }

    /// It is time to ask the sink, if anything is to be asked.
    fn poll(&mut self, cx: &mut Context<'_, Coordination>) {
        let every = self.team.place.parameters.poll;
        match &self.boss {
            Boss::Own(hub) if hub.is_opening() && self.asked.is_none() => self.open(cx),
            Boss::Own(hub) => {
                if self.asked.is_some() {
                    self.ask(hub.known(), cx);
                }
            }
            Boss::Core(core) => {
                if self.asked.is_some() {
                    self.ask(core.hub.known(), cx);
                }
            }
            Boss::Nobody(own) if own.is_opening() => self.open(cx),
            Boss::Nobody(own) if !own.is_over() => {
                self.ask(own.known(), cx);
                let pause = crate::courier::jittered(every, cx);
                cx.set_timer(POLL, pause, Timer::Poll);
            }
            Boss::Claimant(own) if own.is_opening() => self.open(cx),
            Boss::Claimant(own) if !own.is_over() => {
                self.ask(own.known(), cx);
                let pause = crate::courier::jittered(every, cx);
                cx.set_timer(POLL, pause, Timer::Poll);
            }
            Boss::Nobody(_) | Boss::Claimant(_) | Boss::First(_) | Boss::Idle => {}
        }
    }

    /// The sink answered.
    fn hear_sink(&mut self, message: &Message, cx: &mut Context<'_, Coordination>) {
        let own_token = self.token();
        match (message, &mut self.boss) {
            (Message::Opened { token, epoch }, Boss::Own(hub)) if *token == self.life => {
                hub.opened(*epoch, cx);
            }
            (Message::Opened { token, epoch }, Boss::Nobody(own))
                if *token == self.life && own.is_opening() =>
            {
                own.opened(*epoch, cx);
                self.poll(cx);
            }
            (Message::Opened { token, epoch }, Boss::Claimant(own))
                if *token == own_token && own.is_opening() =>
            {
                own.opened(*epoch, cx);
                self.poll(cx);
            }
            (Message::Facts { since, ends, all }, Boss::Claimant(own)) => {
                let more = own.told(*since, ends, *all, cx).then(|| own.known());
                more.into_iter().for_each(|known| self.ask(known, cx));
            }
            (Message::Facts { since, ends, all }, Boss::Own(hub)) => {
                self.asked = None;
                hub.told(*since, ends, *all, cx);
            }
            (Message::Facts { since, ends, all }, Boss::Core(core)) => {
                self.asked = None;
                core.hub.told(*since, ends, *all, cx);
            }
            (Message::Facts { since, ends, all }, Boss::Nobody(own)) => {
                let more = own.told(*since, ends, *all, cx).then(|| own.known());
                more.into_iter().for_each(|known| self.ask(known, cx));
            }
            _ => {}
        }
    }

    /// Hears what is for this agent.
    fn hear(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Coordination>) {
        // A core has a result once that is decided; the letter is acknowledged then.
        let later = matches!(message, Message::Finish { .. }) && matches!(self.boss, Boss::Core(_));
        if !later && message.letter().is_some_and(|letter| !self.accept(from, letter, cx)) {
            return;
        }
        if self.hear_claims(from, message, cx) {
            return;
        }
        match *message {
            Message::Order { ref inner } => self.order_hear(from, inner, cx),
            Message::Membership { ref inner } => self.edge_input(Input::Message { from, message: inner }, cx),
            Message::Redirect { leader: Some(leader) } => self.follow(leader, cx),
            Message::Relay { from, to, number, ref parcel } => self.pass_on((from, to), number, parcel, cx),
            Message::Receipt { letter } => self.courier_receipt(letter, cx),
            Message::Event { task, .. } => self.hear_event(task, cx),
            Message::Opened { .. } | Message::Facts { .. } => self.hear_sink(message, cx),
            Message::Lives { ref agents, ref heard } => {
                let presides = self.presides(cx);
                if let Boss::Claimant(own) = &mut self.boss {
                    own.told_who_lives(agents, heard, cx);
                } else if let Some(hub) = self.hub_mut().filter(|_| presides) {
                    hub.told_who_lives(agents, heard, cx);
                }
            }
            Message::BeatHeard { .. } => {
                // Whoever coordinates answers beats, also those that others gathered.
                self.follow(from, cx);
                self.obey(message, cx);
            }
            Message::Grant { .. } | Message::Cancel { .. } | Message::Replace { .. } => {
                self.obey(message, cx);
            }
            Message::Beat { .. }
            | Message::Gathered { .. }
            | Message::Finish { .. }
            | Message::Report { .. } => {
                self.coordinate(from, message, cx);
            }
            Message::Remembered { .. }
            | Message::NotYours { .. }
            | Message::ReadOnly { .. }
            | Message::Recalled { .. } => self.hear_memory(from, message, cx),
            Message::Remember { .. } | Message::Recall { .. } => {
                if !self.serves_memory(from, message, cx) {
                    self.coordinate(from, message, cx);
                }
            }
            Message::Share { answer, ref notes, ref left } => {
                self.merge_notes(from, (answer, notes, left), cx);
            }
            _ => self.worker.hear(message, cx),
        }
    }

    /// Says what the worker has to say, until it has nothing more to say.
    fn settle(&mut self, cx: &mut Context<'_, Coordination>) {
        loop {
            for word in std::mem::take(&mut self.worker.words) {
                self.say(word, cx);
            }
            if let Boss::Nobody(own) = &mut self.boss {
                while self.worker.room() > 0 {
                    let Some(order) = own.next_order() else { break };
                    self.worker.take(order, cx);
                }
            }
            self.claim(cx);
            self.do_deeds(cx);
            if self.worker.words.is_empty() {
                return self.propose(cx);
            }
        }
    }

    fn say(&mut self, word: Word, cx: &mut Context<'_, Coordination>) {
        if let Word::Ended(order, Ending::Done) = word {
            self.publish(order.task, cx);
        }
        // For a coordinator, and for who has a share of its own, both are the same.
        let word = match word {
            Word::Ended(order, Ending::Superseded) if !matches!(self.boss, Boss::Claimant(_)) => {
                Word::Ended(order, Ending::Returned)
            }
            word => word,
        };
        match (&mut self.boss, word) {
            (Boss::Own(hub), Word::Ended(order, ending)) => {
                hub.finished(self.node, (order.task, order.fence), ending, cx);
            }
            (Boss::Nobody(own), Word::Ended(order, ending)) => {
                let unsure = own.finished(order.task, ending, cx).then(|| own.known());
                unsure.into_iter().for_each(|known| self.ask(known, cx));
            }
            (Boss::Claimant(own), Word::Ended(order, ending)) => {
                let Order { task, fence, .. } = order;
                let home = own.ended(task, fence, ending, cx);
                if home != self.node {
                    self.send(home, Message::Release { task, fence, ending }, cx);
                }
            }
            (Boss::First(_) | Boss::Core(_), Word::Ended(order, ending)) => {
                let message = Message::Finish { letter: 0, task: order.task, fence: order.fence, ending };
                self.post_finish(message, cx);
            }
            // Nobody misses it.
            (Boss::First(_) | Boss::Core(_), Word::Stepped(..)) if self.breaker.is_open() => {}
            (Boss::First(_) | Boss::Core(_), Word::Stepped(task, steps)) => {
                self.send(self.coordinator(), Message::Report { task, steps }, cx);
            }
            _ => {}
        }
    }
}

impl Process<Coordination> for Agent {
    fn step(&mut self, input: Input<'_, Coordination>, cx: &mut Context<'_, Coordination>) {
        self.beat_if_due(cx);
        self.worker.drop_expired(cx);
        let input = self.order_step(input, cx).and_then(|input| self.edge_step(input, cx));
        self.govern(cx);
        if let Boss::Own(hub) = &mut self.boss {
            hub.name_missing(cx);
        }
        input.into_iter().for_each(|input| self.take_in(input, cx));
        self.settle(cx);
    }
}

impl Agent {
    /// Takes in what is the agent's own.
    fn take_in(&mut self, input: Input<'_, Coordination>, cx: &mut Context<'_, Coordination>) {
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timer { timer, .. } => match timer {
                Timer::Beat if matches!(self.boss, Boss::Claimant(_)) => self.renew_claims(cx),
                Timer::Beat => self.beat(cx),
                Timer::Claim => self.claim_again(cx),
                Timer::Slot { slot } => self.worker.wake(slot, cx),
                Timer::Courier => self.repeat(cx),
                Timer::Watch => {
                    // One that may be deposed decides nothing; it is asked again soon.
                    let presides = self.presides(cx);
                    if let Some(hub) = self.hub_mut() {
                        hub.look(presides, cx);
                    }
                }
                Timer::Poll => self.poll(cx),
                Timer::Gather => self.pass_on_beats(cx),
                Timer::Memory => self.use_memory(cx),
                Timer::Served { .. } | Timer::Order { .. } | Timer::Membership { .. } => {}
            },
            Input::Synced { id, result } => self.notes_synced(id, result, cx),
            Input::Request { .. } | Input::Link { .. } => {}
        }
    }
}
