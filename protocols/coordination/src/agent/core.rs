//! A member of the core: Raft in it agrees with the others on an order of decisions, and whom they elect coordinates.
//!
//! A coordinator that may have been deposed without knowing it does nothing: it neither hears agents nor makes anything of
//! decisions until a majority has confirmed it. So at any time at most one agent coordinates, in true time.

use raft::node::{RaftFactory, RaftNode};
use raft::vocabulary::{Raft, RaftMessage};
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::part::{Part, PartPlace};
use sim_core::process::{Boot, Context, Factory, Input, Process, TimerId};
use sim_core::time::Time;

use super::routing::send_all;
use super::{Agent, Beats, Boss, Team};
use crate::decision::Decision;
use crate::hub::{Hub, Pulse};
use crate::parameters::Strategy;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
    CoordinationTimer as Timer, Gathered,
};

const GATHER: TimerId = TimerId(4);

/// What a member of the core has beside its worker.
pub(super) struct Core {
    order: Part<Raft, RaftNode>,
    pub(super) hub: Hub,
    /// If it does tasks.
    pub(super) beats: Option<Beats>,
    /// The term in which it is in office.
    term: Option<u64>,
    /// Decisions that it proposed in this term and that were not made yet.
    proposed: usize,
    /// Where members without a coordinator answer reads of notes: since when it knows none, if it ever knew one in this life; and
    /// whether it does now.
    cut_off: (Option<Time>, bool),
    /// Whether it ever knew one.
    knew: bool,
    /// The latest beats that it keeps: of agents outside of the core, where members of the core share that; and of all agents,
    /// as long as it does not know whether it still coordinates.
    gathered: OrderedMap<NodeId, Gathered>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Core").field("order", self.order.process()).field("hub", &self.hub).finish()
    }
}

impl Core {
    pub(super) fn new(boot: &Boot<'_, Coordination>, team: &Team, hub: Hub, beats: Option<Beats>) -> Self {
        let parameters = &team.place.parameters;
        let members: Vec<NodeId> = (0..parameters.core_of(team.agents)).map(NodeId).collect();
        let place = PartPlace { number: 1, journals: 0..1 };
        let order = place.boot(boot, |boot: Boot<'_, Raft>| {
            let mut factory = RaftFactory {
                parameters: parameters.raft(),
                plants: raft::plants::Plants {
                    quorum_adapts: parameters.quorum_adapts(),
                    ..team.plants.raft()
                },
                ..RaftFactory::default()
            };
            factory.boot(boot.among(&members))
        });
        Self {
            order: Part::new(place, order),
            hub,
            beats,
            term: None,
            proposed: 0,
            cut_off: (None, false),
            knew: false,
            gathered: OrderedMap::new(),
        }
    }
}

impl Agent {
    /// Steps the member of the core in this agent, if the input is its own; else gives it back.
    pub(super) fn order_step<'i>(
        &mut self,
        input: Input<'i, Coordination>,
        cx: &mut Context<'_, Coordination>,
    ) -> Option<Input<'i, Coordination>> {
        let Boss::Core(core) = &mut self.boss else { return Some(input) };
        if matches!(input, Input::Start) {
            self.order_input(Input::Start, cx);
            return Some(Input::Start);
        }
        match core.order.own(input) {
            Ok(own) => {
                own.into_iter().for_each(|own| self.order_input(own, cx));
                None
            }
            Err(input) => Some(input),
        }
    }

    /// Hears another member of the core.
    pub(super) fn order_hear(
        &mut self,
        from: NodeId,
        message: &RaftMessage,
        cx: &mut Context<'_, Coordination>,
    ) {
        self.order_input(Input::Message { from, message }, cx);
    }

    fn order_input(&mut self, input: Input<'_, Raft>, cx: &mut Context<'_, Coordination>) {
        let (node, team, relays) = (self.node, &self.team, &mut self.relays);
        let Boss::Core(core) = &mut self.boss else { return };
        if matches!(input, Input::Message { .. }) {
            cx.work(team.place.parameters.voting);
        }
        let call = |raft: &mut RaftNode, cx: &mut Context<'_, Raft>| raft.step(input, cx);
        core.order.call(cx, call, |to, inner, cx| {
            send_all((node, relays), team, to, Message::Order { inner }, cx);
        });
    }

    /// Takes and leaves office as the core decides, makes of its decisions what follows, and proposes what is to be
    /// decided.
    pub(super) fn govern(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let Boss::Core(core) = &mut self.boss else { return };
        let Some(raft) = core.order.process_mut().server_mut() else { return };
        let (reigns, undisputed, leader) = (raft.reigns(), raft.is_undisputed(now), raft.known_leader());
        if core.term.is_some() && core.term != reigns {
            (core.term, core.proposed) = (None, 0);
            core.gathered.clear();
            core.hub.leave_office(cx);
            cx.observe(Observation::Deposed);
        }
        if raft.has_begun_again() {
            core.hub.begin_again(cx);
        }
        if core.term.is_some() && core.term == reigns && undisputed {
            core.hub.name_missing(cx);
        }
        if reigns.is_none() || undisputed {
            while let Some((index, words)) = raft.next_decided() {
                core.proposed = core.proposed.saturating_sub(1);
                Decision::of(words).into_iter().for_each(|decision| core.hub.apply(index, decision, cx));
            }
        }
        if let Some(term) = reigns.filter(|_| core.term.is_none() && undisputed) {
            core.term = Some(term);
            core.hub.take_office(term, cx);
            self.announce(cx);
        }
        self.watch_for_a_coordinator(leader, cx);
        self.hear_gathered(cx);
        self.propose(cx);
        leader.into_iter().for_each(|leader| self.follow(leader, cx));
    }

    /// Where the policy says so, a member that has known no coordinator for two of the longest election timeouts answers reads of
    /// notes, until it knows one.
    fn watch_for_a_coordinator(&mut self, leader: Option<NodeId>, cx: &mut Context<'_, Coordination>) {
        let parameters = &self.team.place.parameters;
        let longest = parameters.election_timeout.saturating_mul(4);
        let now = cx.monotonic();
        let Boss::Core(core) = &mut self.boss else { return };
        if !parameters.reads_while_cut_off() {
            return;
        }
        let (since, serves) = &mut core.cut_off;
        if leader.is_some() {
            core.knew = true;
            *since = None;
            if std::mem::take(serves) {
                cx.observe(Observation::LeftReadOnly);
            }
        } else if core.knew
            && now.since(*since.get_or_insert(now)) >= longest
            && !std::mem::replace(serves, true)
        {
            cx.observe(Observation::WentReadOnly);
        }
    }

    /// The member of the core in it, if that answers reads of notes without a coordinator.
    pub(super) fn read_only_core(&self) -> Option<&Core> {
        match &self.boss {
            Boss::Core(core) if core.cut_off.1 => Some(core),
            _ => None,
        }
    }

    /// Proposes what is to be decided, all at once, when nothing is under way: each round costs the coordinator an answer
    /// of every member.
    pub(super) fn propose(&mut self, cx: &mut Context<'_, Coordination>) {
        let (node, team, relays) = (self.node, &self.team, &mut self.relays);
        let Boss::Core(core) = &mut self.boss else { return };
        if core.proposed > 0 {
            return;
        }
        let decisions = core.hub.proposals();
        if decisions.is_empty() {
            return;
        }
        let words: Vec<_> = decisions.iter().map(|decision| decision.words()).collect();
        let call = |raft: &mut RaftNode, cx: &mut Context<'_, Raft>| {
            raft.server_mut().is_some_and(|server| server.propose_words(&words, cx))
        };
        let leads = core.order.call(cx, call, |to, inner, cx| {
            send_all((node, relays), team, to, Message::Order { inner }, cx);
        });
        core.proposed = if leads { words.len() } else { 0 };
        if leads && team.plants.acknowledged_early {
            let last = core.order.process().server().map_or(0, raft::server::Server::last_appended);
            for (decision, back) in decisions.into_iter().rev().zip(0..) {
                core.hub.acknowledge_early(last - back, decision);
            }
            self.do_deeds(cx);
        }
    }

    /// Tells the agents outside of the core that it coordinates now.
    fn announce(&mut self, cx: &mut Context<'_, Coordination>) {
        let first = self.team.place.parameters.core_of(self.team.agents);
        let message = Message::Redirect { leader: Some(self.node) };
        if self.team.ways.is_direct() {
            return cx.send_all((first..self.team.agents).map(NodeId), message);
        }
        (first..self.team.agents).for_each(|agent| self.send(NodeId(agent), message.clone(), cx));
    }

    /// Keeps a beat for the coordinator, where members of the core share beats, or for itself, if it may still coordinate;
    /// whether it does.
    pub(super) fn gather(
        &mut self,
        from: NodeId,
        message: &Message,
        cx: &mut Context<'_, Coordination>,
    ) -> bool {
        let parameters = &self.team.place.parameters;
        let outside = from.0 >= parameters.core_of(self.team.agents);
        let Boss::Core(core) = &mut self.boss else { return false };
        let Message::Beat { life, sequence, capabilities, places, instead_of, held } = message else {
            return false;
        };
        let shared = parameters.strategy == Strategy::Hybrid && outside;
        if !shared && core.term.is_none() {
            return false;
        }
        if shared && core.gathered.is_empty() {
            cx.set_timer(GATHER, parameters.heartbeat / 8, Timer::Gather);
        }
        let beat = Gathered {
            agent: from,
            life: *life,
            sequence: *sequence,
            capabilities: *capabilities,
            places: *places,
            instead_of: *instead_of,
            held: held.clone(),
        };
        core.gathered.insert(from, beat);
        true
    }

    /// Hears the beats that came while it did not know whether it still coordinates: agents live, although nobody answered
    /// them. Leases count from when a beat was sent, so that a late one renews nothing for too long.
    fn hear_gathered(&mut self, cx: &mut Context<'_, Coordination>) {
        if !self.presides(cx) {
            return;
        }
        let Boss::Core(core) = &mut self.boss else { return };
        for (agent, beat) in std::mem::take(&mut core.gathered) {
            core.hub.beat(agent, &Pulse::of(&beat), cx);
        }
    }

    /// Tells the coordinator of the beats that were gathered. What is lost is made up for by the next ones.
    pub(super) fn pass_on_beats(&mut self, cx: &mut Context<'_, Coordination>) {
        let Boss::Core(core) = &mut self.boss else { return };
        // What it keeps for itself it hears as soon as it knows that it coordinates.
        if core.term.is_some() || core.gathered.is_empty() {
            return;
        }
        let leader = core.order.process().server().and_then(raft::server::Server::known_leader);
        let beats = std::mem::take(&mut core.gathered).into_values().collect();
        if let Some(leader) = leader {
            self.send(leader, Message::Gathered { beats }, cx);
        }
    }

    /// Whether it coordinates now, beyond doubt.
    pub(super) fn presides(&self, cx: &Context<'_, Coordination>) -> bool {
        let Boss::Core(core) = &self.boss else { return true };
        let server = core.order.process().server();
        let undisputed = server.is_some_and(|raft| raft.is_undisputed(cx.monotonic()));
        core.term.is_some() && undisputed && server.and_then(raft::server::Server::reigns) == core.term
    }

    /// Says who coordinates to somebody who believes that it is this agent.
    pub(super) fn send_on(&mut self, from: NodeId, cx: &mut Context<'_, Coordination>) {
        let Boss::Core(core) = &self.boss else { return };
        let leader = core.order.process().server().and_then(raft::server::Server::known_leader);
        if leader.is_some_and(|leader| leader != self.node) && from != self.node {
            self.send(from, Message::Redirect { leader }, cx);
        }
    }
}
